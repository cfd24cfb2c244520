//! Cron expressions: minute, hour, day of the month, month and day of the week, in a time zone.
//!
//! A library reads the expression and finds the next time on a calendar without a zone. What that time means where clocks
//! are set forward and back is decided here:
//!
//! | the hour field | an hour that is skipped | an hour that comes twice |
//! |---|---|---|
//! | has hours, such as `2` or `1-5` | times in it fire once, at the first moment after it | times in it fire once, the first time |
//! | begins with `*` | nothing is added | times in it fire both times |
//!
//! So a nightly job runs every night, exactly once, and an hourly one runs every hour. The instants of an expression are
//! strictly ascending: two times that mean one instant fire once.
//!
//! The library does not find the last day of December (`L`), so that is read a second time as the 31st. It does not find the
//! last weekday of December either (`5L`), which has no other spelling and is refused.

use crate::quote::Quoted;
use crate::time::{MINUTE_MS, Timestamp, Wall, Zone};
use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};

/// The fields, with what they take.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, L for the last day, or 15W for the weekday nearest to the 15th"),
    ("month", "1 to 12, or JAN to DEC"),
    ("day of the week", "0 to 7, where 0 and 7 are Sunday, SUN to SAT, or 5#3 for the third Friday"),
];

/// The place of the hour in an expression.
const HOUR: usize = 1;
/// The place of the day of the month.
const DAY: usize = 2;
/// The place of the month.
const MONTH: usize = 3;
/// The place of the day of the week.
const WEEKDAY: usize = 4;

/// How far the library looks for the next time, in milliseconds: four years, less a few days.
const SEARCH_MS: i64 = 1_450 * 86_400_000;
/// How often it looks. The 29th of February is a Friday every 28 years, or after 40 where a century has no leap year.
const SEARCHES: usize = 12;

/// Why a text is not a cron expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It does not have five fields.
    #[error(
        "the cron expression {text} has {count} fields and needs five: minute, hour, day of the month, month, day of the week, \
         such as \"0 6 * * 1-5\" for six o'clock from Monday to Friday; there are no seconds, no years and no @daily"
    )]
    Count {
        /// The expression.
        text: Quoted,
        /// How many fields it has.
        count: usize,
    },
    /// A field cannot be read.
    #[error(
        "the {field} {text} of the cron expression cannot be read; it takes {takes}, *, ranges such as 1-5, lists such as \
         1,3 and steps such as */2"
    )]
    Field {
        /// What the field is called.
        field: &'static str,
        /// What it holds.
        text: Quoted,
        /// What it takes.
        takes: &'static str,
    },
    /// It never fires.
    #[error("the cron expression {text} never comes: no month that it names has such a day")]
    Never {
        /// The expression.
        text: Quoted,
    },
}

/// A cron expression.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    /// What the library read; the second is for December.
    tables: Vec<Crontab>,
    /// Whether times follow the clock through hours that come twice.
    follows_clock: bool,
}

impl Cron {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let Ok(fields) = <[&str; 5]>::try_from(fields.as_slice()) else {
            return Err(CronError::Count { text: Quoted::new(text), count: fields.len() });
        };
        for (place, (field, takes)) in FIELDS.into_iter().enumerate() {
            let mut alone = ["*"; 5];
            alone[place] = fields[place];
            let is_last = place == WEEKDAY && fields[place].split(',').any(|item| item.ends_with('L'));
            if is_last || read(&alone).is_none() {
                return Err(CronError::Field { field, text: Quoted::new(fields[place]), takes });
            }
        }
        let tables = [read(&fields), last_of_december(&fields)].into_iter().flatten().collect();
        let cron = Self { text: fields.join(" "), tables, follows_clock: fields[HOUR].starts_with('*') };
        match cron.next_wall(Wall(0)) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never { text: Quoted::new(text) }),
        }
    }

    /// Returns the expression, its fields separated by one space.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the first instant after this one at which it fires; none after the calendar of labelport ends.
    pub fn next_after(&self, instant: Timestamp, zone: &Zone) -> Option<Timestamp> {
        if self.follows_clock { self.next_by_clock(instant, zone) } else { self.next_by_calendar(instant, zone) }
    }

    /// Returns the last instant in a span at which it fires: after `after`, at `until` or before it.
    pub fn last_until(&self, after: Timestamp, until: Timestamp, zone: &Zone) -> Option<Timestamp> {
        // What fires every minute is not followed through a year: the last times are looked for near the end.
        let mut span_ms = 60 * MINUTE_MS;
        let mut last = loop {
            let start = until.plus_millis(-span_ms).max(after);
            match self.next_after(start, zone).filter(|next| *next <= until) {
                Some(next) => break next,
                None if start == after => return None,
                None => span_ms = span_ms.saturating_mul(24),
            }
        };
        while let Some(next) = self.next_after(last, zone).filter(|next| *next <= until) {
            last = next;
        }
        Some(last)
    }

    /// Every time of the calendar means one instant, in the same order: the first at which the clock shows it or a later
    /// time.
    fn next_by_calendar(&self, instant: Timestamp, zone: &Zone) -> Option<Timestamp> {
        // In the second of two equal hours, all times until the end of it have been.
        let mut wall = zone.wall(instant);
        loop {
            wall = self.next_wall(wall)?;
            let next = zone.first_instant(wall);
            if next > instant {
                return Some(next);
            }
        }
    }

    /// Between two changes of the clock, times follow it; after a change they go on from what it shows.
    fn next_by_clock(&self, instant: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let (mut start, mut wall) = (instant, zone.wall(instant));
        loop {
            let next = self.next_wall(wall);
            let change = zone.next_change(start);
            let next = next.map(|next| start.plus_millis(next.0 - zone.wall(start).0));
            match (next, change) {
                (Some(next), Some(change)) if next >= change => {
                    // The time that the clock is set to may be one.
                    (start, wall) = (change, Wall(zone.wall(change).0 - 1));
                }
                (next, _) => return next,
            }
        }
    }

    /// Returns the next time of the calendar after this one.
    fn next_wall(&self, wall: Wall) -> Option<Wall> {
        self.tables.iter().filter_map(|table| next_of(table, wall)).min()
    }
}

fn next_of(table: &Crontab, wall: Wall) -> Option<Wall> {
    for search in 0..SEARCHES {
        let start = wall.0.saturating_add(SEARCH_MS * search as i64);
        let start = MakeTimestamp::from_millisecond(start).ok()?;
        if let Ok(found) = table.find_next(start) {
            return Some(Wall(found.timestamp().as_millisecond()));
        }
    }
    None
}

/// Reads an expression for the last day of the month as what it is in December; nothing where it is something else.
fn last_of_december(fields: &[&str; 5]) -> Option<Crontab> {
    let is_last = |day: &str| day == "L";
    let months = read(&["0", "0", "1", fields[MONTH], "*"])?;
    let has_december = months.matches("1970-12-01T00:00:00Z").unwrap_or(false);
    if !has_december || !fields[DAY].split(',').any(is_last) {
        return None;
    }
    let days: Vec<&str> = fields[DAY].split(',').map(|day| if is_last(day) { "31" } else { day }).collect();
    let mut december = *fields;
    let days = days.join(",");
    (december[DAY], december[MONTH]) = (&days, "12");
    read(&december)
}

/// Reads an expression as one of UTC.
fn read(fields: &[&str; 5]) -> Option<Crontab> {
    let mut options = ParseOptions::default();
    options.fallback_timezone_option = FallbackTimezoneOption::UTC;
    cronexpr::parse_crontab_with(&fields.join(" "), options).ok()
}

#[cfg(test)]
mod tests;
