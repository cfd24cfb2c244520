//! What is known of a row's asset, and why where it is not known.

use super::{Routes, answered};
use crate::app::App;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use labelport_engine::catalog::asset::{self, AssetState};
use labelport_engine::catalog::data_row;
use labelport_engine::workspace::access::Action;
use serde_json::{Value, json};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route("/api/v1/data-rows/{id}/asset", get(one))
}

async fn one(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let row = data_row::get(workspace, &id)?;
        let asset = asset::find(workspace, row.key)?;
        let state = match asset.as_ref().map(|asset| asset.state) {
            Some(AssetState::Waiting) => "waiting",
            Some(AssetState::Unreachable) => "unreachable",
            Some(AssetState::Seen) | None => "seen",
        };
        let attributes = asset.as_ref().and_then(|asset| asset.attributes.as_deref());
        let attributes: Value = attributes.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let notice = asset.and_then(|asset| asset.notice);
        Ok(json!({ "dataRowId": row.id, "state": state, "mediaAttributes": attributes, "notice": notice }))
    })
    .await
}
