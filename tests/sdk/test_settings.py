"""What is set up around the work and shows in no label: tags, dashboards, overviews of batches."""

import labelbox
import pytest

import versions
from assets import AssetServer
from exporting import Exports
from subjects import IMAGE
from versions import exceptions
from workspace import connect, create_ontology, create_project, create_rows, move, review_queue

overviews = pytest.mark.skipif(not versions.OVERVIEWS, reason="this version has no such method")
of_batches = pytest.mark.skipif(not versions.BATCH_OVERVIEWS, reason="this version has no such method")
dashboards = pytest.mark.skipif(not versions.DASHBOARDS, reason="this version has no such method")

KEYS = [f"set up {number}" for number in range(3)]


@pytest.fixture(scope="module")
def project(client: labelbox.Client, assets: AssetServer) -> labelbox.Project:
    """A project with two batches: one row to label and one in review, and one row that is done."""
    dataset = client.create_dataset(name="set up")
    create_rows(dataset, [{"row_data": f"{assets.url}/boat.png?{key}", "global_key": key} for key in KEYS])
    made = create_project(client, "set up", IMAGE)
    connect(made, create_ontology(client, IMAGE))
    made.create_batch("large", global_keys=KEYS[:2])
    made.create_batch("small", global_keys=KEYS[2:])
    row_ids = client.get_data_row_ids_for_global_keys(KEYS)["results"]
    move(made, row_ids[1:2], review_queue(made))
    move(made, row_ids[2:], None)
    return made


@pytest.fixture
def organization(client: labelbox.Client) -> labelbox.Organization:
    return client.get_organization()


def tags_shown(exports: Exports, project: labelbox.Project) -> list[list[dict]]:
    export = exports.start(project.export_v2)
    exports.wait([export])
    return [row["projects"][project.uid]["project_tags"] for row in exports.check(export)]


def test_projects_are_tagged(
    organization: labelbox.Organization, project: labelbox.Project, exports: Exports
) -> None:
    """Every row of the project shows the tags, in the order in which they were given."""
    night = organization.create_resource_tag({"text": "night", "color": "FFAEA9"})
    rain = organization.create_resource_tag({"text": "rain", "color": "#3FDC9A"})
    assert (night.text, night.color, rain.color) == ("night", "FFAEA9", "3FDC9A")
    assert [tag.uid for tag in organization.get_resource_tags()] == [night.uid, rain.uid]
    set_tags = project.update_project_resource_tags([rain.uid, night.uid])
    if versions.TAGS_READ_BACK:
        assert [tag.text for tag in project.get_resource_tags()] == ["rain", "night"]
    assert len(set_tags) == 2
    shown = tags_shown(exports, project)
    assert [[tag["text"] for tag in tags] for tags in shown] == [["rain", "night"]] * 3
    assert set(shown[0][0]) == {
        "id",
        "organization_id",
        "text",
        "color",
        "created_at",
        "updated_at",
        "created_by_id",
        "type",
    }
    assert (shown[0][0]["organization_id"], shown[0][0]["type"]) == (organization.uid, "Default")
    with pytest.raises(exceptions.MalformedQueryException, match="no resource tag"):
        project.update_project_resource_tags([night.uid, "none"])
    assert [tag["text"] for tag in tags_shown(exports, project)[0]] == ["rain", "night"]
    project.update_project_resource_tags([])
    assert tags_shown(exports, project) == [[]] * 3


def test_tags_that_are_none_are_refused(organization: labelbox.Organization) -> None:
    """Twice the same, a colour that is none, no text."""
    organization.create_resource_tag({"text": "fog", "color": "B8C4D3"})
    with pytest.raises(exceptions.ResourceConflict, match="fog"):
        organization.create_resource_tag({"text": "fog", "color": "B8C4D3"})
    with pytest.raises(exceptions.MalformedQueryException, match="six hexadecimal digits"):
        organization.create_resource_tag({"text": "snow", "color": "white"})
    with pytest.raises(ValueError, match="text"):
        organization.create_resource_tag({"text": "", "color": "B8C4D3"})


@overviews
def test_an_overview_has_details(project: labelbox.Project) -> None:
    """Each queue of review and rework with its rows."""
    overview = project.get_overview(details=True)
    assert (overview.to_label, overview.done, overview.total_data_rows) == (1, 1, 3)
    review, rework = overview.in_review, overview.in_rework
    assert review == {"data": [{"Initial review task": 1}], "total": 1}
    assert rework == {"data": [{"Rework (all rejected)": 0}], "total": 0}


@of_batches
def test_an_overview_is_of_batches(project: labelbox.Project) -> None:
    """Of one, of both, and of one that the project does not have."""
    large, small = sorted(project.batches(), key=lambda batch: batch.name)

    def counts(*batch_ids: str) -> tuple:
        found = project.get_overview(details=True, batch_ids=list(batch_ids))
        assert found.issues is None
        queues = found.in_review["data"][0]["Initial review task"]
        return found.to_label, found.in_review["total"], queues, found.done, found.total_data_rows

    assert counts(large.uid) == (1, 1, 1, 0, 2)
    assert counts(small.uid) == (0, 0, 0, 1, 1)
    assert counts(large.uid, small.uid, small.uid) == (1, 1, 1, 1, 3)
    assert counts("none") == (0, 0, 0, 0, 0)


@dashboards
def test_projects_are_searched_for(
    client: labelbox.Client, organization: labelbox.Organization, project: labelbox.Project
) -> None:
    """By tag and by rows that are done; each says its name, its media type and its counts."""
    from labelbox.schema import search_filters as filters

    def found(*which) -> list[str]:
        return [each.id for each in client.get_labeling_service_dashboards(search_query=list(which) or None)]

    is_operator = filters.IdOperator.Is

    def tagged(*ids: str):
        return filters.TagFilter(operation=filters.OperationType.Tag, operator=is_operator, values=list(ids))

    def done(operator, count: int):
        value = filters.IntegerValue(operator=operator, value=count)
        return filters.TaskCompletedCountFilter(operation=filters.OperationType.TaskCompletedCount, value=value)

    tag = organization.create_resource_tag({"text": f"searched {versions.VERSION}", "color": "CEB8FF"})
    project.update_project_resource_tags([tag.uid])
    assert project.uid in found() and set(found()) == {each.uid for each in client.get_projects()}
    assert found(tagged(tag.uid)) == [project.uid] and found(tagged("none")) == []
    single = filters.RangeOperatorWithSingleValue
    assert found(tagged(tag.uid), done(single.Equals, 1)) == [project.uid]
    assert found(tagged(tag.uid), done(single.GreaterThanOrEqual, 2)) == []
    ours = filters.OrganizationFilter(
        operation=filters.OperationType.Organization, operator=is_operator, values=[organization.uid]
    )
    assert found(tagged(tag.uid), ours) == [project.uid]
    [board] = client.get_labeling_service_dashboards(search_query=[tagged(tag.uid)])
    assert (board.name, board.media_type.value, board.tags[0].text) == (project.name, "IMAGE", tag.text)
    assert (board.data_rows_count, board.tasks_completed_count, board.tasks_remaining_count) == (3, 1, 2)
    assert project.get_labeling_service_dashboard().id == project.uid
    project.update_project_resource_tags([])
