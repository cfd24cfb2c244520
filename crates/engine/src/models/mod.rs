//! Models and model runs, created and changed one call at a time.

pub mod config;
pub mod model;
pub mod registration;
pub mod run;
pub mod run_part;
