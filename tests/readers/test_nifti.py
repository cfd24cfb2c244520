"""Volumes, in nibabel: each voxel is that of the mask that the store holds, and lies where pydicom put the slice."""

import csv

import nibabel
import numpy

from scans import COLOURS, SERIES


def classes_of(out):
    return {line["name"]: int(line["number"]) for line in csv.DictReader((out / "classes.csv").open(newline=""))}


def test_voxels_are_the_masks_of_the_store_and_lie_where_slices_lie(scans):
    out = scans.export("class", "nifti")
    numbers = classes_of(out)
    files = {line["global_key"]: line["file"] for line in csv.DictReader((out / "rows.csv").open(newline=""))}
    assert files == {key: f"train/{key}.nii.gz" for key in SERIES}
    for key, (plane, layers, (rows, columns), _, _) in SERIES.items():
        volume = nibabel.load(out / files[key])
        voxels = numpy.asarray(volume.dataobj)
        assert voxels.dtype == numpy.uint8 and voxels.shape == (columns, rows, len(layers))
        expected = numpy.zeros_like(voxels)
        for (of_plane, slice_, name), pixels in scans.masks[key].items():
            assert of_plane == plane
            # The first axis of a volume is that of columns.
            expected[:, :, layers.index(slice_)][pixels.T] = numbers[name]
        assert (voxels == expected).all() and len(numpy.unique(voxels)) == 3, key
        assert numpy.allclose(volume.affine, scans.matrices[key], atol=1e-4), (key, volume.affine, scans.matrices[key])
        # Both ways in which the header says it, in millimetres.
        assert numpy.allclose(volume.get_qform(), volume.get_sform(), atol=1e-4)
        assert (int(volume.header["qform_code"]), int(volume.header["sform_code"])) == (1, 1)
        assert volume.header.get_xyzt_units()[0] == "mm"


def test_each_class_has_a_volume_of_its_own(scans):
    out = scans.export("each-class", "nifti", "--format-option", "voxels=each-class")
    for key, (_, layers, (rows, columns), _, _) in SERIES.items():
        for name in COLOURS:
            volume = nibabel.load(out / "train" / key / f"{name}.nii.gz")
            expected = numpy.zeros((columns, rows, len(layers)))
            for (_, slice_, of_class), pixels in scans.masks[key].items():
                if of_class == name:
                    expected[:, :, layers.index(slice_)] = pixels.T
            assert (numpy.asarray(volume.dataobj) == expected).all(), (key, name)
            assert numpy.allclose(volume.affine, scans.matrices[key], atol=1e-4)


def test_series_are_in_the_package_where_that_is_asked_for(scans):
    options = ["--format-option", "media=copy", "--format-option", "voxels=each-class"]
    out = scans.export("copied", "nifti", *options)
    copies = {path.name: path.read_bytes() for path in (out / "media" / "train").iterdir()}
    assert copies == {f"{key}.dcm": scans.path(key).read_bytes() for key in SERIES}


def test_series_of_the_demo_are_not_at_hand(export):
    folder, manifest = export("demo", "nifti", "--allow-lossy")
    assert not list(folder.rglob("*.nii.gz"))
    reasons = {loss["reason"] for loss in manifest["notices"]["losses"] if loss["what"] == "row"}
    assert any(reason.startswith("its series is kept elsewhere") for reason in reasons), reasons
