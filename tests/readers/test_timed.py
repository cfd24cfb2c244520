"""Packages of timed answers in pyannote, webvtt-py and textgrid: every answer has the times that the store holds."""

import csv
import html
import re

import pytest
import textgrid
import webvtt
from pyannote.database.util import load_rttm


def answers_of(answer):
    """The answers to a question, each with the feature id that may have times of its own."""
    if "radio_answer" in answer:
        return [(answer["radio_answer"]["feature_id"], answer["radio_answer"]["name"])]
    if "checklist_answers" in answer:
        return [(one["feature_id"], one["name"]) for one in answer["checklist_answers"]]
    return [(answer["feature_id"], answer["text_answer"]["content"])]


@pytest.fixture
def stored(native_rows):
    """What the store holds of each label: (start, end, question, answer) in milliseconds."""
    found = {}
    for row in native_rows:
        media = row["media_attributes"]
        if media["asset_type"] not in ("audio", "video"):
            continue
        for project in row["projects"].values():
            for label in project["labels"]:
                annotations = label["annotations"]
                places = annotations.get("timestamp", annotations.get("frames"))
                cues = found.setdefault(label["id"], set())
                for place in places.values():
                    for answer in place["classifications"]:
                        for feature_id, text in answers_of(answer):
                            segments = annotations["segments"]
                            for first, last in segments.get(feature_id) or segments[answer["feature_id"]]:
                                if media["asset_type"] == "video":
                                    frame_ms = 1000 / media["frame_rate"]
                                    first, last = round((first - 1) * frame_ms), round(last * frame_ms)
                                cues.add((first, last, answer["name"], text))
    assert sum(map(len, found.values())) > 20
    return found


@pytest.fixture
def read(export, stored):
    def run(name, *options):
        arguments = [part for option in options for part in ["--format-option", option]]
        folder, manifest = export("out", name, "--allow-lossy", "--format-option", "labels=all", *arguments)
        rows = [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["file"]]
        assert len({row["file"] for row in rows}) == len(rows)
        return folder, rows

    return run


def ms(seconds):
    return round(seconds * 1000)


def test_captions(read, stored):
    folder, rows = read("webvtt")
    seen = {}
    for row in rows:
        cues = webvtt.read(folder / row["file"])
        assert [cue.identifier.split(" ")[0] for cue in cues] == [str(number + 1) for number in range(len(cues))]
        time = lambda at: ((at.hours * 60 + at.minutes) * 60 + at.seconds) * 1000 + at.milliseconds
        found = {
            (time(cue.start_time), time(cue.end_time), cue.identifier.split(" ", 1)[1], html.unescape(cue.raw_text))
            for cue in cues
        }
        assert len(found) == len(cues)
        assert found == stored.get(row["label_id"], set()), row["file"]
        seen[row["label_id"]] = found
    assert stored.keys() <= seen.keys()


def test_subtitles_of_one_question(read, stored):
    folder, rows = read("webvtt", "question=words")
    for row in rows:
        texts = {html.unescape(cue.raw_text) for cue in webvtt.read(folder / row["file"])}
        assert texts == {text for _, _, question, text in stored.get(row["label_id"], ()) if question == "words"}


def test_tiers(read, stored):
    folder, rows = read("textgrid")
    for row in rows:
        grid = textgrid.TextGrid.fromFile(str(folder / row["file"]))
        found = set()
        for tier in grid:
            question = re.sub(r" \(\d+\)$", "", tier.name)
            assert (tier.minTime, tier.maxTime) == (0, grid.maxTime)
            assert [one.minTime for one in tier] == [0, *[one.maxTime for one in tier][:-1]] and tier[-1].maxTime == grid.maxTime
            found |= {(ms(one.minTime), ms(one.maxTime), question, one.mark) for one in tier if one.mark}
        assert found == stored[row["label_id"]]
    assert {row["label_id"] for row in rows} == {label for label, cues in stored.items() if cues}


def test_speakers(read, stored):
    folder, rows = read("rttm")
    count = 0
    for row in rows:
        path = folder / row["file"]
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        assert all(len(line) == 10 and line[0] == "SPEAKER" and line[5:7] == line[8:] == ["<NA>"] * 2 for line in lines)
        expected = {(start, end, name) for start, end, question, name in stored.get(row["label_id"], ()) if question == "speaker"}
        found = set()
        for uri, annotation in load_rttm(path).items():
            assert f"train/{uri}.rttm" == row["file"]
            found |= {(ms(turn.start), ms(turn.end), name) for turn, _, name in annotation.itertracks(yield_label=True)}
        assert found == expected
        count += len(found)
    assert count > 5
