//! What is wrong with the address of a database.

use std::path::PathBuf;

/// Why a text is not the address of a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL of a database.
    #[error("the address of the database cannot be read ({reason}); write it as postgres://user@host:5432/database")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// It asks for an encryption that there is not.
    #[error("sslmode={0} is not known; use disable, prefer, require, verify-ca or verify-full")]
    Encryption(String),
    /// The certificates cannot be read.
    #[error("the certificates in {file} cannot be read ({reason}); name a file in PEM format with sslrootcert")]
    Certificates {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
}
