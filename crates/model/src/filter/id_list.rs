//! Lists of ids and keys, as filters take them.

/// The maximum number of values in a list of a filter.
pub const ID_LIST_LIMIT: usize = 2_000;

/// A list of 1 to [`ID_LIST_LIMIT`] ids or keys, sorted and without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdList(Vec<String>);

/// A list that is empty or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{count} values in a list that holds 1 to {ID_LIST_LIMIT}")]
pub struct IdListError {
    /// The number of values given, with duplicates.
    pub count: usize,
}

impl IdList {
    /// Makes a list of values in any order. Duplicates count towards the limit, so that it is the same for everyone.
    pub fn new(values: Vec<String>) -> Result<Self, IdListError> {
        if !(1..=ID_LIST_LIMIT).contains(&values.len()) {
            return Err(IdListError { count: values.len() });
        }
        Ok(Self(sorted(values)))
    }

    /// Returns the values in order.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Returns the values in order.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// Returns the values in order and without duplicates.
pub fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort_unstable();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_unique_and_bounded() {
        let list = |count: usize| (0..count).map(|id| format!("r{id}")).collect::<Vec<_>>();
        let repeated = ["b", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(IdList::new(repeated).unwrap().as_slice(), ["a", "b"]);
        assert_eq!(IdList::new(list(2_000)).unwrap().into_vec().len(), 2_000);
        for count in [0, 2_001] {
            assert_eq!(IdList::new(list(count)), Err(IdListError { count }));
        }
        let error = IdListError { count: 2_001 }.to_string();
        assert_eq!(error, "2001 values in a list that holds 1 to 2000");
    }
}
