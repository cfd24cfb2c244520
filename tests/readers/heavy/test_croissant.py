"""The description of every package in mlcroissant: it is valid, and tables are read through it, digests checked."""

import csv
import json
import logging

import mlcroissant
import pytest

PACKAGES = """
    brat chat-preference chat-sft coco conll csv cvat datumaro dicom-seg geojson hf label-studio masks mot nifti parquet
    rttm spans textgrid voc webdataset webvtt yolo youtube-vis
""".split()
# What only the owner of the data can know.
UNKNOWN = ["citeAs", "datePublished", "license"]


def is_same(cell, found):
    """It takes an empty cell for a missing one, and columns of numbers or truths for such values."""
    text = found.decode() if isinstance(found, bytes) else "" if found is None else str(found)
    if text in ["nan", "None"] and not cell:
        return True
    try:
        return text in [cell, cell.capitalize()] or float(text) == float(cell)
    except ValueError:
        return False


@pytest.mark.parametrize("name", PACKAGES)
def test_tables_are_read_by_their_description(export, name, caplog):
    media = ["--format-option", "media=none"] if name == "webdataset" else []
    folder, manifest = export("out", name, "--allow-lossy", *media)
    with caplog.at_level(logging.WARNING):
        dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    warnings = [line for line in caplog.text.splitlines() if "recommended" in line]
    assert all(any(f'/{key}"' in line for key in UNKNOWN) for line in warnings), caplog.text
    listed = {file["path"]: file["sha256"] for file in manifest["files"] if file["path"] != "croissant.json"}
    assert {file.id: file.sha256 for file in dataset.metadata.distribution} == listed
    for record_set in dataset.metadata.record_sets:
        lines = list(csv.DictReader((folder / f"{record_set.id}.csv").open(newline="", encoding="utf-8")))
        read = list(dataset.records(record_set.id)) if lines else []
        assert len(read) == len(lines)
        for record, line in zip(read, lines):
            for column, cell in line.items():
                found = record[f"{record_set.id}/{column}"]
                assert is_same(cell, found), (record_set.id, column, cell, found)


def test_a_changed_file_is_not_read(export):
    folder, _ = export("out", "yolo", "--allow-lossy")
    with (folder / "rows.csv").open("a") as rows:
        rows.write("more\n")
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    with pytest.raises(mlcroissant.GenerationError) as refused:
        list(dataset.records("rows"))
    assert "Hash of downloaded file" in str(refused.value.__cause__), refused.value.__cause__


def test_two_exports_are_described_alike(export):
    first, second = (json.loads((export(name, "coco", "--allow-lossy")[0] / "croissant.json").read_text()) for name in "ab")
    assert first == second
