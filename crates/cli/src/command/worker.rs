//! `labelport worker`: a process that works on tasks and serves nobody, until a signal to stop.

use super::{Command, serve};
use crate::ambient;
use crate::fetching;
use crate::logging;
use crate::messages::{Messages, counted};
use crate::outcome::{Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::ArgMatches;
use serde_json::json;
use std::sync::Arc;

/// Works on tasks.
pub(super) struct Worker;

impl Command for Worker {
    fn name(&self) -> &'static str {
        "worker"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("worker")
            .about("Work on the tasks of a workspace that servers on other machines serve")
            .after_help(
                "Servers and workers of one workspace share its database (--store) and its files and results.\n\
                 A task whose worker dies is done by another one. A large export is done by all of them together.\n\
                 Clocks may differ: that of the database counts.",
            )
            .args([serve::workers_argument(), serve::range_argument()])
            .args(fetching::arguments())
            .args(logging::arguments())
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        logging::start(arguments, messages)?;
        let served = workspace.open_served_with(workspace.open()?, fetching::policy(arguments)?)?;
        let served = serve::with_ranges(served, arguments);
        // Who cannot write can take no task.
        served.check_ready()?;
        let workers = serve::workers(arguments);
        let owner = format!("worker {} {}", std::process::id(), ambient::new_id());
        let event = json!({ "event": "working", "store": workspace.shown(), "workers": workers });
        let tasks = counted(workers as u64, "task");
        if workspace.database().is_none() {
            messages.note("notice: without --store only processes of this machine can share the workspace");
        }
        messages.event(&event, &format!("working for {}, {tasks} at once. Stop with Ctrl-C.", workspace.shown()));
        labelport_server::work(&Arc::new(served), owner, workers, Arc::new(serve::report))?;
        messages.note("stopped; tasks that were running go on with another worker, or at the next start");
        Ok(SUCCESS)
    }
}
