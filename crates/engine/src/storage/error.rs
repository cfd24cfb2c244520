//! Why an object store does not do what it is asked.

use std::io;

/// What an object store said. It travels inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// It cannot be reached, or does nothing just now. It may be tried again.
    #[error("{place} does not answer ({reason}); see that it can be reached from here, then try again")]
    Down {
        /// What was asked for.
        place: String,
        /// What happened.
        reason: String,
    },
    /// There is no such bucket.
    #[error("the bucket {bucket} does not exist; create it or use another bucket")]
    NoBucket {
        /// Its address.
        bucket: String,
    },
    /// The bucket is elsewhere.
    #[error("{bucket} is in another region; name the region in AWS_REGION, or the server in AWS_ENDPOINT")]
    Region {
        /// Its address.
        bucket: String,
    },
    /// The bucket is not ours, or not for this.
    #[error(
        "{place} refuses access ({reason}); set the credentials of an account that may read, write, list and delete there"
    )]
    Refused {
        /// What was asked for.
        place: String,
        /// What the store said.
        reason: String,
    },
    /// There is no such object.
    #[error("there is no {0}")]
    Missing(String),
    /// There is such an object.
    #[error("{0} exists already")]
    Exists(String),
    /// An object would be larger than an object may be.
    #[error("{place} would have more than {limit_bytes} bytes; export fewer rows at once, or compress them")]
    TooLarge {
        /// What was written.
        place: String,
        /// How many bytes there can be.
        limit_bytes: u64,
    },
    /// Anything else.
    #[error("{place}: {reason}")]
    Failed {
        /// What was asked for.
        place: String,
        /// What happened.
        reason: String,
    },
}

impl StorageError {
    /// Returns the error of an object store in an error of the system.
    pub fn find(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns the error of a storage that says nothing of a single object: the storage cannot be used as it is now.
    pub fn of_whole(error: &io::Error) -> Option<&Self> {
        let is_of_object = |error: &&Self| matches!(error, Self::Missing(_) | Self::Exists(_) | Self::TooLarge { .. });
        Self::find(error).filter(|error| !is_of_object(error))
    }

    /// Returns whether a storage could not be reached, so that the same may work later.
    pub fn is_passing(error: &io::Error) -> bool {
        matches!(Self::find(error), Some(Self::Down { .. }))
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        let kind = match &error {
            StorageError::Missing(_) => io::ErrorKind::NotFound,
            StorageError::Exists(_) => io::ErrorKind::AlreadyExists,
            StorageError::Refused { .. } => io::ErrorKind::PermissionDenied,
            StorageError::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            StorageError::Down { .. } => io::ErrorKind::HostUnreachable,
            StorageError::NoBucket { .. } | StorageError::Region { .. } | StorageError::Failed { .. } => {
                io::ErrorKind::Other
            }
        };
        Self::new(kind, error)
    }
}
