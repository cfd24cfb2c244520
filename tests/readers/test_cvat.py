"""Files of cvat, by the rules of CVAT: every shape, mask, answer and frame is what the store holds. labelformat reads the boxes."""

import csv
import json
from xml.etree import ElementTree

import pytest
from labelformat.formats import CVATObjectDetectionInput
from shapes import objects_of, ring_of


@pytest.fixture
def cvat(export):
    """Exports; returns the folder, the manifest, and the rows that are in a file."""

    def run(*options):
        folder, manifest = export("out", "cvat", "--allow-lossy", *options)
        rows = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline=""))}
        return folder, manifest, rows

    return run


def points_of(shape):
    return [float(side) for pair in shape.get("points").split(";") for side in pair.split(",")]


def sides_of(shape):
    return [float(shape.get(side)) for side in ["xtl", "ytl", "xbr", "ybr"]]


def declared_of(root):
    """What each label declares: the values of its attributes; nothing for texts."""
    declared = {}
    for label in root.iterfind("meta/task/labels/label"):
        attributes = {}
        for one in label.iterfind("attributes/attribute"):
            values = {"text": None, "checkbox": ["true", "false"]}
            attributes[one.findtext("name")] = values.get(one.findtext("input_type"), (one.findtext("values") or "").split("\n"))
            assert one.findtext("input_type") in ["select", "checkbox", "text"]
        assert label.findtext("name") not in declared, "a label is there twice"
        declared[label.findtext("name")] = attributes
    return declared


def check_declared(declared, label, element):
    """Every attribute is declared with its value. Returns the attributes."""
    attributes = {one.get("name"): one.text or "" for one in element.iterfind("attribute")}
    for name, value in attributes.items():
        values = declared[label][name]
        assert values is None or value in values, (label, name)
    return attributes


def answers_of(objects):
    """Answers as the format has them."""
    found = {}

    def add(answers, way):
        for answer in answers:
            name = f"{way}{answer['name']}"
            if "radio_answer" in answer:
                found[name] = answer["radio_answer"]["name"]
                add(answer["radio_answer"]["classifications"], f"{name}/")
            elif "checklist_answers" in answer:
                for option in answer["checklist_answers"]:
                    found[f"{name}: {option['name']}"] = "true"
                    add(option["classifications"], f"{name}/")
            else:
                found[name] = answer["text_answer"]["content"]

    add(objects, "")
    return found


def checked(attributes):
    return {name: value for name, value in attributes.items() if value != "false"}


def test_images_have_the_shapes_and_answers_that_the_store_holds(cvat, native_rows):
    folder, _, rows = cvat("--format-option", "split=train=0.7,val=0.3")
    labels = {label["id"]: label for row in native_rows for project in row["projects"].values() for label in project["labels"]}
    count, ids = 0, []
    files = {path.relative_to(folder).as_posix(): ElementTree.parse(path).getroot() for path in folder.glob("*/annotations.xml")}
    assert sorted(files) == ["train/annotations.xml", "val/annotations.xml"]
    images = {(path, image.get("name")): image for path, root in files.items() for image in root.iterfind("image")}
    sizes = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
    kinds = {"box": "bounding_box", "polygon": "polygon", "polyline": "line", "points": "point"}
    for row_id, row in rows.items():
        if not row["labels"].endswith("annotations.xml"):
            continue
        declared = declared_of(files[row["labels"]])
        image = images.pop((row["labels"], row["image"].split("/images/")[1]))
        ids.append(int(image.get("id")))
        assert [int(image.get(side)) for side in ["width", "height"]] == [sizes[row_id][side] for side in ["width", "height"]]
        annotations = labels[row["label_id"]]["annotations"] if row["label_id"] else {"objects": [], "classifications": []}
        drawn = [one for one in image if one.tag in kinds]
        stored = [one for one in annotations["objects"] if any(key in one for key in kinds.values())]
        assert len(drawn) == len(stored)
        for shape, one in zip(drawn, stored):
            assert shape.get("label") == one["name"] and kinds[shape.tag] in one
            value = one[kinds[shape.tag]]
            if shape.tag == "box":
                expected = [value["left"], value["top"], value["left"] + value["width"], value["top"] + value["height"]]
                assert sides_of(shape) == pytest.approx(expected, abs=1e-9)
            else:
                points = {"polygon": lambda: ring_of(value), "points": lambda: [value["x"], value["y"]]}
                expected = points.get(shape.tag, lambda: [side for point in value for side in (point["x"], point["y"])])()
                assert points_of(shape) == expected
            assert checked(check_declared(declared, shape.get("label"), shape)) == answers_of(one["classifications"])
            count += 1
        tags = [(one.get("label"), checked(check_declared(declared, one.get("label"), one))) for one in image.iterfind("tag")]
        assert tags == [(one["name"], answers_of([one])) for one in annotations["classifications"]]
    assert not images and count > 20
    assert sorted(ids) == list(range(len(ids)))


def state_at(track, frame):
    """What a track shows on a frame, counted from 0, by the rules of CVAT: boxes and points move from key frame to key frame."""
    shapes = sorted(track, key=lambda shape: int(shape.get("frame")))
    before = [shape for shape in shapes if int(shape.get("frame")) <= frame]
    after = [shape for shape in shapes if int(shape.get("frame")) > frame]
    if not before or before[-1].get("outside") == "1":
        return None
    numbers = sides_of if before[-1].tag == "box" else points_of
    start, end = before[-1], (after or before)[0 if after else -1]
    first, last = int(start.get("frame")), int(end.get("frame"))
    share = (frame - first) / (last - first) if last > first else 0
    return [one + (other - one) * share for one, other in zip(numbers(start), numbers(end))]


def test_tracks_show_on_every_frame_what_the_store_holds(cvat, native_rows):
    folder, _, rows = cvat()
    counts = {row["data_row"]["id"]: row["media_attributes"].get("frame_count") for row in native_rows}
    checks = 0
    for key in ["bounding_box", "point"]:
        stored = objects_of(native_rows, rows, key)
        for row_id, row in rows.items():
            if "/videos/" not in row["labels"]:
                continue
            root = ElementTree.parse(folder / row["labels"]).getroot()
            tracks = [one for one in root.iterfind("track") if one[0].tag == {"bounding_box": "box", "point": "points"}[key]]
            for frame in range(1, counts[row_id] + 1):
                expected = []
                for _, name, value in stored.get((row_id, frame), []):
                    sides = [value.get("x"), value.get("y")]
                    if key == "bounding_box":
                        sides = [value["left"], value["top"], value["left"] + value["width"], value["top"] + value["height"]]
                    expected.append((name, sides))
                found = [(track.get("label"), state_at(track, frame - 1)) for track in tracks]
                found = [(name, state) for name, state in found if state]
                assert [name for name, _ in found] == [name for name, _ in expected], (row_id, frame)
                for (_, state), (_, sides) in zip(found, expected):
                    assert state == pytest.approx(sides, abs=2e-3), (row_id, frame)
                    checks += 1
            declared = declared_of(root)
            for track in root.iterfind("track"):
                for shape in track:
                    check_declared(declared, track.get("label"), shape)
    assert checks > 200


def test_labelformat_reads_as_many_boxes(cvat):
    folder, manifest, _ = cvat()
    labels = list(CVATObjectDetectionInput(folder / "train" / "annotations.xml").get_labels())
    losses = manifest["notices"]["losses"]
    kept = sum(loss["count"] for loss in losses if loss["what"] == "ImageBoundingBox" and loss["outcome"] == "kept")
    assert sum(len(label.objects) for label in labels) == kept > 10


def test_the_labels_of_a_project_are_those_of_the_files(cvat):
    folder, _, _ = cvat()
    declared = declared_of(ElementTree.parse(folder / "train" / "annotations.xml").getroot())
    labels = json.loads((folder / "labels.json").read_text())
    assert [one["name"] for one in labels] == list(declared)
    for label in labels:
        assert [one["name"] for one in label["attributes"]] == list(declared[label["name"]])
        assert all(one["default_value"] in (one["values"] or [""]) for one in label["attributes"])
