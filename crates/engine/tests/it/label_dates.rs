//! Labels that a date filter of the legacy formats leaves out are neither written nor counted.

use crate::support::{Memory, Workspace, everything, lines};
use labelport_engine::export;
use labelport_engine::sink::Packing;
use labelport_formats::write::{Legacy, LegacyJson};
use labelport_model::request::Scope;
use labelport_model::time::{Span, Zone};

#[test]
fn labels_outside_the_span_are_not_counted() {
    let label = |id: u8, created: &str| {
        let box_of = |name: &str| {
            format!(
                r#"{{"feature_id":"cf0000000000000000000{id:04}","name":"{name}","annotation_kind":"ImageBoundingBox","classifications":[],"bounding_box":{{"top":1.0,"left":1.0,"height":1.0,"width":1.0}}}}"#
            )
        };
        format!(
            r#"{{"label_kind":"Default","version":"1.0.0","id":"cl0000000000000000000{id:04}","label_details":{{"created_at":"{created}"}},"annotations":{{"objects":[{},{}],"classifications":[],"relationships":[]}}}}"#,
            box_of("tug"),
            box_of(if id == 1 { "pier" } else { "buoy" }),
        )
    };
    let labels = [label(1, "2024-05-01T10:00:00.000+00:00"), label(2, "2025-05-01T10:00:00.000+00:00")].join(",");
    let row = format!(
        r#"{{"data_row":{{"id":"cr00000000000000000000001","row_data":"https://media/a.png"}},"media_attributes":{{"mime_type":"image/png"}},"projects":{{"cp00000000000000000000001":{{"name":"p","labels":[{labels}]}}}}}}"#
    );
    let workspace = Workspace::new();
    workspace.import_all("rows", row.as_bytes());
    let request = everything(Scope::Project("cp00000000000000000000001".to_owned()));
    let export = |labels_created| {
        let mut sink = Memory { packing: Packing::Plain, bytes: Vec::new() };
        let mut run = export::ExportOptions {
            threads: 1,
            format: &LegacyJson(Legacy::PLAIN),
            row_limit_bytes: export::ROW_LIMIT_BYTES,
            labels_created,
            progress: &mut |_| {},
            stop: None,
            files: None,
            client: None,
        };
        let manifest = export::run(&workspace.store, &request, &mut sink, &mut run).unwrap();
        let counted: Vec<(String, u64)> =
            manifest.annotations.into_iter().map(|entry| (entry.name, entry.count)).collect();
        (lines(&sink.bytes).len(), manifest.labels, counted)
    };
    let named = |counts: &[(&str, u64)]| -> Vec<(String, u64)> {
        counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    };
    assert_eq!(export(None), (2, 2, named(&[("buoy", 1), ("pier", 1), ("tug", 2)])));
    let zone = Zone::parse("UTC").unwrap();
    let of_2025 = Span::parse(Some("2025-01-01"), None, &zone).unwrap();
    assert_eq!(export(Some(of_2025)), (1, 1, named(&[("buoy", 1), ("tug", 1)])));
}
