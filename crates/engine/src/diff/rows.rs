//! What differs between two rows.
//!
//! Labels are found by id in the projects and model runs that have them; whatever else differs is named by its key. If two
//! rows hold the same in another order, that is named too: rows whose text differs are never passed over in silence, unless
//! only the space between their values does.

use super::annotations;
use super::found::{Change, LabelDiff, List, Member, RowDiff};
use labelport_model::json::{Document, Kind, Value};

/// Compares two rows that have one id; nothing if they are the same. Fails with a reason.
pub(super) fn compare(old: &Document, new: &Document) -> Result<Option<RowDiff>, String> {
    if old.text() == new.text() {
        return Ok(None);
    }
    let mut row = start(new.root(), Change::Changed);
    let mut rows = Rows { row: &mut row };
    rows.compare(old.root(), new.root())?;
    if row.members.is_empty() && row.labels.is_empty() {
        row.members.push(named("order", "order"));
    }
    Ok(Some(row))
}

/// Lists what a row holds that one side does not have; fails with a reason.
pub(super) fn list(document: &Document, change: Change) -> Result<RowDiff, String> {
    let root = document.root();
    let mut row = start(root, change);
    for (id, project) in members(root, "projects") {
        list_labels(&mut row.labels, (List::Labels, id), project.get("labels"), change)?;
    }
    for (_, model) in members(root, "experiments") {
        for (id, run) in members(model, "runs") {
            list_labels(&mut row.labels, (List::RunLabels, id), run.get("labels"), change)?;
            list_labels(&mut row.labels, (List::Predictions, id), run.get("predictions"), change)?;
        }
    }
    Ok(row)
}

fn start(root: Value<'_>, change: Change) -> RowDiff {
    let data_row = root.get("data_row");
    let text = |key| data_row.and_then(|row| row.get(key)).and_then(Value::as_text).map(|text| text.into_owned());
    RowDiff {
        change,
        id: text("id").unwrap_or_default(),
        global_key: text("global_key"),
        members: Vec::new(),
        labels: Vec::new(),
    }
}

struct Rows<'r> {
    row: &'r mut RowDiff,
}

impl Rows<'_> {
    fn compare(&mut self, old: Value<'_>, new: Value<'_>) -> Result<(), String> {
        for (key, old, new) in union(Some(old), Some(new)) {
            match key {
                "data_row" => {
                    for (key, old, new) in union(old, new) {
                        self.compare_members(&format!("data_row.{key}"), None, old, new, usize::from(key == "details"));
                    }
                }
                "projects" => self.compare_projects(old, new)?,
                "experiments" => self.compare_models(old, new)?,
                _ => self.compare_members(key, None, old, new, usize::from(key == "media_attributes")),
            }
        }
        Ok(())
    }

    fn compare_projects(&mut self, old: Option<Value<'_>>, new: Option<Value<'_>>) -> Result<(), String> {
        for (id, old, new) in union(old, new) {
            self.compare_home((&format!("projects.{id}"), "projects"), old, new, 1);
            self.compare_labels((List::Labels, id), member(old, "labels"), member(new, "labels"))?;
        }
        Ok(())
    }

    fn compare_models(&mut self, old: Option<Value<'_>>, new: Option<Value<'_>>) -> Result<(), String> {
        for (id, old, new) in union(old, new) {
            let path = format!("experiments.{id}");
            self.compare_home((&path, "experiments"), old, new, 0);
            for (id, old, new) in union(member(old, "runs"), member(new, "runs")) {
                self.compare_home((&format!("{path}.runs.{id}"), "experiments.runs"), old, new, 0);
                for (list, key) in [(List::RunLabels, "labels"), (List::Predictions, "predictions")] {
                    self.compare_labels((list, id), member(old, key), member(new, key))?;
                }
            }
        }
        Ok(())
    }

    /// Compares what a project, a model or a run has besides its labels.
    fn compare_home(
        &mut self,
        (path, kind): (&str, &str),
        old: Option<Value<'_>>,
        new: Option<Value<'_>>,
        depth: usize,
    ) {
        if old.is_none() || new.is_none() {
            self.row.members.push(named(path, kind));
            return;
        }
        for (key, old, new) in union(old, new) {
            if !matches!(key, "labels" | "predictions" | "runs") {
                self.compare_members(&format!("{path}.{key}"), Some(&format!("{kind}.{key}")), old, new, depth);
            }
        }
    }

    /// Names a member if it differs, or the members in it, so deep.
    fn compare_members(
        &mut self,
        path: &str,
        kind: Option<&str>,
        old: Option<Value<'_>>,
        new: Option<Value<'_>>,
        depth: usize,
    ) {
        if old.map(Value::raw) == new.map(Value::raw) {
            return;
        }
        let kind = kind.unwrap_or(path);
        let are_objects = [old, new].iter().all(|value| value.is_some_and(|value| value.kind() == Kind::Object));
        let before = self.row.members.len();
        if depth > 0 && are_objects {
            for (key, old, new) in union(old, new) {
                self.compare_members(&format!("{path}.{key}"), Some(&format!("{kind}.{key}")), old, new, depth - 1);
            }
        }
        if self.row.members.len() == before {
            self.row.members.push(named(path, kind));
        }
    }

    fn compare_labels(
        &mut self,
        home: (List, &str),
        old: Option<Value<'_>>,
        new: Option<Value<'_>>,
    ) -> Result<(), String> {
        if old.map(Value::raw) == new.map(Value::raw) {
            return Ok(());
        }
        let (old, new) = (labels(old), labels(new));
        for (id, label) in &old {
            match new.iter().find(|(other, _)| other == id) {
                Some((_, other)) => self.row.labels.extend(compare_label(home, id, *label, *other)?),
                None => self.row.labels.push(list_label(home, id, *label, Change::Removed)?),
            }
        }
        for (id, label) in new.iter().filter(|(id, _)| !old.iter().any(|(other, _)| other == id)) {
            self.row.labels.push(list_label(home, id, *label, Change::Added)?);
        }
        Ok(())
    }
}

fn compare_label(home: (List, &str), id: &str, old: Value<'_>, new: Value<'_>) -> Result<Option<LabelDiff>, String> {
    if old.raw() == new.raw() {
        return Ok(None);
    }
    let mut label = of_home(home, id, Change::Changed);
    for (key, old, new) in union(Some(old), Some(new)) {
        let are_objects = [old, new].iter().all(|value| value.is_some_and(|value| value.kind() == Kind::Object));
        match (key, old, new) {
            _ if old.map(Value::raw) == new.map(Value::raw) => {}
            ("annotations", Some(old), Some(new)) => {
                label.annotations = annotations::compare(old.raw(), new.raw()).map_err(|error| error.to_string())?;
                if label.annotations.is_empty() {
                    label.members.push(key.to_owned());
                }
            }
            _ if are_objects => {
                let differing = union(old, new).into_iter();
                let differing = differing.filter(|(_, old, new)| old.map(Value::raw) != new.map(Value::raw));
                label.members.extend(differing.map(|(inner, ..)| format!("{key}.{inner}")));
            }
            _ => label.members.push(key.to_owned()),
        }
    }
    if label.members.is_empty() && label.annotations.is_empty() {
        label.members.push("order".to_owned());
    }
    Ok(Some(label))
}

fn list_labels(
    found: &mut Vec<LabelDiff>,
    home: (List, &str),
    list: Option<Value<'_>>,
    change: Change,
) -> Result<(), String> {
    for (id, label) in labels(list) {
        found.push(list_label(home, &id, label, change)?);
    }
    Ok(())
}

fn list_label(home: (List, &str), id: &str, label: Value<'_>, change: Change) -> Result<LabelDiff, String> {
    let annotations = match label.get("annotations") {
        Some(annotations) => annotations::list(annotations.raw(), change).map_err(|error| error.to_string())?,
        None => Vec::new(),
    };
    Ok(LabelDiff { annotations, ..of_home(home, id, change) })
}

fn of_home((list, home): (List, &str), id: &str, change: Change) -> LabelDiff {
    let (home, id) = (home.to_owned(), id.to_owned());
    LabelDiff { change, list, home, id, members: Vec::new(), annotations: Vec::new() }
}

/// Lists labels with their ids. One without an id is known by its place.
fn labels(list: Option<Value<'_>>) -> Vec<(String, Value<'_>)> {
    let elements = list.into_iter().flat_map(Value::elements).enumerate();
    let id = |label: Value<'_>| label.get("id").and_then(Value::as_text).map(|id| id.into_owned());
    elements.map(|(index, label)| (id(label).unwrap_or_else(|| format!("#{index}")), label)).collect()
}

/// Lists the keys of two objects with their values: those of the first in its order, then the others of the second.
fn union<'a>(old: Option<Value<'a>>, new: Option<Value<'a>>) -> Vec<(&'a str, Option<Value<'a>>, Option<Value<'a>>)> {
    let olds = old.into_iter().flat_map(Value::members);
    let mut keys: Vec<_> = olds.map(|(key, value)| (key, Some(value), member(new, key))).collect();
    for (key, value) in new.into_iter().flat_map(Value::members) {
        if member(old, key).is_none() {
            keys.push((key, None, Some(value)));
        }
    }
    keys
}

fn member<'a>(object: Option<Value<'a>>, key: &str) -> Option<Value<'a>> {
    object.and_then(|object| object.get(key))
}

fn members<'a>(value: Value<'a>, key: &str) -> impl Iterator<Item = (&'a str, Value<'a>)> {
    value.get(key).into_iter().flat_map(Value::members)
}

fn named(path: &str, kind: &str) -> Member {
    Member { path: path.to_owned(), kind: kind.to_owned() }
}
