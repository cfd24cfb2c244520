//! What the rows of a random workspace share: datasets, projects, models, metadata and embedding schemas.

use serde_json::{Value, json};

use super::super::chance::{Chance, cuid_of, uuid_of};
use super::super::moment::{DAY_MS, Moment};
use super::{PAINTERS, Painter, Size, words};

/// A random workspace without its rows.
pub(super) struct World {
    pub(super) size: Size,
    /// The data types that occur, at least one.
    pub(super) painters: Vec<&'static Painter>,
    /// Ids and names, at least one.
    pub(super) datasets: Vec<(String, String)>,
    pub(super) projects: Vec<Project>,
    pub(super) models: Vec<Model>,
    pub(super) metadata: Vec<Field>,
    pub(super) embeddings: Vec<Embedding>,
}

/// A project of one data type.
pub(super) struct Project {
    /// Gives ids to what belongs to the project.
    pub(super) path: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data_type: &'static str,
    pub(super) tags: Value,
    pub(super) batches: Vec<String>,
}

/// A model of one data type.
pub(super) struct Model {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data_type: &'static str,
    /// Names its features: the path of a project of the data type if there is one.
    pub(super) ontology: String,
    /// Ids and names.
    pub(super) runs: Vec<(String, String)>,
}

/// A metadata field.
pub(super) struct Field {
    pub(super) schema_id: String,
    pub(super) name: String,
    pub(super) kind: FieldKind,
}

/// What a metadata field holds.
pub(super) enum FieldKind {
    String,
    Number,
    DateTime,
    /// Options as exports print them.
    Enum(Vec<Value>),
}

/// A kind of embedding.
pub(super) struct Embedding {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) dimensions: u64,
}

impl World {
    /// Makes up a workspace.
    pub(super) fn new(seed: u64, chance: &mut Chance, size: &Size) -> World {
        let root = format!("random/{seed}");
        let always = chance.below(PAINTERS.len() as u64) as usize;
        let chosen =
            |(index, painter): (usize, &'static Painter)| (index == always || chance.happens(40)).then_some(painter);
        let painters: Vec<&'static Painter> = PAINTERS.iter().enumerate().filter_map(chosen).collect();
        let datasets = (0..chance.between(1, 3)).map(|number| identity(chance, &format!("{root}/dataset/{number}")));
        let datasets = datasets.collect::<Vec<_>>();
        let mut projects: Vec<Project> = Vec::new();
        let mut models = Vec::new();
        for painter in &painters {
            let first = projects.len();
            for _ in 0..chance.below(4) {
                let path = format!("{root}/project/{}", projects.len());
                projects.push(project(chance, path, painter.name));
            }
            for _ in 0..chance.below(3) {
                let path = format!("{root}/model/{}", models.len());
                let ontology = projects.get(first).map_or_else(|| path.clone(), |project| project.path.clone());
                models.push(model(chance, &path, painter.name, ontology));
            }
        }
        let metadata = (0..7).map(|number| field(chance, &format!("{root}/metadata/{number}"), number)).collect();
        let embeddings = (0..2).map(|number| embedding(chance, &format!("{root}/embedding/{number}"))).collect();
        World { size: *size, painters, datasets, projects, models, metadata, embeddings }
    }
}

/// Returns the id that belongs to a path and a name that no other path of its kind has.
fn identity(chance: &mut Chance, path: &str) -> (String, String) {
    (cuid_of(path), unique_name(chance, path))
}

fn unique_name(chance: &mut Chance, path: &str) -> String {
    let number = path.rsplit('/').next().unwrap_or_default();
    format!("{} {number}", words::name(chance))
}

fn project(chance: &mut Chance, path: String, data_type: &'static str) -> Project {
    let (id, name) = identity(chance, &path);
    let tags = (0..chance.below(3)).map(|number| {
        let created = Moment::START.plus(chance.below(DAY_MS));
        json!({
            "id": cuid_of(&format!("{path}/tag/{number}")),
            "organization_id": cuid_of("random/organization"),
            "text": unique_name(chance, &number.to_string()),
            "color": format!("{:06X}", chance.below(1 << 24)),
            "created_at": created.print(),
            "updated_at": created.plus(5).print(),
            "created_by_id": cuid_of("random/user"),
            "type": "Default",
        })
    });
    let tags = tags.collect();
    let batches = (0..2).map(|number| unique_name(chance, &number.to_string())).collect();
    Project { path, id, name, data_type, tags, batches }
}

fn model(chance: &mut Chance, path: &str, data_type: &'static str, ontology: String) -> Model {
    let (id, name) = identity(chance, path);
    let runs = (0..chance.between(1, 3)).map(|number| {
        let path = format!("{path}/run/{number}");
        (uuid_of(&path), unique_name(chance, &path))
    });
    let runs = runs.collect();
    Model { id, name, data_type, ontology, runs }
}

fn field(chance: &mut Chance, path: &str, number: u64) -> Field {
    let (schema_id, name) = identity(chance, path);
    let kind = match number % 5 {
        0 | 1 => FieldKind::Number,
        2 => FieldKind::String,
        3 => FieldKind::DateTime,
        _ => FieldKind::Enum((0..3).map(|number| option(chance, &format!("{path}/option/{number}"))).collect()),
    };
    Field { schema_id, name, kind }
}

fn option(chance: &mut Chance, path: &str) -> Value {
    let (schema_id, name) = identity(chance, path);
    json!({"schema_id": schema_id, "schema_name": name, "schema_kind": "CustomMetadataEnumOption"})
}

fn embedding(chance: &mut Chance, path: &str) -> Embedding {
    let (id, name) = identity(chance, path);
    Embedding { id, name, dimensions: chance.between(1, 8) }
}
