"""A server with the workspace of the demo, and one client for both of its interfaces, without the SDK."""

import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

# How long a task may take before the test says so. Only a failing run waits that long.
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0]

    def json(self):
        return json.loads(self.body)


@dataclass
class Server:
    """`labelport serve` on a data folder."""

    binary: str
    data: str
    url: str = ""
    key: str = ""
    said: list[str] = field(default_factory=list)
    process: subprocess.Popen | None = None

    def start(self):
        command = [self.binary, "--data", self.data, "--json", "serve", "--listen", "127.0.0.1:0"]
        command += ["--allow-fetch", "127.0.0.0/8", "--log", "error"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            self.said.append(line)
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "serving":
                self.url = event["url"]
                break
        assert self.url, "".join(self.said)
        # What it says from now on is read, so that it never waits for a reader.
        threading.Thread(target=self.said.extend, args=(self.process.stderr,), daemon=True).start()
        if not self.key:
            self.key = self.make_key("Admin")
        return self

    def make_key(self, role):
        """Makes an API key."""
        command = [self.binary, "--data", self.data, "key", "create", "--role", role]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)

    def run(self, *arguments):
        """Runs a command on the data folder."""
        command = [self.binary, "--data", self.data, *arguments]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def send(self, method, url, body=None, headers=None, with_key=True):
        """Sends a request to a path or a URL of the server."""
        headers = dict(headers or {})
        if with_key:
            headers["Authorization"] = f"Bearer {self.key}"
        if isinstance(body, (dict, list, str)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        url = url if url.startswith("http") else self.url + url
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            response = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, names, response.read())

    def graphql(self, query, variables):
        answer = self.send("POST", "/graphql", {"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def upload(self, name, content):
        """Uploads a file as multipart GraphQL; returns its URL."""
        query = (
            "mutation ($file: Upload!, $contentLength: Int!) "
            "{ uploadFile(file: $file, contentLength: $contentLength) { url } }"
        )
        variables = {"file": None, "contentLength": len(content)}
        parts = [
            ('"operations"', json.dumps({"query": query, "variables": variables})),
            ('"map"', '{"1":["variables.file"]}'),
            (f'"1"; filename="{name}"', content),
        ]
        lines = [f"--limit\r\nContent-Disposition: form-data; name={head}\r\n\r\n{text}\r\n" for head, text in parts]
        body = ("".join(lines) + "--limit--\r\n").encode()
        answer = self.send("POST", "/graphql", body, {"Content-Type": "multipart/form-data; boundary=limit"})
        return answer.json()["data"]["uploadFile"]["url"]

    def settled(self, task):
        """Asks for a task until it has ended."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            found = self.send("GET", f"/api/v1/tasks/{task}").json()
            if found["status"] != "IN_PROGRESS":
                return found
            time.sleep(0.05)
        raise AssertionError(f"task {task} does not end")

    def import_annotations(self, kind, parent, lines):
        """Imports lines of annotations, and waits until that has ended."""
        url = self.upload("lines.ndjson", "\n".join(map(json.dumps, lines)))
        create = f"create{kind[0].upper()}{kind[1:]}"
        data = {"name": "reader", "fileUrl": url, **parent}
        self.graphql(f"mutation ($data: ImportInput!) {{ {create}(data: $data) {{ id }} }}", {"data": data})
        where = {"name": "reader", **parent}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            found = self.graphql(
                f"query ($where: ImportWhere!) {{ {kind}(where: $where) {{ state errorFileUrl }} }}", {"where": where}
            )[kind]
            if found["state"] != "RUNNING":
                errors = self.send("GET", found["errorFileUrl"]).body if found["errorFileUrl"] else b""
                assert found["state"] == "FINISHED" and errors == b"", (found, errors)
                return
            time.sleep(0.05)
        raise AssertionError(f"the import of {kind} does not end")

    def project(self, name, media_type, tools, keys):
        """Makes a project of such tools with rows in it; returns its id and that of its ontology."""
        data = {"name": name, "normalized": json.dumps({"tools": tools, "classifications": []}), "mediaType": media_type}
        query = "mutation ($data: OntologyInput!) { upsertOntology(data: $data) { id } }"
        ontology = self.graphql(query, {"data": data})["upsertOntology"]["id"]
        query = "mutation ($data: ProjectInput!) { createProject(data: $data) { id } }"
        project = self.graphql(query, {"data": {"name": name, "allowedMediaType": media_type}})["createProject"]["id"]
        query = "mutation ($id: ID!, $o: ID!) { project(where: { id: $id }) { connectOntology(ontologyId: $o) { id } } }"
        self.graphql(query, {"id": project, "o": ontology})
        query = (
            "mutation ($id: ID!, $input: BatchInput!) { project(where: { id: $id }) "
            "{ createBatchV2(input: $input) { failedDataRowIds } } }"
        )
        self.graphql(query, {"id": project, "input": {"name": "first", "globalKeys": keys, "priority": 5}})
        return project, ontology

    def mask_project(self, name, row, mask):
        """Makes a project with one image on which a mask is drawn; returns its id and that of its ontology."""
        key = row["data_row"]["global_key"]
        tools = [{"tool": "raster-segmentation", "name": "water", "classifications": []}]
        project, ontology = self.project(name, "IMAGE", tools, [key])
        line = {"uuid": "mask-1", "dataRow": {"globalKey": key}, "name": "water", "mask": mask}
        self.import_annotations("labelImport", {"projectId": project}, [line])
        return project, ontology
