"""Exports of the first format, which the SDK had until version 5."""

import json

import labelbox
import labelbox.types as lb_types
import pytest
import requests

import versions
from serving import Server
from subjects import BOX
from test_filters import near
from workspace import Made, Workspace

pytestmark = pytest.mark.skipif(not versions.LEGACY, reason="this version has no exports of the first format")

ROW = [
    "ID",
    "DataRow ID",
    "Labeled Data",
    "Label",
    "Created By",
    "Project Name",
    "Created At",
    "Updated At",
    "Seconds to Label",
    "External ID",
    "Agreement",
    "Benchmark Agreement",
    "Benchmark ID",
    "Dataset Name",
    "Reviews",
    "View Label",
    "Has Open Issues",
    "Skipped",
]
LABELLED = ["image", "text", "document", "geospatial", "conversation", "html"]


def test_labels_are_downloaded(workspace: Workspace) -> None:
    """An array with one object a label, with every key that readers rely on."""
    for name in LABELLED:
        made = workspace[name]
        rows = made.project.export_labels(download=True)
        assert {row["DataRow ID"] for row in rows} == set(made.row_ids[:2]), name
        for row in rows:
            assert not set(ROW) - set(row), f"{name}: {set(ROW) - set(row)} are missing"
            assert row["Project Name"] == made.project.name and row["Dataset Name"] == made.dataset.name
            assert row["Skipped"] is False and row["Has Open Issues"] == 0
            assert row["Global Key"] in made.global_keys
            for kind in ("objects", "classifications"):
                for drawn in row["Label"][kind]:
                    assert len(drawn["featureId"]) == len(drawn["schemaId"]) == 25


def test_objects_have_the_geometry_of_their_tool(image: Made) -> None:
    """A box is a box, a polygon a ring, a mask a URL."""
    [row, _] = image.project.export_labels(download=True)
    drawn = {one["title"]: one for one in row["Label"]["objects"]}
    assert drawn["boat"]["bbox"] == BOX
    assert len(drawn["Deck - Area"]["polygon"]) >= 3 and drawn["Deck - Area"]["value"] == "deck_area"
    assert len(drawn["rope"]["line"]) == 2 and set(drawn["lamp"]["point"]) == {"x", "y"}
    answer = requests.get(drawn["water"]["instanceURI"], timeout=30)
    assert answer.content.startswith(b"\x89PNG")
    questions = {one["title"]: one for one in row["Label"]["classifications"]}
    assert questions["shift"]["answer"]["value"] == "day"
    assert [one["value"] for one in questions["conditions"]["answers"]] == ["wet", "crowded"]
    assert questions["note"]["answer"].startswith("checked")


def test_a_url_is_given_without_download(image: Made) -> None:
    """`download=False` gives the URL of the same array."""
    url = image.project.export_labels(download=False)
    assert requests.get(url, timeout=30).json() == image.project.export_labels(download=True)


@pytest.mark.parametrize("start,end", [("start", "end"), ("last_activity_start", "last_activity_end")])
def test_ranges_of_time(image: Made, start: str, end: str) -> None:
    """Both ends, one end, and ranges that nothing is in."""
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S"):
        past, future = near(-2, form), near(2, form)
        for asked, count in [
            ({start: past, end: future}, 2),
            ({start: past}, 2),
            ({end: future}, 2),
            ({start: future}, 0),
            ({end: past}, 0),
        ]:
            assert len(image.project.export_labels(download=True, **asked)) == count, asked


def test_labels_are_read_into_classes(workspace: Workspace) -> None:
    """`label_generator` gives labels of the SDK, with a range of time and without."""
    for name in ("image", "text"):
        made = workspace[name]
        for asked in ({}, {"start": near(-2, "%Y-%m-%d"), "end": near(2, "%Y-%m-%d")}):
            labels = list(made.project.label_generator(**asked))
            assert len(labels) == 2
            for label in labels:
                assert isinstance(label, lb_types.Label) and label.data.uid in made.row_ids
                names = {annotation.name for annotation in label.annotations}
                assert ("boat" if name == "image" else "vessel") in names
        assert list(made.project.label_generator(start=near(2, "%Y-%m-%d"))) == []


def test_boxes_are_read_into_classes(image: Made) -> None:
    """A box has its corners, a question its answer."""
    label = next(iter(image.project.label_generator()))
    box = next(one for one in label.annotations if one.name == "boat")
    assert isinstance(box.value, lb_types.Rectangle)
    assert (box.value.start.x, box.value.start.y) == (BOX["left"], BOX["top"])


def test_videos_are_read_frame_by_frame(workspace: Workspace, server: Server) -> None:
    """Rows of a video name a URL of frames, which wants the key; every labelled frame is a line."""
    made = workspace["video"]
    rows = made.project.export_labels(download=True)
    for row in rows:
        url = row["Label"]["frames"]
        assert requests.get(url, timeout=30).status_code in (401, 403)
        body = requests.get(url, headers={"Authorization": f"Bearer {server.api_key}"}, timeout=30)
        frames = [json.loads(line) for line in body.text.splitlines()]
        numbers = [frame["frameNumber"] for frame in frames]
        assert numbers == sorted(numbers) and {3, 4, 5, 6, 7} <= set(numbers)
        keyframes = [
            frame["frameNumber"]
            for frame in frames
            for one in frame["objects"]
            if one["title"] == "boat" and one["keyframe"]
        ]
        assert keyframes == [3, 7]
    reader = getattr(made.project, "video_label_generator", made.project.label_generator)
    labels = list(reader())
    assert {label.data.uid for label in labels} == set(made.row_ids[:2])
    boats = [one for one in labels[0].annotations if one.name == "boat"]
    assert {one.frame for one in boats} >= {3, 7}


def test_labels_of_a_run_are_downloaded(workspace: Workspace, client: labelbox.Client) -> None:
    """NDJSON, or its URL; an experiment that has to be switched on."""
    client.enable_experimental = True
    for name in ("image", "text", "geospatial"):
        made = workspace[name]
        rows = list(made.run.export_labels(download=True))
        assert {row["DataRow ID"] for row in rows} >= set(made.row_ids[:2])
        assert {"ID", "Labeled Data", "Label", "Data Split", "External ID"} <= set(rows[0])
        url = made.run.export_labels(download=False)
        assert [json.loads(line) for line in requests.get(url, timeout=30).text.splitlines()] == rows


def test_issues_have_a_url(image: Made) -> None:
    """All, or those of one status."""
    assert requests.get(image.project.export_issues(), timeout=30).json() == []
    assert "?status=Open" in image.project.export_issues("Open")


def test_rows_that_wait_are_exported(image: Made) -> None:
    """`export_queued_data_rows` gives the rows without a label, as the interface of rows shows them."""
    for with_metadata in (False, True):
        [row] = image.project.export_queued_data_rows(include_metadata=with_metadata)
        assert (row["id"], row["globalKey"]) == (image.row_ids[2], image.global_keys[2])
        assert {"createdAt", "updatedAt", "externalId", "rowData", "mediaAttributes"} <= set(row)
        assert bool(row.get("metadataFields")) >= with_metadata


def test_rows_of_a_dataset_and_of_a_batch_are_exported(image: Made) -> None:
    """Rows as objects of the SDK, with their metadata where that was asked."""
    for export in (image.dataset.export_data_rows, image.batch.export_data_rows):
        for with_metadata in (False, True):
            rows = {row.uid: row for row in export(include_metadata=with_metadata)}
            assert sorted(rows) == sorted(image.row_ids)
            row = rows[image.row_ids[0]]
            assert (row.global_key, row.row_data) == (image.global_keys[0], image.items[0]["row_data"])
            if with_metadata:
                assert {field["name"] for field in row.metadata_fields} >= {"site", "depth_m"}
