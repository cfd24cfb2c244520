"""Pictures of masks, in Pillow: each pixel is what pycocotools fills of the shapes that the store holds."""

import csv

import numpy
import pytest
from PIL import Image
from pycocotools import mask as masks

from test_coco import objects_of, ring_of


@pytest.fixture
def exported(export, native_rows):
    """Exports and returns the folder, the shapes in their order by picture, and sizes."""

    def run(pixels):
        folder, _ = export("out", "masks", "--allow-lossy", "--format-option", f"pixels={pixels}")
        rows = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline=""))}
        shapes = {}
        for key in ["bounding_box", "polygon"]:
            for place, found in objects_of(native_rows, rows, key).items():
                shapes.setdefault(place, {}).update({feature_id: (name, value) for feature_id, name, value in found})
        return folder, rows, shapes

    return run


def filled(shape, size):
    if isinstance(shape, dict):
        left, top = shape["left"], shape["top"]
        right, bottom = left + shape["width"], top + shape["height"]
        ring = [left, top, right, top, right, bottom, left, bottom]
    else:
        ring = ring_of(shape)
    return masks.decode(masks.merge(masks.frPyObjects([ring], *size))).astype(bool)


def objects(folder):
    """The lines of objects.csv by mask, in their order."""
    found = {}
    for line in csv.DictReader((folder / "objects.csv").open(newline="")):
        found.setdefault(line["file"], []).append(line)
    return found


def place_of(line):
    parts = line["file"].split("/")
    return line["data_row_id"], int(parts[-1].split(".")[0]) if parts[-2].endswith(".video") else None


@pytest.mark.parametrize("pixels", ["class", "object"])
def test_later_objects_are_painted_over_earlier_ones(exported, pixels):
    folder, rows, shapes = exported(pixels)
    count = 0
    for path, lines in objects(folder).items():
        picture = numpy.asarray(Image.open(folder / path)).astype(int)
        expected = numpy.zeros(picture.shape, dtype=int)
        for line in lines:
            name, shape = shapes[place_of(line)][line["feature_id"]]
            assert name == line["class"]
            expected[filled(shape, picture.shape)] = int(line["value"])
            count += 1
        assert (picture == expected).all(), path
    assert count > 50
    # A picture on which nothing is drawn is empty.
    empty = [row["labels"] for row in rows.values() if row["labels"].endswith(".png") and row["labels"] not in objects(folder)]
    assert empty and not any(numpy.asarray(Image.open(folder / path)).any() for path in empty)


def test_colours_are_those_of_the_table(exported):
    folder, _, _ = exported("class")
    table = [[int(line[key]) for key in ["red", "green", "blue"]] for line in csv.DictReader((folder / "classes.csv").open())]
    for path in objects(folder):
        picture = Image.open(folder / path)
        assert picture.mode == "P"
        palette = numpy.array(picture.getpalette()).reshape(-1, 3).tolist()
        assert palette[: len(table) + 1] == [[0, 0, 0], *table]


def test_each_class_has_all_its_pixels(exported):
    folder, _, shapes = exported("each-class")
    for path, lines in objects(folder).items():
        picture = numpy.asarray(Image.open(folder / path))
        expected = numpy.zeros(picture.shape, dtype=bool)
        for line in lines:
            row_id = line["data_row_id"]
            parts = path.split("/")
            frame = int(parts[-2]) if parts[-3].endswith(".video") else None
            expected |= filled(shapes[row_id, frame][line["feature_id"]][1], picture.shape)
        assert ((picture == 255) == expected).all() and set(numpy.unique(picture)) <= {0, 255}, path
