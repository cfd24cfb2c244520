"""Labels whose only copy is a file of before v2: what a program finds after the file was imported."""

import json
from collections.abc import Iterator
from pathlib import Path

import labelbox
import pytest
import requests

import versions
from assets import AssetServer, png
from serving import Server

PROJECT = "cp" + "0" * 22 + "1"
VIDEOS = "cp" + "0" * 22 + "2"
FEATURE = "cm" + "0" * 23


def schema(name: str) -> str:
    return ("cs" + name).ljust(25, "0")


def feature(number: int, title: str) -> dict:
    return {"featureId": f"cf{number:023d}", "schemaId": schema(title.lower()), "title": title, "value": title.lower()}


def record(number: int, project: str, name: str, label: object, data: str) -> dict:
    label_id = f"cl{number:023d}"
    return {
        "ID": label_id,
        "DataRow ID": f"cr{number:023d}",
        "Labeled Data": data,
        "Label": label,
        "Created By": "mara@example.test",
        "Project Name": name,
        "Created At": "2021-07-13T21:19:39.000Z",
        "Updated At": "2021-07-13T21:20:00.000Z",
        "Seconds to Label": 12.5,
        "External ID": f"old-{number}",
        "Agreement": 0.75,
        "Benchmark Agreement": -1,
        "Benchmark ID": None,
        "Dataset Name": "Harbour",
        "Reviews": [],
        "View Label": f"https://editor.example.test?project={project}&label={label_id}",
        "Has Open Issues": 1,
        "Skipped": False,
    }


def objects(mask_url: str) -> list[dict]:
    named = {"color": "#1CE6FF", "classifications": [{**feature(9, "State"), "answer": "idle"}]}
    return [
        {**feature(1, "Crane"), **named, "bbox": {"top": 1, "left": 2.25, "height": 3, "width": 4}},
        {**feature(2, "Quay"), **named, "polygon": [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 1}]},
        {**feature(3, "Water"), "featureId": FEATURE, **named, "instanceURI": mask_url},
    ]


def frames() -> list[dict]:
    """A box that is not on a line between its key frames, so that all frames are kept."""
    box = {**feature(4, "Boat"), "color": "#008941", "classifications": []}
    places = [10, 11, 15, 13]
    return [
        {
            "frameNumber": number,
            "classifications": [],
            "objects": [
                {**box, "bbox": {"top": 1.0, "left": place, "height": 2.0, "width": 3.0}, "keyframe": number in (1, 4)}
            ],
        }
        for number, place in enumerate(places, start=1)
    ]


@pytest.fixture(scope="module")
def given(assets: AssetServer) -> list[dict]:
    answers = [{**feature(5, "Weather"), "answer": {**feature(6, "Fog")}}]
    mask_url = assets.add("/archives/mask.png", "image/png", png())
    label = {"objects": objects(mask_url), "classifications": answers}
    return [record(1, PROJECT, "Cameras", label, "https://assets.example.test/1.jpg")]


@pytest.fixture(scope="module")
def archive(binary: str, given: list[dict], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose workspace was made of two files of before v2."""
    folder = tmp_path_factory.mktemp("archives")
    server = Server(binary, folder / "data")
    (folder / "cameras.json").write_text(json.dumps(given))
    videos = [
        record(2, VIDEOS, "Videos", frames(), "https://assets.example.test/2.mp4"),
        record(3, VIDEOS, "Videos", {"frames": "frames/3.ndjson"}, "https://assets.example.test/3.mp4"),
    ]
    (folder / "videos.ndjson").write_text("".join(json.dumps(video) + "\n" for video in videos))
    (folder / "frames").mkdir()
    (folder / "frames" / "3.ndjson").write_text("".join(json.dumps(frame) + "\n" for frame in frames()))
    files = [folder / "cameras.json", folder / "videos.ndjson"]
    fetch = ["--fetch-media", "--allow-fetch", "127.0.0.0/8"]
    imported = server.event("imported", "import", "labelbox-v1", *files, *fetch)["archive"]
    assert imported["objects"] == {"read": 11, "stored": 11}
    assert imported["here"] == {"masks": 1, "frame_files": 1}
    assert imported["still_elsewhere"] == {"masks": 0, "frame_files": 0}
    yield server.start()
    server.stop()


def geometry(label: dict) -> list[dict]:
    """What a label draws, without the address of a mask, which is ours now."""
    return [{key: value for key, value in one.items() if key != "instanceURI"} for one in label["objects"]]


@pytest.mark.skipif(not versions.LEGACY, reason="this version has no exports of the first format")
def test_the_old_export_gives_the_file_back(archive: Server, given: list[dict]) -> None:
    project = archive.client().get_project(PROJECT)
    [row] = project.export_labels(download=True)
    [expect] = given
    assert geometry(row["Label"]) == geometry(expect["Label"])
    assert row["Label"]["classifications"] == expect["Label"]["classifications"]
    changed = {"Label", "View Label"}
    assert {key: row[key] for key in expect if key not in changed} == {
        key: value for key, value in expect.items() if key not in changed
    }
    [label] = project.label_generator()
    assert len(label.annotations) == 4
    mask = next(one for one in row["Label"]["objects"] if "instanceURI" in one)
    assert requests.get(mask["instanceURI"], timeout=30).content.startswith(b"\x89PNG")


@pytest.mark.skipif(not versions.LEGACY, reason="this version has no exports of the first format")
def test_frames_of_videos_come_as_they_were(archive: Server) -> None:
    project = archive.client().get_project(VIDEOS)
    headers = {"Authorization": f"Bearer {archive.api_key}"}
    rows = project.export_labels(download=True)
    assert len(rows) == 2
    for row in rows:
        text = requests.get(row["Label"]["frames"], headers=headers, timeout=30).text
        assert [json.loads(line) for line in text.splitlines()] == frames()
    reader = getattr(project, "video_label_generator", project.label_generator)
    for label in reader():
        assert [annotation.frame for annotation in label.annotations] == [1, 2, 3, 4]


def test_the_project_can_be_worked_on(archive: Server) -> None:
    """It has an ontology of the features that occur, and its labels come out in today's form."""
    client: labelbox.Client = archive.client()
    project = client.get_project(PROJECT)
    tools = project.ontology().normalized["tools"]
    assert [(tool["name"], tool["tool"], tool["color"]) for tool in tools] == [
        ("Crane", "rectangle", "#1CE6FF"),
        ("Quay", "polygon", "#1CE6FF"),
        ("Water", "raster-segmentation", "#1CE6FF"),
    ]
    assert [len(tool["classifications"]) for tool in tools] == [1, 1, 1]
    [question] = project.ontology().normalized["classifications"]
    assert (question["instructions"], question["type"]) == ("Weather", "radio")
    assert [option["value"] for option in question["options"]] == ["fog"]
    task = project.export_v2(params={"label_details": True, "performance_details": True})
    task.wait_till_done()
    [row] = task.result
    [label] = row["projects"][PROJECT]["labels"]
    assert label["performance_details"]["consensus_score"] == 0.75
    box, polygon, mask = label["annotations"]["objects"]
    assert box["bounding_box"] == {"top": 1, "left": 2.25, "height": 3, "width": 4}
    assert requests.get(mask["mask"]["url"], timeout=30).content.startswith(b"\x89PNG")


def test_a_label_says_where_its_frames_are_still(binary: str, tmp_path: Path) -> None:
    """Frames that nobody fetched are where the file says, in the label by itself too."""
    url = "https://frames.example.test/3.ndjson"
    file = tmp_path / "waiting.json"
    file.write_text(json.dumps([record(3, VIDEOS, "Videos", {"frames": url}, "https://assets.example.test/3.mp4")]))
    server = Server(binary, tmp_path / "data")
    server.run("import", "labelbox-v1", file)
    server.start()
    try:
        [label] = server.client().get_project(VIDEOS).labels()
        assert json.loads(label.label) == {"frames": url}
    finally:
        server.stop()
