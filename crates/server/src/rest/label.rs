//! Frames of a video label, where a legacy export says that they are. The SDK fetches them with its key.

use super::Routes;
use crate::answer;
use crate::app::App;
use crate::deliver::{NDJSON, respond, text_content};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use labelport_engine::legacy;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::Problem;
use std::cell::Cell;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// How many pieces wait for a client at most.
const PIECES_AHEAD: usize = 2;
/// How long a client may read nothing before no more is sent.
const CLIENT_PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route("/api/v1/labels/{id}/frames", get(frames))
}

async fn frames(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    let caller = match app.identify(&headers).await {
        Ok(caller) => caller,
        Err(problem) => return answer::failure(&problem),
    };
    // Most labels are a few kilobytes, and are sent as one text. The frames of others are sent as they are written.
    let (sender, mut pieces) = mpsc::channel(PIECES_AHEAD);
    let runtime = Handle::current();
    let is_cut = Arc::new(AtomicBool::new(false));
    let cut = Arc::clone(&is_cut);
    let written = tokio::spawn(async move {
        app.call(move |workspace| {
            allow(&caller, Action::Read)?;
            let is_sent = Cell::new(false);
            let send = |out: &mut Vec<u8>| {
                is_sent.set(true);
                let piece = sender.send(Bytes::from(std::mem::take(out)));
                match runtime.block_on(tokio::time::timeout(CLIENT_PATIENCE, piece)) {
                    Ok(Ok(())) => ControlFlow::Continue(()),
                    // The client has gone away, or has stopped reading.
                    Ok(Err(_)) | Err(_) => {
                        cut.store(true, Ordering::Relaxed);
                        ControlFlow::Break(())
                    }
                }
            };
            let spill = |streams: &mut [Vec<u8>]| match streams.first_mut() {
                Some(out) if out.len() >= legacy::PIECE_BYTES => send(out),
                _ => ControlFlow::Continue(()),
            };
            let mut rest = legacy::video_frames(workspace, &id, &spill)?;
            if is_sent.get() {
                // The last piece; a client that has gone needs none.
                let _: ControlFlow<()> = send(&mut rest);
            }
            Ok(rest)
        })
        .await
    });
    match pieces.recv().await {
        Some(first) => {
            let following = stream::unfold((pieces, is_cut), |(mut pieces, is_cut)| async {
                match pieces.recv().await {
                    Some(piece) => Some((Ok(piece), (pieces, is_cut))),
                    // A client that reads on after all must not take what it has for the whole.
                    None if is_cut.swap(false, Ordering::Relaxed) => {
                        Some((Err(io::Error::from(io::ErrorKind::TimedOut)), (pieces, is_cut)))
                    }
                    None => None,
                }
            });
            answer::with_type(StatusCode::OK, NDJSON, Body::from_stream(stream::iter([Ok(first)]).chain(following)))
        }
        None => {
            let text = written.await.unwrap_or_else(|error| Err(Problem::internal(error)));
            let content = text.map(|text| text_content(String::from_utf8_lossy(&text).into_owned(), NDJSON));
            respond(content, &headers)
        }
    }
}
