//! Rows of any length: exported, verified and imported in bounded memory.

use crate::support::{Exported, ImportAs, Workspace, assert_same_bytes, everything, lines};
use labelport_engine::export::{self, ROW_LIMIT_BYTES};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{Entry, Extent, FileError, Packing, Sink};
use labelport_engine::verify::verify;
use labelport_formats::write::{Format, Legacy, LegacyRun, Ndjson};
use labelport_model::request::{ExportRequest, Params, Scope};
use std::io::{self, Cursor};

/// A label with a box on two key frames, which carries a text answer of so many bytes.
pub(crate) fn video(frames: u64, text_bytes: usize) -> String {
    let text = "a stern look ".repeat(text_bytes / 13 + 1);
    let object = |left: f64| {
        format!(
            r#"{{"feature_id":"cf00000000000000000000001","name":"ferry","annotation_kind":"VideoBoundingBox","classifications":[{{"feature_id":"cf00000000000000000000002","name":"remark","text_answer":{{"content":"{}"}}}}],"bounding_box":{{"top":1.0,"left":{left:?},"height":2.0,"width":2.0}}}}"#,
            &text[..text_bytes]
        )
    };
    let frame = |number: u64, left: f64| {
        format!(r#""{number}":{{"objects":{{"cf00000000000000000000001":{}}},"classifications":[]}}"#, object(left))
    };
    format!(
        r#"{{"data_row":{{"id":"cr00000000000000000000001","row_data":"https://media/a.mp4"}},"media_attributes":{{"mime_type":"video/mp4","frame_rate":25,"frame_count":{frames},"height":8,"width":8}},"projects":{{"cp00000000000000000000001":{{"name":"p","labels":[{{"label_kind":"Video","version":"1.0.0","id":"cl00000000000000000000001","annotations":{{"frames":{{{},{}}},"segments":{{"cf00000000000000000000001":[[1,{frames}]]}},"key_frame_feature_map":{{"cf00000000000000000000001":[1,{frames}]}},"classifications":[]}}}}]}}}}}}
"#,
        frame(1, 10.0),
        frame(frames, 20.0),
    )
}

pub(crate) fn with_every_frame() -> ExportRequest {
    let request = everything(Scope::Catalog);
    ExportRequest { params: Params { interpolated_frames: true, ..request.params.clone() }, ..request }
}

/// A sink that keeps everything and notes the chunks.
struct Chunks {
    packing: Packing,
    bytes: Vec<u8>,
    chunks: Vec<Extent>,
}

impl Sink for Chunks {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        "chunks".to_owned()
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.bytes.extend_from_slice(entry.bytes);
        self.chunks.push(entry.extent);
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}

fn export_in_chunks(
    workspace: &Workspace,
    request: &ExportRequest,
    format: &dyn Format,
    row_limit_bytes: usize,
) -> (Chunks, Exported) {
    let mut sink = Chunks { packing: Packing::Plain, bytes: Vec::new(), chunks: Vec::new() };
    let mut run = export::ExportOptions {
        threads: 2,
        format,
        row_limit_bytes,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: None,
        client: None,
    };
    let manifest = export::run(&workspace.store, request, &mut sink, &mut run).unwrap();
    let exported = Exported { bytes: sink.bytes.clone(), manifest };
    (sink, exported)
}

#[test]
fn a_row_is_handed_on_in_chunks_however_long_it_becomes() {
    let (before, after) = (video(3, 10), video(5, 20).replace("1\",\"row", "3\",\"row"));
    let long = video(300, 200_000).replace("1\",\"row", "2\",\"row");
    let workspace = Workspace::new();
    for (name, line) in [("1", &before), ("2", &long), ("3", &after)] {
        let unique = line.replace("cl0000000000000000000000", &format!("cl{name}000000000000000000000"));
        workspace.import_all(name, unique.as_bytes());
    }
    let (sink, exported) = export_in_chunks(&workspace, &with_every_frame(), &Ndjson, ROW_LIMIT_BYTES);
    assert!(exported.bytes.len() > 60_000_000, "{}", exported.bytes.len());
    // A chunk is full after one frame more at the latest.
    let largest = sink.chunks.iter().map(|chunk| chunk.bytes).max().unwrap();
    assert!(largest < 800_000, "a chunk of {largest} bytes");
    // A chunk is whole lines, or a piece of one line: a cut after a chunk with lines is between lines.
    let mut at = 0;
    for chunk in &sink.chunks {
        at += chunk.bytes as usize;
        // A piece of a line ends after a frame.
        assert!(chunk.lines > 0 || b",}".contains(&exported.bytes[at]), "after {chunk:?}");
        assert!(chunk.lines == 0 || exported.bytes[at - chunk.bytes as usize..at].ends_with(b"\n"));
    }
    assert_eq!(sink.chunks.iter().map(|chunk| chunk.lines).sum::<u64>(), 3);
    // One thread or seven, the same chunks.
    for threads in [1, 7] {
        let again = workspace.export_packed(&with_every_frame(), threads, Packing::Plain);
        assert_eq!(again.manifest, exported.manifest);
        assert_eq!(again.bytes, exported.bytes);
    }
}

#[test]
fn what_is_written_can_be_verified_and_imported() {
    let stored = video(200, 200_000);
    let first = Workspace::new();
    first.import_all("stored", stored.as_bytes());
    let plain = first.export_catalog();
    let filled = first.export(&with_every_frame());
    // 200 boxes with an answer each.
    assert_eq!(filled.manifest.annotations.iter().map(|entry| entry.count).collect::<Vec<_>>(), [200, 200]);
    let verdict = verify(Box::new(Cursor::new(filled.bytes.clone())), &filled.manifest, &mut |_| {}).unwrap();
    assert_eq!(verdict.differences, []);

    // The record has 40 MB, and the limit is less than three of its frames.
    let import = ImportAs { record_limit_bytes: 500_000, ..ImportAs::default() };
    for text in [filled.bytes.clone(), format!("[{}]", lines(&filled.bytes)[0]).into_bytes()] {
        let second = Workspace::new();
        let summary = second.import("filled", &text, import).unwrap();
        assert_eq!(summary.refusals, []);
        assert_eq!(summary.counts.filled_videos, 0);
        assert_same_bytes(&second.export_catalog().bytes, &plain.bytes, "key frames");
        assert_same_bytes(&second.export(&with_every_frame()).bytes, &filled.bytes, "every frame");
    }
    // To the workspace that it comes from, the file says nothing new.
    let summary = first.import("again", &filled.bytes, import).unwrap();
    assert_eq!((summary.counts.rows.unchanged, summary.counts.labels.unchanged), (1, 1));
}

#[test]
fn a_wrong_frame_of_a_long_row_is_found_by_verify() {
    let workspace = Workspace::new();
    workspace.import_all("stored", video(100, 200_000).as_bytes());
    let filled = workspace.export(&with_every_frame());
    let text = String::from_utf8(filled.bytes).unwrap();
    let check = |text: String, expect: &str| {
        let verdict = verify(Box::new(Cursor::new(text.into_bytes())), &filled.manifest, &mut |_| {}).unwrap();
        let found: Vec<String> = verdict.differences.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|difference| difference.contains(expect)), "{expect}: {found:?}");
    };
    let at = text.find("\"77\":{").unwrap();
    let with = |old: &str, new: &str| format!("{}{}", &text[..at], text[at..].replacen(old, new, 1));
    check(with("VideoBoundingBox", "VideoPoint"), "VideoBoundingBox");
    let column = at + 6;
    check(with("\"77\":{", "\"77\":"), &format!("column {}", column + 9));
    check(with("\"77\":{", "\"77\" {"), &format!("column {column}"));
}

#[test]
fn frames_that_cannot_be_computed_count_towards_the_limit() {
    let first = Workspace::new();
    first.import_all("stored", video(100, 100_000).as_bytes());
    let text = String::from_utf8(first.export(&with_every_frame()).bytes).unwrap();
    // Frame 50 is where nobody would compute it.
    let at = text.find("\"50\":{").unwrap();
    let changed = format!("{}{}", &text[..at], text[at..].replacen("\"left\":1", "\"left\":2", 1));

    let small = ImportAs { record_limit_bytes: 1 << 20, ..ImportAs::default() };
    let refused = Workspace::new().import("changed", changed.as_bytes(), small).unwrap();
    let reason = refused.refusals[0].to_string();
    assert!(reason.starts_with("changed:1:") && reason.contains("cannot be computed"), "{reason}");
    assert!(reason.contains("--max-record-mib"), "{reason}");

    let second = Workspace::new();
    let kept = second.import("changed", changed.as_bytes(), ImportAs::default()).unwrap();
    assert_eq!((kept.refused, kept.counts.filled_videos), (0, 1));
    assert_same_bytes(&second.export_catalog().bytes, changed.as_bytes(), "every frame is kept");
}

#[test]
fn a_broken_long_row_is_refused_with_its_place_and_the_next_is_read() {
    let first = Workspace::new();
    first.import_all("stored", video(100, 100_000).as_bytes());
    let text = String::from_utf8(first.export(&with_every_frame()).bytes).unwrap();
    let at = text.find("\"50\":{").unwrap();
    let next = video(2, 10)
        .replace("1\",\"row", "2\",\"row")
        .replace("cl00000000000000000000001", "cl00000000000000000000002");
    let import = ImportAs { record_limit_bytes: 1 << 20, ..ImportAs::default() };
    for (old, new, column) in [("\"50\":{", "\"50\":{,", at + 7), ("\"50\":{", "\"50\"{", at + 5)] {
        let broken = format!("{}{}{next}", &text[..at], text[at..].replacen(old, new, 1));
        let workspace = Workspace::new();
        let summary = workspace.import("broken", broken.as_bytes(), import).unwrap();
        assert_eq!((summary.records, summary.refused, summary.counts.rows.created), (2, 1, 1));
        let reason = summary.refusals[0].to_string();
        assert!(reason.starts_with(&format!("broken:1:{column}: ")), "{reason}");
    }
    // What follows the frames has the column that it has in the file.
    let broken = text.replacen("\"segments\":{", "\"segments\":{,", 1);
    let column = broken.find("\"segments\":{").unwrap() + 13;
    let summary = Workspace::new().import("broken", broken.as_bytes(), import).unwrap();
    let reason = summary.refusals[0].to_string();
    assert!(reason.starts_with(&format!("broken:1:{column}: ")), "{reason}");
}

#[test]
fn a_row_that_import_and_verify_could_not_read_has_a_notice() {
    let workspace = Workspace::new();
    workspace.import_all("stored", video(2, 5_000).as_bytes());
    for (limit, notices) in [(9_000, 1), (20_000, 0)] {
        let (_, exported) = export_in_chunks(&workspace, &with_every_frame(), &Ndjson, limit);
        assert_eq!(exported.manifest.row_notices, notices);
        for notice in exported.manifest.rows {
            assert_eq!(notice.data_row_id, "cr00000000000000000000001");
            assert!(
                notice.message.contains("more than the 9000 bytes that import and verify read"),
                "{}",
                notice.message
            );
        }
    }
}

#[test]
fn a_label_that_would_grow_without_bound_is_written_with_its_key_frames_and_a_notice() {
    let workspace = Workspace::new();
    let stored = video(3, 10).replace("[[1,3]]", "[[1,9000000000000000]]");
    workspace.import_all("stored", stored.as_bytes());
    let exported = workspace.export(&with_every_frame());
    assert_eq!(exported.manifest.row_notices, 1);
    let message = &exported.manifest.rows[0].message;
    assert!(message.starts_with("a label is written with its key frames only: with every frame it would"), "{message}");
}

#[test]
fn rows_of_the_legacy_format_are_handed_on_in_chunks_too() {
    let workspace = Workspace::new();
    let project = "\"projects\":{\"cp00000000000000000000001\":{\"name\":\"p\",";
    let run = "\"experiments\":{\"cm00000000000000000000001\":{\"name\":\"m\",\"runs\":{\"cu00000000000000000000001\":{\"name\":\"u\",\"run_data_row_id\":\"x\",";
    let stored = video(100, 200_000).replace(project, run).replace("]}}}\n", "]}}}}}\n");
    workspace.import_all("stored", stored.as_bytes());
    let request = everything(Scope::ModelRun("cu00000000000000000000001".to_owned()));
    let request = ExportRequest { params: Params { interpolated_frames: true, ..request.params.clone() }, ..request };
    let (sink, exported) = export_in_chunks(&workspace, &request, &LegacyRun(Legacy::PLAIN), ROW_LIMIT_BYTES);
    let row: serde_json::Value = serde_json::from_slice(&exported.bytes).unwrap();
    let frames = row["Label"].as_array().unwrap();
    assert_eq!(frames.len(), 100);
    assert_eq!((&frames[99]["frameNumber"], &frames[99]["objects"][0]["keyframe"]), (&100.into(), &true.into()));
    assert_eq!(frames[50]["objects"][0]["keyframe"], false);
    assert!(sink.chunks.iter().all(|chunk| chunk.bytes < 800_000));
}
