//! Web pages: notices to passengers, classified as a whole.

use serde_json::{Value, json};

use super::super::shape::flat_annotations;
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "html",
    dataset: "Passenger notices",
    label_kind: "Default",
    projects: &[Plan { name: "Notice triage", annotate, blank, rows: 6 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: usize| {
        let name = format!("notice-{}.html", index + 1);
        Asset {
            row_data: format!("https://assets.example.test/notices/{name}"),
            external_id: name,
            media_attributes: json!({"asset_type": "html", "mime_type": "text/html"}),
        }
    };
    (0..6).map(asset).collect()
}

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let cause = brush.radio("cause", ["snow", "engineering work"][index % 2]);
    let kind = brush.radio_with("notice", ["delay", "closure"][index % 2], vec![cause]);
    let audience = brush.checklist("audience", &["commuters", "visitors", "freight"][index % 3..]);
    let remark = brush.text("remark", "Repeats <b>notice 1</b> & adds \u{2192} \"platform 2\".");
    flat_annotations(Vec::new(), vec![kind, audience, remark], Vec::new())
}
