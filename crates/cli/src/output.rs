//! `-o`: where an export goes, as a person names it.

use crate::ambient::SystemChance;
use crate::export_report::Place;
use crate::interrupt;
use crate::messages::{Messages, escaped};
use crate::outcome::Failure;
use crate::storage;
use crate::workspace::Workspace;
use labelport_engine::export::{ExportError, job};
use labelport_engine::outbound::{UrlSink, UrlTarget};
use labelport_engine::sink::{
    ArchiveSink, Container, Destination, Existing, FileSink, FolderSink, Nowhere, Packing, Rules, Sink, Stream,
    changes_path, refuse_inside,
};
use labelport_engine::storage::bucket::{Address, WHOLE_PIECE_BYTES};
use labelport_engine::storage::results::Results;
use labelport_engine::storage::{ObjectSink, ObjectTarget};
use labelport_formats::package::ArchiveKind;
use labelport_formats::write::{Format, Layout, Ndjson};
use labelport_model::id::TaskId;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Where an export goes.
#[derive(Debug, Clone)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// A file that appears whole, with a manifest next to it.
    File(Destination, Packing),
    /// A folder or an archive that appears whole, with a manifest next to it.
    Package(Destination, Container),
    /// An object of an object store that appears whole, with a manifest next to it; an archive for packages.
    Object(ObjectTarget, Packing, Option<ArchiveKind>),
    /// A URL that takes the whole result in one request; an archive for packages.
    Url(UrlTarget, Packing, Option<ArchiveKind>),
    /// A device or pipe, which takes bytes as they come.
    Device(PathBuf),
    /// The data folder keeps it, under the id of a task.
    Kept(Results, TaskId),
    /// Nothing is written.
    Nowhere,
}

/// Names of standard output.
const OUTPUT_NAMES: &[&str] = &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

impl Output {
    /// Returns whether a name stands for standard output.
    pub(crate) fn is_stdout(name: &str) -> bool {
        OUTPUT_NAMES.contains(&name)
    }

    /// Returns whether a name is that of a file or folder.
    pub(crate) fn is_path(name: &str) -> bool {
        !Self::is_stdout(name) && !Address::is_meant_by(name) && !UrlTarget::is_meant_by(name)
    }

    /// Takes the target that was named. One that may not be written is found before anything is read.
    pub(crate) fn of(
        named: Option<&str>,
        existing: Existing,
        format: &dyn Format,
        workspace: &Workspace,
    ) -> Result<Self, Failure> {
        match named {
            None => Self::stdout(format),
            Some(name) if Self::is_stdout(name) => Self::stdout(format),
            Some(url) if Address::is_meant_by(url) => Self::of_object(url, format, existing),
            Some(url) if UrlTarget::is_meant_by(url) => {
                let target = UrlTarget::read(url, existing).map_err(Failure::usage)?;
                let (packing, kind) = packed(target.path(), &target.shown(), format)?;
                Ok(Self::Url(target, packing, kind))
            }
            Some(path) => Self::of_path(Path::new(path), format, workspace, existing),
        }
    }

    fn stdout(format: &dyn Format) -> Result<Self, Failure> {
        if format.layout().extension().is_none() && io::stdout().is_terminal() {
            let message = format!("{} is a package of files, which a terminal cannot show", format.name());
            return Err(Failure::usage(message).hint("name a folder or an archive, such as -o rows.zip"));
        }
        Ok(Self::Stdout)
    }

    fn of_object(url: &str, format: &dyn Format, existing: Existing) -> Result<Self, Failure> {
        let address: Address = url.parse().map_err(Failure::usage)?;
        let key = address.path();
        if key.is_empty() || url.ends_with('/') {
            let message = format!("{url} names no object");
            return Err(Failure::usage(message).hint("add a key, such as rows.ndjson.zst after the last slash"));
        }
        let (packing, kind) = packed(Path::new(key), url, format)?;
        let bucket = storage::open(&address.of_bucket(), WHOLE_PIECE_BYTES)?;
        Ok(Self::Object(ObjectTarget::check(bucket, key, existing)?, packing, kind))
    }

    fn of_path(path: &Path, format: &dyn Format, workspace: &Workspace, existing: Existing) -> Result<Self, Failure> {
        if is_device(path) {
            refuse_inside(path, workspace.folder())?;
            return Ok(Self::Device(path.to_owned()));
        }
        let rules = Rules { data_folder: Some(workspace.folder()), existing, chance: &SystemChance };
        if let Layout::Package = format.layout() {
            let container = Container::of_path(path).map_err(Failure::usage)?;
            let destination = match container {
                Container::Folder => Destination::check_folder(path, &rules)?,
                Container::Archive(_) => Destination::check(path, &rules)?,
            };
            return Ok(Self::Package(destination, container));
        }
        let destination = Destination::check(path, &rules)?;
        let packing = Packing::of_path(path, format).map_err(Failure::usage)?;
        Ok(Self::File(destination, packing))
    }

    /// Takes a file of labelport's own in the data folder.
    pub(crate) fn own_file(path: &Path) -> Result<Self, Failure> {
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &SystemChance };
        Ok(Self::File(Destination::check(path, &rules)?, Packing::of_path(path, &Ndjson)?))
    }

    /// Takes an archive of labelport's own in the data folder.
    pub(crate) fn own_archive(path: &Path) -> Result<Self, Failure> {
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &SystemChance };
        Ok(Self::Package(Destination::check(path, &rules)?, Container::Archive(ArchiveKind::Zip)))
    }

    /// Returns what messages call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Stdout => "standard output".to_owned(),
            Self::File(destination, _) | Self::Package(destination, _) => destination.path().display().to_string(),
            Self::Object(target, ..) => target.shown(),
            Self::Url(target, ..) => target.shown(),
            Self::Device(path) => path.display().to_string(),
            Self::Kept(..) => "the data folder".to_owned(),
            Self::Nowhere => "nothing".to_owned(),
        }
    }

    /// Says where the export went.
    pub(crate) fn place(&self) -> Place {
        let named = |path: &Path| escaped(&path.display().to_string());
        let sentence = match self {
            Self::Stdout => "wrote to standard output".to_owned(),
            Self::File(destination, _) | Self::Package(destination, _) => {
                format!("wrote {}", named(destination.path()))
            }
            Self::Object(..) | Self::Url(..) => format!("wrote {}", escaped(&self.shown())),
            Self::Device(path) => format!("wrote {}", named(path)),
            Self::Kept(..) => "kept".to_owned(),
            Self::Nowhere => "would write".to_owned(),
        };
        let changes = match self {
            Self::File(destination, _) => format!(" in {}", named(&changes_path(destination.path()))),
            Self::Object(target, _, None) => format!(" in {}", escaped(&target.shown_changes())),
            Self::Package(..) | Self::Object(..) => " in its file changes.ndjson".to_owned(),
            Self::Stdout | Self::Url(..) | Self::Device(_) | Self::Kept(..) | Self::Nowhere => String::new(),
        };
        Place { sentence, is_dry: matches!(self, Self::Nowhere), changes }
    }

    /// Returns where temporary files of an archive lie: next to it, or where the system has a place for them.
    pub(crate) fn spool_folder(&self) -> PathBuf {
        match self {
            Self::File(destination, _) | Self::Package(destination, _) => {
                let folder = destination.path().parent().filter(|folder| !folder.as_os_str().is_empty());
                folder.unwrap_or(Path::new(".")).to_owned()
            }
            Self::Stdout | Self::Object(..) | Self::Url(..) | Self::Device(_) | Self::Kept(..) | Self::Nowhere => {
                std::env::temp_dir()
            }
        }
    }

    /// Opens what takes the entries of an export.
    pub(crate) fn open(&self, format: &dyn Format, messages: &Messages) -> Result<Box<dyn Sink>, Failure> {
        let is_package = matches!(format.layout(), Layout::Package);
        let archived = |kind, spool: &Path| -> Result<Box<dyn Sink>, Failure> {
            Ok(Box::new(ArchiveSink::new(kind, self.open_file(messages)?, spool)?))
        };
        match self {
            Self::Kept(results, id) => Ok(job::start_result(results, id, format)?),
            Self::Stdout | Self::Device(_) if is_package => archived(ArchiveKind::Zip, &self.spool_folder()),
            Self::Package(_, Container::Archive(kind))
            | Self::Object(_, _, Some(kind))
            | Self::Url(_, _, Some(kind)) => archived(*kind, &self.spool_folder()),
            Self::Package(destination, Container::Folder) => {
                interrupt::handle(*messages)?;
                Ok(Box::new(FolderSink::create(destination.clone())?))
            }
            _ => self.open_file(messages),
        }
    }

    /// Opens what takes the bytes of one file, which may be an archive.
    pub(crate) fn open_file(&self, messages: &Messages) -> Result<Box<dyn Sink>, Failure> {
        Ok(match self {
            Self::Stdout => {
                widen(&io::stdout());
                Box::new(Stream { out: io::stdout(), name: "standard output".to_owned() })
            }
            Self::Device(path) => {
                let name = path.display().to_string();
                // A file that a shell has opened to append to keeps what it has.
                let opened = std::fs::OpenOptions::new().append(true).open(path);
                let out = opened.map_err(|source| ExportError::Write { target: name.clone(), source })?;
                Box::new(Stream { out, name })
            }
            Self::File(destination, packing) => {
                interrupt::handle(*messages)?;
                Box::new(FileSink::create(destination.clone(), *packing)?)
            }
            Self::Package(destination, _) => {
                interrupt::handle(*messages)?;
                Box::new(FileSink::create(destination.clone(), Packing::Plain)?)
            }
            Self::Object(target, packing, _) => {
                interrupt::handle(*messages)?;
                Box::new(ObjectSink::create(target.clone(), *packing)?)
            }
            Self::Url(target, packing, _) => {
                interrupt::handle(*messages)?;
                Box::new(UrlSink::create(target.clone(), *packing, &self.spool_folder())?)
            }
            Self::Kept(..) | Self::Nowhere => Box::new(Nowhere),
        })
    }
}

/// Returns how the one object of a result is packed, by the end of its name.
fn packed(key: &Path, shown: &str, format: &dyn Format) -> Result<(Packing, Option<ArchiveKind>), Failure> {
    match format.layout() {
        Layout::Package => match Container::of_path(key).map_err(Failure::usage)? {
            Container::Archive(kind) => Ok((Packing::Plain, Some(kind))),
            Container::Folder => {
                let message = format!("{} is a package of files, and {shown} names one object", format.name());
                Err(Failure::usage(message).hint("end the name in .zip or .tar"))
            }
        },
        _ => Ok((Packing::of_path(key, format).map_err(Failure::usage)?, None)),
    }
}

/// Returns whether a path is written in place: what is neither file nor folder takes no other name, nor does anything
/// that a process reaches through its open files.
fn is_device(path: &Path) -> bool {
    let is_special = path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    is_special || folder.is_some_and(|folder| folder == Path::new("/dev") || folder.starts_with("/proc"))
}

/// The bytes that a pipe may hold between this process and its reader. Pipes are made with 64 KiB, at which the two take
/// turns and hardly ever run at the same time; more than 1 MiB is for the administrator to allow.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// Lets standard output hold more, where it is a pipe.
#[cfg(target_os = "linux")]
fn widen(out: &io::Stdout) {
    // A file cannot be widened and need not be; a pipe that stays narrow is slower and works.
    rustix::pipe::fcntl_setpipe_size(out, PIPE_BYTES).unwrap_or_default();
}

#[cfg(not(target_os = "linux"))]
fn widen(_: &io::Stdout) {}
