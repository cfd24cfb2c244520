//! Series that rows name by URL: what is at hand has volumes and segmentations, and what is not is said.

use super::Served;
use crate::formats::{check_that_all_is_settled_in, export_reaching, lossy};
use crate::support::everything;
use flate2::read::GzDecoder;
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::outbound::{Client, Policy};
use labelport_formats::write::{DicomSeg, Format, Nifti};
use labelport_model::losses::{Losses, Outcome};
use labelport_model::request::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use tempfile::TempDir;

/// Makes a DICOM file of one slice of 2 x 2 pixels, in the form in which elements do not say what they are.
fn scan(elements: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let syntax = b"1.2.840.10008.1.2\0";
    let meta = [b"\x02\0\x10\0UI" as &[u8], &(syntax.len() as u16).to_le_bytes(), syntax].concat();
    let element = |(group, element, value): &(u16, u16, &[u8])| {
        [&group.to_le_bytes() as &[u8], &element.to_le_bytes(), &(value.len() as u32).to_le_bytes(), value].concat()
    };
    let body: Vec<u8> = elements.iter().flat_map(element).collect();
    [&[0; 128], b"DICM" as &[u8], &meta, &body].concat()
}

/// A coronal slice that says what it is.
fn coronal() -> Vec<u8> {
    scan(&[
        (0x08, 0x16, b"1.2.840.10008.5.1.4.1.1.2\0"),
        (0x08, 0x18, b"1.2.3.4\0"),
        (0x18, 0x50, b"3 "),
        (0x20, 0x0d, b"1.2.3.5\0"),
        (0x20, 0x0e, b"1.2.3.6\0"),
        (0x20, 0x32, b"1\\2\\3 "),
        (0x20, 0x37, b"1\\0\\0\\0\\0\\-1"),
        (0x20, 0x52, b"1.2.3.7\0"),
        (0x28, 0x10, &[2, 0]),
        (0x28, 0x11, &[2, 0]),
        (0x28, 0x30, b"0.5\\0.25"),
    ])
}

/// Rows of series, each with a mask on the first coronal slice and on the first axial one.
fn with_series(served: &Served, urls: &[(&str, String)]) {
    let payloads: Vec<Value> =
        urls.iter().map(|(key, url)| json!({ "row_data": url, "global_key": key, "media_type": "DICOM" })).collect();
    let ids = served.rows(&served.dataset("set"), &payloads);
    let ontology = json!({ "tools": [{ "tool": "raster-segmentation", "name": "pore", "classifications": [] }], "classifications": [] });
    let project = served.project("scans", "DICOM", &ontology, &ids);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 255]).unwrap();
    let picture = served.upload("mask.png", &bytes);
    let line = |(key, _): &(&str, String), plane: &str| {
        json!({ "uuid": format!("{key} {plane}"), "dataRow": { "globalKey": key }, "groupKey": plane,
                "masks": { "frames": [{ "index": 1, "instanceURI": picture }],
                           "instances": [{ "name": "pore", "colorRGB": [0, 0, 255] }] } })
    };
    let lines: Vec<Value> = urls.iter().flat_map(|row| ["axial", "coronal"].map(|plane| line(row, plane))).collect();
    let statuses = served.import(ImportKind::Label, &project.id, "labels", &lines);
    assert!(statuses.iter().all(|status| status["status"] == "SUCCESS"), "{statuses:?}");
}

/// Returns why rows and masks are left out, with how many.
fn left_out<'l>(losses: &'l Losses, what: &str) -> BTreeMap<&'l str, u64> {
    let found = losses.iter().filter(|(loss, _)| loss.what == what && loss.outcome == Outcome::LeftOut);
    let mut counts = BTreeMap::new();
    found.for_each(|(loss, count)| *counts.entry(loss.reason.as_str()).or_default() += count);
    counts
}

#[test]
fn series_that_are_at_hand_are_written_and_others_are_said() {
    let (root, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let policy = || Policy { media_roots: vec![root.path().to_owned()], ..Policy::default() };
    let served = Served::open(None, policy());
    let file = |folder: &TempDir, name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        format!("file://{}", path.display())
    };
    let no_places = scan(&[(0x28, 0x10, &[2, 0]), (0x28, 0x11, &[2, 0])]);
    let rows = [
        ("kept", served.upload("kept.dcm", &coronal())),
        ("here", file(&root, "here.dcm", &coronal())),
        ("cut", file(&root, "cut.dcm", &coronal()[..200])),
        ("other", served.upload("other.dcm", b"\xff\0not a scan")),
        ("unplaced", served.upload("unplaced.dcm", &no_places)),
        ("outside", file(&elsewhere, "outside.dcm", &coronal())),
        ("fetched", "http://127.0.0.1/fetched.dcm".to_owned()),
        ("gone", file(&root, "gone.dcm", &coronal())),
    ];
    with_series(&served, &rows);
    std::fs::remove_file(root.path().join("gone.dcm")).unwrap();
    let client = Client::new(policy());
    let place = (Some(served.workspace.files()), Some(&client));
    let mut request = lossy(everything(Scope::Catalog));
    request.format.options.insert("names".to_owned(), "global-key".to_owned());
    let export = |format: &dyn Format, extension: &str| {
        let (files, manifest) = export_reaching(served.workspace.store(), place, &request, format, 2);
        let names = files.keys().filter_map(|path| path.strip_prefix("train/")?.strip_suffix(extension));
        assert_eq!(names.collect::<Vec<_>>(), ["here", "kept"], "{extension}");
        for threads in [1, 7] {
            let other = export_reaching(served.workspace.store(), place, &request, format, threads);
            assert_eq!((&other.0, &other.1.files), (&files, &manifest.files), "{extension} with {threads} threads");
        }
        let expect = [
            ("its series does not say where its slices lie", 1),
            ("its series is kept elsewhere; upload it, or name it as a file below a media root", 1),
            ("its series is not a DICOM file", 1),
            ("the file of its series cannot be read", 1),
            ("the file of its series is not below a media root", 1),
            ("the header of its series is cut off", 1),
        ];
        assert_eq!(left_out(&manifest.losses, "row"), BTreeMap::from(expect), "{extension}");
        // The masks of the axial plane are on no slice of a coronal series.
        let masks = left_out(&manifest.losses, "DICOMSegmentationMask");
        assert_eq!(
            masks["it is on a plane that is computed from the series, not on one of its slices"], 2,
            "{extension}"
        );
        check_that_all_is_settled_in(served.workspace.store(), place, &request, format);
        files
    };
    let volumes = export(&Nifti, ".nii.gz");
    for name in ["here", "kept"] {
        let mut volume = Vec::new();
        let path = format!("train/{name}.nii.gz");
        GzDecoder::new(volumes[&path].as_slice()).read_to_end(&mut volume).unwrap();
        assert_eq!(volume[352..], [1, 0, 0, 1], "{name}");
    }
    let segmentations = export(&DicomSeg, ".dcm");
    for name in ["here", "kept"] {
        // The first and the last of four pixels, and a byte that makes their number even.
        assert!(
            segmentations[&format!("train/{name}.dcm")].ends_with(b"\xe0\x7f\x10\0OB\0\0\x02\0\0\0\x09\0"),
            "{name}"
        );
    }
    let labels = String::from_utf8(segmentations["rows.csv"].clone()).unwrap();
    assert_eq!(labels.lines().filter(|line| line.contains(".dcm,")).count(), 2, "{labels}");
    request.format.options.insert("voxels".to_owned(), "each-class".to_owned());
    check_that_all_is_settled_in(served.workspace.store(), place, &request, &Nifti);
}
