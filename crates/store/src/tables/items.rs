//! Items: what people set up around their work, a name and a few values that are read whole.
//!
//! No row of an export shows an item, so none has a change number. What rows show is stored with the rows, even if an item
//! is where it comes from: a tag is an item, and the tags of a project are a text of the project. An item goes with its
//! parent, see [`removal`](crate::write::removal).
//!
//! # Adding a kind
//! A variant of [`ItemKind`] with its word, and in which kind of thing its parent is. No migration.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// A kind of item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// Who made a label the benchmark of its row, and when. Its parent is the label.
    Benchmark,
    /// An invitation to the organization.
    Invite,
    /// A category of issues of a project.
    IssueCategory,
    /// Scores and a comment that somebody gave a label. Its parent is the label.
    LabelFeedback,
    /// The role of a user in a project. Its name is the id of the user.
    Membership,
    /// A model with parameters, for live evaluation.
    ModelConfig,
    /// A model configuration that a project uses. Its name is the id of the configuration.
    ProjectModelConfig,
    /// An export that is kept under a name.
    Release,
    /// A tag that projects can have.
    ResourceTag,
    /// That a model run was trained on a release. Its parent is the run, its name the id of the release.
    RunRelease,
    /// An export that runs at set times.
    Schedule,
    /// A group of users.
    UserGroup,
    /// A webhook of a project, or of the organization.
    Webhook,
}

impl ItemKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Benchmark,
        Self::Invite,
        Self::IssueCategory,
        Self::LabelFeedback,
        Self::Membership,
        Self::ModelConfig,
        Self::ProjectModelConfig,
        Self::Release,
        Self::ResourceTag,
        Self::RunRelease,
        Self::Schedule,
        Self::UserGroup,
        Self::Webhook,
    ];

    /// Returns the word of storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Benchmark => "benchmark",
            Self::Invite => "invite",
            Self::IssueCategory => "issue_category",
            Self::LabelFeedback => "label_feedback",
            Self::Membership => "membership",
            Self::ModelConfig => "model_config",
            Self::ProjectModelConfig => "project_model_config",
            Self::Release => "release",
            Self::ResourceTag => "resource_tag",
            Self::RunRelease => "run_release",
            Self::Schedule => "schedule",
            Self::UserGroup => "user_group",
            Self::Webhook => "webhook",
        }
    }
}

/// An item as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The public id.
    pub id: String,
    /// The id of what it belongs to; empty for the organization.
    pub parent: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its values, a JSON object.
    pub body: String,
    /// The e-mail address of the user who created it.
    pub created_by: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

const SELECT: &str = "select id, parent, name, body, created_by, created_ms, updated_ms from items \
                      where org_key = $1 and kind = $2";

/// Creates an item.
pub fn create(connection: &mut dyn Connection, org_key: i64, kind: ItemKind, item: &Item) -> Result<(), StoreError> {
    connection.execute(
        "insert into items (org_key, kind, id, parent, name, body, created_by, created_ms, updated_ms) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            org_key.into(),
            kind.word().into(),
            (&item.id).into(),
            (&item.parent).into(),
            (&item.name).into(),
            (&item.body).into(),
            (&item.created_by).into(),
            item.created.as_millis().into(),
            item.updated.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Finds an item by its id.
pub fn find(
    connection: &mut dyn Connection,
    org_key: i64,
    kind: ItemKind,
    id: &str,
) -> Result<Option<Item>, StoreError> {
    connection.find(&format!("{SELECT} and id = $3"), &[org_key.into(), kind.word().into(), id.into()], item)
}

/// Finds the oldest item of a kind with a name.
pub fn find_named(
    connection: &mut dyn Connection,
    org_key: i64,
    kind: ItemKind,
    name: &str,
) -> Result<Option<Item>, StoreError> {
    let sql = format!("{SELECT} and name = $3 order by item_key limit 1");
    connection.find(&sql, &[org_key.into(), kind.word().into(), name.into()], item)
}

/// Lists the items of a kind, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64, kind: ItemKind) -> Result<Vec<Item>, StoreError> {
    connection.list(&format!("{SELECT} order by item_key"), &[org_key.into(), kind.word().into()], item)
}

/// Lists the items of a kind that belong to something, oldest first.
pub fn list_of(
    connection: &mut dyn Connection,
    org_key: i64,
    kind: ItemKind,
    parent: &str,
) -> Result<Vec<Item>, StoreError> {
    let sql = format!("{SELECT} and parent = $3 order by item_key");
    connection.list(&sql, &[org_key.into(), kind.word().into(), parent.into()], item)
}

/// Stores the name, the values and the time of a change; returns whether the item is there.
pub fn update(connection: &mut dyn Connection, org_key: i64, kind: ItemKind, item: &Item) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update items set name = $1, body = $2, updated_ms = $3 where org_key = $4 and kind = $5 and id = $6",
        &[
            (&item.name).into(),
            (&item.body).into(),
            item.updated.as_millis().into(),
            org_key.into(),
            kind.word().into(),
            (&item.id).into(),
        ],
    )?;
    Ok(changed > 0)
}

/// Deletes an item; returns whether it was there.
pub fn delete(connection: &mut dyn Connection, org_key: i64, kind: ItemKind, id: &str) -> Result<bool, StoreError> {
    let sql = "delete from items where org_key = $1 and kind = $2 and id = $3";
    Ok(connection.execute(sql, &[org_key.into(), kind.word().into(), id.into()])? > 0)
}

fn item(row: &dyn RowView) -> Item {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    Item {
        id: row.text(0).unwrap_or_default(),
        parent: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        body: row.text(3).unwrap_or_default(),
        created_by: row.text(4).unwrap_or_default(),
        created: time(5),
        updated: time(6),
    }
}
