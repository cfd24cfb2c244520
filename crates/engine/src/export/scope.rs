//! What a request means: names to keys, filters to a selection, parameters to sections.

use crate::export::ExportError;
use crate::export::sections::{Interpolation, Sections, Which};
use labelport_model::data_type;
use labelport_model::filter;
use labelport_model::predicate::{Condition, Predicate};
use labelport_model::request::{ExportRequest, Scope, ScopeKind};
use labelport_model::time::Zone;
use labelport_store::Connection;
use labelport_store::read::select::{self, Base, Selection};
use labelport_store::tables::entities::{self, Entity, EntityKind};
use labelport_store::tables::slices;
use labelport_store::tables::unknown_names::{self, UnknownName};

/// A request with everything looked up in one snapshot.
pub(crate) struct Resolved {
    pub(crate) base: Base,
    pub(crate) selection: Selection,
    /// The filters and what the scope asks for, as the selection tests them.
    pub(crate) predicate: Predicate,
    /// The filter of the slice that is exported.
    pub(crate) slice_filter: Option<String>,
    pub(crate) sections: Sections,
    /// The request as it counts: names replaced by ids.
    pub(crate) request: ExportRequest,
    /// How many of the listed ids and global keys name no row.
    pub(crate) unknown_ids: u64,
    /// The names in filters that nothing has.
    pub(crate) unknown_names: Vec<UnknownName>,
}

/// Resolves a request that was checked.
pub(crate) fn resolve(
    connection: &mut dyn Connection,
    org_key: i64,
    request: &ExportRequest,
) -> Result<Resolved, ExportError> {
    let mut request = request.clone();
    let mut predicates = vec![request.filters.to_predicate()];
    let mut slice_filter = None;
    let base = match &mut request.scope {
        Scope::Project(text) => {
            let project = find(connection, org_key, EntityKind::Project, text)?;
            refuse_custom_editor(connection, org_key, &project)?;
            Base::Project(project.key)
        }
        Scope::Dataset(text) => Base::Dataset(find(connection, org_key, EntityKind::Dataset, text)?.key),
        Scope::ModelRun(text) => Base::ModelRun(find(connection, org_key, EntityKind::ModelRun, text)?.key),
        Scope::Slice(text) => {
            let slice = find(connection, org_key, EntityKind::Slice, text)?;
            let filter = slices::find(connection, slice.key)?.map(|slice| slice.filter).unwrap_or_default();
            let zone = Zone::parse(&request.zone_name).unwrap_or_else(|_| Zone::utc());
            let query = filter::parse_query(&filter, &zone);
            predicates.push(query.map_err(|error| ExportError::Slice { name: slice.name, reason: error.to_string() })?);
            slice_filter = Some(filter);
            Base::Catalog
        }
        Scope::Rows { data_row_ids, global_keys } => {
            let lists = [
                data_row_ids.clone().map(filter::sorted).map(Condition::DataRowIds),
                global_keys.clone().map(filter::sorted).map(Condition::GlobalKeys),
            ];
            predicates.extend(lists.into_iter().flatten().map(Predicate::from));
            Base::Catalog
        }
        Scope::Catalog => Base::Catalog,
    };
    for (sort, ids) in [
        (EntityKind::Project, &mut request.params.project_ids),
        (EntityKind::ModelRun, &mut request.params.model_run_ids),
    ] {
        for text in ids.iter_mut() {
            find(connection, org_key, sort, text)?;
        }
    }
    let sections = sections(connection, org_key, &request, base)?;
    let predicate = Predicate::all(predicates);
    let selection = Selection::prepare(connection, org_key, base, &predicate)?;
    let unknown_ids = count_unknown(connection, org_key, &predicate, &selection)?;
    let unknown_names = unknown_names::list_unknown(connection, org_key, &predicate)?;
    Ok(Resolved { base, selection, predicate, slice_filter, sections, request, unknown_ids, unknown_names })
}

/// Returns a request whose scope is named by its id. Names may change, and what is recorded is read later.
pub fn identified(
    connection: &mut dyn Connection,
    org_key: i64,
    request: &ExportRequest,
) -> Result<ExportRequest, ExportError> {
    let mut request = request.clone();
    let (kind, text) = match &mut request.scope {
        Scope::Project(text) => (EntityKind::Project, text),
        Scope::Dataset(text) => (EntityKind::Dataset, text),
        Scope::ModelRun(text) => (EntityKind::ModelRun, text),
        Scope::Slice(text) => (EntityKind::Slice, text),
        Scope::Rows { .. } | Scope::Catalog => return Ok(request),
    };
    find(connection, org_key, kind, text)?;
    Ok(request)
}

/// Finds what an id or name means, and puts the id in its place.
fn find(
    connection: &mut dyn Connection,
    org_key: i64,
    sort: EntityKind,
    text: &mut String,
) -> Result<Entity, ExportError> {
    let thing = get_thing(connection, org_key, sort, text)?;
    text.clone_from(&thing.id);
    Ok(thing)
}

/// Finds what an id or name means. Fails, with what may have been meant, if it means nothing or several things.
pub fn get_thing(
    connection: &mut dyn Connection,
    org_key: i64,
    sort: EntityKind,
    text: &str,
) -> Result<Entity, ExportError> {
    let mut found = entities::find_by_id_or_name(connection, org_key, sort, text)?;
    if found.len() > 1 {
        let ids = found.into_iter().map(|thing| thing.id).collect();
        return Err(ExportError::Ambiguous { sort: sort.word(), text: text.to_owned(), ids });
    }
    if let Some(thing) = found.pop() {
        return Ok(thing);
    }
    let known = entities::list(connection, org_key, sort)?.into_iter().map(|thing| thing.name);
    let nearest = unknown_names::nearest(text, known);
    Err(ExportError::NotFound { sort: sort.word(), text: text.to_owned(), nearest })
}

fn refuse_custom_editor(connection: &mut dyn Connection, org_key: i64, project: &Entity) -> Result<(), ExportError> {
    let facts = entities::list_project_facts(connection, org_key)?;
    let is_custom = facts.iter().any(|facts| facts.entity.key == project.key && facts.editor_kind == "custom");
    if is_custom { Err(ExportError::CustomEditor { project: project.name.clone() }) } else { Ok(()) }
}

fn sections(
    connection: &mut dyn Connection,
    org_key: i64,
    request: &ExportRequest,
    base: Base,
) -> Result<Sections, ExportError> {
    let params = &request.params;
    let mut which =
        |own: Option<i64>, all: bool, sort: EntityKind, ids: &[String]| -> Result<Option<Which>, ExportError> {
            if let Some(key) = own {
                return Ok(Some(Which::Keys(vec![key])));
            }
            if all {
                return Ok(Some(Which::All));
            }
            if ids.is_empty() {
                return Ok(None);
            }
            let mut keys = Vec::new();
            for id in ids {
                keys.extend(
                    entities::find_by_id_or_name(connection, org_key, sort, id)?.into_iter().map(|thing| thing.key),
                );
            }
            Ok(Some(Which::Keys(keys)))
        };
    let (project, run) = match base {
        Base::Project(key) => (Some(key), None),
        Base::ModelRun(key) => (None, Some(key)),
        Base::Catalog | Base::Dataset(_) => (None, None),
    };
    let overridden = params.media_type_override.as_deref().and_then(data_type::find_by_media_type);
    let interpolation = match (params.interpolated_frames, overridden) {
        (false, _) => Interpolation::Off,
        (true, None) => Interpolation::OfTypesWithKeyFrames,
        (true, Some(data_type)) if data_type.has_key_frames => Interpolation::OfAllRows,
        (true, Some(_)) => Interpolation::Off,
    };
    Ok(Sections {
        data_row_details: params.data_row_details,
        attachments: params.attachments,
        metadata: params.metadata_fields,
        embeddings: params.embeddings,
        projects: which(project, params.all_projects, EntityKind::Project, &params.project_ids)?,
        project_details: params.project_details,
        label_details: params.label_details,
        performance_details: params.performance_details,
        runs: which(run, params.all_model_runs, EntityKind::ModelRun, &params.model_run_ids)?,
        // A model run is asked for its predictions by name, and so is every other scope.
        predictions: params.predictions && request.scope.kind() != ScopeKind::Rows,
        interpolation,
    })
}

/// Counts the ids and global keys that the request lists and that name no row.
fn count_unknown(
    connection: &mut dyn Connection,
    org_key: i64,
    predicate: &Predicate,
    selection: &Selection,
) -> Result<u64, ExportError> {
    let parts = match predicate {
        Predicate::All(parts) => &parts[..],
        single => std::slice::from_ref(single),
    };
    let mut unknown = 0;
    for (index, part) in parts.iter().enumerate() {
        let (ids, global_keys): (&[String], &[String]) = match part {
            Predicate::Test(Condition::DataRowIds(ids)) => (ids, &[]),
            Predicate::Test(Condition::GlobalKeys(keys)) => (&[], keys),
            _ => continue,
        };
        // What was looked up to select rows need not be looked up again, if it was all there.
        if selection.count_listed(index) != Some(ids.len() + global_keys.len()) {
            unknown += select::count_unknown(connection, org_key, ids, global_keys)?;
        }
    }
    Ok(unknown)
}
