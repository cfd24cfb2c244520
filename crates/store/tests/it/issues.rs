//! Issues: what they move.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, look, merge, twelve};
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::time::Timestamp;
use labelport_store::tables::issues::{self, IssueStatus, NewComment, NewIssue, Raised, Settlement};

const CONTRACTS: &[Contract] = &[
    ("an issue moves the activity of its row", an_issue_moves_the_activity_of_its_row),
    ("an issue has a place", an_issue_has_a_place),
    ("issues are listed with their comments", issues_are_listed_with_their_comments),
];

#[test]
fn contracts_of_issues() {
    hold(CONTRACTS);
}

fn issue(number: usize, row: usize, label: Option<usize>, now: Timestamp) -> NewIssue {
    NewIssue {
        id: format!("issue-{number}"),
        project_id: ProjectId::parse(&id("j", 1)).unwrap(),
        row_id: DataRowId::parse(&id("r", row)).unwrap(),
        label_id: label.map(|label| LabelId::parse(&id("l", label)).unwrap()),
        category_id: None,
        content: "the box is too large".to_owned(),
        position: None,
        created_by: "a@example.com".to_owned(),
        now,
    }
}

fn comment(number: usize, issue: usize, now: Timestamp) -> NewComment {
    NewComment {
        id: format!("comment-{number}"),
        issue_id: format!("issue-{issue}"),
        content: "so it is".to_owned(),
        created_by: "b@example.com".to_owned(),
        now,
    }
}

fn raise(test: &TestStore, issue: NewIssue) -> Raised {
    let org_key = test.store.org_key();
    test.store.write(move |connection| issues::create(connection, org_key, &issue)).unwrap()
}

fn say(test: &TestStore, comment: NewComment) -> Raised {
    let org_key = test.store.org_key();
    test.store.write(move |connection| issues::comment(connection, org_key, &comment)).unwrap()
}

/// Returns the last activity of row 5 as column and in its details, and its change number in every scope.
fn row_5(test: &TestStore) -> (String, String, Vec<String>) {
    let of_row = |column: &str, table: &str| {
        let key = "(select row_key from row_ids where id = 'r000000000000000000000005')";
        look(&test.store, &format!("select {column} from {table} where row_key = {key}")).unwrap()
    };
    let numbers = ["data_rows", "project_rows", "run_rows"]
        .map(|table| format!("{}-{}", of_row("min(change_seq)", table), of_row("max(change_seq)", table)));
    (of_row("activity_ms", "data_rows"), of_row("details", "data_rows"), numbers.to_vec())
}

fn an_issue_moves_the_activity_of_its_row(test: &TestStore) {
    merge(&test.store, &twelve());
    let check = |activity: Timestamp, change_seq: i64| {
        let (column, details, numbers) = row_5(test);
        assert_eq!(column, activity.as_millis().to_string());
        let expect = format!(
            r#""created_at":"2025-01-05T00:00:00.000+00:00","updated_at":"2025-02-05T00:00:00.000+00:00","last_activity_at":"{activity}","created_by":"a@example.com""#
        );
        assert_eq!(details, expect);
        assert_eq!(numbers, vec![format!("{change_seq}-{change_seq}"); 3]);
        let of_others = "select max(change_seq) from data_rows where id <> 'r000000000000000000000005'";
        assert_eq!(look(&test.store, of_others).as_deref(), Some("1"));
    };
    check(Timestamp::parse_export("2025-03-05T00:00:00.000+00:00").unwrap(), 1);
    assert_eq!(raise(test, issue(1, 5, Some(5), now())), Raised::Stored);
    check(now(), 2);
    assert_eq!(say(test, comment(1, 1, now().plus_millis(1))), Raised::Stored);
    check(now().plus_millis(1), 3);
    assert_eq!(say(test, comment(2, 1, now().plus_millis(-5))), Raised::Stored);
    check(now().plus_millis(1), 4);
    let org_key = test.store.org_key();
    let settle = move |status, at: Timestamp| {
        let (issue_id, by) = ("issue-1".to_owned(), "b@example.com".to_owned());
        let settlement = Settlement { issue_id, status, by, now: at };
        test.store.write(move |connection| issues::set_status(connection, org_key, &settlement)).unwrap()
    };
    assert_eq!(settle(IssueStatus::Resolved, now().plus_millis(2)), Raised::Stored);
    check(now().plus_millis(2), 5);
    assert_eq!(settle(IssueStatus::Resolved, now().plus_millis(3)), Raised::Stored);
    check(now().plus_millis(2), 5);
}

fn an_issue_has_a_place(test: &TestStore) {
    merge(&test.store, &twelve());
    assert_eq!(raise(test, issue(1, 7, None, now())), Raised::NotInProject);
    assert_eq!(raise(test, issue(1, 99, None, now())), Raised::NotInProject);
    assert_eq!(raise(test, issue(1, 5, Some(4), now())), Raised::UnknownLabel);
    // A label of the same row, in another project.
    assert_eq!(raise(test, issue(1, 5, Some(105), now())), Raised::UnknownLabel);
    assert_eq!(say(test, comment(1, 1, now())), Raised::UnknownIssue);
    assert_eq!(raise(test, issue(1, 1, None, now())), Raised::Stored);
    assert_eq!(raise(test, issue(1, 2, None, now())), Raised::IdTaken);
    assert_eq!(look(&test.store, "select change_seq from organizations").as_deref(), Some("2"));
}

fn issues_are_listed_with_their_comments(test: &TestStore) {
    merge(&test.store, &twelve());
    raise(test, issue(1, 5, Some(5), now()));
    raise(test, issue(2, 6, None, now()));
    say(test, comment(1, 2, now()));
    say(test, comment(2, 1, now()));
    say(test, comment(3, 2, now().plus_millis(7)));
    assert_eq!(say(test, comment(3, 1, now())), Raised::IdTaken);
    let mut reader = test.store.reader().unwrap();
    let project_key = |reader: &mut dyn labelport_store::Connection, number| {
        reader.count("select project_key from projects where id = $1", &[(&id("j", number)).into()]).unwrap()
    };
    let key = project_key(&mut *reader, 1);
    let listed = issues::list(&mut *reader, key).unwrap();
    let ids: Vec<_> = listed
        .iter()
        .map(|issue| (issue.id.as_str(), issue.comments.iter().map(|each| each.id.as_str()).collect::<Vec<_>>()))
        .collect();
    assert_eq!(ids, [("issue-1", vec!["comment-2"]), ("issue-2", vec!["comment-1", "comment-3"])]);
    assert_eq!((listed[0].row_id.as_str(), listed[0].label_id.clone()), (id("r", 5).as_str(), Some(id("l", 5))));
    assert_eq!((listed[1].created, listed[1].updated), (now(), now().plus_millis(7)));
    assert_eq!((listed[1].status, listed[1].label_id.clone()), (IssueStatus::Open, None));
    let key = project_key(&mut *reader, 2);
    assert_eq!(issues::list(&mut *reader, key).unwrap(), []);
}
