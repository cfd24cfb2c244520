"""Packages of conversations against JSON Schemas of both dialects: every message, pair and prompt is what the rows hold."""

import collections
import csv
import itertools
import json

import jsonschema
import pytest
from conftest import labelport

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

KIND = "application/vnd.labelbox.conversational"


def tree(count):
    """A question, answers of models, what the person says to all of them, and as many answers to that."""
    content = {"q1": f"Is road {count} frei? \u2744\ufe0f", "q2": 'And "6"?'}
    answers = {"q1": [f"a{n}" for n in range(count)], "q2": [f"b{n}" for n in range(count)]}
    children = answers | {one: ["q2"] for one in answers["q1"]}
    for one in itertools.chain(*answers.values()):
        content[one] = f"{one}:\nline {count}"
    return {
        "type": f"{KIND}.model-chat-evaluation",
        "version": 2,
        "actors": {"h": {"role": "human"}, "m": {"role": "model"}},
        "messages": {
            one: {
                "actorId": "h" if one in ("q1", "q2") else "m",
                "content": [{"type": "text", "content": text}],
                "childMessageIds": children.get(one, []),
            }
            for one, text in content.items()
        },
        "rootMessageIds": ["q1"],
    }


def judgement(number, kind, key, value):
    return {
        "feature_id": f"cf{number:023}",
        "feature_schema_id": f"cs{kind.lower():0>23.23}",
        "name": kind,
        "annotation_kind": kind,
        "classifications": [],
        key: value,
    }


def named(one, **more):
    return {"message_id": one, "model_config_name": "m", **more}


@pytest.fixture(scope="module")
def rows():
    """Rows of chats with models: in each, an answer to the first question is selected, and those to the second ranked."""
    made = []
    for number in range(6):
        count = 2 + number % 3
        ranks = [named(f"b{n}", order=1 + (n + number) % count) for n in range(count)]
        objects = [
            judgement(2 * number, "MessageSingleSelection", "selected_message", named(f"a{number % count}", parent_message_id="q1")),
            judgement(2 * number + 1, "MessageRanking", "ranked_messages", {"ranked_messages": ranks, "parent_message_id": "q2"}),
        ]
        made.append({
            "data_row": {"id": f"cr{number:023}", "global_key": f"chat {number}", "row_data": json.dumps(tree(count))},
            "media_attributes": {"asset_type": "conversational", "mime_type": KIND},
            "projects": {
                "cp00000000000000000000001": {
                    "name": "Answers",
                    "labels": [{
                        "label_kind": "Default",
                        "version": "1.0.0",
                        "id": f"cl{number:023}",
                        "annotations": {"objects": objects, "classifications": [], "relationships": []},
                    }],
                }
            },
        })
    return made


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


def said(row, *ids):
    """The messages of a row as a line has them."""
    stored = json.loads(row["data_row"]["row_data"])["messages"]
    role = {"h": "user", "m": "assistant"}
    return [{"role": role[stored[one]["actorId"]], "content": stored[one]["content"][0]["content"]} for one in ids]


def judged(row):
    """The selected answer to the first question, and the answers to the second, the best first."""
    selection, ranking = row["projects"]["cp00000000000000000000001"]["labels"][0]["annotations"]["objects"]
    ranks = sorted(ranking["ranked_messages"]["ranked_messages"], key=lambda one: one["order"])
    return selection["selected_message"]["message_id"], [one["message_id"] for one in ranks]


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
