-- Counts that lists show, kept with every write. The kinds are those of `write/counts.rs`, where part and scope are
-- described.
create table kept_counts (
    kind text not null,
    scope_key integer not null,
    part integer not null,
    value integer not null,
    primary key (kind, scope_key, part)
) without rowid;

insert into kept_counts (kind, scope_key, part, value)
    select 'catalog', org_key, 0, (select count(*) from data_rows r where r.org_key = o.org_key) from organizations o;
insert into kept_counts (kind, scope_key, part, value)
    select 'dataset', dataset_key, 0, count(*) from data_rows where dataset_key is not null group by dataset_key;
insert into kept_counts (kind, scope_key, part, value)
    select 'project', project_key, coalesce(status, -1), count(*) from project_rows group by project_key, status;
insert into kept_counts (kind, scope_key, part, value)
    select 'batch', batch_key, 0, count(*) from project_rows where batch_key is not null group by batch_key;
insert into kept_counts (kind, scope_key, part, value)
    select 'queue', workflow_task_key, 0, (select count(*) from project_rows r
        where r.project_key = w.project_key and r.workflow_task_key = w.workflow_task_key)
    from workflow_tasks w;
insert into kept_counts (kind, scope_key, part, value)
    select 'labels', project_key, 0, count(*) from labels group by project_key;
insert into kept_counts (kind, scope_key, part, value)
    select 'run', run_key, 0, count(*) from run_rows group by run_key;
