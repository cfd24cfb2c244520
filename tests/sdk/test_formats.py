"""Labels that were made through the SDK, in formats that programs train on, by REST."""

import io
import json
import time
import zipfile

import labelbox
import numpy
import PIL.Image
import PIL.ImageDraw
import requests

import assets as pictures
from assets import AssetServer
from serving import Server
from small import make_small


def export(
    server: Server, project: labelbox.Project, options: dict, allow_lossy: bool, file_format: str = "yolo"
) -> dict:
    """Runs an export to the end and returns its task."""
    asked = {
        "scope": {"kind": "project", "id": project.uid},
        "format": {"name": file_format, "options": options, "allow_lossy": allow_lossy},
    }
    headers = {"Authorization": f"Bearer {server.api_key}"}
    started = requests.post(f"{server.url}/api/v1/exports", json=asked, headers=headers, timeout=30)
    started.raise_for_status()
    while True:
        task = requests.get(f"{server.url}/api/v1/tasks/{started.json()['id']}", headers=headers, timeout=30).json()
        if task["status"] != "IN_PROGRESS":
            return task
        time.sleep(0.1)


def runs_of(mask: numpy.ndarray) -> list[int]:
    """Lengths by turns outside and inside, down the columns."""
    runs, inside = [0], False
    for pixel in mask.T.ravel():
        if pixel != inside:
            runs.append(0)
            inside = bool(pixel)
        runs[-1] += 1
    return runs


def uncompressed(text: str) -> list[int]:
    """The run lengths in a text of COCO."""
    runs, at = [], 0
    while at < len(text):
        number, shift, more = 0, 0, True
        while more:
            byte = ord(text[at]) - 48
            number |= (byte & 0x1F) << shift
            at, shift, more = at + 1, shift + 5, bool(byte & 0x20)
        if byte & 0x10:
            number -= 1 << shift
        runs.append(number + runs[-2] if len(runs) > 2 else number)
    return runs


def test_masks_become_the_outlines_of_their_pixels(client: labelbox.Client, assets: AssetServer, server: Server) -> None:
    """Drawn again, an outline has the pixels of the mask, no more and no fewer."""
    made = make_small(client, assets, "outlines", rows=1)
    size = [pictures.HEIGHT, pictures.WIDTH]
    mask = numpy.zeros(size, dtype=bool)
    mask[2:7, 3:9] = True
    mask[4:9, 5:6] = True
    made.label(0, [{"name": "water", "mask": {"size": size, "counts": runs_of(mask)}}])
    task = export(server, made.project, {"task": "segment"}, allow_lossy=False)
    assert task["status"] == "COMPLETE", task
    with zipfile.ZipFile(io.BytesIO(requests.get(task["resultUrl"], timeout=30).content)) as package:
        [name] = [name for name in package.namelist() if name.startswith("labels/")]
        [line] = package.read(name).decode().splitlines()
        assert package.read("losses.ndjson") == b""
        assert '"water"' in package.read("data.yaml").decode()
    numbers = numpy.array(line.split()[1:], dtype=float).reshape(-1, 2) * [pictures.WIDTH, pictures.HEIGHT]
    # A picture four times as large, so that the edges of pixels are whole numbers and none is halved.
    drawn = PIL.Image.new("1", (pictures.WIDTH * 4, pictures.HEIGHT * 4))
    PIL.ImageDraw.Draw(drawn).polygon([(x * 4 - 0.5, y * 4 - 0.5) for x, y in numbers], fill=1)
    middles = numpy.array(drawn)[2::4, 2::4]
    assert (middles == mask).all()


def test_an_export_that_would_lose_something_fails_with_what_it_would_lose(
    client: labelbox.Client, assets: AssetServer, server: Server
) -> None:
    made = make_small(client, assets, "losses", rows=1)
    mask = {"size": [pictures.HEIGHT, pictures.WIDTH], "counts": [0, 5, pictures.HEIGHT * pictures.WIDTH - 5]}
    made.label(0, [{"name": "water", "mask": mask}])
    refused = export(server, made.project, {}, allow_lossy=False)
    assert refused["status"] == "FAILED", refused
    message = str(refused)
    assert 'ImageSegmentationMask "water" reduced: to the box around it' in message.replace('\\"', '"')
    assert "allow_lossy" in message
    assert export(server, made.project, {}, allow_lossy=True)["status"] == "COMPLETE"


def test_masks_are_in_coco_as_they_were_drawn(client: labelbox.Client, assets: AssetServer, server: Server) -> None:
    """One without holes is the rings around its pixels, one with a hole is run lengths; with an option, both are."""
    made = make_small(client, assets, "coco masks", rows=1)
    size = [pictures.HEIGHT, pictures.WIDTH]
    block, ring = numpy.zeros(size, dtype=bool), numpy.zeros(size, dtype=bool)
    block[2:5, 3:9] = True
    ring[6:10, 2:8] = True
    ring[7:9, 4:6] = False
    labels = [{"name": "water", "mask": {"size": size, "counts": runs_of(mask)}} for mask in [block, ring]]
    made.label(0, labels)
    for masks in ["rings", "runs"]:
        task = export(server, made.project, {"masks": masks}, allow_lossy=False, file_format="coco")
        assert task["status"] == "COMPLETE", task
        with zipfile.ZipFile(io.BytesIO(requests.get(task["resultUrl"], timeout=30).content)) as package:
            written = json.loads(package.read("annotations/instances_train.json"))
        found = sorted((one["area"], one["bbox"], one["segmentation"]) for one in written["annotations"])
        assert [one[:2] for one in found] == [(18, [3, 2, 6, 3]), (20, [2, 6, 6, 4])]
        if masks == "rings":
            assert found[0][2] == [[3, 2, 9, 2, 9, 5, 3, 5]]
        else:
            assert uncompressed(found[0][2]["counts"]) == runs_of(block)
        assert found[1][2]["size"] == size and uncompressed(found[1][2]["counts"]) == runs_of(ring)
