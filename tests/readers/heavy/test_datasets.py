"""Packages of parquet, hf, spans and chats in Hugging Face datasets: the columns and rows are what the store holds."""

import csv
import json

import datasets
import pytest
from chats import judged_rows
from program import labelport
from shapes import objects_of


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """Nothing is asked of a hub, and nothing is kept from one test to the next."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def load(name, folder, **more):
    return datasets.load_dataset(name, cache_dir=str(folder.parent / "cache"), split="train", **more)


@pytest.mark.parametrize("table", ["data_rows", "labels", "annotations", "answers"])
def test_tables_have_the_columns_and_cells_of_csv(export, table):
    folder, _ = export("tables", "parquet")
    found = load("parquet", folder, data_files=str(folder / f"{table}.parquet"))
    folder, _ = export("cells", "csv")
    lines = list(csv.DictReader((folder / f"{table}.csv").open(newline="", encoding="utf-8")))
    own = [name for name in found.column_names if name != "points"]
    assert found.num_rows == len(lines) > 50 and set(own) == set(lines[0])
    for name in own:
        feature = found.features[name]
        if feature.dtype == "string":
            # A spreadsheet would take some texts for formulas.
            texts = [line[name].removeprefix("'") for line in lines]
            assert [(text or "").removeprefix("'") for text in found[name]] == texts, name
        elif feature.dtype in ("int64", "float64"):
            numbers = [float(line[name]) if line[name] else None for line in lines]
            assert list(found[name]) == numbers, name


def test_points_of_polygons_are_lists(export, native_rows):
    folder, _ = export("tables", "parquet")
    found = load("parquet", folder, data_files=str(folder / "annotations.parquet"))
    stored = {
        one["feature_id"]: one["polygon"][:-1]
        for row in native_rows
        for project in row["projects"].values()
        for label in project["labels"]
        for one in label["annotations"].get("objects", [])
        if "polygon" in one
    }
    read = {row["annotation_id"]: row["points"] for row in found if row["kind"] == "ImagePolygon" and row["annotation_id"] in stored}
    assert read == stored and len(read) > 5


def test_an_image_folder_has_its_pictures_and_boxes(with_pictures, native_rows):
    folder, _, rows = with_pictures("hf")
    found = load("imagefolder", folder, data_dir=str(folder))
    assert found.num_rows == len(rows) > 10
    assert found.features["objects"]["bbox"] == datasets.List(datasets.List(datasets.Value("float64")))
    stored, count = objects_of(native_rows, rows, "bounding_box"), 0
    for line in found:
        assert line["image"].size == (line["width"], line["height"])
        boxes = dict(zip(line["objects"]["id"], line["objects"]["bbox"]))
        for feature_id, _, box in stored.get((line["data_row_id"], None), []):
            assert boxes[feature_id] == pytest.approx([box["left"], box["top"], box["width"], box["height"]])
            count += 1
    assert count > 10


def test_texts_are_rows_with_lists_of_spans(export):
    folder, _ = export("out", "spans", "--allow-lossy")
    lines = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    found = load("json", folder, data_files=str(folder / "train.jsonl"))
    assert found.num_rows == len(lines) and any(line["spans"] for line in lines)
    for row, line in zip(found, lines):
        assert row["text"] == line["text"]
        assert [row["text"][one["start"] : one["end"]] for one in row["spans"]] == [
            line["text"][one["start"] : one["end"]] for one in line["spans"]
        ]
        # Members that a line does not have are there without a value.
        spans = [{key: value for key, value in one.items() if key in own} for one, own in zip(row["spans"], line["spans"])]
        assert [(one["label"], one["id"]) for one in spans] == [(one["label"], one["id"]) for one in line["spans"]]
        assert {key: row["meta"][key] for key in line["meta"]} == line["meta"]


@pytest.mark.parametrize("name, options", [("chat-sft", []), ("chat-preference", []), ("chat-preference", ["dialect=openai"])])
def test_conversations_are_lists_of_messages(tmp_path, name, options):
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in judged_rows()))
    labelport("import", "labelbox", "rows.ndjson", cwd=tmp_path)
    arguments = [part for option in options for part in ["--format-option", option]]
    labelport("export", "project", "Answers", "--format", name, "--allow-lossy", *arguments, "-o", "out", cwd=tmp_path)
    path = tmp_path / "out" / "train.jsonl"
    found = load("json", tmp_path / "out", data_files=str(path))
    assert list(found) == [json.loads(line) for line in path.read_text().splitlines()]
    messages = datasets.List({"role": datasets.Value("string"), "content": datasets.Value("string")})
    columns = found.features["input"] if options else found.features
    assert {type(columns[name]) for name in ("messages", "prompt") if name in columns} == {datasets.List}
    assert columns.get("messages", columns.get("prompt")) == messages
