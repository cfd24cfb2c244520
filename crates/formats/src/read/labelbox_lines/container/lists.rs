//! Objects, classifications and relationships, each a list.

use super::{Gathered, array, item_array};
use labelport_model::json::Members;

pub(super) fn write(gathered: &Gathered) -> Members {
    let mut members = Members::default();
    members.push_raw("objects", &array(gathered.objects.iter().map(String::as_str)));
    members.push_raw("classifications", &item_array(gathered));
    members.push_raw("relationships", &array(gathered.relationships.iter().map(String::as_str)));
    members
}
