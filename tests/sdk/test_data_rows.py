"""Datasets and data rows: created in every way that the SDK has, changed, and refused one by one."""

from pathlib import Path

import labelbox
import pytest
import requests

import assets as asset_bytes
import versions
from assets import AssetServer
from exporting import Exports
from versions import exceptions
from workspace import VECTOR, create_rows, wait_for_assets


@pytest.fixture(scope="module")
def dataset(client: labelbox.Client) -> labelbox.Dataset:
    return client.create_dataset(name="rows", description="of every origin")


def by_key(client: labelbox.Client, key: str) -> labelbox.DataRow:
    [row_id] = client.get_data_row_ids_for_global_keys([key])["results"]
    return client.get_data_row(row_id)


def test_a_dataset_reads_back_and_changes(client: labelbox.Client) -> None:
    """Created, found, renamed, deleted; then gone from gets and lists."""
    made = client.create_dataset(name="short-lived", description="a while")
    found = client.get_dataset(made.uid)
    assert (found.name, found.description, found.row_count or 0) == ("short-lived", "a while", 0)
    made.update(name="renamed")
    assert client.get_dataset(made.uid).name == "renamed"
    assert made.uid in {one.uid for one in client.get_datasets(where=labelbox.Dataset.name == "renamed")}
    assert found.organization().uid == client.get_organization().uid
    made.delete()
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.get_dataset(made.uid)
    assert list(client.get_datasets(where=labelbox.Dataset.name == "renamed")) == []


def test_a_deleted_dataset_takes_its_rows_with_it(client: labelbox.Client, assets: AssetServer) -> None:
    """The rows are gone, and their keys are free again."""
    for _ in range(2):
        made = client.create_dataset(name="taken along")
        create_rows(made, [{"row_data": f"{assets.url}/boat.png?along", "global_key": "taken along"}])
        row = by_key(client, "taken along")
        made.delete()
        with pytest.raises(exceptions.ResourceNotFoundError):
            client.get_data_row(row.uid)


def test_local_files_are_uploaded(dataset: labelbox.Dataset, client: labelbox.Client, tmp_path: Path) -> None:
    """A path becomes a URL whose body is the file, with its type; the path becomes the external id."""
    file = tmp_path / "own \u00fcpload.png"
    file.write_bytes(asset_bytes.png(32, 16))
    create_rows(dataset, [str(file)])
    create_rows(dataset, [{"row_data": str(file), "global_key": "uploaded"}])
    wait_for_assets(client, [row.uid for row in dataset.data_rows()])
    named = dataset.data_row_for_external_id(str(file))
    for row in (by_key(client, "uploaded"), named if isinstance(named, labelbox.DataRow) else named[0]):
        response = requests.get(row.row_data, timeout=30)
        assert response.content == file.read_bytes()
        assert response.headers["Content-Type"] == "image/png"
        head = requests.head(row.row_data, timeout=30)
        assert head.status_code == 200 and int(head.headers["Content-Length"]) == len(response.content)
        assert (row.media_attributes["width"], row.media_attributes["height"]) == (32, 16)


def test_bytes_are_uploaded(client: labelbox.Client, tmp_path: Path) -> None:
    """`upload_data` and `upload_file` give URLs that need no key."""
    url = client.upload_data(b"some bytes", filename="some.bin", content_type="application/octet-stream")
    assert requests.get(url, timeout=30).content == b"some bytes"
    assert requests.get(client.upload_data(b"nameless"), timeout=30).content == b"nameless"
    file = tmp_path / "note.txt"
    file.write_text("a note")
    assert requests.get(client.upload_file(str(file)), timeout=30).text == "a note"


def test_one_row_is_created_at_once(dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """`create_data_row` returns the row, with what it was given."""
    row = dataset.create_data_row(
        row_data=f"{assets.url}/boat.png?one",
        external_id="one",
        global_key="created alone",
        metadata_fields=[{"name": "tag", "value": "alone"}],
    )
    assert (row.external_id, row.global_key) == ("one", "created alone")
    assert row.row_data == f"{assets.url}/boat.png?one"
    assert [field["value"] for field in row.metadata_fields] == ["alone"]
    assert row.dataset().uid == dataset.uid


@pytest.mark.skipif(versions.UPSERTS, reason="this version has no such method")
def test_rows_are_created_in_one_call(client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """`create_data_rows_sync` returns when the rows are there."""
    dataset.create_data_rows_sync([{"row_data": f"{assets.url}/boat.png?sync", "global_key": "created in one call"}])
    assert by_key(client, "created in one call").row_data.endswith("?sync")


def test_a_row_is_changed(
    client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer, exports: Exports
) -> None:
    """What changes is exported changed; what was not named stays."""
    row = dataset.create_data_row(row_data=f"{assets.url}/boat.png?change", external_id="before", global_key="changed")
    row.update(external_id="after")
    found = client.get_data_row(row.uid)
    assert (found.external_id, found.global_key) == ("after", "changed")
    # Two exports are compared, and the attributes of the asset must not come between them.
    wait_for_assets(client, [row.uid])
    export = exports.start(dataset.export_v2, filters={"data_row_ids": [row.uid]})
    exports.wait([export])
    [shown] = exports.check(export)
    assert shown["data_row"]["external_id"] == "after"


def test_attachments_are_added_changed_and_deleted(
    dataset: labelbox.Dataset, assets: AssetServer, exports: Exports
) -> None:
    """The attachments of a row are those that an export shows."""
    row = dataset.create_data_row(row_data=f"{assets.url}/boat.png?attach")
    attachment = row.create_attachment("RAW_TEXT", "left camera", "note")
    assert (attachment.attachment_type, attachment.attachment_value) == ("RAW_TEXT", "left camera")
    row.create_attachment("IMAGE", f"{assets.url}/mask.png")
    assert {one.attachment_value for one in row.attachments()} == {"left camera", f"{assets.url}/mask.png"}
    attachment.delete()
    [shown] = exports.run(dataset.export_v2, params={"attachments": True}, filters={"data_row_ids": [row.uid]})
    assert [one["value"] for one in shown["attachments"]] == [f"{assets.url}/mask.png"]


def test_rows_are_found_by_their_external_ids(
    client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer
) -> None:
    """In a dataset, and over all datasets."""
    row = dataset.create_data_row(row_data=f"{assets.url}/boat.png?ext", external_id="searched")
    assert dataset.data_row_for_external_id("searched").uid == row.uid
    assert client.get_data_row_ids_for_external_ids(["searched", "nobody"])["searched"] == [row.uid]
    with pytest.raises(exceptions.ResourceNotFoundError):
        dataset.data_row_for_external_id("nobody")


def test_deleted_rows_are_gone(client: labelbox.Client, assets: AssetServer, exports: Exports) -> None:
    """From gets, lists and exports; the key is free."""
    made = client.create_dataset(name="rows deleted")
    create_rows(made, [{"row_data": f"{assets.url}/boat.png?d{n}", "global_key": f"deleted {n}"} for n in range(3)])
    rows = {row.global_key: row for row in made.data_rows()}
    rows["deleted 0"].delete()
    labelbox.DataRow.bulk_delete([rows["deleted 1"]])
    assert [row.global_key for row in made.data_rows()] == ["deleted 2"]
    wait_for_assets(client, [rows["deleted 2"].uid])
    export = exports.start(made.export_v2)
    exports.wait([export])
    assert [row["data_row"]["global_key"] for row in exports.check(export)] == ["deleted 2"]
    create_rows(made, [{"row_data": f"{assets.url}/boat.png?again", "global_key": "deleted 0"}])


def test_global_keys_are_given_looked_up_and_taken(
    client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer
) -> None:
    """The order of a look-up is that of the question, with nothing for a key that nobody has."""
    rows = [dataset.create_data_row(row_data=f"{assets.url}/boat.png?k{n}") for n in range(2)]
    given = [{"data_row_id": row.uid, "global_key": f"given {n}"} for n, row in enumerate(rows)]
    assert client.assign_global_keys_to_data_rows(given)["status"] == "SUCCESS"
    found = client.get_data_row_ids_for_global_keys(["given 1", "nobody", "given 0"])
    assert found["results"] == [rows[1].uid, "", rows[0].uid]
    assert found["status"] != "SUCCESS" and found["errors"]
    taken = client.assign_global_keys_to_data_rows([{"data_row_id": rows[0].uid, "global_key": "given 1"}])
    assert taken["status"] == "FAILURE"
    assert client.clear_global_keys(["given 0"])["results"] == ["given 0"]
    assert client.get_data_row(rows[0].uid).global_key is None


@pytest.mark.skipif(not versions.UPSERTS, reason="this version has no such method")
def test_a_row_is_got_by_its_key(client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """One call; an unknown key is not found."""
    row = dataset.create_data_row(row_data=f"{assets.url}/boat.png?get", global_key="got by key")
    assert client.get_data_row_by_global_key("got by key").uid == row.uid
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.get_data_row_by_global_key("nobody has this")


@pytest.mark.skipif(not versions.UPSERTS, reason="this version has no such method")
def test_rows_are_upserted(client: labelbox.Client, dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """Without a key a row is made, with a key it is changed: attachments and metadata are replaced, the rest stays."""
    old = dataset.create_data_row(
        row_data=f"{assets.url}/boat.png?old",
        global_key="upserted",
        external_id="old",
        attachments=[{"type": "RAW_TEXT", "value": "old note"}],
        metadata_fields=[{"name": "tag", "value": "old"}],
    )
    task = dataset.upsert_data_rows(
        [
            {
                "key": labelbox.GlobalKey("upserted"),
                "external_id": "new",
                "attachments": [{"type": "RAW_TEXT", "value": "new note"}],
            },
            {"row_data": f"{assets.url}/boat.png?new", "global_key": "upserted anew"},
        ]
    )
    task.wait_till_done()
    assert (task.status, task.errors) == ("COMPLETE", None)
    row = client.get_data_row(old.uid)
    assert (row.external_id, row.row_data) == ("new", f"{assets.url}/boat.png?old")
    assert [one.attachment_value for one in row.attachments()] == ["new note"]
    assert [field["value"] for field in row.metadata_fields] == ["old"]
    assert client.get_data_row_by_global_key("upserted anew").row_data.endswith("?new")


def failures(task: object) -> list[tuple[str, dict]]:
    """Messages of the rows that failed, each with its row."""
    found = []
    for error in task.errors or []:
        for row in error.get("failedDataRows", []):
            found.append((error["message"], row))
    return found


def test_bad_rows_fail_alone(dataset: labelbox.Dataset, client: labelbox.Client, assets: AssetServer) -> None:
    """The import is COMPLETE; each bad row is reported in the words that callers match, each good one is there."""
    url = f"{assets.url}/boat.png"
    items = [
        {"row_data": f"{url}?good", "global_key": "good among bad"},
        {"row_data": f"{url}?twice", "global_key": "twice in one"},
        {"row_data": f"{url}?twice", "global_key": "twice in one"},
    ]
    task = dataset.create_data_rows(items)
    task.wait_till_done()
    assert task.status == "COMPLETE"
    [(message, row)] = failures(task)
    assert message == "Duplicate global key: 'twice in one'"
    assert row["globalKey"] == "twice in one" and row["rowData"] == f"{url}?twice"
    assert {made["global_key"] for made in task.result} == {"good among bad", "twice in one"}
    again = dataset.create_data_rows(items[:1])
    again.wait_till_done()
    [(message, _)] = failures(again)
    assert message == "Duplicate global key: 'good among bad'"
    assert by_key(client, "good among bad").row_data == f"{url}?good"


@pytest.mark.skipif(not versions.UPSERTS, reason="older versions say it in another way")
def test_one_bad_row_raises(dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """`create_data_row` has no task to look at, so it raises."""
    item = {"row_data": f"{assets.url}/boat.png?raise", "global_key": "raised"}
    dataset.create_data_row(item)
    with pytest.raises(exceptions.ResourceCreationError, match="Duplicate global key: 'raised'"):
        dataset.create_data_row({"row_data": f"{assets.url}/boat.png?raise", "global_key": "raised"})


def test_the_result_of_a_task_lists_what_was_made(dataset: labelbox.Dataset, assets: AssetServer) -> None:
    """Ids, keys and content of the rows."""
    task = create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?r", "global_key": "listed", "external_id": "e"}])
    [row] = task.result
    assert (row["global_key"], row["external_id"]) == ("listed", "e")
    assert row["row_data"] == f"{assets.url}/boat.png?r" and len(row["id"]) == 25


def test_a_dataset_of_many_pages(client: labelbox.Client, assets: AssetServer) -> None:
    """501 rows are two pages; each row comes once."""
    made = client.create_dataset(name="pages")
    create_rows(
        made, [{"row_data": f"number {n}", "media_type": "TEXT", "global_key": f"page {n}"} for n in range(501)]
    )
    assert len({row.uid for row in made.data_rows()}) == 501
    assert client.get_dataset(made.uid).row_count == 501


def test_names_of_all_sorts(client: labelbox.Client, exports: Exports) -> None:
    """Quotes, braces, emoji and line ends in names and content come back as they went in."""
    odd = 'a "quoted" {brace} \u2028 \U0001f6a2 \\ name\nand a line'
    made = client.create_dataset(name=odd)
    create_rows(made, [{"row_data": odd, "media_type": "TEXT", "external_id": odd, "global_key": 'odd "key" {\u00e9}'}])
    export = exports.start(made.export_v2, params={"data_row_details": True})
    exports.wait([export])
    [row] = exports.check(export)
    assert row["data_row"]["row_data"] == row["data_row"]["external_id"] == odd
    assert row["data_row"]["details"]["dataset_name"] == odd


@pytest.mark.skipif(not versions.EMBEDDINGS, reason="this version has no embeddings")
def test_embeddings_are_made_listed_and_deleted(client: labelbox.Client) -> None:
    """The life of an embedding."""
    made = client.create_embedding("short-lived", 4)
    assert (made.name, made.dims, made.custom) == ("short-lived", 4, True)
    assert made.id in {one.id for one in client.get_embeddings()}
    assert client.get_embedding_by_id(made.id).name == "short-lived"
    assert client.get_embedding_by_name("short-lived").id == made.id
    made.delete()
    assert made.id not in {one.id for one in client.get_embeddings()}


@pytest.mark.skipif(not versions.EMBEDDINGS, reason="this version has no embeddings")
def test_a_vector_of_the_wrong_length_is_refused(
    dataset: labelbox.Dataset, client: labelbox.Client, assets: AssetServer
) -> None:
    """The row fails with a sentence; nothing is cut or filled up."""
    embedding = client.create_embedding("of four", 4)
    task = dataset.create_data_rows(
        [{"row_data": f"{assets.url}/boat.png?v", "embeddings": [{"embedding_id": embedding.id, "vector": VECTOR}]}]
    )
    task.wait_till_done()
    [(message, _)] = failures(task)
    assert "4" in message and "3" in message


def test_an_unknown_row_is_not_found(client: labelbox.Client) -> None:
    """`ResourceNotFoundError`, also for an id that looks like none."""
    for uid in ("c" + "0" * 24, "not an id", "0" * 300):
        with pytest.raises(exceptions.ResourceNotFoundError):
            client.get_data_row(uid)
    with pytest.raises(exceptions.LabelboxError):
        client.get_dataset("nobody").export_v2()
