//! The output format of a request.

use super::{Accept, RequestError};
use crate::input::{Input, InputProblem};
use crate::json::{Kind, ObjectWriter, quote_into};
use crate::losses::Loss;
use crate::quote::Quoted;
use std::collections::{BTreeMap, BTreeSet};

/// The format of a request that names none.
pub const NATIVE_FORMAT: &str = "ndjson";

/// The output format that is asked for. Which formats there are, and which options they have, is known where rows are
/// encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatChoice {
    /// Its name.
    pub name: String,
    /// Options by name.
    pub options: BTreeMap<String, String>,
    /// Whether annotations and answers that the format cannot hold may be reduced or left out.
    pub allow_lossy: bool,
    /// The losses that may be, where not all of them may.
    pub accept: BTreeSet<Accept>,
}

impl Default for FormatChoice {
    fn default() -> Self {
        Self::of(NATIVE_FORMAT)
    }
}

impl FormatChoice {
    /// Makes the choice of a format without options.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), options: BTreeMap::new(), allow_lossy: false, accept: BTreeSet::new() }
    }

    /// Returns whether something may be lost.
    pub fn accepts(&self, loss: &Loss) -> bool {
        self.allow_lossy || self.accept.iter().any(|accept| accept.covers(loss))
    }

    /// Writes the choice as a member of a request. The native format is not written, so that requests have the canonical
    /// form that they had before there were others.
    pub(super) fn write(&self, request: &mut ObjectWriter<'_>) {
        if *self == Self::default() {
            return;
        }
        let mut object = ObjectWriter::open(request.key("format"));
        object.text("name", &self.name);
        if !self.options.is_empty() {
            let mut options = ObjectWriter::open(object.key("options"));
            self.options.iter().for_each(|(name, value)| options.text(name, value));
            options.close();
        }
        if self.allow_lossy {
            object.raw("allow_lossy", b"true");
        }
        if !self.accept.is_empty() {
            let out = object.key("accept");
            for (index, accept) in self.accept.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                quote_into(&accept.to_string(), out);
            }
            out.push(b']');
        }
        object.close();
    }

    /// Reads `"csv"` or `{"name":"csv","options":{"bom":"yes"}}`, the latter with `"allow_lossy":true` or
    /// `"accept":["ImagePolygon=reduced"]` too.
    pub(super) fn read(input: &Input<'_>) -> Result<Self, RequestError> {
        if input.value().kind() == Kind::String {
            return Ok(Self::of(&input.text()?));
        }
        input.only(&["name", "options", "allow_lossy", "accept"])?;
        let mut choice = Self::of(&input.get("name")?.text()?);
        if let Some(options) = input.find("options") {
            options.object()?;
            for (name, _) in options.value().members() {
                if let Some(value) = options.find(name) {
                    choice.options.insert(name.to_owned(), value.text()?.into_owned());
                }
            }
        }
        if let Some(allowed) = input.find("allow_lossy") {
            choice.allow_lossy = allowed.boolean()?;
        }
        if let Some(accept) = input.find("accept") {
            for text in accept.elements()? {
                let (found, allowed) = (text.text()?, "KIND=reduced, KIND=left_out; KIND can be *".to_owned());
                let refused = || text.error(InputProblem::NotAllowed { found: Quoted::new(&found), allowed });
                choice.accept.insert(Accept::parse(&found).map_err(|_| refused())?);
            }
        }
        Ok(choice)
    }
}
