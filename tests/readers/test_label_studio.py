"""Tasks of Label Studio, by its rules: every region, answer and relation is what the store holds, and is declared."""

import csv
import json
from xml.etree import ElementTree

import pytest
from shapes import bounds_of, labels_of, ring_of
from test_texts import option_of, text_of


@pytest.fixture
def tasks(export, native_rows):
    """Exports; yields each task with its row, its label and the configuration, by data type."""

    def run(medium, *options):
        folder, _ = export("out", "label-studio", "--allow-lossy", *options)
        rows = {row["data_row"]["id"]: row for row in native_rows}
        labels = labels_of(native_rows)
        written = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline=""))}
        found = []
        for task in json.loads((folder / medium / "tasks.json").read_text()):
            row_id = task["data"]["data_row_id"]
            assert written[row_id]["file"] == f"{medium}/tasks.json"
            label = labels.get(written[row_id]["label_id"], {"annotations": {}})
            assert len(task["annotations"]) == bool(label["annotations"])
            results = task["annotations"][0]["result"] if task["annotations"] else []
            found.append((rows[row_id], label["annotations"], task, results))
        config = ElementTree.parse(folder / medium / "labels.xml").getroot()
        check_declared(config, medium, [result for *_, results in found for result in results])
        return found

    return run


def check_declared(config, medium, results):
    """Every result is of a control of its type, with labels and options that the control has."""
    controls = {one.get("name"): one for one in config if one.get("toName")}
    [shown] = [one for one in config if one.get("value") == f"${medium}"]
    assert shown.get("name") == medium and all(one.get("toName") == medium for one in controls.values())
    relations = {one.get("value") for one in config.iterfind("Relations/Relation")}
    for result in results:
        if result["type"] == "relation":
            assert set(result["labels"]) <= relations
            continue
        control = controls[result["from_name"]]
        assert (result["to_name"], result["type"]) == (medium, control.tag.lower())
        if control.tag != "TextArea":
            values = {one.get("value") for one in (controls["labels"] if control.tag == "VideoRectangle" else control)}
            key = "labels" if control.tag == "VideoRectangle" else result["type"]
            assert set(result["value"][key]) <= values and result["value"][key]


def answers_of(classifications, way=""):
    """Answers as the format has them: by the way that leads to each."""
    found = {}
    for answer in classifications:
        answer = {key.removeprefix("conversational_"): value for key, value in answer.items()}
        name = f"{way}{answer['name']}"
        option = option_of(answer)
        found[name] = option if isinstance(option, list) else [option]
        chosen = [answer["radio_answer"]] if "radio_answer" in answer else answer.get("checklist_answers", [])
        for one in chosen:
            found.update(answers_of(one["classifications"], f"{name}/"))
    return found


def answered(results, region):
    """The answers about a region; or about the whole, where nothing says where they are."""
    found = {}
    for result in results:
        if result["type"] in ("choices", "textarea") and result["id"] == region:
            found[result["from_name"]] = result["value"].get("choices", result["value"].get("text"))
    return found


def whole(results):
    regions = {result["id"] for result in results if result["type"] not in ("relation", "choices", "textarea")}
    found = [result for result in results if result["type"] in ("choices", "textarea") and result["id"] not in regions]
    return {result["from_name"]: result["value"].get("choices", result["value"].get("text")) for result in found}


def relations_of(results):
    return sorted((one["labels"], one["from_id"], one["to_id"]) for one in results if one["type"] == "relation")


def stored_relations(annotations):
    found = [(one["name"], one["unidirectional_relationship"]) for one in annotations.get("relationships", [])]
    return sorted(([name], ends["source"], ends["target"]) for name, ends in found)


def test_images(tasks):
    count = 0
    for row, annotations, task, results in tasks("image"):
        assert task["data"]["image"] == row["data_row"]["row_data"]
        size = row["media_attributes"]
        regions = {result["id"]: result for result in results if result["type"].endswith("labels")}
        objects = [one for one in annotations.get("objects", []) if "mask" not in one and "composite_mask" not in one]
        assert list(regions) == [one["feature_id"] for one in objects]
        for one in objects:
            result = regions[one["feature_id"]]
            value = result["value"]
            assert (result["original_width"], result["original_height"]) == (size["width"], size["height"])
            assert value[result["type"]] == [one["name"]]
            if "bounding_box" in one:
                left, top, right, bottom = bounds_of(one)
                pairs = [(left, top), (right - left, bottom - top)]
                found = [(value["x"], value["y"]), (value["width"], value["height"])]
            elif "polygon" in one:
                ring = ring_of(one["polygon"])
                pairs, found = list(zip(ring[::2], ring[1::2])), value["points"]
            elif "line" in one:
                pairs = [(point["x"], point["y"]) for point in one["line"]]
                found = [(vertex["x"], vertex["y"]) for vertex in value["vertices"]]
                assert value["closed"] is False
            else:
                pairs, found = [(one["point"]["x"], one["point"]["y"])], [(value["x"], value["y"])]
            pixels = [(x * size["width"] / 100, y * size["height"] / 100) for x, y in found]
            assert pixels == [pytest.approx(pair, abs=1e-9) for pair in pairs]
            assert answered(results, one["feature_id"]) == answers_of(one["classifications"])
            count += 1
        assert whole(results) == answers_of(annotations.get("classifications", []))
        assert relations_of(results) == stored_relations(annotations)
    assert count > 25


def test_texts(tasks):
    count = 0
    for row, annotations, task, results in tasks("text"):
        text, _ = text_of(row)
        assert task["data"]["text"] == text
        found = [result for result in results if result["type"] == "labels"]
        objects = annotations.get("objects", [])
        assert [result["id"] for result in found] == [one["feature_id"] for one in objects]
        for result, one in zip(found, objects):
            start, end = result["value"]["start"], result["value"]["end"]
            place = one["location"]
            assert (start, end, result["value"]["labels"]) == (place["start"], place["end"] + 1, [one["name"]])
            assert text[start:end] == result["value"]["text"]
            assert answered(results, one["feature_id"]) == answers_of(one["classifications"])
            count += 1
        assert whole(results) == answers_of(annotations.get("classifications", []))
        assert relations_of(results) == stored_relations(annotations)
    assert count > 10


def test_conversations(tasks):
    count, answered_messages = 0, 0
    for row, annotations, task, results in tasks("conversation"):
        messages = json.loads(row["data_row"]["row_data"])["messages"]
        shown = task["data"]["conversation"]
        assert [(one["id"], one["text"]) for one in shown] == [(one["messageId"], one["content"]) for one in messages]
        found = [result for result in results if result.get("from_name") == "entities"]
        for result, one in zip(found, annotations.get("objects", []), strict=True):
            value, place = result["value"], one["conversational_location"]
            assert value["start"] == value["end"] and shown[int(value["start"])]["id"] == place["message_id"]
            # Places are those of browsers, which count in UTF-16.
            units = shown[int(value["start"])]["text"].encode("utf-16-le")
            text = units[2 * value["startOffset"] : 2 * value["endOffset"]].decode("utf-16-le")
            stored = shown[int(value["start"])]["text"][place["location"]["start"] : place["location"]["end"] + 1]
            assert text == value["text"] == stored
            count += 1
        classifications = annotations.get("classifications", [])
        assert whole(results) == answers_of(one for one in classifications if "message_id" not in one)
        marked = {int(one["value"]["start"]): one for one in results if one.get("from_name") == "messages"}
        for place, message in enumerate(shown):
            answers = answers_of(one for one in classifications if one.get("message_id") == message["id"])
            assert (place in marked) == bool(answers)
            if answers:
                value = marked[place]["value"]
                assert (value["startOffset"], 2 * value["endOffset"]) == (0, len(message["text"].encode("utf-16-le")))
                assert answered(results, marked[place]["id"]) == answers
                answered_messages += 1
        assert relations_of(results) == stored_relations(annotations)
    assert count > 5 and answered_messages > 5


def test_recordings(tasks):
    count = 0
    for _, annotations, _, results in tasks("audio"):
        found = {result["id"]: result["value"] for result in results if result["type"] == "labels"}
        stored = [
            (int(start), one) for start, at in annotations.get("timestamp", {}).items() for one in at["classifications"]
        ]
        assert sorted(found) == sorted(one["feature_id"] for _, one in stored)
        for start, one in stored:
            ids = [one["feature_id"], one.get("radio_answer", {}).get("feature_id")]
            [end] = [end for id in ids for first, end in annotations["segments"].get(id, []) if first == start]
            value = found[one["feature_id"]]
            assert (value["start"], value["end"], value["labels"]) == (start / 1000, end / 1000, [one["name"]])
            assert answered(results, one["feature_id"]) == answers_of([one])
            count += 1
        assert whole(results) == answers_of(annotations.get("classifications", []))
    assert count > 5


@pytest.mark.parametrize("medium", ["document", "html"])
def test_pages(tasks, medium):
    count = 0
    for row, annotations, task, results in tasks(medium):
        assert task["data"][medium] == row["data_row"]["row_data"]
        assert whole(results) == answers_of(annotations.get("classifications", []))
        count += len(results)
    assert count > 5


def state_at(sequence, frame):
    """What a box is on a frame, by the rules of Label Studio: it moves from key frame to key frame."""
    before = [key for key in sequence if key["frame"] <= frame]
    after = [key for key in sequence if key["frame"] > frame]
    if not before or not before[-1]["enabled"] and before[-1]["frame"] != frame:
        return None
    start, end = before[-1], (after or before)[0 if after else -1]
    share = (frame - start["frame"]) / (end["frame"] - start["frame"]) if end["frame"] > start["frame"] else 0
    return [start[side] + (end[side] - start[side]) * share for side in ["x", "y", "width", "height"]]


def test_videos(tasks):
    checks = 0
    for row, annotations, _, results in tasks("video"):
        size = row["media_attributes"]
        found = {result["id"]: result["value"] for result in results if result["type"] == "videorectangle"}
        for value in found.values():
            assert value["framesCount"] == size["frame_count"]
            assert all(key["time"] == pytest.approx(key["frame"] / size["frame_rate"]) for key in value["sequence"])
        for frame in range(1, size["frame_count"] + 1):
            objects = annotations.get("frames", {}).get(str(frame), {"objects": {}})["objects"]
            boxes = {key: one for key, one in objects.items() if "bounding_box" in one}
            shown = {key: state for key, value in found.items() if (state := state_at(value["sequence"], frame))}
            assert shown.keys() == boxes.keys(), frame
            for key, one in boxes.items():
                left, top, right, bottom = bounds_of(one)
                sides = [left / size["width"], top / size["height"]]
                sides += [(right - left) / size["width"], (bottom - top) / size["height"]]
                assert shown[key] == pytest.approx([100 * side for side in sides], abs=1e-3)
                assert found[key]["labels"] == [one["name"]]
                assert answered(results, key) == answers_of(one["classifications"])
                checks += 1
        assert whole(results) == answers_of(annotations.get("classifications", []))
    assert checks > 100


def test_parts_are_in_the_data_of_tasks(tasks, export):
    parts = {task["data"]["split"] for *_, task, _ in tasks("image", "--format-option", "split=train=0.6,val=0.4")}
    assert parts == {"train", "val"}
