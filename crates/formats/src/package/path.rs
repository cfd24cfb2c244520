//! Paths of files in a package.

/// The longest name that every file system takes, in bytes.
const NAME_BYTES: usize = 255;
/// Names that Windows gives to devices, in any case and with any extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "com", "lpt"];

/// Why a path is not safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} is not a safe path in a package: {reason}")]
pub struct PathError {
    path: String,
    reason: &'static str,
}

/// Fails for a path that some system cannot hold, or that leads out of the package.
pub fn check_path(path: &str) -> Result<(), PathError> {
    let fail = |reason| Err(PathError { path: path.to_owned(), reason });
    for name in path.split('/') {
        if name.is_empty() {
            return fail("a name is empty");
        }
        if name == "." || name == ".." {
            return fail("it must not climb");
        }
        if name.len() > NAME_BYTES {
            return fail("a name has more than 255 bytes");
        }
        if name.ends_with(['.', ' ']) {
            return fail("a name ends with a dot or a space");
        }
        if name.chars().any(|each| each.is_control() || "<>:\"\\|?*".contains(each)) {
            return fail("it has a character that some systems do not allow");
        }
        let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
        let is_device = DEVICES.iter().any(|device| {
            let number = stem.strip_prefix(device);
            number == Some("")
                || number.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|digit| digit.is_ascii_digit()))
        });
        if is_device {
            return fail("a name is that of a device on Windows");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_or_that_a_system_cannot_hold_are_refused() {
        for path in ["data_rows.csv", "labels/train/img 1.txt", "übung/ä.txt", "console.txt", "a.b.c"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        let long = "x".repeat(256);
        for path in ["", "/a", "a//b", "../a", "a/./b", "a\\b", "c:x", "a\nb", "nul", "Com1.txt", "a.", "b ", &long] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }
}
