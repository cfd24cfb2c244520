"""Exports of the demo, opened by programs that know nothing of labelport.

A test gets `export`, which runs `labelport export catalog --everything` in a format and returns where the result and its
manifest are. Each reader sees the same workspace, which is made once.
"""

import json
import pathlib

import pytest
from program import labelport


@pytest.fixture(scope="session")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    labelport("demo", cwd=folder)
    return folder / "labelport-demo"


@pytest.fixture
def export(workspace, tmp_path):
    def run(name, file_format, *options):
        arguments = ["--data", str(workspace), "export", "catalog", "--everything", "--format", file_format]
        labelport(*arguments, *options, "-o", name, cwd=tmp_path)
        manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
        return pathlib.Path(tmp_path / name), manifest

    return run


@pytest.fixture(scope="session")
def native_rows(workspace, tmp_path_factory):
    """The same rows in the native format: what every other format is compared with."""
    folder = tmp_path_factory.mktemp("native")
    labelport("--data", str(workspace), "export", "catalog", "--everything", "-o", "rows.ndjson", cwd=folder)
    return [json.loads(line) for line in (folder / "rows.ndjson").read_text().splitlines()]


def made_scans(tmp_path_factory, may_overlap):
    # Most tests need no series, and not every environment has what makes them.
    from scans import Scans

    return Scans(tmp_path_factory.mktemp("scans"), may_overlap)


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """Series with masks that do not cover each other."""
    return made_scans(tmp_path_factory, may_overlap=False)


@pytest.fixture(scope="session")
def overlapping_scans(tmp_path_factory):
    """Series with masks of which some pixels are in those of two classes."""
    return made_scans(tmp_path_factory, may_overlap=True)
