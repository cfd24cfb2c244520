"""Every export that the vendor's page shows, through both doors: same request, same bytes."""

import json
from collections.abc import Callable

import labelbox
import pytest
import requests

import versions
from exporting import Export, Exports, stream_files, stream_header
from workspace import Made, Workspace

SECTIONS = {
    "attachments": True,
    "metadata_fields": True,
    "embeddings": True,
    "data_row_details": True,
    "project_details": True,
    "label_details": True,
    "performance_details": True,
    "interpolated_frames": True,
    "predictions": True,
    "model_run_details": True,
}
METHODS = ["export_v2", "export"] if versions.STREAMS else ["export_v2"]


def scopes(made: Made, client: labelbox.Client, params: dict, method: str) -> dict[str, Callable]:
    """A call for every scope, each with the same parameters."""
    rows = getattr(labelbox.DataRow, method)
    calls = {
        "project": (getattr(made.project, method), {}),
        "dataset": (getattr(made.dataset, method), {}),
        "row ids": (rows, {"client": client, "data_rows": made.row_ids[:2]}),
        "global keys": (rows, {"client": client, "global_keys": made.global_keys[1:]}),
        "slice": (getattr(client.get_catalog_slice(made.slice_id), method), {}),
        "model run": (getattr(made.run, method), {}),
    }
    if versions.CATALOG:
        calls["catalog"] = (getattr(client.get_catalog(), method), {})
    return {name: (call, {**kwargs, "params": dict(params)}) for name, (call, kwargs) in calls.items()}


def everything(made: Made) -> dict:
    return {**SECTIONS, "project_ids": [made.project.uid], "model_run_ids": [made.run.uid]}


@pytest.fixture(scope="module")
def every_scope(exports: Exports, workspace: Workspace, client: labelbox.Client) -> dict[tuple, Export]:
    """Every scope of every data type with every parameter, started together."""
    started = {}
    for name, made in workspace.made.items():
        for method in METHODS:
            for scope, (call, kwargs) in scopes(made, client, everything(made), method).items():
                started[name, method, scope] = exports.start(call, **kwargs)
    exports.wait(started.values())
    return started


def test_every_scope_gives_the_bytes_of_the_command_line(made: Made, every_scope: dict, exports: Exports) -> None:
    """All parameters at once: bytes at the URLs = bytes of the command line = rows of the SDK."""
    expected_rows = {
        "project": made.row_ids,
        "dataset": made.row_ids,
        "row ids": made.row_ids[:2],
        "global keys": made.row_ids[1:],
        "slice": made.row_ids,
        "model run": made.row_ids,
    }
    for (subject, _, scope), export in every_scope.items():
        if subject != made.subject.name:
            continue
        rows = exports.check(export)
        found = [row["data_row"]["id"] for row in rows]
        if scope == "catalog":
            assert set(made.row_ids) <= set(found)
        else:
            assert sorted(found) == sorted(expected_rows[scope]), scope


def test_catalog_exports_show_projects_and_runs_that_were_asked(made: Made, every_scope: dict) -> None:
    """`project_ids` and `model_run_ids` add exactly these."""
    for scope in ("dataset", "row ids", "slice"):
        for row in every_scope[made.subject.name, "export_v2", scope].rows():
            assert list(row["projects"]) == [made.project.uid]
            assert list(row["experiments"][made.model.uid]["runs"]) == [made.run.uid]


def test_no_export_has_errors(every_scope: dict) -> None:
    """Nothing went wrong, and the SDK says so."""
    for export in every_scope.values():
        if export.is_streamed:
            assert not export.task.has_errors()
        else:
            assert export.task.errors is None


# For each parameter: where in a row it shows.
PLACES: dict[str, Callable[[dict], bool]] = {
    "attachments": lambda row: "attachments" in row,
    "metadata_fields": lambda row: "metadata_fields" in row,
    "embeddings": lambda row: "embeddings" in row,
    "data_row_details": lambda row: "details" in row["data_row"],
    "project_details": lambda row: any("project_details" in project for project in row.get("projects", {}).values()),
    "label_details": lambda row: any("label_details" in label for label in labels(row)),
    "performance_details": lambda row: any("performance_details" in label for label in labels(row)),
    "predictions": lambda row: any("predictions" in run for run in runs(row)),
    "project_ids": lambda row: "projects" in row,
    "model_run_ids": lambda row: "experiments" in row,
}
IN_PROJECT = {"attachments", "metadata_fields", "embeddings", "data_row_details", "project_details"}
IN_PROJECT |= {"label_details", "performance_details"}
IN_RUN = {"attachments", "metadata_fields", "embeddings", "data_row_details", "predictions"}
IN_CATALOG = {"attachments", "metadata_fields", "embeddings", "data_row_details", "project_ids", "model_run_ids"}
SHOWN_IN = {"project": IN_PROJECT, "model run": IN_RUN}
# Of one project, or of one run, so that these are there without being asked for.
ALWAYS = {"project": {"project_ids"}, "model run": {"model_run_ids"}}


def labels(row: dict) -> list[dict]:
    return [label for project in row.get("projects", {}).values() for label in project["labels"]]


def runs(row: dict) -> list[dict]:
    return [run for model in row.get("experiments", {}).values() for run in model["runs"].values()]


def sections_of(rows: list[dict]) -> set[str]:
    """The parameters whose section some row has."""
    return {name for name, is_in in PLACES.items() if any(is_in(row) for row in rows)}


def value_of(parameter: str, made: Made) -> object:
    return {"project_ids": [made.project.uid], "model_run_ids": [made.run.uid]}.get(parameter, True)


@pytest.fixture(scope="module")
def alone(exports: Exports, image: Made, client: labelbox.Client) -> dict[tuple, Export]:
    """Every parameter alone, in every scope, and no parameter at all; started together."""
    started = {}
    for parameter in [*PLACES, None]:
        params = {parameter: value_of(parameter, image)} if parameter else {}
        for scope, (call, kwargs) in scopes(image, client, params, "export_v2").items():
            started[parameter, scope] = exports.start(call, **kwargs)
    exports.wait(started.values())
    return started


@pytest.mark.parametrize("parameter", [*PLACES, None])
def test_a_parameter_alone_adds_its_section_and_no_other(parameter: str | None, alone: dict, exports: Exports) -> None:
    """What was not asked for is not there, in every scope."""
    if parameter == "embeddings" and not versions.EMBEDDINGS:
        pytest.skip("this version has no such parameter")
    for (name, scope), export in alone.items():
        if name != parameter:
            continue
        shown_here = SHOWN_IN.get(scope, IN_CATALOG)
        expected = ALWAYS.get(scope, set()) | ({parameter} & shown_here)
        assert sections_of(exports.check(export)) == expected, f"{parameter} in {scope}"


def test_details_of_labels_need_their_project(exports: Exports, image: Made, client: labelbox.Client) -> None:
    """In the catalog a detail shows where its project is asked for too."""
    started = {}
    for parameter in ("project_details", "label_details", "performance_details"):
        params = {parameter: True, "project_ids": [image.project.uid]}
        started[parameter] = exports.start(image.dataset.export_v2, params=params)
    exports.wait(started.values())
    for parameter, export in started.items():
        assert sections_of(exports.check(export)) == {parameter, "project_ids"}


def test_an_unknown_parameter_is_ignored(exports: Exports, image: Made) -> None:
    """Code of another version, with names that this one does not have, exports all the same."""
    params = {"attachments": True, "include_labels": True, "media_attributes": True}
    rows = exports.run(image.project.export_v2, params=params)
    assert sections_of(rows) == {"attachments", "project_ids"}


def test_an_unknown_parameter_sent_raw_is_ignored(exports: Exports, image: Made, client: labelbox.Client) -> None:
    """The same on the wire: an input may have keys that the server does not know."""
    query = """mutation exportDataRowsInProjectPyApi($input: ExportDataRowsInProjectInput!)
        {exportDataRowsInProject(input: $input) {taskId isStreamable}}"""
    filters = {"projectId": image.project.uid, "searchQuery": {"scope": None, "query": []}}
    params = {"includeAttachments": True, "includeTheMoon": True}
    answer = client.execute(query, {"input": {"taskName": "raw", "filters": filters, "params": params, "novel": 1}})
    assert answer["exportDataRowsInProject"]["taskId"]


def test_the_whole_file_is_at_its_url(every_scope: dict, image: Made) -> None:
    """`result_url` is opened with plain `requests.get`, and decodes as UTF-8."""
    response = requests.get(every_scope["image", "export_v2", "project"].task.result_url, timeout=30)
    assert response.status_code == 200
    assert response.encoding.lower() == "utf-8"
    assert response.text.count("\n") == len(image.row_ids)
    assert response.text.isascii()


def test_a_task_is_found_again_by_its_id(every_scope: dict, client: labelbox.Client) -> None:
    """Another process can wait for an export: name, kind and state are read back."""
    export = every_scope["image", "export_v2", "project"]
    task = labelbox.Task.get_task(client, export.id)
    assert (task.status, task.type) == ("COMPLETE", "export-data-rows")
    assert task.completion_percentage == 100


def test_a_task_keeps_its_name(exports: Exports, image: Made) -> None:
    """`task_name` is what the list of tasks shows."""
    export = exports.start(image.project.export_v2, task_name="nightly")
    exports.wait([export])
    assert export.task.name == "nightly"


@pytest.mark.skipif(not versions.STREAMS, reason="this version has no streams")
class TestStreams:
    """The files of a stream, as `export()` reads them."""

    def test_header_and_files_agree(self, every_scope: dict, client: labelbox.Client, image: Made) -> None:
        """Sizes and lines of the header are those of the files, which follow each other without gaps."""
        export = every_scope["image", "export", "project"]
        body = b"".join(part for part, _ in stream_files(client, export.id))
        header = stream_header(client, export.id)
        assert int(header["totalSize"]) == len(body) == export.task.get_total_file_size(labelbox.StreamType.RESULT)
        assert int(header["totalLines"]) == body.count(b"\n") == len(image.row_ids)

    def test_a_stream_without_errors_is_null(self, every_scope: dict, client: labelbox.Client) -> None:
        """No ERRORS stream: the header is null, and the SDK says that there is none."""
        export = every_scope["image", "export", "project"]
        assert stream_header(client, export.id, "ERRORS") is None
        assert export.task.get_total_file_size(labelbox.StreamType.ERRORS) is None
        with pytest.raises(ValueError, match="does not have a ERRORS stream"):
            export.task.get_buffered_stream(labelbox.StreamType.ERRORS)

    def test_a_handler_sees_every_row(self, every_scope: dict) -> None:
        """The callback form gives the rows of the iterator."""
        export = every_scope["image", "export", "dataset"]
        seen = []
        export.task.get_buffered_stream().start(stream_handler=lambda output: seen.append(output.json))
        assert seen == export.rows() and seen

    @pytest.mark.skipif(not versions.STREAMS_BY_LINE, reason="this version has no get_stream")
    def test_lines_are_read_from_any_line_and_offset(self, every_scope: dict, image: Made) -> None:
        """`get_stream` begins at any line, or at any byte."""
        export = every_scope["image", "export", "project"]
        rows = export.rows()
        by_line = [json.loads(output.json_str) for output in export.task.get_stream().with_line(1)]
        assert by_line == rows[1:]
        whole = [json.loads(output.json_str) for output in export.task.get_stream()]
        assert whole == rows
        first = len(export.bytes().splitlines(keepends=True)[0])
        by_offset = [json.loads(output.json_str) for output in export.task.get_stream().with_offset(first)]
        assert by_offset == rows[1:]

    @pytest.mark.skipif(not versions.STREAMS_BY_LINE, reason="this version has no get_stream")
    def test_a_file_is_written(self, every_scope: dict, tmp_path: object) -> None:
        """The converter to files writes the bytes of the stream."""
        export = every_scope["image", "export", "project"]
        file = tmp_path / "rows.ndjson"
        for _ in export.task.get_stream(converter=labelbox.FileConverter(file_path=str(file))):
            pass
        assert file.read_bytes() == export.bytes()


def test_an_empty_export_is_complete(exports: Exports, client: labelbox.Client) -> None:
    """Nothing to export is no failure: COMPLETE, no rows, no errors."""
    dataset = client.create_dataset(name="nothing in it")
    started = [exports.start(getattr(dataset, method)) for method in METHODS]
    exports.wait(started)
    for export in started:
        assert export.rows() == []
        assert export.bytes() == b""


def test_all_projects_and_all_runs(exports: Exports, image: Made, client: labelbox.Client) -> None:
    """`all_projects` and `all_model_runs` add everything that a row is in."""
    if not versions.CATALOG:
        pytest.skip("this version has no such parameter")
    for scope in ("dataset", "slice"):
        call, kwargs = scopes(image, client, {"all_projects": True, "all_model_runs": True}, "export_v2")[scope]
        export = exports.start(call, **kwargs)
        exports.wait([export])
        for row in exports.check(export):
            assert image.project.uid in row["projects"]
            assert image.run.uid in row["experiments"][image.model.uid]["runs"]


def test_a_media_type_can_be_overridden(exports: Exports, image: Made) -> None:
    """`media_type_override` is accepted and adds nothing."""
    params = {"media_type_override": labelbox.MediaType.Image}
    export = exports.start(image.project.export_v2, params=params)
    exports.wait([export])
    assert len(exports.check(export)) == len(image.row_ids)


def test_the_page_example_of_a_project(image: Made, exports: Exports) -> None:
    """The example of the vendor's page, word for word but for its ids."""
    export_params = {
        "attachments": True,
        "metadata_fields": True,
        "data_row_details": True,
        "project_details": True,
        "label_details": True,
        "performance_details": True,
    }
    filters = {
        "last_activity_at": ["2000-01-01 00:00:00", "2050-01-01 00:00:00"],
        "label_created_at": ["2000-01-01 00:00:00", "2050-01-01 00:00:00"],
        "workflow_status": "InReview",
        "data_row_ids": image.row_ids,
    }
    export_task = image.project.export_v2(params=export_params, filters=filters)
    export_task.wait_till_done()
    if export_task.errors:
        print(export_task.errors)
    export_json = export_task.result
    assert [row["data_row"]["id"] for row in export_json] == [image.row_ids[1]]
