//! Typed annotations, on everything that the project exports: what is read is written back, and counted once.

use crate::support::lines;
use labelport_model::annotation::{self, Annotation, Body};
use labelport_model::data_type::DATA_TYPES;
use labelport_model::json::{Document, Value};
use labelport_samples::{SampleFile, Size, demo, random};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Calls `each` with the annotations of every label and prediction in rows of export v2.
fn for_each_label(rows: &[u8], each: &mut dyn FnMut(&str)) {
    let mut document = Document::default();
    for line in lines(rows) {
        document.read(line.as_bytes()).unwrap();
        let row = document.root();
        let projects = row.get("projects").into_iter().flat_map(Value::members).map(|(_, project)| project);
        let models = row.get("experiments").into_iter().flat_map(Value::members);
        let runs = models.filter_map(|(_, model)| model.get("runs")).flat_map(Value::members).map(|(_, run)| run);
        for holder in projects.chain(runs) {
            for list in ["labels", "predictions"] {
                let labels = holder.get(list).into_iter().flat_map(Value::elements);
                labels.filter_map(|label| label.get("annotations")).for_each(|annotations| each(annotations.raw()));
            }
        }
    }
}

/// Returns the annotation kinds and answer keys in the annotations of a label, after checking that they are written back
/// as they were read, that the count agrees, and that every one of them is typed.
#[track_caller]
fn check(annotations: &str, kinds: &mut BTreeSet<String>) {
    let mut written = Vec::new();
    annotation::rewrite(annotations, &mut written, &mut |_| {}).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), annotations);
    let mut marks = Vec::new();
    for found in annotation::read(annotations) {
        let found: Annotation<'_> = found.unwrap();
        assert_eq!(found.count_unread(), 0, "{}", found.stored());
        match &found.body {
            Body::Object(object) => {
                assert!(object.shape.is_some(), "{}", found.stored());
                kinds.insert(object.kind.as_ref().unwrap().get().into_owned());
            }
            Body::Classification(classification) => {
                assert!(classification.answer.is_some(), "{}", found.stored());
                kinds.insert(classification.answer_key().to_owned());
            }
        }
        found.for_each_mark(&mut |mark| marks.push(format!("{mark:?}")));
    }
    let document = Document::parse(annotations.as_bytes()).unwrap();
    let mut counted = Vec::new();
    annotation::for_each(document.root(), &mut |mark| counted.push(format!("{mark:?}")));
    assert_eq!(marks, counted);
}

fn check_files(files: &[SampleFile], kinds: &mut BTreeSet<String>) {
    files.iter().for_each(|file| for_each_label(&file.ndjson, &mut |annotations| check(annotations, kinds)));
}

#[test]
fn the_demo_is_typed_whole() {
    let mut kinds = BTreeSet::new();
    check_files(&demo().files, &mut kinds);
    for answer in ["radio_answer", "checklist_answers", "text_answer", "conversational_radio_answer"] {
        assert!(kinds.contains(answer), "{kinds:?}");
    }
}

#[test]
fn goldens_are_typed_whole() {
    let mut labels = 0;
    for folder in std::fs::read_dir("golden").unwrap() {
        let folder = folder.unwrap();
        // Formats of other shapes have folders of their own.
        let is_other = ["legacy_json", "legacy_run"].iter().any(|name| folder.file_name() == *name);
        if is_other || !folder.file_type().unwrap().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "ndjson") {
                let rows = std::fs::read(&path).unwrap();
                for_each_label(&rows, &mut |annotations| {
                    labels += 1;
                    check(annotations, &mut BTreeSet::new());
                });
            }
        }
    }
    assert!(labels > 200, "{labels} labels");
}

#[test]
fn every_annotation_kind_is_typed() {
    let size = Size { rows: 30, files: 1, masks: true, odd_spellings: true };
    let mut found = BTreeSet::new();
    check_files(&demo().files, &mut found);
    // Each workspace has a few of the data types.
    (0..30).for_each(|seed| check_files(&random(seed, &size), &mut found));
    let kinds = DATA_TYPES.iter().flat_map(|data_type| data_type.kinds);
    let missing: BTreeSet<_> = kinds.map(|kind| kind.name).filter(|name| !found.contains(*name)).collect();
    // Nothing composes these; the unit tests of the model read them.
    let uncomposed = [
        "DocumentBidirectionalRelationship",
        "ImageBidirectionalRelationship",
        "TextBidirectionalRelationship",
        "VideoPolygon",
    ];
    assert_eq!(missing, BTreeSet::from(uncomposed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_workspaces_are_typed_whole(seed in any::<u64>()) {
        let size = Size { rows: 14, files: 1, masks: true, odd_spellings: true };
        check_files(&random(seed, &size), &mut BTreeSet::new());
    }
}
