//! Placeholders in the arguments of a schedule, which stand for the time that a run is for.

use labelport_model::time::{Timestamp, Zone};

/// The placeholders, with what they stand for.
pub const PLACEHOLDERS: [(&str, &str); 3] = [
    ("date", "the day that the run is for, such as 2026-11-26"),
    ("time", "the time of day that it is for, such as 0600"),
    ("datetime", "when it begins, such as 2026-11-26T060001+0100, which no other run has"),
];

/// The times of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunTimes {
    /// The time that it is for.
    pub due: Timestamp,
    /// When it begins. No other run of the schedule begins in the same second.
    pub started: Timestamp,
}

/// Why placeholders cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// Nothing has this name.
    #[error(
        "{{{name}}} in {text:?} is not a placeholder; there are {{date}}, {{time}} and {{datetime}}, and {{{{ stands for a brace"
    )]
    Unknown {
        /// The text.
        text: String,
        /// What is between the braces.
        name: String,
    },
    /// A brace is not closed.
    #[error("a brace in {text:?} is not closed; write {{{{ for a brace that begins no placeholder")]
    Open {
        /// The text.
        text: String,
    },
}

/// Fills in the placeholders of a text.
pub fn fill(text: &str, run: &RunTimes, zone: &Zone) -> Result<String, PlaceholderError> {
    let (date, time, _) = zone.shown(run.due);
    let begins = || {
        let (date, time, offset) = zone.shown(run.started);
        let seconds = run.started.as_millis().div_euclid(1_000).rem_euclid(60);
        format!("{date}T{time}{seconds:02}{offset}")
    };
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        // A closing brace alone is one, doubled or not.
        if brace == "}" || after.starts_with('{') {
            filled.push_str(brace);
            rest = after.strip_prefix(brace).unwrap_or(after);
            continue;
        }
        let Some((name, after)) = after.split_once('}') else {
            return Err(PlaceholderError::Open { text: text.to_owned() });
        };
        match name {
            "date" => filled.push_str(&date),
            "time" => filled.push_str(&time),
            "datetime" => filled.push_str(&begins()),
            name => return Err(PlaceholderError::Unknown { text: text.to_owned(), name: name.to_owned() }),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Returns whether a text differs from run to run.
pub fn varies(text: &str, zone: &Zone) -> bool {
    let at = |time| fill(text, &RunTimes { due: time, started: time }, zone);
    at(Timestamp::MIN) != at(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_of_the_zone() {
        let due = Timestamp::parse_export("2026-10-25T00:30:00Z").unwrap();
        let run = RunTimes { due, started: due.plus_millis(1_500) };
        let fill = |text: &str, zone: &str| fill(text, &run, &Zone::parse(zone).unwrap());
        let check = |text: &str, zone: &str, expect: &str| assert_eq!(fill(text, zone).unwrap(), expect);
        check("out/{date}/{time}.ndjson", "Europe/Madrid", "out/2026-10-25/0230.ndjson");
        check("{datetime}", "Europe/Madrid", "2026-10-25T023001+0200");
        check("{date}{time}", "America/New_York", "2026-10-242030");
        check("{datetime}", "Australia/Lord_Howe", "2026-10-25T113001+1100");
        check("{datetime}", "America/St_Johns", "2026-10-24T220001-0230");
        check("{datetime}", "UTC", "2026-10-25T003001+0000");
        check("a{{date}}b}c", "UTC", "a{date}b}c");
        check("plain", "UTC", "plain");
        let refused = |text: &str| fill(text, "UTC").unwrap_err().to_string();
        assert!(refused("x{day}").contains("{day} in \"x{day}\" is not a placeholder; there are {date}, {time}"));
        assert!(refused("{date").contains("is not closed; write {{ for"), "{}", refused("{date"));
        assert!(refused("{}").starts_with("{} in"));
    }

    #[test]
    fn two_runs_in_an_hour_that_comes_twice_have_names_of_their_own() {
        let zone = Zone::parse("Europe/Madrid").unwrap();
        let at = |text: &str| {
            let started = Timestamp::parse_export(text).unwrap();
            fill("{datetime}", &RunTimes { due: Timestamp::MIN, started }, &zone).unwrap()
        };
        assert_ne!(at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z"));
    }

    #[test]
    fn what_has_a_placeholder_varies() {
        let zone = Zone::utc();
        assert!(varies("{time}", &zone) && varies("a/{date}", &zone));
        assert!(!varies("a", &zone) && !varies("{{date}}", &zone));
    }
}
