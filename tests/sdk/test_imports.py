"""Imports of annotations: their life, what they report, and that they make what they say."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import labelbox
import labelbox.types as lb_types
import pytest
import requests
from labelbox import LabelImport, MALPredictionImport

import versions
from assets import AssetServer
from exporting import Exports
from shapes import legible
from subjects import BOX, IMAGE, VIDEO
from versions import SDK_ERRORS, exceptions
from workspace import Made, connect, create_ontology, create_project, create_rows, settle

TEXT_LINE = {"name": "note", "answer": "fine"}


def line(key: str, **more: object) -> dict:
    return {"uuid": f"{key} {len(more)}", "dataRow": {"globalKey": key}, **(more or TEXT_LINE)}


@dataclass(frozen=True)
class Bench:
    """A project of its own, so that imports of these tests do not show in the workspace."""

    project: labelbox.Project
    video: labelbox.Project
    row_ids: dict[str, str]


KEYS = ["plain", "partly", "file", "url", "objects", "by id", "unbatched"]


@pytest.fixture(scope="module")
def bench(client: labelbox.Client, assets: AssetServer) -> Bench:
    dataset = client.create_dataset(name="imports")
    keys = [f"import {key}" for key in KEYS]
    create_rows(
        dataset, [{"row_data": f"{assets.url}/boat.png?import={i}", "global_key": k} for i, k in enumerate(keys)]
    )
    create_rows(dataset, [{"row_data": f"{assets.url}/clip.mp4?import=1", "global_key": "import video"}])
    found = client.get_data_row_ids_for_global_keys([*keys, "import video"])["results"]
    row_ids = dict(zip([*KEYS, "video"], found, strict=True))
    project = create_project(client, "imports", IMAGE)
    connect(project, create_ontology(client, IMAGE))
    project.create_batch("all but one", data_rows=[row_ids[key] for key in KEYS if key != "unbatched"])
    video = create_project(client, "imports of videos", VIDEO)
    connect(video, create_ontology(client, VIDEO))
    video.create_batch("one", data_rows=[row_ids["video"]])
    return Bench(project, video, row_ids)


def start(kind: type, client: labelbox.Client, project: labelbox.Project, name: str, lines: list) -> object:
    return kind.create_from_objects(client, project.uid, name, lines)


@pytest.fixture(scope="module")
def imports(
    bench: Bench, client: labelbox.Client, assets: AssetServer, tmp_path_factory: pytest.TempPathFactory
) -> dict:
    """Imports of every sort, started together; each is looked at by a test below."""
    file = tmp_path_factory.mktemp("lines") / "lines.ndjson"
    file.write_text(json.dumps(line("import file")))
    body = json.dumps(line("import url")) + "\n"
    url = assets.add("/lines.ndjson", "application/x-ndjson", body.encode())
    missing = assets.add("/missing.ndjson", "application/x-ndjson", None)
    garbled = assets.add("/garbled.ndjson", "application/x-ndjson", b"\x00\xff this is no NDJSON\n{")
    partly = [
        line("import partly"),
        line("import partly", name="nobody", answer="knows this feature"),
        line("import partly", name="boat", polygon=[{"x": 1, "y": 1}]),
        line("nobody knows this row"),
        line("import unbatched"),
        line("import partly", name="shift", answer={"name": "no such option"}),
    ]
    project = bench.project
    started = {
        "plain": start(LabelImport, client, project, "plain import / of \u00fcnusual name", [line("import plain")]),
        "partly": start(LabelImport, client, project, "partly", partly),
        "file": LabelImport.create_from_file(client, project.uid, "file", str(file)),
        "url": LabelImport.create_from_url(client, project.uid, "url", url),
        "garbled": LabelImport.create_from_url(client, project.uid, "garbled", garbled),
        "missing": LabelImport.create_from_url(client, project.uid, "missing", missing),
        "objects": start(LabelImport, client, project, "objects", [image_label()]),
        "video": start(LabelImport, client, bench.video, "video", [video_label()]),
        "by id": start(
            LabelImport,
            client,
            project,
            "by id",
            [{**TEXT_LINE, "uuid": "1", "dataRow": {"id": bench.row_ids["by id"]}}],
        ),
        "prelabels": start(MALPredictionImport, client, project, "prelabels", [line("import plain")]),
    }
    first_states = {name: (one.state.value, one.status_file_url, one.error_file_url) for name, one in started.items()}
    for one in started.values():
        wait: Callable = getattr(one, "wait_till_done", None) or one.wait_until_done
        wait(sleep_time_seconds=1)
    return {**started, "first states": first_states}


def data_of(key: str, kind: str) -> object:
    """The data of a label, in the form that this version documents."""
    if hasattr(lb_types, kind):
        return getattr(lb_types, kind)(global_key=key)
    return {"global_key": key}


def image_label() -> lb_types.Label:
    start, end = lb_types.Point(x=4, y=8), lb_types.Point(x=7, y=14)
    kind = lb_types.ClassificationAnnotation(
        name="boat_kind", value=lb_types.Radio(answer=lb_types.ClassificationAnswer(name="tug"))
    )
    box = lb_types.ObjectAnnotation(name="boat", value=lb_types.Rectangle(start=start, end=end), classifications=[kind])
    note = lb_types.ClassificationAnnotation(name="note", value=lb_types.Text(answer="seen"))
    return lb_types.Label(data=data_of("import objects", "ImageData"), annotations=[box, note])


def video_label() -> lb_types.Label:
    def box(frame: int) -> lb_types.VideoObjectAnnotation:
        value = lb_types.Rectangle(start=lb_types.Point(x=frame, y=8), end=lb_types.Point(x=frame + 3, y=14))
        return lb_types.VideoObjectAnnotation(name="boat", keyframe=True, frame=frame, segment_index=0, value=value)

    return lb_types.Label(data=data_of("import video", "VideoData"), annotations=[box(2), box(5)])


def test_an_import_runs_first_and_has_no_urls(imports: dict) -> None:
    """Callers assert that a new import is RUNNING and has nothing to read yet."""
    for name, state in imports["first states"].items():
        assert state == ("RUNNING", None, None), name


@pytest.mark.parametrize("name", ["plain", "file", "url", "objects", "video", "by id", "prelabels"])
def test_a_good_import_ends_well(name: str, imports: dict) -> None:
    """FINISHED, every line a SUCCESS, no errors, and the input is there to read again."""
    done = imports[name]
    assert done.state.value == "FINISHED"
    assert done.errors == []
    assert {status["status"] for status in done.statuses} == {"SUCCESS"}
    assert len(done.statuses) == len(done.inputs) >= 1
    assert done.error_file_url and done.status_file_url
    assert done.progress is None or done.progress.endswith("%")


def test_statuses_name_the_row_as_the_line_does(imports: dict, bench: Bench) -> None:
    """By its global key if it did, and by its id in any case."""
    [status] = imports["plain"].statuses
    assert set(status) >= {"uuid", "dataRow", "status", "errors"}
    assert status["dataRow"] == {"id": bench.row_ids["plain"], "globalKey": "import plain"}
    assert status["uuid"] == line("import plain")["uuid"]


def test_input_of_a_url_is_the_url(imports: dict, assets: AssetServer) -> None:
    """What was given is given back; what was uploaded lies at a URL of the server."""
    assert imports["url"].input_file_url == f"{assets.url}/lines.ndjson"
    body = requests.get(imports["file"].input_file_url, timeout=30)
    assert body.content == json.dumps(line("import file")).encode()


def test_one_bad_line_fails_alone(imports: dict, bench: Bench) -> None:
    """A status for each line, in order; the errors are those of the bad lines, in sentences."""
    partly = imports["partly"]
    assert partly.state.value == "FINISHED"
    assert [status["status"] for status in partly.statuses] == ["SUCCESS"] + ["FAILURE"] * 5
    assert len(partly.errors) == 5
    for status in partly.errors:
        [error, *_] = status["errors"]
        assert error["name"] and len(error["message"]) > 10


def test_a_file_that_cannot_be_read_fails_the_import(imports: dict) -> None:
    """FAILED, and the client says so when it is asked for the errors; the files say why."""
    assert imports["missing"].state.value == "FAILED"
    for url in (imports["missing"].status_file_url, imports["missing"].error_file_url):
        [status] = [json.loads(one) for one in requests.get(url, timeout=30).text.splitlines()]
        assert status["status"] == "FAILURE" and "404" in status["errors"][0]["message"]
    with pytest.raises(ValueError, match="Import failed"):
        _ = imports["missing"].errors


def test_lines_that_are_no_json_fail_each(imports: dict) -> None:
    """Bytes that are not a text and a line that breaks off: a failure for each, or for the import."""
    garbled = imports["garbled"]
    if garbled.state.value == "FINISHED":
        assert [status["status"] for status in garbled.statuses] == ["FAILURE"] * 2
    else:
        assert garbled.state.value == "FAILED"


def test_labels_are_there_and_prelabels_are_not(imports: dict, bench: Bench) -> None:
    """`project.labels()` lists one label for each row that was labelled."""
    found = list(bench.project.labels())
    labelled = {label.data_row().uid for label in found}
    expected = {bench.row_ids[key] for key in KEYS if key != "unbatched"}
    assert labelled == expected and len(found) == len(expected)


def test_imports_are_exported_at_once(imports: dict, bench: Bench, exports: Exports) -> None:
    """Whatever is FINISHED is in the next export, for labels written with the classes of the SDK too."""
    image = exports.start(bench.project.export_v2, filters={"global_keys": ["import objects"]})
    video = exports.start(bench.video.export_v2)
    exports.wait([image, video])
    [row] = image.rows()
    [label] = row["projects"][bench.project.uid]["labels"]
    shown = legible(label["annotations"])
    [box] = shown["objects"]
    assert (box["annotation_kind"], box["bounding_box"]) == ("ImageBoundingBox", BOX)
    assert box["classifications"][0]["radio_answer"]["value"] == "tug"
    assert shown["classifications"][0]["text_answer"]["content"] == "seen"
    [row] = video.rows()
    [label] = row["projects"][bench.video.uid]["labels"]
    shown = legible(label["annotations"])
    assert list(shown["frames"]) == ["2", "5"] and shown["segments"] == {"boat": [[2, 5]]}


def test_an_import_is_found_by_its_name(imports: dict, bench: Bench, client: labelbox.Client) -> None:
    """Another process finds it; an unknown name is not found."""
    found = LabelImport.from_name(client, bench.project.uid, imports["plain"].name)
    assert (found.uid, found.state.value) == (imports["plain"].uid, "FINISHED")
    with pytest.raises(exceptions.ResourceNotFoundError):
        LabelImport.from_name(client, bench.project.uid, "nobody made this one")
    with pytest.raises(exceptions.ResourceNotFoundError):
        MALPredictionImport.from_name(client, bench.project.uid, "nobody made this one")


def test_a_name_is_given_once(imports: dict, bench: Bench, client: labelbox.Client) -> None:
    """A creation that is repeated after a timeout makes no second import and no second label."""
    count = len(list(bench.project.labels()))
    with pytest.raises(SDK_ERRORS, match="partly"):
        start(LabelImport, client, bench.project, "partly", [line("import plain")])
    assert len(list(bench.project.labels())) == count


def test_a_second_import_makes_a_second_label(imports: dict, bench: Bench, client: labelbox.Client) -> None:
    """All lines of a row in one import are one label; the next import is another."""
    again = start(
        LabelImport,
        client,
        bench.project,
        "again",
        [line("import plain"), line("import plain", name="note", answer="b")],
    )
    settle(again)
    of_row = [label for label in bench.project.labels() if label.data_row().uid == bench.row_ids["plain"]]
    assert len(of_row) == 2


@pytest.mark.skipif(not versions.LEGACY, reason="this version has no such method")
def test_annotations_are_uploaded_through_the_project(bench: Bench, imports: dict) -> None:
    """The older name of pre-labels, `project.upload_annotations`, still imports."""
    request = bench.project.upload_annotations(name="older", annotations=[line("import plain")], validate=False)
    assert request.state.value in ("RUNNING", "FINISHED")


def test_a_project_that_is_not_there(client: labelbox.Client) -> None:
    """An import into nothing is refused with a sentence."""
    with pytest.raises(SDK_ERRORS):
        LabelImport.create_from_objects(client, "c" + "0" * 24, "lost", [line("import plain")])


def test_what_the_workspace_made_is_reported(made: Made) -> None:
    """For each data type: as many successes as lines."""
    assert len(made.labels.statuses) == len(made.labels.inputs)
    assert len(made.predictions.statuses) == len(made.predictions.inputs)
    assert {status["status"] for status in made.predictions.statuses} == {"SUCCESS"}


def test_lines_without_a_row_are_refused_by_the_client(bench: Bench, client: labelbox.Client, tmp_path: Path) -> None:
    """The client checks it before anything is sent."""
    with pytest.raises(ValueError, match="dataRow"):
        LabelImport.create_from_objects(client, bench.project.uid, "rowless", [dict(TEXT_LINE)])
