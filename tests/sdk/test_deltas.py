"""The demo after random edits through the SDK, the command line and imports: exports and deltas make the export of now."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import labelbox
import pytest
import requests

import versions
from serving import Server
from versions import SDK_ERRORS

# The exports do not depend on the version: one of them makes most of the edits.
EDITS = 200 if versions.VERSION >= (7,) else 40
# How many edits come before deltas are taken and compared.
BETWEEN = 10


@pytest.fixture
def demo(binary: str, tmp_path: Path) -> Iterator[Server]:
    """A server on the demo workspace."""
    server = Server(binary, tmp_path / "labelport-demo")
    server.run("demo")
    server.start()
    yield server
    server.stop()


class Edits:
    """Random edits of a workspace. What the workspace refuses is no edit."""

    def __init__(self, server: Server, folder: Path, seed: int) -> None:
        self.server = server
        self.folder = folder
        self.chance = random.Random(seed)
        self.client = server.client()
        self.made = 0
        self.older: bytes = b""
        # The kinds of edits that were done at least once, and why others were refused.
        self.done: set[str] = set()
        self.refused: dict[str, Exception] = {}

    def lines(self, *options: str) -> list[dict]:
        self.server.run("export", "catalog", "--everything", "--force", "-o", self.folder / "read.ndjson", *options)
        return [json.loads(line) for line in (self.folder / "read.ndjson").read_text().splitlines()]

    def import_lines(self, lines: list[dict]) -> None:
        (self.folder / "edit.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
        done = self.server.run("import", "labelbox", self.folder / "edit.ndjson", check=False)
        assert done.returncode in (0, 3), done.stderr

    def make(self) -> None:
        """Makes one edit."""
        kinds = [self.row, self.project, self.dataset, self.label, self.metadata, self.batch, self.deletion]
        kinds += [self.new_row, self.line, self.line, self.old_file, self.global_key]
        self.made += 1
        kind = self.chance.choice(kinds)
        try:
            kind(f"edit {self.made}")
            self.done.add(kind.__name__)
        except (*SDK_ERRORS, ValueError) as error:
            self.refused[kind.__name__] = error

    def data_row(self) -> labelbox.DataRow:
        return self.client.get_data_row(self.chance.choice(self.lines())["data_row"]["id"])

    def row(self, word: str) -> None:
        self.data_row().update(external_id=word)

    def deletion(self, word: str) -> None:
        self.data_row().delete()

    def project(self, word: str) -> None:
        self.chance.choice(list(self.client.get_projects())).update(name=word)

    def dataset(self, word: str) -> None:
        self.chance.choice(list(self.client.get_datasets())).update(name=word)

    def new_row(self, word: str) -> None:
        dataset = self.chance.choice(list(self.client.get_datasets()))
        dataset.create_data_row(row_data="https://assets.example.test/new.jpg", global_key=word)

    def label(self, word: str) -> None:
        line = self.chance.choice(self.lines())
        labels = [label for project in line["projects"].values() for label in project["labels"]]
        query = "mutation ($ids: [ID!]!) { deleteLabels(labelIds: $ids) { id } }"
        if labels:
            self.client.execute(query, {"ids": [self.chance.choice(labels)["id"]]})

    def metadata(self, word: str) -> None:
        row = self.data_row()
        ontology = self.client.get_data_row_metadata_ontology()
        schema = next(field for field in ontology.custom_fields if field.kind.value == "CustomMetadataString")
        field = labelbox.schema.data_row_metadata.DataRowMetadataField(schema_id=schema.uid, value=word)
        entry = labelbox.schema.data_row_metadata.DataRowMetadata(data_row_id=row.uid, fields=[field])
        ontology.bulk_upsert([entry])

    def batch(self, word: str) -> None:
        project = self.chance.choice(list(self.client.get_projects()))
        project.create_batch(word, data_rows=[line["data_row"]["id"] for line in self.lines()[:3]])

    def global_key(self, word: str) -> None:
        pair = {"data_row_id": self.data_row().uid, "global_key": word}
        self.client.assign_global_keys_to_data_rows([pair])

    def line(self, word: str) -> None:
        """An import of a row that says something else than before."""
        line = self.chance.choice(self.lines("--label-details"))
        for project in line["projects"].values():
            project["labels"] = project["labels"][1:]
        line["data_row"]["external_id"] = word
        self.import_lines([line])

    def old_file(self, word: str) -> None:
        """An import of what was exported some time ago."""
        if self.older:
            self.import_lines([json.loads(line) for line in self.older.splitlines()])
        self.lines()
        self.older = (self.folder / "read.ndjson").read_bytes()


def requests_for(demo: Server) -> list[list[str]]:
    """Requests of every scope, full and filtered, as arguments."""
    listed = json.loads("[" + ",".join(demo.run("list", "projects").stdout.decode().splitlines()) + "]")
    projects = [project["id"] for project in listed]
    runs = [json.loads(line)["id"] for line in demo.run("list", "model-runs").stdout.decode().splitlines()]
    datasets = [json.loads(line)["id"] for line in demo.run("list", "datasets").stdout.decode().splitlines()]
    slices = [json.loads(line)["id"] for line in demo.run("list", "slices").stdout.decode().splitlines()]
    found = [["catalog", "--everything"], ["catalog", "--last-activity-at", "2026-01-01,"]]
    found += [["project", projects[0], "--everything"], ["project", projects[1], "--workflow-status", "Done"]]
    found += [["dataset", datasets[0], "--everything"], ["model-run", runs[0], "--predictions"]]
    return found + [["slice", name, "--everything"] for name in slices[:2]]


@pytest.mark.parametrize("seed", [1])
def test_an_export_and_its_deltas_make_the_export_of_now(demo: Server, tmp_path: Path, seed: int) -> None:
    edits = Edits(demo, tmp_path, seed)
    wanted = requests_for(demo)
    for number, arguments in enumerate(wanted):
        demo.run("export", *arguments, "-o", tmp_path / f"{number}.ndjson")
    while edits.made < EDITS:
        for _ in range(BETWEEN):
            edits.make()
        for number, arguments in enumerate(wanted):
            full, delta, now = (tmp_path / f"{number}{part}.ndjson" for part in ["", "-delta", "-now"])
            done = demo.run("export", *arguments, "--since", full, "--force", "-o", delta, check=False)
            if b"there is no" in done.stderr:
                continue
            assert done.returncode == 0, done.stderr
            demo.run("apply", full, delta, "-o", full)
            demo.run("export", *arguments, "--force", "-o", now)
            assert full.read_bytes() == now.read_bytes(), (arguments, edits.made)
    manifests = [json.loads((tmp_path / f"0{part}.ndjson.manifest.json").read_text()) for part in ["-now", "-delta"]]
    assert manifests[0]["watermark"] == manifests[1]["watermark"] and manifests[0]["change_seq"] > EDITS // 2
    demo.run("doctor")
    # What is always refused is no edit.
    assert not edits.refused.keys() - edits.done, edits.refused


def test_a_delta_of_a_task_is_what_the_command_writes(demo: Server, tmp_path: Path) -> None:
    """Over REST: rows, changes and manifest are the same bytes."""
    headers = {"Authorization": f"Bearer {demo.api_key}"}

    def get(path: str) -> requests.Response:
        return requests.get(f"{demo.url}/api/v1/exports/{path}", headers=headers, timeout=30)

    demo.run("export", "catalog", "-o", tmp_path / "full.ndjson")
    Edits(demo, tmp_path, 3).row("renamed")
    Edits(demo, tmp_path, 4).deletion("")
    demo.run("export", "catalog", "--since", tmp_path / "full.ndjson", "-o", tmp_path / "delta.ndjson")
    watermark = json.loads((tmp_path / "full.ndjson.manifest.json").read_text())["watermark"]
    order = {"scope": {"kind": "catalog"}, "since": watermark}
    started = requests.post(f"{demo.url}/api/v1/exports", json=order, headers=headers, timeout=30).json()
    while get(started["id"]).json()["status"] == "IN_PROGRESS":
        pass
    for name, path in [("", "result"), (".changes", "changes")]:
        assert get(f"{started['id']}/{path}").content == (tmp_path / f"delta{name}.ndjson").read_bytes()
    assert get(f"{started['id']}/manifest").text == (tmp_path / "delta.ndjson.manifest.json").read_text()
    assert (tmp_path / "delta.changes.ndjson").read_bytes() != b""
