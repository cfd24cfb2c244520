//! Projects searched for by what they have: tags, and rows that are done or are left.

use super::project::{self, Project};
use super::tag::{self, Tag};
use super::workflow::{self, StateCounts};
use crate::workspace::Workspace;
use labelport_model::given::{self, wrong};
use labelport_model::problem::Problem;
use serde_json::Value;

/// A project with what a search looks at.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// The project.
    pub project: Project,
    /// How many of its rows are where.
    pub counts: StateCounts,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Dashboard {
    /// Returns how many rows are not done.
    pub fn remaining(&self) -> i64 {
        self.counts.all - self.counts.done
    }
}

/// Returns a project with what a search looks at.
pub fn get(workspace: &Workspace, project_id: &str) -> Result<Dashboard, Problem> {
    describe(workspace, project::get(workspace, project_id)?)
}

/// Lists the projects that every filter lets pass, oldest first. A filter is an object with a `type`, as the SDK sends it.
pub fn list(workspace: &Workspace, filters: &[Value]) -> Result<Vec<Dashboard>, Problem> {
    let organization = workspace.organization()?.id;
    let mut found = Vec::new();
    for project in project::list(workspace)? {
        let dashboard = describe(workspace, project)?;
        let mut passes = true;
        for filter in filters {
            passes &= holds(&dashboard, &organization, filter)?;
        }
        if passes {
            found.push(dashboard);
        }
    }
    Ok(found)
}

fn describe(workspace: &Workspace, project: Project) -> Result<Dashboard, Problem> {
    let counts = workflow::count_by_state(workspace, project.key)?;
    Ok(Dashboard { tags: tag::list_of(workspace, &project)?, counts, project })
}

fn holds(dashboard: &Dashboard, organization: &str, filter: &Value) -> Result<bool, Problem> {
    let values = || given::texts("values", &filter["values"]);
    match given::text("searchQuery.type", &filter["type"])? {
        // There is one organization, and its one workspace has no id of its own.
        "organization_id" | "workspace" => Ok(values()?.iter().any(|id| id == organization)),
        "tag" => {
            let wanted = values()?;
            Ok(dashboard.tags.iter().any(|tag| wanted.contains(&tag.id)))
        }
        "task_completed_count" => compare(dashboard.counts.done, &filter["value"]),
        "task_remaining_count" => compare(dashboard.remaining(), &filter["value"]),
        // Nothing is shared with others, and nobody is hired: no project has any of these.
        "shared_with_organizations" | "stage" | "workforce_requested_at" | "workforce_stage_updated_at" => Ok(false),
        _ => Err(wrong(
            "searchQuery.type",
            "organization_id, workspace, tag, task_completed_count or task_remaining_count",
            &filter["type"],
        )),
    }
}

fn compare(count: i64, wanted: &Value) -> Result<bool, Problem> {
    let value = &wanted["value"];
    let number = value.as_i64().ok_or_else(|| wrong("value.value", "a whole number", value))?;
    match given::text("value.operator", &wanted["operator"])? {
        "EQUALS" => Ok(count == number),
        "GREATER_THAN_OR_EQUAL" => Ok(count >= number),
        "LESS_THAN_OR_EQUAL" => Ok(count <= number),
        _ => Err(wrong("value.operator", "EQUALS, GREATER_THAN_OR_EQUAL or LESS_THAN_OR_EQUAL", &wanted["operator"])),
    }
}
