//! A result is what its manifest says, and a changed one is not.

use crate::support::{Exported, Workspace, everything, lines};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::Packing;
use labelport_engine::verify::{Verdict, verify};
use labelport_model::request::{Params, Scope};
use labelport_samples::{Size, demo, random};
use proptest::prelude::*;
use std::io::Cursor;

const ODD: Size = Size { rows: 14, files: 1, masks: true, odd_spellings: true };

fn verdict(bytes: &[u8], manifest: &Manifest) -> Verdict {
    verify(Box::new(Cursor::new(bytes.to_vec())), manifest, &mut |_| {}).unwrap()
}

/// Verifies a result by its manifest as written and read again.
#[track_caller]
fn check(exported: &Exported) {
    let manifest = Manifest::from_json(exported.manifest.to_json().as_bytes()).unwrap();
    assert_eq!(manifest, exported.manifest);
    let verdict = verdict(&exported.bytes, &manifest);
    assert_eq!(verdict.differences, []);
    assert_eq!((verdict.rows, verdict.bytes), (manifest.digest.rows, manifest.digest.bytes));
}

#[test]
fn every_scope_of_the_demo_is_what_its_manifest_says() {
    let demo = demo();
    let workspace = Workspace::of(&demo.files);
    let slice = workspace.add_slice(&demo.slice.name, &demo.slice.filter_json);
    let mut scopes = vec![Scope::Catalog, Scope::Slice(slice)];
    scopes.extend(demo.projects.iter().map(|project| Scope::Project(project.id.clone())));
    scopes.extend(demo.datasets.iter().map(|dataset| Scope::Dataset(dataset.id.clone())));
    scopes.extend(demo.runs.iter().map(|run| Scope::ModelRun(run.id.clone())));
    for scope in scopes {
        let request = everything(scope);
        for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
            check(&workspace.export_packed(&request, 2, packing));
        }
        // Frames between key frames are counted as written, not as stored.
        let params = Params { interpolated_frames: true, ..request.params.clone() };
        check(&workspace.export(&labelport_model::request::ExportRequest { params, ..request }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_of_a_result_is_found(seed in any::<u64>(), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let workspace = Workspace::of(&random(seed, &ODD));
        let mut request = everything(Scope::Catalog);
        request.params.interpolated_frames = seed % 2 == 0;
        let exported = workspace.export(&request);
        check(&exported);
        let manifest = &exported.manifest;

        let mut flipped = exported.bytes.clone();
        *at.get_mut(&mut flipped[..]) ^= 1_u8 << bit;
        prop_assert!(verdict(&flipped, manifest).first().is_some());

        let mut shorter = lines(&exported.bytes);
        let removed = shorter.remove(at.index(shorter.len()));
        let bytes = format!("{}\n", shorter.join("\n"));
        prop_assert!(!verdict(bytes.as_bytes(), manifest).is_same());

        // The same rows in another order hold the same things: only the bytes tell.
        shorter.insert(0, removed);
        let bytes = format!("{}\n", shorter.join("\n"));
        let is_same = bytes.as_bytes() == exported.bytes;
        prop_assert_eq!(verdict(bytes.as_bytes(), manifest).is_same(), is_same);

        let cut = &exported.bytes[..at.index(exported.bytes.len())];
        prop_assert!(!verdict(cut, manifest).is_same());
    }
}
