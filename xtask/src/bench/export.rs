//! Exports, compared with copying the same bytes.

use super::line::{Line, Target};
use super::measure;
use super::setup::{Bench, size_of};
use std::process::Command;

/// The project of image rows.
pub(crate) const IMAGES: &str = "Siding inventory";

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (place, project) in [("image", IMAGES), ("text", "Shift reports")] {
        let file = bench.exported(place, project)?;
        let piped = bench.export(place, project);
        lines.push(Line {
            name: format!("export of the {place} project through a pipe into `wc -c`"),
            yardstick: "`cat` of the same bytes through the same pipe".to_owned(),
            target: if place == "image" { Target::Share(0.8) } else { Target::None },
            ours: doing(piped, measure::run_piped),
            theirs: Some({
                let mut cat = Command::new("cat");
                cat.arg(&file);
                doing(cat, measure::run_piped)
            }),
        });
    }
    let file = bench.exported("image", IMAGES)?;
    let bytes = size_of(&file);
    let (copy, packed) = (bench.folder.join("copy.ndjson"), bench.folder.join("copy.ndjson.zst"));
    let mut to_file = bench.export("image", IMAGES);
    to_file.arg("-o").arg(bench.folder.join("out.ndjson"));
    let mut cp = Command::new("cp");
    cp.arg(&file).arg(&copy);
    lines.push(Line {
        name: "export of the image project to `.ndjson`".to_owned(),
        yardstick: "`cp` of the same bytes".to_owned(),
        target: Target::Share(0.5),
        ours: doing(to_file, move |command| measure::run(command, None, bytes)),
        theirs: Some(doing(cp, move |command| measure::run(command, None, bytes))),
    });
    let mut to_disk = bench.export("image", IMAGES);
    to_disk.arg("-o").arg(bench.folder.join("out.ndjson"));
    let mut cp = Command::new("sh");
    cp.arg("-c").arg("cp \"$0\" \"$1\" && sync \"$1\"").arg(&file).arg(&copy);
    lines.push(Line {
        name: "the same, which waits for the disk".to_owned(),
        yardstick: "`cp` of the same bytes and `sync` of the copy".to_owned(),
        target: Target::None,
        ours: doing(to_disk, move |command| measure::run(command, None, bytes)),
        theirs: Some(doing(cp, move |command| measure::run(command, None, bytes))),
    });
    let mut to_zst = bench.export("image", IMAGES);
    to_zst.arg("-o").arg(bench.folder.join("out.ndjson.zst"));
    let mut zstd = Command::new("zstd");
    zstd.args(["-1", "-T2", "-q", "-f", "-o"]).arg(&packed).arg(&file);
    lines.push(Line {
        name: "export of the image project to `.ndjson.zst`".to_owned(),
        yardstick: "`zstd -1 -T2` of the same bytes".to_owned(),
        target: Target::Share(0.8),
        ours: doing(to_zst, move |command| measure::run(command, None, bytes)),
        theirs: Some(doing(zstd, move |command| measure::run(command, None, bytes))),
    });
    lines.push(interpolated(bench)?);
    lines.push(catalog(bench)?);
    Ok(lines)
}

/// The catalog of mixed rows: two projects, a model run, metadata and attachments.
fn catalog(bench: &Bench) -> Result<Line, String> {
    let mut command = bench.labelport("mixed");
    command.args(["export", "catalog", "--all-projects", "--everything"]);
    let file = bench.folder.join("mixed.exported.ndjson");
    measure::run(&mut command, Some(&file), 0.0)?;
    let mut cat = Command::new("cat");
    cat.arg(&file);
    Ok(Line {
        name: "export of the mixed catalog through a pipe into `wc -c`".to_owned(),
        yardstick: "`cat` of the same bytes through the same pipe".to_owned(),
        target: Target::None,
        ours: doing(command, measure::run_piped),
        theirs: Some(doing(cat, measure::run_piped)),
    })
}

/// Interpolated video, by byte of output, compared with the key frames alone.
fn interpolated(bench: &Bench) -> Result<Line, String> {
    let export = |more: &[&str]| {
        let mut command = bench.labelport("video");
        command.args(["export", "project", "Level crossing", "--label-details"]).args(more);
        command
    };
    // Once, to know whether there is anything to compare.
    measure::run_piped(&mut export(&[]))?;
    Ok(Line {
        name: "export of interpolated video, per byte".to_owned(),
        yardstick: "the same without interpolation, per byte".to_owned(),
        target: Target::Share(0.3),
        ours: doing(export(&["--interpolated-frames"]), measure::run_piped),
        theirs: Some(doing(export(&[]), measure::run_piped)),
    })
}

/// Makes something that can be done again of a command.
pub(crate) fn doing(
    command: Command,
    run: impl Fn(&mut Command) -> Result<measure::Sample, String> + 'static,
) -> super::line::Doing {
    let command = std::cell::RefCell::new(command);
    Box::new(move || run(&mut command.borrow_mut()))
}
