//! Projects.

pub use labelport_store::tables::projects::Project;

use super::ontology;
use super::queues::QUEUES;
use crate::catalog::media_type;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::id::OntologyId;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::ontologies::{self, Ontology};
use labelport_store::tables::projects::{self, NewProject};
use labelport_store::write::changes;
use labelport_store::write::removal;
use serde_json::{Map, Value, json};

/// The `editorTaskType` of projects in which people chat with models and evaluate them.
pub const CHAT_EVALUATION: &str = "MODEL_CHAT_EVALUATION";

/// What the SDK sets of a project and reads back, null where nobody set it, with the type that it has.
const SETTINGS: [(&str, Setting); 10] = [
    ("autoAuditNumberOfLabels", Setting::Number),
    ("autoAuditPercentage", Setting::Number),
    ("editorTaskType", Setting::Text),
    ("isBenchmarkEnabled", Setting::Flag),
    ("isConsensusEnabled", Setting::Flag),
    ("labelingFrontendId", Setting::Text),
    ("modelSetupComplete", Setting::Flag),
    ("setupComplete", Setting::Text),
    ("uploadType", Setting::Text),
    ("projectInstructions", Setting::Text),
];

/// The type of a setting.
#[derive(Debug, Clone, Copy)]
enum Setting {
    Flag,
    Number,
    Text,
}

impl Setting {
    /// Fails unless a value, which is not null, is of the type.
    fn check(self, key: &str, value: &Value) -> Result<(), Problem> {
        let name = format!("data.{key}");
        match self {
            Self::Flag => given::flag(&name, value).map(drop),
            Self::Number if value.is_number() => Ok(()),
            Self::Number => Err(given::wrong(&name, "a number", value)),
            Self::Text => given::text(&name, value).map(drop),
        }
    }
}

/// Creates a project, with the queues of its workflow and an empty ontology.
pub fn create(workspace: &Workspace, caller: &Caller, data: &Value) -> Result<Project, Problem> {
    let name = given::text("data.name", &data["name"])?;
    crate::catalog::dataset::check_name("project", name)?;
    let new = NewProject {
        id: workspace.chance().cuid(),
        name: name.to_owned(),
        description: find_text(data, "description")?.map(str::to_owned),
        media_type: find_text(data, "allowedMediaType")?.map(media_type::read).transpose()?,
        settings: Value::Object(settings_of(data)?).to_string(),
        created_by: Some(caller.user.key),
        now: workspace.now(),
    };
    let ontology_id = OntologyId::parse(&workspace.chance().cuid()).map_err(Problem::internal)?;
    let queue_ids = QUEUES.map(|_| workspace.chance().uuid());
    let (org_key, id) = (workspace.org_key(), new.id.clone());
    workspace.write(move |connection| {
        let key = projects::create(connection, org_key, &new)?;
        let ontology_key = ontology::create_empty(connection, org_key, (&ontology_id, &new.name), new.now)?;
        for ((name, kind, _), id) in QUEUES.iter().zip(&queue_ids) {
            projects::create_queue(connection, key, id, name, kind)?;
        }
        let created = projects::find_by_key(connection, org_key, key)?;
        if let Some(created) = created {
            let project = Project { ontology_key: Some(ontology_key), ..created };
            projects::update(connection, &project, new.now)?;
        }
        Ok(())
    })?;
    get(workspace, &id)
}

fn find_text<'a>(data: &'a Value, key: &str) -> Result<Option<&'a str>, Problem> {
    given::find_text(&format!("data.{key}"), &data[key])
}

fn settings_of(data: &Value) -> Result<Map<String, Value>, Problem> {
    let mut settings = Map::new();
    for (key, setting) in SETTINGS {
        let value = &data[key];
        if !value.is_null() {
            setting.check(key, value)?;
            settings.insert(key.to_owned(), normal(value));
        }
    }
    Ok(settings)
}

/// Returns a setting as it is read back: the SDK reads no time without a fraction, and sends some.
fn normal(value: &Value) -> Value {
    match value.as_str().and_then(Timestamp::parse_export) {
        Some(time) => json!(wire_time(time)),
        None => value.clone(),
    }
}

/// Returns what the SDK set of a project, with null for what nobody set.
pub fn settings(project: &Project) -> Map<String, Value> {
    let stored: Value =
        project.settings.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    SETTINGS.iter().map(|(key, _)| ((*key).to_owned(), stored[*key].clone())).collect()
}

/// Returns a project.
pub fn get(workspace: &Workspace, id: &str) -> Result<Project, Problem> {
    let found = workspace.read(|connection| Ok(projects::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("project", id))
}

/// Lists the projects, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Project>, Problem> {
    workspace.read(|connection| Ok(projects::list(connection, workspace.org_key())?))
}

/// Changes the parts of a project that are given.
pub fn update(workspace: &Workspace, id: &str, data: &Value) -> Result<Project, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let (id, data) = (id.to_owned(), data.clone());
    // Read where it is written: of two changes at once neither is lost.
    let key = workspace.write(move |connection| {
        let mut project = find_in(connection, org_key, &id)?;
        let is_renamed = change(&mut project, &data)?;
        projects::update(connection, &project, now)?;
        if is_renamed {
            projects::touch_rows(connection, org_key, project.key)?;
        }
        Ok(project.id)
    })?;
    get(workspace, &key)
}

/// Finds a project in a transaction.
fn find_in(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Project, Problem> {
    projects::find(connection, org_key, id)?.ok_or_else(|| Problem::not_found("project", id))
}

/// Changes the parts that are given; returns whether the name is another one.
fn change(project: &mut Project, data: &Value) -> Result<bool, Problem> {
    let is_renamed = match find_text(data, "name")? {
        Some(name) if name != project.name => {
            crate::catalog::dataset::check_name("project", name)?;
            name.clone_into(&mut project.name);
            true
        }
        _ => false,
    };
    if let Some(description) = find_text(data, "description")? {
        project.description = Some(description.to_owned());
    }
    if let Some(media_type) = find_text(data, "allowedMediaType")? {
        project.media_type = Some(media_type::read(media_type)?);
    }
    let mut settings = settings(project);
    settings.extend(settings_of(data)?);
    settings.retain(|_, value| !value.is_null());
    project.settings = Some(Value::Object(settings).to_string());
    Ok(is_renamed)
}

/// Deletes a project with its batches and labels. Its rows stay in their datasets.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (project, org_key, now) = (get(workspace, id)?, workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        removal::remove_project(connection, org_key, change_seq, project.key)?;
        Ok(projects::mark_deleted(connection, project.key, now)?)
    })
}

/// Returns the ontology of a project.
pub fn find_ontology(workspace: &Workspace, project: &Project) -> Result<Option<Ontology>, Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| Ok(ontology::normalized_of(connection, org_key, project.ontology_key)?));
    let instructions = settings(project)["projectInstructions"].clone();
    found.map(|found| {
        found.map(|mut found| {
            // The SDK looks for the instructions of a project in its ontology.
            if instructions.is_string() {
                let mut normalized = ontology::normalized(&found);
                normalized["projectInstructions"] = instructions;
                found.normalized = Some(normalized.to_string());
            }
            found
        })
    })
}

/// Gives a project another ontology, and says that it is set up.
pub fn connect_ontology(workspace: &Workspace, id: &str, ontology_id: &str) -> Result<Project, Problem> {
    get(workspace, id)?;
    let ontology = ontology::get(workspace, ontology_id)?;
    let (org_key, now, project_id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let project = find_in(connection, org_key, &project_id)?;
        connect(connection, org_key, project, &ontology, now)
    })?;
    get(workspace, id)
}

fn connect(
    connection: &mut dyn Connection,
    org_key: i64,
    mut project: Project,
    ontology: &Ontology,
    now: Timestamp,
) -> Result<(), Problem> {
    let mut settings = settings(&project);
    settings.insert("setupComplete".to_owned(), json!(wire_time(now)));
    settings.retain(|_, value| !value.is_null());
    project.settings = Some(Value::Object(settings).to_string());
    project.ontology_key = Some(ontology.key);
    projects::update(connection, &project, now)?;
    projects::rename_ontology_in_rows(connection, org_key, project.key, &ontology.id)?;
    Ok(())
}

/// Gives a project the ontology that comes with the set-up of its editor.
pub fn set_up(workspace: &Workspace, id: &str, ontology_json: &str) -> Result<Project, Problem> {
    let (org_key, now, chance) = (workspace.org_key(), workspace.now(), workspace.shared_chance());
    let (project_id, ontology_json) = (id.to_owned(), ontology_json.to_owned());
    workspace.write(move |connection| {
        let project = find_in(connection, org_key, &project_id)?;
        let normalized = ontology::complete_for(connection, org_key, &ontology_json, (&*chance, now))?;
        let ontology = match project.ontology_key {
            Some(key) => ontologies::find_by_key(connection, org_key, key)?,
            None => None,
        };
        let ontology = ontology.ok_or_else(|| Problem::not_found("ontology of the project", &project.id))?;
        ontology::replace(connection, org_key, &ontology, &normalized, now)?;
        connect(connection, org_key, project, &ontology, now)
    })?;
    get(workspace, id)
}

/// Copies the settings and the ontology of a project, without its rows.
pub fn clone(workspace: &Workspace, caller: &Caller, id: &str) -> Result<Project, Problem> {
    let original = get(workspace, id)?;
    let mut data = Value::Object(settings(&original));
    data["name"] = json!(format!("{} (copy)", original.name));
    data["description"] = json!(original.description);
    data["allowedMediaType"] = json!(original.media_type);
    let copy = create(workspace, caller, &data)?;
    match &original.ontology_id {
        Some(ontology_id) => connect_ontology(workspace, &copy.id, ontology_id),
        None => Ok(copy),
    }
}

/// Returns a time as the SDK reads it.
pub fn wire_time(time: Timestamp) -> String {
    time.to_string().replace("+00:00", "Z")
}

/// Finds a project by its key.
pub fn find_by_key(workspace: &Workspace, key: i64) -> Result<Option<Project>, Problem> {
    workspace.read(|connection| Ok(projects::find_by_key(connection, workspace.org_key(), key)?))
}

/// Counts the rows of a project.
pub fn count_rows(workspace: &Workspace, key: i64) -> Result<i64, Problem> {
    workspace.read(|connection| Ok(projects::count_rows(connection, key)?))
}

/// Returns when something last happened in a project, in milliseconds; `None` if nothing has.
pub fn find_activity(workspace: &Workspace, key: i64) -> Result<Option<i64>, Problem> {
    workspace.read(|connection| Ok(projects::find_activity(connection, key)?))
}

/// Returns the label that was selected for a row in a project, if one was.
pub fn find_selected_label(workspace: &Workspace, key: i64, row_key: i64) -> Result<Option<String>, Problem> {
    let row = workspace.read(|connection| Ok(projects::find_row(connection, key, row_key)?))?;
    let details: Value =
        row.and_then(|row| row.details).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(details["selected_label_id"].as_str().map(str::to_owned))
}
