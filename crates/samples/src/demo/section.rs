//! The sections of a row other than its labels, and the names that occur in them.

use serde_json::{Value, json};

use super::super::ascii_json::milli;
use super::super::chance::{Chance, cuid_of};
use super::super::moment::{DAY_MS, Moment};
use super::{DemoSlice, Named, Plan, SUBJECTS, Subject};

/// Returns the dataset of a data type.
pub(super) fn dataset(subject: &Subject) -> Named {
    Named {
        id: cuid_of(&format!("dataset/{}", subject.dataset)),
        name: subject.dataset.to_owned(),
        data_type: subject.name.to_owned(),
    }
}

/// Returns the first project of each data type, then the further ones.
pub(super) fn list_projects() -> Vec<Named> {
    let mut projects: Vec<(usize, Named)> = Vec::new();
    for subject in SUBJECTS {
        for (place, plan) in subject.projects.iter().enumerate() {
            let (name, data_type) = (plan.name.to_owned(), subject.name.to_owned());
            projects.push((place, Named { id: project_id(plan), name, data_type }));
        }
    }
    projects.sort_by_key(|(place, _)| *place);
    projects.into_iter().map(|(_, project)| project).collect()
}

/// Returns the id of a project.
pub(super) fn project_id(plan: &Plan) -> String {
    cuid_of(&format!("project/{}", plan.name))
}

/// Returns the tags of a project; the same on each of its rows.
pub(super) fn project_tags(plan: &Plan) -> Value {
    let tags: &[(&str, &str)] = match plan.name.len() % 3 {
        0 => &[("north yard", "3D7A57"), ("winter", "88A9C3")],
        1 => &[("north yard", "3D7A57")],
        _ => &[],
    };
    let created = Moment::START;
    let print = |(text, color): &(&str, &str)| {
        json!({
            "id": cuid_of(&format!("tag/{text}")),
            "organization_id": cuid_of("organization"),
            "text": text,
            "color": color,
            "created_at": created.print(),
            "updated_at": created.plus(5).print(),
            "created_by_id": cuid_of("user/sunniva"),
            "type": "Default",
        })
    };
    tags.iter().map(print).collect()
}

/// Returns the slice: images to which something happened in March.
pub(super) fn slice() -> DemoSlice {
    let filter = json!([
        {"type": "media_type", "operator": "is", "values": ["image"]},
        {
            "type": "data_row_last_activity_at",
            "value": {"operator": "GREATER_THAN_OR_EQUAL", "timezone": "UTC", "value": "2025-03-01"},
        },
    ]);
    DemoSlice { name: "Images touched since March".to_owned(), filter_json: filter.to_string() }
}

/// Returns the attachments of a row: none, one or two.
pub(super) fn attachments(subject: &Subject, index: usize) -> Value {
    let attachment = |kind: &str, value: &str, name: &str| {
        let id = cuid_of(&format!("{}/row/{index}/attachment/{name}", subject.name));
        json!({"id": id, "type": kind, "value": value, "name": name})
    };
    let map = attachment("IMAGE", "https://assets.example.test/plans/track-plan.png", "track plan");
    let sheet = attachment("PDF_URL", "https://assets.example.test/plans/shift-sheet.pdf", "shift sheet");
    let remark = attachment("RAW_TEXT", "Points 12 frozen \u{2013} see {shift sheet}, \"page 2\" \u{2744}", "remark");
    match index % 4 {
        0 => json!([map]),
        1 => json!([sheet, remark]),
        2 => json!([]),
        _ => json!([remark]),
    }
}

/// Returns the metadata of a row: all four kinds on the first rows, fewer later.
pub(super) fn metadata(index: usize) -> Value {
    let field = |name: &str, kind: &str, value: Value| {
        let schema_id = cuid_of(&format!("metadata/{name}"));
        json!({"schema_id": schema_id, "schema_name": name, "schema_kind": kind, "value": value})
    };
    let tracks = ["track 1", "track 7b", "Gleis 3 \u{1f683}", "wash road"];
    let seasons = ["winter", "thaw", "spring"];
    let season = seasons[index % seasons.len()];
    let option = json!([{
        "schema_id": cuid_of(&format!("metadata/season/{season}")),
        "schema_name": season,
        "schema_kind": "CustomMetadataEnumOption",
    }]);
    let inspected_at = Moment::START.plus(index as u64 * DAY_MS).print();
    let mut fields = vec![
        field("track", "CustomMetadataString", tracks[index % tracks.len()].into()),
        field("rail_temperature_c", "CustomMetadataNumber", milli(-4_200 + 1_350 * index as i64)),
        field("inspected_at", "CustomMetadataDateTime", inspected_at.into()),
        field("season", "CustomMetadataEnum", option),
    ];
    fields.truncate(4 - index % 5);
    fields.into()
}

/// Returns the embeddings of a row: one of our own on every other row.
pub(super) fn embeddings(subject: &Subject, index: usize) -> Value {
    if index % 2 == 1 {
        return json!([]);
    }
    let mut chance = Chance::named(&format!("{}/row/{index}/embedding", subject.name));
    let values: Vec<Value> = (0..4).map(|_| milli(chance.below(2_000) as i64 - 1_000)).collect();
    json!([{
        "id": cuid_of("embedding/yard look"),
        "name": "yard look",
        "dimensions": 4,
        "is_custom": true,
        "values": [{"value": values}],
    }])
}
