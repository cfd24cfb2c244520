//! What can be asked: types, their fields, and how fields are resolved.

use super::Call;
use super::argument::Arguments;
use labelport_engine::workspace::access::Action;
use labelport_model::problem::Problem;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The members of an object on its way out. Keys that begin with `_` are for resolvers and cannot be selected.
pub(crate) type Node = Map<String, Value>;

/// Gives a field its value.
pub(crate) type Resolve = fn(&Call<'_>, &Node, &Arguments<'_>) -> Result<Value, Problem>;

/// A field of a type, or an operation.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// The type of the object, or of the objects of a list; none for a leaf.
    pub(crate) returns: Option<&'static str>,
    /// The names of its arguments.
    pub(crate) takes: &'static [&'static str],
    /// None for the member of the same name.
    pub(crate) resolve: Option<Resolve>,
    /// What a caller must be allowed; none for what its kind of operation needs.
    pub(crate) action: Option<Action>,
}

impl Field {
    /// A leaf that is resolved.
    pub(crate) const fn leaf(name: &'static str, takes: &'static [&'static str], resolve: Resolve) -> Self {
        Self { name, returns: None, takes, resolve: Some(resolve), action: None }
    }

    /// An object, or a list of objects, that is resolved.
    pub(crate) const fn object(
        name: &'static str,
        returns: &'static str,
        takes: &'static [&'static str],
        resolve: Resolve,
    ) -> Self {
        Self { name, returns: Some(returns), takes, resolve: Some(resolve), action: None }
    }

    /// An object, or a list of objects, that is a member of its parent.
    pub(crate) const fn member(name: &'static str, returns: &'static str) -> Self {
        Self { name, returns: Some(returns), takes: &[], resolve: None, action: None }
    }

    /// The same field for callers who may write, wherever it is: some operations of the SDK are fields of a project.
    pub(crate) const fn for_writers(self) -> Self {
        Self { action: Some(Action::Write), ..self }
    }

    /// The same field for callers who may manage keys and users.
    pub(crate) const fn for_admins(self) -> Self {
        Self { action: Some(Action::Administer), ..self }
    }

    /// The same field for callers who may read.
    pub(crate) const fn for_readers(self) -> Self {
        Self { action: Some(Action::Read), ..self }
    }
}

/// A type of objects.
pub(crate) struct Type {
    pub(crate) name: &'static str,
    /// Members that are leaves.
    pub(crate) leaves: &'static [&'static str],
    /// All other fields.
    pub(crate) fields: &'static [Field],
}

/// What one resource adds to the schema.
pub(crate) struct Part {
    pub(crate) types: &'static [Type],
    pub(crate) queries: &'static [Field],
    pub(crate) mutations: &'static [Field],
    /// Fields of types of other resources.
    pub(crate) more: &'static [(&'static str, &'static [Field])],
}

/// All fields by type and name.
pub(crate) struct Schema(BTreeMap<&'static str, BTreeMap<&'static str, Field>>);

/// The type of queries.
pub(crate) const QUERY: &str = "Query";
/// The type of mutations.
pub(crate) const MUTATION: &str = "Mutation";

impl Schema {
    /// Collects what resources add.
    pub(crate) fn of(parts: &[&Part]) -> Self {
        let mut types: BTreeMap<&str, BTreeMap<&str, Field>> = BTreeMap::new();
        let mut add = |of: &'static str, fields: &[Field]| {
            let known = types.entry(of).or_default();
            known.extend(fields.iter().map(|field| (field.name, *field)));
        };
        for part in parts {
            add(QUERY, part.queries);
            add(MUTATION, part.mutations);
            for of in part.types {
                let leaves = of.leaves.iter();
                let leaves: Vec<Field> =
                    leaves.map(|name| Field { name, returns: None, takes: &[], resolve: None, action: None }).collect();
                add(of.name, &leaves);
                add(of.name, of.fields);
            }
            for (of, fields) in part.more {
                add(of, fields);
            }
        }
        Self(types)
    }

    /// Finds a field of a type.
    pub(crate) fn find(&self, of: &str, name: &str) -> Option<&Field> {
        self.0.get(of)?.get(name)
    }

    /// Lists every type that a field returns and nobody describes.
    #[cfg(test)]
    fn undescribed(&self) -> Vec<&str> {
        let returned = self.0.values().flat_map(BTreeMap::values).filter_map(|field| field.returns);
        returned.filter(|name| !self.0.contains_key(name)).collect()
    }

    /// Lists every field below the roots, with its type.
    #[cfg(test)]
    pub(crate) fn inner_fields(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        let inner = self.0.iter().filter(|(of, _)| **of != QUERY && **of != MUTATION);
        inner.flat_map(|(of, fields)| fields.values().map(|field| (*of, field)))
    }

    /// Prints the schema, a line for each field.
    #[cfg(test)]
    pub(crate) fn print(&self) -> String {
        let mut text = String::new();
        for (of, fields) in &self.0 {
            for (name, field) in fields {
                let returns = field.returns.map(|returns| format!(": {returns}")).unwrap_or_default();
                let takes = field.takes.join(", ");
                let takes = if takes.is_empty() { takes } else { format!("({takes})") };
                text.push_str(&format!("{of}.{name}{takes}{returns}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::resource::{PARTS, SCHEMA};
    use super::*;

    #[test]
    fn every_type_that_is_returned_is_described() {
        assert_eq!(SCHEMA.undescribed(), Vec::<&str>::new());
    }

    #[test]
    fn the_schema_is_the_one_that_was_reviewed() {
        // Tests run in the folder of their crate.
        let path = "golden/schema.txt";
        if std::env::var_os("LABELPORT_BLESS").is_some() {
            std::fs::write(path, SCHEMA.print()).unwrap();
            return;
        }
        let reviewed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(reviewed == SCHEMA.print(), "{path} is another; `cargo xtask bless` writes it anew");
    }

    #[test]
    fn no_two_resources_add_the_same_field() {
        let mut seen = std::collections::BTreeSet::new();
        for part in PARTS {
            let own = [(QUERY, part.queries), (MUTATION, part.mutations)];
            for (of, fields) in own.into_iter().chain(part.more.iter().copied()) {
                for field in fields {
                    assert!(seen.insert((of, field.name)), "{of}.{} stands twice", field.name);
                }
            }
        }
    }
}
