"""What is created through the SDK is exported in the documented shapes, for each data type."""

import json

import pytest
import requests

import assets
import shapes
import versions
from assets import AssetServer
from exporting import Exports
from serving import Server
from subjects import MASK, SUBJECTS, row_data_shown
from workspace import PRIORITY, VECTOR, Made, Workspace

EVERYTHING = {
    "attachments": True,
    "metadata_fields": True,
    "embeddings": True,
    "data_row_details": True,
    "project_details": True,
    "label_details": True,
    "performance_details": True,
}


@pytest.fixture(scope="module")
def project_rows(exports: Exports, workspace: Workspace) -> dict[str, list[dict]]:
    """The rows of each project, in the order in which they were created."""
    started = {name: exports.start(made.project.export_v2, params=EVERYTHING) for name, made in workspace.made.items()}
    exports.wait(started.values())
    return {name: in_order(export.rows(), workspace[name]) for name, export in started.items()}


@pytest.fixture(scope="module")
def run_rows(exports: Exports, workspace: Workspace) -> dict[str, list[dict]]:
    """The same of each model run, with its predictions."""
    params = {"predictions": True}
    started = {name: exports.start(made.run.export_v2, params=params) for name, made in workspace.made.items()}
    exports.wait(started.values())
    return {name: in_order(export.rows(), workspace[name]) for name, export in started.items()}


def in_order(rows: list[dict], made: Made) -> list[dict]:
    by_id = {row["data_row"]["id"]: row for row in rows}
    assert len(by_id) == len(rows) and sorted(by_id) == sorted(made.row_ids)
    return [by_id[row_id] for row_id in made.row_ids]


def section(row: dict, made: Made) -> dict:
    assert list(row["projects"]) == [made.project.uid]
    return row["projects"][made.project.uid]


def test_rows_read_back_as_they_were_created(made: Made, client: object) -> None:
    """Id, keys, content, metadata and attachments of a row are those of its import item."""
    assert sorted(row.uid for row in made.dataset.data_rows()) == sorted(made.row_ids)
    for item, row_id in zip(made.items, made.row_ids, strict=True):
        row = client.get_data_row(row_id)
        assert (row.external_id, row.global_key) == (item["external_id"], item["global_key"])
        assert same_content(row.row_data, row_data_shown(item))
        fields = {field["name"]: field["value"] for field in row.metadata_fields}
        assert fields["site"] == item["metadata_fields"][0]["value"] and fields["depth_m"] == 7.5
        assert fields["weather"] == "wet"
        [attachment] = row.attachments()
        assert attachment.attachment_value == item["attachments"][0]["value"]
        assert getattr(attachment, "attachment_name", "site map") == "site map"
        assert row.media_attributes.get("mimeType") == made.subject.media_attributes["mime_type"]


def same_content(found: str, expected: str) -> bool:
    """Content is the same text, or the same JSON."""
    if found == expected:
        return True
    return expected.startswith("{") and json.loads(found) == json.loads(expected)


def test_rows_are_exported_whole(made: Made, project_rows: dict, workspace: Workspace) -> None:
    """The sections of the row itself have their keys and their values."""
    for item, row in zip(made.items, project_rows[made.subject.name], strict=True):
        sections = ["data_row", "media_attributes", "attachments", "metadata_fields"]
        shapes.check_keys(row, sections + ["embeddings"] * versions.EMBEDDINGS + ["projects"])
        shapes.check_data_row(row, has_details=True)
        data_row = row["data_row"]
        assert (data_row["external_id"], data_row["global_key"]) == (item["external_id"], item["global_key"])
        assert same_content(data_row["row_data"], row_data_shown(item))
        assert data_row["details"]["dataset_id"] == made.dataset.uid
        assert data_row["details"]["dataset_name"] == made.dataset.name
        check_attachments(row, item)
        check_metadata(row, item, workspace)
        if versions.EMBEDDINGS:
            check_embeddings(row, workspace)


def check_attachments(row: dict, item: dict) -> None:
    [attachment] = row["attachments"]
    shapes.check_keys(attachment, shapes.ATTACHMENT)
    assert {key: attachment[key] for key in ("type", "value", "name")} == item["attachments"][0]


def check_metadata(row: dict, item: dict, workspace: Workspace) -> None:
    fields = {field["schema_name"]: field for field in row["metadata_fields"]}
    for name, field in fields.items():
        shapes.check_keys(field, shapes.METADATA)
        assert field["schema_id"] == workspace.schemas[name]
    kinds = {name: field["schema_kind"].removeprefix("CustomMetadata") for name, field in fields.items()}
    assert kinds == {"site": "String", "depth_m": "Number", "taken_at": "DateTime", "weather": "Enum"}
    assert fields["site"]["value"] == item["metadata_fields"][0]["value"]
    assert fields["depth_m"]["value"] == 7.5
    assert fields["taken_at"]["value"] == "2025-02-27T06:30:00.000+00:00"
    [option] = fields["weather"]["value"]
    shapes.check_keys(option, shapes.OPTION)
    assert (option["schema_name"], option["schema_kind"]) == ("wet", "CustomMetadataEnumOption")


def check_embeddings(row: dict, workspace: Workspace) -> None:
    own = [embedding for embedding in row["embeddings"] if embedding["is_custom"]]
    [embedding] = own
    shapes.check_keys(embedding, shapes.EMBEDDING)
    assert embedding["id"] == workspace.embedding_id and embedding["dimensions"] == len(VECTOR)
    assert embedding["values"] == [{"value": VECTOR}]


def test_media_attributes_come_from_the_asset(made: Made, project_rows: dict, assets: AssetServer) -> None:
    """Every data type says what its bytes say."""
    expected = {
        key: value.format(host=assets.url) if isinstance(value, str) else value
        for key, value in made.subject.media_attributes.items()
    }
    for row in project_rows[made.subject.name]:
        assert row["media_attributes"] == expected


def test_labels_are_exported_as_drawn(made: Made, project_rows: dict) -> None:
    """Every kind of annotation comes out as it went in, in the container of its data type."""
    for row in project_rows[made.subject.name][:2]:
        found = section(row, made)
        shapes.check_project(found, has_details=True, has_label_details=True, has_performance=True)
        [label] = found["labels"]
        assert label["label_kind"] == made.subject.label_kind
        assert shapes.legible(label["annotations"]) == made.subject.shown


def test_prelabels_are_not_exported(made: Made, project_rows: dict) -> None:
    """A row with pre-labels only has no label, and is still to label."""
    found = section(project_rows[made.subject.name][2], made)
    assert found["labels"] == []
    assert found["project_details"]["workflow_status"] == "TO_LABEL"


def test_the_workflow_of_rows_is_exported(made: Made, project_rows: dict) -> None:
    """Moves show in status and history; batch and priority are those of `create_batch`."""
    done, in_review, _ = (section(row, made)["project_details"] for row in project_rows[made.subject.name])
    assert (done["workflow_status"], in_review["workflow_status"]) == ("DONE", "IN_REVIEW")
    assert "task_id" not in done and in_review["task_name"] == "Initial review task"
    for details in (done, in_review):
        assert details["ontology_id"] == made.ontology.uid
        assert (details["batch_id"], details["batch_name"]) == (made.batch.uid, "batch-march")
        assert details["priority"] == PRIORITY
        assert details["workflow_history"]
        for entry in details["workflow_history"]:
            assert list(entry)[:3] == ["action", "created_at", "created_by"]
            assert shapes.TIME.fullmatch(entry["created_at"])


def test_labels_and_predictions_of_a_run_are_exported(made: Made, run_rows: dict) -> None:
    """A row of a run has the run's name, split, labels and predictions."""
    splits = []
    for row in run_rows[made.subject.name]:
        shapes.check_keys(row, ["data_row", "media_attributes", "experiments"])
        assert list(row["experiments"]) == [made.model.uid]
        experiment = row["experiments"][made.model.uid]
        assert experiment["name"] == made.model.name and list(experiment["runs"]) == [made.run.uid]
        run = experiment["runs"][made.run.uid]
        shapes.check_run(run, has_predictions=True)
        assert run["name"] == "run 1"
        splits.append(run.get("split", "").lower())
    assert splits[:2] == ["training", "test"] and splits[2] in ("", "unassigned")
    labelled, _, unlabelled = (run_of(row, made) for row in run_rows[made.subject.name])
    [label] = labelled["labels"]
    assert shapes.legible(label["annotations"]) == made.subject.shown
    [prediction] = labelled["predictions"]
    assert without_scores(shapes.legible(prediction["annotations"])) == made.subject.shown
    assert (unlabelled["labels"], unlabelled["predictions"]) == ([], [])


def run_of(row: dict, made: Made) -> dict:
    return row["experiments"][made.model.uid]["runs"][made.run.uid]


def without_scores(value: object) -> object:
    """Predictions without their confidence, which is 0.75 wherever it is."""
    if isinstance(value, list):
        return [without_scores(inner) for inner in value]
    if isinstance(value, dict):
        assert value.get("confidence", 0.75) == 0.75
        return {key: without_scores(inner) for key, inner in value.items() if key != "confidence"}
    return value


def test_boxes_of_predictions_have_their_confidence(image: Made, run_rows: dict) -> None:
    """A score that was imported is exported."""
    [prediction] = run_of(run_rows["image"][0], image)["predictions"]
    scores = [(drawn["name"], drawn.get("confidence")) for drawn in prediction["annotations"]["objects"]]
    assert ("boat", 0.75) in scores


def test_masks_can_be_opened(image: Made, project_rows: dict, run_rows: dict, server: Server) -> None:
    """Both URLs of a mask give a picture of the size of the row: signed, and with the key as people send it."""
    [label] = section(project_rows["image"][0], image)["labels"]
    [prediction] = run_of(run_rows["image"][0], image)["predictions"]
    for annotations in (label["annotations"], prediction["annotations"]):
        masked = [drawn for drawn in annotations["objects"] if "composite_mask" in drawn]
        assert len(masked) == 2
        assert masked[0]["composite_mask"]["color_rgb"] != masked[1]["composite_mask"]["color_rgb"]
        assert list(masked[0]).index("mask") < list(masked[0]).index("composite_mask")
        for url in (drawn[key]["url"] for drawn in masked for key in ("mask", "composite_mask")):
            plain = url.partition("?")[0]
            with_key = requests.get(plain, headers={"Authorization": f"Bearer {server.api_key}"}, timeout=30)
            assert requests.get(plain, timeout=30).status_code in (401, 403)
            for response in (requests.get(url, timeout=30), with_key):
                assert response.status_code == 200, response.text
                assert response.headers["Content-Type"] == "image/png"
                assert response.content[:8] == b"\x89PNG\r\n\x1a\n"
                size = int.from_bytes(response.content[16:20]), int.from_bytes(response.content[20:24])
                assert size == (assets.WIDTH, assets.HEIGHT)


def test_interpolated_frames_have_no_gaps(workspace: Workspace, exports: Exports) -> None:
    """With `interpolated_frames` a box is on every frame from its first to its last, moving in a line, and an answer on
    every frame for which it was given."""
    made = workspace["video"]
    export = exports.start(made.project.export_v2, params={"interpolated_frames": True})
    exports.wait([export])
    row = next(row for row in exports.check(export) if row["data_row"]["id"] == made.row_ids[0])
    [label] = section(row, made)["labels"]
    frames = shapes.legible(label["annotations"])["frames"]
    boxes = {
        int(frame): body["objects"]["boat"]["bounding_box"]
        for frame, body in frames.items()
        if "boat" in body["objects"]
    }
    assert list(boxes) == [3, 4, 5, 6, 7]
    assert [box["left"] for box in boxes.values()] == [4.0, 5.0, 6.0, 7.0, 8.0]
    answered = [int(frame) for frame, body in frames.items() if body["classifications"]]
    assert answered == [*range(3, 10), 14, 15]


def test_no_subject_is_forgotten() -> None:
    """Nine data types, and a mask among what is drawn."""
    assert len(SUBJECTS) == 9
    assert MASK in str(SUBJECTS[0].shown)
