//! One entry of a query, and what most filters read from one.

use super::compare;
use super::id_list::{ID_LIST_LIMIT, IdList};
use crate::input::{Input, InputError, InputProblem};
use crate::time::{Span, Zone};

/// An entry of a query: an object with the key `type`, its path, and the default zone of its dates.
#[derive(Debug)]
pub struct Entry<'a> {
    pub(super) input: Input<'a>,
    pub(super) zone: &'a Zone,
}

impl<'a> Entry<'a> {
    /// Takes a value as an entry. Dates without a zone are read in `zone`.
    pub fn new(input: Input<'a>, zone: &'a Zone) -> Self {
        Self { input, zone }
    }

    /// Fails for keys other than `type` and these.
    pub fn only(&self, known: &[&str]) -> Result<(), InputError> {
        let known: Vec<&str> = std::iter::once("type").chain(known.iter().copied()).collect();
        self.input.only(&known)
    }

    /// Returns the value of a key; fails if it is absent or null.
    pub fn get(&self, key: &'static str) -> Result<Input<'a>, InputError> {
        self.input.get(key)
    }

    /// Finds the value of a key, unless it is null.
    pub fn find(&self, key: &str) -> Option<Input<'a>> {
        self.input.find(key)
    }

    /// Returns which of these the key `operator` has.
    pub fn operator<'o>(&self, allowed: &[&'o str]) -> Result<&'o str, InputError> {
        let find = |text: &str| allowed.iter().copied().find(|known| *known == text);
        self.get("operator")?.choose(find, allowed)
    }

    /// Reads an entry of the form `{"type":T,"operator":"is","ids":[…]}`.
    pub fn ids(&self) -> Result<Vec<String>, InputError> {
        self.only(&["operator", "ids"])?;
        self.operator(&["is"])?;
        self.list("ids")
    }

    /// Reads a list of 1 to 2,000 texts, sorted and without duplicates.
    pub fn list(&self, key: &'static str) -> Result<Vec<String>, InputError> {
        let values = self.get(key)?;
        let list = IdList::new(values.texts()?);
        list.map(IdList::into_vec).map_err(|error| count_error(&values, error.count))
    }

    /// Reads an entry of the form `{"type":T,"operator":"starts_with","value":"…"}`.
    pub fn prefix(&self) -> Result<String, InputError> {
        self.only(&["operator", "value"])?;
        self.operator(&["starts_with"])?;
        self.get("value")?.filled_text()
    }

    /// Reads an entry of the form `{"type":T,"value":{"operator":OP,"timezone":TZ,"value":V}}`.
    pub fn span(&self) -> Result<Span, InputError> {
        self.only(&["value"])?;
        let holder = self.get("value")?;
        holder.only(&["operator", "timezone", "value"])?;
        compare::span(&holder, self.zone)
    }
}

fn count_error(values: &Input<'_>, count: usize) -> InputError {
    values.error(InputProblem::Count { count, limit: ID_LIST_LIMIT })
}
