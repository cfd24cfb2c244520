"""Medical series in files of a folder, and a workspace with random masks on their slices."""

import base64
import contextlib
import io
import json
import os

import numpy
import pydicom
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
    scan.SpecificCharacterSet = "ISO_IR 100"
    scan.PatientName, scan.PatientID, scan.PatientSex = "Müller^Jürgen", "rail 7", "O"
    scan.StudyDate, scan.StudyTime, scan.StudyID = "20260131", "073000", "7"
    scan.StudyInstanceUID, scan.SeriesInstanceUID = uid.generate_uid(), uid.generate_uid()
    scan.FrameOfReferenceUID = uid.generate_uid()
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


class Scans:
    """A workspace with the series, their matrices, and the masks that its server gives."""

    def __init__(self, folder, may_overlap):
        self.folder = folder
        self.matrices = {}
        for key, (plane, _, shape, syntax, places) in SERIES.items():
            path = self.path(key)
            self.matrices[key] = (
                enhanced(path, syntax, plane, places, shape, SPACING)
                if places
                else single(path, syntax, plane, shape, SPACING)
            )
            assert pydicom.dcmread(path).Rows == shape[0]
        self.data = folder / "data"
        chance = numpy.random.default_rng(7)
        with running(self.data) as server:
            self.fill(server, {key: masks_of(key, chance, may_overlap) for key in SERIES})
            labelport("--data", str(self.data), "export", "catalog", "--everything", "-o", "rows.ndjson", cwd=folder)
            rows = [json.loads(line) for line in (folder / "rows.ndjson").read_text().splitlines()]
            self.masks = {row["data_row"]["global_key"]: stored(server, row) for row in rows}

    def path(self, key):
        return self.folder / f"{key}.dcm"

    def fill(self, server, masks):
        dataset = server.graphql('mutation { createDataset(data: { name: "scans" }) { id } }', {})["createDataset"]["id"]
        query = "mutation ($data: DataRowCreateInput!) { createDataRow(data: $data) { id } }"
        for key in SERIES:
            row = {"rowData": f"file://{self.path(key)}", "globalKey": key, "dataset": {"connect": {"id": dataset}}}
            server.graphql(query, {"data": row})
        tools = [{"tool": "raster-segmentation", "name": name, "classifications": []} for name in COLOURS]
        project, _ = server.project("scans", "DICOM", tools, list(SERIES))
        lines = [line for key in SERIES for line in lines_of(key, SERIES[key][0], masks[key])]
        server.import_annotations("labelImport", {"projectId": project}, lines)

    def export(self, name, file_format, *options):
        """Exports to a folder. Nothing is lost, so that nothing need be allowed."""
        arguments = ["--data", str(self.data), "export", "catalog", "--everything", "--format", file_format]
        options = [*options, "--media-root", str(self.folder), "--format-option", "names=global-key", "-o", name]
        labelport(*arguments, *options, cwd=self.folder)
        return self.folder / name


@contextlib.contextmanager
def running(data):
    server = Server(os.environ["LABELPORT_BINARY"], str(data)).start()
    try:
        yield server
    finally:
        server.stop()


def masks_of(key, chance, may_overlap):
    """Random pixels by slice and class: only some slices have any."""
    _, layers, shape, _, _ = SERIES[key]
    found = {}
    for slice_ in sorted(layers)[::2]:
        if may_overlap:
            found[slice_] = {name: chance.integers(0, 2, shape) == 1 for name in COLOURS}
        else:
            numbers = chance.integers(0, len(COLOURS) + 1, shape)
            found[slice_] = {name: numbers == number for number, name in enumerate(COLOURS, 1)}
    return found


def lines_of(key, plane, masks):
    """A line for each class, with a picture for each slice."""
    for name, colour in COLOURS.items():
        frames = []
        for number, by_name in masks.items():
            pixels = numpy.zeros((*by_name[name].shape, 3), dtype=numpy.uint8)
            pixels[by_name[name]] = colour
            out = io.BytesIO()
            Image.fromarray(pixels).save(out, "PNG")
            frames.append({"index": number, "imBytes": base64.b64encode(out.getvalue()).decode()})
        drawn = {"frames": frames, "instances": [{"name": name, "colorRGB": colour}]}
        yield {"uuid": f"{key} {name}", "dataRow": {"globalKey": key}, "groupKey": plane, "masks": drawn}


def places_of(series):
    """Where the slices of a series lie, in their order."""
    groups = getattr(series, "PerFrameFunctionalGroupsSequence", None)
    if groups is None:
        return [series.ImagePositionPatient]
    return [group.PlanePositionSequence[0].ImagePositionPatient for group in groups]


def stored(server, row):
    """The pixels of each object of a row, as the server gives them: by plane, slice and class."""
    [project] = row["projects"].values()
    [label] = project["labels"]
    found = {}
    for plane, group_ in label["annotations"]["groups"].items():
        for number, frame in group_["frames"].items():
            for one in frame["objects"].values():
                # The picture of all objects has one for each pixel; this is the picture of one.
                picture = Image.open(io.BytesIO(server.send("GET", one["mask"]["url"]).body))
                found[plane.lower(), int(number), one["name"]] = numpy.asarray(picture.convert("L")) > 0
    return found
