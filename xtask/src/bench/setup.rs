//! What is built and filled before anything is measured.

use super::Options;
use super::measure::{self, Sample};
use crate::{say, step};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Everything that lines need.
pub(crate) struct Bench {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Where workspaces and files are.
    pub(crate) folder: PathBuf,
    /// The binary.
    pub(crate) binary: PathBuf,
    /// What was asked for.
    pub(crate) options: Options,
}

/// The kinds of rows, with the share of the largest number that each has: rows of a video weigh a hundred times more.
const WORKLOADS: [(&str, u64); 4] = [("image", 1), ("mixed", 4), ("text", 4), ("video", 40)];

impl Bench {
    /// Builds the binary and fills the workspaces that are missing.
    pub(crate) fn prepare(options: &Options) -> Result<Self, String> {
        let root = step::root().canonicalize().map_err(|error| error.to_string())?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        say("==> building");
        let built = Command::new("cargo")
            .args(["build", "--release", "--package", "labelport-cli", "--package", "labelport-samples", "--example"])
            .args(["compose", "--bin", "labelport"])
            .current_dir(&root)
            .status();
        if !built.is_ok_and(|status| status.success()) {
            return Err("the release build failed".to_owned());
        }
        let folder = target.join("bench").join(options.rows.to_string());
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let binary = target.join("release").join("labelport");
        let bench = Self { root, folder, binary, options: options.clone() };
        for (name, share) in WORKLOADS {
            bench.fill(name, options.rows / share)?;
        }
        // A tenth of the rows, by which memory is compared.
        bench.fill_as("image", "image-tenth", options.rows / 10)?;
        Ok(bench)
    }

    fn fill(&self, name: &str, rows: u64) -> Result<(), String> {
        self.fill_as(name, name, rows)
    }

    /// Fills a workspace with rows of a kind, if that was not done before.
    fn fill_as(&self, name: &str, place: &str, rows: u64) -> Result<(), String> {
        let (file, data) = (self.rows_file(place), self.data(place));
        let done = self.folder.join(format!("{place}.done"));
        if done.exists() {
            return Ok(());
        }
        say(&format!("==> {place}: {rows} rows"));
        let compose = self.binary.with_file_name("examples").join("compose");
        measure::run(Command::new(compose).args([name, &rows.to_string()]), Some(&file), 0.0)?;
        if data.exists() {
            std::fs::remove_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
        }
        let mut command = self.labelport(place);
        measure::run(command.args(["import", "labelbox"]).arg(&file), None, 0.0)?;
        std::fs::write(&done, "").map_err(|error| error.to_string())
    }

    /// Returns the file with the rows of a workspace.
    pub(crate) fn rows_file(&self, place: &str) -> PathBuf {
        self.folder.join(format!("{place}.ndjson"))
    }

    /// Returns the data folder of a workspace.
    pub(crate) fn data(&self, place: &str) -> PathBuf {
        self.folder.join(place)
    }

    /// Returns the number of rows of a workspace.
    pub(crate) fn rows(&self, place: &str) -> u64 {
        let share = WORKLOADS.iter().find(|(name, _)| *name == place).map_or(10, |(_, share)| *share);
        self.options.rows / share
    }

    /// Returns a command on a workspace.
    pub(crate) fn labelport(&self, place: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--data").arg(self.data(place)).stdin(Stdio::null());
        command
    }

    /// Returns a command that exports a project with everything to standard output.
    pub(crate) fn export(&self, place: &str, project: &str) -> Command {
        let mut command = self.labelport(place);
        command.args(["export", "project", project, "--everything"]);
        command
    }

    /// Exports to a file of this folder, once, and returns it.
    pub(crate) fn exported(&self, place: &str, project: &str) -> Result<PathBuf, String> {
        let file = self.folder.join(format!("{place}.exported.ndjson"));
        if !file.exists() {
            measure::run(self.export(place, project).arg("-o").arg(&file), None, 0.0)?;
        }
        Ok(file)
    }

    /// Returns the Python of an environment with these packages, which is made if need be.
    pub(crate) fn python(&self, name: &str, packages: &[&str]) -> Result<PathBuf, String> {
        let folder = self.folder.join("..").join(format!("venv-{name}"));
        let python = folder.join("bin").join("python");
        let done = folder.join("done");
        if !done.exists() {
            say(&format!("==> an environment with {}", packages.join(", ")));
            measure::run(Command::new("python3").args(["-m", "venv"]).arg(&folder), None, 0.0)?;
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
            measure::run(&mut install, None, 0.0)?;
            std::fs::write(&done, "").map_err(|error| error.to_string())?;
        }
        Ok(python)
    }

    /// Runs a script of `benches` that prints seconds and units.
    pub(crate) fn script(&self, python: &Path, name: &str, arguments: &[&str]) -> Result<Sample, String> {
        let script = self.root.join("benches").join(name);
        let output = Command::new(python).arg("-W").arg("ignore").arg(script).args(arguments).output();
        let output = output.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let last = text.lines().last().unwrap_or_default();
        let mut numbers = last.split_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(secs)), Some(Ok(units))) => Ok(Sample { secs, units, peak_kib: 0 }),
            _ => {
                let errors = String::from_utf8_lossy(&output.stderr);
                Err(format!("{name}: {}", errors.lines().last().unwrap_or("printed no figures")))
            }
        }
    }
}

/// Returns the size of a file.
pub(crate) fn size_of(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(0.0, |metadata| metadata.len() as f64)
}
