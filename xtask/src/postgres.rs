//! A PostgreSQL server for tests, installed where that is possible.
//!
//! The tests of the second engine run on the server that `LABELPORT_TEST_POSTGRES` names. Where nobody names one, this starts
//! one from Debian's package: in a private folder, on a port of its own, as a user who is not root, which PostgreSQL
//! demands. It is gone when this is dropped. Where no server can be had the tests of that engine are skipped, and it says so.

use crate::programs;
use crate::say;
use crate::step::{self, Step, Work};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// The variable with the URL of the server.
const VARIABLE: &str = "LABELPORT_TEST_POSTGRES";

/// The variable with the URL of the coordinator of a Citus cluster, which is not made here: no registry has it.
const COORDINATOR_VARIABLE: &str = "LABELPORT_TEST_CITUS";

/// The variable that says what engine tests are about.
const STORE_VARIABLE: &str = "LABELPORT_TEST_STORE";

pub(crate) const STEP: Step = Step {
    title: "Tests on PostgreSQL",
    work: Work::Own(test),
    remedy: "one test alone is `LABELPORT_TEST_STORE=postgres LABELPORT_TEST_POSTGRES=URL cargo test -p CRATE NAME`.",
};

/// Tests that are not about an engine, or about files that SQLite alone has.
const SKIPPED: &[&str] = &[
    "a_dry_run_makes_no",
    "a_dry_run_writes_what",
    "a_watermark_that_does_not_fit",
    "annotations::",
    "archives::",
    "backup",
    "diffs::",
    "earlier::",
    "engines::",
    "every_format_has_deltas",
    "format_options::",
    "format_pages::",
    "formats::",
    "hostile::",
    "outputs::",
    "real_media::",
    "reference::",
    "refusals::",
    "signed_urls::",
    "sink_contract::",
    "sinks::",
    "the_signing_secret_of_a_workspace",
    "verified::",
];

/// Runs the tests of every crate again. Of some crates alone, cargo would build all that they need once more, with other
/// features.
fn test(root: &Path) -> Result<(), String> {
    if std::env::var_os(VARIABLE).is_none() {
        say("skipped: there is no server");
        return Ok(());
    }
    let skipped = SKIPPED.iter().flat_map(|test| ["--skip", test]);
    let integration: Vec<&str> = ["test", "--workspace", "--test", "it", "--"].into_iter().chain(skipped).collect();
    for arguments in [&integration[..], &["test", "--workspace", "--lib"]] {
        step::cargo(root, arguments, &[(STORE_VARIABLE, "postgres")])?;
    }
    if std::env::var_os(COORDINATOR_VARIABLE).is_none() {
        say(&format!("skipped: tests on a Citus cluster (name its coordinator by {COORDINATOR_VARIABLE})"));
    }
    Ok(())
}

/// The Debian package.
const PACKAGE: &str = "postgresql";

/// The user that the package makes, as which a server of root runs.
const USER: &str = "postgres";

/// How often, and how long apart, a server is asked whether it takes connections.
const START_TRIES: u32 = 150;
const START_PAUSE: Duration = Duration::from_millis(200);

/// A server that ends with this.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    url: String,
    /// There once it runs.
    process: Option<Child>,
}

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Tests. Nothing outlives them, so nothing need reach the disk.
    Tests,
    /// Benchmarks. It is configured as docs/scale.md recommends.
    Benchmarks,
}

impl Purpose {
    /// Returns the settings of the server.
    fn settings(self) -> Vec<String> {
        let mut settings = vec!["max_connections=300".to_owned(), "max_wal_size=4GB".to_owned()];
        match self {
            Self::Tests => settings.extend(["shared_buffers=512MB".to_owned(), "fsync=off".to_owned()]),
            // A quarter of the memory. Servers for tests share the memory with the tests.
            Self::Benchmarks => settings.extend(memory_kib().map(|all| format!("shared_buffers={}kB", all / 4))),
        }
        settings
    }
}

/// Returns the memory of the machine in KiB; `None` if the system does not report it.
fn memory_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// Runs a command again in a process of its own that knows of a server; runs `without` where it knows of one already, and
/// where there is none to be had.
pub(crate) fn with_server(arguments: &[String], without: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::env::var_os(VARIABLE).is_some() {
        return without();
    }
    let (Some(server), Ok(program)) = (start(Purpose::Tests), std::env::current_exe()) else { return without() };
    let mut command = Command::new(program);
    command.arg("test").args(arguments).env(VARIABLE, &server.url);
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Returns the variables by which tests of other programs make databases on the server; none where there is no server.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the server is")]
pub(crate) fn for_programs() -> Option<[(String, String); 2]> {
    let (server, program) = (std::env::var(VARIABLE).ok()?, programs_folder()?.join("createdb"));
    Some([
        ("LABELPORT_TEST_ROWS".to_owned(), server),
        ("LABELPORT_TEST_CREATEDB".to_owned(), program.display().to_string()),
    ])
}

/// Makes a database on a server, in place of one that was there.
fn replace_database(server: &str, name: &str, program: impl Fn(&str) -> Command) -> Result<String, String> {
    let (start, _) = server.rsplit_once('/').unwrap_or((server, ""));
    for (what, arguments) in [("dropdb", &["--if-exists", "--force"][..]), ("createdb", &[])] {
        let mut command = program(what);
        command.args(arguments).args(["--maintenance-db", server]).arg(name);
        if !run(&mut command) {
            return Err(format!("{what} {name} failed"));
        }
    }
    Ok(format!("{start}/{name}"))
}

/// Starts a server; none where there is none to be had, which it says.
pub(crate) fn start(purpose: Purpose) -> Option<Server> {
    if programs_folder().is_none() {
        say(&format!("installing {PACKAGE}"));
        programs::install(&[PACKAGE]);
    }
    let skipped = |reason: &str| {
        say(&format!("skipped: tests on PostgreSQL ({reason}; `apt-get install {PACKAGE}`, or set {VARIABLE})"));
        None
    };
    let Some(programs) = programs_folder() else { return skipped("initdb is not there") };
    match Server::start(programs, purpose) {
        Ok(server) => {
            say(&format!("PostgreSQL: a server of our own at {}", server.url));
            Some(server)
        }
        Err(reason) => skipped(&reason),
    }
}

/// Returns where the newest `initdb` is, which Debian keeps off the path.
fn programs_folder() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .collect();
    folders.sort();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    folders.pop().map(|(_, folder)| folder).or_else(on_path)
}

impl Server {
    fn start(programs: PathBuf, purpose: Purpose) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("labelport-postgres-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let port = free_port()?;
        let url = format!("postgres://labelport@127.0.0.1:{port}/postgres");
        let mut server = Self { programs, folder, url, process: None };
        if is_root() && !run(Command::new("chown").arg(USER).arg(&server.folder)) {
            return Err(format!("there is no user {USER}"));
        }
        let data = server.folder.join("data");
        let mut create = server.command("initdb");
        create.args(["--username", "labelport", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--pgdata"]);
        if !run(create.arg(&data)) {
            return Err("initdb failed".to_owned());
        }
        let log = File::create(server.folder.join("log")).map_err(|error| error.to_string())?;
        let port = port.to_string();
        let mut serve = server.command("postgres");
        serve.arg("-D").arg(&data).args(["-p", &port, "-c", "listen_addresses=127.0.0.1", "-c"]);
        serve.arg(format!("unix_socket_directories={}", server.folder.display()));
        for setting in purpose.settings() {
            serve.args(["-c", &setting]);
        }
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        server.process = Some(serve.spawn().map_err(|error| error.to_string())?);
        for _ in 0..START_TRIES {
            if run(server.command("pg_isready").args(["--host", "127.0.0.1", "--port", &port])) {
                return Ok(server);
            }
            std::thread::sleep(START_PAUSE);
        }
        Err("the server does not start".to_owned())
    }

    /// Returns the URL of a new database, in place of one that was there.
    pub(crate) fn database(&self, name: &str) -> Result<String, String> {
        replace_database(&self.url, name, |program| self.command(program))
    }

    /// Returns the URL by which programs on the same machine reach a database through the Unix socket, which is faster than TCP.
    pub(crate) fn by_socket(&self, url: &str) -> String {
        let (start, rest) = url.split_once('@').unwrap_or(("", url));
        let folder: String = self.folder.to_string_lossy().bytes().map(encoded).collect();
        format!("{start}@{}", rest.replacen("127.0.0.1", &folder, 1))
    }

    /// Vacuums and analyzes a database that was just filled, as autovacuum does within minutes.
    pub(crate) fn vacuum(&self, url: &str) -> Result<(), String> {
        let is_done = run(self.command("vacuumdb").args(["--analyze", "--dbname", url]));
        if is_done { Ok(()) } else { Err("vacuumdb failed".to_owned()) }
    }

    /// Returns the processor seconds of all connections that have ended.
    pub(crate) fn processor_secs(&self) -> f64 {
        /// What the system counts in, in a second.
        const TICKS: f64 = 100.0;
        let id = self.process.as_ref().map_or(0, Child::id);
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name of the program may hold anything but ends with the last parenthesis.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
    }

    /// Returns a command of the server, as a user who may run it.
    fn command(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"]).arg(program);
        command.current_dir(&self.folder);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.kill());
            drop(process.wait());
        }
        // What cannot be removed lies in the folder of temporary files.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Percent-encodes a byte of the host of a URL.
fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

fn run(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Returns a port that nobody listens on.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}
