//! Masks to rings along the edges of their pixels.
//!
//! Each edge between a pixel inside and one outside is walked with the inside on the right hand. Where two pixels touch at a
//! corner alone, the walk turns to the right, so that they are in rings of their own.

use super::Runs;
use std::collections::BTreeMap;

/// A ring along the edges of pixels. The first corner is not repeated; a ring may touch itself at a corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// The corners: x and y. An outer ring goes to the right along its upper side, a hole to the left.
    pub corners: Vec<(u32, u32)>,
    /// Whether it encloses what is outside.
    pub is_hole: bool,
}

/// A corner of pixels.
type Corner = (u32, u32);

/// The ways of an edge, clockwise, as people see a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Right,
    Down,
    Left,
    Up,
}

impl Way {
    /// Returns the way after a turn to the right.
    fn right(self) -> Self {
        match self {
            Self::Right => Self::Down,
            Self::Down => Self::Left,
            Self::Left => Self::Up,
            Self::Up => Self::Right,
        }
    }
}

/// The edges that begin at a corner: their ways, and the corners at which they end. There are at most two.
type Begun = [Option<(Way, Corner)>; 2];

/// Edges by the corner at which they begin.
#[derive(Default)]
struct Edges(BTreeMap<(u32, u32), Begun>);

impl Edges {
    /// Adds an edge. Corners are kept by row and column, so that rings come in that order.
    fn add(&mut self, from: Corner, way: Way, to: Corner) {
        let known = self.0.entry((from.1, from.0)).or_default();
        let free = if known[0].is_none() { 0 } else { 1 };
        known[free] = Some((way, to));
    }

    /// Takes the edge that goes on at a corner: to the right if there are two.
    fn take(&mut self, at: Corner, way: Option<Way>) -> Option<(Way, Corner)> {
        let key = (at.1, at.0);
        let known = self.0.get_mut(&key)?;
        let wanted = way.map(Way::right);
        let chosen = known.iter().position(|edge| edge.is_some() && edge.map(|(way, _)| way) == wanted);
        let chosen = chosen.or_else(|| known.iter().position(Option::is_some))?;
        let edge = known[chosen].take();
        if known.iter().all(Option::is_none) {
            self.0.remove(&key);
        }
        edge
    }

    fn first(&self) -> Option<Corner> {
        self.0.keys().next().map(|(y, x)| (*x, *y))
    }
}

impl Runs {
    /// Returns the rings along the edges of the pixels: those that begin higher first, then those farther to the left. An
    /// area without holes that does not fall apart has one.
    pub fn rings(&self) -> Vec<Ring> {
        let mut edges = self.edges();
        let mut rings = Vec::new();
        while let Some(start) = edges.first() {
            let mut corners = Vec::new();
            let (mut at, mut way) = (start, None);
            while let Some((next_way, next)) = edges.take(at, way) {
                if way != Some(next_way) {
                    corners.push(at);
                }
                (at, way) = (next, Some(next_way));
                if at == start {
                    break;
                }
            }
            // The uppermost and leftmost corner of an area is the upper left corner of a pixel, of a hole as well.
            let is_hole = area(&corners) < 0;
            rings.push(Ring { corners, is_hole });
        }
        rings
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::default();
        let columns: Vec<(u32, u32, u32)> = self.columns().collect();
        for (x, top, bottom) in &columns {
            edges.add((*x, *top), Way::Right, (x + 1, *top));
            edges.add((x + 1, *bottom), Way::Left, (*x, *bottom));
        }
        let of = |x: u32| {
            let start = columns.partition_point(|column| column.0 < x);
            let end = columns.partition_point(|column| column.0 <= x);
            &columns[start..end]
        };
        // Between two columns there is an edge wherever one is inside and the other is not.
        for x in columns.iter().flat_map(|column| [column.0, column.0 + 1]).collect::<std::collections::BTreeSet<u32>>()
        {
            let left = if x == 0 { &[][..] } else { of(x - 1) };
            for (from, to, is_left_inside) in differences(left, of(x)) {
                match is_left_inside {
                    true => edges.add((x, from), Way::Down, (x, to)),
                    false => edges.add((x, to), Way::Up, (x, from)),
                }
            }
        }
        edges
    }
}

/// Lists the rows for which one of two columns is inside: the first, the one after the last, and whether it is the left one.
fn differences(left: &[(u32, u32, u32)], right: &[(u32, u32, u32)]) -> Vec<(u32, u32, bool)> {
    let mut rows: Vec<u32> = left.iter().chain(right).flat_map(|column| [column.1, column.2]).collect();
    rows.sort_unstable();
    rows.dedup();
    let covers = |columns: &[(u32, u32, u32)], row: u32| {
        let next = columns.partition_point(|column| column.2 <= row);
        columns.get(next).is_some_and(|column| column.1 <= row)
    };
    let pairs = rows.iter().zip(rows.iter().skip(1));
    let found = pairs.filter_map(|(from, to)| {
        let (in_left, in_right) = (covers(left, *from), covers(right, *from));
        (in_left != in_right).then_some((*from, *to, in_left))
    });
    // Edges that go on the same way are one.
    let mut joined: Vec<(u32, u32, bool)> = Vec::new();
    for (from, to, is_left) in found {
        match joined.last_mut() {
            Some(last) if last.1 == from && last.2 == is_left => last.1 = to,
            _ => joined.push((from, to, is_left)),
        }
    }
    joined
}

/// Returns twice the area that a ring encloses, negative for a hole.
fn area(corners: &[Corner]) -> i64 {
    let next = corners.iter().cycle().skip(1);
    let side = |corner: &Corner| (i64::from(corner.0), i64::from(corner.1));
    corners.iter().zip(next).map(|(one, other)| (side(one), side(other))).map(|((x, y), (u, v))| x * v - u * y).sum()
}
