//! Dates as people write them: every form, zones with and without daylight saving, open ends, to the millisecond.

use labelport_model::time::{Span, Timestamp, Zone};
use proptest::prelude::*;

/// Reads a range and compares its ends, written as `from .. to` in UTC; an open end is empty, an error is its message.
#[track_caller]
fn check(zone: &str, start: &str, end: &str, expect: &str) {
    let zone = Zone::parse(zone).unwrap();
    let read = match Span::parse(Some(start), Some(end), &zone) {
        Ok(span) => {
            let text = |end: Option<Timestamp>| end.map(|end| end.to_string()).unwrap_or_default();
            format!("{} .. {}", text(span.from), text(span.to)).replace("+00:00", "Z").trim().to_owned()
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(read, expect, "{} from {start:?} to {end:?}", zone.name());
}

#[track_caller]
fn check_all(cases: &[(&str, &str, &str, &str)]) {
    for (zone, start, end, expect) in cases {
        check(zone, start, end, expect);
    }
}

#[test]
fn a_day_is_the_whole_day_of_the_zone() {
    check_all(&[
        ("UTC", "2025-03-01", "2025-03-01", "2025-03-01T00:00:00.000Z .. 2025-03-01T23:59:59.999Z"),
        ("Asia/Tokyo", "2025-03-01", "2025-03-01", "2025-02-28T15:00:00.000Z .. 2025-03-01T14:59:59.999Z"),
        ("Asia/Kathmandu", "2025-03-01", "2025-03-01", "2025-02-28T18:15:00.000Z .. 2025-03-01T18:14:59.999Z"),
        ("America/Phoenix", "2025-07-01", "2025-07-01", "2025-07-01T07:00:00.000Z .. 2025-07-02T06:59:59.999Z"),
        ("Europe/Madrid", "2025-01-15", "2025-01-15", "2025-01-14T23:00:00.000Z .. 2025-01-15T22:59:59.999Z"),
        ("Europe/Madrid", "2025-07-15", "2025-07-15", "2025-07-14T22:00:00.000Z .. 2025-07-15T21:59:59.999Z"),
        ("Europe/Madrid", "2024-02-29", "2024-02-29", "2024-02-28T23:00:00.000Z .. 2024-02-29T22:59:59.999Z"),
        ("America/New_York", "2024-12-31", "2025-01-01", "2024-12-31T05:00:00.000Z .. 2025-01-02T04:59:59.999Z"),
    ]);
}

#[test]
fn days_on_which_clocks_are_set_are_shorter_or_longer() {
    check_all(&[
        // 23 and 25 hours.
        ("Europe/Madrid", "2025-03-30", "2025-03-30", "2025-03-29T23:00:00.000Z .. 2025-03-30T21:59:59.999Z"),
        ("Europe/Madrid", "2025-10-26", "2025-10-26", "2025-10-25T22:00:00.000Z .. 2025-10-26T22:59:59.999Z"),
        ("America/New_York", "2025-03-09", "2025-03-09", "2025-03-09T05:00:00.000Z .. 2025-03-10T03:59:59.999Z"),
        ("America/New_York", "2025-11-02", "2025-11-02", "2025-11-02T04:00:00.000Z .. 2025-11-03T04:59:59.999Z"),
        // Half an hour less and more.
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-05", "2025-10-04T13:30:00.000Z .. 2025-10-05T12:59:59.999Z"),
        ("Australia/Lord_Howe", "2025-04-06", "2025-04-06", "2025-04-05T13:00:00.000Z .. 2025-04-06T13:29:59.999Z"),
    ]);
}

#[test]
fn days_without_a_midnight_or_with_two_are_whole() {
    check_all(&[
        // The clock goes from 23:59:59 to 01:00:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04", "2018-11-04T03:00:00.000Z .. 2018-11-05T01:59:59.999Z"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03", "2018-11-03T03:00:00.000Z .. 2018-11-04T02:59:59.999Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-26", "2024-04-25T22:00:00.000Z .. 2024-04-26T20:59:59.999Z"),
        ("America/Havana", "2025-03-09", "2025-03-09", "2025-03-09T05:00:00.000Z .. 2025-03-10T03:59:59.999Z"),
        // The last hour comes twice, and midnight is there at the end of the second.
        ("America/Sao_Paulo", "2019-02-16", "2019-02-16", "2019-02-16T02:00:00.000Z .. 2019-02-17T02:59:59.999Z"),
        ("Africa/Cairo", "2024-10-31", "2024-10-31", "2024-10-30T21:00:00.000Z .. 2024-10-31T21:59:59.999Z"),
        // The first hour comes twice, midnight included.
        ("America/Havana", "2025-11-02", "2025-11-02", "2025-11-02T04:00:00.000Z .. 2025-11-03T04:59:59.999Z"),
        ("America/Havana", "2025-11-01", "2025-11-01", "2025-11-01T04:00:00.000Z .. 2025-11-02T03:59:59.999Z"),
        // A minute after midnight the clock goes back to the day before, so each day has a part of the other in it.
        ("America/St_Johns", "2006-10-28", "2006-10-28", "2006-10-28T02:30:00.000Z .. 2006-10-29T03:29:59.999Z"),
        ("America/St_Johns", "2006-10-29", "2006-10-29", "2006-10-29T02:30:00.000Z .. 2006-10-30T03:29:59.999Z"),
        // Samoa went over the date line: 30 December is empty, and the days around it touch.
        ("Pacific/Apia", "2011-12-29", "2011-12-29", "2011-12-29T10:00:00.000Z .. 2011-12-30T09:59:59.999Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30", "2011-12-30T10:00:00.000Z .. 2011-12-30T09:59:59.999Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-31", "2011-12-30T10:00:00.000Z .. 2011-12-31T09:59:59.999Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-31", "2011-12-29T10:00:00.000Z .. 2011-12-31T09:59:59.999Z"),
    ]);
}

#[test]
fn times_of_day_are_exact_instants() {
    let (noon, later) = ("2025-03-01 12:00:00", "2025-03-01 12:00:01");
    check_all(&[
        ("UTC", noon, later, "2025-03-01T12:00:00.000Z .. 2025-03-01T12:00:01.000Z"),
        ("UTC", noon, noon, "2025-03-01T12:00:00.000Z .. 2025-03-01T12:00:00.000Z"),
        ("Asia/Kolkata", noon, later, "2025-03-01T06:30:00.000Z .. 2025-03-01T06:30:01.000Z"),
        ("Europe/Madrid", noon, later, "2025-03-01T11:00:00.000Z .. 2025-03-01T11:00:01.000Z"),
        ("America/New_York", noon, later, "2025-03-01T17:00:00.000Z .. 2025-03-01T17:00:01.000Z"),
        ("UTC", "2025-03-01", noon, "2025-03-01T00:00:00.000Z .. 2025-03-01T12:00:00.000Z"),
        ("UTC", noon, "2025-03-01", "2025-03-01T12:00:00.000Z .. 2025-03-01T23:59:59.999Z"),
    ]);
}

#[test]
fn a_skipped_hour_is_its_transition_and_a_repeated_hour_is_inside_twice() {
    let (skipped, repeated) = ("2025-03-30 02:30:00", "2025-10-26 02:30:00");
    check_all(&[
        ("Europe/Madrid", skipped, "", "2025-03-30T01:00:00.000Z .."),
        ("Europe/Madrid", "", skipped, ".. 2025-03-30T00:59:59.999Z"),
        (
            "Europe/Madrid",
            "2025-03-30 01:59:59",
            "2025-03-30 03:00:00",
            "2025-03-30T00:59:59.000Z .. 2025-03-30T01:00:00.000Z",
        ),
        (
            "Europe/Madrid",
            "2025-03-30 02:00:00",
            "2025-03-30 02:59:59",
            "2025-03-30T01:00:00.000Z .. 2025-03-30T00:59:59.999Z",
        ),
        ("Europe/Madrid", repeated, "", "2025-10-26T00:30:00.000Z .."),
        ("Europe/Madrid", "", repeated, ".. 2025-10-26T01:30:00.000Z"),
        ("Europe/Madrid", repeated, repeated, "2025-10-26T00:30:00.000Z .. 2025-10-26T01:30:00.000Z"),
        (
            "Europe/Madrid",
            "2025-10-26 02:00:00",
            "2025-10-26 02:59:59",
            "2025-10-26T00:00:00.000Z .. 2025-10-26T01:59:59.000Z",
        ),
        ("Europe/Madrid", "2025-10-26 03:00:00", "", "2025-10-26T02:00:00.000Z .."),
        ("America/New_York", "2025-03-09 02:00:00", "", "2025-03-09T07:00:00.000Z .."),
        (
            "America/New_York",
            "2025-11-02 01:00:00",
            "2025-11-02 01:00:00",
            "2025-11-02T05:00:00.000Z .. 2025-11-02T06:00:00.000Z",
        ),
        ("UTC", skipped, repeated, "2025-03-30T02:30:00.000Z .. 2025-10-26T02:30:00.000Z"),
        ("America/Phoenix", "2025-03-09 02:30:00", "", "2025-03-09T09:30:00.000Z .."),
    ]);
}

#[test]
fn times_with_an_offset_mean_the_same_in_every_zone() {
    for zone in ["UTC", "Europe/Madrid", "Asia/Tokyo", "America/Havana"] {
        check_all(&[
            (zone, "2025-03-30T02:30:00+0100", "", "2025-03-30T01:30:00.000Z .."),
            (zone, "2025-03-30T02:30:00-0530", "", "2025-03-30T08:00:00.000Z .."),
            (zone, "2025-03-30T02:30:00+01:00", "", "2025-03-30T01:30:00.000Z .."),
            (zone, "2025-03-30T02:30:00Z", "", "2025-03-30T02:30:00.000Z .."),
            (zone, "", "2025-12-31T23:59:59+0000", ".. 2025-12-31T23:59:59.000Z"),
            (zone, "", "2025-12-31T23:59:59.999+00:00", ".. 2025-12-31T23:59:59.999Z"),
            (
                zone,
                "2025-03-01T00:00:00+0900",
                "2025-02-28T15:00:00Z",
                "2025-02-28T15:00:00.000Z .. 2025-02-28T15:00:00.000Z",
            ),
        ]);
    }
    check("Asia/Tokyo", "2025-03-01", "2025-02-28T15:00:00Z", "2025-02-28T15:00:00.000Z .. 2025-02-28T15:00:00.000Z");
}

#[test]
fn an_end_may_be_open_but_not_both() {
    let open = "a range of dates needs at least one end; give a start, an end or both";
    check_all(&[
        ("UTC", "2025-03-01", "", "2025-03-01T00:00:00.000Z .."),
        ("UTC", "2025-03-01", "None", "2025-03-01T00:00:00.000Z .."),
        ("UTC", "NONE", "2025-03-01", ".. 2025-03-01T23:59:59.999Z"),
        ("Asia/Tokyo", " ", "2025-03-01", ".. 2025-03-01T14:59:59.999Z"),
        ("UTC", "", "", open),
        ("UTC", "none", "None", open),
    ]);
    let absent = Span::parse(None, Some("2025-03-01"), &Zone::utc()).unwrap();
    assert_eq!(absent, Span::parse(Some("None"), Some("2025-03-01"), &Zone::utc()).unwrap());
    assert_eq!(Span::parse(None, None, &Zone::utc()).unwrap_err().to_string(), open);
}

#[test]
fn the_ends_of_history_are_within_reach() {
    check_all(&[
        // Before standard time, Madrid kept the time of its own sun.
        ("Europe/Madrid", "1850-01-01", "1850-01-01", "1850-01-01T00:14:44.000Z .. 1850-01-02T00:14:43.999Z"),
        ("America/New_York", "2099-07-04", "2099-07-04", "2099-07-04T04:00:00.000Z .. 2099-07-05T03:59:59.999Z"),
        ("UTC", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00.000Z .. 9999-12-31T23:59:59.999Z"),
        // What lies beyond the first or last instant that can be written is cut to it.
        ("Asia/Tokyo", "0001-01-01", "", "0001-01-01T00:00:00.000Z .."),
        ("America/New_York", "", "9999-12-31", ".. 9999-12-31T23:59:59.999Z"),
    ]);
}

#[test]
fn a_range_that_ends_before_it_starts_is_refused_with_both_ends() {
    #[track_caller]
    fn check_reversed(zone: &str, start: &str, end: &str) {
        check(zone, start, end, &format!("start {start:?} is after end {end:?}; swap them"));
    }
    check_reversed("UTC", "2025-03-02", "2025-03-01");
    check_reversed("Europe/Madrid", "2025-03-01 12:00:01", "2025-03-01 12:00:00");
    check_reversed("Europe/Madrid", "2025-03-30 02:45:00", "2025-03-30 02:15:00");
    check_reversed("Europe/Madrid", "2025-10-26 02:45:00", "2025-10-26 02:15:00");
    check_reversed("Asia/Tokyo", "2025-03-01 00:00:01", "2025-02-28T15:00:00Z");
    check_reversed("UTC", "2025-03-02T00:00:00+0000", "2025-03-02T00:00:00+0100");
    check_reversed("Pacific/Apia", "2011-12-31", "2011-12-30");
}

#[test]
fn what_is_no_date_is_refused_with_its_end_and_the_forms() {
    let forms = "write YYYY-MM-DD, YYYY-MM-DD hh:mm:ss or YYYY-MM-DDThh:mm:ss±hhmm, or None for an open end";
    for text in [
        "yesterday",
        "2025-02-30",
        "2025-02-29",
        "1900-02-29",
        "2025-13-01",
        "2025-00-10",
        "2025-01-00",
        "2025-04-31",
        "0000-01-01",
        "10000-01-01",
        "-2025-01-01",
        "2025-1-1",
        "01/03/2025",
        "20250301",
        "2025-03-01 12:00",
        "2025-03-01 24:00:00",
        "2025-03-01 12:60:00",
        "2025-03-01 12:00:60",
        "2025-03-01 12:00:00.5",
        "2025-03-01 12:00:00+0100",
        "2025-03-01T12:00:00",
        "2025-03-01T12:00:00+1",
        "2025-03-01T12:00:00+01:0",
        "2025-03-01T12:00:00+2400",
        "2025-03-01T12:00:00 +0100",
        "2025-03-01T12:00:00Europe/Madrid",
        "null",
    ] {
        check("Europe/Madrid", text, "", &format!("start date {text:?} is not a date; {forms}"));
        check("Europe/Madrid", "2020-01-01", text, &format!("end date {text:?} is not a date; {forms}"));
    }
}

#[test]
fn both_ends_are_inside_and_the_next_milliseconds_are_not() {
    let zone = Zone::parse("Europe/Madrid").unwrap();
    let span = Span::parse(Some("2025-03-30"), Some("2025-03-30"), &zone).unwrap();
    let instant = |text: &str| Timestamp::parse_export(text).unwrap();
    for (text, is_inside) in [
        ("2025-03-29T22:59:59.999Z", false),
        ("2025-03-29T23:00:00.000Z", true),
        ("2025-03-30T21:59:59.999Z", true),
        ("2025-03-30T22:00:00.000Z", false),
    ] {
        assert_eq!(span.contains(instant(text)), is_inside, "{text}");
    }
    let open = Span::parse(Some("2025-03-30"), None, &zone).unwrap();
    assert!(open.contains(Timestamp::MAX) && !open.contains(Timestamp::MIN));
}

const ZONES: [&str; 10] = [
    "UTC",
    "Africa/Cairo",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Madrid",
    "Pacific/Apia",
];

/// Returns what the wall clock of a zone shows, as a second opinion.
fn wall_clock(zone: &jiff::tz::TimeZone, instant: Timestamp) -> jiff::civil::DateTime {
    zone.to_datetime(jiff::Timestamp::from_millisecond(instant.as_millis()).unwrap())
}

proptest! {
    #[test]
    fn every_instant_survives_being_written(millis in Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis()) {
        let instant = Timestamp::from_millis(millis);
        let text = instant.to_string();
        prop_assert_eq!(text.len(), 29);
        prop_assert_eq!(Timestamp::parse_export(&text), Some(instant));
    }

    #[test]
    fn instants_are_written_as_the_calendar_has_them(millis in -62_135_596_800_000_i64..253_400_000_000_000) {
        let expect = jiff::Timestamp::from_millisecond(millis).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00");
        prop_assert_eq!(Timestamp::from_millis(millis).to_string(), expect.to_string());
    }

    /// Times are read if the calendar has them, as the instant that the calendar says, and refused otherwise.
    #[test]
    fn times_are_read_as_the_calendar_says_or_refused(
        (year, month, day) in (0..9999_i16, 0..14_i8, 0..33_i8),
        (hour, minute, second) in (0..26_i8, 0..62_i8, 0..62_i8),
        digits in "[0-9]{0,10}",
        (offset_sign, offset_hour, offset_minute) in (prop::bool::ANY, 0..26_i64, 0..62_i64),
        colon in prop::sample::select(vec![":", ""]),
    ) {
        let sign = if offset_sign { "+" } else { "-" };
        let point = if digits.is_empty() { "" } else { "." };
        let text = format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{digits}\
             {sign}{offset_hour:02}{colon}{offset_minute:02}"
        );
        let wall = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok();
        let is_offset = offset_hour < 24 && offset_minute < 60;
        let expect = wall.filter(|wall| wall.year() >= 1 && digits.len() <= 9 && is_offset).and_then(|wall| {
            let utc = jiff::tz::TimeZone::UTC.to_timestamp(wall).unwrap().as_millisecond();
            let offset_ms = (offset_hour * 60 + offset_minute) * 60_000 * if offset_sign { 1 } else { -1 };
            let fraction_ms: i64 = format!("{digits:0<3}")[..3].parse().unwrap();
            let millis = utc - offset_ms + fraction_ms;
            (Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis()).contains(&millis).then_some(millis)
        });
        prop_assert_eq!(Timestamp::parse_export(&text).map(Timestamp::as_millis), expect, "{}", text);
    }

    /// Whatever is read as a range of time begins where it is read again from its own text.
    #[test]
    fn any_text_is_read_as_it_is_written_or_refused(text in "\\PC{0,40}|[0-9TZ:. +-]{0,32}") {
        if let Some(instant) = Timestamp::parse_export(&text) {
            prop_assert_eq!(Timestamp::parse_export(&instant.to_string()), Some(instant));
        }
        match Span::parse(Some(&text), None, &Zone::utc()) {
            Ok(span) => {
                let start = span.from.unwrap().to_string();
                prop_assert_eq!(Span::parse(Some(&start), None, &Zone::utc()).unwrap(), span);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    /// Near a transition and away from one: a start is the first instant whose wall clock has reached it, an end the
    /// last instant whose wall clock has not passed it.
    #[test]
    fn ends_are_tight_around_transitions(
        name in proptest::sample::select(&ZONES[..]),
        seed in 0_i64..4_000_000_000,
        shift_secs in -100_000_i64..100_000,
    ) {
        let rules = jiff::tz::TimeZone::get(name).unwrap();
        let seed = jiff::Timestamp::from_second(seed).unwrap();
        let near = rules.following(seed).next().map_or(seed, |transition| transition.timestamp());
        let wall = rules.to_datetime(near).checked_add(jiff::SignedDuration::from_secs(shift_secs)).unwrap();
        let text = wall.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let span = Span::parse(Some(&text), Some(&text), &Zone::parse(name).unwrap()).unwrap();
        let (from, to) = (span.from.unwrap(), span.to.unwrap());
        prop_assert!(wall_clock(&rules, from) >= wall);
        prop_assert!(wall_clock(&rules, from.plus_millis(-1)) < wall);
        prop_assert!(wall_clock(&rules, to) <= wall);
        prop_assert!(wall_clock(&rules, to.plus_millis(1)) > wall);
    }
}
