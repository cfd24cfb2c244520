"""Tasks in the SDK of Label Studio: it accepts each configuration and each result, and unpacks masks."""

import json
import os
import shutil

import numpy
import pytest
from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface
from served import Server

MEDIA = ["audio", "conversation", "document", "html", "image", "text", "video"]


def check(folder, medium):
    """Every task is valid by its configuration. Returns the results."""
    interface = LabelInterface((folder / medium / "labels.xml").read_text())
    interface.validate()
    results = []
    for task in json.loads((folder / medium / "tasks.json").read_text()):
        assert interface.validate_task({"data": task["data"]})
        for annotation in task.get("annotations", []) + task.get("predictions", []):
            assert interface.validate_prediction(annotation, return_errors=True) == []
            results += annotation["result"]
    return results


@pytest.mark.parametrize("medium", MEDIA)
def test_tasks_are_valid(export, medium):
    folder, _ = export("out", "label-studio", "--allow-lossy")
    assert len(check(folder, medium)) > 5


def test_predictions_are_valid(export):
    options = ["--format-option", "predictions=scores"]
    folder, _ = export("out", "label-studio", "--allow-lossy", *options)
    assert any("score" in result for result in check(folder, "image"))


def test_masks_are_those_of_the_store(workspace, export, native_rows, tmp_path):
    data = tmp_path / "served"
    shutil.copytree(workspace, data)
    row = next(row for row in native_rows if row["media_attributes"].get("asset_type") == "image")
    height, width = row["media_attributes"]["height"], row["media_attributes"]["width"]
    pixels = numpy.zeros((height, width), dtype=bool)
    pixels[3:40, 5:70] = True
    pixels[10:20, 30:41] = False
    changes = numpy.flatnonzero(numpy.diff(pixels.ravel(order="F").astype(int), prepend=0, append=0))
    counts = numpy.diff(changes, prepend=0, append=height * width).tolist()
    server = Server(os.environ["LABELPORT_BINARY"], str(data)).start()
    try:
        project, _ = server.mask_project("lakes", row, {"size": [height, width], "counts": counts})
    finally:
        server.stop()
    folder = tmp_path / "out"
    server.run("export", "project", project, "--format", "label-studio", "-o", str(folder))
    [result] = check(folder, "image")
    assert (result["original_width"], result["original_height"]) == (width, height)
    assert result["value"]["brushlabels"] == ["water"]
    unpacked = decode_rle(result["value"]["rle"]).reshape(height, width, 4)
    assert ((unpacked == 255) == pixels[:, :, None]).all()
