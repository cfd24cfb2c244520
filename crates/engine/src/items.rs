//! Items of a workspace, each kind with a type of its own: tags, memberships, invites, user groups, webhooks and so on.
//!
//! An item is a name and a few values that are read whole and that no row of an export shows. The store keeps the values as
//! JSON in normal form; here they are structs. A field that is added to one later is optional, since items without it are
//! stored.
//!
//! # Adding a kind
//! A struct with an `impl Body` next to what it is about, and its variant of [`ItemKind`].

pub use labelport_store::tables::items::ItemKind;

use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::json::Document;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::items;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The values of a kind of item.
pub trait Body: Serialize + DeserializeOwned + Send + 'static {
    /// The kind.
    const KIND: ItemKind;
    /// What one is called in messages, such as `user group`.
    const WORD: &'static str;
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<B> {
    /// The public id.
    pub id: String,
    /// The id of what it belongs to; empty for the organization.
    pub parent: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// Its values.
    pub body: B,
    /// The e-mail address of the user who created it.
    pub created_by: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What a new item is, besides its values.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// The public id.
    pub id: &'a str,
    /// The id of what it belongs to; empty for the organization.
    pub parent: &'a str,
    /// Its name; empty where it has none.
    pub name: &'a str,
}

impl<B: Body> Item<B> {
    /// Returns an item that a caller creates now. It is not stored yet.
    pub fn new(workspace: &Workspace, caller: &Caller, naming: Naming<'_>, body: B) -> Self {
        let (created_by, now) = (caller.user.email.clone(), workspace.now());
        let Naming { id, parent, name } = naming;
        Self {
            id: id.to_owned(),
            parent: parent.to_owned(),
            name: name.to_owned(),
            body,
            created_by,
            created: now,
            updated: now,
        }
    }

    /// Stores a new item.
    pub fn create(&self, connection: &mut dyn Connection, org_key: i64) -> Result<(), Problem> {
        Ok(items::create(connection, org_key, B::KIND, &self.to_stored()?)?)
    }

    /// Stores the name and the values of an item; fails if it is gone.
    pub fn update(&self, connection: &mut dyn Connection, org_key: i64) -> Result<(), Problem> {
        match items::update(connection, org_key, B::KIND, &self.to_stored()?)? {
            true => Ok(()),
            false => Err(Problem::not_found(B::WORD, &self.id)),
        }
    }

    fn to_stored(&self) -> Result<items::Item, Problem> {
        let body = serde_json::to_string(&self.body).map_err(Problem::internal)?;
        let body = Document::parse(body.as_bytes()).map_err(Problem::internal)?;
        Ok(items::Item {
            id: self.id.clone(),
            parent: self.parent.clone(),
            name: self.name.clone(),
            body: body.text().to_owned(),
            created_by: self.created_by.clone(),
            created: self.created,
            updated: self.updated,
        })
    }

    fn of_stored(stored: items::Item) -> Result<Self, Problem> {
        Ok(Self {
            body: serde_json::from_str(&stored.body).map_err(Problem::internal)?,
            id: stored.id,
            parent: stored.parent,
            name: stored.name,
            created_by: stored.created_by,
            created: stored.created,
            updated: stored.updated,
        })
    }
}

/// Finds an item by its id.
pub fn find<B: Body>(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Item<B>>, Problem> {
    items::find(connection, org_key, B::KIND, id)?.map(Item::of_stored).transpose()
}

/// Finds the oldest item of a kind with a name.
pub fn find_named<B: Body>(
    connection: &mut dyn Connection,
    org_key: i64,
    name: &str,
) -> Result<Option<Item<B>>, Problem> {
    items::find_named(connection, org_key, B::KIND, name)?.map(Item::of_stored).transpose()
}

/// Returns an item.
pub fn get<B: Body>(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Item<B>, Problem> {
    find(connection, org_key, id)?.ok_or_else(|| Problem::not_found(B::WORD, id))
}

/// Lists the items of a kind, oldest first.
pub fn list<B: Body>(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Item<B>>, Problem> {
    items::list(connection, org_key, B::KIND)?.into_iter().map(Item::of_stored).collect()
}

/// An item that may be unreadable.
pub struct Listed<B> {
    /// The public id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The item; none if its values cannot be read.
    pub item: Option<Item<B>>,
}

/// Lists the items of a kind, oldest first, also those whose values cannot be read: one of them does not hold up the others.
pub fn list_all<B: Body>(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Listed<B>>, Problem> {
    let stored = items::list(connection, org_key, B::KIND)?.into_iter();
    let listed = |stored: items::Item| {
        let (id, name) = (stored.id.clone(), stored.name.clone());
        Listed { id, name, item: Item::of_stored(stored).ok() }
    };
    Ok(stored.map(listed).collect())
}

/// Lists the items of a kind that belong to something, oldest first.
pub fn list_of<B: Body>(connection: &mut dyn Connection, org_key: i64, parent: &str) -> Result<Vec<Item<B>>, Problem> {
    items::list_of(connection, org_key, B::KIND, parent)?.into_iter().map(Item::of_stored).collect()
}

/// Deletes an item; returns whether it was there.
pub fn delete<B: Body>(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<bool, Problem> {
    Ok(items::delete(connection, org_key, B::KIND, id)?)
}
