//! Categories of the issues of a project.

use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::Connection;
use labelport_store::tables::issues;
use serde::{Deserialize, Serialize};

/// What a category says besides its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// What belongs to it.
    pub description: String,
}

impl Body for Category {
    const KIND: ItemKind = ItemKind::IssueCategory;
    const WORD: &'static str = "issue category";
}

/// Creates a category. Its name must be free in the project.
pub fn create(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    name: &str,
    description: &str,
) -> Result<Item<Category>, Problem> {
    crate::catalog::dataset::check_name(Category::WORD, name)?;
    let project = super::project::get(workspace, project_id)?;
    let id = workspace.chance().cuid();
    let naming = Naming { id: &id, parent: &project.id, name };
    let category = Item::new(workspace, caller, naming, Category { description: description.to_owned() });
    let (org_key, new) = (workspace.org_key(), category.clone());
    workspace.write(move |connection| {
        check_free(connection, org_key, &new)?;
        new.create(connection, org_key)
    })?;
    Ok(category)
}

/// Lists the categories of a project, oldest first.
pub fn list(workspace: &Workspace, project_id: &str) -> Result<Vec<Item<Category>>, Problem> {
    workspace.read(|connection| items::list_of(connection, workspace.org_key(), project_id))
}

/// Gives a category another name and description.
pub fn change(workspace: &Workspace, id: &str, name: &str, description: &str) -> Result<Item<Category>, Problem> {
    crate::catalog::dataset::check_name(Category::WORD, name)?;
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    let (name, description) = (name.to_owned(), description.to_owned());
    workspace.write(move |connection| {
        let stored: Item<Category> = items::get(connection, org_key, &id)?;
        let changed = Item { name, body: Category { description }, updated: now, ..stored };
        check_free(connection, org_key, &changed)?;
        changed.update(connection, org_key)?;
        Ok(changed)
    })
}

/// Deletes a category. Issues that have it have none then.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| {
        if !items::delete::<Category>(connection, org_key, &id)? {
            return Err(Problem::not_found(Category::WORD, &id));
        }
        Ok(issues::forget_category(connection, &id)?)
    })
}

fn check_free(connection: &mut dyn Connection, org_key: i64, wanted: &Item<Category>) -> Result<(), Problem> {
    let known: Vec<Item<Category>> = items::list_of(connection, org_key, &wanted.parent)?;
    if known.iter().any(|known| known.id != wanted.id && known.name == wanted.name) {
        let message = format!("the project has an issue category named {:?} already; choose another name", wanted.name);
        return Err(Problem::conflict(message));
    }
    Ok(())
}
