"""Exports with the pictures in place, for readers that want to see them."""

import csv
import sys

import pandas
import pytest
from PIL import Image

import datumaro

# It puts a module of its own in place of pandas, which `datasets` cannot use.
sys.modules["pandas"] = pandas


@pytest.fixture
def with_pictures(export, native_rows):
    """Exports with options of the format; returns the folder, the manifest, and the rows that are in a file."""

    def run(name, *options):
        arguments = [argument for option in options for argument in ["--format-option", option]]
        folder, manifest = export("out", name, "--allow-lossy", *arguments)
        rows = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["image"]}
        sizes = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
        for row_id, row in rows.items():
            if sizes[row_id]["asset_type"] == "image":
                picture = folder / row["image"]
                picture.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (sizes[row_id]["width"], sizes[row_id]["height"])).save(picture)
        return folder, manifest, rows

    return run
