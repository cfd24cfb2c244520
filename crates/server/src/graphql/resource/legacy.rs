//! Exports of versions before 5 of the SDK.

use crate::graphql::schema::Part;

pub(super) static PART: Part = Part { types: &[], queries: &[], mutations: &[], more: &[] };
