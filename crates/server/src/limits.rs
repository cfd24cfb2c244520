//! What clients may use of the server.

use std::time::Duration;

/// What clients may use of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most connections. When there are as many, the one that has been idle longest makes room for a new one.
    pub connections: usize,
    /// The most connections of one address.
    pub connections_per_address: usize,
    /// How long a request body may bring nothing before the request is refused.
    pub body_idle: Duration,
    /// The most parts of a multipart request.
    pub upload_parts: usize,
    /// The most bytes of an uploaded file.
    pub upload_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_address: 512,
            body_idle: Duration::from_secs(60),
            upload_parts: 100,
            upload_bytes: 8 << 30,
        }
    }
}
