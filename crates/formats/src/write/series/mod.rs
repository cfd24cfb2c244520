//! What formats of medical series share: which slices a series has and how they are turned, and the masks that lie on them.
//!
//! What labels store is numbers of slices, so that the header of the series must be at hand: see
//! [`Scans`](super::Scans). Masks of planes that a program has computed from the series are left out: nothing says how.

mod base;
mod stack;
#[cfg(test)]
pub(super) mod testing;
mod vector;

pub(super) use base::{Base, BySlice, MEDIA, OnSlice, wanted};
#[cfg(test)]
pub(super) use base::{NO_SLICE, NOT_A_SERIES, NOT_HELD, OTHER_PLANE};
pub(super) use stack::{ODD_SPACING, Stack};
pub(super) use vector::{Vector, dot, length, minus, plus, scaled};
