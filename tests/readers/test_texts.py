"""Packages of spans, conll and brat, in seqeval and pybrat: every span, relation and answer is what the store holds."""

import collections
import csv
import json
import re

import pytest
from pybrat.parser import BratParser
from seqeval.metrics.sequence_labeling import get_entities

TEXT, CHAT = "TextEntity", "ConversationalTextEntity"


def listed(folder):
    """The documents, in the order of the list."""
    return [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["file"]]


def text_of(row):
    """What a row says, and where each of its messages begins."""
    row_data = row["data_row"]["row_data"]
    if row["media_attributes"]["asset_type"] == "text":
        return row_data, {}
    text, starts = "", {}
    for message in json.loads(row_data)["messages"]:
        text += "\n" if starts else ""
        starts[message["messageId"]] = len(text)
        text += message["content"]
    return text, starts


def option_of(answer):
    if "radio_answer" in answer:
        return answer["radio_answer"]["name"]
    if "checklist_answers" in answer:
        return [option["name"] for option in answer["checklist_answers"]]
    return answer["text_answer"]["content"]


@pytest.fixture
def stored(native_rows):
    """What the store holds of each label of a text: (label id) to (text, entities by id, relations, answers)."""
    found = {}
    for row in native_rows:
        if row["media_attributes"]["asset_type"] not in ("text", "conversational"):
            continue
        text, starts = text_of(row)
        found[row["data_row"]["id"]] = text, {}, [], {}
        for project in row["projects"].values():
            for label in project["labels"]:
                entities = {}
                for one in label["annotations"]["objects"]:
                    assert one["annotation_kind"] in (TEXT, CHAT)
                    first, place = 0, one.get("location")
                    if place is None:
                        first = starts[one["conversational_location"]["message_id"]]
                        place = one["conversational_location"]["location"]
                    start, end = first + place["start"], first + place["end"] + 1
                    assert text[start:end] == place.get("token", text[start:end])
                    answers = {answer["name"]: option_of(answer) for answer in one["classifications"]}
                    entities[one["feature_id"]] = start, end, one["name"], answers
                relations = [
                    (one["name"], one["unidirectional_relationship"]["source"], one["unidirectional_relationship"]["target"])
                    for one in label["annotations"]["relationships"]
                ]
                answers = {
                    answer["name"]: option_of(answer)
                    for answer in label["annotations"]["classifications"]
                    if "message_id" not in answer
                }
                found[label["id"]] = text, entities, relations, answers
    assert len(found) > 20
    return found


def of(stored, row):
    return stored[row["label_id"] or row["data_row_id"]]


def name_of(name):
    """The name of a class without the number by which two of one name differ."""
    return re.sub(r" \(\d+\)$|__\d+_$|_\(\d+\)$", "", name)


@pytest.mark.parametrize("options", [[], ["--format-option", "labels=all", "--format-option", "split=a=0.5,b=0.5"]])
def test_lines_have_all_that_labels_say(export, stored, options):
    folder, manifest = export("out", "spans", "--allow-lossy", *options)
    files = {path.stem: iter(path.read_text().splitlines()) for path in folder.glob("*.jsonl")}
    rows, spans = listed(folder), 0
    for row in rows:
        line = json.loads(next(files[row["split"]]))
        text, entities, relations, answers = of(stored, row)
        assert line["text"] == text
        assert (line["meta"]["data_row_id"], line["meta"].get("label_id", "")) == (row["data_row_id"], row["label_id"])
        found = {
            one["id"]: (one["start"], one["end"], name_of(one["label"]), one.get("answers", {})) for one in line["spans"]
        }
        assert found == entities
        assert [(one["label"], one["from"], one["to"]) for one in line["relations"]] == relations
        assert line["answers"] == answers
        for message in line.get("messages", []):
            assert "\n" not in line["text"][message["start"] : message["end"]]
        spans += len(found)
    assert all(next(lines, None) is None for lines in files.values())
    kept = [loss for loss in manifest["notices"]["losses"] if loss["what"] in (TEXT, CHAT) and loss["outcome"] == "kept"]
    assert sum(loss["count"] for loss in kept) == spans > 10
    assert len({row["label_id"] for row in rows}) > 8


def sentences(text):
    """The sentences of a document, each a list of tokens with tags; a strict reading of the four columns."""
    for block in text.split("\n\n"):
        lines = [line.split(" ") for line in block.split("\n") if line]
        assert all(len(line) == 4 and line[1:3] == ["-X-", "-X-"] and all(line) for line in lines), block
        if lines:
            yield [(token, tag) for token, _, _, tag in lines]


def test_tags_are_the_entities_that_labels_mark(export, stored):
    folder, _ = export("out", "conll", "--allow-lossy")
    content = (folder / "train.conll").read_text()
    assert content == "\n".join(content.splitlines()) + "\n"
    start, *documents = content.split("-DOCSTART- -X- -X- O\n\n")
    rows, marked = listed(folder), 0
    assert start == "" and len(documents) == len(rows)
    for row, document in zip(rows, documents, strict=True):
        text, entities, _, _ = of(stored, row)
        position, found = 0, []
        for sentence in sentences(document):
            places = []
            for token, _ in sentence:
                begin = text.index(token, position)
                # Nothing that can be seen is between two tokens.
                assert not text[position:begin].strip()
                position = begin + len(token)
                places.append((begin, position))
            for name, first, last in get_entities([tag for _, tag in sentence]):
                found.append((places[first][0], places[last][1], name_of(name)))
        assert not text[position:].strip()
        assert sorted(found) == sorted(one[:3] for one in entities.values())
        marked += len(found)
    assert marked > 10


def test_files_of_brat_have_entities_relations_and_attributes(export, stored):
    folder, _ = export("out", "brat", "--allow-lossy")
    examples = {f"train/{example.id}.txt": example for example in BratParser(error="raise").parse(folder / "train")}
    rows, linked, attributes = listed(folder), 0, 0
    assert len(examples) == len(rows)
    shown = dict(line.split(" | ") for line in (folder / "visual.conf").read_text().splitlines() if " | " in line)
    for row in rows:
        text, entities, relations, _ = of(stored, row)
        example = examples[row["file"]]
        assert example.text == text
        of_places = {(start, end): (key, name, answers) for key, (start, end, name, answers) in entities.items()}
        assert len(of_places) == len(example.entities)
        lines = (folder / row["file"]).with_suffix(".ann").read_text().splitlines()
        found = collections.defaultdict(dict)
        for line in lines:
            if line.startswith("A"):
                name, entity, value = line.split("\t")[1].split(" ")
                found[entity][shown.get(name, name)] = value
        keys = {}
        for one in example.entities:
            key, name, answers = of_places[one.start, one.end]
            keys[one.id] = key
            assert one.mention == text[one.start : one.end]
            assert name_of(shown.get(one.type, one.type)) == name
            assert found[one.id] == answers
            attributes += len(answers)
        ends = [(shown.get(one.type, one.type), keys[one.arg1.id], keys[one.arg2.id]) for one in example.relations]
        assert ends == relations
        linked += len(ends)
    assert linked > 5 and attributes > 5


def test_types_of_brat_are_those_of_its_configuration(export):
    folder, _ = export("out", "brat", "--allow-lossy")
    sections, current = {}, None
    for line in (folder / "annotation.conf").read_text().splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line:
            current.append(re.split(r"\s", line)[0])
    assert list(sections) == ["entities", "relations", "events", "attributes"]
    every = [name for names in sections.values() for name in names]
    assert len(set(every)) == len(every) and all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in every)
    used = {"T": set(), "R": set(), "A": set()}
    for path in folder.glob("train/**/*.ann"):
        for line in path.read_text().splitlines():
            used[line[0]].add(re.split(r"[\t ]", line)[1])
    assert used["T"] <= set(sections["entities"]) and used["R"] <= set(sections["relations"])
    assert used["A"] <= set(sections["attributes"]) and all(used.values())
