"""Files of voc, in labelformat and by their elements: every box is the box of what the store holds."""

import csv
from xml.etree import ElementTree

import pytest
from labelformat.formats import PascalVOCObjectDetectionInput


@pytest.fixture
def voc(export):
    folder, manifest = export("out", "voc", "--allow-lossy", "--format-option", "split=train=0.7,val=0.3")
    rows = [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["image"]]
    return folder, manifest, rows


def boxes_of(native_rows, rows):
    """The boxes around boxes and polygons of the labels that were written, by file."""
    chosen = {row["label_id"]: row["labels"] for row in rows if row["label_id"]}
    found = {row["labels"]: [] for row in rows}
    labels = [label for row in native_rows for project in row["projects"].values() for label in project["labels"]]
    for label in labels:
        for one in label["annotations"]["objects"] if label["id"] in chosen else []:
            if "bounding_box" in one:
                box = one["bounding_box"]
                sides = [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]
            elif "polygon" in one:
                xs, ys = ([point[side] for point in one["polygon"]] for side in "xy")
                sides = [min(xs), min(ys), max(xs), max(ys)]
            else:
                continue
            found[chosen[label["id"]]].append((one["name"], sides))
    return found


def classes_of(folder):
    lines = (folder / "labelmap.txt").read_text().splitlines()
    assert lines[0] == "# label:color_rgb:parts:actions" and all(len(line.split(":")) == 4 for line in lines)
    return [line.split(":")[0] for line in lines[1:]]


def test_labelformat_reads_the_boxes_that_the_store_holds(voc, native_rows):
    folder, manifest, rows = voc
    expected = boxes_of(native_rows, rows)
    files = {ElementTree.parse(folder / row["labels"]).findtext("filename"): row["labels"] for row in rows}
    count = 0
    read = PascalVOCObjectDetectionInput(folder / "Annotations", ",".join(classes_of(folder)))
    for label in read.get_labels():
        boxes = expected.pop(files[label.image.filename])
        assert [one.category.name for one in label.objects] == [name for name, _ in boxes]
        for one, (_, sides) in zip(label.objects, boxes):
            assert [one.box.xmin, one.box.ymin, one.box.xmax, one.box.ymax] == pytest.approx(sides, abs=1e-9)
            count += 1
    assert not expected
    losses = manifest["notices"]["losses"]
    held = [loss["count"] for loss in losses if loss["what"].startswith("Image") and loss["outcome"] != "left_out"]
    assert count == sum(held) > 20


def test_parts_list_each_image_once(voc, native_rows):
    folder, _, rows = voc
    sizes = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
    listed = {}
    for path in (folder / "ImageSets" / "Main").iterdir():
        for name in path.read_text().splitlines():
            assert name not in listed
            listed[name] = path.stem
    assert sorted(set(listed.values())) == ["train", "val"]
    assert listed == {row["labels"].removeprefix("Annotations/").removesuffix(".xml"): row["split"] for row in rows}
    for row in rows:
        root = ElementTree.parse(folder / row["labels"]).getroot()
        assert f"{root.findtext('folder')}/{root.findtext('filename')}" == row["image"]
        assert [int(root.findtext(f"size/{side}")) for side in ["width", "height"]] == [
            sizes[row["data_row_id"]][side] for side in ["width", "height"]
        ]
        assert {one.findtext("name") for one in root.iterfind("object")} <= set(classes_of(folder))
