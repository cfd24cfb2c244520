"""What people's programs do with exports: each test is one of them, from rows to what it hands on.

They are written as users write them: nothing of the suite helps with reading the rows.
"""

import io
import json
from collections import defaultdict

import labelbox
import numpy
import PIL.Image
import pytest
import requests
from labelbox import Classification, LabelImport, MALPredictionImport, MediaType, OntologyBuilder, Option, Tool

import assets as pictures
import versions
from assets import AssetServer
from exporting import Exports
from serving import Server
from small import make_small
from subjects import BOX, LATER_BOX, SUBJECTS
from workspace import Workspace, connect, create_rows, create_slice, settle

PARAMS = {"label_details": True, "project_details": True, "performance_details": True}


def radio(name: str, *options: str, **more: object) -> Classification:
    return Classification(
        class_type=Classification.Type.RADIO, name=name, options=[Option(value=one) for one in options], **more
    )


def make_project(
    client: labelbox.Client, assets: AssetServer, name: str, path: str, kind: MediaType, builder: OntologyBuilder, rows: int
) -> tuple[labelbox.Project, list[str]]:
    dataset = client.create_dataset(name=name)
    keys = [f"{name} {number}" for number in range(rows)]
    create_rows(dataset, [{"row_data": f"{assets.url}{path}?{key.replace(' ', '-')}", "global_key": key} for key in keys])
    ontology = client.create_ontology(name, builder.asdict(), media_type=kind)
    project = client.create_project(name=name, media_type=kind)
    connect(project, ontology)
    project.create_batch(name, global_keys=keys)
    return project, keys


def label(client: labelbox.Client, project: labelbox.Project, name: str, key: str, lines: list[dict]) -> None:
    lines = [{"uuid": f"{name}-{key}-{n}", "dataRow": {"globalKey": key}, **line} for n, line in enumerate(lines)]
    settle(LabelImport.create_from_objects(client, project.uid, f"{name} {key}", lines))


def picture_of(url: str, api_key: str) -> numpy.ndarray:
    """As notebooks fetch masks: the URL as it is, with the key in the header."""
    response = requests.get(url, headers={"Authorization": f"Bearer {api_key}"}, timeout=30)
    response.raise_for_status()
    return numpy.array(PIL.Image.open(io.BytesIO(response.content)))


@pytest.fixture(scope="module")
def clip(client: labelbox.Client, assets: AssetServer) -> tuple[labelbox.Project, str]:
    """A video with a box and a mask on frames, and questions about frames and about the whole."""
    builder = OntologyBuilder(
        tools=[
            Tool(tool=Tool.Type.BBOX, name="boat"),
            Tool(tool=Tool.Type.RASTER_SEGMENTATION, name="water"),
            Tool(tool=Tool.Type.RASTER_SEGMENTATION, name="sky"),
        ],
        classifications=[
            radio("pose", "left", "right", scope=Classification.Scope.INDEX),
            radio("quality", "good", "bad", scope=Classification.Scope.GLOBAL),
        ],
    )
    project, [key] = make_project(client, assets, "clip", "/clip.mp4", MediaType.Video, builder, 1)
    mask = {"instanceURI": f"{assets.url}/mask.png"}
    label(
        client,
        project,
        "frames",
        key,
        [
            {"name": "boat", "segments": [{"keyframes": [{"frame": 2, "bbox": BOX}, {"frame": 6, "bbox": LATER_BOX}]}]},
            {
                "masks": {
                    "frames": [{"index": 2, **mask}, {"index": 3, **mask}],
                    "instances": [{"name": "water", "colorRGB": [255, 255, 255]}, {"name": "sky", "colorRGB": [0, 0, 0]}],
                }
            },
            {"name": "pose", "answer": {"name": "left"}, "frames": [{"start": 2, "end": 4}]},
            {"name": "pose", "answer": {"name": "right"}, "frames": [{"start": 5, "end": 5}, {"start": 8, "end": 9}]},
            {"name": "quality", "answer": {"name": "good"}},
        ],
    )
    return project, key


def test_frames_of_a_video_become_arrays(clip: tuple, exports: Exports, server: Server) -> None:
    """Boxes to an array of frames by four numbers, masks to arrays of pixels, through either address."""
    project, _ = clip
    [row] = exports.run(project.export_v2, params={**PARAMS, "interpolated_frames": True})
    count = row["media_attributes"]["frame_count"]
    boxes = numpy.full((count + 1, 4), numpy.nan)
    masks = {}
    [one] = row["projects"][project.uid]["labels"]
    for number, frame in one["annotations"]["frames"].items():
        for drawn in frame["objects"].values():
            if "bounding_box" in drawn:
                boxes[int(number)] = [drawn["bounding_box"][side] for side in ("left", "top", "width", "height")]
            elif "mask" in drawn:
                alone = picture_of(drawn["mask"]["url"], server.api_key)
                together = picture_of(drawn["composite_mask"]["url"], server.api_key)
                colour = drawn["composite_mask"]["color_rgb"]
                inside = (together[..., :3] == colour).all(axis=-1)
                assert ((alone if alone.ndim == 2 else alone[..., 0]) > 0).tolist() == inside.tolist()
                masks[drawn["name"], int(number)] = inside
    assert numpy.flatnonzero(~numpy.isnan(boxes[:, 0])).tolist() == [2, 3, 4, 5, 6]
    assert boxes[4].tolist() == [6.0, 8.0, 3.0, 6.0]
    assert {name for name, _ in masks} == {"water", "sky"} and {number for _, number in masks} == {2, 3}
    water, sky = masks["water", 2], masks["sky", 2]
    assert water.shape == (pictures.HEIGHT, pictures.WIDTH) and (water ^ sky).all()


def test_poses_are_counted_frame_by_frame(clip: tuple, exports: Exports) -> None:
    """A radio of frames gives a state to each frame, with and without the frames in between."""
    project, _ = clip

    def poses(params: dict) -> dict[int, str]:
        [row] = exports.run(project.export_v2, params=params)
        [one] = row["projects"][project.uid]["labels"]
        found = {}
        for number, frame in one["annotations"]["frames"].items():
            for answered in frame["classifications"]:
                assert answered["name"] == "pose"
                answer = answered["radio_answer"]
                found[int(number)] = answer["value"]
                ranges = one["annotations"]["segments"][answer["feature_id"]]
                assert any(first <= int(number) <= last for first, last in ranges)
        [quality] = one["annotations"]["classifications"]
        assert (quality["name"], quality["radio_answer"]["name"]) == ("quality", "good")
        key_frames = one["annotations"]["key_frame_feature_map"]
        answers = {
            answered["radio_answer"]["value"]: answered["radio_answer"]["feature_id"]
            for frame in one["annotations"]["frames"].values()
            for answered in frame["classifications"]
        }
        assert {name: key_frames[feature] for name, feature in answers.items()} == {"left": [2, 4], "right": [5, 8, 9]}
        return found

    assert poses({**PARAMS, "interpolated_frames": True}) == {
        **dict.fromkeys((2, 3, 4), "left"),
        **dict.fromkeys((5, 8, 9), "right"),
    }
    stored = poses(PARAMS)
    assert {2: "left", 4: "left", 5: "right", 8: "right", 9: "right"}.items() <= stored.items()


def flatten(value: object, way: tuple = ()) -> list[dict]:
    """Every annotation in a label as a line of a table: where it is, what it is of, and what it says."""
    lines = []
    if isinstance(value, list):
        for inner in value:
            lines += flatten(inner, way)
    if isinstance(value, dict):
        if "feature_id" in value:
            kind = value.get("annotation_kind") or next((key for key in value if key.endswith(("_answer", "_answers"))), "option")
            lines.append({"way": "/".join(way), "name": value["name"], "kind": kind, "schema": value["feature_schema_id"]})
            way = (*way, value["name"])
        for key, inner in value.items():
            lines += flatten(inner, (*way, key) if key.isdigit() else way)
    return lines


def test_labels_of_every_type_become_one_table(workspace: Workspace, exports: Exports) -> None:
    """Nothing that was labelled is missing in it, down to the answers inside answers."""
    for subject in SUBJECTS:
        made = workspace[subject.name]
        rows = exports.run(made.project.export_v2, params=PARAMS)
        table = [
            {"row": row["data_row"]["global_key"], **line}
            for row in rows
            for one in row["projects"][made.project.uid]["labels"]
            for line in flatten(one["annotations"])
        ]
        names = {line["name"] for line in table}
        drawn = {line["name"] for line in subject.lines("http://x") if "name" in line}
        assert drawn <= names, subject.name
        assert {"shift", "day", "daylight", "overcast", "conditions", "wet", "crowded", "note"} <= names, subject.name
        assert {line["row"] for line in table} == set(made.global_keys[:2])
        nested = [line for line in table if line["name"] == "daylight"]
        assert nested and all(line["way"].endswith("shift/day") for line in nested)
        assert all(len(line["schema"]) == 25 for line in table)


def test_masks_of_instances_and_composites_agree(
    client: labelbox.Client, assets: AssetServer, exports: Exports, server: Server
) -> None:
    """A map of classes painted from the instances is the one that the composite gives."""
    made = make_small(client, assets, "masks", rows=1)
    pixels = pictures.WIDTH * pictures.HEIGHT
    top, rest = pixels // 4, pixels - pixels // 4
    size = [pictures.HEIGHT, pictures.WIDTH]
    made.label(
        0,
        [
            {"name": "water", "mask": {"size": size, "counts": [0, top, rest]}},
            {"name": "sky", "mask": {"size": size, "counts": [top, rest]}},
        ],
    )
    [row] = exports.run(made.project.export_v2, params=PARAMS)
    drawn = row["projects"][made.project.uid]["labels"][0]["annotations"]["objects"]
    classes = {one["name"]: number for number, one in enumerate(drawn, 1)}
    from_instances = numpy.zeros(size, dtype=numpy.uint8)
    from_composite = numpy.zeros(size, dtype=numpy.uint8)
    for one in drawn:
        alone = picture_of(one["mask"]["url"], server.api_key)
        assert set(numpy.unique(alone)) <= {0, 255}, "white on black"
        from_instances[(alone if alone.ndim == 2 else alone[..., 0]) == 255] = classes[one["name"]]
        together = picture_of(one["composite_mask"]["url"], server.api_key)
        from_composite[(together[..., :3] == one["composite_mask"]["color_rgb"]).all(axis=-1)] = classes[one["name"]]
    assert (from_instances == from_composite).all()
    assert (from_instances == classes["sky"]).sum() == rest


def test_rows_become_the_lists_of_coco(workspace: Workspace, exports: Exports) -> None:
    """Boxes, rings and their areas, with ids of categories from the ontology."""
    made = workspace["image"]
    categories = {tool.feature_schema_id: number for number, tool in enumerate(made.ontology.tools(), 1)}
    coco = {"images": [], "annotations": [], "categories": [{"id": id_, "schema": key} for key, id_ in categories.items()]}
    for row in exports.run(made.project.export_v2, params=PARAMS):
        media = row["media_attributes"]
        image = {"id": len(coco["images"]) + 1, "file_name": row["data_row"]["external_id"]}
        coco["images"].append({**image, "width": media["width"], "height": media["height"]})
        for one in row["projects"][made.project.uid]["labels"]:
            for drawn in one["annotations"]["objects"]:
                shape = {}
                if "bounding_box" in drawn:
                    box = drawn["bounding_box"]
                    shape["bbox"] = [box["left"], box["top"], box["width"], box["height"]]
                    shape["area"] = box["width"] * box["height"]
                elif "polygon" in drawn:
                    ring = [(point["x"], point["y"]) for point in drawn["polygon"]]
                    shape["segmentation"] = [[side for point in ring for side in point]]
                    pairs = zip(ring, ring[1:], strict=False)
                    shape["area"] = abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2
                else:
                    continue
                id_ = len(coco["annotations"]) + 1
                category = categories[drawn["feature_schema_id"]]
                coco["annotations"].append({"id": id_, "image_id": image["id"], "category_id": category, **shape})
    assert [image["width"] for image in coco["images"]] == [pictures.WIDTH] * 3
    assert len(coco["annotations"]) == 4, "two labelled rows with a box and a ring each"
    assert {one["category_id"] for one in coco["annotations"]} == {1, 2}
    assert all(one["area"] > 0 for one in coco["annotations"]) and json.dumps(coco)


def test_labels_of_several_people_are_compared(
    client: labelbox.Client, assets: AssetServer, exports: Exports, server: Server
) -> None:
    """Each has a label of their own with their name, and the overlap of their boxes says how far they agree."""
    made = make_small(client, assets, "several people", rows=1)
    people = ["ana@example.test", "ben@example.test", "cem@example.test"]
    for left, person in enumerate(people):
        done = server.run("key", "create", "--name", f"of {person}", "--user", person)
        key = next(word for word in (done.stdout + done.stderr).decode().replace('"', " ").split() if word.startswith("lbp_"))
        theirs = server.client(key)
        label(theirs, theirs.get_project(made.project.uid), person, made.keys[0], [{"name": "boat", "bbox": {**BOX, "left": float(left)}}])
    [row] = exports.run(made.project.export_v2, params=PARAMS)
    boxes = {}
    for one in row["projects"][made.project.uid]["labels"]:
        [drawn] = one["annotations"]["objects"]
        boxes[one["label_details"]["created_by"]] = drawn["bounding_box"]
    assert list(boxes) == people

    def overlap(one: dict, other: dict) -> float:
        width = min(one["left"] + one["width"], other["left"] + other["width"]) - max(one["left"], other["left"])
        both = max(width, 0) * one["height"]
        return both / (2 * one["width"] * one["height"] - both)

    agreement = {
        person: sum(overlap(boxes[person], boxes[other]) for other in people if other != person) / 2 for person in people
    }
    assert max(agreement, key=agreement.get) == "ben@example.test"
    assert agreement["ben@example.test"] == 0.5


def test_a_loop_of_active_learning(
    client: labelbox.Client, assets: AssetServer, exports: Exports, server: Server
) -> None:
    """A slice finds rows, they go to people with suggestions, labels come back and go into a run, which is exported."""
    pool = make_small(client, assets, "pool", rows=4)
    entries = [{"ids": [pool.dataset.uid], "operator": "is", "type": "dataset"}]
    slice_id = create_slice(server, "unsure", entries)
    found_slice = client.get_catalog_slice(slice_id)
    if hasattr(found_slice, "get_data_row_identifiers"):
        found = [one.global_key.key for one in found_slice.get_data_row_identifiers()]
    else:
        found = [row["data_row"]["global_key"] for row in exports.run(found_slice.export_v2)]
    chosen = sorted(found)[:2]
    assert chosen == pool.keys[:2]
    project = client.create_project(name="annotate", media_type=MediaType.Image)
    connect(project, pool.ontology)
    if hasattr(client, "send_to_annotate_from_catalog"):
        task = client.send_to_annotate_from_catalog(
            destination_project_id=project.uid,
            task_queue_id=None,
            batch_name="round 1",
            data_rows=labelbox.GlobalKeys(chosen),
            params={"source_project_id": pool.project.uid},
        )
        task.wait_till_done()
    else:
        project.create_batch("round 1", global_keys=chosen)
    boat = {"name": "boat", "bbox": BOX}
    guesses = [{**boat, "uuid": f"guess {key}", "dataRow": {"globalKey": key}} for key in chosen]
    settle(MALPredictionImport.create_from_objects(client, project.uid, "guesses", guesses))
    for key in chosen:
        label(client, project, "round 1", key, [boat])
    run = client.create_model("learner", pool.ontology.uid).create_model_run("round 1")
    run.upsert_labels(project_id=project.uid)
    scored = [{**line, "uuid": f"scored {line['uuid']}", "confidence": 0.25} for line in guesses]
    settle(run.add_predictions("scores", scored))
    scores = defaultdict(list)
    for row in exports.run(run.export_v2, params={"predictions": True}):
        [experiment] = row["experiments"].values()
        [shown] = experiment["runs"].values()
        assert len(shown["labels"]) == 1
        for one in shown["predictions"]:
            scores[row["data_row"]["global_key"]] += [drawn["confidence"] for drawn in one["annotations"]["objects"]]
    assert scores == {key: [0.25] for key in chosen}


@pytest.mark.skipif(not versions.LEGACY, reason="this version has no exports of the first format")
def test_a_script_of_2022_counts_its_boxes(workspace: Workspace) -> None:
    """`label_generator` gives classes, `export_labels` rows, and a label its own JSON; all three tell the same."""
    made = workspace["image"]
    from_classes = sorted(
        (one.value.start.x, one.value.start.y, one.value.end.x, one.value.end.y)
        for found in made.project.label_generator()
        for one in found.annotations
        if one.name == "boat"
    )
    from_rows, from_labels = [], []
    for row in made.project.export_labels(download=True):
        from_rows += [one["bbox"] for one in row["Label"]["objects"] if one["title"] == "boat"]
    for found in made.project.labels():
        from_labels += [one["bbox"] for one in json.loads(found.label)["objects"] if one["title"] == "boat"]
    corners = [
        sorted((box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]) for box in boxes)
        for boxes in (from_rows, from_labels)
    ]
    assert corners == [from_classes, from_classes] and len(from_classes) == 2
