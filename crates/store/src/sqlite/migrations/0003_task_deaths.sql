-- How often the worker of a task ended without a word: its lease ran out, and another worker took the task over.
alter table tasks add column deaths integer not null default 0;
-- The API key that asked for the task, else its user: workers serve queues in turn.
alter table tasks add column queue text not null default '';
update tasks set queue = coalesce(created_by, '');
-- Grows with every claim by a worker, over all tasks. The queue whose highest number is lowest is served next.
alter table tasks add column claim_seq integer not null default 0;
create index tasks_by_queue on tasks (queue, claim_seq);
create index tasks_by_claim on tasks (claim_seq);
