//! The arguments of a schedule: those of `labelport export` with a result that is written to a file or folder.
//!
//! They are kept as they were given and read anew for each run, with the placeholders filled in. What can be checked
//! without reading a row is checked at creation, as if the schedule ran at once.

use super::super::Command;
use super::super::export::{self, Export};
use crate::ambient;
use crate::outcome::Failure;
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_engine::schedules::placeholders::{self, RunTimes};
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
    /// Whether it differs from run to run.
    varies: bool,
}

/// Fails unless a schedule can run with these arguments in the folder of this process.
pub(super) fn check(given: &[String], now: Timestamp, zone: &Zone, workspace: &Workspace) -> Result<(), Failure> {
    let times = RunTimes { due: now, started: now };
    let filled = fill(given, &times, zone)?;
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
    let target = target(given, &times, zone)?;
    let shown = target.fixed.display();
    if !target.fixed.is_dir() {
        let message = format!("the folder {shown} of -o does not exist");
        return Err(Failure::usage(message).hint("make it; only folders with a placeholder are made by each run"));
    }
    check_writable(&target.fixed)?;
    // Folders between are made by the run, so the rules for paths are asked about one that is there, in which nothing has
    // the name.
    let is_there = target.path.parent().is_some_and(|parent| parent.as_os_str().is_empty() || parent.is_dir());
    let name = target.path.file_name().unwrap_or_default().to_string_lossy();
    let mut path = match is_there {
        true => target.path.clone(),
        false => target.fixed.join(format!("{}-{name}", ambient::new_id())),
    };
    if target.is_folder {
        path.push("");
    }
    export::check(&matches, &path, workspace)
}

/// The arguments of a run.
pub(super) struct Prepared {
    /// The arguments, with placeholders filled in.
    pub(super) arguments: Vec<String>,
    /// What it writes.
    pub(super) output: PathBuf,
    /// Whether every run writes the same path.
    pub(super) is_fixed: bool,
    /// The folders that were made for it, outermost first.
    made: Vec<PathBuf>,
}

impl Prepared {
    /// Removes the folders that were made for a run that wrote nothing.
    pub(super) fn remove_empty_folders(&self) {
        // One that holds something stays.
        self.made.iter().rev().for_each(|folder| drop(std::fs::remove_dir(folder)));
    }
}

/// Returns the arguments of a run, and makes the folders that it writes to.
pub(super) fn prepare(given: &[String], run: &RunTimes, zone: &Zone, folder: &Path) -> Result<Prepared, Failure> {
    let arguments = fill(given, run, zone)?;
    let target = target(given, run, zone)?;
    let (fixed, output) = (folder.join(&target.fixed), folder.join(&target.path));
    if !fixed.is_dir() {
        return Err(Failure::new(format!("the folder {} does not exist any more", fixed.display())));
    }
    // Opening a pipe would wait for its other end.
    if output.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return Err(Failure::new(format!("{} is neither a file nor a folder", output.display())));
    }
    let parents = output.ancestors().skip(1).take_while(|parent| !parent.exists());
    let mut made: Vec<PathBuf> = parents.map(Path::to_owned).collect();
    made.reverse();
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|error| Failure::new(format!("the folder {} cannot be made ({error})", parent.display())))?;
    }
    Ok(Prepared { arguments, output, is_fixed: !target.varies, made })
}

/// Fills in the placeholders of all arguments.
fn fill(given: &[String], run: &RunTimes, zone: &Zone) -> Result<Vec<String>, Failure> {
    given.iter().map(|text| placeholders::fill(text, run, zone).map_err(Failure::usage)).collect()
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
fn target(given: &[String], run: &RunTimes, zone: &Zone) -> Result<Target, Failure> {
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
        fixed.push(placeholders::fill(&text, run, zone).map_err(Failure::usage)?);
    }
    if fixed.as_os_str().is_empty() {
        fixed.push(".");
    }
    let path = PathBuf::from(placeholders::fill(output, run, zone).map_err(Failure::usage)?);
    if path.file_name().is_none() {
        return Err(Failure::usage(format!("-o {output:?} does not end in the name of a file or folder")));
    }
    let varies = placeholders::varies(output, zone);
    Ok(Target { fixed, path, is_folder: output.ends_with('/'), varies })
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
