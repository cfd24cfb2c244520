//! Issues: what people have to say about a row or a label of a project.

pub use labelport_store::tables::issues::{Comment, Issue, IssueStatus};

use super::{issue_category, project};
use crate::workspace::Workspace;
use crate::workspace::access::{Caller, Role};
use labelport_model::given;
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::tables::issues::{self, IssueChange, NewComment, NewIssue, Raised, Settlement};
use serde_json::{Value, json};

/// The most characters of an issue or a comment.
const CONTENT_LIMIT: usize = 10_000;
/// The most bytes of a position: a point in each of some thousand frames.
const POSITION_LIMIT: usize = 1 << 20;

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
    /// The id of its category.
    pub category_id: Option<&'a str>,
    /// Where in the asset, a JSON object; null for nowhere.
    pub position: &'a Value,
}

/// What to change of an issue; none, or null, leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The label it is about.
    pub label_id: Option<&'a str>,
    /// What it says.
    pub content: Option<&'a str>,
    /// The id of its category.
    pub category_id: Option<&'a str>,
    /// Where in the asset, a JSON object.
    pub position: &'a Value,
}

/// Which issues of a project; none for any.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListIssues<'a> {
    /// Open or settled.
    pub status: Option<IssueStatus>,
    /// The id of their data row.
    pub row_id: Option<&'a str>,
    /// The id of their category.
    pub category_id: Option<&'a str>,
    /// The e-mail addresses of those who raised them.
    pub creators: Option<&'a [String]>,
    /// What they contain, in any case.
    pub content: Option<&'a str>,
}

/// Raises an issue; returns its id.
pub fn create(workspace: &Workspace, caller: &Caller, creation: &Creation<'_>) -> Result<String, Problem> {
    let unknown = |sort: &str, id: &str| Problem::not_found(sort, id);
    let Creation { project_id, row_id, label_id, content, category_id, position } = *creation;
    check_content(content)?;
    let position = read_position(position)?;
    let project = project::get(workspace, project_id)?;
    check_category(workspace, &project.id, category_id)?;
    let label = label_id.map(|id| LabelId::parse(id).map_err(|_| unknown("label", id))).transpose()?;
    let issue = NewIssue {
        id: workspace.chance().cuid(),
        project_id: ProjectId::parse(project_id).map_err(|_| unknown("project", project_id))?,
        row_id: DataRowId::parse(row_id).map_err(|_| unknown("data row", row_id))?,
        label_id: label,
        category_id: category_id.map(str::to_owned),
        content: content.to_owned(),
        position,
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
pub fn resolve(workspace: &Workspace, caller: &Caller, issue_id: &str, status: IssueStatus) -> Result<(), Problem> {
    let org_key = workspace.org_key();
    let by = caller.user.email.clone();
    let settlement = Settlement { issue_id: issue_id.to_owned(), status, by, now: workspace.now() };
    let raised = workspace.write(move |connection| Ok(issues::set_status(connection, org_key, &settlement)?))?;
    settled(raised, issue_id)
}

/// Changes an issue.
pub fn change(workspace: &Workspace, issue_id: &str, change: &Change<'_>) -> Result<(), Problem> {
    change.content.map(check_content).transpose()?;
    check_category(workspace, &get(workspace, issue_id)?.project_id, change.category_id)?;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let stored = IssueChange {
        label_id: owned(change.label_id),
        category_id: owned(change.category_id),
        content: owned(change.content),
        position: read_position(change.position)?,
    };
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), issue_id.to_owned());
    match workspace.write(move |connection| Ok(issues::change(connection, org_key, &id, &stored, now)?))? {
        Raised::UnknownLabel => Err(Problem::not_found("label of this row", change.label_id.unwrap_or_default())),
        raised => settled(raised, issue_id),
    }
}

/// Deletes issues. Each must be the caller's own, unless the caller is an Admin; what is not there is passed over.
pub fn delete(workspace: &Workspace, caller: &Caller, ids: Vec<String>) -> Result<(), Problem> {
    let (org_key, now, caller) = (workspace.org_key(), workspace.now(), caller.clone());
    workspace.write(move |connection| {
        for id in &ids {
            if let Some(issue) = issues::find(connection, org_key, id)? {
                check_own(&caller, &issue.created_by, "issue")?;
                issues::delete(connection, org_key, id, now)?;
            }
        }
        Ok(())
    })
}

/// Changes what a comment says; returns the comment. It must be the caller's own, unless the caller is an Admin.
pub fn change_comment(workspace: &Workspace, caller: &Caller, id: &str, content: &str) -> Result<Comment, Problem> {
    check_content(content)?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let (id, content, caller) = (id.to_owned(), content.to_owned(), caller.clone());
    workspace.write(move |connection| {
        let found = issues::find_comment(connection, org_key, &id)?;
        let (_, comment) = found.ok_or_else(|| Problem::not_found("comment", &id))?;
        check_own(&caller, &comment.created_by, "comment")?;
        issues::change_comment(connection, org_key, &id, &content, now)?;
        Ok(Comment { content, updated: now, ..comment })
    })
}

/// Deletes a comment. It must be the caller's own, unless the caller is an Admin.
pub fn delete_comment(workspace: &Workspace, caller: &Caller, id: &str) -> Result<(), Problem> {
    let (org_key, now, id, caller) = (workspace.org_key(), workspace.now(), id.to_owned(), caller.clone());
    workspace.write(move |connection| {
        let found = issues::find_comment(connection, org_key, &id)?;
        let (_, comment) = found.ok_or_else(|| Problem::not_found("comment", &id))?;
        check_own(&caller, &comment.created_by, "comment")?;
        issues::delete_comment(connection, org_key, &id, now)?;
        Ok(())
    })
}

/// Returns an issue with its comments.
pub fn get(workspace: &Workspace, id: &str) -> Result<Issue, Problem> {
    let found = workspace.read(|connection| Ok(issues::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("issue", id))
}

/// Lists issues of a project with their comments, oldest first.
pub fn list(workspace: &Workspace, project_key: i64, which: &ListIssues<'_>) -> Result<Vec<Issue>, Problem> {
    let mut found = workspace.read(|connection| Ok(issues::list(connection, project_key)?))?;
    let wanted = which.content.map(str::to_lowercase);
    found.retain(|issue| {
        which.status.is_none_or(|status| issue.status == status)
            && which.row_id.is_none_or(|id| issue.row_id == id)
            && which.category_id.is_none_or(|id| issue.category_id.as_deref() == Some(id))
            && which.creators.is_none_or(|creators| creators.contains(&issue.created_by))
            && wanted.as_ref().is_none_or(|wanted| issue.content.to_lowercase().contains(wanted))
    });
    Ok(found)
}

fn check_own(caller: &Caller, creator: &str, what: &str) -> Result<(), Problem> {
    if caller.role == Role::Admin || caller.user.email == creator {
        return Ok(());
    }
    let message = format!("this {what} is {creator}'s; only its creator and Admins may change or delete it");
    Err(Problem::new(ProblemKind::Forbidden, message))
}

fn check_category(workspace: &Workspace, project_id: &str, id: Option<&str>) -> Result<(), Problem> {
    let Some(id) = id else { return Ok(()) };
    let known = issue_category::list(workspace, project_id)?;
    match known.iter().any(|category| category.id == id) {
        true => Ok(()),
        false => Err(Problem::not_found("issue category of this project", id)),
    }
}

fn read_position(position: &Value) -> Result<Option<String>, Problem> {
    match position {
        Value::Null => Ok(None),
        Value::Object(_) => {
            let text = position.to_string();
            if text.len() > POSITION_LIMIT {
                let message = format!("the position has {} bytes; give one of up to {POSITION_LIMIT}", text.len());
                return Err(Problem::malformed(message));
            }
            Ok(Some(text))
        }
        other => Err(given::wrong("position", "an object", other)),
    }
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
    let found = list(workspace, project.key, &ListIssues { status, ..ListIssues::default() })?;
    Ok(Value::Array(found.iter().map(to_node).collect()).to_string())
}

/// Returns the word for a status in answers.
pub fn wire_status(status: IssueStatus) -> &'static str {
    match status {
        IssueStatus::Open => "Open",
        IssueStatus::Resolved => "Resolved",
    }
}

/// Reads the word for a status.
pub fn read_status(text: &str) -> Result<IssueStatus, Problem> {
    let known = IssueStatus::ALL.into_iter().find(|status| wire_status(*status) == text);
    known.ok_or_else(|| Problem::malformed(format!("the status is {text:?}; write Open or Resolved")))
}

fn to_node(issue: &Issue) -> Value {
    let comment = |comment: &Comment| {
        json!({
            "id": comment.id, "content": comment.content, "createdBy": comment.created_by,
            "createdAt": project::wire_time(comment.created),
        })
    };
    let status = wire_status(issue.status);
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
pub fn count(workspace: &Workspace, project_key: i64) -> Result<i64, Problem> {
    workspace.read(|connection| Ok(issues::count(connection, project_key)?))
}
