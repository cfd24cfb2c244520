//! Options of formats that need something of the workspace: names of classes, parts, labels, predictions.

use crate::formats::{
    check_that_all_is_settled, export, interpolated, lossy, refusal, try_export, with_demo, with_random_rows,
};
use crate::support::{Workspace, everything};
use labelport_engine::export::ExportError;
use labelport_engine::manifest::Manifest;
use labelport_formats::write::{
    Brat, ChatPreference, ChatSft, Coco, Conll, DicomSeg, Format, Nifti, Rttm, Spans, TextGrid, WebVtt, Yolo,
};
use labelport_model::losses::{Loss, Losses, Outcome};
use labelport_model::request::{ExportRequest, Params, Scope};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Exports as YOLO with some options.
fn yolo(workspace: &Workspace, scope: Scope, options: &[(&str, &str)]) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    write(&Yolo, workspace, scope, options)
}

/// Exports in a format with some options.
fn write(
    format: &dyn Format,
    workspace: &Workspace,
    scope: Scope,
    options: &[(&str, &str)],
) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    // What options need is read whether or not the request asks for it.
    let mut request = ExportRequest { params: Params::default(), ..lossy(everything(scope)) };
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    request.format.options.extend(options);
    export(workspace, &request, format, 2)
}

fn project(name: &str) -> Scope {
    Scope::Project(name.to_owned())
}

#[test]
fn classes_go_by_the_name_for_programs_where_that_is_asked_for() {
    let workspace = with_demo();
    let (files, _) = yolo(&workspace, project("Lineside safety audit"), &[]);
    assert_eq!(String::from_utf8_lossy(&files["classes.txt"]), "danger zone\nperson\n");
    let (files, _) = yolo(&workspace, project("Lineside safety audit"), &[("class-names", "value")]);
    assert_eq!(String::from_utf8_lossy(&files["classes.txt"]), "danger_zone\nperson\n");
}

/// Checks which parts there are, and that every file is in one of them.
#[track_caller]
fn check_parts(scope: Scope, split_by: &str, expect: &[(&str, usize)]) {
    let (files, manifest) = yolo(&with_demo(), scope, &[("split-by", split_by)]);
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files.keys().filter_map(|path| path.strip_prefix("labels/")) {
        *parts.entry(path.split('/').next().unwrap()).or_default() += 1;
    }
    assert_eq!(parts, expect.iter().copied().collect(), "{split_by}");
    let data = String::from_utf8_lossy(&files["data.yaml"]);
    let listed: Vec<&str> =
        data.lines().filter_map(|line| line.split_once(": images/")).map(|(part, _)| part).collect();
    let made = |part: &&&str| **part == "train" || **part == "val";
    let extra = listed.iter().filter(|part| !parts.contains_key(**part)).collect::<Vec<_>>();
    assert!(extra.iter().all(made) && listed.len() == parts.len() + extra.len(), "{data}");
    let unassigned = manifest.losses.iter().find(|(loss, _)| loss.reason.contains("nothing to split it by"));
    let unassigned = unassigned.map_or(0, |(_, count)| count as usize);
    assert_eq!(unassigned, parts.get("unassigned").copied().unwrap_or_default(), "{split_by}");
}

#[test]
fn rows_are_split_by_what_they_have() {
    let run = || Scope::ModelRun("baseline".to_owned());
    check_parts(run(), "run", &[("test", 2), ("train", 3), ("val", 2)]);
    check_parts(project("Lineside safety audit"), "batch", &[("week_8", 3), ("week_9", 7)]);
    check_parts(
        project("Rolling stock inventory"),
        "metadata:season",
        &[("spring", 1), ("thaw", 1), ("unassigned", 9), ("winter", 1)],
    );
}

#[test]
fn what_no_row_can_be_split_by_is_refused() {
    let mut request = lossy(everything(project("Lineside safety audit")));
    for (split_by, expect) in
        [("metadata:seasons", "the name of a metadata field that some row has"), ("run", "none of these has one")]
    {
        request.format.options.insert("split-by".to_owned(), split_by.to_owned());
        let refused = refusal(&with_demo(), &request, &Yolo).to_string();
        assert!(refused.contains(expect), "{refused}");
    }
}

/// A format with some options.
type Case<'c> = (&'c dyn Format, &'c [(&'c str, &'c str)]);

/// The options of YOLO that decide on what is written of a row.
const CHOICES: &[&[(&str, &str)]] = &[
    &[("labels", "all")],
    &[("labels", "all"), ("predictions", "labels"), ("task", "segment")],
    &[("predictions", "scores"), ("task", "obb")],
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_is_chosen_all_is_kept_reduced_or_left_out(seed: u64) {
        let workspace = with_random_rows(seed);
        for options in CHOICES {
            let mut request = everything(Scope::Catalog);
            let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            request.format.options.extend(options);
            check_that_all_is_settled(&workspace, &request, &Yolo);
        }
        for options in [
            &[("predictions", "scores")][..],
            &[("predictions", "labels"), ("task", "panoptic")],
            &[("labels", "all"), ("task", "keypoints")],
        ] {
            let mut request = everything(Scope::Catalog);
            let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            request.format.options.extend(options);
            check_that_all_is_settled(&workspace, &request, &Coco);
        }
        let others: [Case<'_>; 15] = [
            (&Yolo, &[("task", "segment"), ("simplify", "3")]),
            (&Coco, &[("simplify", "3"), ("labels", "all")]),
            (&Spans, &[("predictions", "scores"), ("labels", "latest")]),
            (&Spans, &[("labels", "all"), ("class-names", "value")]),
            (&Conll, &[("labels", "all"), ("split", "a=0.5,b=0.5")]),
            (&Brat, &[("labels", "all"), ("predictions", "labels"), ("names", "global-key")]),
            (&ChatSft, &[("labels", "all"), ("split", "a=0.5,b=0.5")]),
            (&ChatSft, &[("paths", "all"), ("predictions", "labels")]),
            (&ChatPreference, &[("labels", "all"), ("pairs", "ends")]),
            (&Nifti, &[("labels", "all"), ("voxels", "each-class"), ("names", "global-key")]),
            (&DicomSeg, &[("labels", "all"), ("predictions", "labels"), ("class-names", "value")]),
            (&Rttm, &[("labels", "all"), ("names", "global-key"), ("question", "words")]),
            (&WebVtt, &[("labels", "all"), ("predictions", "labels")]),
            (&TextGrid, &[("labels", "all"), ("split", "a=0.5,b=0.5")]),
            (&ChatPreference, &[("dialect", "openai"), ("pairs", "adjacent"), ("predictions", "labels")]),
        ];
        for (format, options) in others {
            let mut request = everything(Scope::Catalog);
            let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            request.format.options.extend(options);
            check_that_all_is_settled(&workspace, &request, format);
        }
        let (_, manifest) = yolo(&workspace, Scope::Catalog, &[]);
        for question in manifest.annotations.iter().filter(|of| of.kind == "radio_answer").map(|of| &of.name) {
            let mut request = everything(Scope::Catalog);
            let options = [("task", "classify"), ("question", question)];
            request.format.options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            // A question that is asked elsewhere makes no class.
            if try_export(&workspace, &lossy(request.clone()), &Yolo).is_ok() {
                check_that_all_is_settled(&workspace, &request, &Yolo);
            }
        }
    }
}

#[test]
fn judgements_of_random_workspaces_are_pairs_or_decide_on_lines() {
    let mut written: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for seed in 0..24 {
        let workspace = with_random_rows(seed);
        for format in [&ChatSft as &dyn Format, &ChatPreference] {
            let mut request = lossy(everything(Scope::Catalog));
            request.format.options.insert("labels".to_owned(), "all".to_owned());
            let (files, manifest) = export(&workspace, &request, format, 2);
            let lines = memchr::memchr_iter(b'\n', &files["train.jsonl"]).count();
            let listed = String::from_utf8_lossy(&files["rows.csv"]).matches(",train,train.jsonl,").count();
            assert_eq!(lines, listed, "{}: a line of the list for each line", format.name());
            for (loss, count) in manifest.losses.iter().filter(|(loss, _)| loss.outcome != Outcome::LeftOut) {
                *written.entry((format.name(), loss.what.clone())).or_default() += count;
            }
        }
    }
    for kind in ["MessageMultiSelection", "MessageRanking", "MessageSingleSelection"] {
        for format in ["chat-sft", "chat-preference"] {
            assert!(
                written.get(&(format, kind.to_owned())).is_some_and(|count| *count > 2),
                "{format} {kind}: {written:?}"
            );
        }
    }
}

/// Returns the lines of the list of rows, cell by cell.
fn rows_of(files: &BTreeMap<String, Vec<u8>>) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(&files["rows.csv"]).into_owned();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn each_label_is_a_line_of_the_list_with_a_picture_of_its_own() {
    let workspace = with_demo();
    let (files, manifest) = yolo(&workspace, project("Lineside safety audit"), &[("labels", "all")]);
    let rows = rows_of(&files);
    let labels: Vec<&str> = rows.iter().map(|row| row[7].as_str()).filter(|label| !label.is_empty()).collect();
    assert_eq!(labels.len() as u64, manifest.labels);
    let pictures: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[5].as_str()).collect();
    let paths: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[6].as_str()).collect();
    assert_eq!((pictures.len(), paths.len()), (rows.len(), rows.len()));
    assert!(paths.iter().all(|path| files.contains_key(*path)));
    assert!(!manifest.losses.iter().any(|(loss, _)| loss.reason.contains("another label of its row")));
    let (files, _) = write(&Coco, &workspace, project("Lineside safety audit"), &[("labels", "all")]);
    let listed = rows_of(&files);
    let of = |rows: &[Vec<String>], column: usize| rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
    assert_eq!((of(&listed, 5), of(&listed, 7)), (of(&rows, 5), of(&rows, 7)));
    let text = String::from_utf8_lossy(&files["annotations/instances_train.json"]);
    let images: Vec<&str> =
        text.split("\"file_name\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(images, of(&rows, 5).iter().map(|path| path.trim_start_matches("images/train/")).collect::<Vec<_>>());
}

#[test]
fn predictions_are_read_where_they_are_written_though_the_request_does_not_ask_for_them() {
    let workspace = with_demo();
    let run = || Scope::ModelRun("baseline".to_owned());
    let (_, plain) = yolo(&workspace, run(), &[]);
    assert_eq!(plain.predictions, 0);
    let (files, manifest) = yolo(&workspace, run(), &[("predictions", "scores"), ("split-by", "run")]);
    assert!(manifest.predictions > 0);
    let labels = files.iter().filter(|(path, _)| path.starts_with("labels/"));
    let lines: Vec<String> =
        labels.flat_map(|(_, text)| std::str::from_utf8(text).unwrap().lines().map(str::to_owned)).collect();
    assert!(lines.len() > 5 && lines.iter().all(|line| line.split(' ').count() == 6), "{lines:?}");
}

#[test]
fn coco_has_a_file_for_each_part_and_the_confidence_of_predictions() {
    let workspace = with_demo();
    let options = [("predictions", "scores"), ("split-by", "run")];
    let (files, manifest) = write(&Coco, &workspace, Scope::ModelRun("baseline".to_owned()), &options);
    let parts: Vec<&String> = files.keys().filter(|path| path.starts_with("annotations/")).collect();
    let expect = ["test", "train", "val"].map(|part| format!("annotations/instances_{part}.json"));
    assert_eq!(parts, expect.iter().collect::<Vec<_>>());
    let text: String = parts.iter().map(|path| String::from_utf8_lossy(&files[*path])).collect();
    let annotations = text.matches("\"category_id\"").count();
    assert!(annotations > 5 && text.matches("\"score\":0.").count() == annotations, "{text}");
    assert_eq!(text.matches("\"file_name\"").count() as u64, manifest.digest.rows);
    let mut request = lossy(everything(Scope::Catalog));
    let options = [("predictions", "scores"), ("task", "panoptic")];
    request.format.options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let refused = refusal(&workspace, &request, &Coco).to_string();
    assert!(refused.contains("no or labels for task=panoptic, which has no place for scores"), "{refused}");
}

#[test]
fn points_are_joined_to_boxes_by_a_rule() {
    let workspace = with_demo();
    let scope = || project("Rolling stock inventory");
    let pose = [("task", "pose"), ("pose", "locomotive:signal lamp;wagon:signal lamp")];
    let (files, manifest) = yolo(&workspace, scope(), &pose);
    assert!(String::from_utf8_lossy(&files["data.yaml"]).contains("kpt_shape: [1, 3]\n"));
    let points: BTreeMap<&str, u64> = manifest
        .losses
        .iter()
        .filter(|(loss, _)| loss.what == "ImagePoint")
        .map(|(loss, count)| (loss.reason.as_str(), count))
        .collect();
    assert_eq!(points.values().sum::<u64>(), 12, "{points:?}");
    let mut request = everything(scope());
    request.format.options = pose.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    check_that_all_is_settled(&workspace, &request, &Yolo);
    request.format.options.insert("task".to_owned(), "keypoints".to_owned());
    check_that_all_is_settled(&workspace, &request, &Coco);
    let mut frames = interpolated(everything(project("Shunting movements")));
    let options = [("task", "keypoints"), ("pose", "shunter:coupling")];
    frames.format.options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    check_that_all_is_settled(&workspace, &frames, &Coco);
    request.format.options.insert("task".to_owned(), "pose".to_owned());
    request.format.options.insert("pose".to_owned(), "tender:signal lamp".to_owned());
    let refused = refusal(&workspace, &request, &Yolo).to_string();
    assert!(refused.contains("none that draws boxes is called \"tender\""), "{refused}");
}

#[test]
fn pictures_are_put_into_folders_by_the_answer_to_a_question() {
    let workspace = with_demo();
    let scope = || project("Lineside safety audit");
    let (files, manifest) = yolo(&workspace, scope(), &[("task", "classify"), ("question", "verdict")]);
    let classes = String::from_utf8_lossy(&files["classes.txt"]).into_owned();
    let rows = rows_of(&files);
    let folders: Vec<&str> = rows.iter().filter_map(|row| row[5].strip_prefix("train/")?.split('/').next()).collect();
    assert!(
        folders.len() > 3 && folders.iter().all(|folder| classes.lines().any(|class| class == *folder)),
        "{rows:?}"
    );
    let kept = manifest.losses.iter().find(|(loss, _)| loss.what == "radio_answer" && loss.outcome == Outcome::Kept);
    assert_eq!(kept.map(|(_, count)| count as usize), Some(folders.len()));
    assert!(!files.keys().any(|path| path.starts_with("labels/") || path == "data.yaml"));
    let mut request = lossy(everything(scope()));
    let options = [("task", "classify"), ("question", "verdikt")];
    request.format.options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let refused = refusal(&workspace, &request, &Yolo).to_string();
    assert!(refused.contains("one of the questions that labels answer: \"verdict\""), "{refused}");
}

/// Returns the lines of a file.
fn lines_of(file: &[u8]) -> Vec<&str> {
    std::str::from_utf8(file).unwrap().lines().collect()
}

#[test]
fn texts_are_split_and_each_label_is_a_document() {
    let workspace = with_demo();
    let log = || project("Shift log {night} \u{201c}Z\u{fc}ge\u{201d}");
    let (files, manifest) = write(&Spans, &workspace, log(), &[("labels", "all"), ("split", "a=0.5,b=0.5")]);
    let lines: Vec<&str> = ["a.jsonl", "b.jsonl"].iter().flat_map(|path| lines_of(&files[*path])).collect();
    let labels = lines.iter().filter(|line| line.contains("\"label_id\"")).count();
    assert_eq!((lines.len(), labels as u64), (rows_of(&files).len(), manifest.labels));
    assert!(!lines_of(&files["a.jsonl"]).is_empty() && !lines_of(&files["b.jsonl"]).is_empty());
    let (files, _) = write(&Conll, &workspace, log(), &[("labels", "all"), ("split-by", "batch")]);
    let documents = files.iter().filter(|(path, _)| path.ends_with(".conll"));
    let documents: Vec<usize> = documents
        .map(|(_, file)| lines_of(file).iter().filter(|line| line.starts_with("-DOCSTART-")).count())
        .collect();
    assert_eq!(documents.iter().sum::<usize>(), lines.len(), "{documents:?}");
    let (files, _) = write(&Brat, &workspace, log(), &[("labels", "all"), ("names", "global-key")]);
    let of_files: std::collections::BTreeSet<String> = rows_of(&files).into_iter().map(|row| row[4].clone()).collect();
    assert_eq!(of_files.len(), lines.len());
    assert!(of_files.iter().all(|path| files.contains_key(path) && files.contains_key(&path.replace(".txt", ".ann"))));
    assert!(of_files.contains("train/alder/text/001.txt"), "{of_files:?}");
}

#[test]
fn predictions_of_texts_have_their_confidence_where_there_is_a_place_for_it() {
    let workspace = with_random_rows(5);
    let run = |format: &dyn Format, value: &str| {
        let mut request = lossy(everything(Scope::Catalog));
        request.format.options = [("predictions".to_owned(), value.to_owned())].into();
        export(&workspace, &request, format, 2).0
    };
    let with = String::from_utf8(run(&Spans, "scores").remove("train.jsonl").unwrap()).unwrap();
    let without = String::from_utf8(run(&Spans, "labels").remove("train.jsonl").unwrap()).unwrap();
    assert!(with.contains("\"score\":0") && !without.contains("\"score\":"), "{with}");
    let mut request = lossy(everything(Scope::Catalog));
    request.format.options = [("predictions".to_owned(), "scores".to_owned())].into();
    for (format, name) in [(&Conll as &dyn Format, "conll"), (&Brat, "brat")] {
        let refused = refusal(&workspace, &request, format).to_string();
        assert!(refused.contains(&format!("no or labels for {name}, which has no place for scores")), "{refused}");
    }
}

#[test]
fn what_is_foreseen_of_texts_is_what_happens() {
    let workspace = Workspace::new();
    for file in labelport_samples::demo().files {
        // Relations without a direction are of another kind.
        let text = String::from_utf8(file.ndjson.to_vec()).unwrap();
        let text =
            text.replace("TextUnidirectional", "TextBidirectional").replace("unidirectional_r", "bidirectional_r");
        workspace.import_all(&file.name, text.as_bytes());
    }
    for format in [&Spans as &dyn Format, &Conll, &Brat] {
        let request = everything(Scope::Catalog);
        let ExportError::Lossy(refused) = refusal(&workspace, &request, format) else { panic!("{}", format.name()) };
        let (_, manifest) = export(&workspace, &lossy(request), format, 2);
        let of_classes = |losses: &Losses| -> Vec<(Loss, u64)> {
            losses.iter().filter(|(loss, _)| loss.class.is_some()).map(|(loss, count)| (loss.clone(), count)).collect()
        };
        assert_eq!(of_classes(&refused.losses), of_classes(&manifest.losses), "{}", format.name());
        let kept = |loss: &Loss| loss.what == "TextBidirectionalRelationship" && loss.outcome == Outcome::Kept;
        let kept: u64 = manifest.losses.iter().filter(|(loss, _)| kept(loss)).map(|(_, count)| count).sum();
        assert_eq!(kept > 0, format.name() != "conll", "{}", format.name());
    }
}
