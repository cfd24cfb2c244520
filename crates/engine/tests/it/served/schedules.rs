//! Schedules: what is due when, who runs it, and what the history says. Time is an argument.

use super::{BEGIN_MS, Served};
use labelport_engine::schedules::placeholders;
use labelport_engine::schedules::{
    self, Begun, LEASE_MS, NewSchedule, RunEnd, RunStatus, ScheduleRun, begin, end, is_claimed, renew,
};
use labelport_model::cron::Cron;
use labelport_model::problem::ProblemKind;
use labelport_model::time::{Timestamp, Zone};
use labelport_store::Connection;
use labelport_store::tables::items::{self, ItemKind};
use std::sync::Barrier;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_export(&format!("{text}:00Z")).unwrap()
}

fn shown(instant: Timestamp) -> String {
    instant.to_string()[..16].to_owned()
}

impl Served {
    /// Creates a schedule at a time; its name is its expression.
    fn scheduled(&self, cron: &str, zone: &str, now: Timestamp) -> String {
        let new = NewSchedule {
            name: cron.to_owned(),
            cron: Cron::parse(cron).unwrap(),
            zone: Zone::parse(zone).unwrap(),
            arguments: ["export", "catalog", "-o", "{date}.ndjson"].map(str::to_owned).to_vec(),
            folder: "/exports".to_owned(),
            skip_unchanged: false,
        };
        schedules::create(&self.workspace, new, now).unwrap().name
    }

    fn begin(&self, now: Timestamp) -> Option<Begun> {
        begin(&self.workspace, "one", now).unwrap()
    }

    fn end(&self, begun: &Begun, status: RunStatus, now: Timestamp) -> bool {
        let reason = (status == RunStatus::Failed).then(|| "no room".to_owned());
        let (rows, sha256) = (Some(7), (status == RunStatus::Complete).then(|| "aa".to_owned()));
        end(&self.workspace, begun, RunEnd { status, reason, rows, sha256, task_id: None }, now).unwrap()
    }

    fn next(&self, name: &str) -> Option<String> {
        schedules::get(&self.workspace, name).unwrap().body.next().map(shown)
    }

    fn runs(&self, name: &str) -> Vec<ScheduleRun> {
        let schedule = schedules::get(&self.workspace, name).unwrap();
        schedules::history(&self.workspace, &schedule, 1_000).unwrap()
    }

    /// Returns for which times a schedule ran and what came of it, oldest first.
    fn history(&self, name: &str) -> Vec<(String, RunStatus)> {
        self.runs(name).iter().rev().map(|run| (shown(run.due), run.status)).collect()
    }
}

#[test]
fn a_nightly_schedule_crosses_both_changes_of_the_clock_of_a_year() {
    // The times around the changes, in UTC: a skipped time runs after the gap, a repeated one the first time.
    let cases = [
        ("Europe/Madrid", ["03-28T01:30", "03-29T01:00", "03-30T00:30"], ["10-24T00:30", "10-25T00:30", "10-26T01:30"]),
        (
            "America/New_York",
            ["03-07T07:30", "03-08T07:00", "03-09T06:30"],
            ["10-31T06:30", "11-01T07:30", "11-02T07:30"],
        ),
        (
            "Australia/Lord_Howe",
            ["10-02T16:00", "10-03T15:30", "10-04T15:30"],
            ["04-03T15:30", "04-04T16:00", "04-05T16:00"],
        ),
    ];
    let served = Served::new();
    for (zone, gap, fold) in cases {
        // Lord Howe skips half an hour only, so 2:30 is there.
        let cron = "30 2 * * *";
        let name = served.scheduled(cron, zone, at("2026-01-01T12:00"));
        let mut dues = Vec::new();
        while let Some(next) = schedules::get(&served.workspace, &name).unwrap().body.next() {
            if next > at("2027-01-01T12:00") {
                break;
            }
            assert!(served.begin(next.plus_millis(-1)).is_none(), "{next}");
            // A server looks now and then, not on the minute.
            let now = next.plus_millis(1_700);
            let begun = served.begin(now).unwrap();
            assert_eq!(begun.times.due, next);
            dues.push(shown(begun.times.due)[5..].to_owned());
            served.end(&begun, RunStatus::Complete, now.plus_millis(5_000));
        }
        assert_eq!(dues.len(), 365, "{zone}");
        for expect in [gap, fold] {
            let place = dues.iter().position(|due| *due == expect[0]).unwrap_or_else(|| panic!("{expect:?}: {dues:?}"));
            assert_eq!(dues[place..place + 3], expect, "{zone}");
        }
        schedules::delete(&served.workspace, &name).unwrap();
    }
}

#[test]
fn what_was_missed_runs_once_for_the_latest_time() {
    let served = Served::new();
    let name = served.scheduled("0 6 * * 1-5", "Europe/Madrid", at("2026-03-02T12:00"));
    assert_eq!(served.next(&name).unwrap(), "2026-03-03T05:00");
    // No server ran for a month.
    let now = at("2026-04-05T11:00");
    let begun = served.begin(now).unwrap();
    assert_eq!(shown(begun.times.due), "2026-04-03T04:00");
    assert!(served.begin(now).is_none());
    served.end(&begun, RunStatus::Complete, now);
    assert!(served.begin(now).is_none());
    assert_eq!(served.next(&name).unwrap(), "2026-04-06T04:00");
    assert_eq!(served.history(&name), [("2026-04-03T04:00".to_owned(), RunStatus::Complete)]);
    // A clock that is set back does not bring a time again.
    assert!(served.begin(at("2026-04-03T04:00")).is_none());
}

#[test]
fn what_is_due_while_one_runs_is_skipped_with_a_reason() {
    let served = Served::new();
    let name = served.scheduled("*/10 * * * *", "UTC", at("2026-01-01T12:01"));
    let first = served.begin(at("2026-01-01T12:10")).unwrap();
    assert!(served.begin(at("2026-01-01T12:19")).is_none());
    assert_eq!(served.runs(&name).len(), 1);
    assert!(renew(&served.workspace, &first, at("2026-01-01T12:41")).unwrap());
    assert!(served.begin(at("2026-01-01T12:41")).is_none());
    assert!(served.end(&first, RunStatus::Complete, at("2026-01-01T12:42")));
    assert_eq!(served.next(&name).unwrap(), "2026-01-01T12:50");
    let expect = [("2026-01-01T12:10", RunStatus::Complete), ("2026-01-01T12:40", RunStatus::Skipped)];
    assert_eq!(served.history(&name), expect.map(|(due, status)| (due.to_owned(), status)));
    assert_eq!(served.runs(&name)[0].reason.as_deref(), Some("the run before it had not ended"));
}

#[test]
fn what_was_due_while_paused_does_not_run() {
    let served = Served::new();
    let name = served.scheduled("0 * * * *", "UTC", at("2026-01-01T12:01"));
    let workspace = &served.workspace;
    schedules::pause(workspace, &name, at("2026-01-01T12:30")).unwrap();
    assert_eq!(served.next(&name), None);
    assert!(served.begin(at("2026-01-03T00:00")).is_none());
    // Somebody can run it all the same, once.
    schedules::run_now(workspace, &name, at("2026-01-03T00:10")).unwrap();
    let asked = served.begin(at("2026-01-03T00:11")).unwrap();
    assert_eq!(shown(asked.times.due), "2026-01-03T00:10");
    let refused = schedules::run_now(workspace, &name, at("2026-01-03T00:12")).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict);
    // It was paused meanwhile, so what is interrupted does not come again.
    served.end(&asked, RunStatus::Interrupted, at("2026-01-03T00:13"));
    assert!(served.begin(at("2026-01-03T01:30")).is_none());
    schedules::resume(workspace, &name, at("2026-01-03T01:30")).unwrap();
    assert!(served.begin(at("2026-01-03T01:31")).is_none());
    assert_eq!(served.next(&name).unwrap(), "2026-01-03T02:00");
    schedules::resume(workspace, &name, at("2026-01-03T03:30")).unwrap();
    assert_eq!(served.next(&name).unwrap(), "2026-01-03T02:00", "it was not paused");
    assert_eq!(served.runs(&name).len(), 1);
}

#[test]
fn one_that_is_asked_for_leaves_the_clock_as_it_is() {
    let served = Served::new();
    let name = served.scheduled("0 6 * * *", "UTC", at("2026-01-01T12:00"));
    schedules::run_now(&served.workspace, &name, at("2026-01-01T12:05")).unwrap();
    let asked = served.begin(at("2026-01-01T12:06")).unwrap();
    served.end(&asked, RunStatus::Failed, at("2026-01-01T12:07"));
    assert_eq!(served.next(&name).unwrap(), "2026-01-02T06:00");
    let run = &served.runs(&name)[0];
    assert_eq!((run.status, run.reason.as_deref()), (RunStatus::Failed, Some("no room")));
    assert!(served.begin(at("2026-01-02T05:59")).is_none(), "a failure is not tried again");
    assert!(served.begin(at("2026-01-02T06:00")).is_some());
}

#[test]
fn two_servers_never_run_one_time_twice() {
    let served = Served::new();
    let name = served.scheduled("0 * * * *", "UTC", at("2026-01-01T00:30"));
    for hour in 1..20 {
        let now = at("2026-01-01T00:00").plus_millis(hour * 60 * MINUTE_MS);
        let start = Barrier::new(2);
        let claim = |owner| {
            start.wait();
            begin(&served.workspace, owner, now).unwrap()
        };
        let claims = std::thread::scope(|scope| {
            let other = scope.spawn(|| claim("two"));
            [claim("one"), other.join().unwrap()]
        });
        let begun: Vec<Begun> = claims.into_iter().flatten().collect();
        assert_eq!(begun.len(), 1, "hour {hour}");
        assert!(served.end(&begun[0], RunStatus::Complete, now));
        assert!(begin(&served.workspace, "two", now).unwrap().is_none());
    }
    assert_eq!(served.runs(&name).len(), 19);
}

#[test]
fn the_run_of_a_server_that_ended_runs_again() {
    let served = Served::new();
    let name = served.scheduled("0 6 * * *", "UTC", at("2026-01-01T12:00"));
    let mut now = at("2026-01-02T06:00");
    let lost = begin(&served.workspace, "old", now).unwrap().unwrap();
    assert!(served.begin(now.plus_millis(LEASE_MS - 1)).is_none(), "it has its lease");
    assert!(begin(&served.workspace, "old", now.plus_millis(10 * LEASE_MS)).unwrap().is_none(), "it is its own");
    now = now.plus_millis(LEASE_MS);
    let again = served.begin(now).unwrap();
    assert_eq!(again.times.due, lost.times.due);
    // The server was slow, not gone: it finds out.
    assert!(!is_claimed(&served.workspace, &lost).unwrap() && is_claimed(&served.workspace, &again).unwrap());
    assert!(!renew(&served.workspace, &lost, now).unwrap());
    assert!(!served.end(&lost, RunStatus::Complete, now));
    assert!(renew(&served.workspace, &again, now.plus_millis(LEASE_MS / 2)).unwrap());
    assert!(begin(&served.workspace, "old", now.plus_millis(LEASE_MS)).unwrap().is_none(), "it was renewed");
    assert!(served.end(&again, RunStatus::Complete, now));
    let six = || "2026-01-02T06:00".to_owned();
    assert_eq!(served.history(&name), [(six(), RunStatus::Interrupted), (six(), RunStatus::Complete)]);
    assert_eq!(served.runs(&name)[1].reason.as_deref(), Some("its server ended"));
    assert_eq!(served.next(&name).unwrap(), "2026-01-03T06:00");
}

#[test]
fn a_run_that_ends_every_server_is_left_to_the_next_time() {
    let served = Served::new();
    let name = served.scheduled("0 6 * * *", "UTC", at("2026-01-01T12:00"));
    let mut now = at("2026-01-02T06:00");
    for owner in ["one", "two", "three"] {
        assert!(begin(&served.workspace, owner, now).unwrap().is_some(), "{owner}");
        now = now.plus_millis(LEASE_MS);
    }
    assert!(begin(&served.workspace, "four", now).unwrap().is_none());
    assert_eq!(served.runs(&name).len(), 3);
    assert!(served.runs(&name)[0].reason.as_deref().unwrap().contains("the third in a row"));
    assert!(begin(&served.workspace, "four", at("2026-01-03T06:00")).unwrap().is_some());
}

#[test]
fn an_interrupted_run_is_due_again_at_the_next_start() {
    let served = Served::new();
    let name = served.scheduled("0 6 * * *", "UTC", at("2026-01-01T12:00"));
    let now = at("2026-01-02T06:00");
    let begun = served.begin(now).unwrap();
    served.end(&begun, RunStatus::Interrupted, now);
    let again = begin(&served.workspace, "two", now.plus_millis(1_000)).unwrap().unwrap();
    assert_eq!(again.times.due, begun.times.due);
    served.end(&again, RunStatus::Interrupted, now);
    // Two days later it is one run, for the latest time.
    let later = served.begin(at("2026-01-04T07:00")).unwrap();
    assert_eq!(shown(later.times.due), "2026-01-04T06:00");
    served.end(&later, RunStatus::Unchanged, at("2026-01-04T07:00"));
    assert_eq!(served.next(&name).unwrap(), "2026-01-05T06:00");
}

#[test]
fn what_has_been_due_longest_runs_first() {
    let served = Served::new();
    let now = at("2026-01-01T12:00");
    let (late, early) = (served.scheduled("30 6 * * *", "UTC", now), served.scheduled("0 6 * * *", "UTC", now));
    let begun: Vec<String> =
        (0..3).filter_map(|_| served.begin(at("2026-01-02T07:00"))).map(|run| run.schedule.name).collect();
    assert_eq!(begun, [early, late]);
}

#[test]
fn schedules_are_found_by_name_and_id_and_go_with_their_history() {
    let served = Served::new();
    let workspace = &served.workspace;
    let now = Timestamp::from_millis(BEGIN_MS);
    let name = served.scheduled("0 6 * * *", "Europe/Madrid", now);
    let made = schedules::get(workspace, &name).unwrap();
    assert_eq!(schedules::get(workspace, &made.id).unwrap(), made);
    assert_eq!(schedules::list(workspace).unwrap(), std::slice::from_ref(&made));
    let mut new = NewSchedule {
        name: name.clone(),
        cron: Cron::parse("* * * * *").unwrap(),
        zone: Zone::utc(),
        arguments: Vec::new(),
        folder: "/".to_owned(),
        skip_unchanged: true,
    };
    let refused = schedules::create(workspace, new.clone(), now).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Conflict);
    for name in ["", " a", "a\nb", &"x".repeat(101)] {
        new.name = name.to_owned();
        let refused = schedules::create(workspace, new.clone(), now).unwrap_err();
        assert_eq!(refused.kind, ProblemKind::Malformed, "{name:?}");
    }
    let begun = served.begin(now.plus_millis(DAY_MS)).unwrap();
    schedules::delete(workspace, &name).unwrap();
    assert!(!is_claimed(workspace, &begun).unwrap(), "its server stops it");
    assert!(!renew(workspace, &begun, now).unwrap());
    assert!(!served.end(&begun, RunStatus::Complete, now));
    for gone in [
        schedules::get(workspace, &name).map(drop),
        schedules::delete(workspace, &name).map(drop),
        schedules::pause(workspace, &name, now).map(drop),
    ] {
        assert_eq!(gone.unwrap_err().kind, ProblemKind::NotFound);
    }
}

/// Changes the stored values of a schedule, as damage or another version would.
fn damage(served: &Served, name: &str, from: &str, to: &str) {
    let org_key = served.workspace.org_key();
    let mut item = served.read(|db| items::find_named(db, org_key, ItemKind::Schedule, name)).unwrap();
    assert!(item.body.contains(from), "{}", item.body);
    item.body = item.body.replacen(from, to, 1);
    let update = move |db: &mut dyn Connection| Ok(items::update(db, org_key, ItemKind::Schedule, &item)?);
    assert!(served.workspace.write(update).unwrap());
}

#[test]
fn a_schedule_that_cannot_be_read_holds_up_no_other() {
    let served = Served::new();
    let now = at("2026-01-05T00:00");
    let (zone, body) =
        (served.scheduled("0 1 * * *", "Europe/Madrid", now), served.scheduled("0 2 * * *", "Europe/Madrid", now));
    let good = served.scheduled("0 3 * * *", "UTC", now);
    damage(&served, &zone, "Europe/Madrid", "Europe/Nowhere");
    damage(&served, &body, r#""deaths":0"#, r#""deaths":-1"#);
    let later = at("2026-01-05T03:00");
    let begun = served.begin(later).unwrap();
    assert_eq!(begun.schedule.name, good);
    served.end(&begun, RunStatus::Complete, later);
    assert!(served.begin(later.plus_millis(DAY_MS)).is_some_and(|begun| begun.schedule.name == good));
    // One run says why, and it is not tried again and again.
    let [failed] = &served.runs(&zone)[..] else { panic!() };
    assert_eq!(failed.status, RunStatus::Failed);
    assert!(failed.reason.as_ref().unwrap().contains("delete it and create it again"), "{failed:?}");
    let org_key = served.workspace.org_key();
    let found = served.workspace.read(|db| schedules::check(db, org_key)).unwrap();
    let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
    assert!(found.len() == 2 && found[0].contains(&zone) && found[1].contains(&body), "{found:?}");
    for name in [zone, body] {
        assert_eq!(schedules::delete(&served.workspace, &name).unwrap().1, name);
    }
    assert_eq!(served.workspace.read(|db| schedules::check(db, org_key)).unwrap().len(), 0);
}

#[test]
fn what_waits_longest_runs_first() {
    let served = Served::new();
    let now = at("2026-01-05T00:00");
    let (one, other) = (served.scheduled("* * * * *", "UTC", now), served.scheduled("*/1 * * * *", "UTC", now));
    for (minutes, expect) in [(1, &one), (2, &other), (3, &one), (4, &other)] {
        let begun = served.begin(now.plus_millis(minutes * MINUTE_MS)).unwrap();
        assert_eq!(begun.schedule.name, *expect, "{minutes}");
        served.end(&begun, RunStatus::Complete, now.plus_millis(minutes * MINUTE_MS + 1));
    }
}

#[test]
fn no_two_runs_of_a_schedule_begin_in_one_second() {
    let served = Served::new();
    let now = at("2026-01-05T00:00");
    let name = served.scheduled("0 6 * * *", "UTC", now);
    let ask = |now| schedules::run_now(&served.workspace, &name, now).unwrap();
    ask(now);
    let begun = served.begin(now).unwrap();
    served.end(&begun, RunStatus::Complete, now);
    ask(now.plus_millis(500));
    assert!(served.begin(now.plus_millis(999)).is_none());
    let again = served.begin(now.plus_millis(1_000)).unwrap();
    let zone = Zone::utc();
    let names = [begun, again].map(|begun| placeholders::fill("{datetime}", &begun.times, &zone).unwrap());
    assert_eq!(names, ["2026-01-05T000000+0000", "2026-01-05T000001+0000"]);
    // A clock that is set back does not hold it up.
    let earlier = now.plus_millis(-DAY_MS);
    schedules::delete(&served.workspace, &name).unwrap();
    let name = served.scheduled("0 6 * * *", "UTC", earlier);
    schedules::run_now(&served.workspace, &name, now).unwrap();
    let begun = served.begin(now).unwrap();
    served.end(&begun, RunStatus::Complete, now);
    schedules::run_now(&served.workspace, &name, earlier).unwrap();
    assert!(served.begin(earlier).is_some());
}
