"""Folders of mot in motmetrics, and files of youtube-vis in labelformat and pycocotools: every object is where the store has it."""

import configparser
import csv
import json

import motmetrics
import pytest
from labelformat.formats import YouTubeVISObjectDetectionTrackInput
from pycocotools import mask as masks
from shapes import bounds_of, labels_of

OPTIONS = ["--allow-lossy", "--format-option", "split=train=0.5,val=0.5"]


@pytest.fixture
def exported(export, native_rows):
    """Exports; returns the folder, and the rows of the list with what the store says of their videos."""

    def run(name):
        folder, _ = export("out", name, *OPTIONS)
        labels = labels_of(native_rows)
        media = {row["data_row"]["id"]: row["media_attributes"] for row in native_rows}
        rows = [row for row in csv.DictReader((folder / "rows.csv").open(newline="")) if row["image"]]
        frames = [labels.get(row["label_id"], {"annotations": {}})["annotations"].get("frames", {}) for row in rows]
        return folder, [(row, media[row["data_row_id"]], stored) for row, stored in zip(rows, frames)]

    return run


def boxes_of(frames):
    """The boxes by frame and feature id, with their names."""
    return {
        (int(frame), key): (one["name"], bounds_of(one))
        for frame, content in frames.items()
        for key, one in content["objects"].items()
        if "bounding_box" in one or "polygon" in one
    }


def test_sequences(exported):
    folder, rows = exported("mot")
    count, parts = 0, set()
    for row, media, frames in rows:
        sequence = folder / row["image"].removesuffix("/img1/")
        parts.add(row["split"])
        info = configparser.ConfigParser()
        info.read(sequence / "seqinfo.ini")
        assert int(info["Sequence"]["seqLength"]) == media["frame_count"]
        assert int(info["Sequence"]["frameRate"]) == round(media["frame_rate"])
        size = [int(info["Sequence"][key]) for key in ["imWidth", "imHeight"]]
        assert size == [media["width"], media["height"]] and info["Sequence"]["imDir"] == "img1"
        names = (sequence / "gt" / "labels.txt").read_text().splitlines()
        stored = boxes_of(frames)
        if not stored:
            assert (folder / row["labels"]).read_text() == ""
            continue
        table = motmetrics.io.loadtxt(folder / row["labels"], fmt="mot16", min_confidence=1)
        numbers, found = {}, {}
        for (frame, number), line in table.iterrows():
            # It takes files to count pixels from 1.
            left, top = line["X"] + 1, line["Y"] + 1
            sides = [left, top, left + line["Width"], top + line["Height"]]
            found[frame, number] = names[int(line["ClassId"]) - 1], sides
        for (frame, key), (name, sides) in stored.items():
            [number] = [
                number
                for (at, number), (label, box) in found.items()
                if at == frame and label == name and box == pytest.approx(sides, abs=1e-9)
            ]
            # An object has one number on all frames.
            assert numbers.setdefault(key, number) == number
        assert len(found) == len(stored) and len(set(numbers.values())) == len(numbers)
        count += len(stored)
    assert count > 150 and parts == {"train", "val"}


def test_objects_frame_by_frame(exported):
    folder, rows = exported("youtube-vis")
    count, ids = 0, []
    for part in ["train", "val"]:
        document = json.loads((folder / f"{part}.json").read_text())
        categories = {one["id"]: one["name"] for one in document["categories"]}
        videos = {one["data_row_id"]: one for one in document["videos"]}
        ids += [one["id"] for one in document["videos"]]
        of_part = [(row, media, frames) for row, media, frames in rows if row["split"] == part]
        assert set(videos) == {row["data_row_id"] for row, _, _ in of_part}
        for row, media, frames in of_part:
            video = videos[row["data_row_id"]]
            numbers = sorted(map(int, frames))
            folder_name = row["image"].removeprefix(f"{part}/JPEGImages/")
            assert video["file_names"] == [f"{folder_name}{frame:06d}.jpg" for frame in numbers]
            assert (video["width"], video["height"], video["length"]) == (media["width"], media["height"], len(numbers))
            stored, found = boxes_of(frames), {}
            tracks = [one for one in document["annotations"] if one["video_id"] == video["id"]]
            for track in tracks:
                assert len(track["bboxes"]) == len(track["segmentations"]) == len(track["areas"]) == len(numbers)
                for frame, box, area, pixels in zip(numbers, track["bboxes"], track["areas"], track["segmentations"]):
                    assert (box is None) == (area is None)
                    if box is None:
                        continue
                    left, top, width, height = box
                    found[frame, track["id"]] = categories[track["category_id"]], [left, top, left + width, top + height]
                    if pixels:
                        size = [media["height"], media["width"]]
                        runs = masks.merge(masks.frPyObjects(pixels, *size)) if isinstance(pixels, list) else pixels
                        assert masks.area(runs) == area
            keys = {}
            for (frame, key), (name, sides) in stored.items():
                [track] = [
                    track
                    for (at, track), (label, box) in found.items()
                    if at == frame and label == name and box == pytest.approx(sides, abs=1e-9)
                ]
                assert keys.setdefault(key, track) == track
            assert len(found) == len(stored)
            count += len(stored)
        read = list(YouTubeVISObjectDetectionTrackInput(input_file=folder / f"{part}.json").get_labels())
        assert sum(len(label.objects) for label in read) == len(document["annotations"]) > 0
    assert count > 150 and sorted(ids) == list(range(1, len(ids) + 1))
