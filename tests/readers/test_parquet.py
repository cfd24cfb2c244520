"""Tables of parquet, in pyarrow, DuckDB and Polars: every cell is that of the same table of csv."""

import csv
import datetime
import json

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import pytest

TABLES = ["annotations", "answers", "data_rows", "labels", "metadata", "model_runs", "projects"]


@pytest.fixture
def tables(export):
    """The folders of both formats."""
    csv_folder, _ = export("as-csv", "csv")
    parquet_folder, manifest = export("as-parquet", "parquet")
    files = {file["path"] for file in manifest["files"]}
    assert files == {"croissant.json", *(f"{name}.parquet" for name in TABLES)}
    return csv_folder, parquet_folder


def same(typed, text):
    """Whether a typed value is what a cell of csv says."""
    if typed is None:
        return text == ""
    if isinstance(typed, bool):
        return text == str(typed).lower()
    if isinstance(typed, datetime.datetime):
        return typed == datetime.datetime.fromisoformat(text)
    if isinstance(typed, (int, float)):
        return typed == float(text)
    # A text like a formula has an apostrophe in csv.
    return text in (typed, f"'{typed}")


def test_pyarrow_reads_every_cell_of_csv(tables):
    csv_folder, parquet_folder = tables
    count = 0
    for name in TABLES:
        table = pyarrow.parquet.read_table(parquet_folder / f"{name}.parquet")
        lines = list(csv.DictReader((csv_folder / f"{name}.csv").open(newline="")))
        assert table.num_rows == len(lines) > 0, name
        columns = [column for column in table.column_names if column != "points"]
        assert columns == list(lines[0]), name
        for column in columns:
            for typed, line in zip(table[column].to_pylist(), lines):
                assert same(typed, line[column]), (name, column, typed, line[column])
                count += typed is not None
    assert count > 10_000


def test_columns_have_types(tables):
    _, folder = tables
    schema = pyarrow.parquet.read_schema(folder / "annotations.parquet")
    number = pyarrow.float64()
    corner = pyarrow.struct([pyarrow.field("x", number, False), pyarrow.field("y", number, False)])
    for column, expected in [("frame", pyarrow.int64()), ("left", number), ("name", pyarrow.string())]:
        assert schema.field(column).type == expected
    assert schema.field("points").type == pyarrow.list_(pyarrow.field("element", corner, False))
    times = pyarrow.parquet.read_schema(folder / "data_rows.parquet").field("created_at").type
    assert times == pyarrow.timestamp("ms", tz="UTC")
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names and features["left"] == {"dtype": "float64", "_type": "Value"}


def test_duckdb_reads_the_corners_of_polygons(tables, native_rows):
    _, folder = tables
    query = f"select annotation_id, points from '{folder}/annotations.parquet' where kind = 'ImagePolygon'"
    found = {(one, tuple((point["x"], point["y"]) for point in points)) for one, points in duckdb.sql(query).fetchall()}
    stored = set()
    for row in native_rows:
        projects = [label for project in row["projects"].values() for label in project["labels"]]
        runs = [run for model in row["experiments"].values() for run in model["runs"].values()]
        labels = projects + [label for run in runs for label in run["labels"] + run["predictions"]]
        for one in [one for label in labels for one in label["annotations"].get("objects", [])]:
            if one["annotation_kind"] == "ImagePolygon":
                # What is stored has the first corner again at the end.
                corners = [(point["x"], point["y"]) for point in one["polygon"][:-1]]
                stored.add((one["feature_id"], tuple(corners)))
    assert found == stored and len(stored) > 5


def test_polars_counts_what_duckdb_counts(tables):
    _, folder = tables
    annotations = polars.read_parquet(folder / "annotations.parquet")
    counted = annotations.filter(polars.col("type") == "object").group_by("name").len()
    query = f"select name, count(*) from '{folder}/annotations.parquet' where type = 'object' group by name"
    assert dict(counted.iter_rows()) == dict(duckdb.sql(query).fetchall())
