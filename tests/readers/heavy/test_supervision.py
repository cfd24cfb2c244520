"""Folders of coco, voc and yolo in supervision: every box is where the store has it."""

import pathlib

import pytest
import supervision
from shapes import bounds_of, labels_of


def read(folder, name):
    pictures = str(folder / ("JPEGImages" if name == "voc" else "images/train"))
    if name == "yolo":
        return supervision.DetectionDataset.from_yolo(pictures, str(folder / "labels/train"), str(folder / "data.yaml"))
    if name == "voc":
        return supervision.DetectionDataset.from_pascal_voc(pictures, str(folder / "Annotations"))
    return supervision.DetectionDataset.from_coco(pictures, str(folder / "annotations/instances_train.json"))


@pytest.mark.parametrize("name", ["coco", "voc", "yolo"])
def test_boxes(with_pictures, native_rows, name):
    folder, _, rows = with_pictures(name)
    dataset = read(folder, name)
    labels = labels_of(native_rows)
    found = {pathlib.Path(path): detections for path, detections in dataset.annotations.items()}
    count = 0
    for row in rows.values():
        if not row["image"] or row["image"].endswith("/"):
            continue
        detections = found[folder / row["image"]]
        objects = labels[row["label_id"]]["annotations"]["objects"] if row["label_id"] else []
        expected = [(one["name"], bounds_of(one)) for one in objects if "bounding_box" in one or "polygon" in one]
        names = [dataset.classes[number] for number in detections.class_id] if len(expected) else []
        assert sorted(names) == sorted(label for label, _ in expected)
        for label, sides in expected:
            # It takes files of voc to count from 1, and only at the left and at the top.
            shift = [-1, -1, 0, 0] if name == "voc" else [0, 0, 0, 0]
            sides = [side + one for side, one in zip(sides, shift)]
            boxes = [list(box) for box, known in zip(detections.xyxy, names) if known == label]
            assert any(box == pytest.approx(sides, abs=0.02) for box in boxes), (row["image"], label)
            count += 1
    assert count > 15
