//! DICOM series: scans of rail ends, slice by slice.

use serde_json::{Value, json};

use super::super::clip::{Clip, into_dicom};
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "dicom",
    dataset: "Rail head scans",
    label_kind: "Default",
    projects: &[Plan { name: "Rail flaw search", annotate, blank, rows: 6 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: usize| {
        let name = format!("rail-{}.dcm", index + 1);
        Asset {
            row_data: format!("https://assets.example.test/scans/{name}"),
            external_id: name,
            media_attributes: json!({"asset_type": "dicom", "mime_type": "application/dicom"}),
        }
    };
    (0..6).map(asset).collect()
}

fn blank() -> Value {
    into_dicom(Clip::default(), Clip::default(), Clip::default(), Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let first = 1 + index as u64;
    let mut outline = |slice: u64, grow: f64| {
        let line = brush.points(&[(14.0, 40.0), (52.5 + grow, 37.25), (80.0 + grow, 41.0)]);
        (slice, brush.object("crack", "DICOMPolyline", vec![("line", line)]))
    };
    let crack = vec![outline(first, 0.0), outline(first + 1, 3.5)];
    let seam = vec![outline(first + 2, 8.0)];
    let mut axial = Clip::default();
    axial.add_object(&[(first, first + 1)], crack);
    let mut sagittal = Clip::default();
    sagittal.add_object(&[(first + 2, first + 2)], seam);
    if index == 1 {
        let mask = brush.mask(&format!("scan {index}"), first + 4);
        let pore = brush.object("pore", "DICOMSegmentationMask", vec![("composite_mask", mask)]);
        axial.add_object(&[(first + 4, first + 4)], vec![(first + 4, pore)]);
    }
    let verdict = brush.radio("verdict", ["keep", "replace"][index % 2]);
    let remark = brush.text("remark", "Compare with the scan of last winter.");
    into_dicom(axial, sagittal, Clip::default(), vec![verdict, remark])
}
