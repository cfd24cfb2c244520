//! What an annotation is read in: its label, and what is counted and gathered on the way.

use super::derived;
use super::ontology::Features;
use super::problem::{Fault, find, find_text, string};
use crate::read::{Counts, World};
use labelport_model::data_type::{DATA_TYPES, DataType, Form, USUAL};
use labelport_model::id::CUID_LENGTH;
use labelport_model::json::{Members, Value};

/// The label whose annotations are read.
pub(super) struct Scene<'s> {
    /// What the row holds, where the record shows it.
    pub(super) data_type: Option<&'static DataType>,
    /// The id of the label.
    pub(super) label_id: &'s str,
    /// The id of the project or model run.
    pub(super) home_id: &'s str,
    /// Where masks of the project or model run are kept, below the address of the server.
    pub(super) mask_root: &'s str,
    pub(super) counts: &'s mut Counts,
    pub(super) features: &'s mut Features,
    pub(super) world: &'s mut dyn World,
}

/// A feature as an ontology lists it.
pub(super) struct Named {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) value: String,
}

impl Scene<'_> {
    /// Returns the annotation kind of a form: that of the data type, or else that of the type that has such a form.
    pub(super) fn kind(&self, form: Form) -> &'static str {
        let types = self.data_type.into_iter().chain([USUAL]).chain(DATA_TYPES.iter().copied());
        let kind = types.flat_map(|data_type| data_type.kinds).find(|kind| kind.form == form);
        kind.map_or("Unknown", |kind| kind.name)
    }

    /// Returns the feature of an annotation or of an option; `what` says what it is of. A feature without a schema id is
    /// recognised by its title.
    pub(super) fn named(&self, value: Value<'_>, what: &str) -> Result<Named, Fault> {
        let title = find_text(value, "title")?;
        let machine = find_text(value, "value")?;
        let title = title.or_else(|| machine.clone()).unwrap_or_default();
        let is_id = |id: &String| id.len() == CUID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = find_text(value, "schemaId")?.filter(is_id);
        let id = id.unwrap_or_else(|| derived::id("feature", &[self.home_id, what, &title]));
        Ok(Named { id, value: machine.unwrap_or_else(|| title.clone()), title })
    }
}

/// Keys of every feature.
pub(super) const FEATURE_KEYS: [&str; 4] = ["featureId", "schemaId", "title", "value"];

/// Writes what all features have, under today's names.
pub(super) fn write_feature(value: Value<'_>, members: &mut Members) -> Result<(), Fault> {
    for (key, name) in FEATURE_KEYS.into_iter().zip(["feature_id", "feature_schema_id", "name", "value"]) {
        if let Some(member) = find(value, key) {
            members.push_raw(name, string(member)?.raw());
        }
    }
    Ok(())
}
