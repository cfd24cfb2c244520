-- What the everyday calls of the SDK keep.

-- A feature schema that was deleted is remembered by its id.
alter table schema_nodes add column deleted_ms integer;
