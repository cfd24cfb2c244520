//! The arguments of a schedule: those of `labelport export` with a result that is written to a file or folder.
//!
//! They are kept as they were given and read anew for each run, with the placeholders filled in. What can be checked
//! without reading a row is checked at creation, as if the schedule ran at once.

use super::super::Command;
use super::super::export::{self, Export};
use crate::outcome::Failure;
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_engine::schedules::placeholders;
use labelport_model::time::{Timestamp, Zone};
use std::path::{Component, Path, PathBuf};

/// Where a run writes.
struct Target {
    /// The folders of the path that are there before any run.
    fixed: PathBuf,
    /// The whole path.
    path: PathBuf,
    /// Whether the path ends in `/`.
    is_folder: bool,
}

/// Fails unless a schedule can run with these arguments in the folder of this process.
pub(super) fn check(given: &[String], now: Timestamp, zone: &Zone, workspace: &Workspace) -> Result<(), Failure> {
    let filled = fill(given, now, zone)?;
    let matches = read(&filled)?;
    let scope = scope(&matches)?;
    let of_schedule = "a schedule runs `export` with -o";
    if scope.get_flag("dry-run") {
        return Err(Failure::usage("--dry-run writes nothing").hint(of_schedule));
    }
    if scope.get_one::<String>("unless-sha256").is_some() {
        let message = "--unless-sha256 is what a schedule adds, with the digest of its last result";
        return Err(Failure::usage(message).hint("write --skip-unchanged before the --"));
    }
    let target = target(given, now, zone)?;
    let shown = target.fixed.display();
    if !target.fixed.is_dir() {
        let message = format!("the folder {shown} of -o does not exist");
        return Err(Failure::usage(message).hint("make it; only folders with a placeholder are made by each run"));
    }
    check_writable(&target.fixed)?;
    // Folders between are made by the run, so the rules for paths are asked about one that is there.
    let mut path = target.fixed.join(target.path.file_name().unwrap_or_default());
    if target.is_folder {
        path.push("");
    }
    export::check(&matches, &path, workspace)
}

/// Returns the arguments of a run, and makes the folders that it writes to.
pub(super) fn prepare(given: &[String], due: Timestamp, zone: &Zone, folder: &Path) -> Result<Vec<String>, Failure> {
    let filled = fill(given, due, zone)?;
    let target = target(given, due, zone)?;
    let (fixed, path) = (folder.join(&target.fixed), folder.join(&target.path));
    if !fixed.is_dir() {
        return Err(Failure::new(format!("the folder {} does not exist any more", fixed.display())));
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| Failure::new(format!("the folder {} cannot be made ({error})", parent.display())))?;
    }
    Ok(filled)
}

/// Fills in the placeholders of all arguments.
fn fill(given: &[String], due: Timestamp, zone: &Zone) -> Result<Vec<String>, Failure> {
    given.iter().map(|text| placeholders::fill(text, due, zone).map_err(Failure::usage)).collect()
}

/// Reads arguments as the command line does.
fn read(arguments: &[String]) -> Result<ArgMatches, Failure> {
    if arguments.first().map(String::as_str) != Some("export") {
        let message = "a schedule runs `export` and nothing else";
        return Err(Failure::usage(message).hint(super::EXAMPLE));
    }
    Export.arguments().try_get_matches_from(arguments).map_err(|error| {
        let text = error.render().to_string();
        // The first paragraph says what is wrong; help is about something else.
        let message = match error.use_stderr() {
            true => text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: "),
            false => "a schedule cannot show help",
        };
        Failure::usage(message.trim_end()).hint("`labelport export --help` shows the arguments")
    })
}

fn scope(matches: &ArgMatches) -> Result<&ArgMatches, Failure> {
    matches.subcommand().map(|(_, scope)| scope).ok_or_else(|| Failure::usage("name what to export"))
}

/// Returns where a run writes, from its arguments with their placeholders.
fn target(given: &[String], due: Timestamp, zone: &Zone) -> Result<Target, Failure> {
    let matches = read(given)?;
    let Some(output) = scope(&matches)?.get_one::<String>("output").filter(|name| *name != "-") else {
        let message = "a schedule has no standard output; it writes its result to a file or folder";
        return Err(Failure::usage(message).hint("add -o, such as -o rows-{date}.ndjson"));
    };
    let mut fixed = PathBuf::new();
    let mut components = Path::new(output).components().peekable();
    while let Some(component) = components.next() {
        let text = component.as_os_str().to_string_lossy();
        let is_name = matches!(component, Component::Normal(_));
        if is_name && (components.peek().is_none() || placeholders::varies(&text, zone)) {
            break;
        }
        fixed.push(placeholders::fill(&text, due, zone).map_err(Failure::usage)?);
    }
    if fixed.as_os_str().is_empty() {
        fixed.push(".");
    }
    let path = PathBuf::from(placeholders::fill(output, due, zone).map_err(Failure::usage)?);
    if path.file_name().is_none() {
        return Err(Failure::usage(format!("-o {output:?} does not end in the name of a file or folder")));
    }
    Ok(Target { fixed, path, is_folder: output.ends_with('/') })
}

#[cfg(unix)]
fn check_writable(folder: &Path) -> Result<(), Failure> {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).map_err(|error| {
        let message = format!("{} cannot be written ({error})", folder.display());
        Failure::usage(message).hint("name a folder that this user can write; the server has to run as this user")
    })
}

#[cfg(not(unix))]
fn check_writable(_: &Path) -> Result<(), Failure> {
    Ok(())
}
