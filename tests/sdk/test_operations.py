"""Every operation that an export needs is sent by some test of this suite, and that test still exists.

A name is the field of the GraphQL text, with a dot where it is asked of an object; or a method and a path of REST.
"""

import pytest
import requests

import versions
from serving import Server
from traffic import Traffic, operations

ALL = True

# Operation: the versions that have it, and the test that fails when it breaks.
OPERATIONS: dict[str, tuple[bool, str]] = {
    # session
    "user": (ALL, "test_projects.py::test_who_asks"),
    "user.createdTasks": (ALL, "test_exports.py::test_a_task_is_found_again_by_its_id"),
    "user.timezone": (ALL, "test_filters.py::test_times_are_those_of_the_zone_of_the_user"),
    "organization": (ALL, "test_projects.py::test_who_asks"),
    "cancelableTaskTypes": (versions.CANCELS, "test_resilience.py::test_an_export_is_canceled"),
    "cancelBulkOperationJob": (versions.CANCELS, "test_resilience.py::test_an_export_is_canceled"),
    "iamIntegrations": (ALL, "test_data_rows.py::test_a_dataset_reads_back_and_changes"),
    # datasets and rows
    "createDataset": (ALL, "test_data_rows.py::test_a_dataset_reads_back_and_changes"),
    "updateDataset": (ALL, "test_data_rows.py::test_a_dataset_reads_back_and_changes"),
    "dataset": (ALL, "test_data_rows.py::test_a_dataset_reads_back_and_changes"),
    "datasetDataRows": (ALL, "test_data_rows.py::test_a_dataset_of_many_pages"),
    "upsertDataRows": (versions.UPSERTS, "test_data_rows.py::test_rows_are_upserted"),
    "successesfulDataRowImports": (
        versions.UPSERTS,
        "test_data_rows.py::test_the_result_of_a_task_lists_what_was_made",
    ),
    "failedDataRowImports": (versions.UPSERTS, "test_data_rows.py::test_bad_rows_fail_alone"),
    "appendRowsToDataset": (not versions.UPSERTS, "test_data_rows.py::test_bad_rows_fail_alone"),
    "appendRowsToDatasetSync": (not versions.UPSERTS, "test_data_rows.py::test_rows_are_created_in_one_call"),
    "createDataRow": (not versions.UPSERTS, "test_data_rows.py::test_one_row_is_created_at_once"),
    "dataRow": (ALL, "test_creating.py::test_rows_read_back_as_they_were_created"),
    "queryAllDataRowsHaveBeenProcessed": (ALL, "test_projects.py::test_batches_hold_rows"),
    "dataRowsForGlobalKeys": (ALL, "test_data_rows.py::test_global_keys_are_given_looked_up_and_taken"),
    "dataRowsForGlobalKeysResult": (ALL, "test_data_rows.py::test_global_keys_are_given_looked_up_and_taken"),
    "uploadFile": (ALL, "test_data_rows.py::test_bytes_are_uploaded"),
    # metadata and embeddings
    "customMetadataOntology": (ALL, "test_metadata.py::test_reserved_fields_are_there"),
    "upsertDataRowCustomMetadata": (ALL, "test_metadata.py::test_values_are_written_merged_and_exported"),
    "createEmbedding": (versions.NEWEST, "test_data_rows.py::test_embeddings_are_made_listed_and_deleted"),
    "embeddings": (versions.NEWEST, "test_data_rows.py::test_embeddings_are_made_listed_and_deleted"),
    "deleteEmbedding": (versions.NEWEST, "test_data_rows.py::test_embeddings_are_made_listed_and_deleted"),
    "POST /adv/adv/v1/embeddings": (
        versions.EMBEDDINGS and not versions.NEWEST,
        "test_data_rows.py::test_embeddings_are_made_listed_and_deleted",
    ),
    "GET /adv/adv/v1/embeddings": (
        versions.EMBEDDINGS and not versions.NEWEST,
        "test_data_rows.py::test_embeddings_are_made_listed_and_deleted",
    ),
    "DELETE /adv/adv/v1/embeddings/{id}": (
        versions.EMBEDDINGS and not versions.NEWEST,
        "test_data_rows.py::test_embeddings_are_made_listed_and_deleted",
    ),
    # ontologies
    "upsertOntology": (ALL, "test_projects.py::test_an_ontology_reads_back"),
    "ontology": (ALL, "test_projects.py::test_an_ontology_reads_back"),
    "DELETE /api/v1/ontologies/{id}": (ALL, "test_projects.py::test_a_feature_is_shared_by_ontologies"),
    "DELETE /api/v1/feature-schemas/{id}": (ALL, "test_projects.py::test_a_feature_is_shared_by_ontologies"),
    # projects
    "createProject": (ALL, "test_projects.py::test_a_project_reads_back_and_changes"),
    "updateProject": (ALL, "test_projects.py::test_a_project_reads_back_and_changes"),
    "project": (ALL, "test_projects.py::test_a_project_reads_back_and_changes"),
    "project.ontology": (ALL, "test_projects.py::test_an_ontology_is_connected"),
    "project.labelingFrontend": (ALL, "test_projects.py::test_an_ontology_is_connected"),
    "labelingFrontends": (ALL, "test_projects.py::test_an_ontology_is_connected"),
    "createLabelingFrontendOptions": (ALL, "test_projects.py::test_an_ontology_is_connected"),
    "project.connectOntology": (ALL, "test_projects.py::test_an_ontology_is_connected"),
    "project.labelCount": (versions.NEWEST, "test_projects.py::test_an_ontology_is_connected"),
    "project.issueExportUrl": (ALL, "test_projects.py::test_issues_are_exported"),
    "project.createBatchV2": (ALL, "test_projects.py::test_batches_hold_rows"),
    "project.batches": (ALL, "test_projects.py::test_batches_hold_rows"),
    "project.taskQueues": (ALL, "test_projects.py::test_a_new_project_has_three_queues"),
    "project.createBulkAddRowsToQueueTask": (ALL, "test_projects.py::test_moves_are_exported"),
    "project.labels": (ALL, "test_imports.py::test_labels_are_there_and_prelabels_are_not"),
    # annotation imports
    "createLabelImport": (ALL, "test_imports.py::test_a_good_import_ends_well"),
    "labelImport": (ALL, "test_imports.py::test_an_import_is_found_by_its_name"),
    "createModelAssistedLabelingPredictionImport": (ALL, "test_imports.py::test_a_good_import_ends_well"),
    "modelAssistedLabelingPredictionImport": (ALL, "test_imports.py::test_an_import_is_found_by_its_name"),
    "createModelErrorAnalysisPredictionImport": (ALL, "test_models.py::test_predictions_come_from_files_and_urls"),
    "modelErrorAnalysisPredictionImport": (ALL, "test_models.py::test_predictions_come_from_files_and_urls"),
    # models
    "createModel": (ALL, "test_models.py::test_a_model_reads_back"),
    "model": (ALL, "test_models.py::test_a_model_reads_back"),
    "deleteModels": (ALL, "test_models.py::test_what_is_deleted_is_gone"),
    "createModelRun": (ALL, "test_models.py::test_a_run_reads_back"),
    "modelRun": (ALL, "test_models.py::test_a_run_reads_back"),
    "deleteModelRuns": (ALL, "test_models.py::test_what_is_deleted_is_gone"),
    "createMEAModelRunDataRowRegistrationTask": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "MEADataRowRegistrationTaskStatus": (ALL, "test_models.py::test_what_is_deleted_is_gone"),
    "createMEAModelRunLabelRegistrationTask": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "createMEAModelRunProjectLabelRegistrationTask": (
        ALL,
        "test_creating.py::test_labels_and_predictions_of_a_run_are_exported",
    ),
    "MEALabelRegistrationTaskStatus": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "annotationGroups": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "createAssignDataRowsToDataSplitTask": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "assignDataRowsToDataSplitTaskStatus": (ALL, "test_models.py::test_rows_labels_and_splits_of_a_run"),
    "getSavedQuery": (ALL, "test_projects.py::test_slices_are_read"),
    # what people say of labels
    "createIssue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "updateIssue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "resolveIssue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "openIssue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "deleteIssue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "issue": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "project.issues": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "createIssueCategory": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "editIssueCategory": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "deleteIssueCategory": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "project.issueCategories": (versions.ISSUES, "test_issues.py::test_an_issue_is_raised_changed_and_settled"),
    "createComment": (versions.ISSUES, "test_issues.py::test_an_issue_is_commented_on"),
    "updateComment": (versions.ISSUES, "test_issues.py::test_an_issue_is_commented_on"),
    "deleteComment": (versions.ISSUES, "test_issues.py::test_an_issue_is_commented_on"),
    "issue.comments": (versions.ISSUES, "test_issues.py::test_an_issue_is_commented_on"),
    "createReview": (ALL, "test_issues.py::test_labels_are_reviewed"),
    "updateReview": (ALL, "test_issues.py::test_labels_are_reviewed"),
    "label.reviews": (ALL, "test_issues.py::test_labels_are_reviewed"),
    "project.reviewMetrics": (ALL, "test_issues.py::test_labels_are_reviewed"),
    "createBenchmark": (ALL, "test_issues.py::test_a_label_is_a_benchmark"),
    "deleteBenchmark": (ALL, "test_issues.py::test_a_label_is_a_benchmark"),
    "project.benchmarks": (ALL, "test_issues.py::test_a_label_is_a_benchmark"),
    "project.labelerPerformance": (ALL, "test_issues.py::test_what_labelers_did_is_added_up"),
    "upsertAutoQaLabelFeedback": (versions.FEEDBACK, "test_issues.py::test_a_check_scores_a_label"),
    "labelVersions": (versions.ISSUES, "test_issues.py::test_a_label_has_its_version"),
    "labelVersion": (versions.ISSUES, "test_issues.py::test_a_label_has_its_version"),
    # settings
    "createResourceTag": (ALL, "test_settings.py::test_projects_are_tagged"),
    "organization.resourceTag": (ALL, "test_settings.py::test_projects_are_tagged"),
    "project.updateProjectResourceTags": (ALL, "test_settings.py::test_projects_are_tagged"),
    "project.resourceTags": (versions.TAGS_READ_BACK, "test_settings.py::test_projects_are_tagged"),
    "project.workstreamStateCounts": (versions.OVERVIEWS, "test_settings.py::test_an_overview_has_details"),
    "searchProjects": (versions.DASHBOARDS, "test_settings.py::test_projects_are_searched_for"),
    "getProjectById": (versions.DASHBOARDS, "test_settings.py::test_projects_are_searched_for"),
    "updateResourceTag": (ALL, "test_settings.py::test_projects_are_tagged"),
    "createWebhook": (ALL, "test_settings.py::test_webhooks_are_called"),
    "updateWebhook": (ALL, "test_settings.py::test_webhooks_are_called"),
    "project.webhooks": (ALL, "test_settings.py::test_webhooks_are_called"),
    "organization.webhooks": (ALL, "test_settings.py::test_webhooks_are_called"),
    "createModelConfig": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "deleteModelConfig": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "createProjectModelConfig": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "deleteProjectModelConfig": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "project.projectModelConfigs": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "setProjectModelSetupComplete": (versions.EVALUATIONS, "test_settings.py::test_models_are_configured"),
    "organization.tasks": (versions.ORGANIZATION_TASKS, "test_settings.py::test_tasks_of_everybody_are_listed"),
    "batch": (ALL, "test_settings.py::test_a_batch_says_who_made_it"),
    # people
    "roles": (ALL, "test_people.py::test_a_user_gets_another_role"),
    "user.orgRole": (ALL, "test_people.py::test_a_user_gets_another_role"),
    "organization.users": (ALL, "test_people.py::test_a_user_gets_another_role"),
    "setOrganizationRole": (ALL, "test_people.py::test_a_user_gets_another_role"),
    "updateUser": (ALL, "test_people.py::test_a_user_is_removed"),
    "project.members": (ALL, "test_people.py::test_a_project_has_members"),
    "setProjectMembership": (ALL, "test_people.py::test_a_project_has_members"),
    "deleteProjectMemberships": (versions.MEMBERSHIPS_DELETED, "test_people.py::test_memberships_end_together"),
    "createInvites": (ALL, "test_people.py::test_somebody_is_invited"),
    "invitesLimit": (ALL, "test_people.py::test_somebody_is_invited"),
    "organization.invites": (versions.INVITES_LISTED, "test_people.py::test_invites_are_listed_and_canceled"),
    "project.invites": (versions.INVITES_LISTED, "test_people.py::test_invites_are_listed_and_canceled"),
    "cancelInvite": (versions.INVITES_LISTED, "test_people.py::test_invites_are_listed_and_canceled"),
    "inviteMembers": (versions.MANY_INVITES, "test_people.py::test_many_are_invited_at_once"),
    "userGroup": (versions.GROUPS == "users", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "userGroups": (versions.GROUPS == "users", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "createUserGroup": (versions.GROUPS == "users", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "updateUserGroup": (versions.GROUPS == "users", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "userGroupV2": (versions.GROUPS == "members", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "userGroupsV2": (versions.GROUPS == "members", "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "createUserGroupV3": (versions.GROUP_MEMBERS, "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "updateUserGroupV3": (versions.GROUP_MEMBERS, "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "deleteUserGroup": (versions.GROUPS is not None, "test_people.py::test_a_group_is_made_changed_and_deleted"),
    "addUsersToGroupsV2": (versions.GROUP_MEMBERS, "test_people.py::test_members_of_a_group_come_and_go"),
    "removeUsersFromGroupV2": (versions.GROUP_MEMBERS, "test_people.py::test_members_of_a_group_come_and_go"),
    "importUsersAsCsvToGroup": (versions.GROUP_MEMBERS, "test_people.py::test_members_of_a_group_come_and_go"),
    "getDataRowIdentifiersBySavedModelQuery": (
        versions.MODEL_SLICES,
        "test_projects.py::test_slices_are_read_within_a_model_run",
    ),
    # exports
    "exportDataRowsInProject": (ALL, "test_exports.py::test_every_scope_gives_the_bytes_of_the_command_line"),
    "exportDataRowsInCatalog": (ALL, "test_exports.py::test_every_scope_gives_the_bytes_of_the_command_line"),
    "exportDataRowsInSlice": (ALL, "test_exports.py::test_every_scope_gives_the_bytes_of_the_command_line"),
    "exportDataRowsInModelRun": (ALL, "test_exports.py::test_every_scope_gives_the_bytes_of_the_command_line"),
    "task.exportMetadataHeader": (versions.STREAMS, "test_exports.py::TestStreams::test_header_and_files_agree"),
    "task.exportFileFromOffset": (versions.STREAMS, "test_exports.py::TestStreams::test_header_and_files_agree"),
    "task.exportFileFromLine": (
        versions.STREAMS_BY_LINE,
        "test_exports.py::TestStreams::test_lines_are_read_from_any_line_and_offset",
    ),
    "GET /api/v1/export-results/{id}/{id}": (versions.STREAMS, "test_exports.py::test_the_whole_file_is_at_its_url"),
    "GET /api/v1/export-errors/{id}/{id}": (versions.STREAMS, "test_operations.py::test_errors_have_a_whole_file_too"),
    # exports of the first format
    "exportLabels": (versions.LEGACY, "test_legacy.py::test_labels_are_downloaded"),
    "exportModelRunAnnotations": (versions.LEGACY, "test_legacy.py::test_labels_of_a_run_are_downloaded"),
    "exportDatasetDataRows": (versions.LEGACY, "test_legacy.py::test_rows_of_a_dataset_and_of_a_batch_are_exported"),
    "exportBatchDataRows": (versions.LEGACY, "test_legacy.py::test_rows_of_a_dataset_and_of_a_batch_are_exported"),
    "exportQueuedDataRows": (versions.LEGACY, "test_legacy.py::test_rows_that_wait_are_exported"),
}


def test_fields_are_found_in_texts() -> None:
    """What the table is compared with, on texts as the SDK writes them."""

    def check(text: str, expected: list[str]) -> None:
        assert operations(text) == expected

    check(
        "query APyApi($p: ID!){project(where: {id: $p}){id labels(skip: 0 first: 100){id}}}",
        ["project", "project.id", "project.labels"],
    )
    check('mutation M {a(data: {b: "} {c"}) {id}, d}', ["a", "a.id", "d"])
    check("{user{id}}", ["user", "user.id"])


def test_errors_have_a_whole_file_too(client: object, server: Server, image: object) -> None:
    """The URL that the client builds for errors opens; without errors it is empty."""
    task = image.project.export_v2()
    task.wait_till_done()
    url = f"{server.url}/api/v1/export-errors/{task.uid}/{client.get_organization().uid}"
    response = requests.get(url, timeout=30)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"].startswith("application/x-ndjson")


def test_every_operation_names_a_test(request: pytest.FixtureRequest) -> None:
    """A test that is renamed has to be renamed in the table."""
    names = {item.nodeid.partition("[")[0].rpartition("/")[2] for item in request.session.items}
    if not is_whole(request):
        pytest.skip("only a part of the suite was asked for")
    missing = {test for _, test in OPERATIONS.values() if test not in names}
    assert not missing


def test_every_operation_was_sent(request: pytest.FixtureRequest, traffic: Traffic) -> None:
    """No operation of the table is claimed and never used."""
    if not is_whole(request):
        pytest.skip("only a part of the suite was asked for")
    missing = [name for name, (is_there, _) in OPERATIONS.items() if is_there and name not in traffic.operations]
    assert not missing


def test_the_server_was_never_to_blame(traffic: Traffic) -> None:
    """Nothing that this session asked for, bad input included, was answered with 500 or above."""
    assert not {status for status in traffic.statuses if status >= 500}


def is_whole(request: pytest.FixtureRequest) -> bool:
    """Whether every file of the suite takes part."""
    config = request.config
    files = {item.path.name for item in request.session.items}
    expected = {path.name for path in config.rootpath.glob("test_*.py")}
    return files >= expected and not config.option.keyword
