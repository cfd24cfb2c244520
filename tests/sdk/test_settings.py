"""What is set up around the work: tags, dashboards, overviews of batches, webhooks, model configurations, and projects whose
rows are made with them."""

import base64
import hmac
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import labelbox
import pytest

import versions
from assets import AssetServer
from exporting import Exports
from subjects import IMAGE
from versions import SDK_ERRORS, exceptions
from workspace import connect, create_ontology, create_project, create_rows, move, review_queue

overviews = pytest.mark.skipif(not versions.OVERVIEWS, reason="this version has no such method")
of_batches = pytest.mark.skipif(not versions.BATCH_OVERVIEWS, reason="this version has no such method")
evaluations = pytest.mark.skipif(not versions.EVALUATIONS, reason="this version has no such method")
prompts = pytest.mark.skipif(not versions.PROMPTS, reason="this version has no such method")
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
    rain.update(text="drizzle")
    assert [tag["text"] for tag in tags_shown(exports, project)[0]] == ["drizzle", "night"]
    rain.update(text="rain")
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


@pytest.mark.skipif(not versions.ORGANIZATION_TASKS, reason="this version has no such method")
def test_tasks_of_everybody_are_listed(
    client: labelbox.Client, organization: labelbox.Organization, project: labelbox.Project
) -> None:
    """Newest first, with who asked for each."""
    task = project.export()
    task.wait_till_done()
    latest = next(iter(organization.tasks()))
    assert latest.uid == task.uid and latest.created_by().uid == client.get_user().uid
    assert [each.uid for each in organization.tasks(where=labelbox.Task.name == latest.name)][0] == task.uid


def test_a_batch_says_who_made_it(client: labelbox.Client, project: labelbox.Project) -> None:
    """By the name that the SDK asks for."""
    assert {batch.user().uid for batch in project.batches()} == {client.get_user().uid}


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


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    calls: queue.Queue = queue.Queue()

    def do_POST(self) -> None:  # noqa: N802, the name of the standard library
        self.calls.put((self.headers, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_webhooks_are_called(client: labelbox.Client, project: labelbox.Project) -> None:
    """Of a project and of the organization; a change of a row reaches the receiver, signed with the secret."""
    from labelbox import Webhook

    created, updated = Webhook.LABEL_CREATED, Webhook.LABEL_UPDATED
    hook = Webhook.create(client, [created], "https://example.org/hook", "a secret", project)
    assert (hook.topics, hook.url, hook.status) == ([created], "https://example.org/hook", Webhook.ACTIVE)
    assert hook.project().uid == project.uid and hook.created_by().uid == client.get_user().uid
    assert [each.uid for each in project.webhooks()] == [hook.uid]
    general = Webhook.create(client, [created, updated], "http://localhost:1/", "a secret", None)
    assert {each.uid for each in client.get_organization().webhooks()} == {hook.uid, general.uid}
    hook.update(topics=[updated], url="https://example.org/other", status=Webhook.INACTIVE)
    [read] = project.webhooks()
    assert (read.topics, read.url, read.status) == ([updated], "https://example.org/other", Webhook.INACTIVE)
    hook.update(status=Webhook.REVOKED)
    assert next(iter(project.webhooks())).status == Webhook.REVOKED
    general.update(status=Webhook.INACTIVE)
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    called = Webhook.create(client, [Webhook.LABEL_UPDATED], url, "a secret", project)
    [row_id] = client.get_data_row_ids_for_global_keys(KEYS[:1])["results"]
    client.get_data_row(row_id).update(external_id="changed")
    headers, body = Receiver.calls.get(timeout=60)
    receiver.shutdown()
    event = json.loads(body)
    assert (event["type"], event["data"]["project_id"]) == ("rows.changed", project.uid)
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.digest(b"a secret", signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    called.update(status=Webhook.INACTIVE)
    with pytest.raises(exceptions.MalformedQueryException, match="give an address"):
        Webhook.create(client, [created], "example.org", "a secret", project)
    with pytest.raises(ValueError, match="invalid"):
        Webhook.create(client, ["invalid"], "https://example.org", "a secret", project)


@evaluations
def test_models_are_configured(client: labelbox.Client, project: labelbox.Project) -> None:
    """For a project of live evaluation, until its models are set up."""
    chat = client.create_model_evaluation_project(name="chatting", dataset_name="chats", data_row_count=3)
    assert chat.is_chat_evaluation() and [batch.size for batch in chat.batches()] == [3]
    assert chat.labeling_frontend() is not None and not chat.model_setup_complete
    small = client.create_model_config("small", "model-7b", {"temperature": 0.5})
    large = client.create_model_config("large", "model-70b", {})
    assert (small.name, small.model_id, small.inference_params) == ("small", "model-7b", {"temperature": 0.5})
    used = chat.add_model_config(small.uid)
    with pytest.raises(SDK_ERRORS, match="already"):
        chat.add_model_config(small.uid)
    with pytest.raises(SDK_ERRORS, match="no model configuration"):
        chat.add_model_config("none")
    [config] = chat.project_model_configs()
    assert (config.uid, config.model_config_id, config.project_id) == (used, small.uid, chat.uid)
    with pytest.raises(exceptions.OperationNotAllowedException, match="uses the model configuration"):
        client.delete_model_config(small.uid)
    other = chat.add_model_config(large.uid)
    assert chat.delete_project_model_config(other) and client.delete_model_config(large.uid)
    with pytest.raises(exceptions.ResourceNotFoundError):
        client.delete_model_config(large.uid)
    with pytest.raises(SDK_ERRORS, match="Only live model chat evaluation projects can complete model setup"):
        project.set_project_model_setup_complete()
    with pytest.raises(SDK_ERRORS, match="Only live model chat evaluation projects"):
        project.add_model_config(small.uid)
    assert chat.set_project_model_setup_complete()
    assert client.get_project(chat.uid).model_setup_complete
    for change in (lambda: chat.add_model_config(small.uid), config.delete):
        with pytest.raises(SDK_ERRORS, match="model config for project because model setup is complete"):
            change()


@prompts
def test_rows_are_made_with_a_project(client: labelbox.Client, exports: Exports) -> None:
    """In a new dataset, and in one that is there; the rows come in one batch and are exported."""
    from labelbox.schema.media_type import MediaType

    media_type = MediaType.LLMPromptResponseCreation
    made = client.create_prompt_response_generation_project(
        name="prompts", dataset_name="prompts", data_row_count=4, media_type=media_type
    )
    assert made.media_type == media_type and made.is_auto_data_generation()
    [batch] = made.batches()
    assert batch.size == 4
    export = exports.start(made.export_v2)
    exports.wait([export])
    rows = exports.check(export)
    assert len(rows) == 4
    dataset = client.get_data_row(rows[0]["data_row"]["id"]).dataset()
    assert (dataset.name, dataset.row_count) == ("prompts", 4)
    more = client.create_prompt_response_generation_project(
        name="more prompts", dataset_id=dataset.uid, data_row_count=2, media_type=media_type
    )
    assert [batch.size for batch in more.batches()] == [2]
    assert client.get_dataset(dataset.uid).row_count == 6
    before = len(list(client.get_projects()))
    with pytest.raises(SDK_ERRORS, match="no dataset"):
        client.create_prompt_response_generation_project(name="x", dataset_id="none", media_type=media_type)
    with pytest.raises(SDK_ERRORS, match="from 1 to 10000"):
        client.create_prompt_response_generation_project(
            name="x", dataset_name="x", data_row_count=10_001, media_type=media_type
        )
    assert len(list(client.get_projects())) == before
