//! Arguments that the SDK sends and that change nothing here, so that they are not refused.
//!
//! A field names the arguments that it reads. What is listed here asks for what holds anyway (no deleted things, a signed
//! URL), or narrows or pages a list that is short or empty.

/// What the SDK sends with every list that it pages.
const PAGED: &[&str] = &["first", "orderBy", "skip", "where"];

/// Fields with the arguments that they do not read, in order.
static UNREAD: &[(&str, &[&str])] = &[
    ("DataRow.attachments", &["orderBy", "where"]),
    ("DataRow.labels", &["orderBy", "where"]),
    ("Mutation.extendReservations", &["projectId", "queueType"]),
    ("Mutation.uploadFile", &["sign"]),
    ("Organization.resourceTag", PAGED),
    ("Project.deleteBatchLabels", &["data"]),
    ("Project.resourceTags", PAGED),
    ("Project.setTagSetStatus", &["input"]),
    ("Query.iamIntegrations", PAGED),
    ("Query.invitesLimit", &["where"]),
    ("User.createdTasks", &["orderBy"]),
];

/// Returns whether the SDK sends an argument that a field does not read.
pub(super) fn is_unread(of: &str, field: &str, argument: &str) -> bool {
    let is_field = |known: &str| known.split_once('.') == Some((of, field));
    UNREAD.iter().any(|(known, arguments)| is_field(known) && arguments.contains(&argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::resource::SCHEMA;

    #[test]
    fn every_argument_that_is_not_read_is_of_a_field_and_in_order() {
        assert!(UNREAD.is_sorted_by(|one, next| one.0 < next.0));
        for (name, arguments) in UNREAD {
            assert!(arguments.is_sorted_by(|one, next| one < next), "{name}");
            let field = name.split_once('.').and_then(|(of, field)| SCHEMA.find(of, field));
            let takes = field.unwrap_or_else(|| panic!("there is no field {name}")).takes;
            assert!(arguments.iter().all(|argument| !takes.contains(argument)), "{name} reads one of {arguments:?}");
        }
    }
}
