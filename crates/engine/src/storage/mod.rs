//! What a workspace keeps outside the database: files, results of exports, backups.
//!
//! A file or a result exists once the database or its manifest says so; what is left over is found by [`unused`].

pub mod backup;
pub mod files;
pub mod results;
pub mod stale;
pub mod unused;
