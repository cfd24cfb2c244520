//! A build without PostgreSQL: no address is taken.

use crate::outcome::Failure;
use labelport_store::{Connection, Engine, Store, StoreError};
use std::time::Duration;

/// None is filled.
pub(crate) enum Filling {}

impl Filling {
    pub(crate) fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        match *self {}
    }

    pub(crate) fn engine(&self) -> Box<dyn Engine> {
        match *self {}
    }

    pub(crate) fn finish(self, _: &str) -> Result<(), StoreError> {
        match self {}
    }
}

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Database {}

impl Database {
    /// Returns whether a text is meant as an address.
    pub(crate) fn is_named_by(text: &str) -> bool {
        text.contains("://")
    }

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

    pub(crate) fn distribute(&self, _: Duration) -> Result<bool, StoreError> {
        match *self {}
    }

    pub(crate) fn begin_filling(&self, _: Duration, _: &str) -> Result<Filling, StoreError> {
        match *self {}
    }

    pub(crate) fn has_store(&self, _: Duration) -> Result<bool, StoreError> {
        match *self {}
    }
}
