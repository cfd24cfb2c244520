//! Imports of what should not be imported: what is wrong is said with its place, and everything else is imported.

mod contradictions;
mod files;
mod lines;

use crate::support::{ImportAs, Workspace, assert_same_bytes};
use labelport_samples::demo;

/// Two rows of the demo with nothing wrong, each with its line feed.
pub(super) fn good() -> [String; 2] {
    let demo = demo();
    let image = demo.files.iter().find(|file| file.name == "image.ndjson").unwrap();
    let text = String::from_utf8(image.ndjson.clone()).unwrap();
    [0, 1].map(|index| text.lines().nth(index).unwrap().to_owned() + "\n")
}

pub(super) fn refusals(workspace: &Workspace, bytes: &[u8], import: ImportAs) -> Vec<String> {
    let summary = workspace.import("rows.ndjson", bytes, import).unwrap();
    assert_eq!(summary.refused, summary.refusals.len() as u64);
    summary.refusals.iter().map(ToString::to_string).collect()
}

/// Puts lines between two good ones: each is refused with its message, the others are imported; a strict import says
/// the same and leaves nothing.
#[track_caller]
pub(super) fn check_lines(cases: &[(&[u8], &str)]) {
    let [first, last] = good();
    let whole = format!("{first}{last}");
    let mut file = first.into_bytes();
    let mut expect = Vec::new();
    for (index, (line, message)) in cases.iter().enumerate() {
        file.extend_from_slice(line);
        file.push(b'\n');
        expect.push(format!("rows.ndjson:{}{message}", index + 2));
    }
    file.extend_from_slice(last.as_bytes());
    let import = ImportAs { record_limit_bytes: 2 << 20, ..ImportAs::default() };

    let workspace = Workspace::new();
    assert_eq!(refusals(&workspace, &file, import), expect);
    assert_same_bytes(&workspace.export_catalog().bytes, whole.as_bytes(), "the other lines");

    let workspace = Workspace::new();
    assert_eq!(refusals(&workspace, &file, ImportAs { strict: true, ..import }), expect, "strict");
    assert_untouched(&workspace);
    workspace.import_all("good.ndjson", whole.as_bytes());
    assert_same_bytes(&workspace.export_catalog().bytes, whole.as_bytes(), "after a strict import");
}

#[track_caller]
pub(super) fn assert_untouched(workspace: &Workspace) {
    let exported = workspace.export_catalog();
    assert_eq!((exported.bytes.len(), exported.manifest.change_seq), (0, 0));
}
