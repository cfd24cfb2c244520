"""Metadata of rows: fields of one's own and reserved ones, changed and exported."""

from datetime import UTC, datetime

import labelbox
import pytest
from labelbox import DataRowMetadata, DataRowMetadataField
from labelbox.schema.data_row_metadata import DataRowMetadataKind, DeleteDataRowMetadata

from assets import AssetServer
from exporting import Exports
from versions import exceptions
from workspace import Workspace, create_rows

TAG, CAPTURED = "cko8s9r5v0001h2dk9elqdidh", "cko8sdzv70006h2dk8jg64zvb"
SPLIT, TRAIN, TEST = "cko8sbczn0002h2dkdaxb5kal", "cko8sbscr0003h2dk04w86hof", "cko8scbz70005h2dkastwhgqt"


@pytest.fixture(scope="module")
def dataset(client: labelbox.Client, assets: AssetServer, workspace: Workspace) -> labelbox.Dataset:
    made = client.create_dataset(name="metadata")
    create_rows(made, [{"row_data": f"{assets.url}/boat.png?m={n}", "global_key": f"metadata {n}"} for n in range(2)])
    return made


@pytest.fixture(scope="module")
def row_ids(client: labelbox.Client, dataset: labelbox.Dataset) -> list[str]:
    return client.get_data_row_ids_for_global_keys(["metadata 0", "metadata 1"])["results"]


def fields_of(row: dict) -> dict:
    return {field["schema_name"]: field["value"] for field in row["metadata_fields"]}


def test_reserved_fields_are_there(client: labelbox.Client) -> None:
    """On a fresh server, with the ids that everyone's code has in it."""
    metadata = client.get_data_row_metadata_ontology()
    reserved = {field.uid: field for field in metadata.reserved_fields}
    assert {TAG, CAPTURED, SPLIT} <= set(reserved)
    options = {option.name: option.uid for option in reserved[SPLIT].options}
    assert (options["train"], options["test"]) == (TRAIN, TEST) and "valid" in options


def test_values_are_written_merged_and_exported(
    client: labelbox.Client, dataset: labelbox.Dataset, row_ids: list[str], exports: Exports
) -> None:
    """`bulk_upsert` by id and by key, by name and by schema id; a second write leaves the other fields."""
    metadata = client.get_data_row_metadata_ontology()
    captured = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    first = DataRowMetadata(
        data_row_id=row_ids[0],
        fields=[
            DataRowMetadataField(schema_id=TAG, value='caf\u00e9 "x"'),
            DataRowMetadataField(schema_id=SPLIT, value=TRAIN),
            DataRowMetadataField(schema_id=CAPTURED, value=captured),
        ],
    )
    by_key = DataRowMetadata(global_key="metadata 1", fields=[DataRowMetadataField(name="tag", value="other")])
    assert metadata.bulk_upsert([first, by_key]) == []
    later = DataRowMetadata(data_row_id=row_ids[0], fields=[DataRowMetadataField(name="depth_m", value=-1.25)])
    assert metadata.bulk_upsert([later]) == []
    export = exports.start(dataset.export_v2, params={"metadata_fields": True})
    exports.wait([export])
    shown = {row["data_row"]["id"]: fields_of(row) for row in exports.check(export)}
    split = shown[row_ids[0]].pop("split")
    assert [option["schema_id"] for option in split] == [TRAIN]
    assert shown[row_ids[0]] == {
        "tag": 'caf\u00e9 "x"',
        "captureDateTime": "2024-05-06T07:08:09.000+00:00",
        "depth_m": -1.25,
    }
    assert shown[row_ids[1]] == {"tag": "other"}


def test_values_are_read_back(client: labelbox.Client, row_ids: list[str]) -> None:
    """`bulk_export` gives the values as the SDK writes them."""
    metadata = client.get_data_row_metadata_ontology()
    metadata.bulk_upsert(
        [DataRowMetadata(data_row_id=row_ids[1], fields=[DataRowMetadataField(schema_id=SPLIT, value=TEST)])]
    )
    [found] = metadata.bulk_export([row_ids[1]])
    values = {field.schema_id: field.value for field in found.fields}
    assert found.data_row_id == row_ids[1] and values[SPLIT] == TEST


def test_a_deleted_value_is_gone(
    client: labelbox.Client, assets: AssetServer, exports: Exports, workspace: Workspace
) -> None:
    """After the only value is deleted, an export shows an empty list."""
    made = client.create_dataset(name="metadata deleted")
    create_rows(
        made, [{"row_data": f"{assets.url}/boat.png?deleted", "metadata_fields": [{"name": "tag", "value": "x"}]}]
    )
    [row] = made.data_rows()
    metadata = client.get_data_row_metadata_ontology()
    assert metadata.bulk_delete([DeleteDataRowMetadata(data_row_id=row.uid, fields=[TAG])]) == []
    [shown] = exports.run(made.export_v2, params={"metadata_fields": True})
    assert shown["metadata_fields"] == []


def test_failures_alone_are_returned(client: labelbox.Client, row_ids: list[str]) -> None:
    """A row that is not there is reported; the other is written."""
    metadata = client.get_data_row_metadata_ontology()
    field = DataRowMetadataField(schema_id=TAG, value="kept")
    lost = "c" + "0" * 24
    failed = metadata.bulk_upsert(
        [DataRowMetadata(data_row_id=row_ids[0], fields=[field]), DataRowMetadata(data_row_id=lost, fields=[field])]
    )
    assert [one.data_row_id for one in failed] == [lost] and failed[0].error
    row = client.get_data_row(row_ids[0])
    assert {one["name"]: one["value"] for one in row.metadata_fields}["tag"] == "kept"


def test_fields_are_made_renamed_and_deleted(client: labelbox.Client, workspace: Workspace) -> None:
    """The life of a field of one's own."""
    metadata = client.get_data_row_metadata_ontology()
    made = metadata.create_schema("tide", DataRowMetadataKind.enum, options=["ebb", "flood"])
    assert {option.name for option in made.options} == {"ebb", "flood"}
    renamed = metadata.update_schema("tide", "water")
    assert (renamed.uid, renamed.name) == (made.uid, "water")
    metadata.update_enum_option("water", "ebb", "low")
    metadata.refresh_ontology()
    found = next(field for field in metadata.custom_fields if field.uid == made.uid)
    assert {option.name for option in found.options} == {"low", "flood"}
    assert metadata.delete_schema("water")
    metadata.refresh_ontology()
    assert made.uid not in {field.uid for field in metadata.custom_fields}


def test_a_name_is_given_once(client: labelbox.Client, workspace: Workspace) -> None:
    """Two fields of the same name would make names ambiguous."""
    with pytest.raises(exceptions.MalformedQueryException, match="site"):
        client.get_data_row_metadata_ontology().create_schema("site", DataRowMetadataKind.string)
