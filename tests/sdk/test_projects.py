"""Projects, batches, workflow queues, labels and ontologies."""

import json

import labelbox
import pytest
import requests
from labelbox import Classification, OntologyBuilder, Tool

import shapes
import versions
from assets import AssetServer
from exporting import Exports
from subjects import IMAGE, TEXT, radio
from versions import SDK_ERRORS, exceptions
from workspace import Made, connect, create_ontology, create_project, create_rows, move, review_queue


@pytest.fixture(scope="module")
def row_ids(client: labelbox.Client, assets: AssetServer) -> list[str]:
    dataset = client.create_dataset(name="projects")
    keys = [f"project row {n}" for n in range(4)]
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?p{n}", "global_key": k} for n, k in enumerate(keys)])
    return client.get_data_row_ids_for_global_keys(keys)["results"]


@pytest.fixture
def project(client: labelbox.Client) -> labelbox.Project:
    made = create_project(client, "a project", IMAGE)
    yield made
    made.delete()


def test_a_project_reads_back_and_changes(client: labelbox.Client) -> None:
    """Created, found, changed, deleted; then gone."""
    made = create_project(client, "short-lived", IMAGE)
    found = client.get_project(made.uid)
    assert (found.name, found.media_type) == ("short-lived", labelbox.MediaType.Image)
    found.update(name="renamed", description="for a while")
    found = client.get_project(made.uid)
    assert (found.name, found.description) == ("renamed", "for a while")
    assert made.uid in {one.uid for one in client.get_projects(where=labelbox.Project.name == "renamed")}
    found.delete()
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.get_project(made.uid)
    assert list(client.get_projects(where=labelbox.Project.name == "renamed")) == []


def test_an_ontology_is_connected(client: labelbox.Client, project: labelbox.Project) -> None:
    """The project then has it, is set up, and is labelled in the one editor there is."""
    ontology = create_ontology(client, IMAGE)
    connect(project, ontology)
    assert project.ontology().uid == ontology.uid
    assert project.labeling_frontend().name == "Editor"
    assert client.get_project(project.uid).setup_complete is not None


def test_a_new_project_has_three_queues(project: labelbox.Project) -> None:
    """To label, to review, to rework; the review queue has the name that callers look for."""
    queues = project.task_queues()
    assert len(queues) == 3
    assert "Initial review task" in {queue.name for queue in queues}
    assert {"MANUAL_REVIEW_QUEUE", "MANUAL_REWORK_QUEUE"} < {queue.queue_type for queue in queues}


def test_batches_hold_rows(project: labelbox.Project, row_ids: list[str], exports: Exports) -> None:
    """By id and by key, with priority and consensus; listed, and exported."""
    first = project.create_batch("first", data_rows=row_ids[:2], priority=1)
    second = project.create_batch(
        "second", global_keys=["project row 2"], consensus_settings={"number_of_labels": 3, "coverage_percentage": 0.1}
    )
    assert (first.size, second.size) == (2, 1)
    listed = {batch.uid: batch for batch in project.batches()}
    assert {batch.name for batch in listed.values()} == {"first", "second"}
    settings = listed[second.uid].consensus_settings_json
    assert (settings["number_of_labels"], settings["coverage_percentage"]) == (3, 0.1)
    export = exports.start(project.export_v2, params={"project_details": True})
    exports.wait([export])
    shown = {row["data_row"]["id"]: row["projects"][project.uid]["project_details"] for row in exports.check(export)}
    assert sorted(shown) == sorted(row_ids[:3])
    assert (shown[row_ids[0]]["batch_name"], shown[row_ids[0]]["priority"]) == ("first", 1)
    assert shown[row_ids[2]]["batch_id"] == second.uid


def test_a_name_of_a_batch_is_given_once(project: labelbox.Project, row_ids: list[str]) -> None:
    """A creation that is repeated after a timeout makes no second batch."""
    project.create_batch("once", data_rows=row_ids[:1])
    with pytest.raises(exceptions.ResourceConflict, match="once"):
        project.create_batch("once", data_rows=row_ids[1:2])
    assert [batch.name for batch in project.batches()] == ["once"]


def test_rows_that_are_unknown_or_there_already_make_no_batch(project: labelbox.Project, row_ids: list[str]) -> None:
    """Refused with the sentences that callers match."""
    with pytest.raises(exceptions.MalformedQueryException):
        project.create_batch("unknown", global_keys=["nobody has this key"])
    project.create_batch("all", data_rows=row_ids)
    with pytest.raises(exceptions.MalformedQueryException, match="No valid data rows"):
        project.create_batch("again", data_rows=row_ids)
    assert [batch.name for batch in project.batches()] == ["all"]


def test_rows_that_are_not_there_are_told(project: labelbox.Project, row_ids: list[str]) -> None:
    """A small batch lists them, a large one fails with their names; what cannot be done for all is done for none."""
    nobody = "c" + "0" * 24
    batch = project.create_batch("with a stranger", data_rows=[row_ids[0], nobody])
    assert (batch.size, list(batch.failed_data_row_ids)) == (1, [nobody])
    large = [row_ids[1], *[nobody] * 999]
    with pytest.raises(exceptions.LabelboxError, match=f"not in the workspace: .*{nobody}"):
        project.create_batch("large, with strangers", data_rows=large)
    assert {one.name: one.size for one in project.batches()}["large, with strangers"] == 1
    with pytest.raises(exceptions.MalformedQueryException, match=f'not in the project: "{row_ids[2]}"'):
        move(project, [row_ids[0], row_ids[2]], None)


def test_a_large_batch_is_made_in_the_background(client: labelbox.Client) -> None:
    """From 1,000 rows on the client makes an empty batch and adds to it."""
    dataset = client.create_dataset(name="a thousand")
    create_rows(
        dataset, [{"row_data": f"row {n}", "media_type": "TEXT", "global_key": f"large {n}"} for n in range(1000)]
    )
    text = create_project(client, "a thousand texts", TEXT)
    batch = text.create_batch("large", global_keys=[f"large {n}" for n in range(1000)])
    assert batch.size == 1000


def test_rows_leave_a_batch(project: labelbox.Project, row_ids: list[str]) -> None:
    """`remove_queued_data_rows` and `delete`."""
    batch = project.create_batch("to empty", data_rows=row_ids)
    batch.remove_queued_data_rows()
    [left] = project.batches()
    assert left.size == 0
    left.delete()
    assert list(project.batches()) == []


def test_moves_are_exported(
    project: labelbox.Project, row_ids: list[str], exports: Exports, client: labelbox.Client
) -> None:
    """A row goes to review, to rework and to done; status, task and history follow."""
    connect(project, create_ontology(client, IMAGE))
    project.create_batch("moving", data_rows=row_ids[:1])
    rework = next(queue.uid for queue in project.task_queues() if queue.queue_type == "MANUAL_REWORK_QUEUE")
    for queue, status, filter_name in [
        (review_queue(project), "IN_REVIEW", "InReview"),
        (rework, "IN_REWORK", "InRework"),
        (None, "DONE", "Done"),
    ]:
        move(project, row_ids[:1], queue)
        export = exports.start(
            project.export_v2, params={"project_details": True}, filters={"workflow_status": filter_name}
        )
        exports.wait([export])
        [row] = exports.check(export)
        details = row["projects"][project.uid]["project_details"]
        assert details["workflow_status"] == status
        newest = details["workflow_history"][0]
        assert newest.get("next_task_id") == queue and newest["action"] in ("Move", "Approve", "Reject")


def test_moves_into_a_queue_that_is_not_there(project: labelbox.Project, row_ids: list[str]) -> None:
    """The client raises; the row stays where it is."""
    project.create_batch("staying", data_rows=row_ids[:1])
    with pytest.raises(SDK_ERRORS):
        move(project, row_ids[:1], "00000000-0000-4000-8000-000000000000")


def test_labels_are_listed_by_dataset(image: Made) -> None:
    """`labels(datasets=)` filters; a label knows its row, project and creator."""
    labels = list(image.project.labels(datasets=[image.dataset]))
    assert {label.data_row().uid for label in labels} == set(image.row_ids[:2])
    label = labels[0]
    assert label.project().uid == image.project.uid and label.created_by().email
    assert json.loads(label.label)
    assert len(list(image.project.labels())) == 2


def test_deleted_labels_are_gone(
    client: labelbox.Client, row_ids: list[str], project: labelbox.Project, exports: Exports
) -> None:
    """From the list and from the export."""
    connect(project, create_ontology(client, IMAGE))
    project.create_batch("labelled", data_rows=row_ids[:1])
    lines = [{"uuid": "1", "name": "note", "answer": "gone soon", "dataRow": {"id": row_ids[0]}}]
    done = labelbox.LabelImport.create_from_objects(client, project.uid, "soon deleted", lines)
    (getattr(done, "wait_till_done", None) or done.wait_until_done)(sleep_time_seconds=1)
    [label] = project.labels()
    labelbox.Label.bulk_delete([label])
    assert list(project.labels()) == []
    [row] = exports.run(project.export_v2)
    assert row["projects"][project.uid]["labels"] == []


def test_issues_are_exported(image: Made) -> None:
    """A URL, for all issues and for one status, that can be opened."""
    for status in (None, "Open", "Resolved"):
        url = image.project.export_issues(status)
        assert status is None or f"?status={status}" in url
        response = requests.get(url, timeout=30)
        assert response.status_code == 200, response.text
        assert response.json() == []


def test_an_ontology_reads_back(client: labelbox.Client) -> None:
    """Ids are filled in on every level; everything else is kept and nothing is added."""
    built = OntologyBuilder(
        tools=[Tool(tool=Tool.Type.BBOX, name="Road Sign", classifications=[radio("state", "clean", "dirty")])],
        classifications=[radio("light", "sun", "rain", scope=Classification.Scope.INDEX)],
    ).asdict()
    made = client.create_ontology("signs", built, media_type=labelbox.MediaType.Image)
    found = client.get_ontology(made.uid)
    assert (found.name, found.object_schema_count, found.classification_schema_count) == ("signs", 1, 1)
    [tool] = found.normalized["tools"]
    for node in (tool, tool["classifications"][0], tool["classifications"][0]["options"][0]):
        assert shapes.ID.fullmatch(node["featureSchemaId"]) and shapes.ID.fullmatch(node["schemaNodeId"])
    [question] = found.normalized["classifications"]
    assert question["scope"] == "index"
    assert without_ids(found.normalized["tools"]) == without_ids(built["tools"])
    assert [tool.name for tool in found.tools()] == ["Road Sign"]
    assert made.uid in {one.uid for one in client.get_ontologies("sign")}


def without_ids(value: object) -> object:
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    if isinstance(value, dict):
        return {
            key: without_ids(inner) for key, inner in value.items() if key not in ("featureSchemaId", "schemaNodeId")
        }
    return value


def test_a_feature_is_shared_by_ontologies(client: labelbox.Client) -> None:
    """Made once, used in two ontologies with the same id; deleted only when nobody uses it."""
    feature = client.create_feature_schema(Tool(tool=Tool.Type.BBOX, name="shared").asdict())
    assert client.get_feature_schema(feature.uid).name == "shared"
    assert feature.uid in {one.uid for one in client.get_feature_schemas("shared")}
    kind = labelbox.MediaType.Image
    pair = [client.create_ontology_from_feature_schemas(name, [feature.uid], kind) for name in ("one", "two")]
    assert {one.normalized["tools"][0]["featureSchemaId"] for one in pair} == {feature.uid}
    with pytest.raises(exceptions.LabelboxError, match="used in ontologies"):
        client.delete_unused_feature_schema(feature.uid)
    for one in pair:
        client.delete_unused_ontology(one.uid)
        with pytest.raises(exceptions.ResourceNotFoundError):
            client.get_ontology(one.uid)
    client.delete_unused_feature_schema(feature.uid)
    assert feature.uid not in {one.uid for one in client.get_feature_schemas("shared")}


def test_a_connected_ontology_is_not_deleted(client: labelbox.Client, image: Made) -> None:
    """Refused with the sentence that callers match."""
    with pytest.raises(exceptions.LabelboxError, match="Cannot delete an ontology connected to a project"):
        client.delete_unused_ontology(image.ontology.uid)
    assert client.get_ontology(image.ontology.uid).uid == image.ontology.uid


def test_slices_are_read(client: labelbox.Client, image: Made) -> None:
    """A slice that was made elsewhere: its name, its filter, its rows."""
    found = client.get_catalog_slice(image.slice_id)
    assert found.name == "slice image"
    assert image.dataset.uid in json.dumps(found.filter)
    if versions.STREAMS_BY_LINE or not versions.STREAMS:
        assert sorted(found.get_data_row_ids()) == sorted(image.row_ids)
    if versions.STREAMS:
        identifiers = [one.to_hash() for one in found.get_data_row_identifiers()]
        expected = zip(image.row_ids, image.global_keys, strict=True)
        assert sorted((one["id"], one["global_key"]) for one in identifiers) == sorted(expected)


@pytest.mark.skipif(not versions.MODEL_SLICES, reason="this version has no such call")
def test_slices_are_read_within_a_model_run(client: labelbox.Client, image: Made) -> None:
    """Those rows of the slice that are in the run; a run that is not there is named."""
    found = client.get_model_slice(image.slice_id)
    assert found.name == "slice image"
    identifiers = [each.to_hash() for each in found.get_data_row_identifiers(image.run.uid)]
    expected = zip(image.row_ids, image.global_keys, strict=True)
    assert sorted((each["id"], each["global_key"]) for each in identifiers) == sorted(expected)
    other = client.create_model("sliced", image.ontology.uid)
    run = other.create_model_run("one row")
    run.upsert_data_rows(global_keys=image.global_keys[1:2])
    assert [each.to_hash()["id"] for each in found.get_data_row_identifiers(run.uid)] == image.row_ids[1:2]
    with pytest.raises(versions.SDK_ERRORS, match="no model run"):
        next(iter(found.get_data_row_identifiers("nope")))
    other.delete()


def test_who_asks(client: labelbox.Client) -> None:
    """User and organization of the key."""
    user = client.get_user()
    assert "@" in user.email and user.organization().uid == client.get_organization().uid
