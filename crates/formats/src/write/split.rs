//! Splits of rows into parts for training, validation and tests.
//!
//! A row goes by a hash of its id, so that it stays in its part when others come or go; or by something that it has
//! ([`ByValue`]).

use super::split_by::{ByValue, SPLIT_BY, is_reserved};
use super::{About, Entries, FormatOption, OpenError};
use labelport_model::losses::Outcome;
use labelport_model::record::Record;

/// The option.
pub(super) static SPLIT: FormatOption = FormatOption {
    name: "split",
    summary: "The parts that rows are put into, with their shares, which add up to 1. A row stays in its part when others \
              come.",
    values: &["train=1"],
    form: Some("train=0.8,val=0.1,test=0.1"),
};

/// How rows are split.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Split {
    ByShare(Shares),
    ByValue(ByValue),
}

impl Split {
    /// Reads the options.
    pub(super) fn of(about: &About<'_>) -> Result<Self, OpenError> {
        match (about.options.get(SPLIT_BY.name), about.options.get(SPLIT.name)) {
            (None, _) => Ok(Self::ByShare(Shares::parse(about.option(&SPLIT))?)),
            (Some(_), None) => Ok(Self::ByValue(ByValue::of(about)?)),
            (Some(value), Some(_)) => Err(OpenError::OptionValue {
                option: SPLIT_BY.name.to_owned(),
                value: value.clone(),
                known: "left out where the option split is given".to_owned(),
            }),
        }
    }

    /// Lists the names of the parts.
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::ByShare(shares) => &shares.names,
            Self::ByValue(values) => values.names(),
        }
    }

    /// Returns the part that a row is in.
    pub(super) fn part(&self, row_id: &str, record: &Record<'_>) -> &str {
        match self {
            Self::ByShare(shares) => shares.of(row_id),
            Self::ByValue(values) => values.part(record),
        }
    }

    /// Returns the place of a part among the names.
    pub(super) fn place(&self, part: &str) -> usize {
        self.names().iter().position(|name| name == part).unwrap_or_default()
    }

    /// Says which parts are not called as people know them.
    pub(super) fn say_renamed(&self, entries: &mut Entries<'_>) {
        self.renamed().iter().for_each(|why| entries.losses.add("part", Outcome::Reduced, why, 1));
    }

    /// Returns what decides on the part of a row where that is not its id; empty for a row that has no such thing.
    pub(super) fn value(&self, record: &Record<'_>) -> Option<String> {
        match self {
            Self::ByShare(_) => None,
            Self::ByValue(values) => Some(values.value(record)),
        }
    }

    /// Lists sentences about parts that are not called as people know them.
    fn renamed(&self) -> &[String] {
        match self {
            Self::ByShare(_) => &[],
            Self::ByValue(values) => values.renamed(),
        }
    }
}

/// Parts with shares.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shares {
    names: Vec<String>,
    /// The ends of their ranges, between 0 and 1.
    ends: Vec<f64>,
}

impl Shares {
    /// Reads a value of the option.
    pub(super) fn parse(text: &str) -> Result<Self, OpenError> {
        let refused = |known: &str| OpenError::OptionValue {
            option: SPLIT.name.to_owned(),
            value: text.to_owned(),
            known: known.to_owned(),
        };
        let form = "names of parts with shares between 0 and 1, such as train=0.8,val=0.1,test=0.1";
        let (mut names, mut ends, mut end) = (Vec::new(), Vec::new(), 0.0);
        for part in text.split(',') {
            let (name, share) = part.split_once('=').ok_or_else(|| refused(form))?;
            let (name, share) = (name.trim(), share.trim().parse::<f64>().map_err(|_| refused(form))?);
            let is_clean = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_clean || !(0.0..=1.0).contains(&share) {
                return Err(refused(form));
            }
            if is_reserved(name) {
                return Err(refused(&format!(
                    "a list of other names: {name} says something else where parts are named"
                )));
            }
            if names.iter().any(|known: &String| known.eq_ignore_ascii_case(name)) {
                return Err(refused("a list in which each part is named once"));
            }
            end += share;
            names.push(name.to_owned());
            ends.push(end);
        }
        if (end - 1.0).abs() > 1e-6 {
            return Err(refused(&format!("a list of shares that add up to 1; these add up to {end}")));
        }
        Ok(Self { names, ends })
    }

    /// Returns the part that a row is in.
    fn of(&self, row_id: &str) -> &str {
        let share = share_of(row_id);
        // The last part ends at 1, give or take a rounding error.
        let place = self.ends.iter().position(|end| share < *end).unwrap_or(self.names.len().saturating_sub(1));
        self.names.get(place).map_or("train", String::as_str)
    }
}

/// Returns where a row is between 0 and 1.
fn share_of(row_id: &str) -> f64 {
    (spread_hash(row_id) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns one of so many numbers from 0 for a row, whatever part it is in.
pub(super) fn shard_of(row_id: &str, count: u64) -> u64 {
    // The part is of the upper bits.
    (spread_hash(row_id) & 0x7ff_ffff) % count.max(1)
}

fn spread_hash(row_id: &str) -> u64 {
    let mut hash = super::name_hash(row_id);
    // The bits of similar ids are similar; these steps spread them.
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_by_their_shares() {
        let split = Shares::parse("train=0.8, val=0.1,test=0.1").unwrap();
        assert_eq!(split.names, ["train", "val", "test"]);
        let mut counts = [0; 3];
        for number in 0..10_000 {
            let part = split.of(&format!("cl{number:023}"));
            counts[split.names.iter().position(|name| name == part).unwrap()] += 1;
        }
        assert!((7_800..8_200).contains(&counts[0]), "{counts:?}");
        assert!((850..1_150).contains(&counts[1]) && (850..1_150).contains(&counts[2]), "{counts:?}");
    }

    #[test]
    fn a_row_stays_in_its_part() {
        let split = Shares::parse("train=0.5,val=0.5").unwrap();
        let parts: Vec<&str> = ["cl1", "cl2", "cl3", "cl4", "cl5", "cl6"].map(|id| split.of(id)).to_vec();
        assert_eq!(parts, ["val", "val", "val", "val", "train", "train"]);
    }

    #[test]
    fn what_is_not_a_split_is_refused() {
        let twice = ["train=0.5,train=0.5", "train=0.5,Train=0.5"];
        let others = [
            "",
            "train",
            "train=2",
            "train=x",
            "a/b=1",
            "=1",
            "train=0.8,val=0.1",
            "path=1",
            "train=0.5,NC=0.5",
            "Croissant=1",
        ];
        for text in others.into_iter().chain(twice) {
            assert!(Shares::parse(text).is_err(), "{text:?}");
        }
        let error = Shares::parse("train=0.8,val=0.1").unwrap_err().to_string();
        assert!(error.contains("these add up to 0.9"), "{error}");
    }
}
