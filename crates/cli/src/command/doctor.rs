//! `labelport doctor`: whether the workspace is sound.

use super::Command;
use crate::messages::Messages;
use crate::outcome::{Outcome, REFUSED, SUCCESS};
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_store::integrity;
use serde_json::json;

/// Checks the data folder.
pub(crate) struct Doctor;

impl Command for Doctor {
    fn name(&self) -> &'static str {
        "doctor"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("doctor").about("Check the data folder and say what is wrong with it")
    }

    fn run(&self, _: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let store = workspace.open()?;
        // Others may write meanwhile: between two of their commits things would look damaged that are not.
        let mut snapshot = store.snapshot(1)?;
        let connection = &mut *snapshot.connections[0];
        let mut checks = 0;
        let mut tell = |check: &'static str| {
            checks += 1;
            messages.event(&json!({ "event": "checking", "check": check }), "");
        };
        let findings = integrity::check(connection, store.org_key(), &mut tell)?;
        for finding in &findings {
            let event = json!({
                "event": "finding", "check": finding.check, "message": finding.message, "remedy": finding.remedy,
            });
            messages.event(&event, &format!("{}: {}; {}", finding.check, finding.message, finding.remedy));
        }
        let folder = workspace.folder().display();
        let sentence = match findings.len() {
            0 => format!("{folder} is sound ({checks} checks)"),
            count => format!("{folder} has {count} findings in {checks} checks"),
        };
        messages.event(&json!({ "event": "checked", "checks": checks, "findings": findings.len() }), &sentence);
        Ok(if findings.is_empty() { SUCCESS } else { REFUSED })
    }
}
