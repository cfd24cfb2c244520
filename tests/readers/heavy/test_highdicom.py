"""Segmentation objects in highdicom: every pixel of every segment is that of the store, at the right slice."""

import highdicom
import numpy
import pydicom
import pytest

from scans import COLOURS, SERIES, SPACING, places_of


@pytest.fixture(scope="module")
def folder(overlapping_scans):
    return overlapping_scans.export("highdicom", "dicom-seg")


def expected(overlapping_scans, key, name):
    """The pixels of a class on each slice of a series, in the order of the file."""
    plane, layers, shape, _, _ = SERIES[key]
    none = numpy.zeros(shape, dtype=bool)
    masks = overlapping_scans.masks[key]
    return numpy.stack([masks.get((plane, slice_, name), none) for slice_ in sorted(layers)])


def number_of(found, name):
    [number] = found.get_segment_numbers(segment_label=name)
    return number


def test_pixels_are_found_by_slice_and_segment(folder, overlapping_scans):
    for key, (_, layers, _, _, _) in SERIES.items():
        found = highdicom.seg.segread(folder / "train" / f"{key}.dcm")
        source = pydicom.dcmread(overlapping_scans.path(key)).SOPInstanceUID
        for name in COLOURS:
            numbers = [number_of(found, name)]
            # A slice without a pixel has no frame, which says that nothing is on it.
            options = {"segment_numbers": numbers, "assert_missing_frames_are_empty": True}
            if len(layers) == 1:
                pixels = found.get_pixels_by_source_instance([source], **options)
            else:
                pixels = found.get_pixels_by_source_frame(source, sorted(layers), **options)
            assert (pixels[..., 0] == expected(overlapping_scans, key, name)).all(), (key, name)


def test_volumes_lie_where_their_series_lies(folder, overlapping_scans):
    for key, (_, layers, shape, _, _) in SERIES.items():
        found = highdicom.seg.segread(folder / "train" / f"{key}.dcm")
        places = numpy.array(places_of(pydicom.dcmread(overlapping_scans.path(key))), dtype=float)
        volume = found.get_volume(segment_numbers=[number_of(found, name) for name in COLOURS])
        assert volume.spatial_shape[1:] == shape and numpy.allclose(volume.pixel_spacing, SPACING)
        seen = set()
        for layer, pixels in enumerate(volume.array):
            place = volume.map_indices_to_reference(numpy.array([[layer, 0, 0]]))[0]
            [slice_] = numpy.flatnonzero(numpy.linalg.norm(places - place, axis=1) < 1e-3)
            seen.add(slice_)
            for channel, name in enumerate(COLOURS):
                assert (pixels[..., channel] == expected(overlapping_scans, key, name)[slice_]).all(), (key, slice_)
        assert {slice_ - 1 for slice_ in sorted(layers)[::2]} <= seen


def test_segments_say_what_they_are(folder):
    for key in SERIES:
        found = highdicom.seg.segread(folder / "train" / f"{key}.dcm")
        assert [segment.SegmentLabel for segment in found.SegmentSequence] == list(COLOURS)
        for segment in found.SegmentSequence:
            assert segment.segmented_property_category.meaning == segment.segmented_property_type.meaning == "Tissue"
            assert segment.algorithm_type == highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
