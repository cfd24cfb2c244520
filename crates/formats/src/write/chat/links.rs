//! Which messages answer which, and the ways through them.
//!
//! A message can answer several: what a person says after two answers of models answers both.
//!
//! # Invariants
//! - No message answers one that answers it, however indirectly. So every way ends.

use std::collections::{BTreeSet, VecDeque};

/// Why messages cannot be walked through.
pub(super) const CIRCLE: &str = "the messages of its conversation answer one another in a circle";
pub(super) const TOO_LARGE: &str = "its conversation makes more than 10,000 lines, or more than 256 MiB of them";

/// The most lines of a row with a label.
const LINES_LIMIT: usize = 10_000;
/// The most messages in them.
const STEPS_LIMIT: usize = 4 << 20;
/// The most answers of messages of a list to others.
const ANSWERS_LIMIT: usize = 1 << 20;

/// What may still be written of a row.
pub(super) struct Budget {
    lines: usize,
    steps: usize,
}

impl Budget {
    pub(super) const ROW: Self = Self { lines: LINES_LIMIT, steps: STEPS_LIMIT };

    /// Takes a line with some messages. Fails with a clause where that is too much.
    pub(super) fn take(&mut self, steps: usize) -> Result<(), &'static str> {
        self.lines = self.lines.checked_sub(1).ok_or(TOO_LARGE)?;
        self.steps = self.steps.checked_sub(steps).ok_or(TOO_LARGE)?;
        Ok(())
    }
}

/// Which messages answer which, by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Links {
    /// The messages that answer each.
    children: Vec<Vec<usize>>,
    /// The messages that each answers, in their order.
    parents: Vec<Vec<usize>>,
}

impl Links {
    /// Takes the messages that answer each. Fails with a clause where they go round in a circle.
    pub(super) fn of_tree(children: Vec<Vec<usize>>) -> Result<Self, &'static str> {
        let links = Self::of(children);
        let mut open: Vec<usize> = links.parents.iter().map(Vec::len).collect();
        let mut next: VecDeque<usize> = (0..open.len()).filter(|place| open[*place] == 0).collect();
        let mut seen = 0;
        while let Some(place) = next.pop_front() {
            seen += 1;
            for child in &links.children[place] {
                open[*child] -= 1;
                if open[*child] == 0 {
                    next.push_back(*child);
                }
            }
        }
        if seen == links.children.len() { Ok(links) } else { Err(CIRCLE) }
    }

    /// Links messages that follow one another. Those that are compared, without others between them, answer the same one.
    /// Fails with a clause where too many are.
    pub(super) fn of_list(count: usize, compared: &[Vec<usize>]) -> Result<Self, &'static str> {
        let mut is_joined = vec![false; count];
        for places in compared {
            let places: BTreeSet<usize> = places.iter().copied().collect();
            let (Some(first), Some(last)) = (places.first(), places.last()) else { continue };
            if last - first + 1 == places.len() {
                is_joined[first + 1..=*last].fill(true);
            }
        }
        let mut steps: Vec<Vec<usize>> = Vec::new();
        for (place, is_joined) in is_joined.into_iter().enumerate() {
            match steps.last_mut() {
                Some(step) if is_joined => step.push(place),
                _ => steps.push(vec![place]),
            }
        }
        if steps.windows(2).map(|pair| pair[0].len().saturating_mul(pair[1].len())).sum::<usize>()
            > ANSWERS_LIMIT.max(count)
        {
            return Err(TOO_LARGE);
        }
        let mut children = vec![Vec::new(); count];
        for pair in steps.windows(2) {
            pair[0].iter().for_each(|place| children[*place].clone_from(&pair[1]));
        }
        Ok(Self::of(children))
    }

    fn of(mut children: Vec<Vec<usize>>) -> Self {
        let mut parents = vec![Vec::new(); children.len()];
        for (place, answers) in children.iter_mut().enumerate() {
            let mut seen = BTreeSet::new();
            answers.retain(|answer| seen.insert(*answer));
            answers.iter().for_each(|answer| parents[*answer].push(place));
        }
        Self { children, parents }
    }

    /// Lists the messages that answer one.
    pub(super) fn children(&self, place: usize) -> &[usize] {
        &self.children[place]
    }

    /// Lists the messages that one answers.
    pub(super) fn parents(&self, place: usize) -> &[usize] {
        &self.parents[place]
    }

    /// Returns the way to a message, with it: from a message that answers none. Of several that one answers, the first is
    /// followed that is preferred, else the first.
    pub(super) fn way_to(&self, place: usize, is_preferred: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut way = vec![place];
        let mut at = place;
        while let [first, ..] = self.parents[at][..] {
            at = self.parents[at].iter().copied().find(|parent| is_preferred(*parent)).unwrap_or(first);
            way.push(at);
        }
        way.reverse();
        way
    }

    /// Lists the ways through the messages, from one that answers none to one that none answers, in the order of the
    /// messages, along answers that are `followed` after a message. Fails with a clause where these are too many.
    pub(super) fn ways(&self, followed: impl Fn(usize, usize) -> bool) -> Result<Vec<Vec<usize>>, &'static str> {
        let roots = (0..self.parents.len()).filter(|place| self.parents[*place].is_empty());
        // Messages that are still to be walked through, the next one last, each with its place on its way.
        let mut open: Vec<(usize, usize)> = roots.rev().map(|root| (0, root)).collect();
        let (mut way, mut ways, mut budget) = (Vec::new(), Vec::new(), Budget::ROW);
        while let Some((depth, place)) = open.pop() {
            way.truncate(depth);
            way.push(place);
            let before = open.len();
            let next = self.children[place].iter().rev().filter(|child| followed(place, **child));
            open.extend(next.map(|child| (depth + 1, *child)));
            if open.len() == before {
                budget.take(way.len())?;
                ways.push(way.clone());
            }
        }
        Ok(ways)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two answers to 0, both of which 3 answers.
    fn diamond() -> Links {
        Links::of_tree(vec![vec![1, 2, 1], vec![3], vec![3], vec![]]).unwrap()
    }

    #[test]
    fn ways_are_walked_in_the_order_of_the_messages() {
        assert_eq!(diamond().ways(|_, _| true).unwrap(), [[0, 1, 3], [0, 2, 3]]);
        assert_eq!(diamond().ways(|_, child| child != 1).unwrap(), [[0, 2, 3]]);
        assert_eq!(diamond().way_to(3, |place| place == 2), [0, 2, 3]);
        assert_eq!(diamond().way_to(3, |_| false), [0, 1, 3]);
        assert_eq!(Links::of_tree(vec![vec![], vec![]]).unwrap().ways(|_, _| true).unwrap(), [[0], [1]]);
    }

    #[test]
    fn messages_of_a_list_that_are_compared_answer_the_same_message() {
        let ways = |compared: &[Vec<usize>]| Links::of_list(4, compared).unwrap().ways(|_, _| true).unwrap();
        assert_eq!(ways(&[]), [[0, 1, 2, 3]]);
        assert_eq!(ways(&[vec![2, 1]]), [[0, 1, 3], [0, 2, 3]]);
        assert_eq!(ways(&[vec![1, 3]]), [[0, 1, 2, 3]]);
        assert_eq!(ways(&[vec![1, 2], vec![2, 3]]), [[0, 1], [0, 2], [0, 3]]);
    }

    #[test]
    fn a_circle_is_refused() {
        assert_eq!(Links::of_tree(vec![vec![1], vec![2], vec![1]]), Err(CIRCLE));
        assert_eq!(Links::of_tree(vec![vec![0]]), Err(CIRCLE));
    }

    #[test]
    fn a_long_conversation_is_walked_through() {
        let ways = Links::of_list(200_000, &[]).unwrap().ways(|_, _| true).unwrap();
        assert_eq!((ways.len(), ways[0].len()), (1, 200_000));
    }

    #[test]
    fn what_would_take_too_much_memory_is_refused() {
        // 100 answers at the end of 100,000 messages.
        let mut children: Vec<Vec<usize>> = (0..100_000).map(|place| vec![place + 1]).collect();
        children.push((100_001..100_101).collect());
        children.resize(100_101, Vec::new());
        assert_eq!(Links::of_tree(children).unwrap().ways(|_, _| true), Err(TOO_LARGE));
        let compared = [(0..5_000).collect(), (5_000..10_000).collect()];
        assert_eq!(Links::of_list(10_000, &compared), Err(TOO_LARGE));
    }
}
