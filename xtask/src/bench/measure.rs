//! Whole processes, timed from their start to their end, with the most memory that each ever held.

use crate::step::now;
use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Seconds.
    pub(crate) secs: f64,
    /// What was done in them: bytes, rows or requests.
    pub(crate) units: f64,
    /// The most memory, in KiB; 0 where it was not looked at.
    pub(crate) peak_kib: u64,
}

/// Runs a command whose standard output goes to a file or nowhere.
pub(crate) fn run(command: &mut Command, out: Option<&std::path::Path>, units: f64) -> Result<Sample, String> {
    let stdout = match out {
        Some(path) => Stdio::from(File::create(path).map_err(|error| format!("{}: {error}", path.display()))?),
        None => Stdio::null(),
    };
    let started = now();
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| format!("{:?} cannot be started: {error}", command.get_program()))?;
    let (peak_kib, secs, outcome) = watch(child, started);
    outcome.map(|()| Sample { secs, units, peak_kib })
}

/// Runs a command whose standard output another one counts, through a pipe.
pub(crate) fn run_piped(command: &mut Command) -> Result<Sample, String> {
    let started = now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let out = child.stdout.take().ok_or("no pipe")?;
    let counter = Command::new("wc").arg("-c").stdin(out).stdout(Stdio::piped()).spawn();
    let counter = counter.map_err(|error| format!("wc cannot be started: {error}"))?;
    let (peak_kib, _, outcome) = watch(child, started);
    let counted = counter.wait_with_output().map_err(|error| error.to_string())?;
    let secs = started.elapsed().as_secs_f64();
    let bytes: f64 = String::from_utf8_lossy(&counted.stdout).trim().parse().map_err(|_| "wc counted nothing")?;
    outcome.map(|()| Sample { secs, units: bytes, peak_kib })
}

/// Waits for the end of a process and reads its high-water mark until then; returns the seconds since its start too.
fn watch(mut child: Child, started: Instant) -> (u64, f64, Result<(), String>) {
    let peak = Arc::new(AtomicU64::new(0));
    let is_over = Arc::new(AtomicBool::new(false));
    let watcher = {
        let (peak, is_over, id) = (Arc::clone(&peak), Arc::clone(&is_over), child.id());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                peak.fetch_max(high_water_kib(id), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(4));
            }
        })
    };
    let mut said = String::new();
    if let Some(mut errors) = child.stderr.take() {
        // What cannot be read is not said.
        drop(errors.read_to_string(&mut said));
    }
    let status = child.wait();
    let secs = started.elapsed().as_secs_f64();
    is_over.store(true, Ordering::Relaxed);
    drop(watcher.join());
    let outcome = match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{status}: {}", said.lines().last().unwrap_or_default())),
        Err(error) => Err(error.to_string()),
    };
    (peak.load(Ordering::Relaxed), secs, outcome)
}

/// Returns the most memory that a process ever held, as the system keeps it.
pub(crate) fn high_water_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Returns the median run; its memory is the most of all runs.
pub(crate) fn median(samples: &[Sample]) -> Option<Sample> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|one, next| one.secs.total_cmp(&next.secs));
    let middle = *sorted.get(sorted.len() / 2)?;
    Some(Sample { peak_kib: samples.iter().map(|sample| sample.peak_kib).max().unwrap_or(0), ..middle })
}

/// Returns median and range of the seconds, as people read them.
pub(crate) fn spread(samples: &[Sample]) -> String {
    let Some(middle) = median(samples) else { return "–".to_owned() };
    let secs = samples.iter().map(|sample| sample.secs);
    let (least, most) = (secs.clone().fold(f64::MAX, f64::min), secs.fold(0.0, f64::max));
    let unit = |secs: f64| if secs < 1.0 { format!("{:.1} ms", secs * 1_000.0) } else { format!("{secs:.2} s") };
    format!("{} ({} to {})", unit(middle.secs), unit(least), unit(most))
}
