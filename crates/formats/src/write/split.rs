//! Splits of rows into parts for training, validation and tests.
//!
//! A row goes by a hash of its id, so that it stays in its part when others come or go.

use super::{FormatOption, OpenError};

/// The option.
pub(super) static SPLIT: FormatOption = FormatOption {
    name: "split",
    summary: "The parts that rows are put into, with their shares, which add up to 1. A row stays in its part when others \
              come.",
    values: &["train=1"],
    form: Some("train=0.8,val=0.1,test=0.1"),
};

/// Parts with the ends of their ranges, between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split(Vec<(String, f64)>);

impl Split {
    /// Reads a value of the option.
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        let refused = |known: &str| OpenError::OptionValue {
            option: SPLIT.name.to_owned(),
            value: text.to_owned(),
            known: known.to_owned(),
        };
        let form = "names of parts with shares between 0 and 1, such as train=0.8,val=0.1,test=0.1";
        let (mut parts, mut end) = (Vec::new(), 0.0);
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or_else(|| refused(form))?;
            let (name, share) = (name.trim(), share.trim().parse::<f64>().map_err(|_| refused(form))?);
            let is_clean = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_clean || !(0.0..=1.0).contains(&share) {
                return Err(refused(form));
            }
            if parts.iter().any(|(known, _)| known == name) {
                return Err(refused("a list in which each part is named once"));
            }
            end += share;
            parts.push((name.to_owned(), end));
        }
        if (end - 1.0).abs() > 1e-6 {
            return Err(refused(&format!("a list of shares that add up to 1; these add up to {end}")));
        }
        Ok(Self(parts))
    }

    /// Lists the names of the parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the part that a row is in.
    pub(super) fn of(&self, row_id: &str) -> &str {
        let place = share_of(row_id);
        // The last part ends at 1, give or take a rounding error.
        let found = self.0.iter().find(|(_, end)| place < *end).or(self.0.last());
        found.map_or("train", |(name, _)| name)
    }
}

/// Returns where a row is between 0 and 1.
fn share_of(row_id: &str) -> f64 {
    let mut hash = super::name_hash(row_id);
    // The bits of similar ids are similar; these steps spread them.
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_by_their_shares() {
        let split = Split::parse("train=0.8, val=0.1,test=0.1").unwrap();
        assert_eq!(split.names().collect::<Vec<_>>(), ["train", "val", "test"]);
        let mut counts = [0; 3];
        for number in 0..10_000 {
            let part = split.of(&format!("cl{number:023}"));
            counts[split.names().position(|name| name == part).unwrap()] += 1;
        }
        assert!((7_800..8_200).contains(&counts[0]), "{counts:?}");
        assert!((850..1_150).contains(&counts[1]) && (850..1_150).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn a_row_stays_in_its_part() {
        let split = Split::parse("train=0.5,val=0.5").unwrap();
        let parts: Vec<&str> = ["cl1", "cl2", "cl3", "cl4", "cl5", "cl6"].map(|id| split.of(id)).to_vec();
        assert_eq!(parts, ["val", "val", "val", "val", "train", "train"]);
    }

    #[test]
    fn what_is_no_split_is_refused() {
        for text in ["", "train", "train=2", "train=x", "a/b=1", "=1", "train=0.5,train=0.5", "train=0.8,val=0.1"] {
            assert!(Split::parse(text).is_err(), "{text:?}");
        }
        let error = Split::parse("train=0.8,val=0.1").unwrap_err().to_string();
        assert!(error.contains("these add up to 0.9"), "{error}");
    }
}
