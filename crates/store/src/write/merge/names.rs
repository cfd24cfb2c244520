//! What rows name: datasets, projects, batches, features and so on, found or created, and remembered.
//!
//! Thousands of rows name the same few entities, so what was found stays in memory. It is forgotten as soon as somebody
//! else commits, and a file that names very many of them costs look-ups and not memory.

use super::MergeCounts;
use crate::engine::{Connection, Param, StoreError};
use crate::write::{changes, options};
use labelport_model::row::{EmbeddingValue, Feature, MetadataValue, ProjectRow};
use labelport_model::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names are looked up for each annotation of each row, which a hash made for that does in half the time.
type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::quality::RandomState>;
type HashSet<T> = std::collections::HashSet<T, foldhash::quality::RandomState>;

/// The most entities of a kind that are remembered.
const REMEMBERED: usize = 50_000;

/// The organization, and the creation time of what is new.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) org_key: i64,
    pub(super) now: Timestamp,
}

/// An ontology that a person gave: rows must fit it.
pub(super) struct GivenOntology {
    pub(super) id: String,
    pub(super) features: HashSet<String>,
}

/// A kind of entity that has an id and a name under a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A batch of a project.
    Batch,
    /// A dataset of an organization.
    Dataset,
    /// A model of an organization.
    Model,
    /// A run of a model.
    ModelRun,
}

/// One entity, as a row names it.
pub(super) struct Named<'a> {
    pub(super) parent_key: i64,
    pub(super) id: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) now: Timestamp,
}

struct Statements {
    find: &'static str,
    insert: &'static str,
    rename: &'static str,
    /// Selects the rows that show the name; none where rows carry it themselves.
    rows: Option<&'static str>,
    /// Takes back that it was deleted; none for what vanishes when it is.
    revive: Option<&'static str>,
}

impl Kind {
    fn statements(self) -> Statements {
        match self {
            Self::Batch => Statements {
                find: "select batch_key, name from batches where project_key = $1 and id = $2",
                insert: "insert into batches (project_key, id, name, created_ms) values ($1, $2, $3, $4) \
                         returning batch_key",
                rename: "update batches set name = $1 where batch_key = $2",
                rows: None,
                revive: None,
            },
            Self::Dataset => Statements {
                find: "select dataset_key, name from datasets where org_key = $1 and id = $2",
                insert: "insert into datasets (org_key, id, name, created_ms) values ($1, $2, $3, $4) \
                         returning dataset_key",
                rename: "update datasets set name = $1 where dataset_key = $2",
                rows: Some("select row_key from data_rows where dataset_key = $2"),
                revive: Some("update datasets set deleted_ms = null where dataset_key = $1 and deleted_ms is not null"),
            },
            Self::Model => Statements {
                find: "select model_key, name from models where org_key = $1 and id = $2",
                insert: "insert into models (org_key, id, name, created_ms) values ($1, $2, $3, $4) \
                         returning model_key",
                rename: "update models set name = $1 where model_key = $2",
                rows: Some(
                    "select r.row_key from model_runs u join run_rows r on r.run_key = u.run_key where u.model_key = $2",
                ),
                revive: Some("update models set deleted_ms = null where model_key = $1 and deleted_ms is not null"),
            },
            Self::ModelRun => Statements {
                find: "select run_key, name from model_runs where model_key = $1 and id = $2",
                insert: "insert into model_runs (model_key, id, name, created_ms) values ($1, $2, $3, $4) \
                         returning run_key",
                rename: "update model_runs set name = $1 where run_key = $2",
                rows: Some("select row_key from run_rows where run_key = $2"),
                revive: Some("update model_runs set deleted_ms = null where run_key = $1 and deleted_ms is not null"),
            },
        }
    }

    fn count(self, counts: &mut MergeCounts) -> &mut u64 {
        match self {
            Self::Batch => &mut counts.batches,
            Self::Dataset => &mut counts.datasets,
            Self::Model => &mut counts.models,
            Self::ModelRun => &mut counts.model_runs,
        }
    }
}

#[derive(Clone)]
struct Project {
    key: i64,
    name: String,
    tags: Option<String>,
    ontology_id: Option<String>,
}

/// What is remembered.
#[derive(Default)]
pub(super) struct Names {
    /// The number of commits when the present transaction of this merger began.
    begun: i64,
    /// The number of commits after its last one; none while a transaction is open, and after one that failed.
    commit: Option<i64>,
    /// Entities whose new names rows show, as the statement that selects the rows and the key of the entity. They are touched
    /// once, at the end of the transaction: a file may change a name back and forth.
    renamed: BTreeSet<(&'static str, i64)>,
    /// By kind and parent, then by id: the key and the name.
    named: HashMap<(Kind, i64), HashMap<String, (i64, String)>>,
    /// Run id to model id.
    models_of_runs: HashMap<String, String>,
    projects: HashMap<String, Project>,
    /// Projects that this transaction has created.
    created: HashSet<i64>,
    /// Project key to ontology key, where the project's ontology grows with its rows.
    growing: HashMap<i64, Option<i64>>,
    /// By ontology: the features that it is known to have.
    grown: HashMap<i64, HashSet<String>>,
    given: HashMap<String, Option<Arc<GivenOntology>>>,
    workflow_tasks: HashMap<(i64, String, String), i64>,
    features: HashMap<Arc<Feature>, i64>,
    /// By address, which a reader gives to all rows that name a feature. The feature stays, so that nothing else gets it.
    features_by_address: HashMap<usize, (Arc<Feature>, i64)>,
    metadata_schemas: HashMap<(String, String), i64>,
    metadata_options: HashSet<(i64, String, String)>,
    embeddings: HashMap<(String, String), i64>,
}

impl Names {
    /// Forgets everything if another writer has committed since [`end`](Self::end).
    pub(super) fn begin(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let commit = connection.count("select value from counters where name = 'commit'", &[])?;
        let sizes = [
            self.named.values().map(HashMap::len).sum(),
            self.models_of_runs.len(),
            self.projects.len(),
            self.features.len(),
            self.features_by_address.len(),
            self.grown.values().map(HashSet::len).sum(),
            self.metadata_options.len(),
            self.embeddings.len(),
            self.workflow_tasks.len(),
        ];
        if self.commit != Some(commit) || sizes.iter().any(|size| *size > REMEMBERED) {
            *self = Self::default();
        }
        self.begun = commit;
        self.commit = None;
        self.created.clear();
        Ok(())
    }

    /// Ends the transaction: rows that show a new name get the change number. Returns whether there were any.
    pub(super) fn end(&mut self, connection: &mut dyn Connection, change_seq: i64) -> Result<bool, StoreError> {
        self.commit = Some(self.begun + 1);
        let renamed = std::mem::take(&mut self.renamed);
        for (rows, key) in &renamed {
            changes::touch_rows(connection, rows, *key, change_seq)?;
        }
        Ok(!renamed.is_empty())
    }

    /// Finds or creates an entity that has an id and a name under a parent; a new name replaces the old one.
    pub(super) fn named(
        &mut self,
        connection: &mut dyn Connection,
        kind: Kind,
        named: &Named<'_>,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        let siblings = self.named.get(&(kind, named.parent_key));
        if let Some((key, known)) = siblings.and_then(|siblings| siblings.get(named.id))
            && named.name.is_none_or(|name| name == known)
        {
            return Ok(*key);
        }
        let statements = kind.statements();
        let identity: [Param<'_>; 2] = [named.parent_key.into(), named.id.into()];
        let (key, stored) = match find_named(connection, statements.find, &identity)? {
            // A row that names what was deleted would be in a place that nobody can see.
            Some((key, name)) => {
                if let Some(revive) = statements.revive {
                    connection.execute(revive, &[key.into()])?;
                }
                (key, name)
            }
            None => {
                *kind.count(counts) += 1;
                let name = named.name.unwrap_or(named.id);
                let params = [identity[0], identity[1], name.into(), named.now.as_millis().into()];
                (insert(connection, statements.insert, &params)?, name.to_owned())
            }
        };
        let name = named.name.unwrap_or(&stored);
        if name != stored {
            connection.execute(statements.rename, &[name.into(), key.into()])?;
            counts.renamed += 1;
            self.renamed.extend(statements.rows.map(|rows| (rows, key)));
        }
        let siblings = self.named.entry((kind, named.parent_key)).or_default();
        siblings.insert(named.id.to_owned(), (key, name.to_owned()));
        Ok(key)
    }

    /// Finds the id of the model to which a run belongs.
    pub(super) fn find_model_of_run(
        &mut self,
        connection: &mut dyn Connection,
        run_id: &str,
    ) -> Result<Option<String>, StoreError> {
        if let Some(known) = self.models_of_runs.get(run_id) {
            return Ok(Some(known.clone()));
        }
        let sql = "select m.id from model_runs u join models m on m.model_key = u.model_key where u.id = $1";
        let found = connection.find(sql, &[run_id.into()], |row| row.text(0))?.flatten();
        if let Some(model_id) = &found {
            self.models_of_runs.insert(run_id.to_owned(), model_id.clone());
        }
        Ok(found)
    }

    pub(super) fn project(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        row: &ProjectRow,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        let id = row.id.as_str();
        let ontology_id = row.details.as_ref().and_then(|details| details.ontology.as_ref()).map(|id| id.as_str());
        let is_as_known = |project: &Project| {
            row.name.as_ref().is_none_or(|name| *name == project.name)
                && row.tags.as_ref().is_none_or(|tags| Some(tags) == project.tags.as_ref())
                && ontology_id.is_none_or(|given| Some(given) == project.ontology_id.as_deref())
        };
        let mut project = match self.projects.get(id) {
            Some(known) if is_as_known(known) => return Ok(known.key),
            Some(known) => known.clone(),
            None => self.find_or_create_project(connection, scope, row, counts)?,
        };
        if !is_as_known(&project) {
            let ontology_key = match ontology_id {
                Some(id) => Some(self.ontology(connection, scope, id, counts)?),
                None => None,
            };
            connection.execute(
                "update projects set name = coalesce($1, name), tags = coalesce($2, tags), \
                 ontology_key = coalesce($3, ontology_key) where project_key = $4",
                &[row.name.as_ref().into(), row.tags.as_ref().into(), ontology_key.into(), project.key.into()],
            )?;
            self.growing.remove(&project.key);
            let project_name = project.name.clone();
            // A project that was just created had its first name from this row.
            counts.renamed += u64::from(row.name.as_ref().is_some_and(|name| *name != project_name));
            // All rows of a project that is new are new in it, too.
            if !self.created.contains(&project.key) {
                self.renamed.insert(("select row_key from project_rows where project_key = $2", project.key));
            }
            project.name = row.name.clone().unwrap_or(project.name);
            project.tags = row.tags.clone().or(project.tags);
            project.ontology_id = ontology_id.map(str::to_owned).or(project.ontology_id);
        }
        let key = project.key;
        self.projects.insert(id.to_owned(), project);
        Ok(key)
    }

    fn find_or_create_project(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        row: &ProjectRow,
        counts: &mut MergeCounts,
    ) -> Result<Project, StoreError> {
        let id = row.id.as_str();
        let found = connection.find(
            "select p.project_key, p.name, p.tags, o.id from projects p \
             left join ontologies o on o.ontology_key = p.ontology_key where p.id = $1",
            &[id.into()],
            |found| Project {
                key: found.int(0).unwrap_or(0),
                name: found.text(1).unwrap_or_default(),
                tags: found.text(2),
                ontology_id: found.text(3),
            },
        )?;
        if let Some(found) = found {
            let sql = "update projects set deleted_ms = null where project_key = $1 and deleted_ms is not null";
            connection.execute(sql, &[found.key.into()])?;
            return Ok(found);
        }
        counts.projects += 1;
        let name = row.name.clone().unwrap_or_else(|| id.to_owned());
        let now = scope.now.as_millis().into();
        let key = insert(
            connection,
            "insert into projects (org_key, id, name, created_ms, updated_ms) values ($1, $2, $3, $4, $5) \
             returning project_key",
            &[scope.org_key.into(), id.into(), (&name).into(), now, now],
        )?;
        self.created.insert(key);
        Ok(Project { key, name, tags: None, ontology_id: None })
    }

    fn ontology(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        id: &str,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        let sql = "select ontology_key from ontologies where id = $1";
        if let Some(key) = connection.find(sql, &[id.into()], |row| row.int(0))?.flatten() {
            return Ok(key);
        }
        counts.ontologies += 1;
        insert(
            connection,
            "insert into ontologies (org_key, id, name, is_given, created_ms) values ($1, $2, $3, 0, $4) \
             returning ontology_key",
            &[scope.org_key.into(), id.into(), id.into(), scope.now.as_millis().into()],
        )
    }

    /// Returns the ontology that a project's rows must fit, if a person gave one: the one named, else the project's.
    pub(super) fn given_ontology(
        &mut self,
        connection: &mut dyn Connection,
        project_id: &str,
        named: Option<&str>,
    ) -> Result<Option<Arc<GivenOntology>>, StoreError> {
        let cached_as = named.unwrap_or(project_id);
        if let Some(known) = self.given.get(cached_as) {
            return Ok(known.clone());
        }
        let sql = match named {
            Some(_) => "select ontology_key, id from ontologies where id = $1 and is_given = 1",
            None => {
                "select o.ontology_key, o.id from projects p join ontologies o on o.ontology_key = p.ontology_key \
                 where p.id = $1 and o.is_given = 1"
            }
        };
        let given = match find_named(connection, sql, &[cached_as.into()])? {
            None => None,
            Some((key, id)) => {
                let sql = "select schema_id from ontology_features where ontology_key = $1 order by schema_id";
                let features = connection.list(sql, &[key.into()], |row| row.text(0).unwrap_or_default())?;
                Some(Arc::new(GivenOntology { id, features: features.into_iter().collect() }))
            }
        };
        self.given.insert(cached_as.to_owned(), given.clone());
        Ok(given)
    }

    /// Adds a feature to a project's ontology, unless that was given.
    pub(super) fn grow_ontology(
        &mut self,
        connection: &mut dyn Connection,
        project_key: i64,
        schema_id: &str,
    ) -> Result<(), StoreError> {
        let growing = match self.growing.get(&project_key) {
            Some(known) => *known,
            None => {
                let sql = "select o.ontology_key from projects p join ontologies o on o.ontology_key = p.ontology_key \
                           where p.project_key = $1 and o.is_given = 0";
                let found = connection.find(sql, &[project_key.into()], |row| row.int(0))?.flatten();
                self.growing.insert(project_key, found);
                found
            }
        };
        let Some(ontology_key) = growing else { return Ok(()) };
        let grown = self.grown.entry(ontology_key).or_default();
        if !grown.contains(schema_id) {
            connection.execute(
                "insert into ontology_features (ontology_key, schema_id) values ($1, $2) on conflict do nothing",
                &[ontology_key.into(), schema_id.into()],
            )?;
            grown.insert(schema_id.to_owned());
        }
        Ok(())
    }

    pub(super) fn workflow_task(
        &mut self,
        connection: &mut dyn Connection,
        project_key: i64,
        id: &str,
        name: &str,
    ) -> Result<i64, StoreError> {
        let cached_as = (project_key, id.to_owned(), name.to_owned());
        if let Some(key) = self.workflow_tasks.get(&cached_as) {
            return Ok(*key);
        }
        let identity = [project_key.into(), id.into(), name.into()];
        let sql = "select workflow_task_key from workflow_tasks where project_key = $1 and id = $2 and name = $3";
        let key = match connection.find(sql, &identity, |row| row.int(0))?.flatten() {
            Some(key) => key,
            None => {
                let sql = "insert into workflow_tasks (project_key, id, name) values ($1, $2, $3) \
                           returning workflow_task_key";
                insert(connection, sql, &identity)?
            }
        };
        self.workflow_tasks.insert(cached_as, key);
        Ok(key)
    }

    pub(super) fn feature(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        feature: &Arc<Feature>,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        let address = Arc::as_ptr(feature).addr();
        if let Some((_, key)) = self.features_by_address.get(&address) {
            return Ok(*key);
        }
        let key = self.find_or_create_feature(connection, scope, feature, counts)?;
        self.features_by_address.insert(address, (Arc::clone(feature), key));
        Ok(key)
    }

    fn find_or_create_feature(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        feature: &Arc<Feature>,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        if let Some(key) = self.features.get(feature) {
            return Ok(*key);
        }
        let org: Param<'_> = scope.org_key.into();
        let identity = [org, (&feature.schema_id).into(), (&feature.name).into(), (&feature.kind).into()];
        let sql = "select feature_key from feature_schemas \
                   where org_key = $1 and schema_id = $2 and name = $3 and kind = $4";
        let key = match connection.find(sql, &identity, |row| row.int(0))?.flatten() {
            Some(key) => key,
            None => {
                counts.features += 1;
                let sql = "insert into feature_schemas (org_key, schema_id, name, kind, value) \
                           values ($1, $2, $3, $4, $5) returning feature_key";
                let [org, schema_id, name, kind] = identity;
                insert(connection, sql, &[org, schema_id, name, kind, (&feature.value).into()])?
            }
        };
        self.features.insert(Arc::clone(feature), key);
        Ok(key)
    }

    pub(super) fn metadata_schema(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        value: &MetadataValue,
        counts: &mut MergeCounts,
    ) -> Result<i64, StoreError> {
        let cached_as = (value.schema_id.clone(), value.name.clone());
        if let Some(key) = self.metadata_schemas.get(&cached_as) {
            return Ok(*key);
        }
        let identity = [scope.org_key.into(), (&value.schema_id).into(), (&value.name).into()];
        let sql = "select schema_key from metadata_schemas where org_key = $1 and id = $2 and name = $3";
        let key = match connection.find(sql, &identity, |row| row.int(0))?.flatten() {
            Some(key) => key,
            None => {
                counts.metadata_schemas += 1;
                let [org, id, name] = identity;
                insert(
                    connection,
                    "insert into metadata_schemas (org_key, id, name, kind) values ($1, $2, $3, $4) \
                     returning schema_key",
                    &[org, id, name, (&value.kind).into()],
                )?
            }
        };
        self.metadata_schemas.insert(cached_as, key);
        Ok(key)
    }

    pub(super) fn metadata_option(
        &mut self,
        connection: &mut dyn Connection,
        schema_key: i64,
        id: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        if self.metadata_options.insert((schema_key, id.to_owned(), name.to_owned())) {
            options::put(connection, schema_key, id, name)?;
        }
        Ok(())
    }

    pub(super) fn embedding(
        &mut self,
        connection: &mut dyn Connection,
        scope: &Scope,
        value: &EmbeddingValue,
    ) -> Result<i64, StoreError> {
        let cached_as = (value.id.clone(), value.name.clone());
        if let Some(key) = self.embeddings.get(&cached_as) {
            return Ok(*key);
        }
        let (org, id, name) = (scope.org_key.into(), (&value.id).into(), (&value.name).into());
        let sql = "select embedding_key from embeddings where org_key = $1 and id = $2 and name = $3";
        let key = match connection.find(sql, &[org, id, name], |row| row.int(0))?.flatten() {
            Some(key) => key,
            None => insert(
                connection,
                "insert into embeddings (org_key, id, name, dimensions, is_custom) values ($1, $2, $3, $4, $5) \
                 returning embedding_key",
                &[org, id, name, value.dimensions.into(), value.is_custom.into()],
            )?,
        };
        self.embeddings.insert(cached_as, key);
        Ok(key)
    }
}

/// Returns the key and the name of the first row.
fn find_named(
    connection: &mut dyn Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Option<(i64, String)>, StoreError> {
    connection.find(sql, params, |row| (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default()))
}

/// Runs an insert that returns the new key.
fn insert(connection: &mut dyn Connection, sql: &str, params: &[Param<'_>]) -> Result<i64, StoreError> {
    let key = connection.find(sql, params, |row| row.int(0))?.flatten();
    key.ok_or_else(|| StoreError::Engine("an insert returned no key".to_owned()))
}
