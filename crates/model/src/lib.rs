//! What things are: ids, times, rows, labels, data types, requests, filters, problems.
//!
//! Nothing here touches a file, the network, a clock or a random source, and nothing here knows a database, an output
//! format or an API. The other crates meet at the small closed types of this one: [`predicate::Predicate`] between
//! filters and SQL, [`record::Record`] between stored sections and formats, [`annotation::Shape`] between annotation
//! kinds and formats.
//!
//! # Adding something
//! A data type: one file in `data_type` and one line in its table. A filter: one file in `filter` and one line in its
//! table. A parameter: one line in `request::params`.

pub mod annotation;
pub mod cron;
pub mod data_type;
pub mod filter;
pub mod frames;
pub mod given;
pub mod id;
pub mod input;
pub mod json;
pub mod losses;
pub mod predicate;
pub mod problem;
pub mod quote;
pub mod record;
pub mod request;
pub mod row;
pub mod series;
pub mod time;
pub mod workflow;
