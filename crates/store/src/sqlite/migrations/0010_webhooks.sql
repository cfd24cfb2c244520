-- Whether webhooks know of the end of a task. Those that have ended by now are nobody's news.
alter table tasks add column is_announced integer not null default 0;
update tasks set is_announced = 1 where status <> 'IN_PROGRESS';
create index tasks_to_announce on tasks (org_key, task_key) where is_announced = 0;

-- Releases are looked up by name.
create index items_by_name on items (org_key, kind, name) where name <> '';

-- Events on their way to webhooks, and what became of them. `next_ms` is when one that waits is tried next, `claimed_ms`
-- until when one that is being sent is nobody else's, `give_up_ms` when it is not tried any more.
create table webhook_deliveries (
    delivery_key integer primary key,
    org_key integer not null,
    id text not null unique,
    webhook_id text not null,
    event_id text not null,
    topic text not null,
    body text not null,
    status text not null,
    attempts integer not null default 0,
    created_ms integer not null,
    next_ms integer not null,
    claimed_ms integer not null default 0,
    give_up_ms integer not null,
    ended_ms integer,
    answer integer,
    error text
);
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, delivery_key);
create index webhook_deliveries_waiting on webhook_deliveries (webhook_id, attempts, delivery_key)
    where status = 'WAITING';
