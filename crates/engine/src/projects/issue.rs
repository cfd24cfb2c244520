//! Issues: what people have to say about a row or a label of a project.

pub use labelport_store::tables::issues::IssueStatus;

use super::project;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::problem::Problem;
use labelport_store::tables::issues::{self, Comment, Issue, NewComment, NewIssue, Raised};
use serde_json::{Value, json};

/// The most characters of an issue or a comment.
const CONTENT_LIMIT: usize = 10_000;

/// An issue to raise.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// The project.
    pub project_id: &'a str,
    /// The data row.
    pub row_id: &'a str,
    /// The label it is about; none for the row as a whole.
    pub label_id: Option<&'a str>,
    /// What it says.
    pub content: &'a str,
}

/// Raises an issue; returns its id.
pub fn create(workspace: &Workspace, caller: &Caller, creation: &Creation<'_>) -> Result<String, Problem> {
    let unknown = |sort: &str, id: &str| Problem::not_found(sort, id);
    let Creation { project_id, row_id, label_id, content } = *creation;
    check_content(content)?;
    project::get(workspace, project_id)?;
    let label = label_id.map(|id| LabelId::parse(id).map_err(|_| unknown("label", id))).transpose()?;
    let issue = NewIssue {
        id: workspace.chance().cuid(),
        project_id: ProjectId::parse(project_id).map_err(|_| unknown("project", project_id))?,
        row_id: DataRowId::parse(row_id).map_err(|_| unknown("data row", row_id))?,
        label_id: label,
        content: content.to_owned(),
        created_by: caller.user.email.clone(),
        now: workspace.now(),
    };
    let (org_key, id) = (workspace.org_key(), issue.id.clone());
    match workspace.write(move |connection| Ok(issues::create(connection, org_key, &issue)?))? {
        Raised::Stored => Ok(id),
        Raised::NotInProject => Err(Problem::malformed(format!("data row {row_id} is not in the project"))),
        Raised::UnknownLabel => Err(unknown("label", label_id.unwrap_or_default())),
        Raised::IdTaken | Raised::UnknownIssue => Err(Problem::internal("a new id was taken")),
    }
}

/// Comments on an issue; returns the id of the comment.
pub fn comment(workspace: &Workspace, caller: &Caller, issue_id: &str, content: &str) -> Result<String, Problem> {
    check_content(content)?;
    let comment = NewComment {
        id: workspace.chance().cuid(),
        issue_id: issue_id.to_owned(),
        content: content.to_owned(),
        created_by: caller.user.email.clone(),
        now: workspace.now(),
    };
    let (org_key, id) = (workspace.org_key(), comment.id.clone());
    let raised = workspace.write(move |connection| Ok(issues::comment(connection, org_key, &comment)?))?;
    settled(raised, issue_id).map(|()| id)
}

/// Settles an issue, or opens it again.
pub fn resolve(workspace: &Workspace, issue_id: &str, status: IssueStatus) -> Result<(), Problem> {
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), issue_id.to_owned());
    let raised = workspace.write(move |connection| Ok(issues::set_status(connection, org_key, &id, status, now)?))?;
    settled(raised, issue_id)
}

fn settled(raised: Raised, issue_id: &str) -> Result<(), Problem> {
    match raised {
        Raised::Stored => Ok(()),
        _ => Err(Problem::not_found("issue", issue_id)),
    }
}

fn check_content(content: &str) -> Result<(), Problem> {
    let length = content.chars().count();
    if content.trim().is_empty() || length > CONTENT_LIMIT {
        let message = format!("an issue or comment has 1 to {CONTENT_LIMIT} characters, this one has {length}");
        return Err(Problem::malformed(message));
    }
    Ok(())
}

/// Returns the issues of a project as a JSON array, oldest first: all of them, or those with a status.
///
/// ```json
/// [{"id":"cmi…","dataRowId":"cmr…","labelId":null,"content":"which pier?","status":"Open","createdBy":"ana@…",
///   "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"…","comments":[{"id":"cmc…","content":"…","createdBy":"…",
///   "createdAt":"…"}]}]
/// ```
pub fn export(workspace: &Workspace, project_id: &str, status: Option<IssueStatus>) -> Result<String, Problem> {
    let project = project::get(workspace, project_id)?;
    let mut found = workspace.read(|connection| Ok(issues::list(connection, project.key)?))?;
    found.retain(|issue| status.is_none_or(|status| issue.status == status));
    Ok(Value::Array(found.iter().map(to_node).collect()).to_string())
}

fn to_node(issue: &Issue) -> Value {
    let comment = |comment: &Comment| {
        json!({
            "id": comment.id, "content": comment.content, "createdBy": comment.created_by,
            "createdAt": project::wire_time(comment.created),
        })
    };
    let status = match issue.status {
        IssueStatus::Open => "Open",
        IssueStatus::Resolved => "Resolved",
    };
    json!({
        "id": issue.id,
        "dataRowId": issue.row_id,
        "labelId": issue.label_id,
        "content": issue.content,
        "status": status,
        "createdBy": issue.created_by,
        "createdAt": project::wire_time(issue.created),
        "updatedAt": project::wire_time(issue.updated),
        "comments": issue.comments.iter().map(comment).collect::<Vec<_>>(),
    })
}

/// Counts the issues of a project.
pub fn count(workspace: &Workspace, project_key: i64) -> Result<usize, Problem> {
    workspace.read(|connection| Ok(issues::list(connection, project_key)?.len()))
}
