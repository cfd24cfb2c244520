-- What people set up around their work, and no row shows: tags, memberships, invites, user groups, categories of issues,
-- webhooks, model configurations. One table, since each is a name and a few values that are read whole. The kinds are those
-- of `tables/items.rs`. `parent` is the id of the project, label or user that an item belongs to; empty for an item of the
-- organization.
create table items (
    item_key integer primary key,
    org_key integer not null,
    kind text not null,
    id text not null,
    parent text not null default '',
    name text not null default '',
    body text not null,
    created_by text not null,
    created_ms integer not null,
    updated_ms integer not null,
    unique (org_key, kind, id)
);
create index items_by_parent on items (parent, kind, item_key);

-- The number of an issue in its project, by which people name it.
alter table issues add column number integer not null default 0;
update issues set number = n.number from
    (select issue_key, row_number() over (partition by project_key order by issue_key) as number from issues) n
    where n.issue_key = issues.issue_key;
alter table issues add column category_id text;
-- Where in the asset, JSON as the client gave it.
alter table issues add column position text;
alter table issues add column resolved_by text;
alter table issues add column resolved_ms integer;
alter table issues add column content_updated_ms integer;
alter table issue_comments add column updated_ms integer;

-- A user who was removed stays known as the creator of things.
alter table users add column deleted_ms integer;
