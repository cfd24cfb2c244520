//! What the SDK asks for and this server does not have: the one list, with what to do instead.
//!
//! An operation that is listed here answers with its sentence, in the error that the SDK raises for what is not allowed,
//! whatever else the text asks for. The list in `docs/server.md` is made of it, and the suite in `tests/sdk` compares it
//! with the sources of the SDK: what a version can send is in the schema or here.
//!
//! # Adding an operation
//! A line in the entry that it belongs to, or an entry. An operation that is there goes out of the list: a test fails
//! where the schema has a field that is listed.

use labelport_model::problem::{Problem, ProblemKind};

/// Some operations that are not there for one reason.
pub(crate) struct Absent {
    /// What they are about, as a title.
    pub(crate) what: &'static str,
    /// The fields, as `Type.field`, in order.
    pub(crate) fields: &'static [&'static str],
    /// The paths of REST, with any method.
    pub(crate) paths: &'static [&'static str],
    /// What to do instead, in a sentence.
    pub(crate) instead: &'static str,
}

/// Everything that is not there, by title.
pub(crate) static ABSENT: &[Absent] = &[
    Absent {
        what: "API keys",
        fields: &[
            "Mutation.createApiKey",
            "Mutation.updateApiKey",
            "Query.organizationRole",
            "User.apiKeys",
            "User.apiKeysOtherUsers",
        ],
        paths: &[],
        instead: "API keys are made, listed and revoked on the machine of the server, with `labelport key`.",
    },
    Absent {
        what: "Assignments and workflows",
        fields: &[
            "Mutation.bulkAssignDataRows",
            "Mutation.updateProjectWorkflow",
            "Mutation.upsertReviewQueue",
            "Query.projectWorkflow",
        ],
        paths: &[],
        instead: "Nobody labels on this server, so that rows are assigned to nobody and a project keeps the queues that it \
                  began with; `project.move_data_rows_to_task_queue(...)` moves rows between them.",
    },
    Absent {
        what: "Buckets",
        fields: &[
            "Mutation.clearSignerForDataset",
            "Mutation.createAwsIamIntegration",
            "Mutation.createAzureIamIntegration",
            "Mutation.createGcpIamIntegration",
            "Mutation.setDefaultIamIntegration",
            "Mutation.setSignerForDataset",
            "Mutation.updateAwsIamIntegration",
            "Mutation.updateAzureIamIntegration",
            "Mutation.updateGcpIamIntegration",
            "Mutation.validateDataset",
            "Mutation.validateIamIntegration",
        ],
        paths: &[],
        instead: "The server has no access to buckets: give data rows URLs that it can open, such as signed ones, or upload \
                  the files with `client.upload_file(...)`.",
    },
    Absent {
        what: "Changes of labels",
        fields: &["Mutation.updateLabel"],
        paths: &[],
        instead: "A label is not changed in place: delete it with `label.delete()`, and import its annotations again.",
    },
    Absent {
        what: "Datasets of projects",
        fields: &["Dataset.projects"],
        paths: &[],
        instead: "A project has its rows from batches, not from datasets: see `project.batches()`.",
    },
    Absent {
        what: "Editor options",
        fields: &["Query.labelingFrontendOptions"],
        paths: &[],
        instead: "The options of a project's editor are its ontology: read it with `project.ontology()`.",
    },
    Absent {
        what: "Foundry",
        fields: &[
            "Mutation.createModelFoundryApp",
            "Mutation.createModelJobForDataRows",
            "Mutation.deleteModelFoundryApp",
            "Query.findModelFoundryApp",
            "Query.modelFoundryModelRunInfo",
        ],
        paths: &[],
        instead: "No model runs on this server: run yours anywhere, and import what it predicts with \
                  `model_run.add_predictions(...)`.",
    },
    Absent {
        what: "Hired labelers",
        fields: &[
            "Mutation.upsertProjectBoostWorkforce",
            "Mutation.validateAndRequestProjectBoostWorkforce",
            "Query.projectBoostWorkforce",
        ],
        paths: &[],
        instead: "Nobody can be hired here: label elsewhere, and bring the labels with `LabelImport`.",
    },
    Absent {
        what: "History of user groups",
        fields: &["Mutation.continueAddUsersToGroupBatch", "Query.userGroupAuditEvents"],
        paths: &[],
        instead: "A group is changed at once and keeps no history; `group.list_members()` says who is in it.",
    },
    Absent {
        what: "Performance pages",
        fields: &[],
        paths: &["/api/v1/performance/{*rest}"],
        instead: "No history of work is kept; `project.labeler_performance()`, `project.review_metrics(...)` and \
                  `project.get_overview()` add up what the labels say.",
    },
    Absent {
        what: "Synchronized projects",
        fields: &["Mutation.syncExternalProject"],
        paths: &[],
        instead: "No project elsewhere is followed: bring labels with `LabelImport`, and move rows with \
                  `project.move_data_rows_to_task_queue(...)`.",
    },
];

/// Finds the problem with a field that is not there.
pub(crate) fn find(of: &str, name: &str) -> Option<Problem> {
    let is_field = |field: &&str| field.split_once('.') == Some((of, name));
    ABSENT.iter().find(|absent| absent.fields.iter().any(is_field)).map(problem)
}

/// Returns what a caller is answered who asks for something that is not there.
pub(crate) fn problem(absent: &Absent) -> Problem {
    Problem::new(ProblemKind::NotAllowed, format!("{}: {}", absent.what, absent.instead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::has_field;

    const PAGE: &str = "../../docs/server.md";
    const BEGIN: &str = "<!-- What is not there: made by a test of crates/server -->\n";
    const END: &str = "<!-- End of what is not there -->\n";

    /// Writes the list as a table.
    fn table() -> String {
        let mut text = "| not there | instead |\n|---|---|\n".to_owned();
        for Absent { what, fields, paths, instead } in ABSENT {
            let fields = fields.iter().map(|field| field.split_once('.').map_or(*field, |(_, name)| name));
            let mut names: Vec<String> = fields.map(|name| format!("`{name}`")).collect();
            names.extend(paths.iter().map(|path| format!("`{}`", path.replace("{*rest}", "…"))));
            text.push_str(&format!("| {what}: {} | {instead} |\n", names.join(", ")));
        }
        text
    }

    #[test]
    fn the_list_is_in_order_and_in_sentences() {
        assert!(ABSENT.is_sorted_by(|one, next| one.what < next.what));
        for Absent { what, fields, paths, instead } in ABSENT {
            assert!(fields.is_sorted_by(|one, next| one < next), "{what}");
            assert!(instead.ends_with('.') && !instead.contains('|'), "{what}");
            assert!(fields.len() + paths.len() > 0, "{what}");
        }
    }

    #[test]
    fn nothing_that_is_there_is_listed() {
        for field in ABSENT.iter().flat_map(|absent| absent.fields) {
            let (of, name) = field.split_once('.').unwrap();
            assert!(!has_field(of, name), "{field} is there: take it out of ABSENT");
        }
    }

    #[test]
    fn the_page_and_the_golden_have_the_list() {
        let text = std::fs::read_to_string(PAGE).unwrap();
        let begin = text.find(BEGIN).unwrap_or_else(|| panic!("{PAGE} has no line {BEGIN}")) + BEGIN.len();
        let end = text.find(END).unwrap_or_else(|| panic!("{PAGE} has no line {END}"));
        let golden: String = ABSENT.iter().flat_map(|absent| absent.fields).map(|field| format!("{field}\n")).collect();
        let list = "golden/absent.txt";
        if std::env::var_os("LABELPORT_BLESS").is_some() {
            std::fs::write(PAGE, format!("{}{}{}", &text[..begin], table(), &text[end..])).unwrap();
            std::fs::write(list, golden).unwrap();
            return;
        }
        assert!(text[begin..end] == table(), "{PAGE} has another list; `cargo xtask bless` writes it anew");
        let reviewed = std::fs::read_to_string(list).unwrap_or_default();
        assert!(reviewed == golden, "{list} is another; `cargo xtask bless` writes it anew");
    }
}
