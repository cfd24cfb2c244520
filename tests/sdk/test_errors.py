"""Bad input: the SDK raises its own fitting exception with our sentence, at once, and the server is never to blame.

An answer of 500 or above would be retried by the client for two minutes, which looks like a hang.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import labelbox
import pytest
import requests

import versions
from assets import AssetServer
from exporting import FROM_OFFSET, HEADER, Exports
from serving import Server
from versions import SDK_ERRORS, exceptions
from workspace import Made, create_rows, wait_for_assets

# No refusal takes longer; the client would begin to retry after the first second.
AT_ONCE_SECONDS = 10
UNKNOWN = "c" + "0" * 24


@contextmanager
def refused(kind: type | tuple, match: str = "") -> Iterator[None]:
    """The block raises, with a sentence, without waiting."""
    start = time.monotonic()
    with pytest.raises(kind, match=match) as raised:
        yield
    assert time.monotonic() - start < AT_ONCE_SECONDS
    assert len(str(raised.value)) > 5


def post(server: Server, body: bytes, key: str | None = None, **headers: str) -> requests.Response:
    """A request as somebody without the SDK would send it."""
    sent = {"Content-Type": "application/json", **headers}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    return requests.post(f"{server.url}/graphql", data=body, headers=sent, timeout=60)


def ask(server: Server, query: str, variables: dict | None = None) -> dict:
    response = post(server, json.dumps({"query": query, "variables": variables}).encode(), server.api_key)
    assert response.status_code < 500, response.text
    return response.json()


def code(answer: dict) -> str:
    """The code of the first error, which has to have a message."""
    error = answer["errors"][0]
    assert error["message"]
    return error["extensions"]["code"]


class TestKeys:
    """Who may ask."""

    @pytest.mark.parametrize("key", ["wrong", "", "lb " * 2000, "\u00fc".encode().decode("latin-1")])
    def test_a_wrong_key(self, server: Server, key: str) -> None:
        with refused(exceptions.AuthenticationError):
            server.client(key or " ").get_user()

    def test_no_key(self, server: Server) -> None:
        answer = post(server, b'{"query":"{user{id}}"}')
        assert answer.status_code < 500 and code(answer.json()) == "AUTHENTICATION_ERROR"
        for headers in ({"Authorization": "Basic abc"}, {"Authorization": "Bearer"}, {"X-Api-Key": server.api_key}):
            assert code(post(server, b'{"query":"{user{id}}"}', **headers).json()) == "AUTHENTICATION_ERROR"

    def test_a_revoked_key(self, server: Server) -> None:
        """It works, is revoked on the command line, and works no more, without a restart."""
        made = server.event("key", "key", "create", "--name", "to revoke", "--role", "Admin")
        client = server.client(made["api_key"])
        assert client.get_organization().uid
        server.run("key", "revoke", made["id"])
        with refused(exceptions.AuthenticationError):
            client.get_organization()

    def test_an_expired_key(self, server: Server) -> None:
        """After its time it works no more."""
        made = server.event("key", "key", "create", "--name", "short", "--role", "Admin", "--expires", "1s")
        client = server.client(made["api_key"])
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                client.get_organization()
            except exceptions.AuthenticationError:
                return
        raise AssertionError("a key of one second works after ten")

    @pytest.mark.parametrize("role", ["Reader", "None"])
    def test_a_role_that_may_not(self, server: Server, role: str) -> None:
        """A key that may not write is told so, which is another exception than a wrong key."""
        made = server.event("key", "key", "create", "--name", f"a {role}", "--role", role)
        with refused(exceptions.AuthorizationError):
            server.client(made["api_key"]).create_dataset(name="not allowed")

    def test_rest_without_a_key(self, server: Server, image: Made) -> None:
        """REST answers with a status and a message."""
        for path in (f"ontologies/{image.ontology.uid}", f"feature-schemas/{UNKNOWN}", "slices"):
            method = requests.get if path == "slices" else requests.delete
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                response = method(f"{server.url}/api/v1/{path}", headers=headers, timeout=30)
                assert response.status_code == 401 and response.json()["message"]


class TestIds:
    """What is not there, or belongs to somebody else, is not found."""

    # Before version 7 the client fails by itself when there is no such slice.
    @pytest.mark.parametrize(
        "get",
        ["get_project", "get_dataset", "get_data_row", "get_model", "get_model_run", "get_ontology"]
        + ["get_catalog_slice"] * versions.NEWEST,
    )
    @pytest.mark.parametrize("uid", [UNKNOWN, "x", "' or 1=1 --", "\u2603" * 100])
    def test_getters(self, client: labelbox.Client, get: str, uid: str) -> None:
        with refused(exceptions.ResourceNotFoundError):
            getattr(client, get)(uid)

    def test_exports_of_what_was_deleted(self, client: labelbox.Client, image: Made) -> None:
        """The object is still in the hands of the caller, and gone on the server."""
        project = client.get_project(image.project.uid)
        dataset = client.get_dataset(image.dataset.uid)
        run = client.get_model_run(image.run.uid)
        found = client.get_catalog_slice(image.slice_id)
        for one in (project, dataset, run, found):
            one.uid = UNKNOWN
        for one in (project, run, found):
            with refused((exceptions.MalformedQueryException, exceptions.ResourceNotFoundError)):
                one.export_v2()

    def test_tasks(self, client: labelbox.Client) -> None:
        with refused(exceptions.ResourceNotFoundError):
            labelbox.Task.get_task(client, UNKNOWN)

    def test_unknown_lists_are_empty_and_not_wrong(self, client: labelbox.Client, image: Made) -> None:
        """Asking for what is not there among what is there finds nothing."""
        assert client.get_data_row_ids_for_global_keys(["nobody"])["results"] == [""]
        assert list(client.get_projects(where=labelbox.Project.name == "nobody")) == []


class TestQueries:
    """Texts that are no query, or too much of one."""

    def test_an_unknown_field(self, client: labelbox.Client) -> None:
        with refused(exceptions.InvalidQueryError, 'Cannot query field "moon" on type "User"'):
            client.execute("{user{id moon}}")
        with refused(exceptions.InvalidQueryError, "Cannot query field"):
            client.execute("mutation {flyToTheMoon(data: {}) {id}}")

    @pytest.mark.parametrize(
        "text", ["", "{", "user }", '{user(where: {id: "x) {id}}', "query ($: ID) {a}", "\x00", "{user{id}} trailing ("]
    )
    def test_no_query(self, client: labelbox.Client, text: str) -> None:
        with refused(exceptions.InvalidQueryError):
            client.execute(text)

    def test_the_message_of_a_syntax_error(self, server: Server) -> None:
        answer = ask(server, "{user{")
        assert code(answer) == "GRAPHQL_PARSE_FAILED"
        assert answer["errors"][0]["message"].startswith("Syntax Error:")

    @pytest.mark.parametrize(
        "text",
        [
            "{user" * 5_000 + "}" * 5_000,
            "{user{organization{users" * 200 + "{id}" + "}}" * 200 + "}",
            "{" + " ".join(f"a{n}: user{{id}}" for n in range(50_000)) + "}",
            "{user(where: " + "[" * 20_000 + "]" * 20_000 + "){id}}",
            "{user{...a}} fragment a on User {...b} fragment b on User {...a}",
        ],
        ids=["deep", "deep relations", "wide", "deep argument", "circle of fragments"],
    )
    def test_too_much(self, client: labelbox.Client, text: str) -> None:
        with refused((exceptions.ValidationFailedError, exceptions.InvalidQueryError)):
            client.execute(text)

    def test_deep_variables(self, server: Server) -> None:
        """Variables are data from strangers as well."""
        deep = b"[" * 20_000 + b"]" * 20_000
        response = post(
            server, b'{"query":"query($a: Json){user{id}}","variables":{"a":' + deep + b"}}", server.api_key
        )
        assert response.status_code < 500 and response.json()

    @pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b'{"query": 5}', b'"text"', b"\xff\xfe"])
    def test_a_body_that_is_none(self, server: Server, body: bytes) -> None:
        """An answer in JSON, with a code, below 500."""
        response = post(server, body, server.api_key)
        assert response.status_code < 500
        assert code(response.json())

    def test_missing_and_wrong_variables(self, client: labelbox.Client) -> None:
        query = "query GetDatasetPyApi($param_0: ID!){dataset(where: {id: $param_0}){id}}"
        for variables in ({}, {"param_0": None}, {"param_0": {"a": 1}}, {"param_0": ["x"]}):
            with refused(SDK_ERRORS):
                if client.execute(query, variables) is None:
                    raise exceptions.ResourceNotFoundError(labelbox.Dataset, variables)

    def test_arguments_of_another_type(self, server: Server) -> None:
        """They are refused by their name, never taken as not given."""
        for call, name in (
            ('createDataset(data: {name: "a", description: 5})', "data.description"),
            ('createProject(data: {name: "a", description: {a: 1}})', "data.description"),
            ('updateDataset(where: {id: "a"}, data: {deleted: "yes"})', "data.deleted"),
            ('deleteDataRows(where: {dataRowIds: "a"})', "where.dataRowIds"),
        ):
            answer = ask(server, f"mutation {{{call}{{id}}}}")
            assert code(answer) == "MALFORMED_REQUEST"
            assert answer["errors"][0]["message"].startswith(f"{name} is ")

    def test_other_methods_and_paths(self, server: Server) -> None:
        """GET on the endpoint, a path that nobody serves: a status of the client's fault, never 5xx, never a hang."""
        for method, path in [
            ("GET", "/graphql"),
            ("PUT", "/graphql"),
            ("GET", "/nothing"),
            ("POST", "/api/v1/nothing"),
            ("DELETE", "/api/v1/slices"),
        ]:
            response = requests.request(
                method, server.url + path, headers={"Authorization": f"Bearer {server.api_key}"}, timeout=30
            )
            assert 400 <= response.status_code < 500, (method, path, response.status_code)


UPLOAD = """mutation UploadFile($file: Upload!, $contentLength: Int!, $sign: Boolean)
    {uploadFile(file: $file, contentLength: $contentLength, sign: $sign) {url filename}}"""


def upload(server: Server, body: bytes, length: int, **replaced: object) -> requests.Response:
    operations = {"variables": {"file": None, "contentLength": length, "sign": False}, "query": UPLOAD}
    parts = {"operations": json.dumps(operations), "map": (None, json.dumps({"1": ["variables.file"]})), **replaced}
    headers = {"Authorization": f"Bearer {server.api_key}"}
    files = {"1": ("file.bin", body, "application/octet-stream")}
    return requests.post(f"{server.url}/graphql", headers=headers, data=parts, files=files, timeout=120)


class TestUploads:
    """Files that are not what they are said to be."""

    @pytest.mark.parametrize("length", [0, 3, 5, 10**9, -1])
    def test_a_length_that_lies(self, server: Server, length: int) -> None:
        """A file that was cut on its way is refused, not stored."""
        response = upload(server, b"four", length)
        assert response.status_code < 500 and code(response.json())

    def test_an_honest_length(self, server: Server) -> None:
        assert upload(server, b"four", 4).json()["data"]["uploadFile"]["url"]

    @pytest.mark.parametrize(
        "replaced",
        [
            {"map": (None, "{}")},
            {"map": (None, "no JSON")},
            {"map": (None, '{"2": ["variables.file"]}')},
            {"map": (None, '{"1": ["variables.nothing.0"]}')},
            {"operations": "no JSON"},
            {"operations": "[]"},
        ],
        ids=str,
    )
    def test_parts_that_do_not_fit(self, server: Server, replaced: dict) -> None:
        response = upload(server, b"four", 4, **replaced)
        assert response.status_code < 500 and code(response.json())

    def test_a_body_that_breaks_off(self, server: Server) -> None:
        headers = {"Authorization": f"Bearer {server.api_key}", "Content-Type": "multipart/form-data; boundary=x"}
        response = requests.post(
            f"{server.url}/graphql", headers=headers, data=b"--x\r\nContent-Disposition: form", timeout=30
        )
        assert response.status_code < 500 and code(response.json())

    def test_a_chunk_of_50_mb(self, client: labelbox.Client) -> None:
        """Ten megabytes are the rule; more is refused when it is uploaded or when it is imported, in a sentence."""
        chunk = json.dumps([{"row_data": "x" * 50_000_000}])
        start_import = manifest_import if versions.UPSERTS else description_import
        with refused(SDK_ERRORS, "(?i)MB|bytes|large|big"):
            url = client.upload_data(chunk, filename="json_import.json", content_type="application/json")
            task = start_import(client, url)
            task.wait_till_done()
            assert task.status == "FAILED"
            raise exceptions.LabelboxError(str(sentence_of(task)))

    @pytest.mark.parametrize("body", [b"no JSON", b"{}", b'[{"id": 5}]', b"[[[[]]]]", b'["x"]'])
    def test_chunks_that_are_none(self, client: labelbox.Client, body: bytes) -> None:
        """The task fails, or its rows do; nothing is created and nothing hangs."""
        url = client.upload_data(body, filename="json_import.json", content_type="application/json")
        start_import = manifest_import if versions.UPSERTS else description_import
        try:
            task = start_import(client, url)
        except SDK_ERRORS as error:
            assert len(str(error)) > 10
            return
        task.wait_till_done()
        assert task.status == "FAILED" or task.errors or not task.result


def manifest_import(client: labelbox.Client, chunk: str) -> object:
    """Starts an import of one chunk, as `create_data_rows` does."""
    manifest = json.dumps({"source": "SDK", "item_count": 1, "chunk_uris": [chunk]})
    uri = client.upload_data(manifest, filename="manifest.json", content_type="application/json")
    query = (
        "mutation UpsertDataRowsPyApi($manifestUri: String!) {upsertDataRows(data: {manifestUri: $manifestUri}) {id}}"
    )
    task = client.execute(query, {"manifestUri": uri})["upsertDataRows"]["id"]
    return labelbox.Task.get_task(client, task)


def description_import(client: labelbox.Client, file: str) -> object:
    """The same for versions that have one file for all rows."""
    dataset = client.create_dataset(name="of a description")
    query = """mutation AppendRowsToDatasetPyApi($datasetId: ID!, $jsonUrl: String!)
        {appendRowsToDataset(data: {datasetId: $datasetId, jsonFileUrl: $jsonUrl}) {taskId accepted errorMessage}}"""
    answer = client.execute(query, {"datasetId": dataset.uid, "jsonUrl": file})["appendRowsToDataset"]
    if not answer["accepted"]:
        raise exceptions.InvalidQueryError(answer["errorMessage"])
    return labelbox.Task.get_task(client, answer["taskId"])


def sentence_of(task: object) -> object:
    """What a failed task says, wherever its kind says it."""
    return task.errors or task.result_url or task.errors_url


class TestStreams:
    """Streams that are not there."""

    def test_of_a_task_that_is_no_export(self, server: Server, client: labelbox.Client) -> None:
        dataset = client.create_dataset(name="no export")
        task = create_rows(dataset, [{"row_data": "a", "media_type": "TEXT"}])
        for query, more in ((HEADER, {}), (FROM_OFFSET, {"offset": "0"})):
            answer = ask(server, query, {"where": {"id": task.uid}, "streamType": "RESULT", **more})
            assert code(answer) in ("RESOURCE_NOT_FOUND", "MALFORMED_REQUEST")
            assert answer["errors"][0].get("errors") or code(answer) == "RESOURCE_NOT_FOUND"

    @pytest.mark.parametrize("offset", ["10000000", "-1", "x", "99999999999999999999999"])
    def test_beyond_the_end(self, server: Server, exports: Exports, image: Made, offset: str) -> None:
        """Null or an error, as the client expects."""
        task = exported(exports, image)
        answer = ask(server, FROM_OFFSET, {"where": {"id": task}, "streamType": "RESULT", "offset": offset})
        if "errors" in answer:
            assert code(answer) in ("MALFORMED_REQUEST", "GRAPHQL_VALIDATION_FAILED")
        else:
            assert answer["data"]["task"]["exportFileFromOffset"] is None

    def test_of_a_stream_that_is_none(self, server: Server, exports: Exports, image: Made) -> None:
        answer = ask(server, HEADER, {"where": {"id": exported(exports, image)}, "streamType": "SIDEWAYS"})
        assert code(answer) in ("MALFORMED_REQUEST", "GRAPHQL_VALIDATION_FAILED")


def exported(exports: Exports, image: Made) -> str:
    """The id of a finished export."""
    export = exports.start(image.project.export_v2)
    exports.wait([export])
    return export.id


@dataclass(frozen=True)
class Link:
    """A signed URL: of what, and who may use it."""

    url: str

    def parts(self) -> tuple[str, str]:
        path, _, query = self.url.partition("?")
        return path, query


@pytest.fixture(scope="module")
def links(server: Server, client: labelbox.Client, exports: Exports, image: Made) -> dict[str, Link]:
    """A URL of an uploaded file, of the file of a stream and of a mask."""
    uploaded = client.upload_data(b"signed", filename="signed.txt", content_type="text/plain")
    task = exported(exports, image)
    answer = ask(server, FROM_OFFSET, {"where": {"id": task}, "streamType": "RESULT", "offset": "0"})
    return {"upload": Link(uploaded), "stream": Link(answer["data"]["task"]["exportFileFromOffset"]["file"])}


class TestSignedUrls:
    """URLs that work without a key work for one object, and for no other."""

    @pytest.mark.parametrize("name", ["upload", "stream"])
    def test_as_it_is(self, links: dict, name: str) -> None:
        assert requests.get(links[name].url, timeout=30).status_code == 200

    @pytest.mark.parametrize("name", ["upload", "stream"])
    @pytest.mark.parametrize(
        "alter",
        [
            lambda path, query: path,
            lambda path, query: f"{path}?{query[:-1]}",
            lambda path, query: f"{path}?{query[:-1]}{'0' if query[-1] != '0' else '1'}",
            lambda path, query: f"{path}x?{query}",
            lambda path, query: f"{path}?{query.replace('signature=', 'signature=00')}",
            lambda path, query: f"{path}?{query.replace('expires=', 'expires=9')}&expires=1",
            lambda path, query: f"{path}/../../../graphql?{query}",
        ],
        ids=["no signature", "cut", "altered", "other path", "longer", "other time", "dots"],
    )
    def test_altered(self, links: dict, name: str, alter: Callable[[str, str], str]) -> None:
        response = requests.get(alter(*links[name].parts()), timeout=30)
        assert 400 <= response.status_code < 500
        assert b"signed" != response.content

    def test_for_another_object(self, client: labelbox.Client, links: dict) -> None:
        """The signature of one file does not open another."""
        other = client.upload_data(b"another", filename="another.txt", content_type="text/plain")
        _, query = links["upload"].parts()
        response = requests.get(f"{other.partition('?')[0]}?{query}", timeout=30)
        assert 400 <= response.status_code < 500 and response.content != b"another"

    def test_expired(self, links: dict) -> None:
        """A time in the past is refused, whatever the signature says."""
        path, query = links["stream"].parts()
        signature = next((part for part in query.split("&") if part.startswith("signature=")), "signature=0")
        response = requests.get(f"{path}?expires=1&{signature}", timeout=30)
        assert 400 <= response.status_code < 500

    def test_whole_files_of_other_tasks(self, server: Server, client: labelbox.Client) -> None:
        """An id that nobody was given opens nothing."""
        organization = client.get_organization().uid
        for task, owner in ((UNKNOWN, organization), ("..", organization), (UNKNOWN, UNKNOWN)):
            response = requests.get(f"{server.url}/api/v1/export-results/{task}/{owner}", timeout=30)
            assert 400 <= response.status_code < 500


class TestRows:
    """Rows that cannot be what they are said to be."""

    def test_another_type_than_declared(self, client: labelbox.Client, assets: AssetServer) -> None:
        """The row says so in the words that callers match, and only it."""
        dataset = client.create_dataset(name="declared")
        items = [
            {"row_data": {"not": "a picture"}, "media_type": "IMAGE"},
            {"row_data": f"{assets.url}/boat.png?declared", "media_type": "IMAGE"},
        ]
        task = dataset.create_data_rows(items)
        task.wait_till_done()
        assert task.status == "COMPLETE"
        assert "Expected type image/*, detected: application/json" in str(task.errors)
        assert [row.row_data for row in dataset.data_rows()] == [items[1]["row_data"]]

    def test_an_asset_that_is_not_there(self, client: labelbox.Client, assets: AssetServer) -> None:
        """The row is made all the same, with what its name tells."""
        dataset = client.create_dataset(name="unreachable")
        create_rows(dataset, [{"row_data": f"{assets.url}/missing.png"}, {"row_data": "http://127.0.0.1:9/closed.mp4"}])
        wait_for_assets(client, [row.uid for row in dataset.data_rows()])
        kinds = {row.media_attributes.get("mimeType") for row in dataset.data_rows()}
        assert kinds == {"image/png", "video/mp4"}

    def test_keys_that_are_none(self, client: labelbox.Client) -> None:
        dataset = client.create_dataset(name="keys")
        task = dataset.create_data_rows([{"row_data": "text", "media_type": "TEXT", "global_key": "k" * 201}])
        task.wait_till_done()
        assert task.errors and list(dataset.data_rows()) == []

    def test_members_that_cannot_be_read(self, client: labelbox.Client) -> None:
        """Each such row fails with its sentence, also one that is not JSON; the others are made."""
        dataset = client.create_dataset(name="members")
        given = [{"media_type": "NOPE"}, {"global_key": "a\0b"}, {"external_id": "half \ud83d"}, {"external_id": "good"}]
        task = dataset.create_data_rows([{"row_data": "text", **one} for one in given])
        task.wait_till_done()
        assert task.status == "COMPLETE"
        messages = sorted(error["message"] for error in task.errors)
        for message, words in zip(messages, ["is no media type", "is not JSON: half", "control character"], strict=True):
            assert words in message
        assert [row.external_id for row in dataset.data_rows()] == ["good"]

    @pytest.mark.skipif(not versions.UPSERTS, reason="older versions read it from a file")
    def test_an_import_that_fails_says_why(self, client: labelbox.Client) -> None:
        """As a whole: in the errors of the task, and in what its result raises."""
        url = client.upload_data(b"no JSON", filename="json_import.json", content_type="application/json")
        task = manifest_import(client, url)
        task.wait_till_done()
        # What `create_data_rows` gives, which reads failures from elsewhere than a task that is looked up.
        task.__class__ = labelbox.schema.task.DataUpsertTask
        assert task.status == "FAILED" and task.has_errors()
        [error] = task.errors
        assert error["message"].startswith("the chunk of the import is not JSON")
        with pytest.raises(ValueError, match="the chunk of the import is not JSON"):
            _ = task.result

    def test_metadata_twice(self, client: labelbox.Client) -> None:
        dataset = client.create_dataset(name="metadata twice")
        fields = [{"name": "tag", "value": "a"}, {"name": "tag", "value": "b"}]
        task = dataset.create_data_rows([{"row_data": "text", "media_type": "TEXT", "metadata_fields": fields}])
        task.wait_till_done()
        assert "A schemaId can only be specified once per DataRow" in str(task.errors)
