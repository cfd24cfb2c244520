"""Volumes, in nibabel: each voxel is that of the mask that the store holds, and lies where pydicom put the slice."""

import base64
import csv
import io
import json
import os

import nibabel
import numpy
import pydicom
import pytest
from PIL import Image
from program import labelport
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence

from served import Server

# Degrees by which slices are turned around the first axis of the patient.
TILT = numpy.radians(20)
ALONG = numpy.array([1.0, 0.0, 0.0])
PLANES = {
    "axial": numpy.array([0.0, numpy.cos(TILT), numpy.sin(TILT)]),
    "coronal": numpy.array([0.0, -numpy.sin(TILT), -numpy.cos(TILT)]),
}
ORIGIN = numpy.array([-31.25, 12.5, 401.75])
COLOURS = {"pore": (255, 0, 0), "crack": (0, 0, 255)}


def decimals(numbers):
    return [f"{number:.9g}" for number in numbers]


def written(path, syntax, rows, columns):
    """A file without places, in a transfer syntax."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.EnhancedMRImageStorage
    meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    meta.TransferSyntaxUID = syntax
    scan = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    scan.SOPClassUID = meta.MediaStorageSOPClassUID
    scan.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    scan.PatientName = "Rail^Head"
    scan.SamplesPerPixel, scan.PhotometricInterpretation = 1, "MONOCHROME2"
    scan.BitsAllocated = scan.BitsStored = 16
    scan.HighBit, scan.PixelRepresentation = 15, 0
    scan.Rows, scan.Columns = rows, columns
    return scan


def group(**elements):
    found = Dataset()
    for name, value in elements.items():
        setattr(found, name, value)
    return Sequence([found])


def enhanced(path, syntax, plane, places, shape, spacing):
    """A series with a sequence of frames, whose slices are at places along its normal. Returns its matrix."""
    rows, columns = shape
    scan = written(path, syntax, rows, columns)
    down = PLANES[plane]
    normal = numpy.cross(ALONG, down)
    shared = Dataset()
    shared.PixelMeasuresSequence = group(PixelSpacing=decimals(spacing), SliceThickness="2")
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=decimals([*ALONG, *down]))
    scan.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for place in places:
        frame = Dataset()
        position = ORIGIN + place * normal
        frame.PlanePositionSequence = group(ImagePositionPatient=decimals(position))
        # A picture of its own kind, whose place is not that of the frame.
        frame.FrameContentSequence = group(StackID="1", InStackPositionNumber=1)
        frames.append(frame)
    scan.PerFrameFunctionalGroupsSequence = Sequence(frames)
    scan.NumberOfFrames = len(places)
    scan.PixelData = bytes(2 * rows * columns * len(places))
    scan.save_as(path, enforce_file_format=True)
    step = (max(places) - min(places)) / (len(places) - 1)
    is_descending = places == sorted(places, reverse=True)
    first = max(places) if is_descending else min(places)
    return matrix(down, spacing, -step if is_descending else step, ORIGIN + first * normal)


def single(path, syntax, plane, shape, spacing):
    """A series of one slice. Returns its matrix."""
    rows, columns = shape
    scan = written(path, syntax, rows, columns)
    scan.ImagePositionPatient = decimals(ORIGIN)
    scan.ImageOrientationPatient = decimals([*ALONG, *PLANES[plane]])
    scan.PixelSpacing, scan.SliceThickness = decimals(spacing), "2.5"
    scan.PixelData = bytes(2 * rows * columns)
    scan.save_as(path, enforce_file_format=True)
    return matrix(PLANES[plane], spacing, 2.5, ORIGIN)


def matrix(down, spacing, step, origin):
    """From columns, rows and layers to millimetres: DICOM has x to the left and y to the back, NIfTI the opposite."""
    normal = numpy.cross(ALONG, down)
    lps = numpy.eye(4)
    lps[:3] = numpy.stack([ALONG * spacing[1], down * spacing[0], normal * step, origin], axis=1)
    return numpy.diag([-1.0, -1.0, 1.0, 1.0]) @ lps


# Each series with its plane, the slices in the order of its layers, and how it is made.
SERIES = {
    "ascending": ("axial", [1, 2, 3, 4], (5, 7), uid.ExplicitVRLittleEndian, [0, 3, 6, 9]),
    "descending": ("axial", [1, 2, 3], (6, 4), uid.ImplicitVRLittleEndian, [8, 4, 0]),
    "mixed": ("coronal", [1, 3, 2, 4], (3, 9), uid.DeflatedExplicitVRLittleEndian, [0, 2, 1, 3]),
    "single": ("coronal", [1], (8, 5), uid.ExplicitVRLittleEndian, None),
}
SPACING = [0.75, 0.5]


def masks_of(key, chance):
    """Random pixels of each class, by slice: only some slices have any."""
    _, layers, shape, _, _ = SERIES[key]
    names = numpy.array(["", *COLOURS])
    return {slice_: names[chance.integers(0, len(names), shape)] for slice_ in sorted(layers)[::2]}


def line_of(key, plane, masks):
    frames = []
    for number, names in masks.items():
        pixels = numpy.zeros((*names.shape, 3), dtype=numpy.uint8)
        for name, colour in COLOURS.items():
            pixels[names == name] = colour
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG")
        frames.append({"index": number, "imBytes": base64.b64encode(out.getvalue()).decode()})
    instances = [{"name": name, "colorRGB": colour} for name, colour in COLOURS.items()]
    masks = {"frames": frames, "instances": instances}
    return {"uuid": key, "dataRow": {"globalKey": key}, "groupKey": plane, "masks": masks}


@pytest.fixture(scope="module")
def scans(workspace, tmp_path_factory):
    """A workspace with series in the files of a folder, their matrices, and the masks that its server gives."""
    folder = tmp_path_factory.mktemp("scans")
    matrices = {}
    for key, (plane, _, shape, syntax, places) in SERIES.items():
        path = folder / f"{key}.dcm"
        matrices[key] = (
            enhanced(path, syntax, plane, places, shape, SPACING)
            if places
            else single(path, syntax, plane, shape, SPACING)
        )
        assert pydicom.dcmread(path).Rows == shape[0]
    data = folder / "data"
    server = Server(os.environ["LABELPORT_BINARY"], str(data)).start()
    try:
        dataset = server.graphql('mutation { createDataset(data: { name: "scans" }) { id } }', {})["createDataset"]["id"]
        query = "mutation ($data: DataRowCreateInput!) { createDataRow(data: $data) { id } }"
        for key in SERIES:
            row = {"rowData": f"file://{folder / key}.dcm", "globalKey": key, "dataset": {"connect": {"id": dataset}}}
            server.graphql(query, {"data": row})
        tools = [{"tool": "raster-segmentation", "name": name, "classifications": []} for name in COLOURS]
        project, _ = server.project("scans", "DICOM", tools, list(SERIES))
        chance = numpy.random.default_rng(7)
        lines = [line_of(key, SERIES[key][0], masks_of(key, chance)) for key in SERIES]
        server.import_annotations("labelImport", {"projectId": project}, lines)
        labelport("--data", str(data), "export", "catalog", "--everything", "-o", "rows.ndjson", cwd=folder)
        rows = [json.loads(line) for line in (folder / "rows.ndjson").read_text().splitlines()]
        yield folder, matrices, {row["data_row"]["global_key"]: stored(server, row) for row in rows}
    finally:
        server.stop()


def stored(server, row):
    """The pixels of each object of a row, as the server gives them: by plane, slice and class."""
    [project] = row["projects"].values()
    [label] = project["labels"]
    found = {}
    for plane, group_ in label["annotations"]["groups"].items():
        for number, frame in group_["frames"].items():
            for one in frame["objects"].values():
                mask = one["composite_mask"]
                pixels = numpy.asarray(Image.open(io.BytesIO(server.send("GET", mask["url"]).body)).convert("RGB"))
                found[plane.lower(), int(number), one["name"]] = (pixels == mask["color_rgb"]).all(axis=2)
    return found


def exported(scans, name, *options):
    folder, _, _ = scans
    arguments = ["--data", str(folder / "data"), "export", "catalog", "--everything", "--format", "nifti"]
    options = [*options, "--media-root", str(folder), "--format-option", "names=global-key", "-o", name]
    # Nothing is lost, so that nothing need be allowed.
    labelport(*arguments, *options, cwd=folder)
    return folder / name


def classes_of(out):
    return {line["name"]: int(line["number"]) for line in csv.DictReader((out / "classes.csv").open(newline=""))}


def test_voxels_are_the_masks_of_the_store_and_lie_where_slices_lie(scans):
    _, matrices, masks = scans
    out = exported(scans, "class")
    numbers = classes_of(out)
    files = {line["global_key"]: line["file"] for line in csv.DictReader((out / "rows.csv").open(newline=""))}
    assert files == {key: f"train/{key}.nii.gz" for key in SERIES}
    for key, (plane, layers, (rows, columns), _, _) in SERIES.items():
        volume = nibabel.load(out / files[key])
        voxels = numpy.asarray(volume.dataobj)
        assert voxels.dtype == numpy.uint8 and voxels.shape == (columns, rows, len(layers))
        expected = numpy.zeros_like(voxels)
        for (of_plane, slice_, name), pixels in masks[key].items():
            assert of_plane == plane
            # The first axis of a volume is that of columns.
            expected[:, :, layers.index(slice_)][pixels.T] = numbers[name]
        assert (voxels == expected).all() and len(numpy.unique(voxels)) == 3, key
        assert numpy.allclose(volume.affine, matrices[key], atol=1e-4), (key, volume.affine, matrices[key])
        # Both ways in which the header says it, in millimetres.
        assert numpy.allclose(volume.get_qform(), volume.get_sform(), atol=1e-4)
        assert (int(volume.header["qform_code"]), int(volume.header["sform_code"])) == (1, 1)
        assert volume.header.get_xyzt_units()[0] == "mm"


def test_each_class_has_a_volume_of_its_own(scans):
    _, matrices, masks = scans
    out = exported(scans, "each-class", "--format-option", "voxels=each-class")
    for key, (_, layers, (rows, columns), _, _) in SERIES.items():
        for name in COLOURS:
            volume = nibabel.load(out / "train" / key / f"{name}.nii.gz")
            expected = numpy.zeros((columns, rows, len(layers)))
            for (_, slice_, of_class), pixels in masks[key].items():
                if of_class == name:
                    expected[:, :, layers.index(slice_)] = pixels.T
            assert (numpy.asarray(volume.dataobj) == expected).all(), (key, name)
            assert numpy.allclose(volume.affine, matrices[key], atol=1e-4)


def test_series_are_in_the_package_where_that_is_asked_for(scans):
    folder, _, _ = scans
    out = exported(scans, "copied", "--format-option", "media=copy", "--format-option", "voxels=each-class")
    copies = {path.name: path.read_bytes() for path in (out / "media" / "train").iterdir()}
    assert copies == {f"{key}.dcm": (folder / f"{key}.dcm").read_bytes() for key in SERIES}


def test_series_of_the_demo_are_not_at_hand(export):
    folder, manifest = export("demo", "nifti", "--allow-lossy")
    assert not list(folder.rglob("*.nii.gz"))
    reasons = {loss["reason"] for loss in manifest["notices"]["losses"] if loss["what"] == "row"}
    assert any(reason.startswith("its series is kept elsewhere") for reason in reasons), reasons
