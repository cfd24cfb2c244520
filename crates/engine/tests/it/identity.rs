//! What goes in comes out: to the byte in the shape of today, to the value in every other.

use crate::support::{Exported, Workspace, assert_same_bytes, cases, everything, lines};
use labelport_engine::sink::Packing;
use labelport_model::filter::IdList;
use labelport_model::request::Scope;
use labelport_samples::{Chance, SampleFile, Size, demo, image_rows, older_shape, random, to_ascii_json};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::io::Read as _;

/// As odd as composed rows get.
const ODD: Size = Size { rows: 14, files: 2, masks: true, odd_spellings: true };
/// Rows that survive a general JSON library, which some tests change them with.
const PLAIN: Size = Size { odd_spellings: false, ..ODD };

/// Returns the files one after another: the order in which their rows are exported.
fn joined(files: &[SampleFile]) -> Vec<u8> {
    files.iter().flat_map(|file| file.ndjson.clone()).collect()
}

#[track_caller]
fn check_identity(files: &[SampleFile]) {
    let workspace = Workspace::of(files);
    let exported = workspace.export_catalog();
    assert_same_bytes(&exported.bytes, &joined(files), "what was exported");
    let manifest = &exported.manifest;
    assert_eq!((manifest.row_notices, manifest.unknown_ids), (0, 0));
    assert_eq!(manifest.digest.rows, lines(&exported.bytes).len() as u64);
}

fn rows_of(files: &[SampleFile]) -> Vec<Value> {
    lines(&joined(files)).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn printed(rows: &[Value]) -> Vec<u8> {
    rows.iter().map(|row| to_ascii_json(row) + "\n").collect::<String>().into_bytes()
}

/// Returns where something of `before` is missing or different in `after`; objects may have further keys.
fn lost(before: &Value, after: &Value, path: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            match after.get(key) {
                Some(found) => lost(value, found, &path),
                None => Some(format!("{path} is gone")),
            }
        }),
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let pairs = before.iter().zip(after).enumerate();
            pairs.into_iter().find_map(|(index, (before, after))| lost(before, after, &format!("{path}[{index}]")))
        }
        _ if before == after => None,
        _ => Some(format!("{path} was {before} and is {after}")),
    }
}

#[test]
fn the_demo_comes_out_as_it_went_in() {
    check_identity(&demo().files);
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn rows_of_today_come_out_as_they_went_in(seed in any::<u64>()) {
        check_identity(&random(seed, &ODD));
    }

    #[test]
    fn nothing_of_an_older_row_is_lost(seed in any::<u64>()) {
        let today = random(seed, &PLAIN);
        // One file has one shape.
        let older = |line| older_shape(line, &mut Chance::new(seed));
        let older: Vec<String> = lines(&joined(&today)).into_iter().map(older).collect();
        let workspace = Workspace::new();
        workspace.import_all("older.ndjson", older.join("\n").as_bytes());
        let exported = workspace.export_catalog();
        let exported_lines = lines(&exported.bytes);
        prop_assert_eq!(exported_lines.len(), older.len());
        for (before, after) in older.iter().zip(exported_lines) {
            let (before, after): (Value, Value) =
                (serde_json::from_str(before).unwrap(), serde_json::from_str(after).unwrap());
            prop_assert_eq!(lost(&before, &after, "row"), None);
        }
        // The same rows in the shape of today replace them without a trace.
        for file in today.iter().filter(|file| !file.ndjson.is_empty()) {
            workspace.import_all(&file.name, &file.ndjson);
        }
        assert_same_bytes(&workspace.export_catalog().bytes, &joined(&today), "today's rows over older ones");
    }

    #[test]
    fn a_second_import_changes_nothing(seed in any::<u64>()) {
        let files = random(seed, &ODD);
        let workspace = Workspace::of(&files);
        let once = workspace.export_catalog();
        let rows = once.manifest.digest.rows;
        let mut second = labelport_engine::import::Summary::default();
        for file in files.iter().filter(|file| !file.ndjson.is_empty()) {
            second.add(workspace.import_all(&file.name, &file.ndjson));
        }
        let counts = second.counts;
        prop_assert_eq!((second.records, counts.rows.unchanged), (rows, rows));
        for tally in [counts.rows, counts.labels, counts.run_labels] {
            prop_assert_eq!((tally.created, tally.changed, tally.removed), (0, 0, 0));
        }
        prop_assert_eq!(counts.labels.unchanged, once.manifest.labels);
        prop_assert_eq!(counts.run_labels.unchanged, once.manifest.run_labels + once.manifest.predictions);
        prop_assert_eq!((counts.datasets, counts.projects, counts.models, counts.model_runs), (0, 0, 0, 0));
        prop_assert_eq!((counts.ontologies, counts.features, counts.batches, counts.metadata_schemas), (0, 0, 0, 0));
        // The manifest holds the change counter too: not even that moved.
        prop_assert_eq!(workspace.export_catalog(), once);
    }

    #[test]
    fn exports_of_parts_merge_to_the_whole(seed in any::<u64>(), order in any::<u64>()) {
        let whole = rows_of(&random(seed, &PLAIN));
        let mut parts = parts_of(&whole);
        let expected = printed(&whole);
        let workspace = Workspace::new();
        // The rows themselves come first, since rows are exported in the order in which they came.
        workspace.import_all("dataset.ndjson", &printed(&parts.remove(0)));
        let mut chance = Chance::new(order);
        while !parts.is_empty() {
            let part = parts.remove(chance.below(parts.len() as u64) as usize);
            workspace.import_all("part.ndjson", &printed(&part));
        }
        assert_same_bytes(&workspace.export_catalog().bytes, &expected, "what was merged from parts");
    }

    #[test]
    fn a_project_export_and_a_catalog_export_merge_to_the_whole(seed in any::<u64>()) {
        let whole = rows_of(&random(seed, &PLAIN));
        let without = |key: &str| -> Vec<u8> {
            let mut rows = whole.clone();
            rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().shift_remove(key)));
            printed(&rows)
        };
        for [first, second] in [["experiments", "projects"], ["projects", "experiments"]] {
            let workspace = Workspace::new();
            workspace.import_all("first.ndjson", &without(first));
            workspace.import_all("second.ndjson", &without(second));
            assert_same_bytes(&workspace.export_catalog().bytes, &printed(&whole), first);
        }
    }

    #[test]
    fn rows_asked_for_are_rows_out_and_notices(seed in any::<u64>()) {
        let rows = rows_of(&random(seed, &PLAIN));
        let workspace = Workspace::new();
        workspace.import_all("rows.ndjson", &printed(&rows));
        let mut chance = Chance::new(seed);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut ids: Vec<String> =
            rows.iter().filter(|_| chance.happens(50)).map(|row| text(&row["data_row"]["id"])).collect();
        ids.extend((0..3).map(|_| chance.cuid()));
        let mut request = everything(Scope::Rows { data_row_ids: Some(ids.clone()), global_keys: None });
        let manifest = workspace.export(&request).manifest;
        prop_assert_eq!(manifest.digest.rows + manifest.unknown_ids, ids.len() as u64);
        let mut keys: Vec<String> = rows.iter().filter_map(|row| row["data_row"].get("global_key")).map(text).collect();
        keys.push("a key of nothing".to_owned());
        request = everything(Scope::Catalog);
        request.filters.global_keys = Some(IdList::new(keys.clone()).unwrap());
        let manifest = workspace.export(&request).manifest;
        prop_assert_eq!((manifest.digest.rows, manifest.unknown_ids), (keys.len() as u64 - 1, 1));
    }

    #[test]
    fn what_nobody_knows_survives_at_every_level(seed in any::<u64>()) {
        let mut rows = rows_of(&random(seed, &PLAIN));
        let mut chance = Chance::new(seed);
        let strange: Vec<u8> = rows.iter_mut().flat_map(|row| estrange(row, &mut chance)).collect();
        let workspace = Workspace::new();
        workspace.import_all("strange.ndjson", &strange);
        assert_same_bytes(&workspace.export_catalog().bytes, &strange, "strange rows");
        // And they stay when a line that does not know them comes over them.
        let known = rows_of(&random(seed, &PLAIN));
        let narrow: Vec<Value> = known.iter().map(|row| json!({"data_row": {"id": row["data_row"]["id"]}})).collect();
        workspace.import_all("narrow.ndjson", &printed(&narrow));
        assert_same_bytes(&workspace.export_catalog().bytes, &strange, "strange rows after narrow ones");
    }
}

/// Takes rows apart as exports do: the rows alone, then each project and each model run with the rows that are in it.
fn parts_of(whole: &[Value]) -> Vec<Vec<Value>> {
    let bare = |row: &Value| {
        let mut row = row.clone();
        let members = row.as_object_mut().unwrap();
        ["projects", "experiments"].iter().for_each(|key| drop(members.shift_remove(*key)));
        row
    };
    let mut parts = vec![whole.iter().map(bare).collect::<Vec<Value>>()];
    let mut homes: Vec<(String, String)> = Vec::new();
    for row in whole {
        let projects = row["projects"].as_object().unwrap().keys().map(|id| (String::new(), id.clone()));
        let models = row["experiments"].as_object().unwrap().iter();
        let runs = models.flat_map(|(id, model)| {
            model["runs"].as_object().unwrap().keys().map(|run| (id.clone(), run.clone())).collect::<Vec<_>>()
        });
        homes.extend(projects.chain(runs).filter(|home| !homes.contains(home)).collect::<Vec<_>>());
    }
    for (model, id) in homes {
        let in_home = whole.iter().filter_map(|row| {
            let mut part =
                json!({"data_row": {"id": row["data_row"]["id"]}, "media_attributes": row["media_attributes"]});
            if model.is_empty() {
                part["projects"] = json!({&id: row["projects"].get(&id)?});
            } else {
                let of_model = row["experiments"].get(&model)?;
                let runs = json!({&id: of_model["runs"].get(&id)?});
                part["experiments"] = json!({&model: {"name": of_model["name"], "runs": runs}});
            }
            Some(part)
        });
        parts.push(in_home.collect());
    }
    parts
}

/// Gives a row keys, kinds and numbers that no version of the format has, where exports keep them; returns its line.
fn estrange(row: &mut Value, chance: &mut Chance) -> Vec<u8> {
    let numbers =
        ["1E+2", "-0", "12.10", "1e-7", "0.1000", "100000000000000000000000001", "9007199254740993", "-0.0e0"];
    let mut add = |value: &mut Value| {
        let number = chance.pick(&numbers).unwrap();
        let strange =
            json!({"odd": format!("number<{number}<number"), "list": [null, true, {"a \u{1f683}": "\u{0}\u{7f}"}]});
        value.as_object_mut().unwrap().insert(format!("x_{}", chance.below(9)), strange);
    };
    add(row);
    add(&mut row["media_attributes"]);
    add(&mut row["data_row"]["details"]);
    // Keys of a data row stand before its details.
    let details = row["data_row"].as_object_mut().unwrap().shift_remove("details").unwrap();
    add(&mut row["data_row"]);
    row["data_row"]["details"] = details;
    for project in row["projects"].as_object_mut().unwrap().values_mut() {
        add(project);
        add(&mut project["project_details"]);
        for label in project["labels"].as_array_mut().unwrap() {
            for part in ["label_details", "performance_details", "annotations"] {
                add(&mut label[part]);
            }
            add_unknown_kind(&mut label["annotations"]);
            add(label);
        }
    }
    for model in row["experiments"].as_object_mut().unwrap().values_mut() {
        for run in model["runs"].as_object_mut().unwrap().values_mut() {
            for list in ["labels", "predictions"] {
                for label in run[list].as_array_mut().unwrap() {
                    add_unknown_kind(&mut label["annotations"]);
                    add(&mut label["annotations"]);
                    add(label);
                }
            }
            add(run);
        }
        // Members of a model follow its runs, once for all of them.
        model["x_model"] = json!("number<0.10<number");
    }
    let mut line = to_ascii_json(row).replace("\"number<", "").replace("<number\"", "");
    line.push('\n');
    line.into_bytes()
}

/// Adds an object of a kind, and in a container, that no data type has.
fn add_unknown_kind(annotations: &mut Value) {
    let object = json!({
        "feature_id": "cf00000000000000000000001",
        "feature_schema_id": "cs00000000000000000000001",
        "name": "h\u{f6}lle \"1\"",
        "value": "h_lle_1",
        "annotation_kind": "Hologram4D",
        "x_geometry": [["number<1E2<number"]],
        "classifications": [{"name": "mood", "spoken_answer": {"aloud": "aha"}}],
    });
    let members: &mut Map<String, Value> = annotations.as_object_mut().unwrap();
    members.insert("holograms".to_owned(), json!([[object]]));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    // More rows than one job of an export, and more bytes than one chunk.
    let ndjson: String = image_rows(4_500).map(|line| line + "\n").collect();
    let files = [SampleFile { name: "image.ndjson".to_owned(), ndjson: ndjson.into_bytes() }];
    let workspace = Workspace::of(&files);
    let mut request = everything(Scope::Catalog);
    // These rows are in no model run, and composed without the key.
    request.params.all_model_runs = false;
    request.params.predictions = false;
    let alone = workspace.export_packed(&request, 1, Packing::Plain);
    assert_same_bytes(&alone.bytes, &files[0].ndjson, "image rows");
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let first = workspace.export_packed(&request, 1, packing);
        assert_eq!(first.manifest, alone.manifest);
        assert_same_bytes(&unpacked(&first), &alone.bytes, "unpacked");
        for threads in [2, 3, 7] {
            let other = workspace.export_packed(&request, threads, packing);
            assert!(other == first, "{packing:?} with {threads} threads differs");
        }
    }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn threads_and_packing_change_nothing_of_any_data_type(seed in any::<u64>()) {
        let workspace = Workspace::of(&random(seed, &ODD));
        let request = everything(Scope::Catalog);
        let alone = workspace.export_packed(&request, 1, Packing::Plain);
        for (threads, packing) in [(2, Packing::Zstd), (3, Packing::Gzip), (7, Packing::Plain)] {
            let other = workspace.export_packed(&request, threads, packing);
            prop_assert_eq!(&other.manifest, &alone.manifest);
            assert_same_bytes(&unpacked(&other), &alone.bytes, "unpacked");
        }
    }

    #[test]
    fn the_number_of_parsers_changes_nothing(seed in any::<u64>()) {
        let files = random(seed, &ODD);
        let expected = joined(&files);
        for (threads, strict) in [(1, true), (5, false)] {
            let workspace = Workspace::new();
            let import = crate::support::ImportAs { threads, strict, ..Default::default() };
            workspace.import("all.ndjson", &expected, import).unwrap();
            assert_same_bytes(&workspace.export_catalog().bytes, &expected, "imported");
        }
    }
}

/// Unpacks as a reader would who knows nothing but the first bytes.
fn unpacked(exported: &Exported) -> Vec<u8> {
    let bytes = &exported.bytes[..];
    let mut plain = Vec::new();
    match bytes {
        [0x1f, 0x8b, ..] => drop(flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap()),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => plain = zstd::decode_all(bytes).unwrap(),
        _ => plain = bytes.to_vec(),
    }
    plain
}

#[test]
fn an_empty_result_is_a_valid_file_in_every_packing() {
    let workspace = Workspace::new();
    for (packing, magic) in
        [(Packing::Plain, &b""[..]), (Packing::Gzip, b"\x1f\x8b"), (Packing::Zstd, b"\x28\xb5\x2f\xfd")]
    {
        let exported = workspace.export_packed(&everything(Scope::Catalog), 2, packing);
        assert!(exported.bytes.starts_with(magic), "{packing:?}");
        assert_eq!(unpacked(&exported), b"");
        assert_eq!(exported.manifest.digest.bytes, 0);
    }
}
