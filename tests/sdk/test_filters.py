"""Every filter, alone and combined, finds the rows that it names, and the same bytes as the command line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import labelbox
import pytest
import requests

from exporting import Export, Exports
from serving import Server
from versions import exceptions
from workspace import Made

LONG_AGO, FAR_OFF = "2000-01-01", "2050-01-01"
DONE, IN_REVIEW, TO_LABEL = 0, 1, 2
EVERY = [DONE, IN_REVIEW, TO_LABEL]
LABELLED = [DONE, IN_REVIEW]


def near(days: int, form: str) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime(form)


# Every form in which a range of time may be written, with what it finds among rows that were made just now.
FORMS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+0000", "%Y-%m-%dT%H:%M:%S+0530"]
RANGES: dict[str, tuple[list, bool]] = {}
for _form in FORMS:
    RANGES |= {
        f"between {_form}": ([near(-2, _form), near(2, _form)], True),
        f"since {_form}": ([near(-2, _form), None], True),
        f"until {_form}": ([None, near(2, _form)], True),
        f"since the future {_form}": ([near(2, _form), None], False),
        f"until the past {_form}": ([None, near(-2, _form)], False),
        f"between past days {_form}": ([near(-9, _form), near(-2, _form)], False),
    }
RANGES["forms mixed"] = ([LONG_AGO, f"{FAR_OFF} 00:00:00"], True)


def project_filters(image: Made) -> dict[str, tuple[dict, list[int]]]:
    """A name, the filters, and the rows that they find."""
    ids, keys = image.row_ids, image.global_keys
    cases = {
        "to label": ({"workflow_status": "ToLabel"}, [TO_LABEL]),
        "in review": ({"workflow_status": "InReview"}, [IN_REVIEW]),
        "in rework": ({"workflow_status": "InRework"}, []),
        "done": ({"workflow_status": "Done"}, [DONE]),
        "batch": ({"batch_ids": [image.batch.uid]}, EVERY),
        "unknown batch": ({"batch_ids": ["00000000-0000-4000-8000-000000000000"]}, []),
        "ids": ({"data_row_ids": ids[1:]}, [IN_REVIEW, TO_LABEL]),
        "an id twice": ({"data_row_ids": [ids[0], ids[0]]}, [DONE]),
        "an unknown id": ({"data_row_ids": ["c" + "0" * 24, ids[0]]}, [DONE]),
        "keys": ({"global_keys": keys[:2]}, LABELLED),
        "unknown keys": ({"global_keys": ["nobody", 'qu"ote', "caf\u00e9"]}, []),
        "ids and batch": ({"data_row_ids": ids[:1], "batch_ids": [image.batch.uid]}, [DONE]),
        "keys and status": ({"global_keys": keys, "workflow_status": "Done"}, [DONE]),
        "keys and another status": ({"global_keys": keys[:1], "workflow_status": "InReview"}, []),
        "all together": (
            {
                "last_activity_at": [f"{LONG_AGO} 00:00:00", f"{FAR_OFF} 00:00:00"],
                "label_created_at": [LONG_AGO, FAR_OFF],
                "workflow_status": "InReview",
                "data_row_ids": ids,
                "batch_ids": [image.batch.uid],
            },
            [IN_REVIEW],
        ),
        "all but the time": (
            {"last_activity_at": [FAR_OFF, None], "workflow_status": "InReview", "data_row_ids": ids},
            [],
        ),
        "nothing": ({}, EVERY),
    }
    for name, (span, is_now) in RANGES.items():
        cases[f"activity {name}"] = ({"last_activity_at": span}, EVERY if is_now else [])
        cases[f"label {name}"] = ({"label_created_at": span}, LABELLED if is_now else [])
    return cases


def dataset_filters(image: Made) -> dict[str, tuple[dict, list[int]]]:
    """The same for a dataset, which has neither batches nor a workflow."""
    cases = project_filters(image).items()
    return {
        name: (filters, rows) for name, (filters, rows) in cases if not {"batch_ids", "workflow_status"} & set(filters)
    }


@pytest.fixture(scope="module")
def found(exports: Exports, image: Made) -> dict[tuple, tuple[Export, list[int]]]:
    """Every case in both scopes, started together."""
    started: dict[tuple, tuple[Export, list[int]]] = {}
    scopes: list[tuple[str, Callable, dict]] = [
        ("project", image.project.export_v2, project_filters(image)),
        ("dataset", image.dataset.export_v2, dataset_filters(image)),
    ]
    for scope, call, cases in scopes:
        for name, (filters, rows) in cases.items():
            started[scope, name] = exports.start(call, filters=filters), rows
    exports.wait(export for export, _ in started.values())
    return started


@pytest.mark.parametrize("scope", ["project", "dataset"])
@pytest.mark.parametrize("subject", ["activity", "label", "other"])
def test_filters_find_their_rows(scope: str, subject: str, found: dict, exports: Exports, image: Made) -> None:
    """Each case finds its rows, as many bytes as the command line, and no other."""
    checked = 0
    for (of_scope, name), (export, rows) in found.items():
        kind = name.partition(" ")[0] if name.partition(" ")[0] in ("activity", "label") else "other"
        if (of_scope, kind) != (scope, subject):
            continue
        ids = [row["data_row"]["id"] for row in exports.check(export)]
        assert sorted(ids) == sorted(image.row_ids[row] for row in rows), f"{name} in {scope}: {export.request}"
        checked += 1
    assert checked > 5


def test_times_are_those_of_the_zone_of_the_user(server: Server, image: Made, exports: Exports) -> None:
    """A date without an offset is a day in the time zone of whoever asks; the command line agrees."""
    key = server.event(
        "key",
        "key",
        "create",
        "--name",
        "madrid",
        "--role",
        "Admin",
        "--user",
        "ana@example.test",
        "--timezone",
        "Europe/Madrid",
    )
    theirs = server.client(key["api_key"])
    project = theirs.get_project(image.project.uid)
    export = exports.start(project.export_v2, filters={"last_activity_at": [near(-2, "%Y-%m-%d"), None]})
    export.client = theirs
    assert export.request["filters"]["searchQuery"]["query"][0]["value"]["timezone"] == "Europe/Madrid"
    exports.wait([export])
    assert len(exports.check(export)) == len(image.row_ids)


def test_ids_and_keys_together_are_refused_by_the_client(image: Made) -> None:
    """The client refuses what the page shows; a server that gets both ANDs them (see below)."""
    filters = {"data_row_ids": image.row_ids, "global_keys": image.global_keys}
    with pytest.raises(ValueError):
        image.project.export_v2(filters=filters)


QUERY = """mutation exportDataRowsInProjectPyApi($input: ExportDataRowsInProjectInput!)
    {exportDataRowsInProject(input: $input) {taskId isStreamable}}"""


def raw_export(client: labelbox.Client, project: str, entries: list[dict]) -> str:
    """Starts an export with these entries of a search query, which the client would not send."""
    filters = {"projectId": project, "searchQuery": {"scope": None, "query": entries}}
    request = {"taskName": "raw", "filters": filters, "params": {}, "isStreamableReady": True, "streamable": False}
    answer = client.execute(QUERY, {"input": request}, error_log_key="errors")
    return answer["exportDataRowsInProject"]["taskId"]


def test_ids_and_keys_together_are_anded(client: labelbox.Client, image: Made) -> None:
    """Sent raw, both have to hold."""
    entries = [
        {"ids": image.row_ids[:2], "operator": "is", "type": "data_row_id"},
        {"ids": image.global_keys[1:], "operator": "is", "type": "global_key"},
    ]
    task = labelbox.Task.get_task(client, raw_export(client, image.project.uid, entries))
    task.wait_till_done()
    body = requests.get(
        f"{client.rest_endpoint}/export-results/{task.uid}/{client.get_organization().uid}", timeout=30
    ).text
    assert body.count("\n") == 1 and image.row_ids[1] in body


def test_two_thousand_ids_are_the_most(client: labelbox.Client, image: Made) -> None:
    """The client checks it, and the server checks it again for whoever asks without the client."""
    unknown = [f"c{number:024d}" for number in range(2001)]
    with pytest.raises(ValueError, match="2000"):
        image.project.export_v2(filters={"data_row_ids": unknown})
    with pytest.raises(exceptions.MalformedQueryException, match="2,?000"):
        raw_export(client, image.project.uid, [{"ids": unknown, "operator": "is", "type": "data_row_id"}])
    assert raw_export(client, image.project.uid, [{"ids": unknown[:2000], "operator": "is", "type": "data_row_id"}])


BAD_ENTRIES = [
    {"type": "the_moon"},
    {"type": "task_queue_status", "status": "Sideways"},
    {
        "type": "labeled_at",
        "value": {"operator": "BETWEEN", "timezone": "UTC", "value": {"min": "yesterday", "max": "x"}},
    },
    {"type": "labeled_at", "value": {"operator": "AROUND", "timezone": "UTC", "value": "2020-01-01"}},
    {"type": "labeled_at", "value": {"operator": "LESS_THAN_OR_EQUAL", "timezone": "Mars/Base", "value": "2020-01-01"}},
    {"type": "data_row_id", "operator": "is", "ids": "not a list"},
]


@pytest.mark.parametrize("entry", BAD_ENTRIES, ids=lambda entry: str(entry)[:40])
def test_an_entry_that_means_nothing_is_refused(entry: dict, client: labelbox.Client, image: Made) -> None:
    """Never ignored: an ignored filter would be a wrong export."""
    with pytest.raises(exceptions.MalformedQueryException) as refused:
        raw_export(client, image.project.uid, [entry])
    assert len(str(refused.value)) > 10
