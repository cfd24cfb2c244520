//! Wake-ups from one process to the others on the same database.
//!
//! They are hints: where one is lost, others look at the store a little later. What happens within a few milliseconds is
//! said in one message, and nobody is woken by what it said itself.

use crate::workspace::Workspace;
use labelport_store::{Listener, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long what happens is gathered before it is said.
const GATHERED: Duration = Duration::from_millis(10);
/// How often threads look whether the process ends.
const LOOK: Duration = Duration::from_millis(500);
/// For how many looks a connection that was lost is not made again.
const PAUSES: u32 = 10;
/// How many ended tasks a message names, which the server allows 8,000 bytes.
const NAMED: usize = 200;

/// Says to other processes what happens in this one.
pub(super) fn say(workspace: &Workspace, is_over: &dyn Fn() -> bool, name: &str) {
    while !is_over() {
        let ended = workspace.wake_up().take_unsaid(LOOK, GATHERED);
        let Some(ended) = ended else { continue };
        // Nobody waits for a message that cannot be said.
        drop(say_all(workspace, name, &ended));
    }
}

fn say_all(workspace: &Workspace, name: &str, ended: &BTreeSet<String>) -> Result<(), StoreError> {
    let mut reader = workspace.store().reader()?;
    let ids: Vec<&str> = ended.iter().map(String::as_str).collect();
    if ids.is_empty() {
        return reader.say(name);
    }
    ids.chunks(NAMED).try_for_each(|some| reader.say(&format!("{name} {}", some.join(" "))))
}

/// Wakes those who wait in this process when another one says something.
pub(super) fn hear(workspace: &Workspace, is_over: &dyn Fn() -> bool, name: &str) {
    let mut listener: Option<Box<dyn Listener>> = None;
    while !is_over() {
        let heard = match &mut listener {
            Some(listener) => listener.wait(LOOK),
            None => workspace.store().listener().map(|opened| {
                listener = opened;
                // What was said before that was not heard.
                vec!["anybody".to_owned()]
            }),
        };
        match heard {
            Ok(heard) => heard.iter().for_each(|message| wake(workspace, name, message)),
            Err(_) => {
                listener = None;
                (0..PAUSES).take_while(|_| !is_over()).for_each(|_| std::thread::park_timeout(LOOK));
            }
        }
    }
}

fn wake(workspace: &Workspace, name: &str, message: &str) {
    let mut words = message.split(' ');
    if words.next() != Some(name) {
        workspace.wake_up().wake(words);
    }
}
