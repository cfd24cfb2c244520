//! What the model promises across its modules.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod dates;
