//! Settings of a data folder that outlive the process: the secret that signs URLs, the address that URLs begin with, how
//! long it is known what changed, which restored copy it is.

use super::files;
use crate::engine::{Connection, StoreError};

/// The secret that signs URLs, as text.
pub const SIGNING_SECRET: &str = "signing_secret";
/// What URLs that the server gives out begin with, such as `http://127.0.0.1:8080`.
pub const PUBLIC_URL: &str = "public_url";
/// For how many days it is known what changed.
pub const HISTORY_DAYS: &str = "history_days";
/// What a workspace that was restored from a backup has of its own: another copy of the backup counts its changes as well.
pub const LINEAGE: &str = "lineage";

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

/// Sets what the URLs of masks are made of. Where that is another one, every row with a mask shows another URL.
pub fn put_of_urls(connection: &mut dyn Connection, org_key: i64, name: &str, value: &str) -> Result<(), StoreError> {
    if find(connection, name)?.as_deref() == Some(value) {
        return Ok(());
    }
    put(connection, name, value)?;
    if files::has_masks(connection)? { files::touch_masks(connection, org_key) } else { Ok(()) }
}
