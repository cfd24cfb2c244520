//! Settings of a data folder that outlive the process: the secret that signs URLs, the address that URLs begin with.

use crate::engine::{Connection, StoreError};

/// The secret that signs URLs, as text.
pub const SIGNING_SECRET: &str = "signing_secret";
/// What URLs that the server gives out begin with, such as `http://127.0.0.1:8080`.
pub const PUBLIC_URL: &str = "public_url";

/// Finds a setting.
pub fn find(connection: &mut dyn Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(connection.find("select value from settings where name = $1", &[name.into()], |row| row.text(0))?.flatten())
}

/// Sets a setting.
pub fn put(connection: &mut dyn Connection, name: &str, value: &str) -> Result<(), StoreError> {
    connection.execute(
        "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
        &[name.into(), value.into()],
    )?;
    Ok(())
}
