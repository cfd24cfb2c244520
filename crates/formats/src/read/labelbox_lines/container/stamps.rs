//! Audio: what holds for the whole, and what begins at a millisecond and lasts for a while.
//!
//! How a timestamp and its segments look inside is a guess by analogy with video, and this is its one place: a
//! classification stands at the start of each of its ranges.

use super::{Gathered, array, object, ranges};
use labelport_model::json::Members;
use std::collections::BTreeMap;

pub(super) fn write(gathered: &Gathered) -> Members {
    let whole = gathered.items.iter().filter(|item| item.starts.is_empty());
    let mut stamps = BTreeMap::<u64, Vec<&str>>::new();
    for item in &gathered.items {
        for start in &item.starts {
            stamps.entry(*start).or_default().push(&item.json);
        }
    }
    let mut timestamp = Members::default();
    for (start, items) in stamps {
        timestamp.push_raw(&start.to_string(), &format!("{{\"classifications\":{}}}", array(items)));
    }
    let mut segments = Members::default();
    for span in &gathered.spans {
        segments.push_raw(&span.feature_id, &ranges(&span.ranges));
    }
    let mut members = Members::default();
    members.push_raw("classifications", &array(whole.map(|item| item.json.as_str())));
    members.push_raw("segments", &object(&segments));
    members.push_raw("timestamp", &object(&timestamp));
    members
}
