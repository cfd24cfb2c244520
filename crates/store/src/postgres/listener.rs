//! Messages between the processes of one workspace: `listen` and `notify` of the server.

use super::PostgresOptions;
use super::client::Client;
use super::connection::CHANNEL;
use super::error;
use super::session::{self, Role};
use crate::engine::{Listener, StoreError};
use std::sync::Arc;
use std::time::Duration;

pub(super) struct PostgresListener {
    options: Arc<PostgresOptions>,
    client: Client,
}

impl PostgresListener {
    pub(super) fn open(options: &Arc<PostgresOptions>) -> Result<Self, StoreError> {
        let mut client = session::connect(options, Role::Reader)?;
        // The name of a channel takes no parameters.
        let mut listen = || {
            let channel: String = client.query_one(&format!("select {CHANNEL}"), &[])?.try_get(0)?;
            client.batch_execute(&format!("listen {channel}"))
        };
        listen().map_err(|error| error::explain(&error, session::context(options)))?;
        Ok(Self { options: Arc::clone(options), client })
    }
}

impl Listener for PostgresListener {
    fn wait(&mut self, timeout: Duration) -> Result<Vec<String>, StoreError> {
        self.client.notifications(timeout).map_err(|error| error::explain(&error, session::context(&self.options)))
    }
}
