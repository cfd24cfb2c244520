//! One line: something of ours, its yardstick, and what is to be reached.

use super::measure::{Sample, median, spread};

/// Does something once and returns what it took.
pub(crate) type Doing = Box<dyn Fn() -> Result<Sample, String>>;

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// This share of the yardstick's throughput, at least.
    Share(f64),
    /// So many times as fast as the yardstick, at least.
    Times(f64),
    /// So many milliseconds, at most.
    Millis(f64),
    /// So many requests a second, at least.
    PerSec(f64),
    /// So many rows a second, at least.
    RowsPerSec(f64),
    /// So many microseconds a row, at most.
    MicrosPerRow(f64),
    /// So many MiB of memory at the peak, at most, and no more than [`SAME_PEAK`] times that of the yardstick.
    PeakMib(f64),
    /// Figures without a target.
    None,
}

/// Memory that is the same but for this does not grow.
const SAME_PEAK: f64 = 1.1;

/// Something to measure.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) yardstick: String,
    pub(crate) target: Target,
    pub(crate) ours: Doing,
    pub(crate) theirs: Option<Doing>,
}

/// What came of a line.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) yardstick: String,
    pub(crate) target: Target,
    pub(crate) ours: Vec<Sample>,
    pub(crate) theirs: Vec<Sample>,
    /// Why there are no figures.
    pub(crate) skipped: Option<String>,
}

impl Line {
    /// Runs both in turn, so often; the first time of each is for warming up and does not count.
    pub(crate) fn measure(self, rounds: usize) -> Measured {
        let mut measured = Measured {
            name: self.name,
            yardstick: self.yardstick,
            target: self.target,
            ours: Vec::new(),
            theirs: Vec::new(),
            skipped: None,
        };
        // The high-water mark of one run is that of any other.
        let (warm_up, rounds) = if matches!(self.target, Target::PeakMib(_)) { (0, 0) } else { (1, rounds) };
        for round in 0..=rounds {
            let outcome = (self.ours)().and_then(|ours| Ok((ours, self.theirs.as_ref().map(|run| run()).transpose()?)));
            match outcome {
                Ok((ours, theirs)) if round >= warm_up => {
                    measured.ours.push(ours);
                    measured.theirs.extend(theirs);
                }
                Ok(_) => {}
                Err(reason) => {
                    measured.skipped = Some(reason);
                    break;
                }
            }
        }
        measured
    }
}

impl Measured {
    /// Names something that could not be measured.
    pub(crate) fn skipped(name: &str, reason: &str) -> Self {
        Self {
            name: name.to_owned(),
            yardstick: String::new(),
            target: Target::None,
            ours: Vec::new(),
            theirs: Vec::new(),
            skipped: Some(reason.to_owned()),
        }
    }

    /// Returns what is compared with the target.
    pub(crate) fn figure(&self) -> Option<f64> {
        let (ours, theirs) = (median(&self.ours)?, median(&self.theirs));
        Some(match self.target {
            Target::Share(_) | Target::Times(_) | Target::None => {
                let theirs = theirs?;
                let rate = |sample: &Sample| sample.units / sample.secs;
                rate(&ours) / rate(&theirs)
            }
            Target::Millis(_) => ours.secs * 1_000.0,
            Target::PerSec(_) | Target::RowsPerSec(_) => ours.units / ours.secs,
            Target::MicrosPerRow(_) => ours.secs / ours.units * 1e6,
            Target::PeakMib(_) => ours.peak_kib as f64 / 1_024.0,
        })
    }

    /// Returns the peak as a multiple of the yardstick's.
    fn growth(&self) -> Option<f64> {
        let (ours, theirs) = (median(&self.ours)?, median(&self.theirs)?);
        Some(ours.peak_kib as f64 / theirs.peak_kib.max(1) as f64)
    }

    /// Returns whether the target is reached; nothing where there is none.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let figure = self.figure()?;
        Some(match self.target {
            Target::Share(least) | Target::Times(least) | Target::PerSec(least) | Target::RowsPerSec(least) => {
                figure >= least
            }
            Target::Millis(most) | Target::MicrosPerRow(most) => figure <= most,
            Target::PeakMib(most) => figure <= most && self.growth()? <= SAME_PEAK,
            Target::None => return None,
        })
    }

    /// Returns the figure and the target as people read them.
    pub(crate) fn shown(&self) -> (String, String) {
        let figure = self.figure().unwrap_or(f64::NAN);
        match self.target {
            Target::Share(least) => (format!("{figure:.2} of it"), format!("≥ {least:.2}")),
            Target::Times(least) => (format!("{figure:.1} times as fast"), format!("≥ {least}")),
            Target::Millis(most) => (format!("{figure:.1} ms"), format!("≤ {most} ms")),
            Target::PerSec(least) => (format!("{figure:.0} requests/s"), format!("≥ {least:.0}")),
            Target::RowsPerSec(least) => (format!("{figure:.0} rows/s"), format!("≥ {least:.0}")),
            Target::MicrosPerRow(most) => (format!("{figure:.1} µs a row"), format!("≤ {most} µs")),
            Target::PeakMib(most) => {
                let growth = self.growth().unwrap_or(f64::NAN);
                (format!("{figure:.0} MiB, {growth:.2} of it"), format!("≤ {most} MiB, ≤ {SAME_PEAK:.2}"))
            }
            Target::None => (format!("{figure:.2} of it"), "none".to_owned()),
        }
    }

    /// Returns the line as it is printed while the benchmark runs.
    pub(crate) fn to_line(&self) -> String {
        if let Some(reason) = &self.skipped {
            return format!("  {}: skipped: {reason}", self.name);
        }
        let (figure, target) = self.shown();
        let mark = match self.is_met() {
            Some(true) => "reached",
            Some(false) => "MISSED",
            None => "",
        };
        format!(
            "  {}: {} against {}: {figure} (target {target}) {mark}",
            self.name,
            spread(&self.ours),
            spread(&self.theirs)
        )
    }
}
