"""What has to hold when clients and servers fail: crashes, broken downloads, crowds and repetitions."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import labelbox
import pytest
import requests

import versions
from assets import AssetServer
from exporting import FROM_OFFSET, Export, Exports
from serving import Server
from subjects import IMAGE
from traffic import Traffic
from versions import SDK_ERRORS, exceptions
from workspace import Made, connect, create_ontology, create_project, create_rows

ROWS = 20_000
PROJECT = "c" + "p" * 24
DATASET = "c" + "d" * 24
START_EXPORT = "mutation($input: ExportInput!) {exportDataRowsInCatalog(input: $input) {taskId}}"
SEEN = "2025-03-03T08:15:00.000+00:00"


def row(number: int) -> dict:
    """A row of an export file, with a label of two boxes."""

    def drawn(part: int) -> dict:
        return {
            "feature_id": f"c{number:012d}{part:012d}",
            "feature_schema_id": "c" + "s" * 24,
            "name": "boat",
            "value": "boat",
            "annotation_kind": "ImageBoundingBox",
            "classifications": [],
            "bounding_box": {"top": 8.0, "left": float(number % 640), "height": 6.0, "width": 3.0},
        }

    details = {
        "dataset_id": DATASET,
        "dataset_name": "many",
        "created_at": SEEN,
        "updated_at": SEEN,
        "last_activity_at": SEEN,
        "created_by": "ingest@example.test",
    }
    label = {
        "label_kind": "Default",
        "version": "1.0.0",
        "id": f"cl{number:023d}",
        "annotations": {"objects": [drawn(1), drawn(2)], "classifications": [], "relationships": []},
    }
    return {
        "data_row": {
            "id": f"cr{number:023d}",
            "external_id": f"{number}.png",
            "row_data": f"https://assets.example.test/{number}.png",
            "details": details,
        },
        "media_attributes": {"height": 480, "width": 640, "asset_type": "image", "mime_type": "image/png"},
        "attachments": [],
        "metadata_fields": [],
        "projects": {PROJECT: {"name": "many", "labels": [label], "project_tags": []}},
    }


@pytest.fixture(scope="module")
def crowded(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own with many rows, which tests may kill."""
    folder = tmp_path_factory.mktemp("crowded")
    file = folder / "rows.ndjson"
    file.write_text("".join(json.dumps(row(number)) + "\n" for number in range(ROWS)))
    server = Server(binary, folder / "data")
    server.run("import", "labelbox", file)
    server.start()
    yield server
    server.stop()


def killed_while_running(server: Server, project: labelbox.Project, traffic: Traffic) -> list[tuple]:
    """Starts more and more exports at once until some are still running when all have been asked for, and kills the
    server under them. Returns the tasks that were running, each with what was asked."""
    for crowd in (12, 48, 192, 768):
        with ThreadPoolExecutor(crowd) as threads:
            tasks = list(threads.map(lambda _: project.export_v2(params={"data_row_details": True}), range(crowd)))
        if any(task.status == "IN_PROGRESS" for task in tasks):
            server.kill()
            return [(task, *traffic.last_export()) for task in tasks if task.status == "IN_PROGRESS"]
    raise AssertionError("every export was over before anybody could look")


def test_exports_survive_kill_9(crowded: Server, traffic: Traffic, tmp_path: Path) -> None:
    """The server is killed under exports and started again on its port: the waiting calls end with the right bytes."""
    client = crowded.client()
    running = killed_while_running(crowded, client.get_project(PROJECT), traffic)
    with ThreadPoolExecutor(len(running)) as threads:
        waiting = [threads.submit(task.wait_till_done) for task, _, _ in running]
        crowded.start()
        for one in waiting:
            one.result(timeout=120)
    assert {task.status for task, _, _ in running} == {"COMPLETE"}
    exports = Exports(client, crowded, traffic, tmp_path)
    first = Export(running[0][0], False, *running[0][1:], client)
    assert len(exports.check(first)) == ROWS
    whole = first.bytes()
    for task, _, _ in running[1:]:
        assert requests.get(task.result_url, timeout=60).content == whole


def test_what_was_acknowledged_survives_kill_9(crowded: Server) -> None:
    """A dataset, a row and a key of an upload are there after a crash that comes right after the answer."""
    client = crowded.client()
    dataset = client.create_dataset(name="acknowledged")
    create_rows(dataset, [{"row_data": "a text", "media_type": "TEXT", "global_key": "acknowledged"}])
    url = client.upload_data(b"acknowledged", filename="a.txt", content_type="text/plain")
    crowded.kill()
    crowded.start()
    [kept] = crowded.client().get_dataset(dataset.uid).data_rows()
    assert kept.global_key == "acknowledged"
    assert requests.get(url, timeout=30).content == b"acknowledged"


def test_an_export_is_canceled(crowded: Server) -> None:
    """`client.cancel_task` ends an export that waits for its turn, and refuses one that has ended."""
    if not versions.CANCELS:
        pytest.skip("this version cannot cancel tasks")
    client = crowded.client()
    query = {"input": {"filters": {}, "params": {"data_row_details": True, "label_details": True}}}
    with ThreadPoolExecutor(12) as threads:
        starts = [threads.submit(crowded.client().execute, START_EXPORT, query) for _ in range(12)]
        # Whoever starts an export waits a moment for it, so that waiting ones are found by the list.
        waiting = []
        while len(waiting) < 2:
            waiting = crowded.tasks("IN_PROGRESS")
        newest = waiting[0]["id"]
        assert client.cancel_task(newest)
        ended = [start.result()["exportDataRowsInCatalog"]["taskId"] for start in starts]
    assert newest in ended
    assert labelbox.Task.get_task(client, newest).status == "CANCELED"
    with pytest.raises(SDK_ERRORS):
        client.cancel_task(newest)


def test_a_finished_export_survives_a_restart(crowded: Server) -> None:
    """Its URLs and its task outlive the process."""
    client = crowded.client()
    task = client.get_project(PROJECT).export_v2()
    task.wait_till_done()
    before = requests.get(task.result_url, timeout=60).content
    crowded.kill()
    crowded.start()
    assert requests.get(task.result_url, timeout=60).content == before
    assert labelbox.Task.get_task(crowded.client(), task.uid).status == "COMPLETE"


def test_clients_that_hang_up_do_no_harm(crowded: Server) -> None:
    """Downloads are broken off after the first bytes, again and again; the next one is whole."""
    client = crowded.client()
    task = client.get_project(PROJECT).export_v2()
    task.wait_till_done()
    url = urlsplit(task.result_url)
    whole = requests.get(task.result_url, timeout=60).content
    for _ in range(30):
        with socket.create_connection((url.hostname, url.port), timeout=10) as broken:
            broken.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert broken.recv(100).startswith(b"HTTP/1.1 200")
    assert requests.get(task.result_url, timeout=60).content == whole


def test_a_download_can_be_resumed(crowded: Server) -> None:
    """The second half is asked for alone, as `curl -C -` does."""
    task = crowded.client().get_project(PROJECT).export_v2()
    task.wait_till_done()
    whole = requests.get(task.result_url, timeout=60).content
    half = len(whole) // 2
    rest = requests.get(task.result_url, headers={"Range": f"bytes={half}-"}, timeout=60)
    assert (rest.status_code, rest.content) == (206, whole[half:])


def test_a_large_result_comes_in_files(crowded: Server, traffic: Traffic, tmp_path: Path) -> None:
    """A stream of many rows: every file ends with a line, and all together are the bytes of the command line."""
    if not versions.STREAMS:
        pytest.skip("this version has no streams")
    client = crowded.client()
    exports = Exports(client, crowded, traffic, tmp_path)
    export = exports.start(client.get_project(PROJECT).export)
    exports.wait([export])
    assert len(exports.check(export)) == ROWS
    variables = {"where": {"id": export.id}, "streamType": "RESULT"}
    for offset in (1, 1000, len(export.bytes()) - 1):
        info = client.execute(FROM_OFFSET, {**variables, "offset": str(offset)})["task"]["exportFileFromOffset"]
        assert int(info["offsets"]["start"]) <= offset <= int(info["offsets"]["end"])
        assert requests.get(info["file"], timeout=30).content.endswith(b"\n")


def test_two_hundred_clients_poll_at_once(server: Server, image: Made) -> None:
    """Everyone is answered, and answered right."""
    task = image.project.export_v2()

    def poll(_: int) -> str:
        client = server.client()
        assert client.get_user().email
        return labelbox.Task.get_task(client, task.uid).uid

    with ThreadPoolExecutor(200) as threads:
        assert set(threads.map(poll, range(200))) == {task.uid}


def test_two_at_once_make_one_batch(client: labelbox.Client, assets: AssetServer) -> None:
    """The same mutation twice at the same time, as after a timeout: one batch, and one refusal."""
    dataset = client.create_dataset(name="at once")
    create_rows(
        dataset, [{"row_data": f"{assets.url}/boat.png?once{n}", "global_key": f"at once {n}"} for n in range(2)]
    )
    project = create_project(client, "at once", IMAGE)
    outcomes = twice(lambda n: project.create_batch("one", global_keys=[f"at once {n}"]))
    assert sorted(outcomes) == ["done", "refused"]
    assert [batch.name for batch in project.batches()] == ["one"]


def test_two_at_once_make_one_row(client: labelbox.Client) -> None:
    """The same global key twice at the same time: one row."""
    dataset = client.create_dataset(name="key at once")

    def create(_: int) -> None:
        task = dataset.create_data_rows([{"row_data": "text", "media_type": "TEXT", "global_key": "key at once"}])
        task.wait_till_done()
        if task.errors:
            raise exceptions.LabelboxError(str(task.errors))

    assert sorted(twice(create)) == ["done", "refused"]
    assert len(list(dataset.data_rows())) == 1


def test_two_at_once_make_one_import(client: labelbox.Client, image: Made) -> None:
    """The same name of an import twice at the same time: one import."""
    project = create_project(client, "import at once", IMAGE)
    connect(project, create_ontology(client, IMAGE))
    project.create_batch("one", data_rows=image.row_ids[:1])
    lines = [{"uuid": "1", "name": "note", "answer": "once", "dataRow": {"id": image.row_ids[0]}}]
    outcomes = twice(lambda _: labelbox.LabelImport.create_from_objects(client, project.uid, "once", lines))
    assert sorted(outcomes) == ["done", "refused"]


def twice(call: object) -> list[str]:
    """Calls it twice at once; says of each whether it was done or refused by the server."""

    def one(number: int) -> str:
        try:
            call(number)
        except SDK_ERRORS:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(one, range(2)))
