//! Every kind of change, on each of the nine data types of the demo.

use super::{Found, LARGE, compare, file, rows};
use labelport_engine::diff::{AnnotationDiff, AnswerDiff, Change, LabelDiff, List, What};
use labelport_samples::demo;
use serde_json::{Value, json};

/// Compares a row with an edited copy.
#[track_caller]
fn edited(row: &Value, edit: impl FnOnce(&mut Value)) -> Found {
    let mut other = row.clone();
    edit(&mut other);
    assert_ne!(row, &other, "nothing was edited");
    let found = compare(&file(std::slice::from_ref(row)), &file(&[other]), LARGE).unwrap();
    assert_eq!((found.sums.rows.changed, found.rows.len()), (1, 1));
    found
}

/// Returns the only label that differs.
#[track_caller]
fn label(found: &Found) -> &LabelDiff {
    let [label] = &found.rows[0].labels[..] else { panic!("{found:?}") };
    label
}

/// Returns the only annotation that differs.
#[track_caller]
fn annotation(found: &Found) -> &AnnotationDiff {
    let [annotation] = &label(found).annotations[..] else { panic!("{found:?}") };
    annotation
}

/// Returns the labels of the first project that has one.
fn labels(row: &mut Value) -> &mut Vec<Value> {
    let projects = row["projects"].as_object_mut().unwrap();
    projects
        .values_mut()
        .filter_map(|project| project["labels"].as_array_mut())
        .find(|labels| !labels.is_empty())
        .unwrap()
}

fn first_label(row: &mut Value) -> &mut Value {
    &mut labels(row)[0]
}

/// Calls `edit` for each object of a label, wherever it is, and each answer that no object holds.
fn for_each(annotations: &mut Value, edit: &mut dyn FnMut(&mut Value)) {
    if annotations.get("annotation_kind").is_some() {
        return edit(annotations);
    }
    match annotations {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_array_mut().filter(|_| key == "classifications") {
                    Some(list) => list.iter_mut().for_each(&mut *edit),
                    None => for_each(member, edit),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| for_each(value, edit)),
        _ => {}
    }
}

/// Rows of each data type that have a label with annotations.
fn each_type() -> Vec<(String, Value)> {
    let found: Vec<_> = demo()
        .files
        .iter()
        .map(|file| {
            let is_labelled = |row: &Value| {
                let mut count = 0;
                let mut row = row.clone();
                let is_there = row["projects"].as_object().is_some_and(|projects| {
                    projects
                        .values()
                        .any(|project| project["labels"].as_array().is_some_and(|labels| !labels.is_empty()))
                });
                if is_there {
                    for_each(&mut first_label(&mut row)["annotations"], &mut |_| count += 1);
                }
                count > 0
            };
            let row = rows(&file.ndjson).into_iter().find(is_labelled);
            (file.name.clone(), row.unwrap())
        })
        .collect();
    assert_eq!(found.len(), 9);
    found
}

/// Returns the feature id, the class and the number of states of the first annotation.
fn first_annotation(row: &Value) -> (String, String, u64) {
    let mut ids = Vec::new();
    for_each(&mut first_label(&mut row.clone())["annotations"], &mut |annotation| {
        let text = |key: &str| annotation[key].as_str().unwrap().to_owned();
        ids.push((text("feature_id"), text("name")));
    });
    let (id, class) = ids[0].clone();
    let count = ids.iter().filter(|(other, _)| *other == id).count() as u64;
    (id, class, count)
}

#[test]
fn members_of_rows_are_named_by_their_keys() {
    for (name, row) in each_type() {
        let check = |expect: &str, edit: &dyn Fn(&mut Value)| {
            let found = edited(&row, edit);
            let members: Vec<&str> = found.rows[0].members.iter().map(|member| member.path.as_str()).collect();
            assert_eq!((members, &found.rows[0].labels[..]), (vec![expect], &[][..]), "{name}");
            let kind = found.rows[0].members[0].kind.clone();
            assert_eq!(found.sums.members.into_iter().collect::<Vec<_>>(), [(kind, 1)]);
        };
        check("data_row.external_id", &|row| row["data_row"]["external_id"] = json!("other"));
        check("data_row.details.dataset_name", &|row| row["data_row"]["details"]["dataset_name"] = json!("other"));
        check("media_attributes.width", &|row| row["media_attributes"]["width"] = json!(12_345));
        check("metadata_fields", &|row| row["metadata_fields"] = json!([{"schema_name": "tag"}]));
        check("attachments", &|row| row["attachments"] = json!([{"type": "TEXT", "value": "new"}]));
        check("newer", &|row| row["newer"] = json!(1));
        let project = row["projects"].as_object().unwrap().keys().next().unwrap().clone();
        check(&format!("projects.{project}.name"), &|row| row["projects"][&project]["name"] = json!("other"));
        check(&format!("projects.{project}.project_details.priority"), &|row| {
            row["projects"][&project]["project_details"]["priority"] = json!(-7);
        });
    }
}

#[test]
fn labels_are_found_by_id() {
    for (name, row) in each_type() {
        let removed = edited(&row, |row| drop(labels(row).remove(0)));
        let found = label(&removed);
        assert_eq!((found.change, found.list), (Change::Removed, List::Labels), "{name}");
        assert_eq!(removed.sums.labels.removed, 1);
        assert!(!found.annotations.is_empty() && found.annotations.iter().all(|one| one.change == Change::Removed));
        let details = edited(&row, |row| first_label(row)["label_details"]["created_by"] = json!("somebody"));
        assert_eq!(
            (&label(&details).members[..], label(&details).change),
            (&["label_details.created_by".to_owned()][..], Change::Changed)
        );
        assert_eq!((details.sums.labels.changed, details.sums.classes.len()), (1, 0));
        let added = edited(&row, |row| {
            let mut copy = first_label(row).clone();
            copy["id"] = json!("cnew00000000000000000000a");
            labels(row).push(copy);
        });
        assert_eq!((label(&added).id.as_str(), label(&added).change), ("cnew00000000000000000000a", Change::Added));
    }
}

#[test]
fn annotations_are_found_by_id_with_all_their_states() {
    for (name, row) in each_type() {
        let (id, class, states) = first_annotation(&row);
        let of_first = |row: &mut Value, edit: &dyn Fn(&mut Value)| {
            for_each(&mut first_label(row)["annotations"], &mut |annotation| {
                if annotation["feature_id"] == json!(id) {
                    edit(annotation);
                }
            });
        };
        // Another class is out of one sum and into another.
        let renamed = edited(&row, |row| of_first(row, &|annotation| annotation["name"] = json!("other class")));
        let found = annotation(&renamed);
        assert_eq!((found.class.as_str(), &found.what[0]), ("other class", &What::Class(class.clone())), "{name}");
        let of = |class: &str| {
            let tallies = renamed.sums.classes.iter().filter(|((name, _), _)| name == class);
            tallies.map(|(_, tally)| (tally.added, tally.removed, tally.changed)).next()
        };
        assert_eq!((of(&class), of("other class")), (Some((0, 1, 0)), Some((1, 0, 0))), "{name}");
        // A confidence.
        let scored = edited(&row, |row| of_first(row, &|annotation| annotation["confidence"] = json!(0.25)));
        let found = annotation(&scored);
        assert!(found.what.contains(&What::Scores), "{name}: {found:?}");
        if states > 1 {
            let frames = What::Frames { added: 0, removed: 0, changed: states };
            assert!(found.what.contains(&frames), "{name}: {found:?}");
        }
        // A member that nobody knows.
        let other = edited(&row, |row| of_first(row, &|annotation| annotation["glow"] = json!(true)));
        let expect = if states > 1 { What::Frames { added: 0, removed: 0, changed: states } } else { What::Other };
        assert!(annotation(&other).what.contains(&expect), "{name}: {:?}", annotation(&other));
        // All sums name it once, on however many frames it is.
        assert_eq!(other.sums.classes.values().map(|tally| tally.changed).sum::<u64>(), 1);
    }
}

/// A row with one label of one project.
fn row_of(annotations: Value) -> Value {
    json!({
        "data_row": { "id": "crow" },
        "projects": { "cproject": { "labels": [{ "id": "clabel", "annotations": annotations }] } },
    })
}

fn boxed(id: &str, class: &str, left: f64) -> Value {
    json!({
        "feature_id": id, "name": class, "annotation_kind": "ImageBoundingBox", "classifications": [],
        "bounding_box": { "top": 0.0, "left": left, "height": 10.0, "width": 10.0 },
    })
}

fn lists(objects: Vec<Value>, classifications: Vec<Value>, relationships: Vec<Value>) -> Value {
    json!({ "objects": objects, "classifications": classifications, "relationships": relationships })
}

/// Compares two labels and returns each annotation that differs, briefly.
#[track_caller]
fn check(old: Value, new: Value, expect: &[(Change, Option<&str>, &[What])]) {
    let found = compare(&file(&[row_of(old)]), &file(&[row_of(new)]), LARGE).unwrap();
    let found: Vec<_> = found.rows.iter().flat_map(|row| &row.labels).flat_map(|label| &label.annotations).collect();
    let found: Vec<_> = found.iter().map(|one| (one.change, one.id.as_deref(), &one.what[..])).collect();
    assert_eq!(found, expect);
}

#[test]
fn moved_shapes_have_an_iou() {
    let with = |objects: Vec<Value>| lists(objects, vec![], vec![]);
    check(
        with(vec![boxed("f1", "boat", 0.0)]),
        with(vec![boxed("f1", "boat", 5.0)]),
        &[(Change::Changed, Some("f1"), &[What::Geometry(Some(0.333_333_333))])],
    );
    let line = |x: f64| json!({ "feature_id": "f1", "name": "rail", "annotation_kind": "ImageLine", "line": [{ "x": x, "y": 1 }] });
    check(with(vec![line(1.0)]), with(vec![line(2.0)]), &[(Change::Changed, Some("f1"), &[What::Geometry(None)])]);
    let on_page = |page: u8| {
        let mut object = boxed("f1", "stamp", 0.0);
        object["page_number"] = json!(page);
        object
    };
    let other_page = [What::Geometry(Some(0.0))];
    check(with(vec![on_page(1)]), with(vec![on_page(2)]), &[(Change::Changed, Some("f1"), &other_page)]);
    // The same number in another spelling draws the same.
    let mut respelled = boxed("f1", "boat", 0.0);
    respelled["bounding_box"]["left"] = json!(0);
    check(
        with(vec![boxed("f1", "boat", 0.0)]),
        with(vec![respelled]),
        &[(Change::Changed, Some("f1"), &[What::Other])],
    );
}

#[test]
fn where_ids_differ_the_best_overlap_counts() {
    let with = |objects: Vec<Value>| lists(objects, vec![], vec![]);
    let id = |before: &str| What::Id(Some(before.to_owned()));
    check(
        with(vec![
            boxed("a1", "boat", 0.0),
            boxed("a2", "boat", 3.0),
            boxed("a3", "boat", 90.0),
            boxed("a4", "buoy", 50.0),
        ]),
        with(vec![
            boxed("b3", "boat", 60.0),
            boxed("b2", "boat", 3.5),
            boxed("b1", "boat", 0.5),
            boxed("b4", "boat", 50.0),
        ]),
        &[
            (Change::Changed, Some("b1"), &[id("a1"), What::Geometry(Some(0.904_761_905))]),
            (Change::Changed, Some("b2"), &[id("a2"), What::Geometry(Some(0.904_761_905))]),
            (Change::Removed, Some("a3"), &[]),
            (Change::Removed, Some("a4"), &[]),
            (Change::Added, Some("b3"), &[]),
            (Change::Added, Some("b4"), &[]),
        ],
    );
    // An overlap of a third is too little.
    check(
        with(vec![boxed("a1", "boat", 0.0)]),
        with(vec![boxed("b1", "boat", 5.0)]),
        &[(Change::Removed, Some("a1"), &[]), (Change::Added, Some("b1"), &[])],
    );
    // Shapes without an area have to be equal, and so has the picture of a mask.
    let span = |id: &str, end: u8| json!({ "feature_id": id, "name": "word", "annotation_kind": "TextEntity", "location": { "start": 0, "end": end } });
    let mask = |id: &str, url: &str| json!({ "feature_id": id, "name": "hull", "annotation_kind": "ImageSegmentationMask", "mask": { "url": url } });
    check(
        with(vec![span("a1", 3), span("a2", 9), mask("a3", "https://m/1"), mask("a4", "https://m/2")]),
        with(vec![span("b1", 3), span("b2", 8), mask("b3", "https://m/1"), mask("b4", "https://m/3")]),
        &[
            (Change::Changed, Some("b1"), &[id("a1")]),
            (Change::Removed, Some("a2"), &[]),
            (Change::Changed, Some("b3"), &[id("a3")]),
            (Change::Removed, Some("a4"), &[]),
            (Change::Added, Some("b2"), &[]),
            (Change::Added, Some("b4"), &[]),
        ],
    );
}

#[test]
fn relations_follow_the_annotations_that_they_join() {
    let relation = |id: &str, source: &str, target: &str| {
        json!({
            "feature_id": id, "name": "tows", "annotation_kind": "Relation",
            "unidirectional_relationship": { "source": source, "target": target },
        })
    };
    let with = |prefix: &str, ends: [&str; 2]| {
        let id = |name: &str| format!("{prefix}{name}");
        let objects = vec![boxed(&id("1"), "boat", 0.0), boxed(&id("2"), "boat", 50.0)];
        lists(objects, vec![], vec![relation(&id("r"), &id(ends[0]), &id(ends[1]))])
    };
    let id = |before: &str| What::Id(Some(before.to_owned()));
    let moved: [(Change, Option<&str>, &[What]); 2] =
        [(Change::Changed, Some("b1"), &[id("a1")]), (Change::Changed, Some("b2"), &[id("a2")])];
    check(
        with("a", ["1", "2"]),
        with("b", ["1", "2"]),
        &[moved[0], moved[1], (Change::Changed, Some("br"), &[id("ar")])],
    );
    check(
        with("a", ["1", "2"]),
        with("b", ["2", "1"]),
        &[moved[0], moved[1], (Change::Removed, Some("ar"), &[]), (Change::Added, Some("br"), &[])],
    );
    check(with("a", ["1", "2"]), with("a", ["2", "1"]), &[(Change::Changed, Some("ar"), &[What::Geometry(None)])]);
}

#[test]
fn answers_are_compared_by_what_they_say() {
    let radio = |id: &str, answer: &str, nested: Vec<Value>| json!({ "feature_id": id, "name": "colour", "radio_answer": { "feature_id": id, "name": answer, "classifications": nested } });
    let text = |content: &str| json!({ "feature_id": "t", "name": "why", "text_answer": { "content": content } });
    let list = |names: &[&str]| {
        let options: Vec<Value> =
            names.iter().map(|name| json!({ "feature_id": format!("o{name}"), "name": name })).collect();
        json!({ "feature_id": "l", "name": "gear", "checklist_answers": options })
    };
    let of_row = |answers: Vec<Value>| lists(vec![], answers, vec![]);
    let of_object = |answers: Vec<Value>| {
        let mut object = boxed("f1", "boat", 0.0);
        object["classifications"] = json!(answers);
        lists(vec![object], vec![], vec![])
    };
    let said = |question: &str, before: Option<&str>, after: Option<&str>| AnswerDiff {
        question: question.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let changed = vec![said("colour", Some("red"), Some("blue")), said("colour > red > why", Some("rust"), None)];
    let (before, after) = (radio("c", "red", vec![text("rust")]), radio("c", "blue", vec![]));
    let expect = [What::Answers(changed)];
    check(of_row(vec![before.clone()]), of_row(vec![after.clone()]), &[(Change::Changed, Some("c"), &expect)]);
    check(of_object(vec![before]), of_object(vec![after]), &[(Change::Changed, Some("f1"), &expect)]);
    let expect = [What::Answers(vec![said("gear", Some("net, rod"), Some("net"))])];
    check(of_row(vec![list(&["rod", "net"])]), of_row(vec![list(&["net"])]), &[(Change::Changed, Some("l"), &expect)]);
    // A question that was answered anew has another id.
    let expect = [What::Id(Some("c".to_owned())), What::Answers(vec![said("colour", Some("red"), Some("blue"))])];
    check(
        of_row(vec![radio("c", "red", vec![])]),
        of_row(vec![radio("d", "blue", vec![])]),
        &[(Change::Changed, Some("d"), &expect)],
    );
}

#[test]
fn an_object_on_frames_is_one() {
    let label = |lefts: &[(i64, f64)], last: i64| {
        let frames: serde_json::Map<String, Value> = lefts
            .iter()
            .map(|(frame, left)| {
                let mut object = boxed("f1", "train", *left);
                object["annotation_kind"] = json!("VideoBoundingBox");
                (frame.to_string(), json!({ "objects": { "f1": object }, "classifications": [] }))
            })
            .collect();
        json!({ "frames": frames, "segments": { "f1": [[1, last]] }, "key_frame_feature_map": { "f1": [1] } })
    };
    let old = label(&[(1, 0.0), (2, 0.0), (3, 0.0)], 3);
    let frames = |added, removed, changed| What::Frames { added, removed, changed };
    check(
        old.clone(),
        label(&[(1, 0.0), (2, 5.0), (3, 0.0)], 3),
        &[(Change::Changed, Some("f1"), &[What::Geometry(Some(0.714_285_714)), frames(0, 0, 1)])],
    );
    check(
        old.clone(),
        label(&[(2, 0.0), (3, 0.0), (4, 1.0), (5, 1.0)], 5),
        &[(Change::Changed, Some("f1"), &[frames(2, 1, 0), What::Segments])],
    );
    check(old.clone(), label(&[(1, 0.0), (2, 0.0), (3, 0.0)], 9), &[(Change::Changed, Some("f1"), &[What::Segments])]);
    // Frames have an order of their own.
    let found =
        compare(&file(&[row_of(old.clone())]), &file(&[row_of(label(&[(3, 0.0), (1, 0.0), (2, 0.0)], 3))]), LARGE);
    assert_eq!(found.unwrap().rows[0].labels[0].annotations, []);
    // With another id it is found by what it covers on all frames.
    let renamed =
        |label: &Value, id: &str| -> Value { serde_json::from_str(&label.to_string().replace("f1", id)).unwrap() };
    check(
        old.clone(),
        renamed(&label(&[(1, 0.0), (2, 0.0), (3, 2.0)], 3), "g1"),
        &[(
            Change::Changed,
            Some("g1"),
            &[What::Id(Some("f1".to_owned())), What::Geometry(Some(0.875)), frames(0, 0, 3)],
        )],
    );
    check(
        old.clone(),
        renamed(&label(&[(3, 0.0), (4, 0.0), (5, 0.0)], 5), "g1"),
        &[(Change::Removed, Some("f1"), &[]), (Change::Added, Some("g1"), &[])],
    );
    let mut found = compare(&file(&[row_of(old)]), b"", LARGE).unwrap();
    let (class, tally) = found.sums.classes.pop_first().unwrap();
    assert_eq!((class.0.as_str(), class.1.as_str(), tally.removed), ("train", "VideoBoundingBox", 1));
}

#[test]
fn the_same_in_another_order_is_named() {
    let with = |objects: Vec<Value>| row_of(lists(objects, vec![], vec![]));
    let (one, other) = (boxed("f1", "boat", 0.0), boxed("f2", "boat", 30.0));
    let found =
        compare(&file(&[with(vec![one.clone(), other.clone()])]), &file(&[with(vec![other, one])]), LARGE).unwrap();
    assert_eq!(label(&found).members, ["annotations"]);
    let found = compare(
        b"{\"data_row\":{\"id\":\"c\"},\"a\":1,\"b\":2}\n",
        b"{\"data_row\":{\"id\":\"c\"},\"b\":2,\"a\":1}",
        LARGE,
    );
    assert_eq!(found.unwrap().rows[0].members[0].path, "order");
    // Space between values is nothing, nor is an escape.
    let found = compare(
        b"{\"data_row\":{\"id\":\"c\"},\"a\":\"\\u0061\"}\n",
        b"{\"data_row\": {\"id\": \"c\"}, \"a\": \"a\"}\r\n",
        LARGE,
    );
    assert!(found.unwrap().sums.are_same());
}
