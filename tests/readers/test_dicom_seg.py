"""Segmentation objects, in pydicom: each frame has the pixels that the store holds, and says of which slice it is."""

import csv
import shutil
import subprocess

import numpy
import pydicom
import pytest
from PIL import Image, ImageCms
from pydicom import uid

from scans import SERIES, places_of

SAME = """
    StudyInstanceUID StudyDate StudyTime StudyID PatientName PatientID PatientSex FrameOfReferenceUID Rows Columns
""".split()


@pytest.fixture(scope="module")
def segmentations(overlapping_scans):
    """The files of an export, and the series that they are of, by key."""
    out = overlapping_scans.export("segmentations", "dicom-seg")
    files = {line["global_key"]: line["file"] for line in csv.DictReader((out / "rows.csv").open(newline=""))}
    assert files == {key: f"train/{key}.dcm" for key in SERIES}
    return {key: (pydicom.dcmread(out / files[key]), pydicom.dcmread(overlapping_scans.path(key))) for key in SERIES}


def test_frames_are_the_masks_of_the_store_at_the_places_of_their_slices(segmentations, overlapping_scans):
    covered = 0
    for key, (found, series) in segmentations.items():
        plane, layers, _, _, _ = SERIES[key]
        names = {segment.SegmentNumber: segment.SegmentLabel for segment in found.SegmentSequence}
        assert sorted(names) == [1, 2]
        pixels = found.pixel_array.reshape(found.NumberOfFrames, found.Rows, found.Columns)
        left = dict(overlapping_scans.masks[key])
        places = places_of(series)
        for group, frame in zip(found.PerFrameFunctionalGroupsSequence, pixels, strict=True):
            source = group.DerivationImageSequence[0].SourceImageSequence[0]
            slice_ = source.get("ReferencedFrameNumber", 1)
            assert ("ReferencedFrameNumber" in source) == (len(layers) > 1)
            assert source.ReferencedSOPInstanceUID == series.SOPInstanceUID
            assert source.ReferencedSOPClassUID == series.SOPClassUID
            assert group.PlanePositionSequence[0].ImagePositionPatient == places[slice_ - 1]
            segment = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            assert (left.pop((plane, slice_, names[segment])) == frame).all(), (key, slice_, segment)
            # Frames are found by segment and depth.
            numbers = group.FrameContentSequence[0].DimensionIndexValues
            assert numbers[0] == segment
        # Only slices without a pixel of a class have no frame of it.
        assert not any(mask.any() for mask in left.values()), (key, left.keys())
        by_slice = {}
        for (_, slice_, _), mask in overlapping_scans.masks[key].items():
            by_slice[slice_] = by_slice.get(slice_, 0) + mask
        is_covered = max(count.max() for count in by_slice.values()) > 1
        assert found.SegmentsOverlap == ("YES" if is_covered else "NO")
        covered += is_covered
    assert covered == len(SERIES)


def test_files_are_of_the_study_and_the_patient_of_their_series(segmentations):
    names = set()
    for found, series in segmentations.values():
        assert found.SOPClassUID == found.file_meta.MediaStorageSOPClassUID == uid.SegmentationStorage
        assert found.file_meta.TransferSyntaxUID == uid.ExplicitVRLittleEndian
        assert found.SOPInstanceUID == found.file_meta.MediaStorageSOPInstanceUID
        for element in SAME:
            assert found[element].value == series[element].value, element
        assert found.PatientName == "Müller^Jürgen"
        assert found.ReferencedSeriesSequence[0].SeriesInstanceUID == series.SeriesInstanceUID
        shared = found.SharedFunctionalGroupsSequence[0]
        measures, orientation = shared.PixelMeasuresSequence[0], shared.PlaneOrientationSequence[0]
        is_single = "PixelSpacing" in series
        of_series = series if is_single else series.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        assert measures.PixelSpacing == of_series.PixelSpacing
        assert measures.SliceThickness == of_series.SliceThickness
        of_series = series if is_single else series.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
        assert numpy.allclose(orientation.ImageOrientationPatient, of_series.ImageOrientationPatient)
        for segment in found.SegmentSequence:
            assert (segment.SegmentAlgorithmType, "SegmentAlgorithmName" in segment) == ("MANUAL", False)
        own = [found.SOPInstanceUID, found.SeriesInstanceUID, found.DimensionOrganizationSequence[0].DimensionOrganizationUID]
        assert all(name.is_valid and name.startswith("2.25.") for name in own)
        names.update(own)
    assert len(names) == 3 * len(SERIES)


def test_two_exports_are_the_same_bytes(overlapping_scans):
    one, other = (overlapping_scans.export(name, "dicom-seg") for name in ["one", "other"])
    for path in [path.relative_to(one) for path in one.rglob("*") if path.is_file()]:
        assert (one / path).read_bytes() == (other / path).read_bytes(), path


def test_series_of_the_demo_are_not_at_hand(export):
    folder, manifest = export("demo", "dicom-seg", "--allow-lossy")
    assert not list(folder.rglob("*.dcm"))
    reasons = {loss["reason"] for loss in manifest["notices"]["losses"] if loss["what"] == "row"}
    assert any(reason.startswith("its series is kept elsewhere") for reason in reasons), reasons


def test_colours_are_those_of_the_list(segmentations, overlapping_scans):
    lines = csv.DictReader((overlapping_scans.folder / "segmentations" / "classes.csv").open(newline=""))
    colours = {line["name"]: [int(line[part]) for part in ("red", "green", "blue")] for line in lines}
    to_rgb = ImageCms.buildTransform(ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    for found, _ in segmentations.values():
        for segment in found.SegmentSequence:
            lightness, *axes = (part / 65535 * 255 for part in segment.RecommendedDisplayCIELabValue)
            # Both axes are signed in a picture, in 8 bits: dark parts of a colour are not exact.
            lab = bytes([round(lightness), *((round(axis) - 128) % 256 for axis in axes)])
            shown = ImageCms.applyTransform(Image.frombytes("LAB", (1, 1), lab), to_rgb).getpixel((0, 0))
            assert numpy.abs(numpy.array(shown) - colours[segment.SegmentLabel]).max() <= 6, (shown, colours)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools are not installed")
def test_a_checker_finds_nothing_wrong(segmentations, overlapping_scans):
    for path in sorted((overlapping_scans.folder / "segmentations" / "train").glob("*.dcm")):
        finished = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
        assert (finished.returncode, finished.stderr.split()) == (0, ["Segmentation"]), finished.stderr
