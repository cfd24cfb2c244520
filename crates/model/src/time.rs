//! Instants, time zones and ranges of time.
//!
//! An instant is a count of UTC milliseconds, the finest unit that an export shows. A range includes both ends, so the
//! times that a user wrote are inside. Wall-clock texts become instants only here, in the zone of the request; after
//! that nothing knows a zone.
//!
//! Clocks are set forward and back. A start means the *first* instant at which the wall clock shows that time or a
//! later one, an end the *last* instant at which it shows that time or an earlier one. So a skipped hour loses nothing,
//! a repeated hour is included twice, and a day is the whole day even if its midnight was skipped.
//!
//! The current time is never read here; code that needs it takes it as an argument.
//!
//! # Adding a date form
//! One variant of `Written`, one arm in `Written::read`, the form in [`TimeError`] and cases in the table test of
//! dates.

use crate::quote::Quoted;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use std::fmt;

const SECOND_MS: i64 = 1_000;
/// A minute, in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
const DAY_SECS: i64 = 86_400;
const DAY_MS: i64 = DAY_SECS * SECOND_MS;

/// Why a text is not a time zone or not a time range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// No zone has this name.
    #[error("time zone {text} is not known; use an IANA name such as Europe/Madrid or UTC")]
    Zone {
        /// The name given.
        text: Quoted,
    },
    /// An end of a range has an unknown form, or its day does not exist.
    #[error(
        "{end} {text} is not a date; write YYYY-MM-DD, YYYY-MM-DD hh:mm:ss or YYYY-MM-DDThh:mm:ss±hhmm, \
         or None for an open end"
    )]
    Date {
        /// The end of the range.
        end: RangeEnd,
        /// The date given.
        text: Quoted,
    },
    /// A range that is open at both ends.
    #[error("a range of dates needs at least one end; give a start, an end or both")]
    Open,
    /// The range ends before it starts.
    #[error("start {start} is after end {end}; swap them")]
    Reversed {
        /// The start given.
        start: Quoted,
        /// The end given.
        end: Quoted,
    },
}

/// An end of a time range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// The start.
    Start,
    /// The end.
    End,
}

impl fmt::Display for RangeEnd {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Start => "start date",
            Self::End => "end date",
        })
    }
}

/// An instant in UTC, to the millisecond, in the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant of the year 1.
    pub const MIN: Self = Self(-719_162 * DAY_MS);
    /// The last millisecond of the year 9999.
    pub const MAX: Self = Self(2_932_897 * DAY_MS - 1);

    /// Returns the instant that is this many milliseconds after 1970-01-01T00:00:00Z, or the nearest possible one.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis).clamp(Self::MIN, Self::MAX)
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the instant that is this many milliseconds later, or the nearest possible one.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Reads a time as exports write it, `YYYY-MM-DDThh:mm:ss.mmm+00:00`.
    ///
    /// Also accepts times without a fraction or with one to nine digits of it (truncated to milliseconds), `Z`, and
    /// offsets as `±hh:mm` or `±hhmm`. Leap seconds and days outside the calendar are refused.
    pub fn parse_export(text: &str) -> Option<Self> {
        let mut reader = DateParser(text.as_bytes());
        let days = reader.date()?;
        reader.skip(b'T')?;
        let secs = reader.clock()?;
        let fraction_ms = reader.fraction()?;
        let offset_secs = reader.offset()?;
        let millis = (days * DAY_SECS + secs - offset_secs) * SECOND_MS + fraction_ms;
        let is_in_range = (Self::MIN.0..=Self::MAX.0).contains(&millis);
        (reader.is_done() && is_in_range).then_some(Self(millis))
    }

    /// Appends the time as exports write it: `YYYY-MM-DDThh:mm:ss.mmm+00:00`, always 29 characters.
    pub fn write_export(self, out: &mut String) {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let in_day_ms = self.0.rem_euclid(DAY_MS);
        let in_day_secs = in_day_ms / SECOND_MS;
        push_digits(out, 4, year, "-");
        push_digits(out, 2, month, "-");
        push_digits(out, 2, day, "T");
        push_digits(out, 2, in_day_secs / 3_600, ":");
        push_digits(out, 2, in_day_secs / 60 % 60, ":");
        push_digits(out, 2, in_day_secs % 60, ".");
        push_digits(out, 3, in_day_ms % SECOND_MS, "+00:00");
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(29);
        self.write_export(&mut text);
        out.write_str(&text)
    }
}

/// A time zone by its IANA name, with the rules that it had in each year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Finds a zone by its IANA name, in any case.
    pub fn parse(name: &str) -> Result<Self, TimeError> {
        TimeZone::get(name).map(Self).map_err(|_| TimeError::Zone { text: Quoted::new(name) })
    }

    /// Returns the zone UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Returns the IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns what the wall clock shows at an instant, as `YYYY-MM-DD` and `hhmm`, and its offset then, as `±hhmm`.
    pub fn shown(&self, instant: Timestamp) -> (String, String, String) {
        let Wall(wall_ms) = self.wall(instant);
        let (year, month, day) = civil_from_days(wall_ms.div_euclid(DAY_MS));
        let minutes = wall_ms.rem_euclid(DAY_MS) / MINUTE_MS;
        let offset = (wall_ms - instant.0) / MINUTE_MS;
        let (sign, offset) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        (
            format!("{year:04}-{month:02}-{day:02}"),
            format!("{:02}{:02}", minutes / 60, minutes % 60),
            format!("{sign}{:02}{:02}", offset / 60, offset % 60),
        )
    }

    /// Returns what the wall clock shows at an instant.
    pub(crate) fn wall(&self, instant: Timestamp) -> Wall {
        let offset = jiff::Timestamp::from_millisecond(instant.0).map(|instant| self.0.to_offset(instant));
        Wall(instant.0 + offset.map_or(0, |offset| i64::from(offset.seconds()) * SECOND_MS))
    }

    /// Returns the first instant after this one at which the clock is set to another offset.
    pub(crate) fn next_change(&self, instant: Timestamp) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_millisecond(instant.0).ok()?;
        let offset = self.0.to_offset(instant);
        let change = self.0.following(instant).find(|change| change.offset() != offset)?;
        Some(Timestamp::from_millis(change.timestamp().as_millisecond()))
    }

    /// Returns the first instant at which the wall clock shows the given time or a later one.
    pub(crate) fn first_instant(&self, wall: Wall) -> Timestamp {
        match self.offset(wall) {
            AmbiguousOffset::Unambiguous { offset } => wall.at(offset),
            AmbiguousOffset::Fold { before, .. } => wall.at(before),
            AmbiguousOffset::Gap { before, after } => self.transition(wall, before, after),
        }
    }

    /// Returns the last instant at which the wall clock shows the given time or an earlier one.
    fn last_instant(&self, wall: Wall) -> Timestamp {
        match self.offset(wall) {
            AmbiguousOffset::Unambiguous { offset } => wall.at(offset),
            AmbiguousOffset::Fold { after, .. } => wall.at(after),
            AmbiguousOffset::Gap { before, after } => self.transition(wall, before, after).plus_millis(-1),
        }
    }

    fn offset(&self, wall: Wall) -> AmbiguousOffset {
        self.0.to_ambiguous_timestamp(wall.to_civil()).offset()
    }

    /// Returns the instant at which the clock was set forward over a wall-clock time.
    fn transition(&self, wall: Wall, before: Offset, after: Offset) -> Timestamp {
        // Read with the new offset, a skipped time is before the transition; read with the old one, at it or after it.
        let earlier = jiff::Timestamp::from_millisecond(wall.at(after).as_millis()).ok();
        let transition = earlier.and_then(|earlier| self.0.following(earlier).next());
        match transition {
            Some(transition) => Timestamp::from_millis(transition.timestamp().as_millisecond()),
            // The zone says that there is a gap here, so this is not reached; if it were, the old offset would drop the
            // fewest rows after the gap.
            None => wall.at(before),
        }
    }
}

/// A time range with both ends included, each to the millisecond. A missing end is open.
///
/// `from` may be one millisecond after `to`: the empty range, such as a day that a zone skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant inside.
    pub from: Option<Timestamp>,
    /// The last instant inside.
    pub to: Option<Timestamp>,
}

impl Span {
    /// Reads a range from the texts of its ends.
    ///
    /// | form | as the start | as the end |
    /// |---|---|---|
    /// | `YYYY-MM-DD` | the first instant of that day in `zone` | the last millisecond of that day in `zone` |
    /// | `YYYY-MM-DD hh:mm:ss` | that instant in `zone`, the first if it came twice | … the last if it came twice |
    /// | `YYYY-MM-DDThh:mm:ss±hhmm` | that instant | that instant |
    /// | empty, `None` in any case, or no text | open | open |
    ///
    /// The third form may also have a fraction of a second, and `±hh:mm` or `Z` for its offset.
    pub fn parse(start: Option<&str>, end: Option<&str>, zone: &Zone) -> Result<Self, TimeError> {
        let first = Written::find(start, RangeEnd::Start)?;
        let last = Written::find(end, RangeEnd::End)?;
        let from = first.as_ref().map(|first| first.first_instant(zone));
        let to = last.as_ref().map(|last| last.last_instant(zone));
        let (Some(first), Some(last)) = (first, last) else {
            return if from.is_none() && to.is_none() { Err(TimeError::Open) } else { Ok(Self { from, to }) };
        };
        let is_reversed = match (first.first_wall(), last.last_wall()) {
            // A day or an hour that the zone skipped is a valid empty range, so wall-clock times are compared as
            // written and not as instants.
            (Some(start), Some(end)) => start > end,
            _ => from > to.map(|to| to.plus_millis(1)),
        };
        if is_reversed {
            let shown = |text: Option<&str>| Quoted::new(text.unwrap_or_default());
            return Err(TimeError::Reversed { start: shown(start), end: shown(end) });
        }
        Ok(Self { from, to })
    }

    /// Returns whether an instant is in the range.
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant <= to)
    }
}

/// What a wall clock shows, in milliseconds since it showed 1970-01-01 00:00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wall(pub(crate) i64);

impl Wall {
    /// Returns the instant at which a clock with this offset shows the time.
    fn at(self, offset: Offset) -> Timestamp {
        Timestamp::from_millis(self.0 - i64::from(offset.seconds()) * SECOND_MS)
    }

    fn to_civil(self) -> civil::DateTime {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let in_day_ms = self.0.rem_euclid(DAY_MS);
        let in_day_secs = in_day_ms / SECOND_MS;
        civil::date(year as i16, month as i8, day as i8).at(
            (in_day_secs / 3_600) as i8,
            (in_day_secs / 60 % 60) as i8,
            (in_day_secs % 60) as i8,
            (in_day_ms % SECOND_MS * 1_000_000) as i32,
        )
    }
}

/// An end of a range as it was written.
enum Written {
    /// A day, by its first millisecond.
    Day(Wall),
    /// A wall-clock time.
    Local(Wall),
    /// A time with its offset.
    Instant(Timestamp),
}

impl Written {
    fn find(text: Option<&str>, end: RangeEnd) -> Result<Option<Self>, TimeError> {
        let text = text.unwrap_or_default().trim();
        if text.is_empty() || text.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        Self::read(text).map(Some).ok_or_else(|| TimeError::Date { end, text: Quoted::new(text) })
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(instant) = Timestamp::parse_export(text) {
            return Some(Self::Instant(instant));
        }
        let mut reader = DateParser(text.as_bytes());
        let midnight = Wall(reader.date()? * DAY_MS);
        if reader.is_done() {
            return Some(Self::Day(midnight));
        }
        reader.skip(b' ')?;
        let secs = reader.clock()?;
        reader.is_done().then_some(Self::Local(Wall(midnight.0 + secs * SECOND_MS)))
    }

    fn first_wall(&self) -> Option<Wall> {
        match *self {
            Self::Day(wall) | Self::Local(wall) => Some(wall),
            Self::Instant(_) => None,
        }
    }

    fn last_wall(&self) -> Option<Wall> {
        match *self {
            Self::Day(midnight) => Some(Wall(midnight.0 + DAY_MS - 1)),
            Self::Local(wall) => Some(wall),
            Self::Instant(_) => None,
        }
    }

    fn first_instant(&self, zone: &Zone) -> Timestamp {
        match *self {
            Self::Day(wall) | Self::Local(wall) => zone.first_instant(wall),
            Self::Instant(instant) => instant,
        }
    }

    fn last_instant(&self, zone: &Zone) -> Timestamp {
        match *self {
            Self::Day(midnight) => zone.last_instant(Wall(midnight.0 + DAY_MS - 1)),
            Self::Local(wall) => zone.last_instant(wall),
            Self::Instant(instant) => instant,
        }
    }
}

/// The bytes of a time that are not read yet.
struct DateParser<'a>(&'a [u8]);

impl DateParser<'_> {
    fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn number(&mut self, width: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
    }

    /// Reads `YYYY-MM-DD` as days since 1970-01-01.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        self.skip(b'-')?;
        let month = self.number(2)?;
        self.skip(b'-')?;
        let day = self.number(2)?;
        let is_real = year >= 1 && (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        is_real.then(|| days_from_civil(year, month, day))
    }

    /// Reads `hh:mm:ss` as seconds since midnight.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.skip(b':')?;
        let minute = self.number(2)?;
        self.skip(b':')?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
    }

    /// Reads nothing, or a point and one to nine digits, as whole milliseconds.
    fn fraction(&mut self) -> Option<i64> {
        if self.skip(b'.').is_none() {
            return Some(0);
        }
        let width = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&width) {
            return None;
        }
        let fraction = self.number(width)?;
        Some(fraction * 10_i64.pow(9 - width as u32) / 1_000_000)
    }

    /// Reads `Z`, `±hh:mm` or `±hhmm` as seconds east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        if self.skip(b'Z').is_some() {
            return Some(0);
        }
        let sign = if self.skip(b'+').is_some() {
            1
        } else {
            self.skip(b'-')?;
            -1
        };
        let hours = self.number(2)?;
        // The colon is optional.
        let _ = self.skip(b':');
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
    }
}

fn push_digits(out: &mut String, width: u32, number: i64, suffix: &str) {
    for place in (0..width).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        out.push(char::from(b'0' + digit as u8));
    }
    out.push_str(suffix);
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days since 1970-01-01 in the Gregorian calendar.
///
/// The year is taken to begin in March, so that the leap day is its last day: then months before a given one have
/// `(153 * month + 2) / 5` days, and centuries repeat after 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The reverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let read = Timestamp::parse_export(text).map(|instant| instant.to_string());
        assert_eq!(read.as_deref().unwrap_or("refused"), expect, "{text}");
    }

    #[test]
    fn times_of_exports_are_read_in_every_usual_spelling() {
        check("2023-04-17T18:28:47.123+00:00", "2023-04-17T18:28:47.123+00:00");
        check("2023-04-17T18:28:47.123456789Z", "2023-04-17T18:28:47.123+00:00");
        check("2023-04-17T18:28:47Z", "2023-04-17T18:28:47.000+00:00");
        check("2023-04-17T18:28:47.5+02:00", "2023-04-17T16:28:47.500+00:00");
        check("2023-04-17T18:28:47-0330", "2023-04-17T21:58:47.000+00:00");
        check("1969-12-31T23:59:59.999+00:00", "1969-12-31T23:59:59.999+00:00");
        check("0001-01-01T00:00:00.000+00:00", "0001-01-01T00:00:00.000+00:00");
        check("9999-12-31T23:59:59.999+00:00", "9999-12-31T23:59:59.999+00:00");
        check("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000+00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2023-04-17",
            "2023-04-17T18:28:47",
            "2023-04-17 18:28:47Z",
            "2023-04-17T18:28:47.Z",
            "2023-04-17T18:28:47.1234567890Z",
            "2023-04-17T18:28:60Z",
            "2023-04-17T24:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "0000-12-31T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "2023-04-17T18:28:47Z ",
            "２023-04-17T18:28:47Z",
            "2023-04-17T18:28:47+24:00",
        ] {
            check(text, "refused");
        }
    }

    #[test]
    fn the_bounds_are_the_first_and_last_instants_that_can_be_written() {
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0001-01-01T00:00:00.000+00:00");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999+00:00");
        assert_eq!(Timestamp::MAX.plus_millis(1), Timestamp::MAX);
    }

    #[test]
    fn zones_go_by_their_iana_names() {
        assert_eq!(Zone::parse("europe/madrid").unwrap().name(), "Europe/Madrid");
        assert_eq!(Zone::parse("UTC").unwrap().name(), "UTC");
        let error = Zone::parse("Madrid").unwrap_err().to_string();
        assert_eq!(error, "time zone \"Madrid\" is not known; use an IANA name such as Europe/Madrid or UTC");
        for name in ["", "+02:00", "EST5EDT4,M3.2.0,M11.1.0", "../etc/passwd"] {
            assert!(Zone::parse(name).is_err(), "{name}");
        }
    }
}
