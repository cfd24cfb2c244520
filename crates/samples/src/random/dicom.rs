//! Random DICOM series.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::clip::{Clip, into_dicom};
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "dicom", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: words::url(chance, "dcm"),
        media_attributes: json!({"asset_type": "dicom", "mime_type": "application/dicom"}),
    }
}

const KINDS: &[&str] = &["DICOMPolyline", "DICOMSegmentationMask"];
const SLICES: u64 = 40;
const SIDE_PX: u64 = 512;

fn annotate(pen: &mut Pen, _: &Asset) -> Value {
    let (axial, sagittal, coronal) = (plane(pen), plane(pen), plane(pen));
    into_dicom(axial, sagittal, coronal, pen.classifications("row"))
}

fn plane(pen: &mut Pen) -> Clip {
    let mut clip = Clip::default();
    for _ in 0..pen.chance.below(3) {
        let (segments, key_frames) = pen.segments(SLICES);
        let states = pen.track(KINDS, &key_frames, &|pen, kind, slice| match kind {
            "DICOMPolyline" => vec![("line", pen.line(SIDE_PX, SIDE_PX))],
            _ => vec![("composite_mask", pen.mask(slice))],
        });
        clip.add_object(&segments, states);
    }
    clip
}
