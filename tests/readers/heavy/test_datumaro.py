"""Folders of coco, cvat, voc and yolo in datumaro: every shape is where the store has it."""

import pytest
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from shapes import bounds_of, labels_of, objects_of, ring_of


def read(folder, name):
    """Items by what datumaro calls them, and the names of the classes."""
    dataset = Dataset.import_from(str(folder), name)
    categories = [one.name for one in dataset.categories()[AnnotationType.label].items]
    return {(item.id, item.subset): item for item in dataset}, categories


def drawn_on(item, kind):
    return [one for one in item.annotations if one.type == kind]


def stems_of(rows, folder):
    """Rows by what datumaro calls their pictures."""
    return {row["image"].removeprefix(folder).rsplit(".", 1)[0]: row_id for row_id, row in rows.items() if row["image"]}


def test_images_of_cvat(with_pictures, native_rows):
    folder, _, rows = with_pictures("cvat")
    items, categories = read(folder / "train", "cvat")
    stems = stems_of({row_id: row for row_id, row in rows.items() if "/videos/" not in row["labels"]}, "train/images/")
    assert {stem for stem, _ in items} == set(stems)
    labels = labels_of(native_rows)
    kinds = {AnnotationType.bbox: "bounding_box", AnnotationType.polygon: "polygon", AnnotationType.polyline: "line", AnnotationType.points: "point"}
    count = 0
    for (stem, _), item in items.items():
        label_id = rows[stems[stem]]["label_id"]
        annotations = labels[label_id]["annotations"] if label_id else {"objects": [], "classifications": []}
        for kind, key in kinds.items():
            stored = [one for one in annotations["objects"] if key in one]
            found = drawn_on(item, kind)
            assert [categories[one.label] for one in found] == [one["name"] for one in stored]
            for one, expected in zip(found, stored):
                value = expected[key]
                if key == "bounding_box":
                    sides = bounds_of(expected)
                elif key == "polygon":
                    sides = ring_of(value)
                else:
                    points = value if key == "line" else [value]
                    sides = [side for point in points for side in (point["x"], point["y"])]
                # It rounds to hundredths.
                assert list(one.points) == pytest.approx(sides, abs=0.006)
                count += 1
        tags = [(categories[one.label], one.attributes.get(categories[one.label])) for one in drawn_on(item, AnnotationType.label)]
        radio = [one for one in annotations["classifications"] if "radio_answer" in one]
        for one in radio:
            assert (one["name"], one["radio_answer"]["name"]) in tags
    assert count > 20


def test_videos_of_cvat(with_pictures, native_rows):
    folder, _, rows = with_pictures("cvat")
    items, categories = read(folder / "train" / "videos", "cvat")
    stored = objects_of(native_rows, rows, "bounding_box")
    videos = {row["labels"].rsplit("/", 1)[1].removesuffix(".xml"): row_id for row_id, row in rows.items() if "/videos/" in row["labels"]}
    count = 0
    for (name, video), item in items.items():
        frame = int(name.removeprefix("frame_")) + 1
        found = [one for one in drawn_on(item, AnnotationType.bbox) if not one.attributes["outside"]]
        expected = stored.get((videos[video], frame), [])
        for one in found:
            boxes = [box for _, label, box in expected if label == categories[one.label]]
            sides = [[box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]] for box in boxes]
            assert any(list(one.points) == pytest.approx(each, abs=0.006) for each in sides), (video, frame)
            count += 1
    assert count > 20


@pytest.mark.parametrize("name, options, images", [("yolo", ["task=detect"], "images/train/"), ("voc", [], "JPEGImages/"), ("coco", [], "images/train/")])
def test_boxes(with_pictures, native_rows, name, options, images):
    folder, _, rows = with_pictures(name, *options)
    items, categories = read(folder, name)
    stems = stems_of(rows, images)
    labels = labels_of(native_rows)
    count = 0
    for (stem, _), item in items.items():
        if stem not in stems:
            assert name == "coco", "a frame of a video"
            continue
        label_id = rows[stems[stem]]["label_id"]
        objects = labels[label_id]["annotations"]["objects"] if label_id else []
        expected = [(one["name"], bounds_of(one)) for one in objects if "bounding_box" in one or "polygon" in one]
        found = [(categories[one.label], list(one.points)) for one in drawn_on(item, AnnotationType.bbox)]
        # It has what is drawn as a polygon first.
        assert sorted(label for label, _ in found) == sorted(label for label, _ in expected), stem
        for name_of, sides in expected:
            assert any(label == name_of and one == pytest.approx(sides, abs=0.02) for label, one in found), stem
            count += 1
    assert count > 15


def test_polygons_of_coco(with_pictures, native_rows):
    folder, _, rows = with_pictures("coco")
    items, categories = read(folder, "coco")
    stems, labels = stems_of(rows, "images/train/"), labels_of(native_rows)
    count = 0
    for (stem, _), item in items.items():
        label_id = rows[stems[stem]]["label_id"] if stem in stems else None
        objects = labels[label_id]["annotations"]["objects"] if label_id else []
        expected = [(one["name"], ring_of(one["polygon"])) for one in objects if "polygon" in one]
        found = [(categories[one.label], list(one.points)) for one in drawn_on(item, AnnotationType.polygon)]
        assert [label for label, _ in found] == [label for label, _ in expected], stem
        for (_, one), (_, ring) in zip(found, expected):
            assert one == pytest.approx(ring, abs=0.006), stem
            count += 1
    assert count > 5


@pytest.mark.parametrize("split", ["split=train=1", "split=train=0.6,val=0.4"])
def test_items_of_its_own_format(with_pictures, native_rows, split):
    folder, manifest, rows = with_pictures("datumaro", split)
    items, categories = read(folder, "datumaro")
    labels = labels_of(native_rows)
    videos = {row["image"]: row_id for row_id, row in rows.items() if row["image"].endswith(".video/")}
    kinds = {AnnotationType.bbox: "bounding_box", AnnotationType.polygon: "polygon", AnnotationType.polyline: "line", AnnotationType.points: "point"}
    count, seen = 0, set()
    for (name, subset), item in items.items():
        path = f"images/{subset}/{name}"
        video = videos.get(path.rsplit("/", 1)[0] + "/")
        if video:
            row_id, frame = video, path.rsplit("/", 1)[1].lstrip("0")
            annotations = labels[rows[row_id]["label_id"]]["annotations"]["frames"][frame]
            objects = list(annotations["objects"].values())
            assert all(one.object_id == one.attributes["track_id"] > 0 for one in item.annotations)
        else:
            [row_id] = [row_id for row_id, row in rows.items() if row["image"].rsplit(".", 1)[0] == path]
            label_id = rows[row_id]["label_id"]
            annotations = labels[label_id]["annotations"] if label_id else {"objects": [], "classifications": []}
            objects = annotations["objects"]
        seen.add(row_id)
        size = next(row["media_attributes"] for row in native_rows if row["data_row"]["id"] == row_id)
        assert item.media.size == (size["height"], size["width"])
        for kind, key in kinds.items():
            stored = [one for one in objects if key in one]
            found = drawn_on(item, kind)
            assert [categories[one.label] for one in found] == [one["name"] for one in stored], name
            for one, expected in zip(found, stored):
                value = expected[key]
                points = {"polygon": lambda: ring_of(value), "bounding_box": lambda: bounds_of(expected)}
                rest = [value] if key == "point" else value
                sides = points.get(key, lambda: [side for point in rest for side in (point["x"], point["y"])])()
                # It rounds to hundredths.
                assert list(one.points) == pytest.approx(sides, abs=0.006)
                answers = {answer["name"]: answer["radio_answer"]["name"] for answer in expected["classifications"] if "radio_answer" in answer}
                assert answers.items() <= one.attributes.items()
                count += 1
        answers = {one["name"]: one["radio_answer"]["name"] for one in annotations["classifications"] if "radio_answer" in one}
        assert answers.items() <= item.attributes.items()
    assert count > 250 and seen == set(rows)


def test_sequences_of_mot(with_pictures, native_rows):
    folder, _, rows = with_pictures("mot")
    stored = objects_of(native_rows, rows, "bounding_box")
    count = 0
    for row_id, row in rows.items():
        items, categories = read(folder / row["image"].removesuffix("/img1/"), "mot_seq")
        for (name, _), item in items.items():
            expected = stored.get((row_id, int(name)), [])
            found = [(categories[one.label], list(one.points)) for one in drawn_on(item, AnnotationType.bbox)]
            assert len(found) == len(expected), (row_id, name)
            for _, label, box in expected:
                sides = [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]
                assert any(known == label and one == pytest.approx(sides, abs=0.006) for known, one in found)
                count += 1
    assert count > 100
