"""Poses, classes of pictures, all labels and predictions in folders of yolo: what is read is what the store holds."""

import csv
import json

import pytest
import yaml
from labelformat.formats import YOLOv8ObjectDetectionInput
from PIL import Image


def options(*pairs):
    return [word for pair in pairs for word in ("--format-option", pair)]


def listed(folder):
    return [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["image"]]


def sizes_of(native_rows):
    return {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}


def labels_of(native_rows):
    """Every label and prediction, by its id."""
    found = {}
    for row in native_rows:
        runs = [run for model in row.get("experiments", {}).values() for run in model["runs"].values()]
        lists = [project["labels"] for project in row["projects"].values()]
        lists += [run.get(key, []) for run in runs for key in ("labels", "predictions")]
        found.update({label["id"]: label for labels in lists for label in labels})
    return found


def sides_of(box):
    return box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]


def test_a_pose_has_the_points_of_the_smallest_box_around_them(export, native_rows):
    rule = {"locomotive": "signal lamp", "wagon": "signal lamp"}
    spelled = ";".join(f"{box}:{point}" for box, point in rule.items())
    folder, manifest = export("out", "yolo", "--allow-lossy", *options("task=pose", f"pose={spelled}"))
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert data["kpt_shape"] == [1, 3]
    assert sorted(data["names"].values()) == sorted(rule)
    assert data["kpt_names"] == {number: [rule[name]] for number, name in data["names"].items()}
    sizes, labels, joined = sizes_of(native_rows), labels_of(native_rows), 0
    for row in listed(folder):
        size = sizes[row["data_row_id"]]
        objects = labels[row["label_id"]]["annotations"]["objects"] if row["label_id"] else []
        boxes = [(one["name"], sides_of(one["bounding_box"])) for one in objects if one["name"] in rule]
        points = [one["point"] for one in objects if one["name"] == "signal lamp"]
        expected = [[name, *sides, 0, 0, 0] for name, sides in boxes]
        for point in points:
            around = [
                ((right - left) * (bottom - top), number)
                for number, (_, (left, top, right, bottom)) in enumerate(boxes)
                if left <= point["x"] <= right and top <= point["y"] <= bottom
            ]
            if around and expected[min(around)[1]][-1] == 0:
                expected[min(around)[1]][5:] = [point["x"], point["y"], 2]
                joined += 1
        found = []
        for line in (folder / row["labels"]).read_text().splitlines():
            number, *numbers = line.split()
            middle_x, middle_y, width, height, x, y, seen = map(float, numbers)
            assert all(0 <= value <= 1 for value in (middle_x, middle_y, width, height, x, y)) and seen in (0, 2)
            assert seen or x == y == 0
            left, top = (middle_x - width / 2) * size["width"], (middle_y - height / 2) * size["height"]
            right, bottom = left + width * size["width"], top + height * size["height"]
            found.append([data["names"][int(number)], left, top, right, bottom, x * size["width"], y * size["height"], seen])
        assert [one[0] for one in found] == [one[0] for one in expected]
        for one, other in zip(found, expected, strict=True):
            assert one[1:] == pytest.approx(other[1:], abs=1e-6 * 2000), row["image"]
    kept = [loss["count"] for loss in manifest["notices"]["losses"] if loss["what"] == "ImagePoint" and loss["outcome"] == "kept"]
    assert sum(kept) == joined > 0


def test_a_picture_is_in_the_folder_of_its_answer(export, native_rows):
    folder, _ = export("out", "yolo", "--allow-lossy", *options("task=classify", "question=verdict", "split=train=0.6,val=0.4"))
    labels, rows = labels_of(native_rows), listed(folder)
    for row in rows:
        picture = folder / row["image"]
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("1", (8, 8)).save(picture)
    # As programs for pictures in folders do: the classes are the folders in the order of the alphabet.
    classes = (folder / "classes.txt").read_text().splitlines()
    found = {}
    for part in ["train", "val"]:
        names = sorted(path.name for path in (folder / part).iterdir())
        assert set(names) <= set(classes) and classes == sorted(classes)
        found.update({str(path.relative_to(folder)): name for name in names for path in (folder / part / name).rglob("*.*")})
    assert len(found) == len(rows) > 3
    for row in rows:
        [answer] = [one for one in labels[row["label_id"]]["annotations"]["classifications"] if one["name"] == "verdict"]
        assert found[row["image"]] == answer["radio_answer"]["name"]


def test_each_label_is_read_by_itself(export, native_rows):
    folder, _ = export("out", "yolo", "--allow-lossy", *options("labels=all"))
    sizes, labels, rows = sizes_of(native_rows), labels_of(native_rows), listed(folder)
    for row in rows:
        picture, size = folder / row["image"], sizes[row["data_row_id"]]
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("1", (size["width"], size["height"])).save(picture)
    read = YOLOv8ObjectDetectionInput(folder / "data.yaml", input_split="train").get_labels()
    found = {f"images/train/{label.image.filename}": label.objects for label in read}
    assert sorted(found) == sorted(row["image"] for row in rows)
    assert len({row["data_row_id"] for row in rows}) < len(rows)
    for row in rows:
        objects = labels[row["label_id"]]["annotations"]["objects"] if row["label_id"] else []
        drawn = [one["name"] for one in objects if "bounding_box" in one or "polygon" in one]
        assert sorted(one.category.name for one in found[row["image"]]) == sorted(drawn), row["image"]


def test_predictions_have_their_confidence_at_the_end(export, native_rows):
    folder, manifest = export("out", "yolo", "--allow-lossy", *options("predictions=scores", "split-by=run"))
    labels, count = labels_of(native_rows), 0
    splits = {
        row["data_row"]["id"]: [run.get("split") for model in row["experiments"].values() for run in model["runs"].values()]
        for row in native_rows
    }
    parts = {"Training": "train", "Validation": "val", "Test": "test", None: "unassigned"}
    for row in listed(folder):
        split = (splits[row["data_row_id"]] or [None])[0]
        assert row["split"] == parts[split]
        objects = labels[row["label_id"]]["annotations"]["objects"] if row["label_id"] else []
        scores = [one["confidence"] for one in objects if "bounding_box" in one or "polygon" in one]
        lines = [line.split() for line in (folder / row["labels"]).read_text().splitlines()]
        assert all(len(line) == 6 for line in lines)
        assert [float(line[5]) for line in lines] == pytest.approx(scores)
        count += len(lines)
    assert count > 5
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert {row["split"] for row in listed(folder)} <= set(data)
    lost = [json.loads(line) for line in (folder / "losses.ndjson").read_text().splitlines()]
    counted = [loss["count"] for loss in manifest["notices"]["losses"] if "class" in loss and loss["outcome"] != "kept"]
    assert len(lost) == sum(counted)
