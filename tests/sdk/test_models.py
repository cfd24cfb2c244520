"""Models, model runs, their rows, labels, predictions and splits."""

import json
from pathlib import Path

import labelbox
import pytest

from assets import AssetServer
from exporting import Exports
from versions import SDK_ERRORS, exceptions
from workspace import Made, addressed, settle


@pytest.fixture(scope="module")
def model(client: labelbox.Client, image: Made) -> labelbox.Model:
    return client.create_model("detector", image.ontology.uid)


@pytest.fixture(scope="module")
def run(model: labelbox.Model) -> labelbox.ModelRun:
    return model.create_model_run("first", {"learning_rate": 0.5})


def test_a_model_reads_back(client: labelbox.Client, model: labelbox.Model, image: Made) -> None:
    """Name and ontology are those that it was made with."""
    found = client.get_model(model.uid)
    assert found.name == "detector"
    assert getattr(found, "ontology_id", image.ontology.uid) == image.ontology.uid
    assert model.uid in {one.uid for one in client.get_models()}


def test_a_run_reads_back(client: labelbox.Client, model: labelbox.Model, run: labelbox.ModelRun) -> None:
    """Through its id and through its model."""
    found = client.get_model_run(run.uid)
    assert (found.name, found.model_id) == ("first", model.uid)
    assert [one.uid for one in model.model_runs()] == [run.uid]


def test_a_run_keeps_its_config(run: labelbox.ModelRun) -> None:
    """`get_config`, `update_config` and `reset_config`."""
    assert list(run.get_config().values()) == [0.5]
    run.update_config({"batch_size": 16})
    assert run.get_config() == {"batch_size": 16}
    run.reset_config()
    assert run.get_config() is None


def test_rows_labels_and_splits_of_a_run(run: labelbox.ModelRun, image: Made, exports: Exports) -> None:
    """Rows by id and by key, labels by their ids; the run lists what it has, and the export shows it."""
    label = next(label for label in image.project.labels() if label.data_row().uid == image.row_ids[0])
    run.upsert_labels(label_ids=[label.uid])
    run.upsert_data_rows(data_row_ids=image.row_ids[1:2])
    run.upsert_data_rows(global_keys=image.global_keys[2:])
    run.assign_data_rows_to_split(image.row_ids[:1], "VALIDATION")
    rows = {row.data_row().uid: row for row in run.model_run_data_rows()}
    assert sorted(rows) == sorted(image.row_ids)
    assert rows[image.row_ids[0]].label_id == label.uid
    splits = {row_id: getattr(row.data_split, "value", row.data_split) for row_id, row in rows.items()}
    assert splits[image.row_ids[0]] == "VALIDATION" and splits[image.row_ids[1]] == "UNASSIGNED"
    export = exports.start(run.export_v2)
    exports.wait([export])
    shown = {row["data_row"]["id"]: row["experiments"][run.model_id]["runs"][run.uid] for row in exports.check(export)}
    assert [len(shown[row_id]["labels"]) for row_id in image.row_ids] == [1, 0, 0]
    assert shown[image.row_ids[0]]["labels"][0]["id"] == label.uid


def test_predictions_come_from_files_and_urls(
    client: labelbox.Client, model: labelbox.Model, image: Made, assets: AssetServer, tmp_path: Path, exports: Exports
) -> None:
    """`add_predictions` takes a path and a URL; rows that are in the run get them, whatever their batch."""
    run = model.create_model_run("files and URLs")
    run.upsert_data_rows(data_row_ids=image.row_ids)
    file = tmp_path / "lines.ndjson"
    note = [{"name": "note", "answer": "guessed", "confidence": 0.5}]
    file.write_text("".join(json.dumps(line) + "\n" for line in addressed(note, image.global_keys[0], "file")))
    body = "\n".join(json.dumps(line) for line in addressed(note, image.global_keys[2], "url"))
    url = assets.add("/predictions.ndjson", "application/x-ndjson", body.encode())
    started = [run.add_predictions("file", str(file)), run.add_predictions("url", url)]
    for one in started:
        settle(one)
    export = exports.start(run.export_v2, params={"predictions": True})
    exports.wait([export])
    shown = {row["data_row"]["id"]: row["experiments"][model.uid]["runs"][run.uid] for row in exports.check(export)}
    assert [len(shown[row_id]["predictions"]) for row_id in image.row_ids] == [1, 0, 1]
    run.delete_model_run_data_rows(image.row_ids[:1])
    assert sorted(row.data_row().uid for row in run.model_run_data_rows()) == sorted(image.row_ids[1:])


def test_a_name_of_predictions_is_given_once(image: Made, client: labelbox.Client) -> None:
    """A repeated creation is refused, and what was there stays."""
    line = addressed([{"name": "note", "answer": "again"}], image.global_keys[0], "twice")
    with pytest.raises(SDK_ERRORS):
        image.run.add_predictions(image.predictions.name, line)


def test_what_is_deleted_is_gone(client: labelbox.Client, image: Made) -> None:
    """Runs and models vanish from gets; their rows stay."""
    model = client.create_model("short-lived", image.ontology.uid)
    run = model.create_model_run("short-lived")
    run.upsert_data_rows(data_row_ids=image.row_ids)
    run.delete()
    assert list(model.model_runs()) == []
    model.delete()
    for get, uid in ((client.get_model, model.uid), (client.get_model_run, run.uid)):
        with pytest.raises(exceptions.ResourceNotFoundError):
            get(uid)
    assert client.get_data_row(image.row_ids[0]).uid == image.row_ids[0]


def test_rows_that_are_not_there_are_refused(run: labelbox.ModelRun) -> None:
    """At once and by name: of a task that failed the client tells its own words only."""
    for call, place in (
        (lambda: run.upsert_data_rows(global_keys=["nobody has this key"]), "workspace"),
        (lambda: run.assign_data_rows_to_split(global_keys=["nobody has this key"], split="TEST"), "model run"),
    ):
        with pytest.raises(exceptions.MalformedQueryException, match=f'not in the {place}: "nobody has this key"'):
            call()
