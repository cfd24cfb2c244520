//! Schedules: what runs when, and running, pausing and resuming one.
//!
//! No call creates a schedule: it writes files of the server with the rights of the server, so only those who can write the
//! data folder create one. The folder and the arguments say where files of the server are, so all calls are for
//! administrators.

use super::{Routes, answered};
use crate::app::App;
use crate::nodes::{time, time_of_millis};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::items::Item;
use labelport_engine::schedules::{self, Schedule, ScheduleRun};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::Action;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};

/// How many runs a schedule shows.
const RUNS_SHOWN: usize = 20;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/schedules", get(list))
        .route("/api/v1/schedules/{name}", get(one))
        .route("/api/v1/schedules/{name}/pause", post(pause))
        .route("/api/v1/schedules/{name}/resume", post(resume))
        .route("/api/v1/schedules/{name}/run", post(run))
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Administer, StatusCode::OK, |workspace, _| {
        Ok(schedules::list(workspace)?.iter().map(to_json).collect())
    })
    .await
}

async fn one(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Administer, StatusCode::OK, move |workspace, _| {
        let schedule = schedules::get(workspace, &name)?;
        let runs = schedules::history(workspace, &schedule, RUNS_SHOWN)?;
        let mut shown = to_json(&schedule);
        shown["runs"] = runs.iter().map(run_to_json).collect();
        Ok(shown)
    })
    .await
}

async fn pause(app: State<App>, name: Path<String>, headers: HeaderMap) -> Response<Body> {
    change(app, name, headers, schedules::pause).await
}

async fn resume(app: State<App>, name: Path<String>, headers: HeaderMap) -> Response<Body> {
    change(app, name, headers, schedules::resume).await
}

async fn run(app: State<App>, name: Path<String>, headers: HeaderMap) -> Response<Body> {
    change(app, name, headers, schedules::run_now).await
}

/// A change of a schedule by its name.
type Change = fn(&Workspace, &str, Timestamp) -> Result<Item<Schedule>, Problem>;

async fn change(
    State(app): State<App>,
    Path(name): Path<String>,
    headers: HeaderMap,
    change: Change,
) -> Response<Body> {
    answered(&app, &headers, Action::Administer, StatusCode::OK, move |workspace, _| {
        Ok(to_json(&change(workspace, &name, workspace.now())?))
    })
    .await
}

fn to_json(schedule: &Item<Schedule>) -> Value {
    let body = &schedule.body;
    json!({
        "id": schedule.id,
        "name": schedule.name,
        "cron": body.cron,
        "timezone": body.zone,
        "arguments": body.arguments,
        "folder": body.folder,
        "skipUnchanged": body.skip_unchanged,
        "isPaused": body.is_paused,
        "nextRun": body.next().map(time),
        "runningSince": time_of_millis(body.running.as_ref().map(|claim| claim.started_ms)),
        "createdAt": time(schedule.created),
    })
}

fn run_to_json(run: &ScheduleRun) -> Value {
    json!({
        "due": time(run.due),
        "startedAt": time(run.started),
        "endedAt": run.ended.map(time),
        "status": run.status.wire_name(),
        "reason": run.reason,
        "rows": run.rows,
        "sha256": run.sha256,
        "taskId": run.task_id,
    })
}
