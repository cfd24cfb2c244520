-- What a server keeps beside the rows: keys, uploads, assets, imports, and the settings of things that are labelled.

create table settings (
    name text primary key,
    value text not null
) without rowid;

-- A key is stored as the SHA-256 of its text; `hint` is the end of the text, by which people tell keys apart.
create table api_keys (
    api_key_key integer primary key,
    org_key integer not null,
    user_key integer not null,
    id text not null unique,
    name text not null,
    hash text not null unique,
    hint text not null,
    role text not null,
    created_ms integer not null,
    expires_ms integer,
    revoked_ms integer
);

create table files (
    file_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    content_type text,
    size_bytes integer not null,
    sha256 text not null,
    created_by text,
    created_ms integer not null
);

-- What is known of a row's asset beside `data_rows.media`. State: 0 waits to be looked at, 1 looked at, 2 unreachable.
create table assets (
    row_key integer primary key,
    state integer not null,
    media_type text,
    attributes text,
    content text,
    text_layer text,
    notice text
);
create index assets_waiting on assets (row_key) where state = 0;

-- A mask kept as PNG: a composite of a label, or one instance. `place` is its way below the address of the server.
create table masks (
    place text primary key,
    org_key integer not null,
    file_id text not null
) without rowid;

-- What became of each row of a data row import: a row, or a failure with its reason.
create table task_rows (
    task_key integer not null,
    ordinal integer not null,
    row_id text,
    failure text,
    primary key (task_key, ordinal)
) without rowid;

create table annotation_imports (
    import_key integer primary key,
    org_key integer not null,
    id text not null unique,
    task_id text not null,
    kind text not null,
    parent_key integer not null,
    name text not null,
    state text not null,
    input_url text not null,
    status_file text,
    error_file text,
    rows_done integer not null default 0,
    rows_total integer,
    created_by text,
    created_ms integer not null,
    finished_ms integer,
    unique (kind, parent_key, name)
);

-- A tool or a classification by itself. An ontology repeats those that it uses.
create table schema_nodes (
    org_key integer not null,
    id text not null,
    name text not null,
    is_tool integer not null,
    normalized text not null,
    created_ms integer not null,
    primary key (org_key, id)
) without rowid;

alter table ontologies add column description text;
alter table ontologies add column media_type text;
alter table ontologies add column updated_ms integer;
alter table ontologies add column deleted_ms integer;
-- A JSON object of what the SDK sets and reads back.
alter table projects add column settings text;
alter table workflow_tasks add column queue_type text;
alter table batches add column priority integer;
alter table metadata_schemas add column is_reserved integer not null default 0;
alter table metadata_schemas add column deleted_ms integer;
alter table embeddings add column created_ms integer;
alter table models add column created_by text;
alter table model_runs add column created_by text;
alter table model_runs add column training_metadata text;
alter table model_runs add column status text;
alter table model_runs add column updated_ms integer;
create index tasks_by_creator on tasks (created_by, task_key);
create index row_embeddings_by_embedding on row_embeddings (embedding_key);
create index tasks_by_end on tasks (finished_ms) where finished_ms is not null;
-- Repeats the id in `json`, by which attachments are changed and removed.
alter table attachments add column id text;
update attachments set id = json_extract(json, '$.id') where json_type(json, '$.id') = 'text';
create index attachments_by_id on attachments (id) where id is not null;
