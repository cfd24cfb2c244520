//! Documents: consignment notes with a text layer.

use serde_json::{Value, json};

use super::super::chance::uuid_of;
use super::super::shape::flat_annotations;
use super::brush::{Brush, number};
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "document",
    dataset: "Consignment notes",
    label_kind: "Default",
    projects: &[Plan { name: "Consignment reading", annotate, blank, rows: 6 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: u64| {
        let url = format!("https://assets.example.test/notes/note-{}", index + 1);
        Asset {
            external_id: format!("note-{}.pdf", index + 1),
            row_data: format!("{url}.pdf"),
            media_attributes: json!({
                "asset_type": "pdf",
                "mime_type": "application/pdf",
                "page_count": 2 + index % 2,
                "text_layer_url": format!("{url}-text-layer.json"),
            }),
        }
    };
    (0..6).map(asset).collect()
}

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let paid = brush.radio("carriage", ["paid", "forward"][index % 2]);
    let stamp = vec![
        ("page_number", json!(1)),
        ("bounding_box", brush.bounding_box(52.5, 400.0, 64.0, 110.25)),
        ("page_dimensions", json!({"height": number(842.0), "width": number(595.0)})),
    ];
    let stamp = brush.object_with("stamp", "DocumentBoundingBox", vec![paid], stamp);
    let sender = group(index, 1, &["Alder", "Dairy", "Co."]);
    let sender = brush.object("sender", "DocumentEntityToken", vec![("location", json!({"groups": [sender]}))]);
    let goods = [group(index, 1, &["12", "churns"]), group(index, 2, &["M\u{fc}hle"])];
    let goods = brush.object("goods", "DocumentEntityToken", vec![("location", json!({"groups": goods}))]);
    let sent_by = brush.relationship("sent by", "DocumentUnidirectionalRelationship", &goods, &sender);
    let complete = brush.radio("completeness", ["complete", "page missing"][index % 2]);
    let marks = brush.checklist("marks", &["signature", "seal"][..1 + index % 2]);
    flat_annotations(vec![stamp, sender, goods], vec![complete, marks], vec![sent_by])
}

/// Returns the words of one page; their ids are those of the document's text layer.
fn group(index: usize, page_number: u64, words: &[&str]) -> Value {
    let path = format!("text layer/{index}/{page_number}/{}", words.join(" "));
    let tokens: Vec<String> = words.iter().map(|word| uuid_of(&format!("{path}/{word}"))).collect();
    json!({"id": uuid_of(&path), "page_number": page_number, "tokens": tokens, "text": words.join(" ")})
}
