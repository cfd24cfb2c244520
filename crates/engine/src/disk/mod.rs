//! Files on the local disk: readable by their owner only, flushed while they grow, renamed when they are whole.

pub(crate) mod flushed;
pub(crate) mod pending;
pub mod private;
