-- Keys (…_key) are 64-bit numbers in creation order and never leave the store; ids are the public ones.
-- Texts called head, details, performance, annotations, media, rest, tail and json are JSON in normal form, exactly as an
-- export shows them. Columns beside them repeat what filters look for. Times (…_ms) are Unix milliseconds.

create table counters (
    name text primary key,
    value integer not null
) without rowid;
-- The number of jobs committed so far (two readers that see the same number see the same snapshot), and the last row key
-- given.
insert into counters (name, value) values ('commit', 0), ('row_key', 0);

create table organizations (
    org_key integer primary key,
    id text not null unique,
    name text not null,
    time_zone text not null default 'UTC',
    change_seq integer not null default 0,
    created_ms integer not null
);

create table users (
    user_key integer primary key,
    org_key integer not null,
    id text not null unique,
    email text not null,
    name text,
    role text not null,
    time_zone text,
    created_ms integer not null,
    unique (org_key, email)
);

create table datasets (
    dataset_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    description text,
    created_by integer,
    created_ms integer,
    updated_ms integer,
    deleted_ms integer
);
create index datasets_by_name on datasets (org_key, name);

create table data_rows (
    row_key integer primary key,
    org_key integer not null,
    dataset_key integer,
    data_type text,
    created_ms integer,
    updated_ms integer,
    activity_ms integer,
    change_seq integer not null,
    -- Which lists are known, even if empty: 1 attachments, 2 metadata, 4 embeddings.
    known integer not null,
    id text not null,
    global_key text,
    external_id text,
    head text not null,
    details text,
    media text,
    rest text
);
create index data_rows_by_dataset on data_rows (dataset_key, row_key);
create index data_rows_by_activity on data_rows (activity_ms);
create index data_rows_by_change on data_rows (org_key, change_seq);
create index data_rows_by_external_id on data_rows (external_id) where external_id is not null;

-- Look-up tables: the only places where uniqueness spans rows.
create table row_ids (
    id text primary key,
    row_key integer not null
) without rowid;

create table global_keys (
    org_key integer not null,
    global_key text not null,
    row_key integer not null,
    primary key (org_key, global_key)
) without rowid;

create table label_ids (
    id text primary key,
    project_key integer not null,
    row_key integer not null
) without rowid;

create table attachments (
    row_key integer not null,
    ordinal integer not null,
    json text not null,
    primary key (row_key, ordinal)
) without rowid;

create table metadata_schemas (
    schema_key integer primary key,
    org_key integer not null,
    id text not null,
    name text not null,
    kind text not null,
    unique (org_key, id, name)
);

create table metadata_options (
    schema_key integer not null,
    id text not null,
    name text not null,
    primary key (schema_key, id, name)
) without rowid;

-- A value is one row; each further option of an enum is a row without json.
create table metadata (
    row_key integer not null,
    ordinal integer not null,
    part integer not null,
    schema_key integer not null,
    text_value text,
    number_value real,
    time_ms integer,
    option_id text,
    json text,
    primary key (row_key, ordinal, part)
) without rowid;
create index metadata_by_text on metadata (schema_key, text_value);
create index metadata_by_number on metadata (schema_key, number_value) where number_value is not null;
create index metadata_by_time on metadata (schema_key, time_ms) where time_ms is not null;

create table embeddings (
    embedding_key integer primary key,
    org_key integer not null,
    id text not null,
    name text not null,
    dimensions integer not null,
    is_custom integer not null,
    unique (org_key, id, name)
);

create table row_embeddings (
    row_key integer not null,
    ordinal integer not null,
    embedding_key integer not null,
    json text not null,
    primary key (row_key, ordinal)
) without rowid;

create table ontologies (
    ontology_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    -- 1: defined by a person, rows must fit it. 0: grown from imported rows.
    is_given integer not null,
    normalized text,
    created_ms integer not null
);

create table feature_schemas (
    feature_key integer primary key,
    org_key integer not null,
    schema_id text not null,
    name text not null,
    kind text not null,
    value text not null,
    unique (org_key, schema_id, name, kind)
);
create index feature_schemas_by_name on feature_schemas (org_key, name);

create table ontology_features (
    ontology_key integer not null,
    schema_id text not null,
    primary key (ontology_key, schema_id)
) without rowid;

create table projects (
    project_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    description text,
    media_type text,
    -- 'standard', or 'custom' for a project that is labelled in an editor of its own.
    editor_kind text not null default 'standard',
    quality text,
    tags text,
    ontology_key integer,
    created_by integer,
    created_ms integer,
    updated_ms integer,
    deleted_ms integer
);
create index projects_by_name on projects (org_key, name);

create table batches (
    batch_key integer primary key,
    project_key integer not null,
    id text not null,
    name text not null,
    consensus text,
    created_by integer,
    created_ms integer,
    unique (project_key, id)
);

create table workflow_tasks (
    workflow_task_key integer primary key,
    project_key integer not null,
    id text not null,
    name text not null,
    unique (project_key, id, name)
);

create table project_rows (
    project_key integer not null,
    row_key integer not null,
    batch_key integer,
    workflow_task_key integer,
    status integer,
    priority integer,
    change_seq integer not null,
    details text,
    rest text,
    primary key (project_key, row_key)
) without rowid;
create index project_rows_by_row on project_rows (row_key, project_key);
create index project_rows_by_status on project_rows (project_key, status, row_key);
create index project_rows_by_batch on project_rows (batch_key, row_key) where batch_key is not null;
create index project_rows_by_change on project_rows (project_key, change_seq);

create table labels (
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
    primary key (project_key, row_key, ordinal)
) without rowid;
create index labels_by_creation on labels (created_ms);

create table label_features (
    feature_key integer not null,
    project_key integer not null,
    row_key integer not null,
    primary key (feature_key, project_key, row_key)
) without rowid;

create table issues (
    issue_key integer primary key,
    project_key integer not null,
    row_key integer not null,
    label_id text,
    id text not null unique,
    content text not null,
    status text not null,
    created_by text not null,
    created_ms integer not null,
    updated_ms integer not null
);
create index issues_by_row on issues (project_key, row_key);

create table issue_comments (
    comment_key integer primary key,
    issue_key integer not null,
    id text not null unique,
    content text not null,
    created_by text not null,
    created_ms integer not null
);
create index issue_comments_by_issue on issue_comments (issue_key, comment_key);

create table models (
    model_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    ontology_key integer,
    created_ms integer,
    deleted_ms integer
);
create index models_by_name on models (org_key, name);

create table model_runs (
    run_key integer primary key,
    model_key integer not null,
    id text not null unique,
    name text not null,
    created_ms integer,
    deleted_ms integer
);
create index model_runs_by_model on model_runs (model_key);

create table run_rows (
    run_key integer not null,
    row_key integer not null,
    split integer,
    change_seq integer not null,
    -- Which lists are known, even if empty: 1 labels, 2 predictions.
    known integer not null,
    head text not null,
    tail text not null,
    model_rest text,
    primary key (run_key, row_key)
) without rowid;
create index run_rows_by_row on run_rows (row_key, run_key);
create index run_rows_by_change on run_rows (run_key, change_seq);

-- Labels (role 0) and predictions (role 1) of a model run. A run keeps labels as they were when they joined it.
create table run_labels (
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
    primary key (run_key, row_key, role, ordinal)
) without rowid;

create table slices (
    slice_key integer primary key,
    org_key integer not null,
    id text not null unique,
    name text not null,
    description text,
    filter text not null,
    created_ms integer not null,
    updated_ms integer not null,
    unique (org_key, name)
);

create table tasks (
    task_key integer primary key,
    org_key integer not null,
    id text not null unique,
    kind text not null,
    name text not null,
    status text not null,
    request text not null,
    outcome text,
    rows_done integer not null default 0,
    rows_total integer,
    created_by text,
    created_ms integer not null,
    finished_ms integer,
    lease_owner text,
    lease_until_ms integer,
    attempt integer not null default 0
);
create index tasks_by_status on tasks (status, task_key);

-- Rows that left a scope. With the change_seq of the rows that stay this makes a delta exact.
create table tombstones (
    org_key integer not null,
    scope text not null,
    scope_key integer not null,
    change_seq integer not null,
    row_key integer not null,
    row_id text not null,
    primary key (org_key, scope, scope_key, change_seq, row_key)
) without rowid;
