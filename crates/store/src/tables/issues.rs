//! Issues: what people have to say about a row in a project, as a rule about one of its labels.
//!
//! An export shows nothing of an issue but that something has happened: raising one, commenting on one or settling one
//! moves the row's last activity, in the column that filters look at and in the details that an export shows, and gives
//! the row the next change number in every scope. Activity never moves back.

use crate::engine::{Connection, RowView, StoreError};
use crate::row_key::RowKey;
use crate::tables::data_rows;
use crate::write::activity;
use crate::write::changes;
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::time::Timestamp;

/// Whether an issue still waits for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueStatus {
    /// It does.
    Open,
    /// It was settled.
    Resolved,
}

impl IssueStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Open, Self::Resolved];

    /// Returns the spelling of storage, such as `OPEN`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Resolved => "RESOLVED",
        }
    }

    /// Finds a status by its spelling, exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == text)
    }
}

/// An issue as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The public id.
    pub id: String,
    /// Its number in its project, from 1.
    pub number: i64,
    /// The id of its project.
    pub project_id: String,
    /// The id of the data row.
    pub row_id: String,
    /// The id of the label it is about; none for the row as a whole.
    pub label_id: Option<String>,
    /// The id of its category, which is an item.
    pub category_id: Option<String>,
    /// What it says.
    pub content: String,
    /// Where in the asset, JSON as it was given.
    pub position: Option<String>,
    /// Whether it still waits for somebody.
    pub status: IssueStatus,
    /// Who raised it.
    pub created_by: String,
    /// When it was raised.
    pub created: Timestamp,
    /// When it was last changed, commented on or settled.
    pub updated: Timestamp,
    /// Who settled it; none for one that is open.
    pub resolved_by: Option<String>,
    /// When it was settled.
    pub resolved: Option<Timestamp>,
    /// When its text was last changed.
    pub content_updated: Option<Timestamp>,
    /// What was said to it, oldest first.
    pub comments: Vec<Comment>,
}

/// A comment on an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The public id.
    pub id: String,
    /// What it says.
    pub content: String,
    /// Who said it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// An issue to raise.
#[derive(Debug, Clone)]
pub struct NewIssue {
    /// The public id.
    pub id: String,
    /// The project.
    pub project_id: ProjectId,
    /// The data row.
    pub row_id: DataRowId,
    /// The label it is about; none for the row as a whole.
    pub label_id: Option<LabelId>,
    /// The id of its category.
    pub category_id: Option<String>,
    /// What it says.
    pub content: String,
    /// Where in the asset, a JSON text.
    pub position: Option<String>,
    /// Who raises it.
    pub created_by: String,
    /// Now.
    pub now: Timestamp,
}

/// What to change of an issue; none leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct IssueChange {
    /// The label it is about.
    pub label_id: Option<String>,
    /// The id of its category.
    pub category_id: Option<String>,
    /// What it says.
    pub content: Option<String>,
    /// Where in the asset, a JSON text.
    pub position: Option<String>,
}

/// A change of whether an issue is settled.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The issue.
    pub issue_id: String,
    /// Settled, or open again.
    pub status: IssueStatus,
    /// The e-mail address of the user who says so.
    pub by: String,
    /// Now.
    pub now: Timestamp,
}

/// A comment to make.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// The public id.
    pub id: String,
    /// The issue.
    pub issue_id: String,
    /// What it says.
    pub content: String,
    /// Who says it.
    pub created_by: String,
    /// Now.
    pub now: Timestamp,
}

/// What became of an issue, a comment or a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// It is stored.
    Stored,
    /// There is one with this id.
    IdTaken,
    /// The data row is not in the project.
    NotInProject,
    /// The data row has no such label in the project.
    UnknownLabel,
    /// There is no such issue.
    UnknownIssue,
}

const SELECT: &str = "select i.issue_key, i.id, r.id, i.label_id, i.content, i.status, i.created_by, i.created_ms, \
                      i.updated_ms, i.number, i.category_id, i.position, i.resolved_by, i.resolved_ms, \
                      i.content_updated_ms, p.id from issues i join data_rows r on r.row_key = i.row_key \
                      join projects p on p.project_key = i.project_key where ";

/// Raises an issue.
pub fn create(connection: &mut dyn Connection, org_key: i64, issue: &NewIssue) -> Result<Raised, StoreError> {
    let Some(row_key) = data_rows::find_key(connection, issue.row_id.as_str())? else {
        return Ok(Raised::NotInProject);
    };
    let sql = "select p.project_key from project_rows p join projects j on j.project_key = p.project_key \
               where p.row_key = $1 and j.id = $2 and j.org_key = $3";
    let params = [row_key.into(), issue.project_id.as_str().into(), org_key.into()];
    let project_key = connection.find(sql, &params, |row| row.int(0))?.flatten();
    let Some(project_key) = project_key else { return Ok(Raised::NotInProject) };
    let label_id = issue.label_id.as_ref().map(LabelId::as_str);
    if let Some(label_id) = label_id
        && !has_label(connection, (project_key, row_key), label_id)?
    {
        return Ok(Raised::UnknownLabel);
    }
    let sql = "select coalesce(max(number), 0) + 1 from issues where project_key = $1";
    let number = connection.count(sql, &[project_key.into()])?;
    let now = issue.now.as_millis().into();
    let inserted = connection.execute(
        "insert into issues (project_key, row_key, label_id, id, content, status, created_by, created_ms, updated_ms, \
         category_id, position, number) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing",
        &[
            project_key.into(),
            row_key.into(),
            label_id.into(),
            (&issue.id).into(),
            (&issue.content).into(),
            IssueStatus::Open.name().into(),
            (&issue.created_by).into(),
            now,
            now,
            issue.category_id.as_ref().into(),
            issue.position.as_ref().into(),
            number.into(),
        ],
    )?;
    if inserted == 0 {
        return Ok(Raised::IdTaken);
    }
    note_activity(connection, org_key, row_key, issue.now)?;
    Ok(Raised::Stored)
}

/// Comments on an issue.
pub fn comment(connection: &mut dyn Connection, org_key: i64, comment: &NewComment) -> Result<Raised, StoreError> {
    let Some(Place { issue_key, row_key, .. }) = find_place(connection, org_key, &comment.issue_id)? else {
        return Ok(Raised::UnknownIssue);
    };
    let inserted = connection.execute(
        "insert into issue_comments (issue_key, id, content, created_by, created_ms) values ($1, $2, $3, $4, $5) \
         on conflict do nothing",
        &[
            issue_key.into(),
            (&comment.id).into(),
            (&comment.content).into(),
            (&comment.created_by).into(),
            comment.now.as_millis().into(),
        ],
    )?;
    if inserted == 0 {
        return Ok(Raised::IdTaken);
    }
    let sql = "update issues set updated_ms = $1 where issue_key = $2 and updated_ms < $1";
    connection.execute(sql, &[comment.now.as_millis().into(), issue_key.into()])?;
    note_activity(connection, org_key, row_key, comment.now)?;
    Ok(Raised::Stored)
}

/// Settles an issue or opens it again.
pub fn set_status(connection: &mut dyn Connection, org_key: i64, to: &Settlement) -> Result<Raised, StoreError> {
    let Some(Place { issue_key, row_key, .. }) = find_place(connection, org_key, &to.issue_id)? else {
        return Ok(Raised::UnknownIssue);
    };
    let is_settled = to.status == IssueStatus::Resolved;
    let changed = connection.execute(
        "update issues set status = $1, updated_ms = $2, resolved_by = $3, resolved_ms = $4 \
         where issue_key = $5 and status <> $1",
        &[
            to.status.name().into(),
            to.now.as_millis().into(),
            is_settled.then_some(&to.by).into(),
            is_settled.then_some(to.now.as_millis()).into(),
            issue_key.into(),
        ],
    )?;
    if changed > 0 {
        note_activity(connection, org_key, row_key, to.now)?;
    }
    Ok(Raised::Stored)
}

/// Changes the parts of an issue that are given.
pub fn change(
    connection: &mut dyn Connection,
    org_key: i64,
    issue_id: &str,
    change: &IssueChange,
    now: Timestamp,
) -> Result<Raised, StoreError> {
    let Some(place) = find_place(connection, org_key, issue_id)? else { return Ok(Raised::UnknownIssue) };
    if let Some(label_id) = &change.label_id
        && !has_label(connection, (place.project_key, place.row_key), label_id)?
    {
        return Ok(Raised::UnknownLabel);
    }
    connection.execute(
        "update issues set label_id = coalesce($1, label_id), category_id = coalesce($2, category_id), \
         content = coalesce($3, content), position = coalesce($4, position), updated_ms = $5, \
         content_updated_ms = case when $3 is null then content_updated_ms else $5 end where issue_key = $6",
        &[
            change.label_id.as_ref().into(),
            change.category_id.as_ref().into(),
            change.content.as_ref().into(),
            change.position.as_ref().into(),
            now.as_millis().into(),
            place.issue_key.into(),
        ],
    )?;
    note_activity(connection, org_key, place.row_key, now)?;
    Ok(Raised::Stored)
}

/// Deletes an issue with its comments; returns whether it was there.
pub fn delete(
    connection: &mut dyn Connection,
    org_key: i64,
    issue_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(place) = find_place(connection, org_key, issue_id)? else { return Ok(false) };
    for sql in ["delete from issue_comments where issue_key = $1", "delete from issues where issue_key = $1"] {
        connection.execute(sql, &[place.issue_key.into()])?;
    }
    note_activity(connection, org_key, place.row_key, now)?;
    Ok(true)
}

/// Takes a category, which is deleted, off the issues that have it.
pub fn forget_category(connection: &mut dyn Connection, category_id: &str) -> Result<(), StoreError> {
    connection.execute("update issues set category_id = null where category_id = $1", &[category_id.into()])?;
    Ok(())
}

/// Changes what a comment says; returns whether it is there.
pub fn change_comment(
    connection: &mut dyn Connection,
    org_key: i64,
    comment_id: &str,
    content: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some((issue_id, _)) = find_comment(connection, org_key, comment_id)? else { return Ok(false) };
    let sql = "update issue_comments set content = $1, updated_ms = $2 where id = $3";
    connection.execute(sql, &[content.into(), now.as_millis().into(), comment_id.into()])?;
    note_comment(connection, org_key, &issue_id, now)
}

/// Deletes a comment; returns whether it was there.
pub fn delete_comment(
    connection: &mut dyn Connection,
    org_key: i64,
    comment_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some((issue_id, _)) = find_comment(connection, org_key, comment_id)? else { return Ok(false) };
    connection.execute("delete from issue_comments where id = $1", &[comment_id.into()])?;
    note_comment(connection, org_key, &issue_id, now)
}

fn note_comment(
    connection: &mut dyn Connection,
    org_key: i64,
    issue_id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if let Some(place) = find_place(connection, org_key, issue_id)? {
        note_activity(connection, org_key, place.row_key, now)?;
    }
    Ok(true)
}

/// Finds a comment by its id, with the id of its issue.
pub fn find_comment(
    connection: &mut dyn Connection,
    org_key: i64,
    comment_id: &str,
) -> Result<Option<(String, Comment)>, StoreError> {
    connection.find(
        "select i.id, c.id, c.content, c.created_by, c.created_ms, c.updated_ms from issue_comments c \
         join issues i on i.issue_key = c.issue_key join projects p on p.project_key = i.project_key \
         where c.id = $1 and p.org_key = $2",
        &[comment_id.into(), org_key.into()],
        |row| (row.text(0).unwrap_or_default(), comment_of(row)),
    )
}

/// Finds an issue by its id, with its comments.
pub fn find(connection: &mut dyn Connection, org_key: i64, issue_id: &str) -> Result<Option<Issue>, StoreError> {
    let sql = format!("{SELECT} i.id = $1 and p.org_key = $2");
    let found =
        connection.find(&sql, &[issue_id.into(), org_key.into()], |row| (row.int(0).unwrap_or(0), issue(row)))?;
    let Some((issue_key, found)) = found else { return Ok(None) };
    let mut issue = found?;
    let sql = "select issue_key, id, content, created_by, created_ms, updated_ms from issue_comments \
               where issue_key = $1 order by comment_key";
    issue.comments = connection.list(sql, &[issue_key.into()], comment_of)?;
    Ok(Some(issue))
}

/// Counts the issues of a project.
pub fn count(connection: &mut dyn Connection, project_key: i64) -> Result<i64, StoreError> {
    connection.count("select count(*) from issues where project_key = $1", &[project_key.into()])
}

/// Lists the issues of a project with their comments, oldest first.
pub fn list(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<Issue>, StoreError> {
    let sql = format!("{SELECT} i.project_key = $1 order by i.issue_key");
    let found =
        connection.list(&sql, &[project_key.into()], |row| issue(row).map(|issue| (row.int(0).unwrap_or(0), issue)))?;
    let mut issues = found.into_iter().collect::<Result<Vec<(i64, Issue)>, StoreError>>()?;
    let comments = connection.list(
        "select c.issue_key, c.id, c.content, c.created_by, c.created_ms, c.updated_ms from issues i \
         join issue_comments c on c.issue_key = i.issue_key where i.project_key = $1 \
         order by c.issue_key, c.comment_key",
        &[project_key.into()],
        |row| (row.int(0).unwrap_or(0), comment_of(row)),
    )?;
    for (issue_key, comment) in comments {
        if let Ok(index) = issues.binary_search_by_key(&issue_key, |(key, _)| *key) {
            issues[index].1.comments.push(comment);
        }
    }
    Ok(issues.into_iter().map(|(_, issue)| issue).collect())
}

/// Where an issue is.
struct Place {
    issue_key: i64,
    project_key: i64,
    row_key: RowKey,
}

fn has_label(
    connection: &mut dyn Connection,
    (project_key, row_key): (i64, RowKey),
    label_id: &str,
) -> Result<bool, StoreError> {
    let sql = "select id from label_ids where id = $1 and project_key = $2 and row_key = $3";
    Ok(connection.find(sql, &[label_id.into(), project_key.into(), row_key.into()], |_| ())?.is_some())
}

fn find_place(connection: &mut dyn Connection, org_key: i64, issue_id: &str) -> Result<Option<Place>, StoreError> {
    connection.find(
        "select i.issue_key, i.project_key, i.row_key from issues i join projects p on p.project_key = i.project_key \
         where i.id = $1 and p.org_key = $2",
        &[issue_id.into(), org_key.into()],
        |row| Place {
            issue_key: row.int(0).unwrap_or(0),
            project_key: row.int(1).unwrap_or(0),
            row_key: row.int(2).unwrap_or(0),
        },
    )
}

/// Moves a row's last activity, and gives the row the next change number.
fn note_activity(
    connection: &mut dyn Connection,
    org_key: i64,
    row_key: RowKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    activity::note(connection, row_key, now)?;
    let change_seq = changes::next_change_seq(connection, org_key)?;
    changes::touch_row(connection, row_key, change_seq)
}

fn issue(row: &dyn RowView) -> Result<Issue, StoreError> {
    let id = row.text(1).unwrap_or_default();
    let status = IssueStatus::parse(&row.text(5).unwrap_or_default())
        .ok_or_else(|| StoreError::Damaged(format!("issue {id:?} has an unknown status")))?;
    Ok(Issue {
        id,
        number: row.int(9).unwrap_or(0),
        project_id: row.text(15).unwrap_or_default(),
        row_id: row.text(2).unwrap_or_default(),
        label_id: row.text(3),
        category_id: row.text(10),
        content: row.text(4).unwrap_or_default(),
        position: row.text(11),
        status,
        created_by: row.text(6).unwrap_or_default(),
        created: Timestamp::from_millis(row.int(7).unwrap_or(0)),
        updated: Timestamp::from_millis(row.int(8).unwrap_or(0)),
        resolved_by: row.text(12),
        resolved: row.int(13).map(Timestamp::from_millis),
        content_updated: row.int(14).map(Timestamp::from_millis),
        comments: Vec::new(),
    })
}

fn comment_of(row: &dyn RowView) -> Comment {
    Comment {
        id: row.text(1).unwrap_or_default(),
        content: row.text(2).unwrap_or_default(),
        created_by: row.text(3).unwrap_or_default(),
        created: Timestamp::from_millis(row.int(4).unwrap_or(0)),
        updated: Timestamp::from_millis(row.int(5).or(row.int(4)).unwrap_or(0)),
    }
}
