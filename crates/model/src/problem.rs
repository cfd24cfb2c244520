//! Failures as an API reports them: the kind, and a message for the caller.
//!
//! The engine says what went wrong; only the APIs know how that looks on the wire (a status, an error code). The
//! message names the place and the remedy and is safe to show. The cause of an internal failure is for the log only.

use std::error::Error;
use std::fmt;

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The caller is unknown.
    Unauthenticated,
    /// The caller is not allowed to do this.
    Forbidden,
    /// It does not exist, or the caller may not know that it exists.
    NotFound,
    /// It exists already.
    Conflict,
    /// The request is malformed.
    Malformed,
    /// The text does not follow its grammar.
    Syntax,
    /// The text follows its grammar and asks for something that does not exist.
    Invalid,
    /// The request is valid but cannot be applied to this object.
    NotAllowed,
    /// It exceeds a size limit.
    TooLarge,
    /// It arrived too slowly.
    TooSlow,
    /// The caller has made too many requests at once.
    TooMany,
    /// It is not ready yet; try again later.
    NotReady,
    /// It no longer exists.
    Gone,
    /// An internal failure.
    Internal,
}

/// A failure for the caller.
#[derive(Debug)]
pub struct Problem {
    /// The kind.
    pub kind: ProblemKind,
    /// One or two sentences: the place and the remedy.
    pub message: String,
    /// The cause, for the log only.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// Makes a failure of a kind.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// Reports that nothing of a kind has an id.
    pub fn not_found(what: &str, id: &str) -> Self {
        let id = crate::quote::Quoted::new(id);
        Self::new(ProblemKind::NotFound, format!("there is no {what} with the id {id} in this workspace"))
    }

    /// Reports that a request is malformed.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Malformed, message)
    }

    /// Reports that something exists already.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, message)
    }

    /// Reports an internal failure.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let message = "the server failed; its log says why. Nothing was half-written: try again".to_owned();
        Self { kind: ProblemKind::Internal, message, cause: Some(cause.into()) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
    }
}
