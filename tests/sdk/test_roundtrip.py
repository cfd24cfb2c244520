"""What the SDK made goes through a file into a second workspace, and comes out as the same bytes."""

from pathlib import Path

import pytest

from serving import Server
from subjects import SUBJECTS
from workspace import Made

def export(server: Server, data: Path, file: Path, *scope: str) -> bytes:
    """Exports a scope of a data folder to a file."""
    other = Server(server.binary, data)
    other.run("export", *scope, "--everything", "-o", file, "--force")
    return file.read_bytes()


@pytest.mark.parametrize("name", [subject.name for subject in SUBJECTS])
def test_labels_survive_a_move_to_another_workspace(
    name: str, workspace: object, server: Server, tmp_path: Path
) -> None:
    """Objects, masks, relations and answers on frames, on messages, on the whole and inside answers; with predictions."""
    made: Made = workspace[name]
    first, second = tmp_path / "first.ndjson", tmp_path / "second.ndjson"
    for scope in (("project", made.project.uid), ("model-run", made.run.uid)):
        given = export(server, server.data, first, *scope)
        assert given.count(b"\n") == 3 and b'"labels":[{' in given
        other = tmp_path / f"other {scope[0]}"
        counts = Server(server.binary, other).run("import", "labelbox", first)
        assert b"refused" not in counts.stderr or b'"refused":0' in counts.stderr, counts.stderr
        assert export(server, other, second, *scope) == given, f"{name} {scope[0]}"
