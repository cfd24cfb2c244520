//! Ctrl-C and SIGTERM while a file is written: what is not whole is removed, and the exit status says which signal it was.
//!
//! Only commands that write files ask for this. The server ends by itself, and an import that is cut off leaves nothing.

use crate::messages::Messages;

/// The exit status of a process that a signal has ended is this and the number of the signal: 130 for Ctrl-C, 143 for
/// SIGTERM.
#[cfg(unix)]
const SIGNALLED: i32 = 128;

/// Removes unfinished files when the process is told to end.
#[cfg(unix)]
pub(crate) fn remove_unfinished_files(messages: Messages) -> std::io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    static INSTALLED: std::sync::Once = std::sync::Once::new();
    let mut outcome = Ok(());
    INSTALLED.call_once(|| {
        outcome = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).map(|mut signals| {
            std::thread::spawn(move || {
                if let Some(signal) = signals.forever().next() {
                    labelport_engine::sink::remove_pending();
                    messages.error("interrupted; nothing unfinished was left behind", None);
                    std::process::exit(SIGNALLED + signal);
                }
            });
        });
    });
    outcome
}

/// Does nothing: there are no such signals.
#[cfg(not(unix))]
pub(crate) fn remove_unfinished_files(_: Messages) -> std::io::Result<()> {
    Ok(())
}
