"""Labels that were made through the SDK, in formats that programs train on, by REST."""

import io
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


def export(server: Server, project: labelbox.Project, options: dict, allow_lossy: bool) -> dict:
    """Runs an export to the end and returns its task."""
    asked = {
        "scope": {"kind": "project", "id": project.uid},
        "format": {"name": "yolo", "options": options, "allow_lossy": allow_lossy},
    }
    headers = {"Authorization": f"Bearer {server.api_key}"}
    started = requests.post(f"{server.url}/api/v1/exports", json=asked, headers=headers, timeout=30)
    started.raise_for_status()
    while True:
        task = requests.get(f"{server.url}/api/v1/tasks/{started.json()['id']}", headers=headers, timeout=30).json()
        if task["status"] != "IN_PROGRESS":
            return task
        time.sleep(0.1)


def test_masks_become_the_outlines_of_their_pixels(client: labelbox.Client, assets: AssetServer, server: Server) -> None:
    """Drawn again, an outline has the pixels of the mask, no more and no fewer."""
    made = make_small(client, assets, "outlines", rows=1)
    size = [pictures.HEIGHT, pictures.WIDTH]
    mask = numpy.zeros(size, dtype=bool)
    mask[2:7, 3:9] = True
    mask[4:9, 5:6] = True
    runs, inside = [0], False
    for pixel in mask.T.ravel():
        if pixel != inside:
            runs.append(0)
            inside = bool(pixel)
        runs[-1] += 1
    made.label(0, [{"name": "water", "mask": {"size": size, "counts": runs}}])
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
