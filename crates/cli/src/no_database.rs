//! What stands for [`database`](crate::database) in a build without PostgreSQL: no address is taken.

use crate::outcome::Failure;
use labelport_store::{Store, StoreError};
use std::time::Duration;

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Database {}

impl Database {
    pub(crate) fn parse(_: &str, _: bool) -> Result<Self, Failure> {
        let message = "this labelport was built without PostgreSQL, so it keeps rows in the data folder only";
        Err(Failure::usage(message).hint("leave out --store, or build with the feature `postgres`"))
    }

    pub(crate) fn shown(&self) -> &str {
        match *self {}
    }

    pub(crate) fn text(&self) -> &str {
        match *self {}
    }

    pub(crate) fn open(&self, _: Duration) -> Result<Store, StoreError> {
        match *self {}
    }

    pub(crate) fn open_or_create(&self, _: Duration) -> Result<Store, StoreError> {
        match *self {}
    }

    pub(crate) fn has_store(&self, _: Duration) -> Result<bool, StoreError> {
        match *self {}
    }
}
