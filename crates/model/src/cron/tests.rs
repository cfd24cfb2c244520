//! What fires when: exact instants at both changes of the clock in three zones, and an oracle that looks at every minute.

use super::*;
use proptest::prelude::*;

/// Madrid changes by an hour, New York at another time, and Lord Howe by half an hour in the other half of the year.
const ZONES: [&str; 3] = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe"];

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_export(&format!("{text}:00Z")).unwrap()
}

/// Lists when an expression fires after an instant and until another, in UTC to the minute.
fn fired(cron: &str, zone_name: &str, from: &str, to: &str) -> Vec<String> {
    let (cron, zone) = (Cron::parse(cron).unwrap(), zone(zone_name));
    let mut at = instant(from);
    let mut fired = Vec::new();
    while let Some(next) = cron.next_after(at, &zone).filter(|next| *next <= instant(to)) {
        fired.push(next.to_string()[..16].to_owned());
        at = next;
    }
    fired
}

#[track_caller]
fn check(cron: &str, zone: &str, from: &str, to: &str, expect: &[&str]) {
    assert_eq!(fired(cron, zone, from, to), expect, "{cron} in {zone}");
}

#[test]
fn an_hour_that_is_skipped() {
    // Madrid: at 2026-03-29T01:00Z the clock goes from 2 to 3.
    let (from, to) = ("2026-03-29T00:00", "2026-03-29T02:00");
    check("30 2 * * *", "Europe/Madrid", from, to, &["2026-03-29T01:00"]);
    check("*/15 2 * * *", "Europe/Madrid", from, to, &["2026-03-29T01:00"]);
    check("0,30 1-3 * * *", "Europe/Madrid", from, to, &["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]);
    check("0 3 * * *", "Europe/Madrid", from, to, &["2026-03-29T01:00"]);
    check("30 * * * *", "Europe/Madrid", from, to, &["2026-03-29T00:30", "2026-03-29T01:30"]);
    check("0 * * * *", "Europe/Madrid", from, to, &["2026-03-29T01:00", "2026-03-29T02:00"]);
    check("0 */2 * * *", "Europe/Madrid", from, "2026-03-29T03:00", &["2026-03-29T02:00"]);
    check("30 2 29 3 *", "Europe/Madrid", "2026-01-01T00:00", "2026-12-31T00:00", &["2026-03-29T01:00"]);
    // New York: at 2026-03-08T07:00Z from 2 to 3.
    check("30 2 * * *", "America/New_York", "2026-03-08T06:00", "2026-03-08T09:00", &["2026-03-08T07:00"]);
    check(
        "*/30 * * * *",
        "America/New_York",
        "2026-03-08T06:00",
        "2026-03-08T07:30",
        &["2026-03-08T06:30", "2026-03-08T07:00", "2026-03-08T07:30"],
    );
    // Lord Howe: at 2026-10-03T15:30Z from 2:00 to 2:30.
    let (from, to) = ("2026-10-03T14:45", "2026-10-03T17:00");
    check("15 2 * * *", "Australia/Lord_Howe", from, to, &["2026-10-03T15:30"]);
    check("0 2 * * *", "Australia/Lord_Howe", from, to, &["2026-10-03T15:30"]);
    check("30 2 * * *", "Australia/Lord_Howe", from, to, &["2026-10-03T15:30"]);
    check("15 * * * *", "Australia/Lord_Howe", from, to, &["2026-10-03T16:15"]);
    check("0 * * * *", "Australia/Lord_Howe", from, to, &["2026-10-03T16:00", "2026-10-03T17:00"]);
}

#[test]
fn an_hour_that_comes_twice() {
    // Madrid: at 2026-10-25T01:00Z the clock goes from 3 to 2.
    let (from, to) = ("2026-10-24T23:45", "2026-10-25T02:30");
    check("30 2 * * *", "Europe/Madrid", from, to, &["2026-10-25T00:30"]);
    check("0 2,3 * * *", "Europe/Madrid", from, to, &["2026-10-25T00:00", "2026-10-25T02:00"]);
    check("30 * * * *", "Europe/Madrid", from, to, &["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"]);
    check("0 */2 * * *", "Europe/Madrid", from, to, &["2026-10-25T00:00", "2026-10-25T01:00"]);
    // Asked in the second of the two hours.
    check("30 2 * * *", "Europe/Madrid", "2026-10-25T01:15", "2026-10-26T02:00", &["2026-10-26T01:30"]);
    // New York: at 2026-11-01T06:00Z from 2 to 1.
    check("30 1 * * *", "America/New_York", "2026-11-01T04:00", "2026-11-01T08:00", &["2026-11-01T05:30"]);
    check(
        "0 * * * *",
        "America/New_York",
        "2026-11-01T04:30",
        "2026-11-01T07:00",
        &["2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00"],
    );
    // Lord Howe: at 2026-04-04T15:00Z from 2:00 to 1:30.
    let (from, to) = ("2026-04-04T14:00", "2026-04-04T15:30");
    check("45 1 * * *", "Australia/Lord_Howe", from, to, &["2026-04-04T14:45"]);
    check("45 * * * *", "Australia/Lord_Howe", from, to, &["2026-04-04T14:45", "2026-04-04T15:15"]);
    check(
        "*/30 * * * *",
        "Australia/Lord_Howe",
        from,
        to,
        &["2026-04-04T14:30", "2026-04-04T15:00", "2026-04-04T15:30"],
    );
}

#[test]
fn a_year_has_as_many_firings_as_days_and_hours() {
    let (from, to) = ("2026-01-01T05:59", "2027-01-01T05:59");
    for zone in ZONES {
        let count = |cron: &str| fired(cron, zone, from, to).len();
        assert_eq!(count("30 2 * * *"), 365, "{zone}: a night is neither left out nor repeated");
        assert_eq!(count("0 6 * * 1-5"), 261, "{zone}");
        // In Lord Howe the half hour from 2:00 is skipped, and that from 1:30 comes twice.
        let half_hour = usize::from(zone == ZONES[2]);
        assert_eq!(count("0 * * * *"), 365 * 24 - half_hour, "{zone}");
        assert_eq!(count("*/30 * * * *"), 365 * 48, "{zone}");
        assert_eq!(count("15 * * * *"), 365 * 24 - half_hour, "{zone}");
        assert_eq!(count("45 * * * *"), 365 * 24 + half_hour, "{zone}");
    }
}

#[test]
fn days_are_those_of_the_calendar() {
    let days = |cron: &str, to: &str| fired(cron, "UTC", "2026-10-30T12:00", to);
    let last = ["2026-10-31T00:00", "2026-11-30T00:00", "2026-12-31T00:00", "2027-01-31T00:00"];
    assert_eq!(days("0 0 L * *", "2027-02-01T00:00"), last);
    assert_eq!(days("0 0 L,1 12 *", "2027-02-01T00:00"), ["2026-12-01T00:00", "2026-12-31T00:00"]);
    assert_eq!(days("0 0 L 1-11 *", "2027-01-01T00:00"), last[..2]);
    assert_eq!(days("0 0 * * 5#3", "2027-01-01T00:00"), ["2026-11-20T00:00", "2026-12-18T00:00"]);
    assert_eq!(days("0 0 1W * *", "2026-12-03T00:00"), ["2026-11-02T00:00", "2026-12-01T00:00"]);
    assert_eq!(days("0 0 13 * FRI", "2026-11-14T00:00"), ["2026-11-06T00:00", "2026-11-13T00:00"]);
    assert_eq!(fired("0 0 29 2 *", "UTC", "2097-01-01T00:00", "2105-01-01T00:00"), ["2104-02-29T00:00"]);
    assert_eq!(fired("0 0 */29 2 5", "UTC", "2026-01-01T00:00", "2060-01-01T00:00").len(), 5);
}

#[test]
fn what_is_not_an_expression_is_refused_by_field() {
    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let error = Cron::parse(text).unwrap_err().to_string();
        assert!(error.contains(expect), "{text:?}: {error}");
    }
    for text in ["", "0", "@daily", "0 6 * *", "0 0 6 * * *", "0 6 * * * Europe/Madrid"] {
        refused(text, "needs five: minute, hour");
    }
    refused("60 6 * * *", "the minute \"60\"");
    refused("H 6 * * *", "the minute \"H\"");
    refused("0 24 * * *", "the hour \"24\" of the cron expression cannot be read; it takes 0 to 23");
    refused("0 6-5 * * *", "the hour");
    refused("0 6 0 * *", "the day of the month \"0\"");
    refused("0 6 ? * *", "the day of the month \"?\"");
    refused("0 6 * 13 *", "the month \"13\"");
    refused("0 6 * * 8", "the day of the week \"8\"");
    refused("0 6 * * 1,5L", "the day of the week \"1,5L\"");
    refused("*/0 6 * * *", "the minute \"*/0\"");
    refused("0 0 31 2 *", "never comes");
    refused("0 0 30 2 *", "never comes");
    assert_eq!(Cron::parse(" 0\t6 *  JAN-mar\nMON ").unwrap().text(), "0 6 * JAN-mar MON");
}

#[test]
fn the_last_of_many_missed_times_is_found() {
    let cron = Cron::parse("* * * * *").unwrap();
    let check = |cron: &Cron, after: &str, until: &str, expect: Option<&str>| {
        let last = cron.last_until(instant(after), instant(until), &zone("Europe/Madrid"));
        assert_eq!(last, expect.map(instant), "{after} {until}");
    };
    check(&cron, "2016-01-01T00:00", "2026-10-25T01:30", Some("2026-10-25T01:30"));
    let yearly = Cron::parse("0 6 1 1 *").unwrap();
    check(&yearly, "2016-01-01T00:00", "2026-10-25T01:30", Some("2026-01-01T05:00"));
    check(&yearly, "2026-01-01T05:00", "2026-10-25T01:30", None);
    check(&yearly, "2026-01-01T05:01", "2026-01-01T05:00", None);
}

/// Says for each minute of a span whether an expression of numbers and stars fires: it looks at what the clock shows.
fn oracle(minute: Option<i64>, hour: Option<i64>, zone: &Zone, from: Timestamp, minutes: i64) -> Vec<Timestamp> {
    let matches = |wall: i64| {
        let of_day = wall.rem_euclid(24 * 60);
        minute.is_none_or(|minute| of_day % 60 == minute) && hour.is_none_or(|hour| of_day / 60 == hour)
    };
    let shown = |instant: Timestamp| zone.wall(instant).0 / MINUTE_MS;
    // With a fixed hour, a time fires when the clock has shown it or passed it for the first time.
    let mut latest = shown(from);
    let mut fired = Vec::new();
    for count in 1..=minutes {
        let now = from.plus_millis(count * MINUTE_MS);
        let wall = shown(now);
        let is_due = match hour {
            None => matches(wall),
            Some(_) => (latest + 1..=wall).any(matches),
        };
        fired.extend(is_due.then_some(now));
        latest = latest.max(wall);
    }
    fired
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(fields in proptest::collection::vec("[-0-9*/,LW#A-Za-zä ]{1,6}", 4..6)) {
        let text = fields.join(" ");
        if let Ok(cron) = Cron::parse(&text) {
            let next = cron.next_after(instant("2026-03-28T12:00"), &zone(ZONES[0]));
            prop_assert!(next.is_some(), "{}", text);
            let again = Cron::parse(cron.text()).unwrap();
            prop_assert_eq!(again.text(), cron.text());
        }
    }

    #[test]
    fn every_minute_is_as_the_oracle_says(
        place in 0..3_usize,
        minute in proptest::option::of(0..60_i64),
        hour in proptest::option::of(0..5_i64),
        start_day in 0..365_i64,
        around in 0..4_usize,
    ) {
        let zone = zone(ZONES[place]);
        // Most starts are near a change of the clock.
        let mut from = instant("2026-01-01T00:00").plus_millis(start_day * 24 * 60 * MINUTE_MS);
        if around > 0 {
            from = zone.next_change(from).unwrap().plus_millis(-(around as i64) * 8 * 60 * MINUTE_MS);
        }
        let field = |number: Option<i64>| number.map_or("*".to_owned(), |number| number.to_string());
        let cron = Cron::parse(&format!("{} {} * * *", field(minute), field(hour))).unwrap();
        let minutes = 36 * 60;
        let end = from.plus_millis(minutes * MINUTE_MS);
        let mut found = Vec::new();
        let mut at = from;
        while let Some(next) = cron.next_after(at, &zone).filter(|next| *next <= end) {
            prop_assert!(next > at);
            found.push(next);
            at = next;
        }
        prop_assert_eq!(&found, &oracle(minute, hour, &zone, from, minutes));
        // Whatever moment is asked, it is the first one after it.
        let between = from.plus_millis(minutes * MINUTE_MS / 3 + 17);
        prop_assert_eq!(cron.next_after(between, &zone), found.iter().copied().find(|next| *next > between).or(cron.next_after(end, &zone)));
    }

    #[test]
    fn what_fires_is_what_the_clock_shows_except_after_a_gap(
        place in 0..3_usize,
        hours in "(\\*|\\*/2|[0-9]|1-4|0,2,3)",
        minutes in "(\\*/15|[0-5]?[0-9]|0,30)",
        days in "(\\*|1-15|L|\\*/3)",
        weekdays in "(\\*|1-5|0|SAT)",
        start_minute in 0..(366 * 24 * 60_i64),
    ) {
        let zone = zone(ZONES[place]);
        let text = format!("{minutes} {hours} {days} * {weekdays}");
        let cron = Cron::parse(&text).unwrap();
        let mut at = instant("2026-01-01T00:00").plus_millis(start_minute * MINUTE_MS + 1);
        for _ in 0..50 {
            let next = cron.next_after(at, &zone).unwrap();
            prop_assert!(next > at);
            let wall = zone.wall(next);
            let is_shown = cron.next_wall(Wall(wall.0 - 1)) == Some(wall);
            let is_after_gap = zone.next_change(next.plus_millis(-1)) == Some(next);
            prop_assert!(is_shown || is_after_gap, "{} fires at {}", text, next);
            at = next;
        }
    }
}
