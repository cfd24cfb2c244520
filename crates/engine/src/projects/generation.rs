//! Projects whose rows are made with them: people write prompts and responses, or chat with models, from nothing.

use super::batch;
use super::named_rows::NamedRows;
use super::project::{self, CHAT_EVALUATION, Project};
use super::workflow;
use crate::catalog::{dataset, row_import};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// How many rows are made where nobody says.
const DEFAULT_ROWS: i64 = 100;
/// The most rows that are made with a project, in one call.
const ROWS_LIMIT: i64 = 10_000;
/// How many rows are made in one transaction.
const PORTION: usize = 500;
/// The name of the batch with the rows.
const BATCH: &str = "Generated rows";
/// Media types whose projects begin with empty rows.
const PROMPTS: [&str; 2] = ["LLM_PROMPT_CREATION", "LLM_PROMPT_RESPONSE_CREATION"];

/// Creates a project, and the rows that it is to begin with: in a new dataset, or in one that is there. All that can be
/// wrong is found before anything is made.
pub fn create(workspace: &Workspace, caller: &Caller, data: &Value) -> Result<Project, Problem> {
    let mut data = data.clone();
    let is_chat = data["editorTaskType"] == CHAT_EVALUATION;
    if is_chat && data["setupComplete"].is_null() {
        // The editor of such a project is not chosen, so that the SDK does not set it up.
        data["setupComplete"] = json!(project::wire_time(workspace.now()));
    }
    let Some(named) = given::find_text("data.datasetNameOrId", &data["datasetNameOrId"])? else {
        return project::create(workspace, caller, &data);
    };
    let media_type = given::find_text("data.allowedMediaType", &data["allowedMediaType"])?.unwrap_or_default();
    let content = Content::of(is_chat, &media_type.to_ascii_uppercase())?;
    let count = read_count(&data["dataRowCount"])?;
    let is_known = given::flag("data.appendToExistingDataset", &data["appendToExistingDataset"])?;
    match is_known {
        true => drop(dataset::get(workspace, named)?),
        false => dataset::check_name("dataset", named)?,
    }
    let named = named.to_owned();
    data["uploadType"] = json!("AUTO");
    let project = project::create(workspace, caller, &data)?;
    let dataset_id = match is_known {
        true => named,
        false => dataset::create(workspace, caller, &named, None)?.id,
    };
    let mut ids = Vec::new();
    while ids.len() < count {
        let numbers = ids.len() + 1..=count.min(ids.len() + PORTION);
        let portion = numbers.map(|number| content.payload(number)).collect();
        ids.extend(row_import::create_many(workspace, caller, &dataset_id, portion)?);
    }
    let creation =
        batch::Creation { name: BATCH.to_owned(), priority: workflow::DEFAULT_PRIORITY, consensus: Value::Null };
    batch::create(workspace, caller, &project, &creation, &NamedRows { ids, global_keys: Vec::new() })?;
    project::get(workspace, &project.id)
}

/// What the rows of such a project are.
enum Content {
    /// A conversation in which nothing has been said.
    Chat,
    /// The number of a prompt that somebody is to write, for a media type.
    Prompt(String),
}

impl Content {
    fn of(is_chat: bool, media_type: &str) -> Result<Self, Problem> {
        if is_chat {
            return Ok(Self::Chat);
        }
        if PROMPTS.contains(&media_type) {
            return Ok(Self::Prompt(media_type.to_owned()));
        }
        let message = format!(
            "rows are made with projects of {} and of {CHAT_EVALUATION} only; create the rows of others with \
             dataset.create_data_rows",
            PROMPTS.join(", ")
        );
        Err(Problem::malformed(message))
    }

    fn payload(&self, number: usize) -> Value {
        match self {
            Self::Chat => {
                let chat = json!({ "type": "application/vnd.labelbox.conversational", "version": 1, "messages": [] });
                json!({ "row_data": chat, "media_type": "CONVERSATIONAL" })
            }
            Self::Prompt(media_type) => json!({ "row_data": format!("Prompt {number}"), "media_type": media_type }),
        }
    }
}

fn read_count(given: &Value) -> Result<usize, Problem> {
    let count = if given.is_null() { Some(DEFAULT_ROWS) } else { given.as_i64() };
    let count = count.filter(|count| (1..=ROWS_LIMIT).contains(count)).and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| given::wrong("data.dataRowCount", &format!("a number from 1 to {ROWS_LIMIT}"), given))
}
