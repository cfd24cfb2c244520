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
        let is_refused =
            |each: char| each.is_control() || matches!(each, '<' | '>' | ':' | '"' | '\\' | '|' | '?' | '*');
        if name.chars().any(is_refused) {
            return fail("it has a character that some systems do not allow");
        }
        if is_device(name) {
            return fail("a name is that of a device on Windows");
        }
    }
    Ok(())
}

/// Returns whether a name is that of a device, with a digit after it or without.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let Some((device, rest)) = stem.split_at_checked(3) else { return false };
    let is_numbered = rest.len() == 1 && rest.bytes().all(|digit| digit.is_ascii_digit());
    (rest.is_empty() || is_numbered) && DEVICES.iter().any(|known| device.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_or_that_a_system_cannot_hold_are_refused() {
        for path in
            ["data_rows.csv", "labels/train/img 1.txt", "übung/ä.txt", "console.txt", "com10", "co", "çon", "a.b.c"]
        {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
        let long = "x".repeat(256);
        for path in
            ["", "/a", "a//b", "../a", "a/./b", "a\\b", "c:x", "a\nb", "nul", "Com1.txt", "x/LPT0", "a.", "b ", &long]
        {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }
}
