"""Packages of conversations against JSON Schemas of both dialects: every message, pair and prompt is what the rows hold."""

import collections
import csv
import itertools
import json

import jsonschema
import pytest
from chats import judged, judged_rows, said
from program import labelport

TEXT = {"type": "string", "minLength": 1}


def messages(*roles, **limits):
    message = {
        "type": "object",
        "properties": {"role": {"enum": list(roles)}, "content": TEXT},
        "required": ["role", "content"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": message, "minItems": 1, **limits}


def members(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


ANY = messages("system", "user", "assistant")
ANSWER = messages("assistant", maxItems=1)
SFT = members(messages=ANY)
TRL = members(prompt=ANY, chosen=ANSWER, rejected=ANSWER)
OPENAI = members(input=members(messages=ANY), preferred_output=ANSWER, non_preferred_output=ANSWER)


@pytest.fixture(scope="module")
def rows():
    return judged_rows()


@pytest.fixture
def chats(rows, tmp_path):
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labelport("import", "labelbox", "rows.ndjson", cwd=tmp_path)

    def run(name, *options):
        arguments = [part for option in options for part in ["--format-option", option]]
        labelport("export", "project", "Answers", "--format", name, "--allow-lossy", *arguments, "-o", "out", cwd=tmp_path)
        listed = [row for row in csv.DictReader((tmp_path / "out" / "rows.csv").open(newline="")) if row["file"]]
        files = {path.name: iter(path.read_text().splitlines()) for path in (tmp_path / "out").glob("*.jsonl")}
        found = collections.defaultdict(list)
        for row in listed:
            found[row["data_row_id"]].append(json.loads(next(files[row["file"]])))
        assert all(next(lines, None) is None for lines in files.values())
        return found

    return run


def test_conversations_go_through_the_answers_that_are_preferred(chats, rows):
    found = chats("chat-sft", "split=a=0.5,b=0.5")
    for row in rows:
        selected, ranked = judged(row)
        line, = found[row["data_row"]["id"]]
        jsonschema.validate(line, SFT)
        assert line["messages"] == said(row, "q1", selected, "q2", ranked[0])


def test_all_conversations_are_there_where_that_is_asked_for(chats, rows):
    found = chats("chat-sft", "paths=all")
    for row in rows:
        ranked = sorted(judged(row)[1])
        ways = [said(row, "q1", one.replace("b", "a"), "q2", two) for one in ranked for two in ranked]
        assert [line["messages"] for line in found[row["data_row"]["id"]]] == ways


@pytest.mark.parametrize("dialect, schema", [("trl", TRL), ("openai", OPENAI)])
@pytest.mark.parametrize("which", ["all", "adjacent", "ends"])
def test_pairs_are_those_of_selections_and_rankings(chats, rows, dialect, schema, which):
    found = chats("chat-preference", f"dialect={dialect}", f"pairs={which}")
    for row in rows:
        selected, ranked = judged(row)
        others = sorted({one.replace("b", "a") for one in ranked} - {selected})
        expected = [(said(row, "q1"), said(row, selected), said(row, other)) for other in others]
        of_ranks = {
            "all": list(itertools.combinations(ranked, 2)),
            "adjacent": list(itertools.pairwise(ranked)),
            "ends": [(ranked[0], ranked[-1])],
        }
        expected += [(said(row, "q1", selected, "q2"), said(row, one), said(row, two)) for one, two in of_ranks[which]]
        read = []
        for line in found[row["data_row"]["id"]]:
            jsonschema.validate(line, schema)
            if dialect == "openai":
                line = {"prompt": line["input"]["messages"], "chosen": line["preferred_output"], "rejected": line["non_preferred_output"]}
            read.append((line["prompt"], line["chosen"], line["rejected"]))
        assert read == expected


def test_conversations_of_the_demo_are_whole(export, native_rows):
    folder, manifest = export("out", "chat-sft", "--allow-lossy", "--format-option", "assistant=Control")
    lines = iter((folder / "train.jsonl").read_text().splitlines())
    count = 0
    for row in native_rows:
        if row["media_attributes"]["asset_type"] != "conversational":
            continue
        stored = json.loads(row["data_row"]["row_data"])["messages"]
        role = {"Driver": "user", "Control": "assistant"}
        line = json.loads(next(lines))
        jsonschema.validate(line, SFT)
        assert line["messages"] == [{"role": role[one["user"]["name"]], "content": one["content"]} for one in stored]
        count += 1
    assert next(lines, None) is None and count == 6
    assert not any("see the option assistant" in loss["reason"] for loss in manifest["notices"]["losses"])


def test_the_demo_has_no_pairs_and_says_so(export):
    folder, manifest = export("out", "chat-preference", "--allow-lossy")
    assert (folder / "train.jsonl").read_text() == ""
    reasons = {loss["reason"]: loss["count"] for loss in manifest["notices"]["losses"] if loss["what"] == "row"}
    assert reasons["nothing says which of its answers are better"] == 6
