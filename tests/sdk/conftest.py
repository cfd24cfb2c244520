"""One server, one asset server and one workspace for the session, and what tests ask for by name."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import labelbox
import pytest

from assets import AssetServer
from exporting import Exports
from serving import Server
from subjects import SUBJECTS
from traffic import Traffic
from workspace import Made, Workspace, make_workspace

BINARY = "LABELPORT_BINARY"
TASK_ID = re.compile(r"c[0-9a-z]{24}")


def pytest_configure(config: pytest.Config) -> None:
    if not Path(os.environ.get(BINARY, "")).is_file():
        pytest.exit(f"{BINARY} has to name the labelport program; `cargo xtask test` sets it", returncode=4)


def pytest_report_header() -> str:
    return f"labelbox {labelbox.__version__} against {os.environ[BINARY]}"


@pytest.fixture(scope="session")
def binary() -> str:
    return os.environ[BINARY]


@pytest.fixture(scope="session", autouse=True)
def traffic() -> Iterator[Traffic]:
    watched = Traffic()
    watched.watch()
    yield watched
    watched.leave()


@pytest.fixture(scope="session")
def assets() -> Iterator[AssetServer]:
    served = AssetServer()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def server(binary: str, traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(binary, tmp_path_factory.mktemp("data")).start()
    yield started
    started.stop()
    log = "\n".join(started.said)
    assert '"route":"/graphql"' in log, "requests are not logged"
    # Ids of tasks are what an operator looks tasks up by; everything else that was sent is nobody's to read in a log.
    leaked = {secret for secret in traffic.secrets if secret in log and not TASK_ID.fullmatch(secret)}
    assert not leaked, f"the log holds {sorted(leaked)[:10]}"


@pytest.fixture(scope="session")
def client(server: Server) -> labelbox.Client:
    return server.client()


@pytest.fixture(scope="session")
def workspace(client: labelbox.Client, server: Server, assets: AssetServer, traffic: Traffic) -> Workspace:
    return make_workspace(client, server, assets)


@pytest.fixture(scope="session")
def exports(
    client: labelbox.Client, server: Server, traffic: Traffic, tmp_path_factory: pytest.TempPathFactory
) -> Exports:
    return Exports(client, server, traffic, tmp_path_factory.mktemp("exports"))


@pytest.fixture(params=[subject.name for subject in SUBJECTS])
def made(request: pytest.FixtureRequest, workspace: Workspace) -> Made:
    """What was made for each data type in turn."""
    return workspace[request.param]


@pytest.fixture(scope="session")
def image(workspace: Workspace) -> Made:
    return workspace["image"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The table of operations looks back on everything else, so it comes last."""
    items.sort(key=lambda item: item.path.name == "test_operations.py")
