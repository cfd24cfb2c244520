//! Parameters: which optional sections an export contains.
//!
//! Every parameter is off by default. APIs iterate over the table [`PARAMS`]; the pipeline reads the fields of
//! [`Params`].
//!
//! # Adding a parameter
//! One field of [`Params`] and one line in [`PARAMS`].

use super::ScopeKind::{self, Catalog, Dataset, ModelRun, Project, Rows, Slice};
use super::error::{OptionName, RequestError};
use super::print;
use crate::data_type::{self, DATA_TYPES};
use crate::filter::sorted;
use crate::input::{Input, InputError};
use crate::json::ObjectWriter;
use crate::quote::Quoted;

/// The maximum number of projects, and of model runs, in one request.
pub const NAMED_LIMIT: usize = 30;

const EVERY: &[ScopeKind] = &[Project, Dataset, Rows, Slice, ModelRun, Catalog];
const LABELLED: &[ScopeKind] = &[Project, Dataset, Rows, Slice, Catalog];
const ACROSS: &[ScopeKind] = &[Dataset, Rows, Slice, Catalog];

const ALL_MODEL_RUNS: OptionName = OptionName { name: "all_model_runs", flag: "--all-model-runs" };
const ALL_PROJECTS: OptionName = OptionName { name: "all_projects", flag: "--all-projects" };
const MODEL_RUN_IDS: OptionName = OptionName { name: "model_run_ids", flag: "--model-run-ids" };
const PROJECT_IDS: OptionName = OptionName { name: "project_ids", flag: "--project-ids" };

/// The parameters of one export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    /// `attachments` of each row.
    pub attachments: bool,
    /// `metadata_fields` of each row.
    pub metadata_fields: bool,
    /// `embeddings` of each row.
    pub embeddings: bool,
    /// `data_row.details`.
    pub data_row_details: bool,
    /// `project_details` in each project.
    pub project_details: bool,
    /// `label_details` in each label.
    pub label_details: bool,
    /// `performance_details` in each label.
    pub performance_details: bool,
    /// Every frame of a video segment, not only its key frames.
    pub interpolated_frames: bool,
    /// `predictions` in each model run.
    pub predictions: bool,
    /// Accepted without effect: the SDK sends it for model runs, and it is unknown what it adds to a row.
    pub model_run_details: bool,
    /// The projects whose labels a row contains, at most [`NAMED_LIMIT`].
    pub project_ids: Vec<String>,
    /// The model runs that a row contains, at most [`NAMED_LIMIT`].
    pub model_run_ids: Vec<String>,
    /// Every project of the row.
    pub all_projects: bool,
    /// Every model run of the row.
    pub all_model_runs: bool,
    /// The media type that rows are treated as, in capitals. Adds nothing to a row.
    pub media_type_override: Option<String>,
}

/// A line in the table of parameters.
#[derive(Debug)]
pub struct Param {
    /// The SDK's name and the flag.
    pub option: OptionName,
    /// The key in the `params` of the GraphQL mutations.
    pub wire: &'static str,
    /// One sentence about what it does.
    pub summary: &'static str,
    /// The scopes to which it applies.
    pub scopes: &'static [ScopeKind],
    /// The field of its value in [`Params`].
    pub field: ParamField,
}

/// The field of a parameter, by the kind of its value.
#[derive(Debug)]
pub enum ParamField {
    /// On or off.
    Switch {
        /// Reads the field.
        get: fn(&Params) -> bool,
        /// Writes the field.
        set: fn(&mut Params, bool),
    },
    /// A list of ids; empty if it is not given.
    Ids {
        /// Reads the field.
        get: fn(&Params) -> &[String],
        /// Writes the field.
        set: fn(&mut Params, Vec<String>),
    },
    /// A media type of the vendor.
    MediaType {
        /// Reads the field.
        get: fn(&Params) -> Option<&str>,
        /// Writes the field.
        set: fn(&mut Params, Option<String>),
    },
}

macro_rules! param {
    ($field:ident, $flag:literal, $wire:literal, $scopes:expr, $value:ident, $summary:literal) => {
        Param {
            option: OptionName { name: stringify!($field), flag: $flag },
            wire: $wire,
            summary: $summary,
            scopes: $scopes,
            field: param!($value $field),
        }
    };
    (Switch $field:ident) => {
        ParamField::Switch { get: |params| params.$field, set: |params, value| params.$field = value }
    };
    (Ids $field:ident) => {
        ParamField::Ids { get: |params| &params.$field, set: |params, value| params.$field = value }
    };
    (MediaType $field:ident) => {
        ParamField::MediaType { get: |params| params.$field.as_deref(), set: |params, value| params.$field = value }
    };
}

/// Every parameter, in the order of the vendor's documentation.
#[rustfmt::skip]
pub static PARAMS: &[Param] = &[
    param!(attachments, "--attachments", "includeAttachments", EVERY, Switch,
        "Adds the attachments of each data row."),
    param!(metadata_fields, "--metadata-fields", "includeMetadata", EVERY, Switch,
        "Adds the metadata of each data row."),
    param!(embeddings, "--embeddings", "includeEmbeddings", EVERY, Switch,
        "Adds the embeddings of each data row."),
    param!(data_row_details, "--data-row-details", "includeDataRowDetails", EVERY, Switch,
        "Adds dataset, times and creator of each data row."),
    param!(project_details, "--project-details", "includeProjectDetails", LABELLED, Switch,
        "Adds ontology, task, batch and workflow status of each data row in a project."),
    param!(label_details, "--label-details", "includeLabelDetails", LABELLED, Switch,
        "Adds times, creator and reviews of each label."),
    param!(performance_details, "--performance-details", "includePerformanceDetails", LABELLED, Switch,
        "Adds times spent and scores of each label."),
    param!(interpolated_frames, "--interpolated-frames", "includeInterpolatedFrames", EVERY, Switch,
        "Adds the frames between the key frames of a video."),
    param!(predictions, "--predictions", "includePredictions", &[Dataset, Slice, ModelRun, Catalog], Switch,
        "Adds the predictions of each model run."),
    param!(model_run_details, "--model-run-details", "includeModelRunDetails", &[ModelRun], Switch,
        "Accepted for compatibility; adds nothing."),
    param!(project_ids, "--project-ids", "projectIds", ACROSS, Ids,
        "Adds the labels of these projects, at most 30."),
    param!(model_run_ids, "--model-run-ids", "modelRunIds", ACROSS, Ids,
        "Adds these model runs, at most 30."),
    param!(all_projects, "--all-projects", "allProjects", ACROSS, Switch,
        "Adds the labels of every project that a data row is in."),
    param!(all_model_runs, "--all-model-runs", "allModelRuns", ACROSS, Switch,
        "Adds every model run that a data row is in."),
    param!(media_type_override, "--media-type-override", "mediaTypeOverride", EVERY, MediaType,
        "Treats data rows as this media type."),
];

impl Param {
    /// Returns whether a request gives the parameter a value of its own.
    pub fn is_given(&self, params: &Params) -> bool {
        match &self.field {
            ParamField::Switch { get, .. } => get(params),
            ParamField::Ids { get, .. } => !get(params).is_empty(),
            ParamField::MediaType { get, .. } => get(params).is_some(),
        }
    }

    fn read(&self, input: &Input<'_>, params: &mut Params) -> Result<(), InputError> {
        match &self.field {
            ParamField::Switch { set, .. } => set(params, input.boolean()?),
            ParamField::Ids { set, .. } => set(params, sorted(input.texts()?)),
            ParamField::MediaType { set, .. } => {
                set(params, Some(input.choose(find_media_type, &media_types())?.to_owned()));
            }
        }
        Ok(())
    }

    fn write(&self, params: &Params, out: &mut Vec<u8>) {
        match &self.field {
            ParamField::Switch { get, .. } => out.extend_from_slice(if get(params) { b"true" } else { b"false" }),
            ParamField::Ids { get, .. } => print::texts(Some(&sorted(get(params).to_vec())), out),
            ParamField::MediaType { get, .. } => print::text(get(params), out),
        }
    }
}

impl Params {
    /// Returns every section that a scope can have. Lists of ids and the media type stay unset.
    pub fn everything(scope: ScopeKind) -> Self {
        let mut params = Self::default();
        for param in PARAMS.iter().filter(|param| param.scopes.contains(&scope)) {
            if let ParamField::Switch { set, .. } = &param.field {
                set(&mut params, true);
            }
        }
        params
    }

    /// Reads the `params` of the SDK's mutations. Unknown keys are ignored, since every version of the SDK sends
    /// different ones; absent and null mean off.
    pub fn read_wire(input: &Input<'_>) -> Result<Self, InputError> {
        input.object()?;
        Self::read_keys(input, |param| param.wire)
    }

    /// Returns the parameters that apply to a scope. The SDK sends the same switches for every scope, and the vendor
    /// ignores those that do not apply.
    pub(super) fn kept_for(self, scope: ScopeKind) -> Self {
        let mut kept = self;
        for param in PARAMS.iter().filter(|param| !param.scopes.contains(&scope)) {
            match &param.field {
                ParamField::Switch { set, .. } => set(&mut kept, false),
                ParamField::Ids { set, .. } => set(&mut kept, Vec::new()),
                ParamField::MediaType { set, .. } => set(&mut kept, None),
            }
        }
        kept
    }

    /// Reads an object with the SDK's names. An unknown key is an error; absent and null mean off.
    pub fn read(input: &Input<'_>) -> Result<Self, InputError> {
        let names: Vec<&str> = PARAMS.iter().map(|param| param.option.name).collect();
        input.only(&names)?;
        Self::read_keys(input, |param| param.option.name)
    }

    pub(super) fn check(&self, scope: ScopeKind) -> Result<(), RequestError> {
        for param in PARAMS.iter().filter(|param| param.is_given(self)) {
            let option = param.option;
            if !param.scopes.contains(&scope) {
                return Err(RequestError::OutOfScope { option, scope, applies: param.scopes });
            }
            match &param.field {
                ParamField::Ids { get, .. } if get(self).len() > NAMED_LIMIT => {
                    let count = get(self).len();
                    return Err(RequestError::Count { option, count, least: 1, most: NAMED_LIMIT });
                }
                ParamField::MediaType { get, .. } => check_media_type(option, get(self))?,
                _ => {}
            }
        }
        let contradictions = [
            (self.all_projects && !self.project_ids.is_empty(), ALL_PROJECTS, PROJECT_IDS),
            (self.all_model_runs && !self.model_run_ids.is_empty(), ALL_MODEL_RUNS, MODEL_RUN_IDS),
        ];
        match contradictions.into_iter().find(|(is_given, ..)| *is_given) {
            Some((_, option, other)) => Err(RequestError::Together { option, other }),
            None => Ok(()),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        for param in PARAMS {
            param.write(self, object.key(param.option.name));
        }
        object.close();
    }

    fn read_keys(input: &Input<'_>, key: fn(&Param) -> &'static str) -> Result<Self, InputError> {
        let mut params = Self::default();
        for param in PARAMS {
            if let Some(value) = input.find(key(param)) {
                param.read(&value, &mut params)?;
            }
        }
        Ok(params)
    }
}

/// Lists the media types that rows can be treated as.
pub fn media_types() -> Vec<&'static str> {
    DATA_TYPES.iter().flat_map(|data_type| data_type.media_types).copied().collect()
}

/// Finds a media type by its name, in any case.
pub fn find_media_type(text: &str) -> Option<&'static str> {
    let data_type = data_type::find_by_media_type(text)?;
    data_type.media_types.iter().copied().find(|known| known.eq_ignore_ascii_case(text))
}

fn check_media_type(option: OptionName, given: Option<&str>) -> Result<(), RequestError> {
    match given.filter(|given| find_media_type(given).is_none()) {
        Some(given) => {
            Err(RequestError::NotAllowed { option, found: Quoted::new(given), allowed: media_types().join(", ") })
        }
        None => Ok(()),
    }
}
