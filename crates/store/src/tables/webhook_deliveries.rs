//! Events on their way to webhooks: what is sent, to which, and what became of it.
//!
//! `WAITING → DELIVERED | FAILED`, and back to `WAITING` where somebody asks for it. A delivery that is being sent is
//! claimed for a time; one whose sender has gone is sent again when that is over. Nothing here reads a clock.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// The receiver has taken it.
    Delivered,
    /// It is not sent any more.
    Failed,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Failed];

    /// Returns the spelling of the wire and of storage, such as `WAITING`.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
        }
    }

    /// Finds a status by its spelling, exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.wire_name() == text)
    }
}

/// A delivery as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The public id.
    pub id: String,
    /// The id of the webhook.
    pub webhook_id: String,
    /// The id of the event, which all deliveries of it share.
    pub event_id: String,
    /// What happened, such as `export.finished`.
    pub topic: String,
    /// What is sent, JSON.
    pub body: String,
    /// The status.
    pub status: DeliveryStatus,
    /// How often it was sent.
    pub attempts: i64,
    /// When the event happened.
    pub created: Timestamp,
    /// When it is sent next, if it waits.
    pub next: Timestamp,
    /// Until when its sender has it for itself.
    pub claimed: Timestamp,
    /// When it is not sent any more.
    pub give_up: Timestamp,
    /// When it was delivered or given up.
    pub ended: Option<Timestamp>,
    /// The HTTP status of the last answer.
    pub answer: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

const SELECT: &str = "select id, webhook_id, event_id, topic, body, status, attempts, created_ms, next_ms, claimed_ms, \
                      give_up_ms, ended_ms, answer, error from webhook_deliveries where ";

/// Creates a delivery.
pub fn create(connection: &mut dyn Connection, org_key: i64, delivery: &Delivery) -> Result<(), StoreError> {
    connection.execute(
        "insert into webhook_deliveries (org_key, id, webhook_id, event_id, topic, body, status, created_ms, next_ms, \
         give_up_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            org_key.into(),
            (&delivery.id).into(),
            (&delivery.webhook_id).into(),
            (&delivery.event_id).into(),
            (&delivery.topic).into(),
            (&delivery.body).into(),
            delivery.status.wire_name().into(),
            delivery.created.as_millis().into(),
            delivery.next.as_millis().into(),
            delivery.give_up.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Stores what became of a delivery; returns whether it is there.
pub fn update(connection: &mut dyn Connection, delivery: &Delivery) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update webhook_deliveries set status = $1, attempts = $2, next_ms = $3, claimed_ms = $4, give_up_ms = $5, \
         ended_ms = $6, answer = $7, error = $8 where id = $9",
        &[
            delivery.status.wire_name().into(),
            delivery.attempts.into(),
            delivery.next.as_millis().into(),
            delivery.claimed.as_millis().into(),
            delivery.give_up.as_millis().into(),
            delivery.ended.map(Timestamp::as_millis).into(),
            delivery.answer.into(),
            delivery.error.as_ref().into(),
            (&delivery.id).into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Finds a delivery by its id.
pub fn find(connection: &mut dyn Connection, id: &str) -> Result<Option<Delivery>, StoreError> {
    connection.find(&format!("{SELECT} id = $1"), &[id.into()], delivery)?.transpose()
}

/// Lists the deliveries of a webhook, newest first.
pub fn list(connection: &mut dyn Connection, webhook_id: &str, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!("{SELECT} webhook_id = $1 order by delivery_key desc limit {limit}");
    connection.list(&sql, &[webhook_id.into()], delivery)?.into_iter().collect()
}

/// Finds the delivery of a webhook that is to be sent next, unless one of it is being sent. Those that were tried least come
/// first, so that none that is always refused holds up the others.
pub fn find_due(
    connection: &mut dyn Connection,
    webhook_id: &str,
    now: Timestamp,
) -> Result<Option<Delivery>, StoreError> {
    let sql = format!(
        "{SELECT} webhook_id = $1 and status = 'WAITING' and next_ms <= $2 and not exists (select 1 from \
         webhook_deliveries o where o.webhook_id = $1 and o.status = 'WAITING' and o.claimed_ms > $2) \
         order by attempts, delivery_key limit 1"
    );
    connection.find(&sql, &[webhook_id.into(), now.as_millis().into()], delivery)?.transpose()
}

/// Gives up the deliveries whose time is over, with a reason for those that were never sent; returns how many those are.
pub fn give_up(connection: &mut dyn Connection, org_key: i64, now: Timestamp, reason: &str) -> Result<u64, StoreError> {
    let sql = "update webhook_deliveries set status = 'FAILED', ended_ms = $1, error = coalesce(error, $2) \
               where org_key = $3 and status = 'WAITING' and give_up_ms <= $1 and claimed_ms <= $1";
    connection.execute(sql, &[now.as_millis().into(), reason.into(), org_key.into()])
}

/// Gives up everything that waits for a webhook.
pub fn give_up_all(
    connection: &mut dyn Connection,
    webhook_id: &str,
    now: Timestamp,
    reason: &str,
) -> Result<(), StoreError> {
    let sql = "update webhook_deliveries set status = 'FAILED', ended_ms = $1, error = $2 \
               where webhook_id = $3 and status = 'WAITING'";
    connection.execute(sql, &[now.as_millis().into(), reason.into(), webhook_id.into()])?;
    Ok(())
}

/// Removes the deliveries of a webhook.
pub fn remove_all(connection: &mut dyn Connection, webhook_id: &str) -> Result<(), StoreError> {
    connection.execute("delete from webhook_deliveries where webhook_id = $1", &[webhook_id.into()])?;
    Ok(())
}

/// Removes the deliveries that ended before a time.
pub fn remove_ended_before(connection: &mut dyn Connection, org_key: i64, time: Timestamp) -> Result<(), StoreError> {
    let sql = "delete from webhook_deliveries where org_key = $1 and status <> 'WAITING' and ended_ms < $2";
    connection.execute(sql, &[org_key.into(), time.as_millis().into()])?;
    Ok(())
}

fn delivery(row: &dyn RowView) -> Result<Delivery, StoreError> {
    let id = row.text(0).unwrap_or_default();
    let status = row.text(5).unwrap_or_default();
    let unknown = || StoreError::Damaged(format!("delivery {id:?} has an unknown status"));
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    Ok(Delivery {
        status: DeliveryStatus::parse(&status).ok_or_else(unknown)?,
        webhook_id: row.text(1).unwrap_or_default(),
        event_id: row.text(2).unwrap_or_default(),
        topic: row.text(3).unwrap_or_default(),
        body: row.text(4).unwrap_or_default(),
        attempts: row.int(6).unwrap_or(0),
        created: time(7),
        next: time(8),
        claimed: time(9),
        give_up: time(10),
        ended: row.int(11).map(Timestamp::from_millis),
        answer: row.int(12),
        error: row.text(13),
        id,
    })
}
