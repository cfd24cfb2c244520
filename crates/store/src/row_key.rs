//! Row keys: how tables, pages and change lists refer to a data row.

use std::ops::RangeInclusive;

/// The internal key of a data row: 64 bits, in creation order.
pub type RowKey = i64;

/// Neighbouring row keys, first and last included.
pub type KeyRun = RangeInclusive<RowKey>;

/// Cuts runs so that the keys of each lie together: between multiples of a number, where one is given. Returns them in groups of
/// keys that lie together.
pub(crate) fn together(runs: &[KeyRun], keys_together: Option<i64>) -> Vec<Vec<KeyRun>> {
    let Some(number) = keys_together else { return vec![runs.to_vec()] };
    let mut groups: Vec<Vec<KeyRun>> = Vec::new();
    for run in runs {
        let (mut first, last) = (*run.start(), *run.end());
        while first <= last {
            let end = last.min((first.div_euclid(number) + 1) * number - 1);
            let is_near = |group: &&mut Vec<KeyRun>| {
                group.last().is_some_and(|known| known.end().div_euclid(number) == first.div_euclid(number))
            };
            match groups.last_mut().filter(is_near) {
                Some(group) => group.push(first..=end),
                None => groups.push(vec![first..=end]),
            }
            first = end + 1;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_where_keys_do_not_lie_together() {
        let runs = [1..=2, 5..=17, 19..=19, 40..=41];
        assert_eq!(together(&runs, None), [runs.to_vec()]);
        assert_eq!(together(&runs, Some(8)), [vec![1..=2, 5..=7], vec![8..=15], vec![16..=17, 19..=19], vec![40..=41]]);
        assert_eq!(together(&[], Some(8)), Vec::<Vec<KeyRun>>::new());
    }
}
