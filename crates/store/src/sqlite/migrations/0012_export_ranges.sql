-- Exports that several processes do together. A run is one attempt at the export of a task, whose ranges of rows are leased.
-- `leader` writes the result and has asked for the ranges before `reached`, and `settings` is what all must have in common.
create table export_runs (
    run_key integer primary key,
    id text not null unique,
    task_id text not null unique,
    leader text not null,
    reached integer not null default 0,
    settings text not null
);

-- Who holds the state of the database that a run exports, and the name by which others can read it.
create table export_states (
    run_id text not null,
    owner text not null,
    state text not null,
    primary key (run_id, owner)
);

-- Ranges that somebody has taken. `until_ms` is null where the leader of the run has it, `object` where its rows are kept
-- once they are encoded.
create table export_ranges (
    run_id text not null,
    ordinal integer not null,
    owner text not null,
    until_ms integer,
    attempts integer not null default 1,
    object text,
    primary key (run_id, ordinal)
);
create index export_ranges_open on export_ranges (run_id, until_ms) where object is null;
