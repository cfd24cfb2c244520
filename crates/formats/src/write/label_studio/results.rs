//! The results of one label: regions, answers and relations, as JSON.
//!
//! # Invariants
//! - No two regions have one id: Label Studio would take them for one.
//! - An answer about a region is a result with the id and the place of the region, as Label Studio writes it.

use super::config::{Asked, Config, Owner};
use super::region::Region;
use super::words::{is_answered, word};
use crate::write::attributes::{Attributes, Value};
use crate::write::elements::write_list;
use labelport_model::json::{ObjectWriter, quote_into};
use std::collections::HashSet;

/// Results on their way into an annotation.
pub(super) struct Results<'c> {
    config: &'c Config,
    out: Vec<u8>,
    count: usize,
    ids: HashSet<String>,
}

/// A relation between two regions.
pub(super) struct Joined<'j> {
    pub(super) label: &'j str,
    pub(super) from: &'j str,
    pub(super) to: &'j str,
    pub(super) is_mutual: bool,
}

impl<'c> Results<'c> {
    pub(super) fn of(config: &'c Config) -> Self {
        Self { config, out: Vec::new(), count: 0, ids: HashSet::new() }
    }

    /// Returns the configuration of what the row shows.
    pub(super) fn config(&self) -> &'c Config {
        self.config
    }

    /// Returns the results, with a comma between them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.out
    }

    fn open(&mut self) -> ObjectWriter<'_> {
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
        ObjectWriter::open(&mut self.out)
    }

    fn free_id(&mut self, wanted: Option<&str>) -> String {
        let own = wanted.filter(|id| !id.is_empty()).map_or_else(|| format!("r{}", self.count + 1), str::to_owned);
        let numbered = (2..).map(|number| format!("{own}-{number}"));
        let id = std::iter::once(own.clone()).chain(numbered).find(|id| !self.ids.contains(id)).unwrap_or_default();
        self.ids.insert(id.clone());
        id
    }

    /// Writes a region with its label, and what was answered about it. `score` is a confidence as it is spelled.
    pub(super) fn region(
        &mut self,
        id: Option<&str>,
        (label, region): (&str, &Region),
        score: Option<&str>,
        answers: (Owner, &Attributes),
    ) {
        let id = self.free_id(id);
        let control = region.control();
        let object = self.config.medium().name;
        let mut result = self.open();
        write_head(&mut result, &id, control.name, object, control.kind);
        region.write_head(&mut result);
        let mut value = ObjectWriter::open(result.key("value"));
        region.write_value(&mut value);
        write_list(value.key(control.key), [word(label)], |label, out| quote_into(&label, out));
        value.close();
        if let Some(score) = score {
            result.raw("score", score.as_bytes());
        }
        result.close();
        self.answers(&id, Some(region), answers);
    }

    /// Writes answers about the whole of what a row shows, each with an id of its own.
    pub(super) fn whole(&mut self, id: Option<&str>, answers: &Attributes) {
        let id = id.unwrap_or_default().to_owned();
        self.answers(&id, None, (Owner::Whole, answers));
    }

    fn answers(&mut self, id: &str, region: Option<&Region>, (owner, answers): (Owner, &Attributes)) {
        for (question, answer, _) in answers.iter().filter(|(_, answer, _)| is_answered(answer)) {
            let (asked, texts): (Asked, Vec<String>) = match answer {
                Value::None => continue,
                Value::One(option) => (Asked::Radio, vec![word(option).into_owned()]),
                Value::Several(options) => {
                    (Asked::Checklist, options.iter().map(|option| word(option).into_owned()).collect())
                }
                Value::Text(text) => (Asked::Text, vec![text.clone()]),
            };
            let id = if region.is_some() { id.to_owned() } else { self.free_id(Some(id)) };
            let (kind, key) = if asked == Asked::Text { ("textarea", "text") } else { ("choices", "choices") };
            let (name, object) = (self.config.question(owner, question, asked), self.config.medium().name);
            let mut result = self.open();
            write_head(&mut result, &id, name, object, kind);
            if let Some(region) = region {
                region.write_head(&mut result);
            }
            let mut value = ObjectWriter::open(result.key("value"));
            if let Some(region) = region {
                // What a span says would have the key of a free text.
                region.write_bounds(&mut value);
            }
            write_list(value.key(key), texts, |text, out| quote_into(&text, out));
            value.close();
            result.close();
        }
    }

    /// Writes a relation.
    pub(super) fn relation(&mut self, joined: &Joined<'_>) {
        let mut result = self.open();
        result.text("type", "relation");
        result.text("from_id", joined.from);
        result.text("to_id", joined.to);
        result.text("direction", if joined.is_mutual { "bi" } else { "right" });
        write_list(result.key("labels"), [word(joined.label)], |label, out| quote_into(&label, out));
        result.close();
    }
}

fn write_head(result: &mut ObjectWriter<'_>, id: &str, from: &str, to: &str, kind: &str) {
    result.text("id", id);
    result.text("from_name", from);
    result.text("to_name", to);
    result.text("type", kind);
}
