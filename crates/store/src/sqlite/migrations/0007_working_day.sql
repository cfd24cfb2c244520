-- What the everyday calls of the SDK keep.

-- A feature schema that was deleted is remembered by its id.
alter table schema_nodes add column deleted_ms integer;
-- The place of an option among those of its field. Those from before are first, as they were listed.
alter table metadata_options add column position integer;
update metadata_options set position = (
    select count(*) from metadata_options o
    where o.schema_key = metadata_options.schema_key and (o.id, o.name) <= (metadata_options.id, metadata_options.name)
);

-- Rows that somebody gave a place of their own in the queue of a project.
create table labeling_overrides (
    project_key integer not null,
    row_key integer not null,
    id text not null,
    priority integer not null,
    created_ms integer not null,
    primary key (project_key, row_key)
) without rowid;
