//! The options of commands that fetch assets: what may be fetched.

use crate::outcome::Failure;
use crate::storage;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::outbound::{AllowedBucket, Cidr, Policy};
use labelport_engine::storage::bucket::{Address, PART_PIECE_BYTES};
use std::path::PathBuf;

/// Returns the options.
pub(crate) fn arguments() -> [Arg; 4] {
    [
        Arg::new("allow-fetch")
            .long("allow-fetch")
            .value_name("CIDR")
            .value_parser(clap::value_parser!(Cidr))
            .action(ArgAction::Append)
            .help("Private addresses that may be reached for assets and webhooks, such as 10.0.0.0/8"),
        Arg::new("media-root")
            .long("media-root")
            .value_name("FOLDER")
            .value_parser(folder)
            .action(ArgAction::Append)
            .help("Folders below which assets may be named by file:// URLs"),
        Arg::new("allow-bucket")
            .long("allow-bucket")
            .value_name("URL")
            .value_parser(clap::value_parser!(Address))
            .action(ArgAction::Append)
            .help("Buckets, or prefixes in them, whose objects assets may be, such as s3://BUCKET/PREFIX"),
        Arg::new("max-asset-mib")
            .long("max-asset-mib")
            .value_name("MIB")
            .value_parser(clap::value_parser!(u64).range(1..=1 << 20))
            .help("Size of the largest asset that is read [default: 2048]"),
    ]
}

/// Takes a folder that is there: below another one nothing would ever be found.
fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() { Ok(path) } else { Err("the folder does not exist".to_owned()) }
}

/// Reads the addresses alone, of a command that has that option only.
pub(crate) fn addresses(arguments: &ArgMatches) -> Policy {
    let allowed = arguments.get_many::<Cidr>("allow-fetch").into_iter().flatten().copied().collect();
    Policy { allowed, ..Policy::default() }
}

/// Reads them.
pub(crate) fn policy(arguments: &ArgMatches) -> Result<Policy, Failure> {
    let addresses = arguments.get_many::<Address>("allow-bucket").into_iter().flatten();
    let open = |address: &Address| {
        let storage = storage::open(address, PART_PIECE_BYTES)?;
        Ok(AllowedBucket { address: address.clone(), storage })
    };
    Ok(Policy {
        buckets: addresses.map(open).collect::<Result<_, Failure>>()?,
        allowed: arguments.get_many::<Cidr>("allow-fetch").into_iter().flatten().copied().collect(),
        media_roots: arguments.get_many::<PathBuf>("media-root").into_iter().flatten().cloned().collect(),
        asset_limit_bytes: arguments.get_one::<u64>("max-asset-mib").map(|mebibytes| mebibytes << 20),
    })
}
