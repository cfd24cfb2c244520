"""What people's scripts do around exports: overviews, copies, priorities, many batches, features, lists of imports."""

from pathlib import Path

import labelbox
import pytest
import requests
from labelbox import OntologyBuilder, Tool

import versions
from assets import AssetServer
from exporting import Exports
from subjects import IMAGE
from workspace import Made, addressed, connect, create_ontology, create_project, create_rows, settle

older = pytest.mark.skipif(not versions.LEGACY, reason="this version has no such method")
newer = pytest.mark.skipif(not versions.UPSERTS, reason="this version has no such method")
newest = pytest.mark.skipif(not versions.NEWEST, reason="this version has no such method")


@pytest.fixture(scope="module")
def keys(client: labelbox.Client, assets: AssetServer) -> list[str]:
    dataset = client.create_dataset(name="managed")
    named = [f"managed {n}" for n in range(4)]
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?b{n}", "global_key": k} for n, k in enumerate(named)])
    return named


@pytest.fixture
def project(client: labelbox.Client) -> labelbox.Project:
    made = create_project(client, "managed", IMAGE)
    connect(made, create_ontology(client, IMAGE))
    return made


def row_ids(client: labelbox.Client, keys: list[str]) -> list[str]:
    return client.get_data_row_ids_for_global_keys(keys)["results"]


@newer
def test_an_overview_counts_rows_by_state(image: Made) -> None:
    """One row done, one in review, one to label."""
    overview = image.project.get_overview()
    assert (overview.to_label, overview.in_review, overview.in_rework, overview.done) == (1, 1, 0, 1)
    assert overview.total_data_rows == 3


@newer
def test_a_project_is_copied(image: Made, client: labelbox.Client) -> None:
    """Ontology and media type, no rows."""
    copy = image.project.clone()
    assert copy.uid != image.project.uid and copy.ontology().uid == image.ontology.uid
    assert copy.media_type == image.project.media_type
    assert list(copy.batches()) == []


@newer
def test_priorities_change(
    client: labelbox.Client, project: labelbox.Project, keys: list[str], exports: Exports
) -> None:
    """A new priority is exported; the other rows keep theirs."""
    project.create_batch("of priority four", global_keys=keys, priority=4)
    project.update_data_row_labeling_priority(labelbox.GlobalKeys(keys[:1]), 1)
    export = exports.start(project.export_v2, params={"project_details": True})
    exports.wait([export])
    priorities = {
        row["data_row"]["global_key"]: row["projects"][project.uid]["project_details"]["priority"]
        for row in exports.check(export)
    }
    assert priorities == {keys[0]: 1, **dict.fromkeys(keys[1:], 4)}


def test_many_batches_are_made_at_once(client: labelbox.Client, project: labelbox.Project, keys: list[str]) -> None:
    """With numbered names; from a list and from a dataset, without rows that are there already."""
    project.create_batches("list", global_keys=keys[:1]).result()
    dataset = client.get_data_row(row_ids(client, keys)[0]).dataset()
    project.create_batches_from_dataset("dataset", dataset.uid).result()
    sizes = {batch.name: batch.size for batch in project.batches()}
    assert sizes == {"list0000": 1, "dataset0000": 3}
    found = next(batch for batch in project.batches() if batch.name == "list0000")
    assert client.get_batch(project.uid, found.uid).name == "list0000"


def test_instructions_are_in_the_ontology(project: labelbox.Project, tmp_path: Path) -> None:
    """A file is uploaded, and its URL shows where editors look for it."""
    file = tmp_path / "how to.html"
    file.write_text("<p>Draw boats.</p>")
    project.upsert_instructions(str(file))
    url = project.ontology().normalized["projectInstructions"]
    assert requests.get(url, timeout=30).text == "<p>Draw boats.</p>"


def test_labels_of_a_batch_are_deleted(client: labelbox.Client, project: labelbox.Project, keys: list[str]) -> None:
    """The labels go, the rows stay."""
    batch = project.create_batch("relabel", global_keys=keys[:2])
    lines = addressed([{"name": "note", "answer": "wrong"}], keys[0])
    settle(labelbox.LabelImport.create_from_objects(client, project.uid, "wrong", lines))
    label = next(iter(project.labels()))
    row = client.get_data_row(row_ids(client, keys)[0])
    assert label.uid in {one.uid for one in row.labels()}
    batch.delete_labels()
    assert list(project.labels()) == [] and batch.size == 2


def test_features_are_renamed_and_added(client: labelbox.Client) -> None:
    """A title is changed in place; a feature is made or changed by its id."""
    made = client.create_ontology(
        "of one tool",
        OntologyBuilder(tools=[Tool(tool=Tool.Type.BBOX, name="raft")]).asdict(),
        labelbox.MediaType.Image,
    )
    feature = made.normalized["tools"][0]["featureSchemaId"]
    client.update_feature_schema_title(feature, "ferry")
    assert client.get_ontology(made.uid).normalized["tools"][0]["name"] == "ferry"
    assert not client.is_feature_schema_archived(made.uid, feature)
    added = client.upsert_feature_schema(Tool(tool=Tool.Type.BBOX, name="added").asdict())
    assert client.get_feature_schema(added.uid).name == "added"
    assert added.uid in client.get_unused_feature_schemas()
    assert made.uid in client.get_unused_ontologies()


def test_the_status_of_a_run_is_kept(client: labelbox.Client, image: Made) -> None:
    """Metadata of several reports are merged."""
    run = client.create_model("trained", image.ontology.uid).create_model_run("run")
    run.update_status("TRAINING_MODEL", metadata={"epoch": 1})
    run.update_status("COMPLETE", metadata={"loss": 0.5})
    query = "query trainingPipelinePyApi($id: ID!) {trainingPipeline(where: {id: $id}) {status errorMessage metadata}}"
    found = client.execute(query, {"id": run.uid}, experimental=True)["trainingPipeline"]
    assert found == {"status": "COMPLETE", "errorMessage": None, "metadata": {"epoch": 1, "loss": 0.5}}


def test_an_attachment_is_changed(client: labelbox.Client, keys: list[str]) -> None:
    """Name and value; what is not given stays."""
    row = client.get_data_row(row_ids(client, keys)[3])
    attachment = row.create_attachment("RAW_TEXT", "first", "note")
    if not hasattr(attachment, "update"):
        pytest.skip("this version has no such method")
    attachment.update(value="second")
    [found] = row.attachments()
    assert (found.attachment_value, found.attachment_name) == ("second", "note")


@newest
def test_imports_of_a_project_are_listed(image: Made) -> None:
    """Labels and pre-labels apart."""
    assert [one.name for one in image.project.get_label_imports()] == [image.labels.name]
    assert [one.name for one in image.project.get_mal_prediction_imports()] == [image.prelabels.name]


@newest
def test_slices_are_listed(client: labelbox.Client, image: Made) -> None:
    """Every slice of the organization."""
    assert image.slice_id in {one.uid for one in client.get_catalog_slices()}


@newest
def test_labels_are_listed_by_creator(image: Made, client: labelbox.Client) -> None:
    """The labels of an import are those of whoever imported them."""
    assert len(list(image.project.labels(created_by=client.get_user()))) == 2


@older
def test_a_project_is_set_up_with_a_whole_ontology(client: labelbox.Client) -> None:
    """The oldest way: `setup` with the frontend and the ontology as a dictionary."""
    project = create_project(client, "set up", IMAGE)
    editor = next(client.get_labeling_frontends(where=labelbox.LabelingFrontend.name == "Editor"))
    project.setup(editor, OntologyBuilder(tools=[Tool(tool=Tool.Type.BBOX, name="crate")]).asdict())
    assert [tool["name"] for tool in project.ontology().normalized["tools"]] == ["crate"]
    assert client.get_project(project.uid).setup_complete is not None


def test_what_belongs_to_an_organization_is_listed(client: labelbox.Client, image: Made) -> None:
    """Users, projects, models and integrations."""
    organization = client.get_organization()
    assert client.get_user().uid in {user.uid for user in organization.users()}
    assert image.project.uid in {project.uid for project in organization.projects()}
    assert image.model.uid in {model.uid for model in client.get_models()}
    assert organization.get_iam_integrations() == []
    assert image.project.uid in {project.uid for project in image.ontology.projects()}
