"""Files of coco, in pycocotools and labelformat: every shape and every pixel is what the store holds."""

import contextlib
import csv
import io
import json

import numpy
import pytest
from labelformat.formats import COCOObjectDetectionInput
from PIL import Image
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from shapes import objects_of, ring_of


@pytest.fixture
def coco(export):
    """Exports with a task; returns the folder, the file as pycocotools reads it, and the rows that are in it."""

    def run(task, prefix, *options):
        folder, manifest = export("out", "coco", "--allow-lossy", "--format-option", f"task={task}", *options)
        path = folder / "annotations" / f"{prefix}_train.json"
        with contextlib.redirect_stdout(io.StringIO()):
            # It reads no panoptic files.
            read = COCO() if task == "panoptic" else COCO(str(path))
        read.dataset = read.dataset or json.loads(path.read_text())
        rows = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline=""))}
        return folder, manifest, read, rows

    return run


def place_of(image):
    return image["data_row_id"], image["frame_id"] + 1 if "frame_id" in image else None


def written_of(read, field):
    """Annotations by place and feature id."""
    categories = {one["id"]: one["name"] for one in read.dataset["categories"]}
    images = {image["id"]: place_of(image) for image in read.dataset["images"]}
    return {
        (images[one["image_id"]], one["feature_id"]): (categories[one["category_id"]], one[field], one)
        for one in read.dataset["annotations"]
    }


def test_pycocotools_reads_the_boxes_that_the_store_holds(coco, native_rows):
    _, manifest, read, rows = coco("instances", "instances")
    written = written_of(read, "bbox")
    count = 0
    for place, boxes in objects_of(native_rows, rows, "bounding_box").items():
        if not rows[place[0]]["image"]:
            continue
        for feature_id, name, box in boxes:
            found, bbox, _ = written[place, feature_id]
            assert (found, bbox) == (name, pytest.approx([box["left"], box["top"], box["width"], box["height"]])), place
            count += 1
    assert count > 50 and any(frame for _, frame in objects_of(native_rows, rows, "bounding_box"))
    kept = sum(loss["count"] for loss in manifest["notices"]["losses"] if loss["outcome"] != "left_out" and "Bound" in loss["what"])
    assert count == kept


def test_pycocotools_fills_the_polygons_that_the_store_holds(coco, native_rows):
    _, _, read, rows = coco("instances", "instances")
    sizes = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
    written = written_of(read, "segmentation")
    count = 0
    for place, polygons in objects_of(native_rows, rows, "polygon").items():
        if not rows[place[0]]["image"]:
            continue
        size = sizes[place[0]]["height"], sizes[place[0]]["width"]
        for feature_id, name, points in polygons:
            found, rings, one = written[place, feature_id]
            assert (found, rings) == (name, [pytest.approx(ring_of(points))])
            pixels = masks.decode(masks.merge(masks.frPyObjects([ring_of(points)], *size)))
            assert (read.annToMask(one) == pixels).all() and one["area"] == pixels.sum() > 0
            count += 1
    assert count > 5


def test_a_file_compared_with_itself_is_right_in_all(coco):
    _, _, read, _ = coco("instances", "instances")
    for kind in ["bbox", "segm"]:
        own = [one for one in read.dataset["annotations"] if kind == "bbox" or one["segmentation"]]
        results = [{**one, "score": 1 - number * 1e-6} for number, one in enumerate(own)]
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(read, read.loadRes(results), kind)
            evaluation.params.imgIds = sorted({one["image_id"] for one in own})
            evaluation.params.catIds = sorted({one["category_id"] for one in own})
            if kind == "segm":
                # Boxes without pixels cannot be compared by pixels.
                read.dataset["annotations"] = own
                read.createIndex()
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        assert evaluation.stats[0] == pytest.approx(1.0), kind


def test_numbers_are_dense_and_rows_without_a_label_are_images(coco):
    _, _, read, rows = coco("instances", "instances", "--format-option", "names=id")
    for kind in ["images", "annotations", "categories"]:
        assert [one["id"] for one in read.dataset[kind]] == list(range(1, len(read.dataset[kind]) + 1)), kind
    unlabelled = {row_id for row_id, row in rows.items() if row["image"] and not row["label_id"]}
    with_image = {image["data_row_id"] for image in read.dataset["images"]}
    assert with_image == {row_id for row_id, row in rows.items() if row["image"]}
    assert unlabelled and all(row["image"].rsplit("/", 1)[-1].split(".")[0] == row_id for row_id, row in rows.items() if row["image"] and not row["image"].endswith("/"))


def test_labelformat_reads_as_many_boxes(coco, tmp_path):
    folder, _, read, _ = coco("instances", "instances")
    labels = list(COCOObjectDetectionInput(folder / "annotations" / "instances_train.json").get_labels())
    assert sum(len(label.objects) for label in labels) == len(read.dataset["annotations"])


def test_pycocotools_reads_the_points_that_the_store_holds(coco, native_rows):
    _, _, read, rows = coco("keypoints", "person_keypoints")
    written = written_of(read, "keypoints")
    count = 0
    for place, points in objects_of(native_rows, rows, "point").items():
        for feature_id, name, point in points if rows[place[0]]["image"] else []:
            assert written[place, feature_id][:2] == (name, pytest.approx([point["x"], point["y"], 2]))
            count += 1
    assert count == len(read.dataset["annotations"]) > 3
    assert all(one["keypoints"] == [one["name"]] for one in read.dataset["categories"])


def test_the_pixels_of_a_panoptic_picture_are_those_of_its_objects(coco, native_rows):
    folder, _, read, rows = coco("panoptic", "panoptic")
    images = {image["id"]: image for image in read.dataset["images"]}
    boxes, polygons = (objects_of(native_rows, rows, key) for key in ["bounding_box", "polygon"])
    filled = 0
    for one in read.dataset["annotations"]:
        colours = numpy.asarray(Image.open(folder / "annotations" / "panoptic_train" / one["file_name"]), dtype=int)
        numbers = colours @ [1, 256, 65536]
        image = images[one["image_id"]]
        assert numbers.shape == (image["height"], image["width"])
        assert set(numpy.unique(numbers)) - {0} == {segment["id"] for segment in one["segments_info"]}
        for segment in one["segments_info"]:
            ys, xs = (numbers == segment["id"]).nonzero()
            assert len(xs) == segment["area"]
            assert segment["bbox"] == [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]
        expected = numpy.zeros(numbers.shape, dtype=bool)
        for _, _, points in polygons.get(place_of(image), []):
            expected |= masks.decode(masks.merge(masks.frPyObjects([ring_of(points)], *numbers.shape))).astype(bool)
        for _, _, box in boxes.get(place_of(image), []):
            left, top, right, bottom = box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]
            ring = [left, top, right, top, right, bottom, left, bottom]
            expected |= masks.decode(masks.merge(masks.frPyObjects([ring], *numbers.shape))).astype(bool)
        assert ((numbers > 0) == expected).all()
        filled += expected.any()
    assert filled > 5


def test_captions_are_texts_about_pictures(coco, native_rows):
    _, manifest, read, _ = coco("captions", "captions")
    texts = json.dumps(native_rows)
    assert read.dataset["annotations"] and all(json.dumps(one["caption"])[1:-1] in texts for one in read.dataset["annotations"])
    kept = sum(loss["count"] for loss in manifest["notices"]["losses"] if loss["what"] == "text_answer" and loss["outcome"] == "kept")
    assert len(read.dataset["annotations"]) == kept


def test_a_rule_joins_points_to_the_smallest_box_around_them(coco, native_rows):
    """On pictures and on frames of videos; pycocotools takes the file for one of keypoints."""
    rule = {"locomotive": "signal lamp", "wagon": "signal lamp", "shunter": "coupling"}
    spelled = ";".join(f"{box}:{point}" for box, point in rule.items())
    _, manifest, read, rows = coco("keypoints", "person_keypoints", "--format-option", f"pose={spelled}")
    keypoints = {one["name"]: one["keypoints"] for one in read.dataset["categories"]}
    assert keypoints == {box: [point] for box, point in rule.items()}
    written = written_of(read, "keypoints")
    points = objects_of(native_rows, rows, "point")
    expected = {}
    for place, boxes in objects_of(native_rows, rows, "bounding_box").items():
        boxes = [one for one in boxes if one[1] in rule]
        own = {feature_id: [0, 0, 0] for feature_id, _, _ in boxes}
        for _, name, point in points.get(place, []):
            around = [
                (box["width"] * box["height"], number)
                for number, (_, box_name, box) in enumerate(boxes)
                if rule[box_name] == name
                and box["left"] <= point["x"] <= box["left"] + box["width"]
                and box["top"] <= point["y"] <= box["top"] + box["height"]
            ]
            if around and own[boxes[min(around)[1]][0]][2] == 0:
                own[boxes[min(around)[1]][0]] = [point["x"], point["y"], 2]
        expected.update({(place, feature_id): numbers for feature_id, numbers in own.items()})
    assert {key: numbers for key, (_, numbers, _) in written.items()} == expected
    joined = sum(one["num_keypoints"] for one in read.dataset["annotations"])
    losses = manifest["notices"]["losses"]
    assert joined == sum(one["count"] for one in losses if one["what"].endswith("Point") and one["outcome"] == "kept") > 1
    # Boxes without points are in no such evaluation.
    posed = [{**one, "score": 1.0} for one in read.dataset["annotations"] if one["num_keypoints"]]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(read, read.loadRes(posed), "keypoints")
    evaluation.params.kpt_oks_sigmas = numpy.array([0.1])
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)
