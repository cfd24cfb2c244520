"""Events that a receiver in a process of its own gets, whatever happens to it and to the server on the way."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from served import Server

# One after the other: answers that are none, and one that is lost after the event was taken. The server waits longer after
# each failure in a row, so that there is a success between them.
FAULTS = ["reset", "taken", "none", "garbage", "none", "error", "none", "redirect"]


class Receiver:
    def __init__(self, secret, file, faults):
        self.file = file
        program = pathlib.Path(__file__).with_name("receiver.py")
        command = [sys.executable, str(program), secret, str(file), *faults]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/hook"

    def got(self):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for(self, expected):
        """Waits until events of all these tasks came in. Only a failing run waits to the end."""
        until = time.monotonic() + 180
        while time.monotonic() < until:
            found = {each["event"]["data"].get("task_id") for each in self.got()}
            if expected <= found:
                return
            time.sleep(0.2)
        raise AssertionError(f"missing: {expected - found}")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path, workspace):
    started = Server(os.environ["LABELPORT_BINARY"], str(tmp_path / "data"))
    shutil.copytree(workspace, tmp_path / "data")
    yield started.start()
    started.process.kill()


def export(server):
    body = {"scope": {"kind": "catalog"}}
    return server.send("POST", "/api/v1/exports", body).json()["id"]


def test_every_event_arrives_at_least_once_and_can_be_verified(server, native_rows, tmp_path):
    secret = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
    receiver = Receiver(secret, tmp_path / "got", FAULTS)
    topics = ["export.finished", "export.failed", "import.finished", "release.created", "rows.changed"]
    body = {"url": receiver.url, "topics": topics, "secret": secret}
    hook = server.send("POST", "/api/v1/webhooks", body).json()["id"]
    tested = server.send("POST", f"/api/v1/webhooks/{hook}/test").json()
    assert (tested["status"], tested["attempts"]) == ("FAILED", 1) and "cannot be reached" in tested["error"]

    expected = {export(server) for _ in range(4)}
    failing = {"scope": {"kind": "catalog"}, "format": {"name": "yolo"}, "params": {"all_projects": True}}
    expected.add(server.send("POST", "/api/v1/exports", failing).json()["id"])
    release = {"name": "first", "request": {"scope": {"kind": "catalog"}}}
    expected.add(server.send("POST", "/api/v1/releases", release).json()["id"])
    for task in expected:
        server.settled(task)
    # Killed with events that were not sent, or are on their way; what ends while no server runs is not lost either.
    server.process.kill()
    server.process.wait()
    row = tmp_path / "row.ndjson"
    row.write_text(json.dumps({"data_row": {"id": native_rows[0]["data_row"]["id"], "external_id": "new"}}) + "\n")
    server.run("import", "labelbox", str(row))
    server.run("export", "catalog", "-o", str(tmp_path / "rows.ndjson"))
    server.start()
    ended = server.send("GET", "/api/v1/tasks").json()
    expected |= {task["id"] for task in ended if task["kind"] in ("import", "export")} - before(server, ended)
    receiver.wait_for(expected)

    events = receiver.got()
    assert all("error" not in each["event"] for each in events)
    kinds = {each["event"]["type"] for each in events}
    assert {"export.finished", "export.failed", "import.finished", "release.created", "rows.changed"} <= kinds
    # The same event has one id, also where it came twice.
    by_id = {}
    for each in events:
        assert by_id.setdefault(each["id"], each["event"]) == each["event"]
    deliveries = server.send("GET", f"/api/v1/webhooks/{hook}/deliveries").json()
    assert {each["eventId"] for each in deliveries if each["status"] == "DELIVERED"} <= set(by_id)
    # What somebody asks for again comes again.
    done = next(each for each in deliveries if each["status"] == "DELIVERED")
    server.send("POST", f"/api/v1/webhook-deliveries/{done['id']}/resend")
    until = time.monotonic() + 60
    while sum(each["id"] == done["eventId"] for each in receiver.got()) < 2:
        assert time.monotonic() < until
        time.sleep(0.2)
    receiver.stop()


def before(server, tasks):
    """The imports that made the workspace of the demo, which ended before there was a webhook."""
    created = server.send("GET", "/api/v1/webhooks").json()[0]["createdAt"]
    return {task["id"] for task in tasks if task["finishedAt"] < created.replace("Z", "+00:00")}


def test_readers_do_not_see_urls(server):
    body = {"url": "http://127.0.0.1:1/a-secret", "topics": ["export.finished"]}
    hook = server.send("POST", "/api/v1/webhooks", body).json()["id"]
    admin, server.key = server.key, server.make_key("Reader")
    for query in ["{ organization { webhooks(first: 3, skip: 0) { url } } }", f'{{ webhook(where: {{id: "{hook}"}}) {{ url }} }}']:
        answer = server.send("POST", "/graphql", {"query": query, "variables": {}})
        assert b"a-secret" not in answer.body and b"may not change anything" in answer.body, answer.body
    for path in ["/api/v1/webhooks", f"/api/v1/webhooks/{hook}", f"/api/v1/webhooks/{hook}/deliveries"]:
        assert server.send("GET", path).status == 403
    server.key = admin
    log = "".join(server.said)
    assert "a-secret" not in log


def test_a_receiver_that_is_slow_is_asked_again(server, tmp_path):
    secret = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"
    receiver = Receiver(secret, tmp_path / "got", ["slow"])
    body = {"url": receiver.url, "topics": ["export.finished"], "secret": secret}
    hook = server.send("POST", "/api/v1/webhooks", body).json()["id"]
    receiver.wait_for({export(server)})
    until = time.monotonic() + 60
    while (delivery := server.send("GET", f"/api/v1/webhooks/{hook}/deliveries").json()[0])["status"] == "WAITING":
        assert time.monotonic() < until
        time.sleep(0.2)
    assert (delivery["status"], delivery["attempts"]) == ("DELIVERED", 2)
    receiver.stop()
