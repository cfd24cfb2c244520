-- Rows with long JSON leave clustered tables: an inner page of such a table holds whole rows, so that finding one of a
-- million costs three pages of rows. The key of a rowid table is a slim index, and its rows lie in one page each. The
-- rows themselves are moved by `sqlite/moving.rs`, many transactions later; until then there is no table of the old name,
-- so that a process of an earlier version that still has the database open fails and does not miss rows.

alter table row_embeddings rename to row_embeddings_old;
drop index row_embeddings_by_embedding;
create table row_embeddings_new (
    row_key integer not null,
    ordinal integer not null,
    embedding_key integer not null,
    json text not null,
    unique (row_key, ordinal)
);
create index row_embeddings_by_embedding on row_embeddings_new (embedding_key);

alter table labels rename to labels_old;
drop index labels_by_creation;
create table labels_new (
    project_key integer not null,
    row_key integer not null,
    ordinal integer not null,
    created_ms integer,
    has_masks integer not null,
    tally blob not null,
    id text not null,
    head text not null,
    details text,
    performance text,
    rest text,
    annotations text not null,
    unique (project_key, row_key, ordinal)
);
-- With the row, so that a filter by date reads no label.
create index labels_by_creation on labels_new (created_ms, row_key);

alter table run_labels rename to run_labels_old;
create table run_labels_new (
    run_key integer not null,
    row_key integer not null,
    role integer not null,
    ordinal integer not null,
    has_masks integer not null,
    tally blob not null,
    id text not null,
    head text not null,
    rest text,
    annotations text not null,
    unique (run_key, row_key, role, ordinal)
);
