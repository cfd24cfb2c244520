"""The program of `docs/delta.md`, run against a server that is changed and killed meanwhile, as it is itself."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
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


def test_a_folder_stays_in_step_while_both_sides_are_killed(server, tmp_path):
    program = tmp_path / "follow.py"
    program.write_text(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])
    folder = tmp_path / "rows"
    folder.mkdir()
    chance = random.Random(11)

    def follow():
        return subprocess.Popen([sys.executable, str(program), server.url, server.key, str(folder)], stderr=subprocess.PIPE)

    killed = [0, 0]
    rows = rows_of(server, tmp_path)
    for number in range(ROUNDS):
        change(server, rows, chance, tmp_path, f"round {number}")
        if chance.random() < 0.4:
            running = follow()
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
        running = follow()
        assert running.wait() == 0, running.stderr.read().decode()
        running.communicate()
        rows = rows_of(server, tmp_path)
        found = {file.stem: file.read_bytes() for file in folder.glob("*.json")}
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
