"""Exports 10,000 tasks with six boxes each from Label Studio, as JSON over HTTP; prints seconds and tasks."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

TASKS = 10_000
BOXES = 6
PORT = 18080
TOKEN = "0123456789abcdef0123456789abcdef01234567"
CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
    '<Label value="wagon"/></RectangleLabels></View>'
)


def ask(path: str, body: object | None = None) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", method="POST" if body is not None else "GET")
    request.add_header("Authorization", f"Token {TOKEN}")
    data = None
    if body is not None:
        request.add_header("Content-Type", "application/json")
        data = json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=600) as answer:
        return answer.read()


def box(number: int) -> dict:
    value = {"x": number, "y": 10.5, "width": 20, "height": 15, "rotation": 0, "rectanglelabels": ["wagon"]}
    return {"from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": value}


with tempfile.TemporaryDirectory() as folder:
    command = [str(Path(sys.executable).with_name("label-studio")), "start", "--no-browser", "--port", str(PORT)]
    command += ["--data-dir", folder, "--username", "a@example.test", "--password", "password1", "--user-token", TOKEN]
    environment = {**os.environ, "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true"}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        for attempt in range(120):
            try:
                ask("/api/projects")
                break
            except OSError:
                time.sleep(1)
        project = json.loads(ask("/api/projects", {"title": "bench", "label_config": CONFIG}))["id"]
        for first in range(0, TASKS, 1_000):
            tasks = [
                {
                    "data": {"image": f"https://assets.example.test/{first + index}.jpg"},
                    "annotations": [{"result": [box(number) for number in range(BOXES)]}],
                }
                for index in range(1_000)
            ]
            ask(f"/api/projects/{project}/import", tasks)
        started = time.perf_counter()
        exported = json.loads(ask(f"/api/projects/{project}/export?exportType=JSON"))
        seconds = time.perf_counter() - started
    finally:
        server.terminate()
        server.wait()
print(seconds, len(exported))
