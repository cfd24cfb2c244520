-- Runs of schedules, which are items. `due_ms` is the time for which a schedule ran, `ended_ms` is null while it runs.
create table schedule_runs (
    run_key integer primary key,
    schedule_id text not null,
    due_ms integer not null,
    started_ms integer not null,
    ended_ms integer,
    status text not null,
    reason text,
    rows integer,
    sha256 text,
    task_id text
);
create index schedule_runs_by_schedule on schedule_runs (schedule_id, run_key);
