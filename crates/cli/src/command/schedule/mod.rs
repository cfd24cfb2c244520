//! `labelport schedule`: exports that a server runs at set times.

mod arguments;
pub(super) mod scheduler;

use super::Command;
use crate::ambient;
use crate::messages::{Messages, escaped, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::items::Item;
use labelport_engine::schedules::{self, NewSchedule, RUNS_KEPT, RunStatus, Schedule as Stored, ScheduleRun};
use labelport_engine::workspace::Workspace as Served;
use labelport_model::cron::Cron;
use labelport_model::time::{Timestamp, Zone};
use serde_json::{Value, json};

/// What people write after the options of `create`.
const EXAMPLE: &str =
    "labelport schedule create nightly --cron \"0 6 * * 1-5\" -- export project NAME -o {date}.ndjson";

/// How many runs `history` lists if nobody says.
const HISTORY_LIMIT: u32 = 20;
/// How many runs `show` lists.
const SHOWN_RUNS: usize = 5;

/// Creates, shows and controls schedules.
pub(super) struct Schedule;

impl Command for Schedule {
    fn name(&self) -> &'static str {
        "schedule"
    }

    fn arguments(&self) -> clap::Command {
        let name = || Arg::new("schedule").value_name("NAME-or-ID").required(true).help("Its name or its id");
        let create = clap::Command::new("create")
            .about("Create a schedule: an export that `labelport serve` runs at set times")
            .args([
                Arg::new("name").value_name("NAME").required(true).help("Name of the schedule"),
                Arg::new("cron")
                    .long("cron")
                    .value_name("EXPRESSION")
                    .required(true)
                    .help("When it runs: minute, hour, day of the month, month, day of the week"),
                Arg::new("timezone")
                    .long("timezone")
                    .value_name("ZONE")
                    .help("Time zone of the expression and of placeholders [default: that of the workspace, UTC]"),
                Arg::new("skip-unchanged")
                    .long("skip-unchanged")
                    .action(ArgAction::SetTrue)
                    .help("Write nothing if the result is that of the last run, or if a delta is empty"),
                Arg::new("arguments")
                    .value_name("export …")
                    .last(true)
                    .required(true)
                    .num_args(1..)
                    .help("The export to run, with -o; relative paths start in the current folder"),
            ])
            .after_help(format!(
                "{EXAMPLE}\n\nPlaceholders in the arguments stand for the time that a run is for: {{date}} (2026-11-26), {{time}} (0600) and \
                 {{datetime}} (2026-11-26T060001+0100, when it begins). {{{{ is a brace. Folders of -o with a placeholder are made by each run.\n\n\
                 See docs/schedules.md for changes of the clock and for what may go wrong.",
            ));
        let limit = Arg::new("limit")
            .long("limit")
            .value_name("N")
            .value_parser(clap::value_parser!(u32).range(1..))
            .help(format!("The most runs to print [default: {HISTORY_LIMIT}]"));
        clap::Command::new("schedule")
            .about("Create, list, pause, run or delete scheduled exports")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([
                create,
                clap::Command::new("list").about("List the schedules with their next times and last runs"),
                clap::Command::new("show").about("Show a schedule, when it runs next, and its last runs").arg(name()),
                clap::Command::new("history").about("List the runs of a schedule, newest first").args([name(), limit]),
                clap::Command::new("pause").about("Pause a schedule; a run in progress goes on").arg(name()),
                clap::Command::new("resume")
                    .about("Start runs by the clock again; what was missed while it was paused does not run")
                    .arg(name()),
                clap::Command::new("run").about("Have the server run a schedule now").arg(name()),
                clap::Command::new("delete").about("Delete a schedule and its history; results stay").arg(name()),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let Some((verb, arguments)) = arguments.subcommand() else { return Err(Failure::usage("name what to do")) };
        if verb == "create" {
            return create(arguments, workspace, messages);
        }
        let served = workspace.open_served(workspace.open()?)?;
        let name = || arguments.get_one::<String>("schedule").map_or("", String::as_str);
        let now = ambient::now();
        match verb {
            "list" => list(&served, messages),
            "show" => show(&served, &schedules::get(&served, name())?, messages),
            "history" => {
                let limit = arguments.get_one::<u32>("limit").copied().unwrap_or(HISTORY_LIMIT);
                history(&served, &schedules::get(&served, name())?, limit as usize, messages)
            }
            "pause" => say(&schedules::pause(&served, name(), now)?, "paused", messages),
            "resume" => say(&schedules::resume(&served, name(), now)?, "resumed", messages),
            "run" => say(&schedules::run_now(&served, name(), now)?, "queued", messages),
            _ => {
                let (id, name) = schedules::delete(&served, name())?;
                let event = json!({ "event": "schedule deleted", "id": id, "name": name });
                messages.event(&event, &format!("deleted schedule {}", escaped(&name)));
                Ok(SUCCESS)
            }
        }
    }
}

fn create(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let text = |name: &str| arguments.get_one::<String>(name).cloned();
    let cron = Cron::parse(&text("cron").unwrap_or_default()).map_err(Failure::usage)?;
    let store = workspace.open()?;
    let zone_name = match text("timezone") {
        Some(name) => name,
        None => store.time_zone()?,
    };
    let zone = Zone::parse(&zone_name).map_err(Failure::usage)?;
    let now = ambient::now();
    let given: Vec<String> = arguments.get_many("arguments").into_iter().flatten().cloned().collect();
    arguments::check(&given, now, &zone, workspace)?;
    let folder = std::env::current_dir()?.into_os_string().into_string();
    let folder = folder.map_err(|_| Failure::usage("the name of the current folder is not UTF-8; use another"))?;
    let new = NewSchedule {
        name: text("name").unwrap_or_default(),
        cron,
        zone,
        arguments: given,
        folder,
        skip_unchanged: arguments.get_flag("skip-unchanged"),
    };
    let served = workspace.open_served(store)?;
    let created = schedules::create(&served, new, now)?;
    say(&created, "created", messages)
}

/// Says what became of a schedule, and when it runs next.
fn say(schedule: &Item<Stored>, outcome: &str, messages: &Messages) -> Outcome {
    let mut event = to_json(schedule);
    event["event"] = json!(format!("schedule {outcome}"));
    let next = match outcome {
        "paused" => String::new(),
        "queued" => "; `labelport serve` runs it within a few seconds, or when it is started".to_owned(),
        _ => format!("; next run: {}", next(&schedule.body)),
    };
    messages.event(&event, &format!("{outcome} schedule {}{next}", escaped(&schedule.name)));
    Ok(SUCCESS)
}

fn list(served: &Served, messages: &Messages) -> Outcome {
    let mut rows = Vec::new();
    for schedule in schedules::list(served)? {
        let last = schedules::history(served, &schedule, 1)?.pop();
        if messages.is_json() {
            let mut line = to_json(&schedule);
            line["last_run"] = last.as_ref().map_or(Value::Null, run_to_json);
            print(&format!("{line}\n"))?;
        }
        let zone = zone_of(&schedule.body);
        let last = last.map_or_else(|| "never".to_owned(), |run| format!("{} {}", shown(run.due, &zone), word(&run)));
        let Stored { cron, zone, .. } = &schedule.body;
        rows.push(vec![schedule.name.clone(), cron.clone(), zone.clone(), next(&schedule.body), last]);
    }
    if !messages.is_json() {
        print(&table(&["name", "cron", "time zone", "next run", "last run"], &rows))?;
    }
    Ok(SUCCESS)
}

fn show(served: &Served, schedule: &Item<Stored>, messages: &Messages) -> Outcome {
    let runs = schedules::history(served, schedule, SHOWN_RUNS)?;
    if messages.is_json() {
        let mut line = to_json(schedule);
        line["runs"] = runs.iter().map(run_to_json).collect();
        print(&format!("{line}\n"))?;
        return Ok(SUCCESS);
    }
    let body = &schedule.body;
    let zone = zone_of(body);
    let words: Vec<String> = body.arguments.iter().map(|word| quoted(word)).collect();
    let running = match &body.running {
        Some(claim) => format!("since {}", shown(Timestamp::from_millis(claim.started_ms), &zone)),
        None => "no".to_owned(),
    };
    let lines = [
        ("name", schedule.name.clone()),
        ("id", schedule.id.clone()),
        ("cron", body.cron.clone()),
        ("time zone", body.zone.clone()),
        ("runs", format!("labelport {}", words.join(" "))),
        ("folder", body.folder.clone()),
        ("skip unchanged", if body.skip_unchanged { "yes" } else { "no" }.to_owned()),
        ("next run", next(body)),
        ("running", running),
    ];
    let lines = lines.iter().map(|(name, value)| format!("{name:<15} {}\n", escaped(value)));
    print(&lines.collect::<String>())?;
    if !runs.is_empty() {
        print(&format!("\n{}", runs_table(&runs, &zone)))?;
    }
    Ok(SUCCESS)
}

fn history(served: &Served, schedule: &Item<Stored>, limit: usize, messages: &Messages) -> Outcome {
    let runs = schedules::history(served, schedule, limit.min(RUNS_KEPT))?;
    if messages.is_json() {
        for run in &runs {
            print(&format!("{}\n", run_to_json(run)))?;
        }
    } else {
        print(&runs_table(&runs, &zone_of(&schedule.body)))?;
    }
    Ok(SUCCESS)
}

fn runs_table(runs: &[ScheduleRun], zone: &Zone) -> String {
    let rows = runs.iter().map(|run| {
        let secs = run.ended.map(|ended| (ended.as_millis() - run.started.as_millis()) as f64 / 1_000.0);
        vec![
            shown(run.due, zone),
            word(run).to_owned(),
            run.rows.map_or_else(String::new, |rows| grouped(rows.unsigned_abs())),
            secs.map_or_else(String::new, |secs| format!("{secs:.1}")),
            run.reason.clone().unwrap_or_default(),
        ]
    });
    table(&["due", "result", "rows", "seconds", "reason"], &rows.collect::<Vec<_>>())
}

fn word(run: &ScheduleRun) -> &'static str {
    match run.status {
        RunStatus::Running => "running",
        RunStatus::Complete => "complete",
        RunStatus::Unchanged => "unchanged",
        RunStatus::Failed => "failed",
        RunStatus::Interrupted => "interrupted",
        RunStatus::Skipped => "skipped",
    }
}

/// Returns the zone of a schedule; UTC if it is not known any more.
fn zone_of(schedule: &Stored) -> Zone {
    Zone::parse(&schedule.zone).unwrap_or_else(|_| Zone::utc())
}

/// Returns when a schedule runs next, as people read it.
fn next(schedule: &Stored) -> String {
    match (schedule.next(), Zone::parse(&schedule.zone)) {
        (Some(next), Ok(zone)) => shown(next, &zone),
        _ if schedule.is_paused => "paused".to_owned(),
        _ => "never".to_owned(),
    }
}

/// Writes a time as the clock of a zone shows it, with its offset.
fn shown(instant: Timestamp, zone: &Zone) -> String {
    let (date, time, offset) = zone.shown(instant);
    let (hour, minute) = time.split_at(2);
    format!("{date} {hour}:{minute} {offset}")
}

/// Writes a word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./,:=@+%{}".contains(letter);
    let is_plain = !word.is_empty() && word.chars().all(is_plain);
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn time_to_json(millis: Option<i64>) -> Value {
    millis.map_or(Value::Null, |millis| json!(Timestamp::from_millis(millis).to_string()))
}

fn to_json(schedule: &Item<Stored>) -> Value {
    let body = &schedule.body;
    json!({
        "id": schedule.id, "name": schedule.name, "cron": body.cron, "timezone": body.zone,
        "arguments": body.arguments, "folder": body.folder, "skip_unchanged": body.skip_unchanged,
        "is_paused": body.is_paused, "next_run": time_to_json(body.next().map(Timestamp::as_millis)),
        "running_since": time_to_json(body.running.as_ref().map(|claim| claim.started_ms)),
        "created_at": schedule.created.to_string(),
    })
}

fn run_to_json(run: &ScheduleRun) -> Value {
    json!({
        "due": run.due.to_string(), "started_at": run.started.to_string(),
        "ended_at": time_to_json(run.ended.map(Timestamp::as_millis)), "status": run.status.wire_name(),
        "reason": run.reason, "rows": run.rows, "sha256": run.sha256, "task_id": run.task_id,
    })
}
