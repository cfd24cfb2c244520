//! A file that is on the disk soon after its last byte.
//!
//! An export is done when the disk has it. Left to the end, that is a wait for everything at once, during which nothing is
//! assembled; so a thread asks the disk for what was written so far, again and again, while more is written.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// The disk is asked each time that so many bytes more were written. Shorter files need no thread.
const STEP_BYTES: usize = 32 << 20;

/// A file, and the thread that asks.
pub(crate) struct Flushed {
    file: File,
    /// Bytes written since the disk was asked.
    since: usize,
    flusher: Option<Flusher>,
}

struct Flusher {
    ask: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Flushed {
    /// Takes an open file.
    pub(crate) fn new(file: File) -> Self {
        Self { file, since: 0, flusher: None }
    }

    /// Writes bytes after the previous ones.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.since += bytes.len();
        if self.since >= STEP_BYTES {
            self.since = 0;
            self.ask()?;
        }
        Ok(())
    }

    fn ask(&mut self) -> io::Result<()> {
        let flusher = match self.flusher.take() {
            Some(flusher) => flusher,
            None => {
                let (ask, asked) = sync_channel(1);
                let file = self.file.try_clone()?;
                let thread = std::thread::spawn(move || asked.iter().try_for_each(|()| file.sync_data()));
                Flusher { ask, thread }
            }
        };
        match flusher.ask.try_send(()) {
            // Asked already: what was just written will be part of the answer, or of the next.
            Ok(()) | Err(TrySendError::Full(())) => {
                self.flusher = Some(flusher);
                Ok(())
            }
            // The disk has refused something. Only here is the error known, so it is reported here.
            Err(TrySendError::Disconnected(())) => flusher.end(),
        }
    }

    /// Returns when the disk has everything.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if let Some(flusher) = self.flusher.take() {
            flusher.end()?;
        }
        self.file.sync_all()
    }
}

impl Drop for Flushed {
    fn drop(&mut self) {
        if let Some(flusher) = self.flusher.take() {
            // Nobody waits for a file that is given up. The thread's hold on its lock goes before anything else is done.
            drop(flusher.end());
        }
    }
}

impl Flusher {
    fn end(self) -> io::Result<()> {
        drop(self.ask);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes to the disk has panicked")))
    }
}

/// Returns the folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns when the names in the folder of a file are on the disk.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut flushed = Flushed::new(File::create(&path).unwrap());
        let chunks: Vec<Vec<u8>> = (0..7).map(|number| vec![number; 11 << 20]).collect();
        chunks.iter().for_each(|chunk| flushed.write_all(chunk).unwrap());
        assert!(flushed.flusher.is_some(), "nobody was asked");
        flushed.sync().unwrap();
        assert!(std::fs::read(&path).unwrap() == chunks.concat());
    }

    #[test]
    fn a_file_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        let mut flushed = Flushed::new(File::open(&path).unwrap());
        assert!(flushed.write_all(b"a").is_err());
    }
}
