//! Bytes of others to what labelport stores.
//!
//! Each reader turns one foreign form into the stored form. Readers are pure, as formats are: what they need of the
//! world comes through a trait. They never see a file, a database or a request.

pub mod labelbox_lines;
