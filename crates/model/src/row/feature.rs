//! Features, shared by all rows that refer to them.

use super::Feature;
use crate::annotation::Mark;
use std::collections::HashMap;
use std::sync::Arc;

/// The maximum number of schema ids that are remembered, and of features of each.
const REMEMBERED: usize = 10_000;
const OF_ONE_SCHEMA: usize = 32;

/// Features that were read before. A million rows refer to the same few: each is copied once, and whatever stores rows
/// recognises it by its address.
#[derive(Debug, Default)]
pub(super) struct Features {
    by_schema: HashMap<String, Vec<Arc<Feature>>>,
}

impl Features {
    /// Returns the feature of a mark.
    pub(super) fn of(&mut self, mark: &Mark<'_>) -> Arc<Feature> {
        let is_named = |feature: &Feature| {
            feature.schema_id == mark.schema_id
                && feature.name == mark.name
                && feature.kind == mark.kind
                && feature.value == mark.value
        };
        let known = self.by_schema.get(mark.schema_id);
        if let Some(feature) = known.and_then(|known| known.iter().find(|feature| is_named(feature))) {
            return Arc::clone(feature);
        }
        let feature = Arc::new(Feature {
            schema_id: mark.schema_id.to_owned(),
            name: mark.name.to_owned(),
            kind: mark.kind.to_owned(),
            value: mark.value.to_owned(),
        });
        if self.by_schema.len() >= REMEMBERED {
            self.by_schema.clear();
        }
        let siblings = self.by_schema.entry(mark.schema_id.to_owned()).or_default();
        if siblings.len() >= OF_ONE_SCHEMA {
            siblings.clear();
        }
        siblings.push(Arc::clone(&feature));
        feature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_features_are_shared_and_others_are_not() {
        let mut features = Features::default();
        let mark = Mark { schema_id: "s", name: "n", kind: "k", value: "v" };
        let first = features.of(&mark);
        assert!(Arc::ptr_eq(&first, &features.of(&mark)));
        for other in [
            Mark { schema_id: "t", ..mark },
            Mark { name: "o", ..mark },
            Mark { kind: "l", ..mark },
            Mark { value: "w", ..mark },
        ] {
            let feature = features.of(&other);
            assert_ne!(feature, first);
            assert!(Arc::ptr_eq(&feature, &features.of(&other)));
        }
        assert!(Arc::ptr_eq(&first, &features.of(&mark)));
    }

    #[test]
    fn many_features_stay_distinct() {
        let mut features = Features::default();
        let names: Vec<String> = (0..3 * OF_ONE_SCHEMA).map(|number| number.to_string()).collect();
        for name in names.iter().chain(&names) {
            let mark = Mark { schema_id: "", name, kind: "k", value: "" };
            assert_eq!(features.of(&mark).name, *name);
        }
    }
}
