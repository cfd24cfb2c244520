"""The description of REST, in a validator of OpenAPI, and every answer of a server by it.

Each call goes through `rest`, which finds it in the description and compares request and answer with what that says. A
call that is described and that nobody made is a failure, so that no form stays unchecked.
"""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import socket
import time
import urllib.parse
import zipfile

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from served import Server

FILE = pathlib.Path(__file__).parents[2] / "docs" / "openapi.json"
DESCRIPTION = json.loads(FILE.read_text())
REGISTRY = Registry().with_resource("labelport:openapi", Resource(DESCRIPTION, DRAFT202012))


def check(value, *place):
    """Compares a value with the schema at a place of the description."""
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    schema = {"$ref": f"labelport:openapi#/{urllib.parse.quote(pointer, safe='/~')}"}
    jsonschema.Draft202012Validator(schema, registry=REGISTRY).validate(value)


@pytest.fixture(scope="module")
def server(workspace, tmp_path_factory):
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(workspace, data)
    started = Server(os.environ["LABELPORT_BINARY"], str(data)).start()
    yield started
    started.stop()


class Rest:
    """Calls of REST, by the paths of the description."""

    def __init__(self, server):
        self.server = server
        self.made = set()

    def __call__(self, method, path, *ids, body=None, query="", status=200, headers=None, with_key=True):
        """Makes a call that is answered with a status; returns its JSON, else the whole answer."""
        names = re.findall(r"{\w+}", path)
        assert len(names) == len(ids), path
        url = path
        for name, value in zip(names, ids):
            url = url.replace(name, value, 1)
        operation = DESCRIPTION["paths"][path][method.lower()]
        place = ["paths", path, method.lower()]
        if isinstance(body, dict) and status < 400:
            check(body, *place, "requestBody", "content", "application/json", "schema")
        answer = self.server.send(method, url + query, body, headers, with_key)
        assert answer.status == status, (method, url, answer.status, answer.body[:500])
        code = str(status) if str(status) in operation["responses"] else "default"
        assert code != "default" or status >= 400, f"{method} {path}: {status} is not described"
        response, place = operation["responses"][code], [*place, "responses", code]
        if "$ref" in response:
            place = response["$ref"].removeprefix("#/").split("/")
            response = DESCRIPTION["components"]["responses"][place[-1]]
        if "content" in response:
            assert answer.content_type in response["content"], (method, path, answer.headers)
            if answer.content_type == "application/json":
                check(answer.json(), *place, "content", "application/json", "schema")
        else:
            assert answer.body == b"", (method, path)
        for name in response.get("headers", {}):
            assert name.lower() in answer.headers, (method, path, name)
        if status < 300:
            self.made.add((method.lower(), path))
        return answer.json() if answer.content_type == "application/json" else answer


@pytest.fixture(scope="module")
def rest(server):
    return Rest(server)


def of_image_project(server, native_rows):
    """The id of the project of the demo with boxes and polygons on images, and its rows."""
    for project in {project for row in native_rows for project in row["projects"]}:
        rows = [row for row in native_rows if project in row["projects"]]
        kinds = {
            one["annotation_kind"]
            for row in rows
            for label in row["projects"][project]["labels"]
            for one in label["annotations"].get("objects", [])
        }
        if {"ImageBoundingBox", "ImagePolygon"} <= kinds:
            return project, rows
    raise AssertionError("the demo has no such project")


def test_the_file_is_openapi():
    OpenAPIV31SpecValidator(DESCRIPTION).validate()


def test_a_wrong_answer_is_found():
    place = ["components", "schemas", "Losses"]
    check({"format": "csv", "losses": []}, *place)
    for wrong in [{"format": "csv"}, {"format": "csv", "losses": [], "more": 1}, {"format": 1, "losses": []}]:
        with pytest.raises(jsonschema.ValidationError):
            check(wrong, *place)


REQUESTS = [
    ({"scope": {"kind": "catalog"}}, True),
    ({"scope": {"kind": "catalog"}, "params": None, "filters": None, "format": None, "zone": None}, True),
    ({"version": 1, "scope": {"kind": "catalog"}, "zone": "Europe/Madrid"}, True),
    ({"version": 2, "scope": {"kind": "catalog"}}, False),
    ({"scope": {"kind": "catalog"}, "params": {"attachments": True, "label_details": None, "project_ids": []}}, True),
    ({"scope": {"kind": "catalog"}, "params": {"media_type_override": "IMAGE"}}, True),
    ({"scope": {"kind": "catalog"}, "params": {"media_type_override": "SMELL"}}, False),
    ({"scope": {"kind": "catalog"}, "params": {"attachments": "yes"}}, False),
    ({"scope": {"kind": "catalog"}, "params": {"attachment": True}}, False),
    ({"scope": {"kind": "catalog"}, "filters": {"last_activity_at": ["2025-03-01", None]}}, True),
    ({"scope": {"kind": "catalog"}, "filters": {"last_activity_at": ["2025-03-01"]}}, False),
    ({"scope": {"kind": "catalog"}, "filters": {"last_activity_at": "2025-03-01"}}, False),
    ({"scope": {"kind": "catalog"}, "filters": {"global_keys": ["a"]}}, True),
    ({"scope": {"kind": "catalog"}, "filters": {"global_keys": []}}, False),
    ({"scope": {"kind": "catalog"}, "filters": {"moon": "full"}}, False),
    ({"scope": {"kind": "catalog"}, "format": "csv"}, True),
    ({"scope": {"kind": "catalog"}, "format": {"name": "csv", "options": {"bom": "yes"}, "allow_lossy": None}}, True),
    ({"scope": {"kind": "catalog"}, "format": {"name": "csv", "accept": ["*=left_out"]}}, True),
    ({"scope": {"kind": "catalog"}, "format": {"name": "csv", "accept": ["ImagePoint"]}}, False),
    ({"scope": {"kind": "catalog"}, "format": {"name": "csv", "options": {"bom": 1}}}, False),
    ({"scope": {"kind": "catalog"}, "format": {"options": {}}}, False),
    ({"scope": {"kind": "catalog"}, "format": {"name": "csv", "lossy": True}}, False),
    ({"scope": {"kind": "catalog", "id": "x"}}, False),
    ({"scope": {"kind": "rows", "global_keys": ["a"]}}, True),
    ({"scope": {"kind": "rows", "global_keys": ["a"], "data_row_ids": None}}, True),
    ({"scope": {"kind": "rows", "global_keys": []}}, False),
    ({"scope": {"kind": "rows"}}, False),
    ({"scope": {"kind": "project", "id": ""}}, False),
    ({"scope": {"kind": "project"}}, False),
    ({"scope": {"kind": "moon"}}, False),
    ({"scope": "catalog"}, False),
    ({"params": {}}, False),
    ({"scope": {"kind": "catalog"}, "fromat": "csv"}, False),
]


@pytest.mark.parametrize(("request_", "is_valid"), REQUESTS, ids=[json.dumps(request) for request, _ in REQUESTS])
def test_the_server_takes_what_is_described_and_nothing_else(server, request_, is_valid):
    """A request that the description refuses is refused by the server, and the other way round."""
    try:
        check(request_, "components", "schemas", "ExportRequest")
        is_described = True
    except jsonschema.ValidationError:
        is_described = False
    assert is_described == is_valid
    answer = server.send("POST", "/api/v1/exports", request_)
    assert answer.status == (201 if is_valid else 400), answer.body
    if is_valid:
        assert server.settled(answer.json()["id"])["status"] == "COMPLETE"


LONG = "x" * 257
REFUSED = [
    ("POST", "/adv/adv/v1/embeddings", {"name": "", "dims": 2}),
    ("POST", "/adv/adv/v1/embeddings", {"name": LONG, "dims": 2}),
    ("POST", "/adv/adv/v1/embeddings", {"name": "wide", "dims": 0}),
    ("POST", "/adv/adv/v1/embeddings", {"name": "wide", "dims": 8193}),
    ("POST", "/adv/adv/v1/embeddings", {"name": "wide"}),
    ("POST", "/api/v1/slices", {"name": ""}),
    ("POST", "/api/v1/slices", {"name": LONG}),
    ("POST", "/api/v1/slices", {"filter": []}),
    ("POST", "/api/v1/slices", {"name": "wrong", "filter": "all"}),
]


@pytest.mark.parametrize(("method", "path", "body"), REFUSED, ids=[json.dumps(body)[:60] for _, _, body in REFUSED])
def test_the_server_refuses_what_the_description_refuses(rest, method, path, body):
    with pytest.raises(jsonschema.ValidationError):
        check(body, "paths", path, method.lower(), "requestBody", "content", "application/json", "schema")
    rest(method, path, body=body, status=400)


def test_exports(rest, server, native_rows):
    project, _ = of_image_project(server, native_rows)
    asked = {"scope": {"kind": "project", "id": project}, "format": {"name": "yolo", "options": {"task": "detect"}}}
    refused = rest("POST", "/api/v1/exports", body=asked, status=201)
    assert server.settled(refused["id"])["status"] == "FAILED"
    failed = rest("GET", "/api/v1/exports/{id}", refused["id"])
    assert "allow_lossy" in failed["error"] and failed["resultUrl"] is None
    rest("GET", "/api/v1/exports/{id}/losses", refused["id"], status=410)

    asked["format"]["allow_lossy"] = True
    started = rest("POST", "/api/v1/exports", body=asked, status=201)["id"]
    server.settled(started)
    assert rest("GET", "/api/v1/exports/{id}", started)["status"] == "COMPLETE"
    result = rest("GET", "/api/v1/exports/{id}/result", started)
    assert result.content_type == "application/zip"
    manifest = rest("GET", "/api/v1/exports/{id}/manifest", started)
    losses = rest("GET", "/api/v1/exports/{id}/losses", started)
    assert losses == {"format": "yolo", "losses": manifest["notices"]["losses"]}
    assert manifest["request"]["format"] == asked["format"]
    check(manifest["request"], "components", "schemas", "ExportRequest")

    # What the sums say is what the package names one by one.
    with zipfile.ZipFile(io.BytesIO(result.body)) as package:
        named = [json.loads(line) for line in package.read("losses.ndjson").splitlines()]
    lost = [loss for loss in losses["losses"] if "class" in loss and loss["outcome"] != "kept"]
    assert lost and sum(loss["count"] for loss in lost) == len(named)

    part = rest("GET", "/api/v1/exports/{id}/result", started, headers={"Range": "bytes=2-5"}, status=206)
    assert part.body == result.body[2:6]
    beyond = {"Range": f"bytes={len(result.body)}-"}
    rest("GET", "/api/v1/exports/{id}/result", started, headers=beyond, status=416)
    known = {"If-None-Match": result.headers["etag"]}
    rest("GET", "/api/v1/exports/{id}/result", started, headers=known, status=304)
    for path in ["", "/changes", "/losses", "/manifest", "/result"]:
        path = f"/api/v1/exports/{{id}}{path}"
        rest("GET", path, started, status=401, with_key=False)
        rest("GET", path, "nothing", status=404)


def test_an_export_that_loses_nothing_has_no_losses(rest, server):
    started = rest("POST", "/api/v1/exports", body={"scope": {"kind": "catalog"}}, status=201)["id"]
    server.settled(started)
    assert rest("GET", "/api/v1/exports/{id}/losses", started) == {"format": "ndjson", "losses": []}


def test_exports_of_what_changed(rest, server, tmp_path):
    path = "/api/v1/exports/{id}"
    made = {"data_row": {"id": "c" + "7" * 24, "row_data": "https://example.test/seven.jpg"}}
    (tmp_path / "row.ndjson").write_text(json.dumps(made) + "\n")
    server.run("import", "labelbox", str(tmp_path / "row.ndjson"))

    def run(order):
        started = rest("POST", "/api/v1/exports", body=order, status=201)["id"]
        assert server.settled(started)["status"] == "COMPLETE"
        return started, rest("GET", path + "/manifest", started)

    order = {"scope": {"kind": "catalog"}}
    tables = order | {"format": {"name": "csv"}}
    _, tables_before = run(tables)
    started, before = run(order)
    rest("GET", path + "/changes", started, status=404)
    server.graphql(
        "mutation ($where: DeleteDataRowsInput!) { deleteDataRows(where: $where) { id } }",
        {"where": {"dataRowIds": [made["data_row"]["id"]]}},
    )
    order["since"] = before["watermark"]
    started, manifest = run(order)
    check(manifest["request"], "components", "schemas", "ExportRequest")
    assert manifest["delta"]["since"] == before["watermark"] != manifest["watermark"]
    changes = rest("GET", path + "/changes", started).body
    assert hashlib.sha256(changes).hexdigest() == manifest["delta"]["changes"]["sha256"]
    [left] = map(json.loads, changes.splitlines())
    assert (left["data_row_id"], left["change"]) == (made["data_row"]["id"], "deleted")
    assert rest("GET", path + "/result", started).body == b""
    started, _ = run(tables | {"since": tables_before["watermark"]})
    package = rest("GET", path + "/result", started).body
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        assert files.read("changes.ndjson") == changes
    rest("GET", path + "/changes", started, status=404)
    rest("POST", "/api/v1/exports", body=order | {"params": {"attachments": True}}, status=400)


def test_results_at_the_addresses_of_the_sdk(rest, server):
    body = {"scope": {"kind": "rows", "global_keys": ["nothing"]}, "params": {"attachments": True}}
    started = rest("POST", "/api/v1/exports", body=body, status=201)["id"]
    server.settled(started)
    organization = server.graphql("query { organization { id } }", {})["organization"]["id"]
    for path in ["export-results/{task}/{organization}", "export-errors/{task}/{organization}"]:
        rest("GET", f"/api/v1/{path}", started, organization, with_key=False)
    path = "/api/v1/export-results/{task}/{organization}/manifest"
    manifest = rest("GET", path, started, organization, with_key=False)
    assert manifest["notices"]["unknown_ids"] == 1
    assert manifest == rest("GET", "/api/v1/exports/{id}/manifest", started)


def test_tasks(rest, server):
    started = rest("POST", "/api/v1/exports", body={"scope": {"kind": "catalog"}}, status=201)["id"]
    server.settled(started)
    assert rest("GET", "/api/v1/tasks/{id}", started)["id"] == started
    assert started in {task["id"] for task in rest("GET", "/api/v1/tasks", query="?status=COMPLETE")}
    rest("GET", "/api/v1/tasks", query="?status=ASLEEP", status=400)
    rest("POST", "/api/v1/tasks/{id}/cancel", started, status=409)
    # An import from a host that accepts connections and says nothing does not end by itself.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/chunk.json"
        manifest = server.upload("manifest.json", json.dumps({"source": "SDK", "item_count": 1, "chunk_uris": [url]}))
        query = "mutation ($data: UpsertInput!) { upsertDataRows(data: $data) { id } }"
        started = server.graphql(query, {"data": {"manifestUri": manifest}})["upsertDataRows"]["id"]
        assert started in {task["id"] for task in rest("GET", "/api/v1/tasks", query="?status=IN_PROGRESS")}
        rest("POST", "/api/v1/tasks/{id}/cancel", started)
    assert server.settled(started)["status"] == "CANCELED"


def test_slices(rest):
    entry = {"type": "media_type", "operator": "is", "values": ["image"]}
    made = rest("POST", "/api/v1/slices", body={"name": "pictures", "filter": [entry]}, status=201)
    assert rest("GET", "/api/v1/slices/{id}", made["id"]) == made
    assert made in rest("GET", "/api/v1/slices")
    rest("POST", "/api/v1/slices", body={"name": "wrong", "filter": [{"type": "moon"}]}, status=400)


def test_releases(rest, server, native_rows):
    body = {"name": "autumn", "description": "for the demo", "request": {"scope": {"kind": "catalog"}}}
    task = rest("POST", "/api/v1/releases", body=body, status=201)
    server.settled(task["id"])
    made = rest("GET", "/api/v1/releases/{name}", "autumn")
    assert (made["taskId"], made["rows"], made["modelRuns"]) == (task["id"], len(native_rows), [])
    assert rest("GET", "/api/v1/releases") == [made]
    rest("POST", "/api/v1/releases", body=body, status=409)
    rest("POST", "/api/v1/releases", body=dict(body, name="other", format="csv"), status=400)
    result = rest("GET", "/api/v1/releases/{name}/result", "autumn").body
    assert hashlib.sha256(result).hexdigest() == made["sha256"]
    assert rest("GET", "/api/v1/releases/{name}/manifest", "autumn")["sha256"] == made["sha256"]
    run = next(run for row in native_rows for experiment in row["experiments"].values() for run in experiment["runs"])
    assert rest("GET", "/api/v1/model-runs/{id}/release", run) is None
    linked = rest("PUT", "/api/v1/model-runs/{id}/release", run, body={"name": "autumn"})
    assert [each["id"] for each in linked["modelRuns"]] == [run]
    assert rest("GET", "/api/v1/model-runs/{id}/release", run) == linked
    rest("DELETE", "/api/v1/releases/{name}", "autumn", status=409)
    rest("DELETE", "/api/v1/model-runs/{id}/release", run, status=204)
    rest("DELETE", "/api/v1/releases/{name}", "autumn", status=204)
    rest("GET", "/api/v1/releases/{name}/result", "autumn", status=404)


def test_webhooks(rest, server):
    # Nobody listens there.
    body = {"url": "http://127.0.0.1:1/hook", "topics": ["export.finished", "LABEL_CREATED"], "projectId": None}
    made = rest("POST", "/api/v1/webhooks", body=body, status=201)
    assert made.pop("secret").startswith("whsec_")
    assert rest("GET", "/api/v1/webhooks") == [made]
    assert rest("GET", "/api/v1/webhooks/{id}", made["id"]) == made
    tested = rest("POST", "/api/v1/webhooks/{id}/test", made["id"])
    assert (tested["status"], tested["attempts"], tested["body"]["type"]) == ("FAILED", 1, "webhook.test")
    assert rest("GET", "/api/v1/webhooks/{id}/deliveries", made["id"], query="?limit=1") == [tested]
    rest("GET", "/api/v1/webhooks/{id}/deliveries", made["id"], query="?limit=0", status=400)
    again = rest("POST", "/api/v1/webhook-deliveries/{id}/resend", tested["id"])
    assert (again["status"], again["eventId"]) == ("WAITING", tested["eventId"])
    changed = rest("PATCH", "/api/v1/webhooks/{id}", made["id"], body={"status": "INACTIVE"})
    assert (changed["status"], changed["topics"]) == ("INACTIVE", made["topics"])
    rest("POST", "/api/v1/webhook-deliveries/{id}/resend", tested["id"], status=409)
    rest("POST", "/api/v1/webhooks", body=dict(body, project_id=None), status=400)
    for wrong in [{"topics": ["moon"]}, {"topics": "rows.changed"}, {"url": "example.org"}, {"secret": "new"}]:
        rest("PATCH", "/api/v1/webhooks/{id}", made["id"], body=wrong, status=400)
    rest("DELETE", "/api/v1/webhooks/{id}", made["id"], status=204)
    rest("GET", "/api/v1/webhooks/{id}", made["id"], status=404)


def test_schedules(rest, server, tmp_path):
    path = "/api/v1/schedules/{name}"
    command = ["export", "catalog", "-o", str(tmp_path / "{date}.ndjson")]
    server.run("schedule", "create", "every night", "--cron", "0 6 * * *", "--", *command)
    [made] = rest("GET", "/api/v1/schedules")
    assert made["arguments"] == command and made["nextRun"]
    assert rest("GET", path, "every%20night") == made | {"runs": []}
    assert rest("POST", path + "/pause", made["id"])["nextRun"] is None
    assert rest("POST", path + "/run", "every%20night")["nextRun"]
    deadline = time.monotonic() + 60
    while not (runs := rest("GET", path, made["id"])["runs"]) or runs[0]["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert runs[0]["status"] == "COMPLETE" and runs[0]["rows"] > 0
    task = rest("GET", "/api/v1/tasks/{id}", runs[0]["taskId"])
    assert (task["status"], task["rowsDone"]) == ("COMPLETE", runs[0]["rows"])
    written = next(tmp_path.glob("*-*-??.ndjson"))
    assert hashlib.sha256(written.read_bytes()).hexdigest() == runs[0]["sha256"]
    assert rest("POST", path + "/resume", made["id"])["nextRun"] == made["nextRun"]
    rest("GET", path, "nothing", status=404)
    rest("GET", "/api/v1/schedules", status=401, with_key=False)


def test_assets(rest, server, native_rows):
    for row in native_rows:
        rest("GET", "/api/v1/data-rows/{id}/asset", row["data_row"]["id"])
    query = "mutation ($data: DataRowCreateInput!) { createDataRow(data: $data) { id } }"
    dataset = server.graphql('mutation { createDataset(data: { name: "new" }) { id } }', {})["createDataset"]["id"]
    data = {"rowData": "http://127.0.0.1:9/a.jpg", "dataset": {"connect": {"id": dataset}}}
    row = server.graphql(query, {"data": data})["createDataRow"]["id"]
    rest("GET", "/api/v1/data-rows/{id}/asset", row)


def test_issues(rest, server, native_rows):
    project, rows = of_image_project(server, native_rows)
    label = next(label for row in rows for label in row["projects"][project]["labels"])
    row = next(row for row in rows if label in row["projects"][project]["labels"])
    body = {"dataRowId": row["data_row"]["id"], "labelId": label["id"], "content": "the box is too wide"}
    issue = rest("POST", "/api/v1/projects/{project}/issues", project, body=body, status=201)["id"]
    rest("POST", "/api/v1/issues/{id}/comments", issue, body={"content": "so it is"}, status=201)
    rest("POST", "/api/v1/issues/{id}/comments", issue, body={"content": "x" * 10_001}, status=400)
    rest("POST", "/api/v1/issues/{id}/resolve", issue)
    query = "query ($id: ID!) { project(where: { id: $id }) { issueExportUrl } }"
    url = server.graphql(query, {"id": project})["project"]["issueExportUrl"]
    signed = "?" + url.split("?")[1]
    found = rest("GET", "/api/v1/projects/{project}/issues", project, query=signed, with_key=False)
    [raised] = [one for one in found if one["id"] == issue]
    assert raised["status"] == "Resolved" and [one["content"] for one in raised["comments"]] == ["so it is"]


def test_frames(rest, native_rows):
    videos = [row for row in native_rows if row["media_attributes"].get("asset_type") == "video"]
    label = next(label for row in videos for project in row["projects"].values() for label in project["labels"])
    assert rest("GET", "/api/v1/labels/{id}/frames", label["id"]).body


def test_ontologies(rest, server):
    new = {"normalized": json.dumps({"tool": "rectangle", "name": "crane", "classifications": []})}
    feature = rest("PUT", "/api/v1/feature-schemas/{id}", "new_feature_schema_id", body=new)["schemaId"]
    rest("PATCH", "/api/v1/feature-schemas/{id}/definition", feature, body={"title": "tall crane"})
    assert feature in rest("GET", "/api/v1/feature-schemas/unused")
    assert feature not in rest("GET", "/api/v1/feature-schemas/unused", body={"after": feature})
    query = "mutation ($data: OntologyInput!) { upsertOntology(data: $data) { id } }"
    data = {"name": "harbour", "normalized": json.dumps({"tools": [], "classifications": []}), "mediaType": "IMAGE"}
    ontology = server.graphql(query, {"data": data})["upsertOntology"]["id"]
    inside = "/api/v1/ontologies/{id}/feature-schemas/{feature}"
    rest("POST", inside, ontology, feature, body={"position": 0}, status=201)
    nodes = rest("GET", "/api/v1/ontologies/{id}", ontology)["featureSchemaNodes"]
    assert nodes["tools"] == [{"featureSchemaId": feature, "archived": False}]
    rest("PATCH", f"{inside}/unarchive", ontology, feature)
    assert rest("DELETE", inside, ontology, feature) == {"archived": False, "deleted": True}
    assert ontology in rest("GET", "/api/v1/ontologies/unused")
    rest("DELETE", "/api/v1/feature-schemas/{id}", feature, status=204)
    rest("DELETE", "/api/v1/ontologies/{id}", ontology, status=204)


def test_embeddings(rest, native_rows):
    root = "/adv/adv/v1/embeddings"
    made = rest("POST", root, body={"name": "toy", "dims": 2})
    line = json.dumps({"id": native_rows[0]["data_row"]["id"], "vector": [0.5, -1]}).encode()
    lines = {"X-Content-Lines": "1", "Content-Type": "application/x-ndjson"}
    assert rest("PUT", root + "/{id}/_import_ndjson", made["id"], body=line, headers=lines) == {"count": 1}
    rest("PUT", root + "/{id}/_import_ndjson", made["id"], body=line, headers={"X-Content-Lines": "2"}, status=400)
    assert rest("GET", root + "/{id}/vectors/_count", made["id"]) == {"count": 1}
    assert rest("GET", root + "/{id}", made["id"]) == made
    assert made in rest("GET", root)["results"]
    rest("DELETE", root + "/{id}", made["id"])


def test_masks(rest, server, native_rows):
    """Their addresses come from an export; a signature opens them as well as the key."""
    row = next(row for row in native_rows if row["media_attributes"].get("asset_type") == "image")
    key, size = row["data_row"]["global_key"], [row["media_attributes"][name] for name in ("height", "width")]
    mask = {"size": size, "counts": [0, 6, size[0] * size[1] - 6]}
    project, ontology = server.mask_project("lakes", row, mask)
    query = "mutation ($data: ModelInput!) { createModel(data: $data) { id } }"
    model = server.graphql(query, {"data": {"name": "lakes", "ontologyId": ontology}})["createModel"]["id"]
    query = "mutation ($data: RunInput!) { createModelRun(data: $data) { id } }"
    run = server.graphql(query, {"data": {"name": "r1", "modelId": model}})["createModelRun"]["id"]
    query = "mutation ($where: Where!) { createMEAModelRunProjectLabelRegistrationTask(where: $where) }"
    task = server.graphql(query, {"where": {"modelRunId": run, "projectId": project}})
    server.settled(task["createMEAModelRunProjectLabelRegistrationTask"])
    line = {"uuid": "mask-2", "dataRow": {"globalKey": key}, "name": "water", "mask": mask}
    server.import_annotations("modelErrorAnalysisPredictionImport", {"modelRunId": run}, [line])

    urls = []
    for body in [
        {"scope": {"kind": "project", "id": project}},
        {"scope": {"kind": "model-run", "id": run}, "params": {"predictions": True}},
    ]:
        started = rest("POST", "/api/v1/exports", body=body, status=201)["id"]
        server.settled(started)
        rows = rest("GET", "/api/v1/exports/{id}/result", started)
        urls += re.findall(r'"url":"([^"]+)"', rows.body.decode())
    paths = [path for path in DESCRIPTION["paths"] if "mask" in path]
    masks = {path: re.compile(re.sub(r"{\w+}", "([^/]+)", path) + "$") for path in paths}
    for url in urls:
        parts = urllib.parse.urlsplit(url)
        [(path, ids)] = [(path, found.groups()) for path, form in masks.items() if (found := form.match(parts.path))]
        picture = rest("GET", path, *ids, query=f"?{parts.query}", with_key=False)
        assert picture.body == rest("GET", path, *ids).body
        rest("GET", path, *ids, with_key=False, status=403)


def test_the_description_is_served(rest):
    assert rest("GET", "/api/v1/openapi.json", with_key=False) == DESCRIPTION


def test_every_call_was_made(rest):
    """It looks back on the tests before it, so it is the last of this file, and says nothing when it runs alone."""
    described = {(method, path) for path, item in DESCRIPTION["paths"].items() for method in item}
    if len(rest.made) < 2:
        pytest.skip("the other tests of this file did not run")
    assert described - rest.made == set()
