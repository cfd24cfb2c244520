//! The store in a database, which gets its organization where it is new.

use crate::ambient;
use labelport_store::{Engine, Store, StoreError};

/// Opens the store in a database.
pub(crate) fn found(engine: impl Engine + 'static) -> Result<Store, StoreError> {
    Store::open(Box::new(engine), &ambient::founding())
}
