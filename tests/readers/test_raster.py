"""Masks and polygons as pixels, compared with pycocotools."""

import os
import pathlib
import random
import subprocess

import numpy
import pytest
from pycocotools import mask as coco

# What `cargo xtask readers` builds next to the binary.
RASTER = pathlib.Path(os.environ["LABELPORT_BINARY"]).parent / "examples" / "raster"
COUNT = 10_000


def raster(lines):
    """The area, the run lengths and the rings of each line."""
    given = "\n".join(lines) + "\n"
    done = subprocess.run([RASTER], input=given, capture_output=True, text=True, check=True)
    return [line.split(" ") for line in done.stdout.splitlines()]


def polygons(chance):
    for _ in range(COUNT):
        width, height = chance.randint(1, 40), chance.randint(1, 40)
        sides = []
        for _ in range(chance.randint(3, 9)):
            for limit in [width, height]:
                side = chance.uniform(-10, limit + 10)
                # Corners of people's polygons often lie on the edges or in the middle of pixels.
                sides.append(chance.choice([side, float(round(side)), round(side * 2) / 2]))
        yield width, height, sides


def masks(chance):
    for _ in range(COUNT):
        width, height = chance.randint(1, 40), chance.randint(1, 40)
        density = chance.choice([0.02, 0.1, 0.5, 0.9])
        yield numpy.array([[chance.random() < density for _ in range(width)] for _ in range(height)], dtype=numpy.uint8)


@pytest.mark.parametrize("seed", [1, 2])
def test_polygons_have_the_pixels_that_pycocotools_gives_them(seed):
    drawn = list(polygons(random.Random(seed)))
    lines = [f"polygon {width} {height} {' '.join(map(repr, sides))}" for width, height, sides in drawn]
    for (width, height, sides), (area, counts, *_) in zip(drawn, raster(lines), strict=True):
        [expected] = coco.frPyObjects([sides], height, width)
        assert (counts, int(area)) == (expected["counts"].decode(), coco.area(expected)), (width, height, sides)


@pytest.mark.parametrize("seed", [3, 4])
def test_masks_have_the_run_lengths_of_pycocotools_and_rings_around_their_pixels(seed):
    drawn = list(masks(random.Random(seed)))
    lines = [f"mask {mask.shape[1]} {mask.shape[0]} {''.join(map(str, mask.ravel()))}" for mask in drawn]
    for mask, (area, counts, *rings) in zip(drawn, raster(lines), strict=True):
        assert (counts, int(area)) == (coco.encode(numpy.asfortranarray(mask))["counts"].decode(), mask.sum())
        # Islands and holes: what the outer rings enclose, without what the holes do.
        again = numpy.zeros(mask.shape, dtype=int)
        for ring in filter(None, rings):
            sides = [float(side) for corner in ring.lstrip("-").split(";") for side in corner.split(",")]
            [filled] = coco.frPyObjects([sides], *mask.shape)
            again += coco.decode(filled).astype(int) * (-1 if ring.startswith("-") else 1)
        assert (again == mask).all(), mask
