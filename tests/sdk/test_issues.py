"""What people say of labels: issues with comments and categories, reviews, benchmarks, scores, versions."""

import json
from datetime import UTC, datetime, timedelta

import labelbox
import pytest
from labelbox import LabelImport

import versions
from assets import AssetServer
from exporting import Exports
from subjects import IMAGE
from versions import exceptions
from workspace import addressed, connect, create_ontology, create_project, create_rows, settle

issues = pytest.mark.skipif(not versions.ISSUES, reason="this version has no such method")
scored = pytest.mark.skipif(not versions.FEEDBACK, reason="this version has no such method")

KEYS = ["discussed 0", "discussed 1"]


@pytest.fixture(scope="module")
def project(client: labelbox.Client, assets: AssetServer) -> labelbox.Project:
    """A project with two rows; the first has two labels, the second one."""
    dataset = client.create_dataset(name="discussed")
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?{key}", "global_key": key} for key in KEYS])
    made = create_project(client, "discussed", IMAGE)
    connect(made, create_ontology(client, IMAGE))
    made.create_batch("discussed", global_keys=KEYS)
    for number, keys in enumerate([KEYS, KEYS[:1]]):
        lines = [line for key in keys for line in addressed(IMAGE.lines(assets.url), key, f"discussed-{number}")]
        settle(LabelImport.create_from_objects(client, made.uid, f"discussed {number}", lines))
    return made


@pytest.fixture
def labels(project: labelbox.Project) -> dict[str, list[labelbox.Label]]:
    """The labels by the global keys of their rows."""
    found: dict[str, list] = {key: [] for key in KEYS}
    for label in project.labels():
        found[label.data_row().global_key].append(label)
    return found


def exported(exports: Exports, project: labelbox.Project) -> dict[str, dict]:
    """The labels of an export by their ids."""
    export = exports.start(project.export_v2, params={"label_details": True, "performance_details": True})
    exports.wait([export])
    rows = exports.check(export)
    return {label["id"]: label for row in rows for label in row["projects"][project.uid]["labels"]}


@issues
def test_an_issue_is_raised_changed_and_settled(project: labelbox.Project, labels: dict, client) -> None:
    """With a category and a position; the list is filtered, and each part reads back."""
    from labelbox.schema.issue import IssueStatus
    from labelbox.schema.issue_position import ImageIssuePosition

    label = labels[KEYS[0]][0]
    row = label.data_row()
    category = project.create_issue_category("size", "the box is too small or too large")
    with pytest.raises(exceptions.ResourceConflict, match="named \"size\" already"):
        project.create_issue_category("size", "again")
    issue = project.create_issue("too large", row, label, category.id, ImageIssuePosition(x=3, y=4))
    other = project.create_issue("which pier?", labels[KEYS[1]][0].data_row())
    assert (issue.status, issue.label_id, issue.data_row_id) == (IssueStatus.OPEN, label.uid, row.uid)
    assert (issue.friendly_id, other.friendly_id) == ("1", "2")
    assert issue.created_by.email == client.get_user().email and issue.resolved_by is None
    assert (issue.position.x, issue.position.y) == (3, 4)
    assert issue.category().name == "size" and issue.label().uid == label.uid and other.label_id is None

    def found(**which) -> list[str]:
        return [each.id for each in project.get_issues(**which)]

    assert found() == [issue.id, other.id]
    assert found(category_id=category.id) == found(data_row_id=row.uid) == found(content="TOO") == [issue.id]
    assert found(created_by_ids=[client.get_user().uid]) == [issue.id, other.id] and found(created_by_ids=["x"]) == []
    assert project.get_overview().issues == 2
    resolved = issue.resolve()
    assert resolved.status == IssueStatus.RESOLVED and resolved.resolved_by.email == client.get_user().email
    assert resolved.resolved_at is not None
    assert found(status=IssueStatus.OPEN) == [other.id] and found(status=IssueStatus.RESOLVED) == [issue.id]
    reopened = issue.reopen()
    assert (reopened.status, reopened.resolved_by, reopened.resolved_at) == (IssueStatus.OPEN, None, None)
    changed = issue.update(content="far too large")
    assert changed.content == "far too large" and changed.content_updated_at is not None
    assert changed.category_id == category.id
    with pytest.raises(exceptions.MalformedQueryException, match="no issue category of this project"):
        issue.update(category_id="none")
    with pytest.raises(exceptions.MalformedQueryException, match="1 to 10000 characters"):
        project.create_issue("  ", row)
    renamed = category.update("extent", "how large it is")
    assert [each.name for each in project.get_issue_categories()] == ["extent"] == [renamed.name]
    category.delete()
    assert project.get_issue_categories() == [] and project.get_issue(issue.id).category_id is None
    project.delete_issues([issue.id, other.id, "not there"])
    assert found() == []


@issues
def test_an_issue_is_commented_on(project: labelbox.Project, labels: dict) -> None:
    """Comments are listed in order, changed and deleted; the issue knows the last one."""
    issue = project.create_issue("who says so?", labels[KEYS[1]][0].data_row())
    first, second = issue.create_comment("I do"), issue.create_comment("me too")
    assert [each.content for each in issue.comments()] == ["I do", "me too"]
    assert project.get_issue(issue.id).latest_reply_at == second.created_at
    assert first.update("we do").content == "we do"
    second.delete()
    assert [(each.content, each.created_by.email) for each in issue.comments()] == [
        ("we do", issue.created_by.email)
    ]
    issue.delete()
    with pytest.raises(exceptions.MalformedQueryException, match="no comment"):
        first.update("gone")


def test_labels_are_reviewed(project: labelbox.Project, labels: dict, exports: Exports) -> None:
    """A review shows on the label, in the export and in the metrics of the project, until it is deleted."""
    net = labelbox.Review.NetScore
    one, two = labels[KEYS[0]]

    def metrics() -> list[int]:
        return [project.review_metrics(score) for score in (None, net.Negative, net.Zero, net.Positive)]

    assert metrics() == [3, 0, 0, 0]
    good, bad = one.create_review(score=1.0), two.create_review(score=-1.0)
    assert metrics() == [1, 1, 0, 1]
    assert (good.score, bad.score) == (1.0, -1.0)
    assert good.created_by().uid == project.created_by().uid and good.label().uid == one.uid
    assert good.project().uid == project.uid
    second = one.create_review(score=-1.0)
    assert metrics() == [1, 1, 1, 0]
    assert [(each.uid, each.score) for each in one.reviews()] == [(good.uid, 1.0), (second.uid, -1.0)]
    second.update(score=0.5)
    assert [each.score for each in one.reviews()] == [1.0, 0.5]
    shown = exported(exports, project)
    assert [(each["reviewed_by"], each["score"]) for each in shown[one.uid]["label_details"]["reviews"]] == [
        (good.created_by().email, 1),
        (good.created_by().email, 0.5),
    ]
    assert [each["score"] for each in shown[two.uid]["label_details"]["reviews"]] == [-1]
    assert shown[labels[KEYS[1]][0].uid]["label_details"]["reviews"] == []
    good.delete()
    assert [each.uid for each in one.reviews()] == [second.uid]
    second.delete()
    bad.delete()
    assert metrics() == [3, 0, 0, 0]
    assert exported(exports, project)[one.uid]["label_details"]["reviews"] == []


def test_a_label_is_a_benchmark(project: labelbox.Project, labels: dict, exports: Exports) -> None:
    """It says so itself and in the export; a row has one at most."""
    one, two = labels[KEYS[0]]
    made = one.create_benchmark()
    assert made.reference_label().uid == one.uid and made.created_by().uid == project.created_by().uid
    assert (made.completed_count, made.average_agreement) == (1, None)
    assert one.create_benchmark().uid == made.uid
    with pytest.raises(exceptions.ResourceConflict, match=one.uid):
        two.create_benchmark()
    assert [each.uid for each in project.benchmarks()] == [made.uid]
    assert {each.uid: each.is_benchmark_reference for each in project.labels()} == {
        one.uid: True,
        two.uid: False,
        labels[KEYS[1]][0].uid: False,
    }
    shown = exported(exports, project)
    assert shown[one.uid]["performance_details"]["benchmark_reference_label"] == one.uid
    assert "benchmark_reference_label" not in shown[two.uid]["performance_details"]
    made.delete()
    assert list(project.benchmarks()) == []
    assert "benchmark_reference_label" not in exported(exports, project)[one.uid]["performance_details"]


def test_what_labelers_did_is_added_up(project: labelbox.Project, client: labelbox.Client) -> None:
    """By who made the labels."""
    [done] = project.labeler_performance()
    assert (done.user.uid, done.count, done.seconds_per_label) == (client.get_user().uid, 3, 0)
    assert datetime.now(UTC) - done.last_activity_time < timedelta(hours=1)


@scored
def test_a_check_scores_a_label(client: labelbox.Client, labels: dict) -> None:
    """By name; scores that are not numbers are refused."""
    label = labels[KEYS[1]][0]
    scores = client.upsert_label_feedback(label.uid, "good edges", {"edges": 0.9, "names": 1})
    assert {each.name: each.score for each in scores} == {"edges": 0.9, "names": 1}
    scores = client.upsert_label_feedback(label.uid, "worse", {"edges": 0.1})
    assert {each.name: each.score for each in scores} == {"edges": 0.1}
    with pytest.raises(exceptions.MalformedQueryException, match=r"scores\.edges"):
        client.upsert_label_feedback(label.uid, "", {"edges": "high"})
    with pytest.raises(exceptions.MalformedQueryException, match="no label"):
        client.upsert_label_feedback("none", "", {})


@issues
def test_a_label_has_its_version(project: labelbox.Project, labels: dict, client: labelbox.Client) -> None:
    """Its submission and its reviews, found by label, row, person and time."""
    one, two = labels[KEYS[0]]
    [version] = one.versions()
    assert (version.label_id, version.project_id, version.action.value) == (one.uid, project.uid, "SUBMITTED")
    assert version.data_row_id == one.data_row().uid and version.created_by_id == client.get_user().uid
    assert version.stage.type == "MANUAL_REVIEW_QUEUE" and version.annotation_count > 3
    assert json.loads(version.label) == version.label_json
    assert client.get_label_version(version.id).label_id == one.uid

    def found(**which) -> list[str]:
        return sorted(each.label_id for each in project.label_versions(include_annotations=False, **which))

    everything = sorted(each.uid for each in project.labels())
    assert found() == everything == found(page_size=1) == found(created_by=client.get_user())
    assert found(data_row=one.data_row()) == sorted([one.uid, two.uid])
    assert found(created_by="nobody") == found(created_before="2020-01-01") == []
    assert found(created_after=datetime.now(UTC) - timedelta(hours=1)) == everything
    reviews = [one.create_review(score=score) for score in (1.0, -1.0)]
    assert [each.action.value for each in one.versions()] == ["SUBMITTED", "APPROVED", "REJECTED"]
    assert client.get_label_version(reviews[1].uid).action.value == "REJECTED"
    assert client.get_label_version("none") is None
    assert len(list(project.label_versions(page_size=1))) == len(everything) + 2
    for review in reviews:
        review.delete()
    assert [each.action.value for each in one.versions()] == ["SUBMITTED"]
