"""A workspace made through the SDK: for each data type a dataset, a labelled project, a model run and a slice.

Made once a session, one thread a data type, since most of the time goes into sleeps of the client.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import labelbox
import requests
from labelbox import LabelImport, MALPredictionImport, OntologyBuilder
from labelbox.schema.data_row_metadata import DataRowMetadataKind

import versions
from assets import AssetServer
from serving import Server
from subjects import SUBJECTS, Subject, questions

TAKEN_AT = datetime(2025, 2, 27, 6, 30, tzinfo=UTC)
VECTOR = [0.25, -0.5, 0.125]
PRIORITY = 3


@dataclass(frozen=True)
class Made:
    """What was made for one subject. Of three rows the first is labelled and done, the second labelled and in review,
    the third has pre-labels only and is still to label."""

    subject: Subject
    dataset: labelbox.Dataset
    items: list[dict]
    global_keys: list[str]
    row_ids: list[str]
    ontology: labelbox.Ontology
    project: labelbox.Project
    batch: labelbox.Batch
    labels: object
    prelabels: object
    model: labelbox.Model
    run: labelbox.ModelRun
    predictions: object
    slice_id: str


@dataclass(frozen=True)
class Workspace:
    """Everything, by the name of the subject, and the fields that the rows have."""

    made: dict[str, Made]
    schemas: dict[str, str]
    embedding_id: str | None

    def __getitem__(self, subject: str) -> Made:
        return self.made[subject]


def make_workspace(client: labelbox.Client, server: Server, assets: AssetServer) -> Workspace:
    metadata = client.get_data_row_metadata_ontology()
    made = {
        "site": metadata.create_schema("site", DataRowMetadataKind.string),
        "depth_m": metadata.create_schema("depth_m", DataRowMetadataKind.number),
        "taken_at": metadata.create_schema("taken_at", DataRowMetadataKind.datetime),
        "weather": metadata.create_schema("weather", DataRowMetadataKind.enum, options=["dry", "wet"]),
    }
    schemas = {name: schema.uid for name, schema in made.items()}
    embedding = client.create_embedding("toy embedding", len(VECTOR)).id if versions.EMBEDDINGS else None
    with ThreadPoolExecutor(len(SUBJECTS)) as threads:
        parts = threads.map(lambda subject: make(client, server, assets, subject, embedding), SUBJECTS)
        return Workspace({part.subject.name: part for part in parts}, schemas, embedding)


def make(client: labelbox.Client, server: Server, assets: AssetServer, subject: Subject, embedding: str | None) -> Made:
    dataset = client.create_dataset(name=f"harbour {subject.name}")
    items = [describe(item, subject, number, assets, embedding) for number, item in enumerate(subject.rows(assets.url))]
    keys = [item["global_key"] for item in items]
    create_rows(dataset, items)
    row_ids = client.get_data_row_ids_for_global_keys(keys)["results"]
    ontology = create_ontology(client, subject)
    project = create_project(client, f"harbour {subject.name} review", subject)
    connect(project, ontology)
    batch = project.create_batch("batch-march", data_rows=row_ids, priority=PRIORITY)
    lines = subject.lines(assets.url)
    label_lines = [line for key in keys[:2] for line in addressed(lines, key)]
    labels = LabelImport.create_from_objects(client, project.uid, f"labels {subject.name}", label_lines)
    prelabels = MALPredictionImport.create_from_objects(
        client, project.uid, f"prelabels {subject.name}", addressed(lines, keys[2])
    )
    settle(labels)
    settle(prelabels)
    move(project, row_ids[:1], None)
    move(project, row_ids[1:2], review_queue(project))
    model = client.create_model(f"harbour {subject.name} model", ontology.uid)
    run = model.create_model_run("run 1", {"epochs": 3})
    run.upsert_labels(project_id=project.uid)
    run.upsert_data_rows(global_keys=keys[2:])
    scored = [scored_line(line) for line in addressed(lines, keys[0], "prediction")]
    predictions = run.add_predictions(f"predictions {subject.name}", scored)
    run.assign_data_rows_to_split(row_ids[:1], "TRAINING")
    run.assign_data_rows_to_split(global_keys=keys[1:2], split="TEST")
    settle(predictions)
    entries = [{"ids": [dataset.uid], "operator": "is", "type": "dataset"}]
    slice_id = create_slice(server, f"slice {subject.name}", entries)
    return Made(
        subject,
        dataset,
        items,
        keys,
        row_ids,
        ontology,
        project,
        batch,
        labels,
        prelabels,
        model,
        run,
        predictions,
        slice_id,
    )


def describe(item: dict, subject: Subject, number: int, assets: AssetServer, embedding: str | None) -> dict:
    """An import item with everything that a row can have."""
    described = {
        **item,
        "global_key": f"{subject.name}-{number}",
        "external_id": f"{subject.name} {number}",
        "metadata_fields": [
            {"name": "site", "value": f"pier {number}"},
            {"name": "depth_m", "value": 7.5},
            {"name": "taken_at", "value": TAKEN_AT},
            {"name": "weather", "value": "wet"},
        ],
        "attachments": [{"type": "IMAGE", "value": f"{assets.url}/boat.png", "name": "site map"}],
    }
    if embedding:
        described["embeddings"] = [{"embedding_id": embedding, "vector": VECTOR}]
    return described


def create_rows(dataset: labelbox.Dataset, items: list[dict | str]) -> object:
    """Creates rows and waits until they are there; none may fail. Returns the task."""
    task = dataset.create_data_rows([dict(item) if isinstance(item, dict) else item for item in items])
    task.wait_till_done()
    assert task.status == "COMPLETE" and task.errors is None, f"{task.status}: {task.errors}"
    return task


PROCESSED = """query CheckAllDataRowsHaveBeenProcessedPyApi($dataRowIds: [ID!])
    {queryAllDataRowsHaveBeenProcessed(dataRowIds: $dataRowIds) {allDataRowsHaveBeenProcessed}}"""


def wait_for_assets(client: labelbox.Client, row_ids: list[str]) -> None:
    """Asks, as `create_batch` does, until the assets of rows have been looked at."""
    answer = {"allDataRowsHaveBeenProcessed": False}
    while not answer["allDataRowsHaveBeenProcessed"]:
        answer = client.execute(PROCESSED, {"dataRowIds": row_ids})["queryAllDataRowsHaveBeenProcessed"]


def create_ontology(client: labelbox.Client, subject: Subject) -> labelbox.Ontology:
    builder = OntologyBuilder(tools=subject.tools(), classifications=subject.scoped() + questions())
    return client.create_ontology(f"ontology {subject.name}", builder.asdict(), media_type=subject.enum)


CREATE_PROJECT = """mutation CreateProjectPyApi($name: String!, $allowedMediaType: MediaType!)
    {createProject(data: {name: $name allowedMediaType: $allowedMediaType}) {id}}"""


def create_project(client: labelbox.Client, name: str, subject: Subject) -> labelbox.Project:
    if subject.enum is None:
        variables = {"name": name, "allowedMediaType": subject.media_type}
        return client.get_project(client.execute(CREATE_PROJECT, variables)["createProject"]["id"])
    if versions.BATCHES_ONLY:
        return client.create_project(name=name, media_type=subject.enum)
    return client.create_project(
        name=name, media_type=subject.enum, queue_mode=labelbox.schema.queue_mode.QueueMode.Batch
    )


def connect(project: labelbox.Project, ontology: labelbox.Ontology) -> None:
    method = getattr(project, "connect_ontology", None) or project.setup_editor
    method(ontology)


def addressed(lines: list[dict], key: str, prefix: str = "label") -> list[dict]:
    """Import lines of one row; what they call each other stays unique in the file."""

    def unique(name: str) -> str:
        return f"{prefix}-{key}-{name}"

    found = []
    for number, line in enumerate(lines):
        line = {**line, "uuid": unique(line.get("uuid", str(number))), "dataRow": {"globalKey": key}}
        if "relationship" in line:
            relationship = line["relationship"]
            ends = {end: unique(relationship[end]) for end in ("source", "target")}
            line["relationship"] = {**relationship, **ends}
        found.append(line)
    return found


def scored_line(line: dict) -> dict:
    return {**line, "confidence": 0.75} if "bbox" in line else line


def settle(annotation_import: object) -> None:
    """Waits until an import has ended, and looks that no line failed."""
    wait = getattr(annotation_import, "wait_till_done", None) or annotation_import.wait_until_done
    wait(sleep_time_seconds=1)
    assert annotation_import.state.value == "FINISHED", annotation_import.state
    assert annotation_import.errors == []


def review_queue(project: labelbox.Project) -> str:
    return next(queue.uid for queue in project.task_queues() if queue.name == "Initial review task")


def move(project: labelbox.Project, row_ids: list[str], queue: str | None) -> None:
    """Moves rows into a queue, or to Done."""
    rows = row_ids
    if hasattr(labelbox, "UniqueIds"):
        rows = labelbox.UniqueIds(row_ids)
    project.move_data_rows_to_task_queue(rows, queue)


def create_slice(server: Server, name: str, entries: list[dict], api_key: str | None = None) -> str:
    """Saves a query under a name. The SDK reads slices and cannot make them."""
    response = requests.post(
        f"{server.url}/api/v1/slices",
        json={"name": name, "description": "made by a test", "filter": entries},
        headers={"Authorization": f"Bearer {api_key or server.api_key}"},
        timeout=30,
    )
    assert response.status_code == 201, response.text
    return response.json()["id"]
