//! PostgreSQL, compared with SQLite. The server runs on the same machine and is reached through its Unix socket.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure::{self, Sample};
use super::setup::Bench;
use crate::postgres::{Purpose, Server, start};
use std::process::Command;
use std::rc::Rc;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let server = Rc::new(start(Purpose::Benchmarks).ok_or("there is no PostgreSQL server")?);
    let image = fill(bench, &server, "image")?;
    let mixed = fill(bench, &server, "mixed")?;
    let catalog = |mut command: Command| {
        command.args(["export", "catalog", "--all-projects", "--everything"]);
        command
    };
    Ok(vec![
        import(bench, &server)?,
        Line {
            name: "export of the image project from PostgreSQL, through a pipe".to_owned(),
            yardstick: "the same from SQLite".to_owned(),
            target: Target::Share(0.5),
            ours: doing(on(bench.export("image", IMAGES), &image), measure::run_piped),
            theirs: Some(doing(bench.export("image", IMAGES), measure::run_piped)),
        },
        Line {
            name: "export of the mixed catalog from PostgreSQL, through a pipe".to_owned(),
            yardstick: "the same from SQLite".to_owned(),
            target: Target::Share(0.5),
            ours: doing(on(catalog(bench.labelport("mixed")), &mixed), measure::run_piped),
            theirs: Some(doing(catalog(bench.labelport("mixed")), measure::run_piped)),
        },
        processor(bench, &server, &image),
    ])
}

fn on(mut command: Command, url: &str) -> Command {
    command.env("LABELPORT_STORE", url);
    command
}

/// Returns the URL of a database with the rows of a workspace.
fn fill(bench: &Bench, server: &Server, place: &str) -> Result<String, String> {
    let url = server.by_socket(&server.database(place)?);
    let mut command = bench.labelport(place);
    command.arg("import").arg("labelbox").arg(bench.rows_file(place));
    measure::run(&mut on(command, &url), None, 0.0)?;
    server.vacuum(&url)?;
    Ok(url)
}

fn import(bench: &Bench, server: &Rc<Server>) -> Result<Line, String> {
    // A million rows ten times over would be the whole benchmark.
    let place = if bench.rows("image") > 200_000 { "image-tenth" } else { "image" };
    let rows = bench.rows(place) as f64;
    let (file, fresh) = (bench.rows_file(place), bench.folder.join("fresh"));
    let import = {
        let binary = bench.binary.clone();
        move || {
            if fresh.exists() {
                std::fs::remove_dir_all(&fresh).map_err(|error| error.to_string())?;
            }
            let mut command = Command::new(&binary);
            command.arg("--data").arg(&fresh).args(["import", "labelbox"]).arg(&file);
            Ok::<_, String>(command)
        }
    };
    let (theirs, server) = (import.clone(), Rc::clone(server));
    Ok(Line {
        name: "import into PostgreSQL".to_owned(),
        yardstick: "the same into SQLite".to_owned(),
        target: Target::Share(0.4),
        ours: Box::new(move || {
            let url = server.by_socket(&server.database("fresh")?);
            measure::run(&mut on(import()?, &url), None, rows)
        }),
        theirs: Some(Box::new(move || measure::run(&mut theirs()?, None, rows))),
    })
}

/// What the server's processors do for an export.
fn processor(bench: &Bench, server: &Rc<Server>, url: &str) -> Line {
    let rows = bench.rows("image") as f64;
    let (server, binary) = (Rc::clone(server), bench.export("image", IMAGES).get_program().to_owned());
    let (data, url) = (bench.data("image"), url.to_owned());
    Line {
        name: "the server's processor time for that export of images".to_owned(),
        yardstick: String::new(),
        target: Target::MicrosPerRow(10.0),
        ours: Box::new(move || {
            let mut command = Command::new(&binary);
            command.arg("--data").arg(&data).args(["export", "project", IMAGES, "--everything"]);
            let before = server.processor_secs();
            measure::run_piped(&mut on(command, &url))?;
            // A connection that has ended is counted once the server has seen its end.
            std::thread::sleep(std::time::Duration::from_millis(200));
            Ok(Sample { secs: server.processor_secs() - before, units: rows, peak_kib: 0 })
        }),
        theirs: None,
    }
}
