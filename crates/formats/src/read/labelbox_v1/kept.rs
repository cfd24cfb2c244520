//! What records say that today's form has no key for.

use crate::read::Counts;
use labelport_model::json::{Members, Value};
use labelport_model::row::legacy;

/// Members that are kept as they came.
#[derive(Debug, Default)]
pub(super) struct Kept(Members);

impl Kept {
    /// Keeps a member. `place` names it in the report, such as `objects[].color`.
    pub(super) fn push(&mut self, counts: &mut Counts, place: &str, key: &str, value: Value<'_>) {
        counts.keep(place, key);
        self.0.push_raw(key, value.raw());
    }

    /// Keeps a member that is JSON already and that no report names.
    pub(super) fn push_silently(&mut self, key: &str, json: &str) {
        self.0.push_raw(key, json);
    }

    /// Returns the members as an object; nothing if there are none.
    pub(super) fn into_object(self) -> Option<String> {
        self.0.into_option().map(|members| format!("{{{members}}}"))
    }

    /// Appends the member that holds what was kept, if anything was.
    pub(super) fn finish(self, to: &mut Members) {
        if let Some(object) = self.into_object() {
            to.push_raw(legacy::KEY, &object);
        }
    }
}
