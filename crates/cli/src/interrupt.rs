//! Ctrl-C, SIGTERM and SIGHUP: what is not whole is removed, the task is ended, and the exit status says which signal it
//! was.
//!
//! Only commands that write files or record a task ask for this. The server has its own way to stop. What a server has
//! started also ends with it: its standard input is a pipe from the server, and at the end of that, a process with
//! [`END_WITH_INPUT`] in its environment ends as after SIGTERM.

use crate::messages::Messages;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is still done before the process ends; it gets the name of the signal.
type Act = Box<dyn FnOnce(&'static str) + Send>;

/// The variable that says that the process ends at the end of its standard input.
pub(crate) const END_WITH_INPUT: &str = "LABELPORT_END_WITH_INPUT";

static ACT: Mutex<Option<Act>> = Mutex::new(None);
static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn act() -> MutexGuard<'static, Option<Act>> {
    ACT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that a signal makes happen before the process ends, for as long as this is held.
pub(crate) struct LastAct;

impl LastAct {
    /// Registers what is to be done. The process does not wait for it longer than a moment.
    pub(crate) fn new(what: impl FnOnce(&'static str) + Send + 'static) -> Self {
        *act() = Some(Box::new(what));
        Self
    }
}

impl Drop for LastAct {
    fn drop(&mut self) {
        *act() = None;
    }
}

/// Does not return once a signal has come: the process is ending, and nothing else may decide its exit status.
pub(crate) fn wait_if_interrupted() {
    while IS_INTERRUPTED.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

#[cfg(unix)]
pub(crate) use unix::handle;

#[cfg(unix)]
mod unix {
    use super::{END_WITH_INPUT, IS_INTERRUPTED, Messages, Ordering, act};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::io::Read;
    use std::sync::{Once, mpsc};
    use std::time::Duration;

    /// The exit status of a process that a signal has ended is this and the number of the signal: 129 for SIGHUP, 130 for
    /// Ctrl-C, 143 for SIGTERM.
    const SIGNALLED: i32 = 128;
    /// How long the last act may take: another process may be writing to the database.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// Ends the process properly after a signal.
    pub(crate) fn handle(messages: Messages) -> std::io::Result<()> {
        static INSTALLED: Once = Once::new();
        let mut outcome = Ok(());
        INSTALLED.call_once(|| {
            outcome = signal_hook::iterator::Signals::new(signals()).map(|mut signals| {
                std::thread::spawn(move || {
                    if let Some(signal) = signals.forever().next() {
                        end(signal, messages);
                    }
                });
            });
            if std::env::var_os(END_WITH_INPUT).is_some() {
                std::thread::spawn(move || {
                    // Nobody writes to it.
                    while std::io::stdin().read(&mut [0]).is_ok_and(|count| count > 0) {}
                    end(SIGTERM, messages);
                });
            }
        });
        outcome
    }

    /// Returns the signals to handle. What was ignored when the process started stays ignored: `nohup` does that with
    /// SIGHUP, and a shell with the SIGINT of what it runs in the background.
    fn signals() -> Vec<i32> {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        match status.as_deref().and_then(ignored) {
            Some(ignored) => {
                [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
            }
            // Elsewhere than on Linux it cannot be found out.
            None => vec![SIGINT, SIGTERM],
        }
    }

    /// Reads the set of ignored signals from the status of a process.
    fn ignored(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    fn end(signal: i32, messages: Messages) {
        IS_INTERRUPTED.store(true, Ordering::SeqCst);
        labelport_engine::sink::remove_pending();
        labelport_engine::storage::bucket::abort_pending();
        let taken = act().take();
        if let Some(last) = taken {
            let name = match signal {
                SIGHUP => "SIGHUP",
                SIGINT => "SIGINT",
                _ => "SIGTERM",
            };
            let (done, outcome) = mpsc::channel();
            std::thread::spawn(move || {
                last(name);
                done.send(()).unwrap_or_default();
            });
            // Done or not, the process ends.
            outcome.recv_timeout(PATIENCE).unwrap_or_default();
        }
        messages.error("interrupted; no unfinished file was left behind", None);
        std::process::exit(SIGNALLED + signal);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_are_read_from_the_status_of_the_process() {
            let status = "Name:\tx\nSigBlk:\t0000000000000002\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
            assert_eq!(ignored(status), Some(0x1001));
            assert_eq!(ignored("Name:\tx\n"), None);
            assert_eq!(ignored("SigIgn:\tmany\n"), None);
        }
    }
}

/// Does nothing: there are no such signals.
#[cfg(not(unix))]
pub(crate) fn handle(_: Messages) -> std::io::Result<()> {
    Ok(())
}
