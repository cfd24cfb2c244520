"""Shards in webdataset: each sample is a row as it is stored, with its picture byte for byte."""

import json

import webdataset
from conftest import labelport
from PIL import Image


def test_samples_are_rows_with_their_pictures(tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    rows = []
    for number in range(12):
        name = f"cam-{number:02}.png"
        Image.new("RGB", (16 + number, 9), (number, 0, 0)).save(media / name)
        data_row = {"id": f"cldatarow{number:016}", "external_id": name, "row_data": (media / name).as_uri()}
        attributes = {"asset_type": "image", "width": 16 + number, "height": 9, "mime_type": "image/png"}
        rows.append({"data_row": data_row, "media_attributes": attributes})
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labelport("import", "labelbox", "rows.ndjson", cwd=tmp_path)
    options = ["--media-root", str(media), "--format-option", "shards=3"]
    labelport("export", "catalog", "--format", "webdataset", *options, "-o", "wds/", cwd=tmp_path)
    urls = str(tmp_path / "wds" / "train-{000000..000002}.tar")
    found = {}
    for sample in webdataset.WebDataset(urls, shardshuffle=False).decode("pil"):
        found[sample["__key__"]] = sample
    assert sorted(found) == [f"cam-{number:02}" for number in range(12)]
    for number, row in enumerate(rows):
        sample = found[f"cam-{number:02}"]
        assert sample["json"]["data_row"]["id"] == row["data_row"]["id"]
        assert sample["png"].size == (16 + number, 9)
        assert sample["png"].getpixel((0, 0)) == (number, 0, 0)
    raw = {sample["__key__"]: sample["png"] for sample in webdataset.WebDataset(urls, shardshuffle=False)}
    assert all(raw[f"cam-{number:02}"] == (media / f"cam-{number:02}.png").read_bytes() for number in range(12))


def test_every_row_of_the_demo_is_a_sample(export, native_rows):
    folder, manifest = export("out", "webdataset", "--format-option", "media=none", "--format-option", "split=a=0.5,b=0.5")
    urls = [str(folder / f"{part}-000000.tar") for part in "ab"]
    samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())
    found = {sample["json"]["data_row"]["id"]: sample for sample in samples}
    assert len(samples) == len(found) == manifest["rows"]
    for row in native_rows:
        sample = found[row["data_row"]["id"]]
        assert sample["json"] == row
        row_data = row["data_row"]["row_data"]
        assert sample.get("txt", row_data) == row_data or "://" in row_data
