//! Outlines with fewer corners.
//!
//! A corner is left out where the line between those that stay is near enough: Douglas and Peucker's way, on a closed ring.
//! What encloses something goes on doing so: a ring keeps three corners, and one that would have no area stays as it is.

use super::ring::{Corner, is_flat};
use crate::write::{About, FormatOption, OpenError};

/// The option.
pub(in crate::write) static SIMPLIFY: FormatOption = FormatOption {
    name: "simplify",
    summary: "Leaves out corners of outlines that lie at most so many pixels from the outline without them. An outline \
              with fewer corners is a reduction.",
    values: &["0"],
    form: Some("1.5"),
};

/// What becomes of an outline.
pub(in crate::write) const SIMPLIFIED: &str = "to an outline with fewer corners, as the option simplify says";

/// How far corners may be from the outline without them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::write) struct Simplify {
    tolerance: f64,
}

impl Simplify {
    /// Outlines stay as they are.
    #[cfg(test)]
    pub(in crate::write) const OFF: Self = Self { tolerance: 0.0 };

    /// Reads the option.
    pub(in crate::write) fn of(about: &About<'_>) -> Result<Self, OpenError> {
        let value = about.option(&SIMPLIFY);
        let tolerance = value.trim().parse().ok().filter(|tolerance: &f64| tolerance.is_finite() && *tolerance >= 0.0);
        tolerance.map(|tolerance| Self { tolerance }).ok_or_else(|| OpenError::OptionValue {
            option: SIMPLIFY.name.to_owned(),
            value: value.to_owned(),
            known: "a number of pixels, 0 or more".to_owned(),
        })
    }

    /// Leaves out corners of a ring; returns whether any were.
    pub(in crate::write) fn apply(self, ring: &mut Vec<Corner>) -> bool {
        let is_whole = ring.iter().all(|(x, y)| x.is_finite() && y.is_finite());
        if self.tolerance <= 0.0 || ring.len() <= 3 || !is_whole {
            return false;
        }
        let mut stays = vec![false; ring.len()];
        // The first corner and the one farthest from it cut the ring in two.
        let far = farthest(ring, 1..ring.len(), |corner| distance(corner, ring[0], ring[0])).0;
        (stays[0], stays[far]) = (true, true);
        let mut open = vec![(0, far), (far, ring.len())];
        while let Some((from, to)) = open.pop() {
            if to - from < 2 {
                continue;
            }
            let (start, end) = (ring[from], ring[to % ring.len()]);
            let (place, away) = farthest(ring, from + 1..to, |corner| distance(corner, start, end));
            if away > self.tolerance {
                stays[place] = true;
                open.extend([(from, place), (place, to)]);
            }
        }
        if stays.iter().filter(|stays| **stays).count() == 2 {
            // A ring has three corners at least.
            let others = (1..ring.len()).filter(|place| *place != far);
            let away = |place: usize| distance(ring[place], ring[0], ring[far]);
            let third = others.max_by(|one, other| away(*one).total_cmp(&away(*other)).then(other.cmp(one)));
            third.into_iter().for_each(|place| stays[place] = true);
        }
        let kept: Vec<Corner> =
            ring.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(corner, _)| *corner).collect();
        let is_fewer = kept.len() < ring.len() && kept.len() >= 3 && !is_flat(&kept);
        if is_fewer {
            *ring = kept;
        }
        is_fewer
    }
}

/// Returns the place that is farthest, the first of several, and how far it is.
fn farthest(ring: &[Corner], places: std::ops::Range<usize>, away: impl Fn(Corner) -> f64) -> (usize, f64) {
    let mut found = (places.start, -1.0);
    for place in places {
        let distance = away(ring[place]);
        if distance > found.1 {
            found = (place, distance);
        }
    }
    found
}

/// Returns how far a corner is from a line between two others, which may be one.
fn distance(corner: Corner, from: Corner, to: Corner) -> f64 {
    let (width, height) = (to.0 - from.0, to.1 - from.1);
    let length = width * width + height * height;
    let along = if length > 0.0 { ((corner.0 - from.0) * width + (corner.1 - from.1) * height) / length } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    let near = (from.0 + along * width, from.1 + along * height);
    (corner.0 - near.0).hypot(corner.1 - near.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HALF: Simplify = Simplify { tolerance: 0.5 };

    #[track_caller]
    fn check(ring: &[Corner], expect: Option<&[Corner]>) {
        let mut found = ring.to_vec();
        assert_eq!(HALF.apply(&mut found), expect.is_some());
        assert_eq!(found, expect.unwrap_or(ring));
    }

    #[test]
    fn corners_near_the_outline_without_them_are_left_out() {
        check(
            &[(0.0, 0.0), (5.0, 0.4), (10.0, 0.0), (10.0, 10.0), (5.0, 9.4), (0.0, 10.0)],
            Some(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (5.0, 9.4), (0.0, 10.0)]),
        );
        check(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)], None);
        // Of what would be a line, a third corner stays.
        check(&[(0.0, 0.0), (5.0, 0.1), (10.0, 0.0), (5.0, -0.2)], Some(&[(0.0, 0.0), (10.0, 0.0), (5.0, -0.2)]));
        check(&[(0.0, 0.0), (5.0, 0.0), (10.0, 0.0), (7.0, 0.0)], None);
        assert!(!HALF.apply(&mut vec![(0.0, 0.0), (5.0, f64::NAN), (10.0, 0.0), (10.0, 10.0)]), "not a number");
    }

    #[test]
    fn what_is_not_a_number_of_pixels_is_refused() {
        for value in ["-1", "x", "inf", ""] {
            let options = [("simplify".to_owned(), value.to_owned())].into();
            assert!(Simplify::of(&About { options, ..About::default() }).is_err(), "{value}");
        }
        assert_eq!(Simplify::of(&About::default()).unwrap(), Simplify::OFF);
    }

    proptest! {
        #[test]
        fn no_corner_is_farther_from_the_outline_than_said(
            ring in proptest::collection::vec((0_u8..40, 0_u8..40), 4..60),
            tolerance in 0.1_f64..8.0,
        ) {
            let ring: Vec<Corner> = ring.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let mut found = ring.clone();
            let is_fewer = Simplify { tolerance }.apply(&mut found);
            prop_assert_eq!(is_fewer, found.len() < ring.len());
            prop_assert!(!is_fewer || !is_flat(&found));
            let sides = || found.iter().zip(found.iter().cycle().skip(1));
            for corner in &ring {
                let near = sides().map(|(from, to)| distance(*corner, *from, *to)).fold(f64::INFINITY, f64::min);
                prop_assert!(near <= tolerance + 1e-9, "{:?} is {} away", corner, near);
            }
        }
    }
}
