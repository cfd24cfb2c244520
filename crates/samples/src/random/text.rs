//! Random texts. Offsets count characters from 0 and include the end.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "text", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: format!("{} {}", words::name(chance), words::content(chance, 200)),
        media_attributes: json!({"asset_type": "text", "mime_type": "text/plain"}),
    }
}

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let characters: Vec<char> = asset.row_data.chars().collect();
    let objects = pen.objects(&["TextEntity"], 4, &|pen, _| {
        let start = pen.chance.below(characters.len() as u64) as usize;
        let end = pen.chance.between(start as u64, characters.len() as u64 - 1) as usize;
        let token: String = characters[start..=end].iter().collect();
        vec![("location", json!({"start": start, "end": end, "token": token}))]
    });
    let relationships = pen.relationships("TextUnidirectionalRelationship", &objects);
    flat_annotations(objects, pen.classifications("row"), relationships)
}
