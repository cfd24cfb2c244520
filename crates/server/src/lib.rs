//! Interfaces over HTTP: GraphQL for the official SDK, REST, uploads, files and results.
//!
//! A app turns a request into a call of the engine and its answer into bytes. It holds no rules: who may do what, what a
//! request means and what is wrong with it is decided below. Calls of the engine block, so each runs on a thread for
//! blocking work; nothing else here does.
//!
//! # Adding something
//! A GraphQL operation: a field in the resource it belongs to, in `graphql::resource`. A REST resource: one file in
//! `rest` and one line in its table.

mod absent;
mod answer;
mod app;
mod connections;
mod deliver;
mod graphql;
mod health;
mod limits;
mod metrics;
mod nodes;
mod observe;
mod problem;
mod rest;
mod serve;
#[cfg(test)]
mod story;
#[cfg(test)]
mod test_app;
mod upload;

pub use limits::Limits;
pub use serve::{ServeError, Serving, serve, work};
