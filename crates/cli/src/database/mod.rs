//! The database of a workspace whose rows a server keeps. A build without PostgreSQL takes no address of one.

#[cfg(not(feature = "postgres"))]
mod none;
#[cfg(feature = "postgres")]
mod server;

#[cfg(not(feature = "postgres"))]
pub(crate) use none::{Database, Filling};
#[cfg(feature = "postgres")]
pub(crate) use server::{Database, Filling};
