//! Failures as a door tells them: what sort it is, and a sentence for whoever asked.
//!
//! The engine says what went wrong; how that looks on the wire (a status, an error code) is known to the doors alone.
//! The sentence names the place and the remedy and is safe to show. What lies behind a failure of our own is the cause,
//! for the log only.

use std::error::Error;
use std::fmt;

/// The sort of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// Nobody knows who is asking.
    Unauthenticated,
    /// Whoever asks may not.
    Forbidden,
    /// There is no such thing, or it is not for whoever asks to know of.
    NotFound,
    /// There is one already.
    Conflict,
    /// The request makes no sense.
    Malformed,
    /// The text is not of its grammar.
    Syntax,
    /// The text is of its grammar and asks for what there is not.
    Invalid,
    /// It makes sense, and cannot be done to this thing.
    NotAllowed,
    /// It is larger than the rules allow.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// Whoever asks has asked for too much at once.
    TooMany,
    /// It is not ready yet; asking again later helps.
    NotReady,
    /// It is not there any more.
    Gone,
    /// It is our own failure.
    Internal,
}

/// A failure for whoever asked.
#[derive(Debug)]
pub struct Problem {
    /// What sort it is.
    pub kind: ProblemKind,
    /// One or two sentences: the place and the remedy.
    pub message: String,
    /// What lies behind it, for the log only.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// Makes a failure of a kind.
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// Says that there is no thing of a sort with an id.
    pub fn not_found(sort: &str, id: &str) -> Self {
        let id = crate::quote::Quoted::new(id);
        Self::new(ProblemKind::NotFound, format!("there is no {sort} with the id {id} in this workspace"))
    }

    /// Says that a request makes no sense.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Malformed, message)
    }

    /// Says that there is one already.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, message)
    }

    /// Says that we failed ourselves.
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
