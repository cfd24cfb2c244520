//! Masks with known run lengths, and masks by chance.

use super::*;
use proptest::prelude::*;

/// A mask of rows of characters; `#` is inside.
fn mask(rows: &[&str]) -> Runs {
    let (width, height) = (rows[0].len() as u32, rows.len() as u32);
    let inside = (0..height).zip(rows).flat_map(|(y, row)| {
        (0..width).zip(row.bytes()).filter(|(_, byte)| *byte == b'#').map(move |(x, _)| (y, x, x + 1))
    });
    Runs::of_rows(width, height, inside)
}

#[test]
fn texts_of_known_masks() {
    let text = |rows: &[&str]| mask(rows).compressed();
    assert_eq!(text(&["....", "....", "...."]), "<");
    assert_eq!(text(&["####", "####", "####"]), "0<");
    assert_eq!(text(&["#...", "....", "...."]), "01;");
    let box_in = mask(&[".....", ".###.", ".###.", "....."]);
    assert_eq!((box_in.compressed(), box_in.counts()), ("5220003".to_owned(), &[5, 2, 2, 2, 2, 2, 5][..]));
    assert_eq!((box_in.area(), box_in.bounds()), (6, Some(Bounds { left: 1, top: 1, width: 3, height: 2 })));
}

#[test]
fn polygons_take_the_pixels_that_pycocotools_takes() {
    let square = |shift: f64| [(2.0, 3.0), (5.0, 3.0), (5.0, 7.0), (2.0, 7.0)].map(|(x, y)| (x + shift, y + shift));
    let filled = fill(&square(0.0), 10, 10);
    assert_eq!((filled.compressed(), filled.area()), ("g046000_1".to_owned(), 12));
    let shifted = fill(&square(0.5), 10, 10);
    assert_eq!((shifted.compressed(), shifted.area()), ("R146000T1".to_owned(), 12));
    let whole = fill(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)], 10, 10);
    assert_eq!((whole.compressed(), whole.area()), ("0T3".to_owned(), 100));
    let outside = fill(&[(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)], 10, 10);
    assert_eq!(outside.area(), 25);
    assert_eq!(fill(&[], 4, 4).area(), 0);
    assert_eq!(fill(&[(1.0, 1.0), (3.0, 3.0)], 4, 4).area(), 0);
}

#[test]
fn pixels_that_touch_at_a_corner_are_in_rings_of_their_own() {
    let rings = mask(&["#.", ".#"]).rings();
    assert_eq!(rings.len(), 2);
    assert_eq!(rings[0].corners, [(0, 0), (1, 0), (1, 1), (0, 1)]);
    assert_eq!(rings[1].corners, [(1, 1), (2, 1), (2, 2), (1, 2)]);
}

#[test]
fn a_hole_has_a_ring() {
    let rings = mask(&["###", "#.#", "###"]).rings();
    let found: Vec<(usize, bool)> = rings.iter().map(|ring| (ring.corners.len(), ring.is_hole)).collect();
    assert_eq!(found, [(4, false), (4, true)]);
}

fn masks() -> impl Strategy<Value = Runs> {
    (1_u32..12, 1_u32..12).prop_flat_map(|(width, height)| {
        let pixels = (width * height) as usize;
        proptest::collection::vec(any::<bool>(), pixels).prop_map(move |inside| {
            let pixels = inside.into_iter().enumerate().filter(|(_, inside)| *inside);
            let pixels = pixels.map(|(place, _)| (place as u32 / width, place as u32 % width));
            Runs::of_rows(width, height, pixels.map(|(row, column)| (row, column, column + 1)))
        })
    })
}

/// Returns the pixels that an odd number of rings enclose.
fn enclosed(rings: &[Ring], width: u32, height: u32) -> Runs {
    let mut inside = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (i64::from(x), i64::from(y));
            let crossings = rings.iter().flat_map(|ring| {
                ring.corners.iter().zip(ring.corners.iter().cycle().skip(1)).filter(move |(one, other)| {
                    let rows = i64::from(one.1.min(other.1))..i64::from(one.1.max(other.1));
                    one.0 == other.0 && i64::from(one.0) > x && rows.contains(&y)
                })
            });
            if crossings.count() % 2 == 1 {
                inside.push((y as u32, x as u32, x as u32 + 1));
            }
        }
    }
    Runs::of_rows(width, height, inside.into_iter())
}

proptest! {
    #[test]
    fn rings_enclose_the_pixels_and_no_others(mask in masks()) {
        let rings = mask.rings();
        prop_assert_eq!(enclosed(&rings, mask.width(), mask.height()), mask.clone());
        for ring in &rings {
            let area: i64 = outline_area(&ring.corners);
            prop_assert_eq!(area < 0, ring.is_hole);
        }
        // An outer ring fills to its pixels and those of its holes.
        let outer: Vec<&Ring> = rings.iter().filter(|ring| !ring.is_hole).collect();
        if rings.len() == outer.len() {
            let filled = outer.iter().map(|ring| {
                let corners: Vec<(f64, f64)> = ring.corners.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
                fill(&corners, mask.width(), mask.height())
            });
            let together = filled.reduce(|one, other| one.union(&other));
            prop_assert_eq!(together.map_or(0, |found| found.area()), mask.area());
        }
    }

    #[test]
    fn counts_add_up_and_only_the_first_is_nothing(one in masks(), other in masks()) {
        let sum: u64 = one.counts().iter().map(|count| u64::from(*count)).sum();
        prop_assert_eq!(sum, u64::from(one.width()) * u64::from(one.height()));
        prop_assert!(one.counts().iter().skip(1).all(|count| *count > 0));
        if (one.width(), one.height()) == (other.width(), other.height()) {
            let both = one.union(&other);
            prop_assert!(both.area() >= one.area().max(other.area()) && both.area() <= one.area() + other.area());
            prop_assert_eq!(&both, &other.union(&one));
        }
        prop_assert_eq!(one.union(&one), one);
    }
}

fn outline_area(corners: &[(u32, u32)]) -> i64 {
    let next = corners.iter().cycle().skip(1);
    corners
        .iter()
        .zip(next)
        .map(|(one, other)| i64::from(one.0) * i64::from(other.1) - i64::from(other.0) * i64::from(one.1))
        .sum()
}
