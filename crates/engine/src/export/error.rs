//! Why an export could not run.

use labelport_formats::write::OpenError;
use labelport_model::json::quote_into;
use labelport_model::losses::{Loss, Losses};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::{Accept, FormatChoice, RequestError};
use labelport_store::StoreError;
use labelport_store::tables::unknown_names::{self, UnknownName};
use std::collections::BTreeSet;
use std::fmt;

/// An export that would lose something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The format.
    pub format: &'static str,
    /// What would become of the annotations.
    pub losses: Losses,
    /// The losses that the request accepts.
    pub accept: BTreeSet<Accept>,
}

impl Refused {
    /// Returns the refusal of what a request does not accept; nothing where it accepts all.
    pub(super) fn of(choice: &FormatChoice, format: &'static str, losses: &Losses) -> Option<Self> {
        let is_refused = losses.iter().any(|(loss, _)| loss.needs_consent() && !choice.accepts(loss));
        is_refused.then(|| Self { format, losses: losses.clone(), accept: choice.accept.clone() })
    }

    /// Lists the losses that are not accepted, with their numbers.
    pub fn refused(&self) -> impl Iterator<Item = (&Loss, u64)> {
        let is_accepted = |loss: &Loss| self.accept.iter().any(|accept| accept.covers(loss));
        self.losses.iter().filter(move |(loss, _)| loss.needs_consent() && !is_accepted(loss))
    }

    /// Returns what would have to be accepted: what is accepted now, and the rest.
    pub fn to_accept(&self) -> BTreeSet<Accept> {
        self.refused().map(|(loss, _)| Accept::of(loss)).chain(self.accept.iter().cloned()).collect()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "nothing was written, since the format {} cannot hold all of it", self.format)?;
        for (index, (loss, count)) in self.refused().enumerate() {
            let outcome = loss.outcome.word().replace('_', " ");
            let class = loss.class.as_ref().map_or_else(String::new, |class| format!(" {class:?}"));
            let separator = if index == 0 { ": " } else { "; " };
            write!(out, "{separator}{count} {}{class} {outcome}: {}", loss.what, loss.reason)?;
        }
        Ok(())
    }
}

/// Why an export cannot go on from a watermark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinceError {
    /// The watermark is of another workspace.
    #[error(
        "the watermark is from another workspace, or from before this one was restored from a backup; take a full export"
    )]
    OtherWorkspace,
    /// The watermark is of another request.
    #[error(
        "the watermark is from another request: the scope, the sections, the filters, the format with its options, the time \
         zone or the definition of the slice differ; repeat the original request, or take a full export of this one"
    )]
    OtherRequest,
    /// The watermark is newer than the workspace.
    #[error(
        "the watermark is at change {since}, but the workspace is only at change {now}: it was replaced by an older copy; take \
         a full export"
    )]
    Future {
        /// The change number of the watermark.
        since: i64,
        /// That of the workspace.
        now: i64,
    },
    /// What changed since then is not known any more.
    #[error(
        "the watermark is at change {since}, and the history before change {start} was removed; take a full export"
    )]
    Forgotten {
        /// The change number of the watermark.
        since: i64,
        /// The first number after which all changes are known.
        start: i64,
    },
}

/// Why an export could not run. Nothing of it exists.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The request makes no sense.
    #[error("{}", .0.with_flags())]
    Request(RequestError),
    /// No such thing.
    #[error(
        "there is no {sort} with the id or name {text:?}; {}",
        unknown_names::did_you_mean(.nearest).as_deref().unwrap_or("`labelport list` shows what there is")
    )]
    NotFound {
        /// The kind of thing.
        sort: &'static str,
        /// What was asked for.
        text: String,
        /// The names most like it.
        nearest: Vec<String>,
    },
    /// The format is not known.
    #[error("there is no format {name:?}; there are: {known}")]
    UnknownFormat {
        /// What was asked for.
        name: String,
        /// The formats that there are.
        known: String,
    },
    /// The format cannot be written as asked for.
    #[error(transparent)]
    Format(#[from] OpenError),
    /// The format cannot hold all annotations, and nobody said that this may be.
    #[error(
        "{}. If that may be lost, accept it in the format of the request: \"accept\": {}, or all losses: \
         \"allow_lossy\": true",
        .0, as_list(&.0.to_accept())
    )]
    Lossy(Box<Refused>),
    /// An asset that the result is to hold is not available.
    #[error(
        "the media of data row {data_row_id} is not available: {reason}. Nothing was left; to leave such media out, accept it: \
         media=left_out"
    )]
    Media {
        /// The row.
        data_row_id: String,
        /// Why, as a clause.
        reason: String,
    },
    /// Names in a filter that nothing has.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    UnknownNames(Vec<UnknownName>),
    /// Several things of that name.
    #[error("{} {sort}s are named {text:?}; use one of the ids {}", .ids.len(), .ids.join(", "))]
    Ambiguous {
        /// The kind of object.
        sort: &'static str,
        /// What was asked for.
        text: String,
        /// The ids of those found.
        ids: Vec<String>,
    },
    /// The project is labelled in an editor of its own.
    #[error(
        "project {project:?} uses a custom editor, whose labels the row format of v2 cannot hold; export its dataset"
    )]
    CustomEditor {
        /// The project's name.
        project: String,
    },
    /// A stored slice cannot be read.
    #[error("the filter of slice {name:?} cannot be read: {reason}; delete the slice and create it again")]
    Slice {
        /// The slice's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// It cannot hold just what changed.
    #[error(transparent)]
    Since(#[from] SinceError),
    /// The result cannot be written.
    #[error("{target} cannot be written ({source}); nothing was left there")]
    Write {
        /// The file or stream.
        target: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What the workspace keeps cannot be read.
    #[error("the files of the workspace cannot be read: {0}. Nothing was left")]
    Kept(std::io::Error),
    /// Somebody stopped it.
    #[error("the export was canceled; nothing was left")]
    Stopped,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns a list as JSON, as a request has it.
fn as_list(accept: &BTreeSet<Accept>) -> String {
    let mut list = Vec::new();
    for (index, accept) in accept.iter().enumerate() {
        list.extend_from_slice(if index == 0 { b"[" } else { b", " });
        quote_into(&accept.to_string(), &mut list);
    }
    list.push(b']');
    String::from_utf8_lossy(&list).into_owned()
}

/// Says why an export could not run.
pub fn to_problem(error: ExportError) -> Problem {
    match error {
        ExportError::Request(error) => Problem::malformed(error.with_names()),
        ExportError::NotFound { .. } => Problem::new(ProblemKind::NotFound, error.to_string()),
        ExportError::Ambiguous { .. }
        | ExportError::CustomEditor { .. }
        | ExportError::Format(_)
        | ExportError::Lossy(_)
        | ExportError::Media { .. }
        | ExportError::Since(_)
        | ExportError::Slice { .. }
        | ExportError::UnknownFormat { .. }
        | ExportError::UnknownNames(_) => Problem::malformed(error.to_string()),
        ExportError::Write { source, .. } => crate::workspace::unwritable(source),
        ExportError::Kept(error) => crate::workspace::unreadable(error),
        ExportError::Stopped => Problem::internal(error),
        ExportError::Store(error) => error.into(),
    }
}
