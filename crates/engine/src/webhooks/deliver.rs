//! Sending: a delivery is claimed, sent, and recorded.
//!
//! One delivery of a webhook is on its way at a time, webhooks take turns, and a thread of its own serves those whose
//! receivers answer at once: a slow receiver holds up no other. After a failure the delivery rests for a time that doubles with
//! each further failure, up to an hour. The webhook rests as well: equally long if nobody answers, and briefly if the receiver
//! answers and refuses, since it may take the next event. Those that were tried least go first. A sender that dies leaves a
//! claim that runs out: the delivery is sent again, maybe for the second time.

use super::{
    ACTIVE, Delivery, DeliveryStatus, INACTIVE, TRIED_MS, Webhook, change, get, new_delivery, new_id, signature,
};
use crate::items::{self, Item};
use crate::outbound::{Post, PostError};
use crate::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::tables::webhook_deliveries as deliveries;
use serde_json::json;
use std::time::Duration;

/// For how long deliveries that ended are listed.
pub const LISTED_MS: i64 = 30 * 24 * 3_600_000;
/// How long a receiver may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// A receiver that takes longer to answer is slow.
const SLOW_MS: i64 = 1_000;
/// How long a delivery belongs to its sender.
const CLAIM_MS: i64 = 20_000;
/// How long a webhook rests after its first failure.
const FIRST_REST_MS: i64 = 5_000;
/// How long it rests at most.
const LONGEST_REST_MS: i64 = 3_600_000;
/// The type of the event of [`test`].
pub const TEST: &str = "webhook.test";

/// Which webhooks a sender serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// All.
    All,
    /// Those whose receivers have answered at once.
    Quick,
}

/// Sends a delivery of the webhook whose turn it is; returns whether there was one.
pub fn deliver_next(workspace: &Workspace, served: Served) -> Result<bool, Problem> {
    let Some((hook, delivery)) = claim(workspace, served)? else { return Ok(false) };
    let attempt = send(workspace, &hook, &delivery);
    record(workspace, &hook.id, &delivery.id, attempt)?;
    Ok(true)
}

/// Sends an event of no meaning to a webhook, active or not, and returns what came of it. It is not tried again.
pub fn test(workspace: &Workspace, id: &str) -> Result<Delivery, Problem> {
    let (hook, now, chance) = (get(workspace, id)?, workspace.now(), workspace.chance());
    let body = json!({ "type": TEST, "timestamp": now.to_string(), "data": { "webhook_id": hook.id } }).to_string();
    let mut delivery = new_delivery(chance, &hook.id, &new_id(chance), TEST, &body, now);
    // Nobody else sends it, and it is over with the first attempt.
    delivery.claimed = now.plus_millis(CLAIM_MS);
    delivery.give_up = now;
    let (org_key, new) = (workspace.org_key(), delivery.clone());
    workspace.write(move |connection| {
        deliveries::create(connection, org_key, &new)?;
        Ok(deliveries::update(connection, &new)?)
    })?;
    let attempt = send(workspace, &hook, &delivery);
    record(workspace, &hook.id, &delivery.id, attempt)?;
    find(workspace, &delivery.id)
}

/// Sends a delivery again, whatever came of it, for another day. The id of its event stays the same.
pub fn resend(workspace: &Workspace, id: &str) -> Result<Delivery, Problem> {
    let (org_key, now, named) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let found = deliveries::find(connection, &named)?;
        let mut delivery = found.ok_or_else(|| Problem::not_found("delivery", &named))?;
        let mut hook: Item<Webhook> = items::get(connection, org_key, &delivery.webhook_id)?;
        if hook.body.status != ACTIVE {
            let message = format!(
                "the webhook {} is {}, so nothing is sent to it; turn it on first, with `labelport webhook enable {}`",
                hook.id, hook.body.status, hook.id
            );
            return Err(Problem::new(ProblemKind::NotAllowed, message));
        }
        delivery.status = DeliveryStatus::Waiting;
        (delivery.attempts, delivery.next, delivery.ended) = (0, now, None);
        delivery.give_up = now.plus_millis(TRIED_MS);
        deliveries::update(connection, &delivery)?;
        // Somebody who asks for it has a reason to think that the receiver answers again.
        hook.body.retry_ms = 0;
        hook.update(connection, org_key)?;
        Ok(delivery)
    })
}

/// Returns a delivery.
pub fn find(workspace: &Workspace, id: &str) -> Result<Delivery, Problem> {
    let found = workspace.read(|connection| Ok(deliveries::find(connection, id)?))?;
    found.ok_or_else(|| Problem::not_found("delivery", id))
}

/// Gives up deliveries whose day is over, and forgets those that ended long ago.
pub fn tidy(workspace: &Workspace) -> Result<(), Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let hooks: Vec<Item<Webhook>> = workspace.read(|connection| items::list(connection, org_key))?;
    if hooks.is_empty() {
        return Ok(());
    }
    workspace.write(move |connection| {
        let reason = "it was not sent within a day";
        deliveries::give_up(connection, org_key, now, reason)?;
        Ok(deliveries::remove_ended_before(connection, org_key, now.plus_millis(-LISTED_MS))?)
    })
}

/// Takes a delivery that is due.
fn claim(workspace: &Workspace, served: Served) -> Result<Option<(Item<Webhook>, Delivery)>, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let find = move |connection: &mut dyn labelport_store::Connection| {
        let hooks: Vec<Item<Webhook>> = items::list(connection, org_key)?;
        let mut first: Option<(Item<Webhook>, Delivery)> = None;
        for hook in hooks {
            let is_served = served == Served::All || !hook.body.is_slow;
            if !is_served || hook.body.status != ACTIVE || hook.body.retry_ms > now.as_millis() {
                continue;
            }
            // They take turns.
            if first.as_ref().is_some_and(|(first, _)| first.body.served_ms <= hook.body.served_ms) {
                continue;
            }
            if let Some(due) = deliveries::find_due(connection, &hook.id, now)? {
                first = Some((hook, due));
            }
        }
        Ok(first)
    };
    // Most of the time there is none, and nothing is written.
    if workspace.read(find)?.is_none() {
        return Ok(None);
    }
    workspace.write(move |connection| {
        let Some((mut hook, mut delivery)) = find(connection)? else { return Ok(None) };
        delivery.claimed = now.plus_millis(CLAIM_MS);
        deliveries::update(connection, &delivery)?;
        hook.body.served_ms = now.as_millis();
        hook.update(connection, org_key)?;
        Ok(Some((hook, delivery)))
    })
}

/// What came of sending a delivery once.
struct Attempt {
    /// The HTTP status of the answer.
    outcome: Result<u16, PostError>,
    /// How long it took.
    took_ms: i64,
}

/// Sends a delivery once.
fn send(workspace: &Workspace, hook: &Item<Webhook>, delivery: &Delivery) -> Attempt {
    let now = workspace.now();
    let (time, body) = (signature::seconds(now).to_string(), delivery.body.as_str());
    let signed = signature::sign(&hook.body.secret, &delivery.event_id, now, body);
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", delivery.event_id.as_str()),
        ("webhook-timestamp", time.as_str()),
        ("webhook-signature", signed.as_str()),
    ];
    let post = Post { url: &hook.body.url, headers: &headers, body: body.as_bytes(), time: ANSWER_TIME };
    let outcome = workspace.client().post(&post);
    Attempt { outcome, took_ms: workspace.now().as_millis() - now.as_millis() }
}

/// Records what came of an attempt, in the delivery and in its webhook.
fn record(
    workspace: &Workspace,
    webhook_id: &str,
    id: &str,
    Attempt { outcome, took_ms }: Attempt,
) -> Result<(), Problem> {
    let (now, id) = (workspace.now(), id.to_owned());
    let recorded = change(workspace, webhook_id, move |connection, hook| {
        let Some(mut delivery) = deliveries::find(connection, &id)? else { return Ok(()) };
        delivery.attempts += 1;
        delivery.claimed = Timestamp::from_millis(0);
        hook.body.is_slow = took_ms > SLOW_MS;
        delivery.answer = outcome.as_ref().ok().map(|status| i64::from(*status));
        let is_test = delivery.topic == TEST;
        delivery.error = said(&outcome, is_test);
        match outcome {
            Ok(200..=299) => {
                (delivery.status, delivery.ended) = (DeliveryStatus::Delivered, Some(now));
                (hook.body.failures, hook.body.retry_ms) = (0, 0);
            }
            Ok(410) if !is_test => {
                hook.body.status = INACTIVE.to_owned();
                hook.updated = now;
                (delivery.status, delivery.ended) = (DeliveryStatus::Failed, Some(now));
                let reason = "the receiver answered 410 Gone to another delivery, which turned the webhook off";
                deliveries::give_up_all(connection, &hook.id, now, reason)?;
            }
            _ => {
                delivery.next = now.plus_millis(rest_ms(delivery.attempts));
                if !is_test {
                    hook.body.failures = hook.body.failures.saturating_add(1);
                    let is_refusal = matches!(outcome, Ok(status) if !matches!(status, 429 | 502..=504));
                    let rest = if is_refusal { FIRST_REST_MS } else { rest_ms(hook.body.failures.into()) };
                    hook.body.retry_ms = now.plus_millis(rest).as_millis();
                }
                if delivery.next >= delivery.give_up {
                    (delivery.status, delivery.ended) = (DeliveryStatus::Failed, Some(now));
                }
            }
        }
        log(&delivery, &hook.body.status);
        deliveries::update(connection, &delivery)?;
        Ok(())
    });
    match recorded {
        // It was deleted meanwhile, with its deliveries.
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(()),
        recorded => recorded.map(drop),
    }
}

/// Logs what came of an attempt. URLs may hold secrets of receivers, so none is in a log.
fn log(delivery: &Delivery, webhook_status: &str) {
    let Delivery { id, webhook_id, topic, attempts, error, .. } = delivery;
    let error = error.as_deref().unwrap_or_default();
    match delivery.status {
        DeliveryStatus::Delivered => tracing::debug!(delivery.id = %id, webhook.id = %webhook_id, topic, "delivered"),
        DeliveryStatus::Waiting => {
            tracing::info!(delivery.id = %id, webhook.id = %webhook_id, topic, attempts, error, "An attempt to deliver failed");
        }
        DeliveryStatus::Failed => tracing::warn!(
            delivery.id = %id, webhook.id = %webhook_id, webhook.status = webhook_status, topic, attempts, error,
            "A delivery was given up"
        ),
    }
}

/// Says why an attempt failed.
fn said(outcome: &Result<u16, PostError>, is_test: bool) -> Option<String> {
    match outcome {
        Ok(200..=299) => None,
        Ok(status @ 300..=399) => Some(format!(
            "the receiver redirects (status {status}), which is not followed; use the URL it redirects to"
        )),
        Ok(410) if !is_test => Some("the receiver answered 410 Gone, which turned the webhook off".to_owned()),
        Ok(status) => Some(format!("the receiver answered with status {status}")),
        Err(error) => Some(error.to_string()),
    }
}

/// Returns how long to rest after so many failures in a row.
fn rest_ms(failures: i64) -> i64 {
    (FIRST_REST_MS << (failures - 1).clamp(0, 20)).min(LONGEST_REST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_an_hour() {
        let rests: Vec<i64> = (0..=12).map(|failures| rest_ms(failures) / 1_000).collect();
        assert_eq!(rests, [5, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(rest_ms(i64::MAX), LONGEST_REST_MS);
    }
}
