//! Texts: pages of the shift log.
//!
//! Entity offsets count characters from 0 and include the end. They are looked up in the text, so they are right.

use serde_json::{Value, json};

use super::super::shape::flat_annotations;
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "text",
    dataset: "Shift log",
    label_kind: "Default",
    projects: &[Plan { name: "Shift log {night} \u{201c}Z\u{fc}ge\u{201d}", annotate, blank, rows: LOG.len() }],
    assets,
};

struct Page {
    content: &'static str,
    train: &'static str,
    place: &'static str,
}

static LOG: [Page; 8] = [
    Page { content: "Goods 417 held at the home signal for nine minutes.", train: "Goods 417", place: "home signal" },
    Page { content: "The milk train left road 2 with a hot axle box.", train: "milk train", place: "road 2" },
    Page {
        content: "Driver of Goods 88 said: \"no brakes past {the bridge}\"; stopped in the sand drag.",
        train: "Goods 88",
        place: "sand drag",
    },
    Page {
        content: "\u{dc}bergabezug aus Gleis 3, zwei K\u{fc}hlwagen abgeh\u{e4}ngt.",
        train: "\u{dc}bergabezug",
        place: "Gleis 3",
    },
    Page { content: "Night mail passed the yard on time. \u{1f319}\u{1f682}", train: "Night mail", place: "yard" },
    Page {
        content: "Line 1\nLine 2:\tGoods 12\\B back on the weighbridge",
        train: "Goods 12\\B",
        place: "weighbridge",
    },
    Page {
        content: "\u{5165}\u{63db}\u{6a5f} 5 \u{306f}\u{5317}\u{7dda}\u{3067}\u{505c}\u{6b62}\u{3002}",
        train: "\u{5165}\u{63db}\u{6a5f} 5",
        place: "\u{5317}\u{7dda}",
    },
    Page { content: "Nothing to report but snow; Goods 417 cancelled at the yard.", train: "Goods 417", place: "yard" },
];

fn assets() -> Vec<Asset> {
    let asset = |(index, page): (usize, &Page)| Asset {
        external_id: format!("log-{:02}.txt", index + 1),
        row_data: page.content.to_owned(),
        media_attributes: json!({"asset_type": "text", "mime_type": "text/plain"}),
    };
    LOG.iter().enumerate().map(asset).collect()
}

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let page = &LOG[index];
    let service = brush.radio("service", ["freight", "parcels"][index % 2]);
    let train = vec![("location", location(page.content, page.train))];
    let train = brush.object_with("train", "TextEntity", vec![service], train);
    let place = brush.object("place", "TextEntity", vec![("location", location(page.content, page.place))]);
    let seen_at = brush.relationship("seen at", "TextUnidirectionalRelationship", &train, &place);
    let urgent = brush.radio("urgency", ["routine", "urgent"][usize::from(index == 2)]);
    let topics = brush.checklist("topics", &["delay", "defect", "weather"][index % 3..]);
    let summary = brush.text("summary", "One train, one place \u{2014} \"as logged\".");
    flat_annotations(vec![train, place], vec![urgent, topics, summary], vec![seen_at])
}

fn location(content: &str, token: &str) -> Value {
    let start = content.find(token).map_or(0, |byte| content[..byte].chars().count());
    json!({"start": start, "end": start + token.chars().count() - 1, "token": token})
}
