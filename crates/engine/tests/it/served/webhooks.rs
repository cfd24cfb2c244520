//! Webhooks: each event once for each webhook that wants it, and sent until the receiver takes it.

use super::{Served, car, cars, everything, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::export::job;
use labelport_engine::webhooks::{
    self, ACTIVE, Creation, Delivery, DeliveryStatus, INACTIVE, Update, announce, deliver,
};
use labelport_engine::webhooks::{TOPICS, signature};
use labelport_engine::{registry, releases};
use labelport_model::problem::ProblemKind;
use labelport_model::request::Scope;
use labelport_model::time::Timestamp;
use labelport_store::tables::tasks::TaskStatus;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const SECRET: &str = "a secret";
const DAY_MS: i64 = 24 * 3_600_000;

/// A receiver that answers each call with the next of its answers, then with 200, and keeps what it gets.
struct Receiver {
    url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// A call that came in.
#[derive(Clone)]
struct Call {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Receiver {
    fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let (kept, mut answers) =
            (Arc::clone(&calls), answers.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        answers.reverse();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let answer = answers.pop().unwrap_or_else(|| status(200));
                answer_with(connection, &answer, &kept);
            }
        });
        Self { url, calls }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<Value> {
        self.calls().iter().map(|call| serde_json::from_str(&call.body).unwrap()).collect()
    }
}

fn answer_with(mut connection: TcpStream, answer: &str, kept: &Mutex<Vec<Call>>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    kept.lock().unwrap().push(Call { path, headers, body: String::from_utf8(body).unwrap() });
    connection.write_all(answer.as_bytes()).unwrap();
}

fn status(code: u16) -> String {
    format!("HTTP/1.1 {code} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

impl Call {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("{name} is missing"), |(_, value)| value)
    }
}

/// Creates a webhook for every topic; returns its id.
fn hook(served: &Served, url: &str, project_id: Option<&str>) -> String {
    let topics: Vec<String> = TOPICS.iter().map(|topic| topic.name.to_owned()).collect();
    hook_for(served, url, project_id, &topics)
}

fn hook_for(served: &Served, url: &str, project_id: Option<&str>, topics: &[String]) -> String {
    let creation = Creation { project_id, topics, url, secret: Some(SECRET), created_by: "" };
    webhooks::create(&served.workspace, &creation).unwrap().webhook.id
}

fn deliveries(served: &Served, hook_id: &str) -> Vec<Delivery> {
    let mut found = webhooks::list_deliveries(&served.workspace, hook_id, 1_000).unwrap();
    found.reverse();
    found
}

/// Returns the topics of the deliveries of a webhook, oldest first.
fn topics(served: &Served, hook_id: &str) -> Vec<String> {
    deliveries(served, hook_id).into_iter().map(|delivery| delivery.topic).collect()
}

fn announce_all(served: &Served) {
    while announce::announce(&served.workspace).unwrap() {}
}

/// Sends what is due; returns how many attempts that were.
fn deliver_all(served: &Served) -> usize {
    std::iter::from_fn(|| deliver::deliver_next(&served.workspace, deliver::Served::All).unwrap().then_some(())).count()
}

/// A workspace that may call receivers of this machine, with rows in a project.
fn filled() -> (Served, String) {
    let served = Served::reaching_itself();
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    (served, project.id)
}

fn export(served: &Served, scope: Scope) {
    export_times(served, &scope, 1);
}

/// Does exports in one go: workers that start announce what has ended by then.
fn export_times(served: &Served, scope: &Scope, times: usize) {
    let start = || job::start(&served.workspace, &served.caller, "a name", &everything(scope.clone())).unwrap();
    let tasks: Vec<_> = (0..times).map(|_| served.order(start)).collect();
    served.settle();
    assert!(tasks.iter().all(|task| served.task(task).status == TaskStatus::Complete));
}

#[test]
fn every_end_of_a_task_is_one_event_for_those_it_concerns() {
    let (served, project_id) = filled();
    // Nothing that happened before is news.
    export(&served, Scope::Catalog);
    let of_all = hook(&served, "http://127.0.0.1:1/", None);
    let of_project = hook(&served, "http://127.0.0.1:1/", Some(&project_id));
    announce_all(&served);
    assert_eq!((topics(&served, &of_all).len(), topics(&served, &of_project).len()), (0, 0));

    export(&served, Scope::Catalog);
    // A name is as good as an id.
    export(&served, Scope::Project("project".to_owned()));
    let canceled = served.order(|| job::start(&served.workspace, &served.caller, "", &everything(Scope::Catalog)));
    registry::cancel(&served.workspace, canceled.unwrap().as_str(), None).unwrap();
    served.import(ImportKind::Label, &project_id, "labels", &[car("g0", "u", 1), car("nothing", "v", 1)]);
    served.rows(&served.dataset("other"), &[image("g2")]);
    let request = everything(Scope::Project(project_id.clone()));
    let release = served.order(|| releases::start(&served.workspace, &served.caller, "first", "", &request)).unwrap();
    served.complete(&release);
    announce_all(&served);
    announce_all(&served);
    let named = |topics: Vec<String>| topics.into_iter().filter(|topic| topic != "rows.changed").collect::<Vec<_>>();
    assert_eq!(
        named(topics(&served, &of_all)),
        [
            "export.finished",
            "export.finished",
            "export.failed",
            "import.finished",
            "import.finished",
            "release.created"
        ]
    );
    assert_eq!(named(topics(&served, &of_project)), ["export.finished", "import.finished", "release.created"]);

    let mut found = deliveries(&served, &of_all);
    found.retain(|delivery| delivery.topic != "rows.changed");
    let data = |index: usize| serde_json::from_str::<Value>(&found[index].body).unwrap()["data"].clone();
    assert_eq!(data(1)["scope"], json!({ "kind": "project", "id": project_id }));
    assert_eq!((&data(1)["rows"], data(1)["sha256"].as_str().unwrap().len()), (&json!(2), 64));
    assert_eq!(data(2)["status"], "CANCELED");
    assert_eq!((&data(3)["refused"], &data(3)["project_id"]), (&json!(1), &json!(project_id)));
    assert_eq!((&data(4)["rows"], &data(4)["refused"]), (&json!(1), &json!(0)));
    assert_eq!(data(5)["release"]["name"], "first");
    // Both webhooks get the same event.
    let mut shared = deliveries(&served, &of_project);
    shared.retain(|delivery| delivery.topic != "rows.changed");
    assert_eq!((&shared[0].event_id, &shared[0].body), (&found[1].event_id, &found[1].body));
    assert!(found.iter().all(|delivery| !delivery.body.contains("a name") && !delivery.body.contains("car")));
}

#[test]
fn a_task_of_any_process_is_announced_when_a_server_runs_again() {
    let (served, _) = filled();
    let hook_id = hook_for(&served, "http://127.0.0.1:1/", None, &["export.finished".to_owned()]);
    for _ in 0..3 {
        export(&served, Scope::Catalog);
    }
    served.pass(10 * DAY_MS);
    announce_all(&served);
    assert_eq!(topics(&served, &hook_id).len(), 3);
    // An active webhook more does not make them news again.
    let later = hook(&served, "http://127.0.0.1:1/", None);
    announce_all(&served);
    assert_eq!((topics(&served, &hook_id).len(), topics(&served, &later).len()), (3, 0));
}

#[test]
fn changes_of_rows_are_reported_once_a_minute_without_a_gap() {
    let (served, project_id) = filled();
    let asked = ["LABEL_UPDATED".to_owned()];
    let of_project = hook_for(&served, "http://127.0.0.1:1/", Some(&project_id), &asked);
    let of_all = hook_for(&served, "http://127.0.0.1:1/", None, &["rows.changed".to_owned()]);
    let ranges = |hook_id: &str| -> Vec<(i64, i64, i64)> {
        let bodies = deliveries(&served, hook_id).into_iter().map(|delivery| delivery.body);
        let data = bodies.map(|body| serde_json::from_str::<Value>(&body).unwrap()["data"].clone());
        data.map(|data| ["after", "up_to", "rows"].map(|key| data[key].as_i64().unwrap()).into()).collect()
    };
    announce_all(&served);
    assert_eq!((ranges(&of_project), ranges(&of_all)), (vec![], vec![]));
    served.import(ImportKind::Label, &project_id, "labels", &[car("g0", "u", 1)]);
    announce_all(&served);
    assert_eq!((ranges(&of_project).len(), ranges(&of_all).len()), (1, 1));
    assert_eq!(ranges(&of_project)[0].2, 1);
    // The next ones wait for the minute, and come as one.
    for name in ["more", "most"] {
        served.import(ImportKind::Label, &project_id, name, &[car("g1", name, 1)]);
        served.pass(10_000);
        announce_all(&served);
    }
    assert_eq!(ranges(&of_project).len(), 1);
    served.pass(40_000);
    announce_all(&served);
    for found in [ranges(&of_project), ranges(&of_all)] {
        let [first, second] = found[..] else { panic!("{found:?}") };
        assert_eq!((first.1, second.2), (second.0, 1));
    }
    // A webhook that asks for them later hears of what comes then.
    let later = hook_for(&served, "http://127.0.0.1:1/", None, &["export.finished".to_owned()]);
    served.import(ImportKind::Label, &project_id, "unheard", &[car("g1", "v", 1)]);
    let update = Update { topics: Some(&asked), ..Update::default() };
    webhooks::update(&served.workspace, &later, &update).unwrap();
    announce_all(&served);
    assert_eq!(ranges(&later), vec![]);
    served.pass(60_000);
    announce_all(&served);
    // A row elsewhere is no news for the project.
    served.pass(60_000);
    served.rows(&served.dataset("other"), &[image("g2")]);
    announce_all(&served);
    assert_eq!((ranges(&of_project).len(), ranges(&of_all).len(), ranges(&later).len()), (3, 4, 1));
    served.import(ImportKind::Label, &project_id, "last", &[car("g1", "w", 1)]);
    served.pass(60_000);
    announce_all(&served);
    for hook_id in [&of_project, &of_all, &later] {
        let found = ranges(hook_id);
        assert!(found.len() > 1 && found.windows(2).all(|pair| pair[0].1 == pair[1].0), "{found:?}");
    }
}

#[test]
fn deliveries_are_signed_and_say_what_happened() {
    let (served, _) = filled();
    let receiver = Receiver::new(&[]);
    let hook_id = hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export(&served, Scope::Catalog);
    announce_all(&served);
    assert_eq!(deliver_all(&served), 1);
    let [call] = &receiver.calls()[..] else { panic!() };
    let [delivery] = &deliveries(&served, &hook_id)[..] else { panic!() };
    assert_eq!((delivery.status, delivery.attempts, delivery.answer), (DeliveryStatus::Delivered, 1, Some(200)));
    assert_eq!((call.path.as_str(), &call.body), ("/hook", &delivery.body));
    assert_eq!(call.header("webhook-id"), delivery.event_id);
    let seconds: i64 = call.header("webhook-timestamp").parse().unwrap();
    let time = Timestamp::from_millis(seconds * 1_000);
    assert_eq!(call.header("webhook-signature"), signature::sign(SECRET, &delivery.event_id, time, &call.body));
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(receiver.bodies()[0]["type"], "export.finished");
}

#[test]
fn whatever_the_receiver_does_the_event_arrives_and_nothing_else_is_called() {
    let redirect = "HTTP/1.1 307 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (server_error, refusal) = (status(500), status(404));
    let answers = ["", "moon\r\n\r\n", &server_error, redirect, &refusal, "HTTP/1.1 200"];
    let (served, _) = filled();
    let receiver = Receiver::new(&answers);
    let hook_id = hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export(&served, Scope::Catalog);
    announce_all(&served);
    let said = [
        "cannot be reached",
        "cannot be reached",
        "answered with status 500",
        "redirects (status 307), which is not followed",
        "answered with status 404",
        "cannot be reached",
    ];
    for (attempt, said) in (1..).zip(said) {
        assert_eq!(deliver_all(&served), 1);
        let [delivery] = &deliveries(&served, &hook_id)[..] else { panic!() };
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Waiting, attempt));
        assert!(delivery.error.as_deref().unwrap().contains(said), "{:?}", delivery.error);
        // Not a moment before it has rested.
        let rest = delivery.next.as_millis() - served.workspace.now().as_millis();
        assert_eq!(rest, 5_000 << (attempt - 1));
        served.pass(rest - 1);
        assert_eq!(deliver_all(&served), 0);
        served.pass(1);
    }
    assert_eq!(deliver_all(&served), 1);
    let calls = receiver.calls();
    assert_eq!(calls.len(), 7);
    let ids: Vec<&str> = calls.iter().map(|call| call.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]) && calls.iter().all(|call| call.path == "/hook"));
    assert_eq!(webhooks::get(&served.workspace, &hook_id).unwrap().body.failures, 0);
}

#[test]
fn an_event_is_given_up_after_a_day_and_sent_again_on_demand() {
    let (served, _) = filled();
    let hook_id = hook_for(&served, "http://127.0.0.1:1/", None, &["export.finished".to_owned()]);
    export(&served, Scope::Catalog);
    announce_all(&served);
    let begun = served.workspace.now().as_millis();
    let delivery = || deliveries(&served, &hook_id).remove(0);
    while delivery().status == DeliveryStatus::Waiting {
        assert_eq!(deliver_all(&served), 1);
        served.pass(delivery().next.as_millis() - served.workspace.now().as_millis());
    }
    let (attempts, ended) = (delivery().attempts, delivery().ended.unwrap().as_millis() - begun);
    assert!((30..40).contains(&attempts) && (DAY_MS - 3_600_000..=DAY_MS).contains(&ended), "{attempts} {ended}");
    let receiver = Receiver::new(&[]);
    let update = Update { url: Some(&receiver.url), ..Update::default() };
    webhooks::update(&served.workspace, &hook_id, &update).unwrap();
    assert_eq!(deliver_all(&served), 0);
    deliver::resend(&served.workspace, &delivery().id).unwrap();
    assert_eq!(deliver_all(&served), 1);
    assert_eq!((delivery().status, receiver.calls().len()), (DeliveryStatus::Delivered, 1));
    assert_eq!(receiver.calls()[0].header("webhook-id"), delivery().event_id);
    // What ended a month ago is forgotten.
    served.pass(deliver::LISTED_MS + 1);
    deliver::tidy(&served.workspace).unwrap();
    assert_eq!(deliveries(&served, &hook_id), []);
}

#[test]
fn a_receiver_that_is_gone_turns_its_webhook_off() {
    let (served, _) = filled();
    let receiver = Receiver::new(&[&status(410)]);
    let hook_id = hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export_times(&served, &Scope::Catalog, 2);
    announce_all(&served);
    assert_eq!(deliver_all(&served), 1);
    let statuses: Vec<_> = deliveries(&served, &hook_id).into_iter().map(|each| (each.status, each.attempts)).collect();
    assert_eq!(statuses, [(DeliveryStatus::Failed, 1), (DeliveryStatus::Failed, 0)]);
    assert_eq!(webhooks::get(&served.workspace, &hook_id).unwrap().body.status, INACTIVE);
    export(&served, Scope::Catalog);
    announce_all(&served);
    let refused = deliver::resend(&served.workspace, &deliveries(&served, &hook_id)[0].id).unwrap_err();
    assert!(refused.kind == ProblemKind::NotAllowed && refused.message.contains("webhook enable"), "{refused:?}");
    let update = Update { status: Some(ACTIVE), ..Update::default() };
    webhooks::update(&served.workspace, &hook_id, &update).unwrap();
    announce_all(&served);
    assert_eq!(deliveries(&served, &hook_id).len(), 2, "what happened while it was off is not reported");
    deliver::resend(&served.workspace, &deliveries(&served, &hook_id)[0].id).unwrap();
    assert_eq!(deliver_all(&served), 1);
    assert_eq!(receiver.calls().len(), 2);
}

#[test]
fn a_webhook_that_is_down_and_a_refused_event_hold_up_nothing_else() {
    let (served, _) = filled();
    let asked = ["export.finished".to_owned()];
    let down = hook_for(&served, "http://127.0.0.1:1/", None, &asked);
    let receiver = Receiver::new(&[&status(400)]);
    let hook_id = hook_for(&served, &receiver.url, None, &asked);
    export_times(&served, &Scope::Catalog, 5);
    announce_all(&served);
    // One attempt each, and both rest.
    assert_eq!(deliver_all(&served), 2);
    served.pass(5_000);
    // The refused event comes after those that were not tried yet.
    assert_eq!(deliver_all(&served), 6);
    let delivered = |hook_id: &str| {
        let all = deliveries(&served, hook_id);
        all.into_iter().filter(|each| each.status == DeliveryStatus::Delivered).count()
    };
    assert_eq!((delivered(&down), delivered(&hook_id)), (0, 5));
    let ids: std::collections::BTreeSet<String> =
        receiver.calls().iter().map(|call| call.header("webhook-id").to_owned()).collect();
    assert_eq!((receiver.calls().len(), ids.len()), (6, 5));
}

#[test]
fn an_event_that_was_refused_often_delays_the_next_one_by_seconds() {
    let (served, _) = filled();
    let refusal = status(500);
    let receiver = Receiver::new(&[&refusal, &refusal, &refusal, &refusal, &refusal]);
    let hook_id = hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export(&served, Scope::Catalog);
    announce_all(&served);
    for attempt in 0..5 {
        assert_eq!(deliver_all(&served), 1, "{attempt}");
        served.pass(5_000 << attempt);
    }
    // The refused event waits for more than a minute, and the next one does not.
    served.pass(-75_000);
    export(&served, Scope::Catalog);
    announce_all(&served);
    assert_eq!(deliver_all(&served), 1);
    let statuses: Vec<_> = deliveries(&served, &hook_id).into_iter().map(|each| each.status).collect();
    assert_eq!(statuses, [DeliveryStatus::Waiting, DeliveryStatus::Delivered]);
}

#[test]
fn webhooks_take_turns_and_slow_ones_are_left_out_where_that_is_asked() {
    let (served, _) = filled();
    let (one, other) = (Receiver::new(&[]), Receiver::new(&[]));
    let asked = ["export.finished".to_owned()];
    for receiver in [&one, &other] {
        hook_for(&served, &receiver.url, None, &asked);
    }
    export_times(&served, &Scope::Catalog, 5);
    announce_all(&served);
    let next = |lane| {
        served.pass(1);
        deliver::deliver_next(&served.workspace, lane).unwrap();
        (one.calls().len(), other.calls().len())
    };
    assert_eq!([(); 4].map(|()| next(deliver::Served::All)), [(1, 0), (1, 1), (2, 1), (2, 2)]);
    // From here on the first receiver takes long to answer.
    served.clock.step.store(1_500, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(next(deliver::Served::All), (3, 2));
    served.clock.step.store(0, std::sync::atomic::Ordering::Relaxed);
    let quick = [(); 4].map(|()| next(deliver::Served::Quick));
    assert_eq!(quick, [(3, 3), (3, 4), (3, 5), (3, 5)]);
    assert_eq!(next(deliver::Served::All), (4, 5));
}

#[test]
fn a_delivery_whose_sender_died_is_sent_again() {
    let (served, _) = filled();
    let receiver = Receiver::new(&[]);
    let hook_id = hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export_times(&served, &Scope::Catalog, 2);
    announce_all(&served);
    let delivery = deliveries(&served, &hook_id).remove(0);
    let claimed = Delivery { claimed: served.workspace.now().plus_millis(20_000), ..delivery };
    let claim = move |connection: &mut dyn labelport_store::Connection| {
        Ok(labelport_store::tables::webhook_deliveries::update(connection, &claimed)?)
    };
    served.workspace.write(claim).unwrap();
    assert_eq!(deliver_all(&served), 0, "one delivery of a webhook is on its way at a time");
    served.pass(20_000);
    assert_eq!((deliver_all(&served), receiver.calls().len()), (2, 2));
}

#[test]
fn a_test_is_sent_at_once_and_changes_nothing() {
    let (served, _) = filled();
    let (gone, broken) = (status(410), status(500));
    let receiver = Receiver::new(&[&broken, &gone]);
    let hook_id = hook(&served, &receiver.url, None);
    for answer in [500, 410, 200] {
        let tested = deliver::test(&served.workspace, &hook_id).unwrap();
        assert_eq!((tested.answer, tested.error.is_none()), (Some(answer), answer == 200));
    }
    let found = webhooks::get(&served.workspace, &hook_id).unwrap().body;
    assert_eq!((found.status.as_str(), found.failures), (ACTIVE, 0));
    served.pass(DAY_MS);
    assert_eq!((deliver_all(&served), receiver.calls().len()), (0, 3));
    assert!(receiver.bodies().iter().all(|body| body["type"] == deliver::TEST));
}

#[test]
fn private_addresses_are_not_called_unless_the_operator_says_so() {
    let served = Served::new();
    let receiver = Receiver::new(&[]);
    let hook_id = hook(&served, &receiver.url, None);
    let tested = deliver::test(&served.workspace, &hook_id).unwrap();
    assert!(tested.error.unwrap().contains("--allow-fetch"));
    assert_eq!(receiver.calls().len(), 0);
}

#[test]
fn deliveries_go_with_their_webhook_and_webhooks_with_their_project() {
    let (served, project_id) = filled();
    let of_project = hook(&served, "http://127.0.0.1:1/", Some(&project_id));
    let other = hook(&served, "http://127.0.0.1:1/", None);
    export(&served, Scope::Project(project_id.clone()));
    announce_all(&served);
    assert_eq!((deliveries(&served, &of_project).len(), deliveries(&served, &other).len()), (1, 1));
    labelport_engine::projects::project::delete(&served.workspace, &project_id).unwrap();
    webhooks::delete(&served.workspace, &other).unwrap();
    assert_eq!(webhooks::list(&served.workspace, None).unwrap().len(), 0);
    assert_eq!((deliver_all(&served), webhooks::delete(&served.workspace, &other).is_err()), (0, true));
}

#[test]
fn the_workers_of_a_server_announce_and_deliver() {
    let (served, _) = filled();
    let receiver = Receiver::new(&[]);
    hook_for(&served, &receiver.url, None, &["export.finished".to_owned()]);
    export(&served, Scope::Catalog);
    let runner = labelport_engine::tasks::Runner::start(
        &served.workspace,
        "server".to_owned(),
        1,
        registry::ROSTER,
        Arc::new(|_| {}),
    );
    // Chores look at the clock, which moves for them.
    let mut is_there = || {
        served.pass(1_000);
        Ok(!receiver.calls().is_empty())
    };
    let patience = std::time::Duration::from_secs(3_600);
    served.workspace.wake_up().wait_until(served.workspace.clock(), patience, &mut is_there).unwrap();
    runner.stop();
    assert_eq!(receiver.calls().len(), 1);
}
