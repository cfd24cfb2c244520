-- What each change touched, as runs of neighbouring row keys: an export of what changed reads those after a number. An
-- import of new rows is one run for each transaction.
create table changed_rows (
    change_seq integer not null,
    first_key integer not null,
    last_key integer not null,
    primary key (change_seq, first_key)
) without rowid;

-- The global key that a row had when it left.
alter table tombstones add column global_key text;

-- What changed up to this number is not known any more.
alter table organizations add column history_start integer not null default 0;
update organizations set history_start = change_seq;

-- The last change number at a time, so that history can be kept for a while and no longer.
create table history_marks (
    seen_ms integer primary key,
    change_seq integer not null
);
