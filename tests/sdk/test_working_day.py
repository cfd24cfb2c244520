"""What scripts do around an export: set-up of the old way, batches, changes of rows, keys, vectors, older imports."""

import json
import time
from pathlib import Path

import labelbox
import pytest
import requests
from labelbox import LabelImport, MediaType, OntologyBuilder, Tool

import versions
from assets import AssetServer
from exporting import Exports
from serving import Server
from small import Small, make_small
from subjects import BOX, TEXT, TUG
from versions import SDK_ERRORS, exceptions
from workspace import Made, create_rows, review_queue, settle

OLD_SET_UP = hasattr(labelbox.Project, "setup")


@pytest.fixture(scope="module")
def small(client: labelbox.Client, assets: AssetServer) -> Small:
    return make_small(client, assets, "working day", rows=6)


def wait_for(look: object, wanted: object) -> object:
    """Looks until what is looked at is there. Assets are looked at in the background."""
    for _ in range(100):
        found = look()
        if wanted(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found!r}")


@pytest.mark.skipif(not OLD_SET_UP, reason="this version has no such method")
def test_a_project_is_set_up_as_years_ago(client: labelbox.Client) -> None:
    """With a frontend by its name, and the ontology as its options."""
    project = client.create_project(name="set up as before")
    assert project.labeling_frontend() is None and project.setup_complete is None
    [editor] = client.get_labeling_frontends(where=labelbox.LabelingFrontend.name == "editor")
    project.setup(editor, OntologyBuilder(tools=[Tool(tool=Tool.Type.BBOX, name="car")]).asdict())
    found = client.get_project(project.uid)
    assert found.labeling_frontend().uid == editor.uid
    assert found.setup_complete is not None and found.setup_complete.year >= 2025
    assert [tool.name for tool in found.ontology().tools()] == ["car"]
    [options] = found.labeling_frontend_options()
    assert json.loads(options.customization_options)["tools"][0]["name"] == "car"


@pytest.mark.skipif(not OLD_SET_UP, reason="this version has no such method")
def test_a_frontend_is_connected_by_itself(client: labelbox.Client) -> None:
    """As a relationship of the project; another frontend is not there."""
    project = client.create_project(name="frontend alone")
    [editor] = client.get_labeling_frontends(where=labelbox.LabelingFrontend.name == "EDITOR")
    project.labeling_frontend.connect(editor)
    assert project.labeling_frontend().uid == editor.uid
    assert client.get_project(project.uid).setup_complete is None


def test_an_ontology_of_a_project_that_is_not_set_up_is_empty(client: labelbox.Client) -> None:
    """And another takes its place."""
    project = client.create_project(name="not set up", media_type=MediaType.Image)
    ontology = project.ontology()
    assert (ontology.tools(), ontology.classifications()) == ([], [])


def test_a_batch_has_a_name_of_its_own(small: Small) -> None:
    """A name twice is a conflict, whether or not its rows are new."""
    with pytest.raises(exceptions.ResourceConflict, match="already exists in the project"):
        small.project.create_batch(small.batch.name, data_rows=small.row_ids[:1])


def test_a_batch_has_the_usual_priority(client: labelbox.Client, assets: AssetServer, exports: Exports) -> None:
    """Where none is given; one that is no whole number is refused, and no batch is left of it."""
    dataset = client.create_dataset(name="priorities")
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?p{n}", "global_key": f"prio {n}"} for n in range(2)])
    row_ids = client.get_data_row_ids_for_global_keys(["prio 0", "prio 1"])["results"]
    project = client.create_project(name="priorities", media_type=MediaType.Image)
    for wrong in ("high", 1.5):
        with pytest.raises(SDK_ERRORS, match="priority"):
            project.create_batch("wrong", data_rows=row_ids[:1], priority=wrong)
    assert list(project.batches()) == []
    project.create_batch("usual", data_rows=row_ids[:1], priority=None)
    task = exports.start(project.export_v2, params={"project_details": True})
    exports.wait([task])
    [row] = exports.check(task)
    assert row["projects"][project.uid]["project_details"]["priority"] == 5


def test_rows_with_open_issues_say_so(
    small: Small, server: Server, client: labelbox.Client, exports: Exports
) -> None:
    """An issue of a row shows in the list of issues, and the row is exported with its batch."""
    url = f"{server.url}/api/v1/projects/{small.project.uid}/issues"
    headers = {"Authorization": f"Bearer {server.api_key}"}
    body = {"dataRowId": small.row_ids[3], "content": "which pier?"}
    assert requests.post(url, json=body, headers=headers, timeout=30).status_code == 201
    [issue] = requests.get(small.project.export_issues("Open"), timeout=30).json()
    assert issue["dataRowId"] == small.row_ids[3]
    task = exports.start(small.project.export_v2, filters={"batch_ids": [small.batch.uid]}, params={"project_details": True})
    exports.wait([task])
    assert small.row_ids[3] in {row["data_row"]["id"] for row in exports.check(task)}
    if versions.LEGACY:
        small.label(3, [{"name": "boat", "bbox": BOX}])
        rows = {row["DataRow ID"]: row for row in small.project.export_labels(download=True)}
        assert rows[small.row_ids[3]]["Has Open Issues"] == 1


def test_another_asset_may_be_of_another_kind(small: Small, assets: AssetServer, client: labelbox.Client) -> None:
    """As long as nobody has labelled the row; after that it is refused, and the row stays as it was."""
    row = client.get_data_row(small.row_ids[5])
    wait_for(lambda: client.get_data_row(row.uid).media_attributes, lambda found: found.get("assetType") == "image")
    row.update(row_data=f"{assets.url}/clip.mp4?another")
    wait_for(lambda: client.get_data_row(row.uid).media_attributes, lambda found: found.get("assetType") == "video")
    small.label(4, [{"name": "boat", "bbox": BOX}])
    labelled = client.get_data_row(small.row_ids[4])
    before = labelled.row_data
    for other in (f"{assets.url}/clip.mp4?refused", f"{assets.url}/log.txt"):
        with pytest.raises(SDK_ERRORS, match="has labels, and its asset cannot change from image to (video|text)"):
            labelled.update(row_data=other)
    assert client.get_data_row(labelled.uid).row_data == before
    labelled.update(row_data=f"{assets.url}/boat.png?another")
    assert client.get_data_row(labelled.uid).row_data.endswith("another")


def test_keys_are_stored_as_given_or_not_at_all(client: labelbox.Client, assets: AssetServer) -> None:
    """Stray spaces and control characters are errors of their rows; a key that is stored is the one that was given."""
    dataset = client.create_dataset(name="keys")
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?key{n}"} for n in range(5)])
    row_ids = [row.uid for row in dataset.data_rows()]
    given = dict(zip(row_ids, [" stray", "two  spaces", "stray ", "a\ttab", "stray key 1"], strict=True))
    answer = client.assign_global_keys_to_data_rows(
        [{"data_row_id": row_id, "global_key": key} for row_id, key in given.items()]
    )
    assert answer["status"] == "PARTIAL SUCCESS"
    assert answer["results"] == [{"data_row_id": row_ids[4], "global_key": "stray key 1", "sanitized": False}]
    assert {error["data_row_id"]: error["global_key"] for error in answer["errors"]} == {
        row_id: key for row_id, key in given.items() if row_id != row_ids[4]
    }
    assert [row.global_key for row in dataset.data_rows() if row.uid != row_ids[4]] == [None] * 4


@pytest.mark.skipif(not versions.UPSERTS, reason="this version reports failures in another form")
def test_a_text_layer_that_is_not_there_fails_its_row(client: labelbox.Client, assets: AssetServer) -> None:
    """The row with one that can be read is made."""
    dataset = client.create_dataset(name="text layers")
    row = {"pdf_url": f"{assets.url}/report.pdf", "text_layer_url": f"{assets.url}/layer.json"}
    task = dataset.create_data_rows(
        [
            {"row_data": {**row, "text_layer_url": f"{assets.url}/nowhere.json"}, "media_type": "PDF", "global_key": "no"},
            {"row_data": row, "media_type": "PDF", "global_key": "layer"},
        ]
    )
    task.wait_till_done()
    [error] = task.errors
    assert "the text layer cannot be read" in error["message"]
    assert [row.global_key for row in dataset.data_rows()] == ["layer"]


def test_overrides_are_stored_and_listed(small: Small, client: labelbox.Client) -> None:
    """Set twice they change; their rows are named by what the version has."""

    def named(row_id: str) -> object:
        return labelbox.UniqueId(row_id) if hasattr(labelbox, "UniqueId") else client.get_data_row(row_id)

    def listed() -> dict:
        return {one.data_row().uid: one.priority for one in small.project.labeling_parameter_overrides()}

    assert small.project.set_labeling_parameter_overrides([(named(small.row_ids[0]), 4), (named(small.row_ids[1]), 2)])
    assert listed() == {small.row_ids[0]: 4, small.row_ids[1]: 2}
    assert small.project.set_labeling_parameter_overrides([(named(small.row_ids[0]), 1)])
    assert listed() == {small.row_ids[0]: 1, small.row_ids[1]: 2}
    if hasattr(small.project, "unset_labeling_parameter_overrides"):
        small.project.unset_labeling_parameter_overrides([client.get_data_row(small.row_ids[0])])
        assert listed() == {small.row_ids[1]: 2}


PIPELINE = "query trainingPipelinePyApi($id: ID!){trainingPipeline(where: {id: $id}){status errorMessage metadata}}"


def test_the_status_of_a_run_is_read_back(small: Small, client: labelbox.Client) -> None:
    """With its error message; metadata of several calls come together."""
    run = client.create_model("pipeline", small.ontology.uid).create_model_run("run")
    run.update_status("TRAINING_MODEL", metadata={"epoch": 1})
    run.update_status("FAILED", metadata={"loss": 2}, error_message="out of memory")
    found = client.execute(PIPELINE, {"id": run.uid})["trainingPipeline"]
    assert found == {"status": "FAILED", "errorMessage": "out of memory", "metadata": {"epoch": 1, "loss": 2}}


@pytest.mark.skipif(not versions.EMBEDDINGS, reason="this version has no embeddings")
def test_vectors_come_from_a_file_and_go_with_their_embedding(
    client: labelbox.Client, assets: AssetServer, exports: Exports, tmp_path: Path
) -> None:
    """Counted, exported with their rows, replaced by new ones, and removed from all rows with the embedding."""
    dataset = client.create_dataset(name="vectors")
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?vec{n}", "global_key": f"vec {n}"} for n in range(3)])
    row_ids = client.get_data_row_ids_for_global_keys([f"vec {n}" for n in range(3)])["results"]
    embedding = client.create_embedding("from a file", 2)

    def send(vectors: dict) -> None:
        file = tmp_path / "vectors.ndjson"
        file.write_text("\n".join(json.dumps({"id": row_id, "vector": vector}) for row_id, vector in vectors.items()))
        embedding.import_vectors_from_file(str(file))

    def exported() -> dict:
        task = exports.start(dataset.export_v2, params={"embeddings": True})
        exports.wait([task])
        rows = exports.check(task)
        return {
            row["data_row"]["id"]: [one["values"][0]["value"] for one in row["embeddings"] if one["id"] == embedding.id]
            for row in rows
        }

    send({row_ids[0]: [1.0, 2.5], row_ids[1]: [3.0, 4.0]})
    assert embedding.get_imported_vector_count() == 2
    send({row_ids[1]: [5.0, 6.0]})
    assert exported() == {row_ids[0]: [[1.0, 2.5]], row_ids[1]: [[5.0, 6.0]], row_ids[2]: []}
    for wrong in ({row_ids[2]: [1.0]}, {"cnobody000000000000000000": [1.0, 2.0]}):
        with pytest.raises((requests.HTTPError, *SDK_ERRORS)):
            send(wrong)
    assert embedding.get_imported_vector_count() == 2
    embedding.delete()
    assert exported() == {row_id: [] for row_id in row_ids}
    assert "from a file" not in {one.name for one in client.get_embeddings()}


@pytest.mark.skipif(not hasattr(labelbox.Project, "upload_annotations"), reason="this version has no such method")
def test_older_imports_of_suggestions(small: Small, client: labelbox.Client, assets: AssetServer) -> None:
    """From objects, a file and a URL; listed for one project; found by name; deleted."""
    from labelbox.schema.bulk_import_request import BulkImportRequest

    boat = next(tool for tool in small.ontology.normalized["tools"] if tool["name"] == "boat")

    def line(uuid: str) -> dict:
        row = {"id": small.row_ids[0]}
        return {"uuid": uuid, "schemaId": boat["featureSchemaId"], "dataRow": row, "bbox": BOX}

    lines = [line("6b2fc4b8-1b1c-4d8e-9e1c-0d7c5f1d2a01")]
    made = small.project.upload_annotations("objects", lines)
    url = assets.add("/bulk.ndjson", "application/x-ndjson", json.dumps(line("b")).encode())
    by_url = BulkImportRequest.create_from_url(client, small.project.uid, "by url", url, validate=False)
    for one in (made, by_url):
        one.wait_until_done(sleep_time_seconds=1)
        assert one.state.value == "FINISHED" and one.errors == [] and one.statuses[0]["status"] == "SUCCESS"
    assert BulkImportRequest.from_name(client, small.project.uid, "objects").uid == made.uid
    assert {"objects", "by url"} <= {one.name for one in small.project.bulk_import_requests()}
    by_url.delete()
    assert "by url" not in {one.name for one in small.project.bulk_import_requests()}


def test_a_query_that_asks_for_too_much_is_refused(client: labelbox.Client, small: Small) -> None:
    """As the error that the SDK has for it; a project lists its datasets."""
    with pytest.raises(exceptions.ValidationFailedError, match="Query complexity limit exceeded"):
        client.execute("{projects {datasets {dataRows {labels {id}}}}}")
    query = "query P($id: ID!){project(where: {id: $id}){datasets(skip: 0 first: 10){id}}}"
    found = client.execute(query, {"id": small.project.uid})["project"]["datasets"]
    assert found == [{"id": small.dataset.uid}]


SENDS = hasattr(labelbox.Client, "send_to_annotate_from_catalog")


def named_rows(ids: list[str]) -> object:
    return labelbox.UniqueIds(ids)


def labels_of(project: labelbox.Project, exports: Exports) -> dict:
    task = exports.start(project.export_v2, params={"project_details": True, "label_details": True})
    exports.wait([task])
    return {row["data_row"]["id"]: row["projects"][project.uid] for row in exports.check(task)}


@pytest.fixture(scope="module")
def source(client: labelbox.Client, assets: AssetServer) -> Small:
    """A project with two labelled rows and one without a label, and a run with predictions for one."""
    made = make_small(client, assets, "source", rows=3)
    made.label(0, [{"name": "boat", "bbox": BOX, "classifications": TUG}, {"name": "lamp", "point": {"x": 1, "y": 2}}])
    made.label(1, [{"name": "boat", "bbox": BOX}])
    return made


def destination(client: labelbox.Client, name: str) -> tuple[labelbox.Project, dict]:
    """A project with an ontology of its own, in which a boat is a ship, and nothing else has a counterpart."""
    ontology = client.create_ontology(
        f"{name} ontology",
        OntologyBuilder(tools=[Tool(tool=Tool.Type.BBOX, name="ship")]).asdict(),
        media_type=MediaType.Image,
    )
    project = client.create_project(name=name, media_type=MediaType.Image)
    getattr(project, "connect_ontology", None) and project.connect_ontology(ontology)
    [ship] = ontology.normalized["tools"]
    return project, ship


def send(client: labelbox.Client, project: labelbox.Project, rows: list[str], batch: str, queue: str | None, **params: object) -> None:
    from labelbox.schema.conflict_resolution_strategy import ConflictResolutionStrategy

    rule = params.pop("rule", "KeepExisting")
    task = client.send_to_annotate_from_catalog(
        destination_project_id=project.uid,
        task_queue_id=queue,
        batch_name=batch,
        data_rows=named_rows(rows),
        params={"override_existing_annotations_rule": ConflictResolutionStrategy.from_str(rule), **params},
    )
    task.wait_till_done()
    assert task.status == "COMPLETE", task.errors


@pytest.mark.skipif(not SENDS, reason="this version sends nothing to annotate")
def test_rows_are_sent_from_the_catalog_with_labels(
    client: labelbox.Client, source: Small, exports: Exports
) -> None:
    """Features become those of the mapping, the rest is left out; rows go to the queue; the rule for conflicts holds."""
    project, ship = destination(client, "sent from the catalog")
    boat = next(tool for tool in source.ontology.normalized["tools"] if tool["name"] == "boat")
    mapping = {boat["featureSchemaId"]: ship["featureSchemaId"]}
    params = {"source_project_id": source.project.uid, "annotations_ontology_mapping": mapping, "batch_priority": 2}
    send(client, project, source.row_ids, "sent", review_queue(project), **params)
    found = labels_of(project, exports)
    assert set(found) == set(source.row_ids)
    assert [len(found[row_id]["labels"]) for row_id in source.row_ids] == [1, 1, 0]
    [label] = found[source.row_ids[0]]["labels"]
    [drawn] = label["annotations"]["objects"]
    assert (drawn["name"], drawn["feature_schema_id"]) == ("ship", ship["featureSchemaId"])
    assert drawn["bounding_box"] == BOX and drawn["classifications"] == []
    details = found[source.row_ids[0]]["project_details"]
    assert (details["batch_name"], details["priority"], details["workflow_status"]) == ("sent", 2, "IN_REVIEW")
    kept = label["id"]
    send(client, project, source.row_ids[:1], "again", None, **params)
    again = labels_of(project, exports)[source.row_ids[0]]
    assert [one["id"] for one in again["labels"]] == [kept]
    assert again["project_details"]["workflow_status"] == "DONE"
    send(client, project, source.row_ids[:1], "instead", None, rule="OverrideWithAnnotations", **params)
    [instead] = labels_of(project, exports)[source.row_ids[0]]["labels"]
    assert instead["id"] != kept and len(instead["annotations"]["objects"]) == 1
    with pytest.raises(exceptions.ResourceConflict):
        send(client, project, source.row_ids[:1], "sent", None, **params)
    wrong = {**params, "annotations_ontology_mapping": {boat["featureSchemaId"]: "cnobody000000000000000000"}}
    with pytest.raises(SDK_ERRORS, match="no feature with the schema id cnobody"):
        send(client, project, source.row_ids[:1], "wrong", None, **wrong)
    assert {batch.name for batch in project.batches()} == {"sent", "again", "instead"}


@pytest.mark.skipif(not SENDS, reason="this version sends nothing to annotate")
def test_rows_are_sent_from_a_model_run_with_predictions(
    client: labelbox.Client, source: Small, exports: Exports
) -> None:
    """Rows of the run alone; for first labels predictions are suggestions, which are not kept."""
    run = client.create_model("sender", source.ontology.uid).create_model_run("run")
    run.upsert_data_rows(source.row_ids[:2])
    line = {"uuid": "p", "name": "boat", "bbox": BOX, "confidence": 0.9, "dataRow": {"id": source.row_ids[0]}}
    settle(run.add_predictions("predictions", [line]))
    project, ship = destination(client, "sent from a run")
    boat = next(tool for tool in source.ontology.normalized["tools"] if tool["name"] == "boat")
    params = {"predictions_ontology_mapping": {boat["featureSchemaId"]: ship["featureSchemaId"]}}

    def send_from_run(batch: str, rows: list[str], queue: str | None) -> dict:
        task = run.send_to_annotate_from_model(
            destination_project_id=project.uid,
            task_queue_id=queue,
            batch_name=batch,
            data_rows=named_rows(rows),
            params=params,
        )
        task.wait_till_done()
        assert task.status == "COMPLETE"
        return labels_of(project, exports)

    first = next(queue.uid for queue in project.task_queues() if queue.name == "Initial labeling task")
    found = send_from_run("suggested", source.row_ids[1:2], first)
    assert {row_id: row["labels"] for row_id, row in found.items()} == {source.row_ids[1]: []}
    found = send_from_run("done", source.row_ids, None)
    assert set(found) == set(source.row_ids[:2]), "the third row is not in the run"
    [label] = found[source.row_ids[0]]["labels"]
    [drawn] = label["annotations"]["objects"]
    assert drawn["name"] == "ship" and "confidence" not in drawn


@pytest.mark.skipif(not hasattr(labelbox.Project, "upload_annotations") and not SENDS, reason="no such import")
def test_predictions_of_a_run_are_suggested(client: labelbox.Client, source: Small, small: Small) -> None:
    """Line by line: in the project and with predictions or not."""
    from labelbox.schema.annotation_import import MEAToMALPredictionImport

    run = client.create_model("suggester", source.ontology.uid).create_model_run("run")
    run.upsert_data_rows(source.row_ids[:2])
    line = {"uuid": "p", "name": "boat", "bbox": BOX, "dataRow": {"id": source.row_ids[0]}}
    settle(run.add_predictions("predictions", [line]))
    rows = [source.row_ids[0], source.row_ids[1], small.row_ids[0]]
    done = MEAToMALPredictionImport.create_for_model_run_data_rows(
        client, run.uid, rows, source.project.uid, "suggested"
    )
    done.wait_until_done(sleep_time_seconds=1)
    assert [status["status"] for status in done.statuses] == ["SUCCESS", "FAILURE", "FAILURE"]
    assert MEAToMALPredictionImport.from_name(client, source.project.uid, "suggested").uid == done.uid


@pytest.mark.skipif(versions.VERSION < (7,), reason="this version has no such call")
def test_reservations_are_cleared(client: labelbox.Client, small: Small) -> None:
    """There are none, since nobody labels here; a queue that is not there is said."""
    query = """mutation Clear($input: ClearQueueReservationsInput!)
        {clearQueueReservations(input: $input) {success clearedReservationCount}}"""
    queue = review_queue(small.project)
    found = client.execute(query, {"input": {"projectId": small.project.uid, "queueId": queue}})
    assert found["clearQueueReservations"] == {"success": True, "clearedReservationCount": 0}
    with pytest.raises(SDK_ERRORS, match="task queue"):
        client.execute(query, {"input": {"projectId": small.project.uid, "queueId": "nope"}})


def test_words_are_annotated_as_soon_as_rows_are_there(
    client: labelbox.Client, assets: AssetServer, exports: Exports
) -> None:
    """An import that follows at once waits for the text, so that tokens are in every label."""
    made = make_small(client, assets, "at once", rows=3, subject=TEXT)
    lines = [
        {"uuid": f"v{n}", "name": "vessel", "location": {"start": 0, "end": 2}, "dataRow": {"id": row_id}}
        for n, row_id in enumerate(made.row_ids)
    ]
    done = LabelImport.create_from_objects(client, made.project.uid, "at once", lines)
    settle(done)
    rows = exports.run(made.project.export_v2)
    assert len(rows) == 3
    for row in rows:
        [label] = row["projects"][made.project.uid]["labels"]
        assert label["annotations"]["objects"][0]["location"]["token"]
