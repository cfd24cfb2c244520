//! The store in a database, which gets its organization where it is new.

use crate::ambient;
use labelport_store::{Engine, Founding, Store, StoreError};

/// Opens the store in a database.
pub(crate) fn found(engine: impl Engine + 'static) -> Result<Store, StoreError> {
    Store::open(Box::new(engine), &Founding { organization_id: ambient::new_id(), now: ambient::now() })
}
