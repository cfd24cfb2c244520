//! Webhooks and their deliveries. URLs may hold secrets of receivers, so only callers who may change things see them.

use super::{Routes, answered, find_text, refuse_others, text};
use crate::answer;
use crate::app::App;
use crate::deliver::Pairs;
use crate::nodes::time;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::items::Item;
use labelport_engine::webhooks::deliver;
use labelport_engine::webhooks::{self, Creation, Delivery, DeliveryStatus, Update, Webhook};
use labelport_engine::workspace::access::Action;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// How many deliveries a list has if nobody says.
const LISTED: usize = 100;
/// The most deliveries of a list.
const LISTED_LIMIT: usize = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/webhooks", get(list).post(create))
        .route("/api/v1/webhooks/{id}", get(one).patch(change).delete(delete))
        .route("/api/v1/webhooks/{id}/deliveries", get(deliveries))
        .route("/api/v1/webhooks/{id}/test", post(test))
        .route("/api/v1/webhook-deliveries/{id}/resend", post(resend))
}

async fn create(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        refuse_others(&given, &["url", "topics", "projectId", "secret"])?;
        let creation = Creation {
            project_id: find_text(&given, "projectId")?,
            topics: &find_topics(&given)?.unwrap_or_default(),
            url: text(&given, "url")?,
            secret: find_text(&given, "secret")?,
            created_by: &caller.user.email,
        };
        let created = webhooks::create(workspace, &creation)?;
        let mut shown = to_json(&created.webhook);
        shown["secret"] = created.secret.into();
        Ok(shown)
    })
    .await
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, |workspace, _| {
        Ok(webhooks::list(workspace, None)?.iter().map(to_json).collect())
    })
    .await
}

async fn one(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        Ok(to_json(&webhooks::get(workspace, &id)?))
    })
    .await
}

async fn change(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        refuse_others(&given, &["url", "topics", "status"])?;
        let topics = find_topics(&given)?;
        let (url, status) = (find_text(&given, "url")?, find_text(&given, "status")?);
        let update = Update { topics: topics.as_deref(), url, status };
        Ok(to_json(&webhooks::update(workspace, &id, &update)?))
    })
    .await
}

async fn delete(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::NO_CONTENT, move |workspace, _| {
        webhooks::delete(workspace, &id).map(|()| Value::Null)
    })
    .await
}

async fn deliveries(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        let given = pairs.iter().find(|(key, _)| key == "limit").map(|(_, value)| value);
        let wrong =
            |value: &String| given::wrong("limit", &format!("a number from 1 to {LISTED_LIMIT}"), &json!(value));
        let limit = given.map_or(Ok(LISTED), |value| {
            value.parse().ok().filter(|limit| (1..=LISTED_LIMIT).contains(limit)).ok_or_else(|| wrong(value))
        })?;
        Ok(webhooks::list_deliveries(workspace, &id, limit)?.iter().map(delivery_to_json).collect())
    })
    .await
}

/// Sends a test event now; answers with what came of it.
async fn test(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        Ok(delivery_to_json(&deliver::test(workspace, &id)?))
    })
    .await
}

async fn resend(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        Ok(delivery_to_json(&deliver::resend(workspace, &id)?))
    })
    .await
}

/// Finds the topics of a body.
fn find_topics(given: &Value) -> Result<Option<Vec<String>>, Problem> {
    let wrong = || given::wrong("topics", "a list of texts", &given["topics"]);
    match &given["topics"] {
        Value::Null => Ok(None),
        Value::Array(topics) => {
            let read = topics.iter().map(|topic| topic.as_str().map(str::to_owned).ok_or_else(wrong));
            read.collect::<Result<_, _>>().map(Some)
        }
        _ => Err(wrong()),
    }
}

fn to_json(webhook: &Item<Webhook>) -> Value {
    json!({
        "id": webhook.id,
        "projectId": Some(&webhook.parent).filter(|id| !id.is_empty()),
        "topics": webhook.body.topics,
        "url": webhook.body.url,
        "status": webhook.body.status,
        "failures": webhook.body.failures,
        "createdBy": Some(&webhook.created_by).filter(|email| !email.is_empty()),
        "createdAt": time(webhook.created),
        "updatedAt": time(webhook.updated),
    })
}

fn delivery_to_json(delivery: &Delivery) -> Value {
    let next = Some(delivery.next).filter(|_| delivery.status == DeliveryStatus::Waiting);
    json!({
        "id": delivery.id,
        "webhookId": delivery.webhook_id,
        "eventId": delivery.event_id,
        "topic": delivery.topic,
        "status": delivery.status.wire_name(),
        "attempts": delivery.attempts,
        "answer": delivery.answer,
        "error": delivery.error,
        "createdAt": time(delivery.created),
        "nextAt": next.map(time),
        "endedAt": delivery.ended.map(time),
        "body": serde_json::from_str::<Value>(&delivery.body).unwrap_or_default(),
    })
}
