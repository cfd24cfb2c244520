//! How a command ends.

/// Everything was done.
pub(crate) const SUCCESS: u8 = 0;
/// The command failed; the message says why.
pub(crate) const FAILED: u8 = 1;
/// What `diff` compares is different. Where it fails, it ends with [`USAGE`], as `diff` and `cmp` of Unix do.
pub(crate) const DIFFERENT: u8 = 1;
/// The arguments make no sense.
pub(crate) const USAGE: u8 = 2;
/// The command ran to its end, and records were refused, or something that was asked for is not there, or a result
/// differs, or the store is damaged.
pub(crate) const REFUSED: u8 = 3;

/// Why a command failed, for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
}

impl Failure {
    /// Makes a failure of a message that says itself what to do.
    pub(crate) fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: None, code: FAILED }
    }

    /// Makes a failure of wrong arguments.
    pub(crate) fn usage(message: impl ToString) -> Self {
        Self { code: USAGE, ..Self::new(message) }
    }

    /// Adds the next thing to try.
    pub(crate) fn hint(self, hint: impl ToString) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }
}

/// Makes any error a failure: the errors of the other crates name place and remedy.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// How a command ends: with a status, or a failure.
pub(crate) type Outcome = Result<u8, Failure>;
