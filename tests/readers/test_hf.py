"""Lines of hf: one type for each column, and the boxes that the store holds."""

import csv
import json

import polars
import pytest

from shapes import objects_of


def test_every_box_is_that_of_the_store(export, native_rows):
    folder, _ = export("out", "hf", "--allow-lossy")
    rows = {row["data_row_id"]: row for row in csv.DictReader((folder / "rows.csv").open(newline=""))}
    lines = [json.loads(line) for line in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    names = (folder / "classes.txt").read_text().splitlines()
    stored = objects_of(native_rows, rows, "bounding_box")
    count = 0
    for line in lines:
        objects = line["objects"]
        found = dict(zip(objects["id"], zip(objects["name"], objects["bbox"])))
        assert [names[number] for number in objects["category"]] == objects["name"]
        for feature_id, name, box in stored.get((line["data_row_id"], None), []):
            assert found[feature_id] == (name, pytest.approx([box["left"], box["top"], box["width"], box["height"]]))
            count += 1
        assert rows[line["data_row_id"]]["image"] == f"train/{line['file_name']}"
    assert count > 10 and any(not line["objects"]["id"] for line in lines)


def test_columns_have_one_type(export):
    folder, _ = export("out", "hf", "--allow-lossy", "--format-option", "split=train=0.5,validation=0.5")
    schemas = []
    for part in ["train", "validation"]:
        table = polars.read_ndjson(folder / part / "metadata.jsonl", infer_schema_length=None)
        schemas.append(table.schema)
        assert all(json.loads(answers) is not None for answers in table["answers"])
    assert schemas[0] == schemas[1]
    assert schemas[0]["objects"].to_schema()["bbox"] == polars.List(polars.List(polars.Float64))
