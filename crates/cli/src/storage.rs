//! Object stores: where files and results lie with `--results`, and objects that are named elsewhere.
//!
//! What the address does not say comes from the environment: credentials, region, endpoint.

use crate::ambient::SystemChance;
use crate::outcome::Failure;
use clap::Arg;
use labelport_engine::storage::Storage;
use labelport_engine::storage::bucket::{self, Address, BucketOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns the option that says where files and results lie.
pub(crate) fn argument(heading: &'static str) -> Arg {
    Arg::new("results")
        .long("results")
        .help_heading(heading)
        .value_name("URL")
        .value_parser(clap::value_parser!(Address))
        .env("LABELPORT_RESULTS")
        .global(true)
        .help(
            "Bucket for uploads, masks and stored results, such as s3://BUCKET/PREFIX, gs://… or az://… [default: the data \
             folder]",
        )
}

/// Opens a place in a bucket. Nothing is sent.
pub(crate) fn open(address: &Address, piece_bytes: usize) -> Result<Arc<dyn Storage>, Failure> {
    let options = BucketOptions {
        environment: environment(),
        piece_bytes,
        patience: bucket::PATIENCE,
        first_pause: bucket::FIRST_PAUSE,
        chance: Arc::new(SystemChance),
    };
    Ok(bucket::open(address, options)?)
}

/// Returns what of the environment is about object stores.
fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let is_known =
        |(name, _): &(String, String)| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars_os().filter_map(text).filter(is_known).collect()
}
