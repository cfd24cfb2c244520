"""The table of every operation: what the installed SDK can send is in the schema of the server, or in the list of what is
not there, each with a sentence.

A new version of the SDK shows here what is new in it. What is wrong in the SDK itself, so that no server can answer it, is
listed below.
"""

from collections.abc import Callable
from pathlib import Path

import labelbox
import pytest
import requests

import scanning
import versions
from scanning import Operation, Selected
from serving import Server
from workspace import Made

GOLDEN = Path(__file__).parents[2] / "crates/server/golden"

# What no server can answer, and why.
MISTAKES = {
    "Query.annotationImport": "the class of imports that others are made of, which none is",
    "Query.creatableAnnotationImport": "the class of imports that others are made of, which none is",
    "Query.mALPredictionImport": "asked for by the name of its class, which the API calls by another",
    "Query.mEAPredictionImport": "asked for by the name of its class, which the API calls by another",
    "Query.mEAToMALPredictionImport": "asked for by the name of its class, which the API calls by another",
    "Organization.resourceTagss": "a relation with two plurals; `get_resource_tags()` asks for `resourceTag`",
    "Mutation.updateProjectResourceTag": "the tag of a project, which has no id of its own",
    "Query.projectModelConfig": "a relation that nothing can be asked of: what is selected comes with the project",
}


def schema() -> dict[str, str | None]:
    """The fields that the server has, with the types that they return; none for a leaf."""
    found: dict[str, str | None] = {}
    for line in (GOLDEN / "schema.txt").read_text().splitlines():
        head, _, returns = line.rpartition(": ") if ": " in line else (line, "", "")
        found[head.partition("(")[0]] = returns or None
    return found


def absent() -> set[str]:
    return set((GOLDEN / "absent.txt").read_text().split())


def unknown(operation: Operation, fields: dict[str, str | None], listed: set[str]) -> dict[str, str]:
    """The fields of an operation that are neither there nor listed, with where they are asked for."""
    found: dict[str, str] = {}

    def walk(of: str, selected: tuple[Selected, ...]) -> None:
        for each in selected:
            field = f"{each.on or of}.{each.name}"
            if field in listed or field in MISTAKES:
                continue
            if field not in fields:
                found[field] = operation.place
            elif fields[field]:
                walk(fields[field], each.inner)

    walk(operation.kind.title(), operation.fields)
    return found


def test_texts_are_read_as_the_sdk_writes_them() -> None:
    """Aliases, arguments, fragments and directives; names that are not known are passed over."""

    def check(text: str, expected: list) -> None:
        def plain(selected: tuple[Selected, ...]) -> list:
            return [(each.on, each.name, plain(each.inner)) for each in selected]

        assert plain(scanning.parse(text)) == expected

    check("{a(b: {c: \"}\"}) {id, d} UNKNOWN}", [(None, "a", [(None, "id", []), (None, "d", [])])])
    check("{x: a @include(if: $y) {id} b}", [(None, "a", [(None, "id", [])]), (None, "b", [])])
    check("{a{__typename ... on B {c} ... on D {e{f}}}}", [(None, "a", [("B", "c", []), ("D", "e", [(None, "f", [])])])])
    check("{%s{$rows{id}}}" % "some_rows", [])
    assert scanning.fill("a%sb%%c%d", ["1"]) == f"a1b%c{scanning.UNKNOWN}"


def test_the_sources_are_searched() -> None:
    """A scan that finds nothing proves nothing."""
    operations = scanning.operations()
    names = {f"{operation.kind} {field.name}" for operation in operations for field in operation.fields}
    assert len(operations) > 100 and len(scanning.made_operations()) > 50
    assert {"query datasetDataRows", "mutation createLabelImport", "query project", "mutation project"} <= names
    nested = {field.name for each in operations for root in each.fields if root.name == "project" for field in root.inner}
    assert {"createBatchV2", "createEmptyBatch", "addDataRowsToBatchAsync", "taskQueues", "labels"} <= nested
    paths = {f"{call.method} {call.path}" for call in scanning.rest_calls()}
    assert {"DELETE /api/v1/ontologies/{id}", "PATCH /api/v1/feature-schemas/{id}/definition"} <= paths


def test_every_operation_of_the_sdk_is_there_or_listed() -> None:
    """Down to each field that is selected."""
    fields, listed = schema(), absent()
    missing: dict[str, str] = {}
    for operation in scanning.operations() + scanning.made_operations():
        missing.update(unknown(operation, fields, listed))
    assert not missing, "neither in the schema nor in crates/server/src/absent.rs"


@pytest.mark.parametrize("call", scanning.rest_calls(), ids=lambda call: f"{call.method} {call.path}")
def test_every_rest_call_of_the_sdk_has_an_address(call: scanning.Call, client: labelbox.Client, server: Server) -> None:
    """An address that is not there says so in a sentence of its own, which an unknown object does not."""
    assert client.get_organization()
    url = server.url + call.path.replace("{id}", "c" * 25)
    headers = {"Authorization": f"Bearer {server.api_key}"}
    response = requests.request(call.method, url, headers=headers, json={}, timeout=30)
    message = response.json().get("message", "") if response.status_code >= 400 else ""
    assert response.status_code != 405 and "nothing at this address" not in message, f"{call}: {message}"


def foundry(client: labelbox.Client, project: labelbox.Project) -> object:
    from labelbox.schema.foundry.foundry_client import FoundryClient

    return FoundryClient(client)._get_app("c" * 25)


def hired(client: labelbox.Client, project: labelbox.Project) -> object:
    return project.get_labeling_service()


def synchronized(client: labelbox.Client, project: labelbox.Project) -> object:
    return project.sync_external_project([])


def api_keys(client: labelbox.Client, project: labelbox.Project) -> object:
    return client.get_api_keys()


def performance(client: labelbox.Client, project: labelbox.Project) -> object:
    return client.get_performance_metrics()


def label_changed(client: labelbox.Client, project: labelbox.Project) -> object:
    return next(project.labels()).update(label="{}")


def bucket(client: labelbox.Client, project: labelbox.Project) -> object:
    query = """mutation X($signerId: ID!, $datasetId: ID!)
        {setSignerForDataset(data: {signerId: $signerId}, where: {id: $datasetId}) {id}}"""
    return client.execute(query, {"signerId": "a", "datasetId": "b"})


# What people may try, whether this version has it, and what they are to do instead.
REFUSED = [
    (foundry, versions.FOUNDRY, "add_predictions"),
    (hired, versions.DASHBOARDS, "LabelImport"),
    (synchronized, hasattr(labelbox.Project, "sync_external_project"), "LabelImport"),
    (api_keys, hasattr(labelbox.Client, "get_api_keys"), "labelport key"),
    (performance, hasattr(labelbox.Client, "get_performance_metrics"), "labeler_performance"),
    (label_changed, True, "import its annotations again"),
    (bucket, True, "upload_file"),
]


@pytest.mark.parametrize(("attempt", "is_there", "instead"), REFUSED, ids=lambda each: getattr(each, "__name__", ""))
def test_what_is_not_there_says_what_to_do_instead(
    attempt: Callable, is_there: bool, instead: str, client: labelbox.Client, image: Made
) -> None:
    """In the error of the SDK for what is not allowed, or in that of its REST calls."""
    if not is_there:
        pytest.skip("this version has no such method")
    with pytest.raises(versions.SDK_ERRORS, match=instead):
        attempt(client, image.project)


def test_mistakes_are_none_of_ours() -> None:
    """What is listed as a mistake is not there."""
    assert not set(MISTAKES) & (set(schema()) | absent())
