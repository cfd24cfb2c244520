//! A workspace to run texts against.

use super::{Call, Failed, execute};
use crate::upload::Uploads;
use labelport_engine::ambient::{Chance, Clock};
use labelport_engine::outbound::{Client, Policy};
use labelport_engine::workspace::access::Caller;
use labelport_engine::workspace::api_keys::{self, NewKey};
use labelport_engine::workspace::{Opening, Workspace};
use labelport_model::time::Timestamp;
use labelport_store::testing::{self, Kept};
use labelport_store::{Founding, Store};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// 2026-01-01, for ever.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000)
    }
}

/// Numbers that no two calls share.
#[derive(Default)]
struct Counted(AtomicU64);

impl Chance for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *byte = (next >> 56) as u8;
        }
    }
}

/// An empty workspace and a caller.
pub(crate) struct Bench {
    pub(crate) workspace: Arc<Workspace>,
    pub(super) caller: Caller,
    /// The API key of the caller.
    pub(crate) key: String,
    _folder: tempfile::TempDir,
    _kept: Kept,
}

impl Bench {
    /// For a caller who may do everything.
    pub(crate) fn new() -> Self {
        Self::with_role("Admin")
    }

    /// For a caller who may read.
    pub(super) fn reader() -> Self {
        Self::with_role("Reader")
    }

    fn with_role(role: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, kept) = testing::engine(folder.path(), Duration::from_secs(60));
        let founding = Founding { organization_id: "corganization000000000001".to_owned(), now: Stopped.now() };
        let store = Store::open(engine, &founding).unwrap();
        let opening = Opening {
            store,
            folder: folder.path().to_owned(),
            storage: None,
            client: Client::new(Policy::default()),
            public_url: Some("http://labelport.test".to_owned()),
            clock: Arc::new(Stopped),
            chance: Arc::new(Counted::default()),
            threads: 1,
        };
        let workspace = Arc::new(Workspace::open(opening).unwrap());
        let new = NewKey { name: "test", email: "ana@example.test", role, time_zone: None, expires: None };
        let key = api_keys::create(&workspace, &new).unwrap().key;
        let caller = workspace.identify(Some(&key)).unwrap();
        Self { workspace, caller, key, _folder: folder, _kept: kept }
    }

    /// Runs a text.
    pub(super) fn run(&self, query: &str, variables: &Value) -> Result<Value, Failed> {
        let uploads = Uploads::default();
        let call = Call { workspace: &self.workspace, caller: &self.caller, uploads: &uploads };
        execute::execute(&call, query, variables)
    }
}
