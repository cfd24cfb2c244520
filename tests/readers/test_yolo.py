"""Folders of yolo, in labelformat, and every line by its rules."""

import csv
import json

import pytest
import yaml
from labelformat.formats import YOLOv8InstanceSegmentationInput, YOLOv8ObjectDetectionInput
from labelformat.model.multipolygon import MultiPolygon
from PIL import Image

SPLIT = ["--format-option", "split=train=0.7,val=0.3"]


@pytest.fixture
def yolo(export, native_rows):
    """Exports with a task and puts an empty picture where each picture belongs."""

    def run(task):
        folder, manifest = export("out", "yolo", "--allow-lossy", "--format-option", f"task={task}", *SPLIT)
        sizes = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
        rows = [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["image"]]
        for row in rows:
            size = sizes[row["data_row_id"]]
            picture = folder / row["image"]
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("1", (size["width"], size["height"])).save(picture)
        return folder, manifest, rows

    return run


def shapes_of(native_rows, rows, key):
    """Every shape of the labels that were written, by picture."""
    chosen = {row["label_id"]: row for row in rows if row["label_id"]}
    found = {}
    for row in native_rows:
        for project in row["projects"].values():
            for label in project["labels"]:
                if label["id"] in chosen:
                    objects = [one for one in label["annotations"]["objects"] if key in one]
                    found[chosen[label["id"]]["image"]] = [(one["name"], one[key]) for one in objects]
    # A picture without a label has an empty file.
    return {**{row["image"]: [] for row in rows}, **found}


def test_labelformat_reads_the_boxes_that_the_store_holds(yolo, native_rows):
    folder, _, rows = yolo("detect")
    expected = shapes_of(native_rows, rows, "bounding_box")
    count = 0
    for split in ["train", "val"]:
        for label in YOLOv8ObjectDetectionInput(folder / "data.yaml", input_split=split).get_labels():
            found = [(one.category.name, one.box) for one in label.objects]
            boxes = expected[f"images/{split}/{label.image.filename}"]
            for name, box in boxes:
                sides = [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]
                sides = [min(max(sides[0], 0), label.image.width), min(max(sides[1], 0), label.image.height)] + [
                    min(sides[2], label.image.width),
                    min(sides[3], label.image.height),
                ]
                near = [
                    one
                    for of, one in found
                    if of == name and [one.xmin, one.ymin, one.xmax, one.ymax] == pytest.approx(sides, abs=1e-6 * 2000)
                ]
                assert near, (label.image.filename, name, box)
                count += 1
    assert count > 10


def test_labelformat_reads_the_outlines_that_the_store_holds(yolo, native_rows):
    folder, _, rows = yolo("segment")
    expected = shapes_of(native_rows, rows, "polygon")
    count = 0
    for split in ["train", "val"]:
        for label in YOLOv8InstanceSegmentationInput(folder / "data.yaml", input_split=split).get_labels():
            found = [one for one in label.objects if isinstance(one.segmentation, MultiPolygon)]
            for name, ring in expected[f"images/{split}/{label.image.filename}"]:
                # The first point is repeated at the end of what is stored, and not in YOLO.
                points = [point for corner in ring[:-1] for point in (corner["x"], corner["y"])]
                outlines = [
                    [side for corner in one.segmentation.polygons[0] for side in corner]
                    for one in found
                    if one.category.name == name
                ]
                assert any(outline == pytest.approx(points, abs=1e-6 * 2000) for outline in outlines), name
                count += 1
    assert count > 3


@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_every_line_follows_the_rules(yolo, task):
    """Numbers between 0 and 1, as many as the task has, and a class that has a name."""
    folder, manifest, rows = yolo(task)
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert list(data["names"]) == list(range(data["nc"])) and all(isinstance(name, str) for name in data["names"].values())
    files = sorted(str(path.relative_to(folder)) for path in folder.glob("labels/**/*.txt"))
    assert files == sorted(row["labels"] for row in rows)
    lines = [line.split() for file in files for line in (folder / file).read_text().splitlines()]
    for number, *sides in lines:
        assert int(number) in data["names"]
        assert all(0 <= float(side) <= 1 for side in sides)
        assert {"detect": len(sides) == 4, "obb": len(sides) == 8, "segment": len(sides) >= 6 and len(sides) % 2 == 0}[task]
    losses = manifest["notices"]["losses"]
    written = sum(loss["count"] for loss in losses if "class" in loss and loss["outcome"] != "left_out")
    assert len(lines) == written > 20
    lost = [json.loads(line) for line in (folder / "losses.ndjson").read_text().splitlines()]
    assert len(lost) == sum(loss["count"] for loss in losses if "class" in loss and loss["outcome"] != "kept")
