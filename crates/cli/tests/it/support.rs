//! A folder to work in, and the command run in it.

use labelport_store::testing::{self, Kept};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A temporary folder in which commands run. Their data folder is `labelport-data` in it.
pub(crate) struct Place {
    folder: TempDir,
    database: Kept,
    /// What the environment of commands has in addition.
    environment: BTreeMap<String, String>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// Makes an empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::new().unwrap(), database: testing::database(), environment: BTreeMap::new() }
    }

    /// Makes a folder whose workspace holds the composed demo rows.
    pub(crate) fn with_demo_rows() -> Self {
        let place = Self::empty();
        for file in labelport_samples::demo().files {
            place.write(&file.name, &file.ndjson);
            place.run(&["import", "labelbox", &file.name]).succeeded();
        }
        place
    }

    /// Returns the database of its workspace.
    pub(crate) fn database(&self) -> &Kept {
        &self.database
    }

    /// Gives commands these variables of the environment, too.
    pub(crate) fn with_environment(self, environment: BTreeMap<String, String>) -> Self {
        Self { environment, ..self }
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Lists the files that are not hidden.
    pub(crate) fn visible_files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// Lists the files that are hidden.
    pub(crate) fn hidden_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with('.')).collect()
    }

    /// Returns the command with its arguments, ready to be run in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        self.surround(command.args(arguments)).stdin(Stdio::null());
        command
    }

    /// Has a command run in the folder, with the environment that leads to its workspace.
    pub(crate) fn surround<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.current_dir(self.folder.path()).env_remove("LABELPORT_DATA").env_remove("LABELPORT_RESULTS");
        command.envs(&self.environment);
        match self.database.url() {
            Some(url) => command.env("LABELPORT_STORE", url),
            None => command.env_remove("LABELPORT_STORE"),
        }
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs the command with bytes on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
        ran(child.wait_with_output().unwrap())
    }
}

/// A folder that is mounted somewhere. Mounts are for administrators: for others there is none.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts a folder of the place at another.
    pub(crate) fn bind(place: &Place, from: &str, to: &str) -> Option<Self> {
        let (from, to) = (place.path(from), place.path(to));
        run_mount(Command::new("mount").arg("--bind").arg(from).arg(&to)).then(|| Self(to))
    }

    /// Mounts a folder over itself, so that nobody can write there.
    pub(crate) fn read_only(place: &Place, name: &str) -> Option<Self> {
        let mount = Self::bind(place, name, name)?;
        run_mount(Command::new("mount").args(["-o", "remount,ro,bind"]).arg(&mount.0)).then_some(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        assert!(run_mount(Command::new("umount").arg(&self.0)), "{} is still mounted", self.0.display());
    }
}

fn run_mount(command: &mut Command) -> bool {
    command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    /// Fails the test unless the command succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Fails the test unless the command ended with this status and said all of this.
    #[track_caller]
    pub(crate) fn ended(self, code: i32, said: &[&str]) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        for text in said {
            assert!(self.err.contains(text), "{text:?} is not in {:?}", self.err);
        }
        self
    }
}

/// Returns the first word of each line of a list, without its headings.
pub(crate) fn first_words(list: &str) -> Vec<&str> {
    list.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect()
}

/// Returns the binary that cargo built for these tests. It is found next to them, not where it was when they were built:
/// the checkout may have been moved since.
pub(crate) fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("labelport")
}

/// Returns the root of the repository. Tests run in the folder of their crate.
pub(crate) fn repository() -> PathBuf {
    std::env::current_dir().unwrap().join("../..")
}
