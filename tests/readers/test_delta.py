"""The program of `docs/delta.md`, run against a server that is changed and killed meanwhile, as it is itself."""

import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from served import Server

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "delta.md"

# How often the folder follows, and how many changes are made before each time.
ROUNDS = 40
CHANGES = 25


@pytest.fixture
def server(workspace, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(workspace, data)
    started = Server(os.environ["LABELPORT_BINARY"], str(data)).start()
    yield started
    started.stop()


def rows_of(server, folder):
    """Returns the rows of a full export, by id."""
    server.run("export", "catalog", "--all-projects", "--force", "-o", str(folder / "full.ndjson"))
    lines = (folder / "full.ndjson").read_bytes().splitlines(keepends=True)
    return {json.loads(line)["data_row"]["id"]: line for line in lines}


def change(server, rows, chance, folder, word):
    """Makes so many changes: rows are edited by an import, deleted by the SDK's call, made anew, and renamed for."""
    lines = []
    for number in range(CHANGES):
        line = json.loads(chance.choice(list(rows.values())))
        kind = chance.randrange(4)
        if kind == 0:
            line["data_row"]["id"] = "c" + "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=24))
            line["data_row"].pop("global_key", None)
            line["projects"] = {}
        elif kind == 1:
            for project in line["projects"].values():
                project["labels"] = project["labels"][:-1]
        elif kind == 2 and line["projects"]:
            chance.choice(list(line["projects"].values()))["name"] = f"{word} {number}"
        else:
            line["data_row"]["external_id"] = f"{word} {number}"
        lines.append(json.dumps(line))
    (folder / "edit.ndjson").write_text("\n".join(lines) + "\n")
    gone = chance.sample(sorted(rows), min(3, len(rows) // 4))
    query = "mutation ($where: DeleteDataRowsInput!) { deleteDataRows(where: $where) { id } }"
    server.graphql(query, {"where": {"dataRowIds": gone}})
    command = [server.binary, "--data", server.data, "import", "labelbox", str(folder / "edit.ndjson")]
    ran = subprocess.run(command, capture_output=True, text=True)
    # What contradicts the workspace is refused, and the rest is in it.
    assert ran.returncode in (0, 3), ran.stderr


@pytest.fixture
def follow(server, tmp_path):
    """Starts the program of the page on a folder; returns the process."""
    program = tmp_path / "follow.py"
    program.write_text(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])

    def start(folder, url=None):
        command = [sys.executable, str(program), url or server.url, server.key, str(folder)]
        return subprocess.Popen(command, stderr=subprocess.PIPE)

    return start


@pytest.fixture
def cutting(server):
    """Starts a server that passes requests on, and breaks the connection after half the lines of one kind of answer."""
    started = []

    def start(kind):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
                answer = server.send(self.command, self.path, body and json.loads(body))
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                lines = answer.body.splitlines(keepends=True)
                self.wfile.write(b"".join(lines[: len(lines) // 2]) if self.path.endswith(kind) else answer.body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        started.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=started[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{started[-1].server_port}"

    yield start
    for passing in started:
        passing.shutdown()
        passing.server_close()


def files_of(folder):
    return {file.stem: file.read_bytes() for file in folder.glob("*.json")}


@pytest.mark.parametrize("kind", ["/result", "/changes"])
def test_a_folder_loses_no_row_when_a_connection_breaks(server, follow, cutting, tmp_path, kind):
    folder = tmp_path / "rows"
    folder.mkdir()
    assert follow(folder).wait() == 0
    change(server, rows_of(server, tmp_path), random.Random(5), tmp_path, "edit")
    watermark = (folder / "watermark").read_text()

    broken = follow(folder, cutting(kind))

    assert b"did not arrive whole" in broken.communicate()[1]
    assert broken.returncode == 1
    assert (folder / "watermark").read_text() == watermark
    assert follow(folder).wait() == 0
    assert files_of(folder) == rows_of(server, tmp_path)


def test_a_folder_stays_in_step_while_both_sides_are_killed(server, follow, tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    chance = random.Random(11)

    killed = [0, 0]
    rows = rows_of(server, tmp_path)
    for number in range(ROUNDS):
        change(server, rows, chance, tmp_path, f"round {number}")
        if chance.random() < 0.4:
            running = follow(folder)
            time.sleep(chance.random() * 0.2)
            if chance.random() < 0.5:
                killed[0] += running.poll() is None
                running.kill()
            else:
                killed[1] += 1
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                server.start()
            running.communicate()
        running = follow(folder)
        assert running.wait() == 0, running.stderr.read().decode()
        running.communicate()
        rows = rows_of(server, tmp_path)
        found = files_of(folder)
        assert found.keys() == rows.keys(), f"round {number}"
        assert found == rows, f"round {number}"
    assert min(killed) > 0, killed


def test_a_watermark_that_does_not_fit_is_refused_at_once(server):
    order = {"scope": {"kind": "catalog"}}
    first = server.send("POST", "/api/v1/exports", order).json()
    assert server.settled(first["id"])["status"] == "COMPLETE"
    manifest = server.send("GET", f"/api/v1/exports/{first['id']}/manifest").json()
    other = {"scope": {"kind": "catalog"}, "params": {"attachments": True}, "since": manifest["watermark"]}
    for request, said in [(other, "another request"), (order | {"since": "moon"}, "is not a watermark")]:
        answer = server.send("POST", "/api/v1/exports", request)
        assert answer.status == 400 and said in answer.json()["message"], answer.body
