"""Labels one by one: what each says, in which order they come, and whose they are."""

import json

import labelbox
import pytest
from labelbox import Label
from labelbox.schema.data_row_metadata import DataRowMetadataKind

import shapes
import versions
from assets import AssetServer
from serving import Server
from small import Small, make_small
from subjects import ANSWERS, BOX, CLOSED, RING, TUG
from versions import SDK_ERRORS
from workspace import Made


@pytest.fixture(scope="module")
def small(client: labelbox.Client, assets: AssetServer) -> Small:
    made = make_small(client, assets, "labels")
    made.label(
        0, [{"name": "boat", "bbox": BOX, "classifications": TUG}, {"name": "Deck - Area", "polygon": RING}, *ANSWERS]
    )
    made.label(1, [{"name": "lamp", "point": {"x": 1, "y": 2}}])
    made.label(0, [{"name": "water", "mask": {"size": [16, 24], "counts": [0, 384]}}])
    return made


def test_a_label_is_json_of_the_legacy_form(small: Small) -> None:
    """As programs of 2021 to 2023 read it: titles, values, geometry by tool, ids of features and schemas, answers."""
    first, second, third = small.project.labels()
    said = json.loads(first.label)
    boat, deck = said["objects"]
    assert (boat["title"], boat["value"]) == ("boat", "boat") and boat["bbox"] == BOX
    assert shapes.ID.fullmatch(boat["featureId"]) and shapes.ID.fullmatch(boat["schemaId"])
    [kind] = boat["classifications"]
    assert (kind["title"], kind["answer"]["value"]) == ("boat_kind", "tug")
    assert deck["title"] == "Deck - Area" and deck["polygon"] == CLOSED
    answers = {one["title"]: one.get("answer", one.get("answers")) for one in said["classifications"]}
    assert set(answers) >= {"note"} and answers["note"] == "checked \u00abtwice\u00bb {ok}"
    assert [one["value"] for one in answers["conditions"]] == ["wet", "crowded"]
    assert json.loads(second.label)["objects"][0]["point"] == {"x": 1, "y": 2}
    assert json.loads(third.label)["objects"][0]["instanceURI"].startswith("http")
    assert first.label == next(iter(small.client.get_data_row(small.row_ids[0]).labels())).label


def test_the_frames_of_a_video_are_at_a_url(client: labelbox.Client, workspace: object, server: Server) -> None:
    """As exports of the first format had them."""
    label = next(iter(workspace["video"].project.labels()))
    assert json.loads(label.label)["frames"].startswith(f"{server.url}/api/v1/labels/{label.uid}/frames")


def test_labels_come_in_the_order_that_is_asked_for(small: Small) -> None:
    """The oldest first, unless something else is asked for."""
    made = [label.uid for label in small.project.labels()]
    assert [label.uid for label in small.project.labels(order_by=Label.created_at.asc)] == made
    for field in (Label.created_at, Label.updated_at):
        assert [label.uid for label in small.project.labels(order_by=field.desc)] == made[::-1]
    assert [label.uid for label in small.project.labels(order_by=Label.seconds_to_label.desc)] == made
    of_set = small.project.labels(datasets=[small.dataset], order_by=Label.created_at.desc)
    assert [label.uid for label in of_set] == made[::-1]
    with pytest.raises(SDK_ERRORS, match="labels are ordered by"):
        list(small.project.labels(order_by=Label.label.asc))


@pytest.mark.skipif(versions.VERSION < (7,), reason="this version has no such argument")
def test_labels_of_a_user_are_found(small: Small, server: Server) -> None:
    """Of this one all, of another none."""
    user = small.client.get_user()
    assert len(list(small.project.labels(created_by=user))) == 3
    assert list(small.project.labels(created_by="cnobody000000000000000000")) == []


def test_options_are_listed_as_they_were_created(client: labelbox.Client) -> None:
    """Not by their names or ids."""
    metadata = client.get_data_row_metadata_ontology()
    names = ["winter", "autumn", "summer", "spring", "zebra", "ant"]
    made = metadata.create_schema("season", DataRowMetadataKind.enum, options=names)
    assert [option.name for option in made.options] == names
    metadata.refresh_ontology()
    assert list(metadata.fields_by_id[made.uid].options) and [
        option.name for option in metadata.fields_by_id[made.uid].options
    ] == names


def test_texts_compare_without_regard_to_case(client: labelbox.Client, image: Made) -> None:
    """Names of the editor, of projects and of datasets."""
    if hasattr(client, "get_labeling_frontends"):
        [editor] = client.get_labeling_frontends(where=labelbox.LabelingFrontend.name == "editor")
        assert editor.name == "Editor"
    found = client.get_projects(where=labelbox.Project.name == image.project.name.upper())
    assert [project.uid for project in found] == [image.project.uid]
    found = client.get_datasets(where=labelbox.Dataset.name == image.dataset.name.title())
    assert [dataset.uid for dataset in found] == [image.dataset.uid]
    others = client.get_datasets(where=labelbox.Dataset.name != image.dataset.name.upper())
    assert image.dataset.uid not in {dataset.uid for dataset in others}
