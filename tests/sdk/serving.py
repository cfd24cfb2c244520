"""A labelport process, and what a test does with it: start, ask over the command line, kill, start again."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import labelbox
import requests

# How long a start may take before the test says that there is no server. Only a failing run waits that long.
START_SECONDS = 30
KEY = re.compile(r"lbp_[0-9a-f]{64}")


# The database and the bucket of each data folder, where a run is about those.
places: dict[Path, dict[str, str]] = {}


def place_of(data: Path) -> dict[str, str]:
    """The environment that leads to the rows and the results of a data folder: nothing, unless `xtask` says otherwise."""
    server, results = os.environ.get("LABELPORT_TEST_ROWS"), os.environ.get("LABELPORT_TEST_RESULTS")
    if server is None or results is None:
        return {}
    if data not in places:
        name = f"labelport_sdk_{os.getpid()}_{len(places)}"
        create = [os.environ["LABELPORT_TEST_CREATEDB"], "--maintenance-db", server, name]
        subprocess.run(create, check=True, capture_output=True, timeout=60)
        store = f"{server.rpartition('/')[0]}/{name}"
        places[data] = {"LABELPORT_STORE": store, "LABELPORT_RESULTS": f"{results}/{name}"}
    return places[data]


class Server:
    """`labelport serve` on one data folder."""

    def __init__(self, binary: str, data: Path) -> None:
        self.binary = binary
        self.data = data
        self.environment = os.environ | place_of(data)
        self.url = ""
        self.api_key = ""
        self._port = 0
        self._process: subprocess.Popen | None = None
        self.said: list[str] = []

    def start(self, *arguments: str) -> "Server":
        """Starts it and waits for its address. A second start listens on the port of the first."""
        if not self._port:
            self._port = free_port()
        command = [self.binary, "--data", str(self.data), "--json", "serve"]
        command += ["--listen", f"127.0.0.1:{self._port}", "--allow-fetch", "127.0.0.0/8", "--log", "trace", *arguments]
        output = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, env=self.environment, **output)
        # Each process has a queue of its own: the end of one that was killed is no news of the next.
        events: queue.Queue = queue.Queue()
        threading.Thread(target=self._listen, args=(self._process, events), daemon=True).start()
        while True:
            try:
                event = events.get(timeout=START_SECONDS)
            except queue.Empty:
                event = None
            if event is None:
                raise AssertionError("labelport serve did not start:\n" + "\n".join(self.said))
            if event.get("event") == "serving":
                break
        self.url = event["url"]
        if not self.api_key:
            self.api_key = self.create_key("suite")
        return self

    def create_key(self, name: str) -> str:
        """Makes an API key, as an operator does where no terminal is to print the first one."""
        done = self.run("key", "create", "--name", name)
        return KEY.search((done.stdout + done.stderr).decode())[0]

    def _listen(self, process: subprocess.Popen, events: queue.Queue) -> None:
        for line in process.stderr:
            self.said.append(line.rstrip())
            try:
                events.put(json.loads(line))
            except ValueError:
                continue
        events.put(None)

    def kill(self) -> None:
        """Ends it as a crash would: `kill -9`."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("labelport serve did not end within 20 s of SIGTERM") from None

    def client(self, api_key: str | None = None) -> labelbox.Client:
        """A client of the SDK, made as people make it. What the SDK calls an experiment is switched on."""
        return labelbox.Client(
            api_key=api_key or self.api_key,
            endpoint=f"{self.url}/graphql",
            rest_endpoint=f"{self.url}/api/v1",
            enable_experimental=True,
        )

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Runs another command on the same folder."""
        command = [self.binary, "--data", str(self.data), "--json", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, timeout=120, env=self.environment)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}\n{done.stderr.decode()}")
        return done

    def tasks(self, status: str) -> list[dict]:
        """The latest tasks with a status, newest first, as REST shows them."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return requests.get(f"{self.url}/api/v1/tasks?status={status}", headers=headers, timeout=30).json()

    def event(self, name: str, *arguments: str) -> dict:
        """Runs a command and returns the event of this name that it printed."""
        done = self.run(*arguments)
        lines = (done.stderr + done.stdout).decode().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        found = [event for event in events if event.get("event") == name]
        assert found, f"{arguments} printed no event {name!r}: {lines}"
        return found[0]


def free_port() -> int:
    """A port that nothing listens on now. It is kept over a restart, so the system is asked for one first."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
