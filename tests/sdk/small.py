"""A small project of a test's own, with rows, labels and a batch."""

import itertools
from dataclasses import dataclass

import labelbox
from labelbox import LabelImport

from assets import AssetServer
from subjects import IMAGE, Subject
from workspace import addressed, connect, create_ontology, create_project, create_rows, settle

NUMBERS = itertools.count()


@dataclass(frozen=True)
class Small:
    """A project with rows of one data type."""

    client: labelbox.Client
    dataset: labelbox.Dataset
    ontology: labelbox.Ontology
    project: labelbox.Project
    batch: labelbox.Batch
    keys: list[str]
    row_ids: list[str]

    def label(self, row: int, lines: list[dict]) -> object:
        """Gives a row one more label; no line may fail."""
        name = f"label {next(NUMBERS)}"
        lines = addressed(lines, self.keys[row], name)
        done = LabelImport.create_from_objects(self.client, self.project.uid, name, lines)
        settle(done)
        return done


def make_small(
    client: labelbox.Client, assets: AssetServer, name: str, rows: int = 2, subject: Subject = IMAGE
) -> Small:
    """Makes one, of the images of the workspace if nothing else is asked for."""
    name = f"{name} {next(NUMBERS)}"
    dataset = client.create_dataset(name=name)
    keys = [f"{name} {number}" for number in range(rows)]
    items = itertools.cycle(subject.rows(assets.url))
    create_rows(dataset, [{**next(items), "global_key": key, "external_id": key} for key in keys])
    row_ids = client.get_data_row_ids_for_global_keys(keys)["results"]
    ontology = create_ontology(client, subject)
    project = create_project(client, name, subject)
    connect(project, ontology)
    batch = project.create_batch(f"batch {name}", data_rows=row_ids, priority=5)
    return Small(client, dataset, ontology, project, batch, keys, row_ids)
