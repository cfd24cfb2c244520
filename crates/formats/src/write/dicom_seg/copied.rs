//! What a segmentation says as its series does: which study, patient and frame of reference it is of.
//!
//! What the series does not say is empty, or missing where that is allowed. What it says in a way that DICOM does not allow is
//! left empty and reported: a part of a name or a number could be somebody else's.

use super::dataset::Dataset;
use labelport_model::series::{
    ACCESSION_NUMBER, CLASS_UID, FRAME_OF_REFERENCE_UID, INSTANCE_UID, LOSSY, LOSSY_METHOD, LOSSY_RATIO,
    PATIENT_BIRTH_DATE, PATIENT_ID, PATIENT_NAME, PATIENT_SEX, REFERRING_PHYSICIAN, SERIES_UID, STUDY_DATE, STUDY_ID,
    STUDY_TIME, STUDY_UID, Series, Tag,
};

const NO_NAMES: &str = "its series does not say which study, series and file it is";
const NO_FRAME: &str = "its series does not say in which frame of reference its slices lie";

/// An element that may be empty: its tag, the kind of its value, and what it is.
type Optional = (Tag, &'static [u8; 2], &'static str);

const OPTIONAL: [Optional; 9] = [
    (STUDY_DATE, b"DA", "the date of its study"),
    (STUDY_TIME, b"TM", "the time of its study"),
    (ACCESSION_NUMBER, b"SH", "the accession number of its study"),
    (REFERRING_PHYSICIAN, b"PN", "the name of the referring physician"),
    (PATIENT_NAME, b"PN", "the name of its patient"),
    (PATIENT_ID, b"LO", "the id of its patient"),
    (PATIENT_BIRTH_DATE, b"DA", "the birth date of its patient"),
    (PATIENT_SEX, b"CS", "the sex of its patient"),
    (STUDY_ID, b"SH", "the id of its study"),
];

/// The texts of a series, checked.
pub(super) struct Copied {
    texts: Vec<(Tag, String)>,
    /// What is left empty, though the series says something.
    pub(super) emptied: Vec<&'static str>,
}

impl Copied {
    /// Checks the texts of a series. Fails with a clause for one to which nothing can refer.
    pub(super) fn of(series: &Series) -> Result<Self, &'static str> {
        let read = |tag: Tag| series.texts.get(&tag).and_then(Option::as_deref);
        let mut copied = Self { texts: Vec::new(), emptied: Vec::new() };
        for tag in [CLASS_UID, INSTANCE_UID, STUDY_UID, SERIES_UID, FRAME_OF_REFERENCE_UID] {
            let missing = if tag == FRAME_OF_REFERENCE_UID { NO_FRAME } else { NO_NAMES };
            let text = read(tag).filter(|text| is_valid(b"UI", text)).ok_or(missing)?;
            copied.texts.push((tag, text.to_owned()));
        }
        for (tag, kind, what) in OPTIONAL.into_iter().filter(|(tag, ..)| series.texts.contains_key(tag)) {
            match read(tag).filter(|text| is_valid(kind, text)) {
                Some(text) => copied.texts.push((tag, text.to_owned())),
                None => copied.emptied.push(what),
            }
        }
        let is_many = |kind: &[u8; 2], text: &str| text.split('\\').all(|text| is_valid(kind, text));
        if read(LOSSY) == Some("01") {
            copied.texts.push((LOSSY, "01".to_owned()));
            for (tag, kind) in [(LOSSY_RATIO, b"DS"), (LOSSY_METHOD, b"CS")] {
                copied.texts.extend(read(tag).filter(|text| is_many(kind, text)).map(|text| (tag, text.to_owned())));
            }
        }
        Ok(copied)
    }

    /// Returns a text; empty where the series has none.
    pub(super) fn text(&self, tag: Tag) -> &str {
        self.texts.iter().find(|(known, _)| *known == tag).map_or("", |(_, text)| text)
    }

    /// Adds a text, or an empty element.
    pub(super) fn write(&self, tag: Tag, dataset: &mut Dataset) {
        let kind = OPTIONAL.iter().find(|(known, ..)| *known == tag).map_or(b"UI", |(_, kind, _)| kind);
        dataset.text(tag, kind, self.text(tag));
    }

    /// Adds whether the pixels of the series were packed with losses, which holds for what is derived from them, too.
    pub(super) fn write_lossy(&self, dataset: &mut Dataset) {
        let is_lossy = !self.text(LOSSY).is_empty();
        dataset.text(LOSSY, b"CS", if is_lossy { "01" } else { "00" });
        for (tag, kind) in [(LOSSY_RATIO, b"DS"), (LOSSY_METHOD, b"CS")] {
            Some(self.text(tag))
                .filter(|text| !text.is_empty())
                .into_iter()
                .for_each(|text| dataset.text(tag, kind, text));
        }
    }
}

/// Returns whether a text is one of a kind that DICOM allows.
fn is_valid(kind: &[u8; 2], text: &str) -> bool {
    let length = text.chars().count();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has =
        |letters: &str, text: &str| text.chars().all(|letter| letter.is_ascii_digit() || letters.contains(letter));
    match kind {
        b"UI" => (1..=64).contains(&length) && has(".", text),
        b"DA" => length == 8 && is_digits(text),
        b"TM" => {
            let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let is_clock = if text.contains('.') { clock.len() == 6 } else { matches!(clock.len(), 2 | 4 | 6) };
            is_clock && is_digits(clock) && (1..=6).contains(&fraction.len()) && is_digits(fraction)
        }
        b"CS" => {
            length <= 16 && text.chars().all(|letter| letter.is_ascii_uppercase() || has(" _", &letter.to_string()))
        }
        b"DS" => (1..=16).contains(&length) && has("+-.eE", text),
        b"SH" => length <= 16 && !text.contains('\\'),
        b"LO" => length <= 64 && !text.contains('\\'),
        // The same name in up to three ways of writing.
        b"PN" => {
            let ways: Vec<&str> = text.split('=').collect();
            ways.len() <= 3 && ways.iter().all(|way| way.chars().count() <= 64) && !text.contains('\\')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &[u8; 2], valid: &[&str], invalid: &[&str]) {
        valid.iter().for_each(|text| assert!(is_valid(kind, text), "{text:?}"));
        invalid.iter().for_each(|text| assert!(!is_valid(kind, text), "{text:?}"));
    }

    #[test]
    fn texts_are_those_that_dicom_allows() {
        let (long, longer) = ("é".repeat(64), "x".repeat(65));
        check(b"UI", &["1.2.840", &"1".repeat(64)], &["", "1.2a", &"1".repeat(65), "1\\2"]);
        check(b"DA", &["20260131"], &["2026.01.31", "2026", ""]);
        check(
            b"TM",
            &["07", "0730", "073000", "073000.123456"],
            &["7", "07:30:00", "0730.5", "073000.", "073000.1234567"],
        );
        check(b"CS", &["M", "ISO_15444 1"], &["m", "ABCDEFGHIJKLMNOPQ", "É"]);
        check(b"DS", &["12.5", "-1.5e3"], &["", "12,5", "12345678901234567"]);
        check(b"SH", &["Ä 17"], &["a\\b", "12345678901234567"]);
        check(b"LO", &[&long], &["a\\b", &longer]);
        check(b"PN", &["Doe^Jane", &format!("{long}={long}={long}")], &["a\\b", &longer, "a=b=c=d"]);
    }
}
