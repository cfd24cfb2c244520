//! Losses that a request accepts, named one by one.
//!
//! A loss is named by the annotation kind and by what becomes of it, as the table of losses has them:
//! `ImagePolygon=reduced`. Sentences that say why are for people and may change; these names do not.

use crate::losses::{Loss, Outcome};
use std::fmt;

/// Stands for every kind.
const ANY: &str = "*";

/// One outcome of one annotation kind, or of every kind. It is displayed as it is parsed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accept {
    kind: String,
    outcome: Outcome,
}

/// A text that names no loss.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a loss: write an annotation kind, or * for all, and what may become of it, such as \
     ImagePolygon=reduced or radio_answer=left_out"
)]
pub struct AcceptError(String);

impl Accept {
    /// Reads `KIND=reduced` or `KIND=left_out`.
    pub fn parse(text: &str) -> Result<Self, AcceptError> {
        let refused = || AcceptError(text.to_owned());
        // The name of a kind may hold anything, an outcome may not.
        let (kind, word) = text.rsplit_once('=').ok_or_else(refused)?;
        let outcome = Outcome::find(word.trim()).filter(|outcome| *outcome != Outcome::Kept).ok_or_else(refused)?;
        let kind = kind.trim().to_owned();
        if kind.is_empty() { Err(refused()) } else { Ok(Self { kind, outcome }) }
    }

    /// Returns what accepts a loss and others like it.
    pub fn of(loss: &Loss) -> Self {
        Self { kind: loss.what.clone(), outcome: loss.outcome }
    }

    /// Returns the same for every kind.
    pub fn of_any_kind(&self) -> Self {
        Self { kind: ANY.to_owned(), outcome: self.outcome }
    }

    /// Returns whether a loss is accepted.
    pub fn covers(&self, loss: &Loss) -> bool {
        self.outcome == loss.outcome && (self.kind == ANY || self.kind == loss.what)
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.kind, self.outcome.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(what: &str, outcome: Outcome) -> Loss {
        Loss { what: what.to_owned(), class: Some("c".to_owned()), outcome, reason: String::new() }
    }

    #[test]
    fn a_loss_is_covered_by_its_kind_and_outcome() {
        let accept = Accept::parse("ImagePolygon=reduced").unwrap();
        assert!(accept.covers(&loss("ImagePolygon", Outcome::Reduced)));
        assert!(!accept.covers(&loss("ImagePolygon", Outcome::LeftOut)));
        assert!(!accept.covers(&loss("ImagePoint", Outcome::Reduced)));
        let any = Accept::parse(" * = left_out ").unwrap();
        assert!(any.covers(&loss("ImagePoint", Outcome::LeftOut)) && !any.covers(&loss("x", Outcome::Reduced)));
        assert_eq!(accept.of_any_kind().to_string(), "*=reduced");
    }

    #[test]
    fn what_names_no_loss_is_refused() {
        for text in ["", "ImagePolygon", "ImagePolygon=", "=reduced", "ImagePolygon=kept", "ImagePolygon=to box"] {
            assert_eq!(Accept::parse(text), Err(AcceptError(text.to_owned())), "{text:?}");
        }
        for kind in ["a=b", "a,b", "é"] {
            let accept = Accept::of(&loss(kind, Outcome::LeftOut));
            assert_eq!(Accept::parse(&accept.to_string()), Ok(accept));
        }
    }
}
