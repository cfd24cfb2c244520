"""Exports through the SDK, and the same ones through the command line.

`Exports` starts tasks and waits for all of them together: the client sleeps 2 s between two looks at a task, so that a
hundred exports one after the other would be minutes of sleep.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import labelbox
import requests

from serving import Server
from traffic import Traffic
from versions import STREAMS

# Parameter of the wire, flag of the command line. What is missing here is not a section.
FLAGS = {
    "includeAttachments": "--attachments",
    "includeMetadata": "--metadata-fields",
    "includeEmbeddings": "--embeddings",
    "includeDataRowDetails": "--data-row-details",
    "includeProjectDetails": "--project-details",
    "includeLabelDetails": "--label-details",
    "includePerformanceDetails": "--performance-details",
    "includeInterpolatedFrames": "--interpolated-frames",
    "includePredictions": "--predictions",
    "includeModelRunDetails": "--model-run-details",
    "allProjects": "--all-projects",
    "allModelRuns": "--all-model-runs",
}
LISTS = {"projectIds": "--project-ids", "modelRunIds": "--model-run-ids", "mediaTypeOverride": "--media-type-override"}
ID_FILTERS = {"data_row_id": "--data-row-ids", "global_key": "--global-keys", "batch": "--batch-ids"}
DATE_FILTERS = {"data_row_last_activity_at": "--last-activity-at", "labeled_at": "--label-created-at"}

# How `labelport export` ends if a filter names something that does not exist, and if only some ids name no row.
UNKNOWN_NAME = 2
SOME_UNKNOWN = 3


@dataclass
class Export:
    """One export that was started: the task, and what was sent for it."""

    task: object
    is_streamed: bool
    mutation: str
    request: dict
    client: labelbox.Client

    @property
    def id(self) -> str:
        return self.task.uid

    def rows(self) -> list[dict]:
        """The rows as the SDK gives them."""
        if self.is_streamed:
            try:
                stream = self.task.get_buffered_stream()
            except ValueError as error:
                assert "does not have a RESULT stream" in str(error)
                return []
            return [output.json for output in stream]
        return self.task.result or []

    def bytes(self) -> bytes:
        """The bytes as they lie at the URLs that the SDK hands out."""
        if self.is_streamed:
            return b"".join(part for part, _ in stream_files(self.client, self.id))
        if not STREAMS and self.task.result_url is None:
            return b""
        response = requests.get(self.task.result_url, timeout=30)
        response.raise_for_status()
        return response.content


HEADER = """query GetExportMetadataHeaderPyApi($where: WhereUniqueIdInput, $streamType: TaskStreamType!)
    {task(where: $where){exportMetadataHeader(streamType: $streamType){totalSize totalLines}}}"""
FROM_OFFSET = """query GetExportFileFromOffsetPyApi
    ($where: WhereUniqueIdInput, $streamType: TaskStreamType!, $offset: UInt64!)
    {task(where: $where){exportFileFromOffset(streamType: $streamType, offset: $offset)
    {offsets {start end} lines {start end} file}}}"""


def stream_header(client: labelbox.Client, task: str, stream: str = "RESULT") -> dict | None:
    """Size and lines of a stream of a task, or nothing for an empty one."""
    variables = {"where": {"id": task}, "streamType": stream}
    return client.execute(HEADER, variables, error_log_key="errors")["task"]["exportMetadataHeader"]


def stream_file(client: labelbox.Client, task: str, offset: int, stream: str = "RESULT") -> dict | None:
    """The file of a stream that begins at an offset, as :data:`FROM_OFFSET` describes it."""
    variables = {"where": {"id": task}, "streamType": stream, "offset": str(offset)}
    return client.execute(FROM_OFFSET, variables, error_log_key="errors")["task"]["exportFileFromOffset"]


def stream_files(client: labelbox.Client, task: str, stream: str = "RESULT") -> Iterable[tuple[bytes, dict]]:
    """The files of a stream, one after the other, with what the server said about each."""
    header = stream_header(client, task, stream)
    at, lines = 0, 0
    while header and at < int(header["totalSize"]):
        info = stream_file(client, task, at, stream)
        body = requests.get(info["file"], timeout=30).content
        assert int(info["offsets"]["start"]) == at
        assert int(info["offsets"]["end"]) == at + len(body) - 1
        assert int(info["lines"]["start"]) == lines
        lines = int(info["lines"]["end"]) + 1
        at += len(body)
        yield body, info
    if header:
        assert (at, lines) == (int(header["totalSize"]), int(header["totalLines"]))


@dataclass
class Exports:
    """Starts exports and compares them with those of the command line."""

    client: labelbox.Client
    server: Server
    traffic: Traffic
    folder: Path
    _count: int = field(default=0)

    def start(self, method: Callable, *args: object, **kwargs: object) -> Export:
        """Calls an export method of the SDK."""
        task = method(*args, **kwargs)
        is_streamed = method.__name__ == "export"
        return Export(task, is_streamed, *self.traffic.last_export(), self.client)

    def wait(self, exports: Iterable[Export]) -> None:
        """Waits for all of them at once; each has to end well."""
        exports = list(exports)
        with ThreadPoolExecutor(max(1, len(exports))) as threads:
            list(threads.map(lambda export: export.task.wait_till_done(), exports))
        for export in exports:
            assert export.task.status == "COMPLETE", f"{export.request}: {export.task.status}"

    def run(self, method: Callable, *args: object, **kwargs: object) -> list[dict]:
        """Starts one, waits for it and returns its rows."""
        export = self.start(method, *args, **kwargs)
        self.wait([export])
        return export.rows()

    def through_cli(self, export: Export) -> bytes:
        """The bytes that the command line writes for the same request."""
        self._count += 1
        file = self.folder / f"{self._count}.ndjson"
        done = self.server.run("export", *cli_arguments(export.mutation, export.request), "-o", file, check=False)
        said = done.stderr.decode()
        if done.returncode == UNKNOWN_NAME and '"message":"there is no batch with the id' in said:
            # The SDK gets an empty export for a batch that does not exist; the command line says that there is none.
            return b""
        assert done.returncode in (0, SOME_UNKNOWN), said
        assert (done.returncode == SOME_UNKNOWN) == ('"unknown_ids"' in said), said
        return file.read_bytes()

    def check(self, export: Export) -> list[dict]:
        """Both doors give the same bytes, and the rows of the SDK are these bytes. Returns the rows."""
        found = export.bytes()
        assert found == self.through_cli(export), f"{export.mutation} {export.request}"
        rows = export.rows()
        assert rows == [json.loads(line) for line in found.splitlines()]
        return rows


def cli_arguments(mutation: str, request: dict) -> list[str]:
    """The arguments of `labelport export` that ask what an input of an export mutation asks."""
    filters = request["filters"]
    query = (filters.get("searchQuery") or {}).get("query") or []
    datasets = [entry["ids"][0] for entry in query if entry["type"] == "dataset"]
    match mutation:
        case "exportDataRowsInProject":
            arguments = ["project", filters["projectId"]]
        case "exportDataRowsInSlice":
            arguments = ["slice", filters["sliceId"]]
        case "exportDataRowsInModelRun":
            arguments = ["model-run", filters["modelRunId"]]
        case _ if datasets:
            arguments = ["dataset", datasets[0]]
        case _ if any(entry["type"] in ("data_row_id", "global_key") for entry in query):
            arguments = ["rows"]
        case _:
            arguments = ["catalog"]
    for name, value in request["params"].items():
        if name in LISTS and value:
            arguments += [LISTS[name], value if isinstance(value, str) else ",".join(value)]
        elif name in FLAGS and value:
            arguments.append(FLAGS[name])
    for entry in query:
        if entry["type"] in ID_FILTERS:
            arguments += [ID_FILTERS[entry["type"]], ",".join(entry["ids"])]
        elif entry["type"] in DATE_FILTERS:
            asked = entry["value"]
            arguments += [DATE_FILTERS[entry["type"]], cli_dates(asked["operator"], asked["value"])]
            arguments += [] if "--timezone" in arguments else ["--timezone", asked["timezone"]]
        elif entry["type"] == "task_queue_not_exist":
            arguments += ["--workflow-status", "ToLabel"]
        elif entry["type"] == "task_queue_status":
            arguments += ["--workflow-status", entry["status"]]
    return arguments


def cli_dates(operator: str, value: str | dict) -> str:
    if operator == "BETWEEN":
        return f"{value['min']},{value['max']}"
    return f"{value}," if operator == "GREATER_THAN_OR_EQUAL" else f",{value}"
