//! Rows by their data type.

use super::Filter;
use super::entry::Entry;
use super::id_list::sorted;
use crate::data_type::{self, DATA_TYPES};
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct MediaType;

impl Filter for MediaType {
    fn name(&self) -> &'static str {
        "media_type"
    }

    fn summary(&self) -> &'static str {
        "Data rows of one of these data types, by name or by media type value."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"media_type","operator":"is","values":["image","video"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        entry.only(&["operator", "values"])?;
        entry.operator(&["is"])?;
        entry.list("values")?;
        let allowed: Vec<&str> = DATA_TYPES.iter().map(|data_type| data_type.name).collect();
        let by_name = |text: &str| data_type::find(&text.to_ascii_lowercase());
        let find = |text: &str| by_name(text).or_else(|| data_type::find_by_media_type(text));
        let mut names = Vec::new();
        for value in entry.get("values")?.elements()? {
            names.push(value.choose(find, &allowed)?.name.to_owned());
        }
        Ok(Condition::DataTypes(sorted(names)).into())
    }
}
