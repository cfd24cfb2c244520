//! What records of the format before export v2 say that today's form has no key for.
//!
//! It is kept as it came in a member of its own, in the label or annotation that it is about, so that nothing is lost and
//! an export in the old format gives it back.

/// The key of the member, an object under whose keys are those of the record.
pub const KEY: &str = "legacy";
/// In [`KEY`] of a label: members of its `Label`, and relationships of an unknown form.
pub const LABEL: &str = "Label";
/// In [`LABEL`]: the address of the file that holds the frames, while the file has not been read.
pub const FRAMES: &str = "frames";
/// In [`KEY`] of a classification: it was answered in a list from which one option or several are chosen.
pub const DROPDOWN: &str = "dropdown";
