//! Checks that a statement says: each selects what should not be there.

use super::pairs;
use super::run::Findings;
use crate::engine::{Connection, RowView, StoreError};
use std::ops::ControlFlow;

/// A statement that selects nothing in a sound store, and what to say of each row it does select. `{0}` is the
/// first column.
struct Link {
    sql: &'static str,
    message: &'static str,
}

const REFERENCES: &[Link] = &[
    Link {
        sql: "select d.id from data_rows d where not exists \
              (select 1 from organizations o where o.org_key = d.org_key) order by d.row_key",
        message: "data row {0} belongs to an organization that is not there",
    },
    Link {
        sql: "select d.id, d.dataset_key from data_rows d where d.dataset_key is not null and not exists \
              (select 1 from datasets s where s.dataset_key = d.dataset_key) order by d.row_key",
        message: "data row {0} belongs to a dataset (key {1}) that is not there",
    },
    Link {
        sql: "select a.row_key from attachments a where not exists \
              (select 1 from data_rows r where r.row_key = a.row_key) order by a.row_key, a.ordinal",
        message: "an attachment belongs to a data row (key {0}) that is not there",
    },
    Link {
        sql: "select m.row_key from metadata m where not exists \
              (select 1 from data_rows r where r.row_key = m.row_key) order by m.row_key, m.ordinal, m.part",
        message: "a metadata value belongs to a data row (key {0}) that is not there",
    },
    Link {
        sql: "select r.id, m.schema_key from metadata m left join data_rows r on r.row_key = m.row_key \
              where not exists (select 1 from metadata_schemas s where s.schema_key = m.schema_key) \
              order by m.row_key, m.ordinal, m.part",
        message: "a metadata value of data row {0} has a schema (key {1}) that is not there",
    },
    Link {
        sql: "select e.row_key from row_embeddings e where not exists \
              (select 1 from data_rows r where r.row_key = e.row_key) order by e.row_key, e.ordinal",
        message: "an embedding belongs to a data row (key {0}) that is not there",
    },
    Link {
        sql: "select r.id, e.embedding_key from row_embeddings e left join data_rows r on r.row_key = e.row_key \
              where not exists (select 1 from embeddings s where s.embedding_key = e.embedding_key) \
              order by e.row_key, e.ordinal",
        message: "data row {0} has values of an embedding (key {1}) that is not there",
    },
    Link {
        sql: "select j.id, p.row_key from project_rows p left join projects j on j.project_key = p.project_key \
              where not exists (select 1 from data_rows r where r.row_key = p.row_key) \
              order by p.project_key, p.row_key",
        message: "project {0} has a data row (key {1}) that is not there",
    },
    Link {
        sql: "select r.id, p.project_key from project_rows p left join data_rows r on r.row_key = p.row_key \
              where not exists (select 1 from projects j where j.project_key = p.project_key) \
              order by p.project_key, p.row_key",
        message: "data row {0} is in a project (key {1}) that is not there",
    },
    Link {
        sql: "select r.id, p.batch_key from project_rows p left join data_rows r on r.row_key = p.row_key \
              where p.batch_key is not null and not exists \
              (select 1 from batches b where b.batch_key = p.batch_key and b.project_key = p.project_key) \
              order by p.project_key, p.row_key",
        message: "data row {0} is in a batch (key {1}) that its project does not have",
    },
    Link {
        sql: "select r.id, p.workflow_task_key from project_rows p left join data_rows r on r.row_key = p.row_key \
              where p.workflow_task_key is not null and not exists (select 1 from workflow_tasks t \
              where t.workflow_task_key = p.workflow_task_key and t.project_key = p.project_key) \
              order by p.project_key, p.row_key",
        message: "data row {0} is in a workflow task (key {1}) that its project does not have",
    },
    Link {
        sql: "select j.id, j.ontology_key from projects j where j.ontology_key is not null and not exists \
              (select 1 from ontologies o where o.ontology_key = j.ontology_key) order by j.project_key",
        message: "project {0} has an ontology (key {1}) that is not there",
    },
    Link {
        sql: "select f.schema_id, f.ontology_key from ontology_features f where not exists \
              (select 1 from ontologies o where o.ontology_key = f.ontology_key) order by f.ontology_key, f.schema_id",
        message: "feature {0} belongs to an ontology (key {1}) that is not there",
    },
    Link {
        sql: "select l.id, l.project_key, l.row_key from labels l where not exists \
              (select 1 from project_rows p where p.project_key = l.project_key and p.row_key = l.row_key) \
              order by l.project_key, l.row_key, l.ordinal",
        message: "label {0} belongs to a project (key {1}) that its data row (key {2}) is not in",
    },
    Link {
        sql: "select f.feature_key, f.project_key, f.row_key from label_features f where not exists \
              (select 1 from project_rows p where p.project_key = f.project_key and p.row_key = f.row_key) \
              order by f.feature_key, f.project_key, f.row_key",
        message: "the look-up by feature (key {0}) names a project (key {1}) that the data row (key {2}) is not in",
    },
    Link {
        sql: "select f.feature_key, f.row_key from label_features f where not exists \
              (select 1 from feature_schemas s where s.feature_key = f.feature_key) \
              order by f.feature_key, f.project_key, f.row_key",
        message: "the look-up by feature has a feature (key {0}) that is not there",
    },
    Link {
        sql: "select c.id from issue_comments c where not exists \
              (select 1 from issues i where i.issue_key = c.issue_key) order by c.issue_key, c.comment_key",
        message: "comment {0} belongs to an issue that is not there",
    },
    Link {
        sql: "select i.id, i.category_id from issues i where i.category_id is not null and not exists \
              (select 1 from items t where t.id = i.category_id and t.kind = 'issue_category') order by i.issue_key",
        message: "issue {0} has a category ({1}) that is not there",
    },
    Link {
        sql: "select i.kind, i.id, i.parent from items i where i.parent <> '' \
              and i.kind in ('issue_category', 'membership', 'project_model_config', 'webhook') and not exists \
              (select 1 from projects p where p.id = i.parent and p.org_key = i.org_key and p.deleted_ms is null) \
              order by i.item_key",
        message: "the {0} {1} belongs to a project ({2}) that is not there",
    },
    Link {
        sql: "select i.id, i.name from items i where i.kind = 'membership' and not exists \
              (select 1 from users u where u.id = i.name and u.org_key = i.org_key and u.deleted_ms is null) \
              order by i.item_key",
        message: "the membership {0} is of a user ({1}) who is not there",
    },
    Link {
        sql: "select d.id, d.webhook_id from webhook_deliveries d where not exists \
              (select 1 from items i where i.kind = 'webhook' and i.id = d.webhook_id and i.org_key = d.org_key) \
              order by d.delivery_key",
        message: "the delivery {0} belongs to a webhook ({1}) that is not there",
    },
    Link {
        sql: "select i.id, i.parent from items i where i.kind = 'run_release' and not exists \
              (select 1 from model_runs u where u.id = i.parent and u.deleted_ms is null) order by i.item_key",
        message: "the link {0} to a release is of a model run ({1}) that is not there",
    },
    Link {
        sql: "select i.parent, i.name from items i where i.kind = 'run_release' and not exists \
              (select 1 from items r where r.kind = 'release' and r.id = i.name and r.org_key = i.org_key) \
              order by i.item_key",
        message: "the model run {0} was trained on a release ({1}) that is not there",
    },
    Link {
        sql: "select i.id, i.name from items i where i.kind = 'project_model_config' and not exists \
              (select 1 from items c where c.kind = 'model_config' and c.id = i.name and c.org_key = i.org_key) \
              order by i.item_key",
        message: "the model {0} of a project has a configuration ({1}) that is not there",
    },
    Link {
        sql: "select r.run_key, r.schedule_id from schedule_runs r where not exists \
              (select 1 from items i where i.kind = 'schedule' and i.id = r.schedule_id) order by r.run_key",
        message: "run {0} belongs to a schedule ({1}) that is not there",
    },
    Link {
        sql: "select u.id, u.model_key from model_runs u where not exists \
              (select 1 from models m where m.model_key = u.model_key) order by u.run_key",
        message: "model run {0} belongs to a model (key {1}) that is not there",
    },
    Link {
        sql: "select u.id, p.row_key from run_rows p left join model_runs u on u.run_key = p.run_key \
              where not exists (select 1 from data_rows r where r.row_key = p.row_key) order by p.run_key, p.row_key",
        message: "model run {0} has a data row (key {1}) that is not there",
    },
    Link {
        sql: "select r.id, p.run_key from run_rows p left join data_rows r on r.row_key = p.row_key \
              where not exists (select 1 from model_runs u where u.run_key = p.run_key) order by p.run_key, p.row_key",
        message: "data row {0} is in a model run (key {1}) that is not there",
    },
    Link {
        sql: "select l.id, l.run_key, l.row_key from run_labels l where not exists \
              (select 1 from run_rows p where p.run_key = l.run_key and p.row_key = l.row_key) \
              order by l.run_key, l.row_key, l.role, l.ordinal",
        message: "label {0} belongs to a model run (key {1}) that its data row (key {2}) is not in",
    },
    Link {
        sql: "select d.id, s.id from datasets s join data_rows d on d.dataset_key = s.dataset_key \
              where s.deleted_ms is not null order by d.row_key",
        message: "data row {0} belongs to dataset {1}, which was deleted",
    },
    Link {
        sql: "select r.id, j.id from projects j join project_rows p on p.project_key = j.project_key \
              left join data_rows r on r.row_key = p.row_key where j.deleted_ms is not null \
              order by p.project_key, p.row_key",
        message: "data row {0} is in project {1}, which was deleted",
    },
    Link {
        sql: "select r.id, u.id from models m join model_runs u on u.model_key = m.model_key \
              join run_rows p on p.run_key = u.run_key left join data_rows r on r.row_key = p.row_key \
              where m.deleted_ms is not null or u.deleted_ms is not null order by p.run_key, p.row_key",
        message: "data row {0} is in model run {1}, which was deleted",
    },
    Link {
        sql: "select k.id, k.user_key from api_keys k where not exists \
              (select 1 from users u where u.user_key = k.user_key and u.org_key = k.org_key) order by k.api_key_key",
        message: "API key {0} belongs to a user (key {1}) who is not there",
    },
    Link {
        sql: "select a.row_key from assets a where not exists \
              (select 1 from data_rows r where r.row_key = a.row_key) order by a.row_key",
        message: "an asset belongs to a data row (key {0}) that is not there",
    },
    Link {
        sql: "select m.place, m.file_id from masks m where not exists \
              (select 1 from files f where f.id = m.file_id and f.org_key = m.org_key) order by m.place",
        message: "the mask {0} is in a file ({1}) that is not there",
    },
    Link {
        sql: "select r.task_key, r.ordinal from task_rows r where not exists \
              (select 1 from tasks t where t.task_key = r.task_key) order by r.task_key, r.ordinal",
        message: "row {1} of a task belongs to a task (key {0}) that is not there",
    },
    Link {
        sql: "select i.id, i.task_id from annotation_imports i where not exists \
              (select 1 from tasks t where t.id = i.task_id) order by i.import_key",
        message: "annotation import {0} belongs to a task ({1}) that is not there",
    },
    Link {
        sql: "select i.id, i.parent_key from annotation_imports i where i.kind in ('label', 'prelabel') \
              and not exists (select 1 from projects j where j.project_key = i.parent_key) order by i.import_key",
        message: "annotation import {0} goes into a project (key {1}) that is not there",
    },
    Link {
        sql: "select i.id, i.parent_key from annotation_imports i where i.kind not in ('label', 'prelabel') \
              and not exists (select 1 from model_runs u where u.run_key = i.parent_key) order by i.import_key",
        message: "annotation import {0} goes into a model run (key {1}) that is not there",
    },
    Link {
        sql: "select i.id, i.status_file from annotation_imports i where i.status_file is not null and not exists \
              (select 1 from files f where f.id = i.status_file) order by i.import_key",
        message: "annotation import {0} has its statuses in a file ({1}) that is not there",
    },
    Link {
        sql: "select i.id, i.error_file from annotation_imports i where i.error_file is not null and not exists \
              (select 1 from files f where f.id = i.error_file) order by i.import_key",
        message: "annotation import {0} has its failures in a file ({1}) that is not there",
    },
];

const ORDER: &[Link] = &[
    Link {
        sql: "select j.id, r.id from (select project_key, row_key from labels group by project_key, row_key \
              having min(ordinal) <> 0 or max(ordinal) <> count(*) - 1) l \
              left join projects j on j.project_key = l.project_key left join data_rows r on r.row_key = l.row_key \
              order by l.project_key, l.row_key",
        message: "the labels of data row {1} in project {0} have a gap",
    },
    Link {
        sql: "select u.id, r.id from (select run_key, row_key, role from run_labels group by run_key, row_key, role \
              having min(ordinal) <> 0 or max(ordinal) <> count(*) - 1) l \
              left join model_runs u on u.run_key = l.run_key left join data_rows r on r.row_key = l.row_key \
              order by l.run_key, l.row_key, l.role",
        message: "the labels of data row {1} in model run {0} have a gap",
    },
    Link {
        sql: "select r.id from (select row_key from attachments group by row_key \
              having min(ordinal) <> 0 or max(ordinal) <> count(*) - 1) l \
              left join data_rows r on r.row_key = l.row_key order by l.row_key",
        message: "the attachments of data row {0} have a gap",
    },
    Link {
        sql: "select r.id from (select row_key from metadata group by row_key \
              having min(ordinal) <> 0 or max(ordinal) <> count(distinct ordinal) - 1) l \
              left join data_rows r on r.row_key = l.row_key order by l.row_key",
        message: "the metadata of data row {0} have a gap",
    },
    Link {
        sql: "select r.id from (select row_key from row_embeddings group by row_key \
              having min(ordinal) <> 0 or max(ordinal) <> count(*) - 1) l \
              left join data_rows r on r.row_key = l.row_key order by l.row_key",
        message: "the embeddings of data row {0} have a gap",
    },
];

const CHANGE_SEQUENCE: &[Link] = &[
    Link {
        sql: "select r.id, r.change_seq, o.change_seq from organizations o join data_rows r on r.org_key = o.org_key \
              and r.change_seq > o.change_seq order by r.row_key",
        message: "data row {0} has the change number {1}, the last one given out is {2}",
    },
    Link {
        sql: "select r.id, p.change_seq, o.change_seq, j.id from organizations o \
              join projects j on j.org_key = o.org_key join project_rows p on p.project_key = j.project_key \
              and p.change_seq > o.change_seq left join data_rows r on r.row_key = p.row_key \
              order by p.project_key, p.row_key",
        message: "data row {0} has the change number {1} in project {3}, the last one given out is {2}",
    },
    Link {
        sql: "select r.id, p.change_seq, o.change_seq, u.id from organizations o \
              join models m on m.org_key = o.org_key join model_runs u on u.model_key = m.model_key \
              join run_rows p on p.run_key = u.run_key and p.change_seq > o.change_seq \
              left join data_rows r on r.row_key = p.row_key order by p.run_key, p.row_key",
        message: "data row {0} has the change number {1} in model run {3}, the last one given out is {2}",
    },
    Link {
        sql: "select t.row_id, t.change_seq, o.change_seq, t.scope from organizations o \
              join tombstones t on t.org_key = o.org_key and t.change_seq > o.change_seq \
              order by t.scope, t.scope_key, t.change_seq, t.row_key",
        message: "data row {0} left a {3} with the change number {1}, the last one given out is {2}",
    },
    Link {
        sql: "select r.id, r.change_seq from organizations o \
              join data_rows r on r.org_key = o.org_key and r.change_seq > o.history_start and coalesce((\
              select c.last_key from changed_rows c where c.change_seq = r.change_seq and c.first_key <= r.row_key \
              order by c.first_key desc limit 1), 0) < r.row_key order by r.row_key",
        message: "data row {0} has the change number {1}, and the history of changes does not name it",
    },
];

const KEPT_COUNTS: &[Link] = &[Link {
    sql: "select c.kind, c.scope_key, cast(sum(c.kept) as bigint), cast(sum(c.found) as bigint) from (\
          select kind, scope_key, part, value as kept, 0 as found from kept_counts \
          union all select 'batch', batch_key, 0, 0, count(*) from project_rows \
          where batch_key is not null group by batch_key \
          union all select 'catalog', org_key, 0, 0, count(*) from data_rows group by org_key \
          union all select 'dataset', dataset_key, 0, 0, count(*) from data_rows \
          where dataset_key is not null group by dataset_key \
          union all select 'labels', project_key, 0, 0, count(*) from labels group by project_key \
          union all select 'project', project_key, coalesce(status, -1), 0, count(*) from project_rows \
          group by project_key, status \
          union all select 'queue', workflow_task_key, 0, 0, count(*) from project_rows \
          where workflow_task_key is not null group by workflow_task_key \
          union all select 'run', run_key, 0, 0, count(*) from run_rows group by run_key\
          ) c group by c.kind, c.scope_key, c.part having sum(c.kept) <> sum(c.found) \
          order by c.kind, c.scope_key, c.part",
    message: "the count of the {0} with the key {1} is {2}, and {3} are there",
}];

const ROW_KEYS: &[Link] = &[Link {
    sql: "select r.id, r.row_key, coalesce((select c.value from counters c where c.name = 'row_key'), 0) \
          from data_rows r where r.row_key > coalesce((select c.value from counters c where c.name = 'row_key'), 0) \
          order by r.row_key",
    message: "data row {0} has the key {1}, the last one given out is {2}",
}];

pub(super) fn change_sequence(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    follow(connection, CHANGE_SEQUENCE, found)
}

pub(super) fn database(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    connection.check_file()?.into_iter().for_each(|problem| found.add(|| problem));
    Ok(())
}

pub(super) fn kept_counts(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    follow(connection, KEPT_COUNTS, found)
}

pub(super) fn order(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    follow(connection, ORDER, found)
}

pub(super) fn references(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    follow(connection, REFERENCES, found)?;
    pairs::issues(connection, found)
}

pub(super) fn row_keys(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    follow(connection, ROW_KEYS, found)
}

fn follow(connection: &mut dyn Connection, links: &[Link], found: &mut Findings) -> Result<(), StoreError> {
    for link in links {
        connection.query(link.sql, &[], &mut |row| {
            found.add(|| fill(link.message, row));
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

/// Puts columns into a message. What is null has no name to show.
fn fill(message: &str, row: &dyn RowView) -> String {
    let mut filled = message.to_owned();
    for (column, place) in ["{0}", "{1}", "{2}", "{3}"].into_iter().enumerate() {
        if message.contains(place) {
            filled = filled.replace(place, row.shown(column).as_deref().unwrap_or("(unknown)"));
        }
    }
    filled
}
