//! Shapes to lines of numbers.

use super::super::picture::{
    Corner, Drawn, NO_AREA, OTHER_SIZE, OUTSIDE, SIMPLIFIED, Simplify, Size, bounds_of, cut_to, is_flat, is_of_size,
};
use super::super::settled::Fate;
use super::Task;
use super::rotated::smallest_rectangle;

/// Takes the numbers of a line, after the class.
type Take<'t> = dyn FnMut(&[f64]) + 't;

impl Drawn {
    /// Calls `take` for each line of an object. Returns what became of it.
    pub(super) fn for_each_line(&self, task: Task, size: &Size, take: &mut Take<'_>) -> Fate {
        match task {
            Task::Detect => self.detect(size, take),
            Task::Segment(simplify) => self.segment(size, simplify, take),
            Task::Turned => self.turned(size, take),
        }
    }

    /// A turned box is not cut off: it would be none any more.
    fn turned(&self, size: &Size, take: &mut Take<'_>) -> Fate {
        let to_box = Fate::reduced("to the smallest turned box around it");
        let (corners, fate) = match self {
            Self::Box { left, top, right, bottom } if left < right && top < bottom => {
                (Some([(*left, *top), (*right, *top), (*right, *bottom), (*left, *bottom)]), Fate::KEPT)
            }
            Self::Box { .. } => (None, Fate::KEPT),
            Self::Polygon(ring) if bounds_of(ring).is_some() => {
                let corners = smallest_rectangle(ring);
                let is_one = corners.is_some_and(|corners| is_same_ring(ring, &corners, size));
                (corners, if is_one { Fate::KEPT } else { to_box })
            }
            Self::Polygon(_) => (None, to_box),
            Self::Mask(runs) if is_of_size(runs, size) => {
                let rings = runs.rings();
                let corners = rings.iter().flat_map(|ring| &ring.corners);
                let corners: Vec<Corner> = corners.map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
                (smallest_rectangle(&corners), to_box)
            }
            Self::Mask(_) => return Fate::left_out(OTHER_SIZE),
        };
        let Some(corners) = corners else { return Fate::left_out(NO_AREA) };
        let line = corners.map(|(x, y)| [x / size.width, y / size.height]);
        if !line.as_flattened().iter().all(|share| (0.0..=1.0).contains(share)) {
            return Fate::left_out("its turned box reaches beyond the picture, which readers refuse");
        }
        take(line.as_flattened());
        fate
    }

    fn detect(&self, size: &Size, take: &mut Take<'_>) -> Fate {
        let fate = match self {
            Self::Box { .. } => Fate::KEPT,
            Self::Mask(runs) if !is_of_size(runs, size) => return Fate::left_out(OTHER_SIZE),
            Self::Polygon(_) | Self::Mask(_) => Fate::reduced("to the box around it"),
        };
        let Some(bounds) = self.bounds().filter(|bounds| bounds.iter().all(|side| side.is_finite())) else {
            return Fate::left_out(NO_AREA);
        };
        let [left, top, right, bottom] = bounds;
        let inside = [
            left.clamp(0.0, size.width),
            top.clamp(0.0, size.height),
            right.clamp(0.0, size.width),
            bottom.clamp(0.0, size.height),
        ];
        let is_cut = inside != bounds;
        let [left, top, right, bottom] = inside;
        if right <= left || bottom <= top {
            return Fate::left_out(if is_cut { OUTSIDE } else { NO_AREA });
        }
        take(&[
            (left + right) / 2.0 / size.width,
            (top + bottom) / 2.0 / size.height,
            (right - left) / size.width,
            (bottom - top) / size.height,
        ]);
        if is_cut && fate == Fate::KEPT { Fate::reduced(CUT) } else { fate }
    }

    fn segment(&self, size: &Size, simplify: Simplify, take: &mut Take<'_>) -> Fate {
        let (rings, fate) = match self {
            Self::Box { left, top, right, bottom } => {
                let ring = vec![(*left, *top), (*right, *top), (*right, *bottom), (*left, *bottom)];
                (vec![ring], Fate::reduced("to the outline of the box"))
            }
            Self::Polygon(ring) => (vec![ring.clone()], Fate::KEPT),
            Self::Mask(runs) if is_of_size(runs, size) => {
                let rings = runs.rings();
                let outer: Vec<Vec<Corner>> = rings
                    .iter()
                    .filter(|ring| !ring.is_hole)
                    .map(|ring| ring.corners.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect())
                    .collect();
                let fate = match (outer.len() > 1, outer.len() < rings.len()) {
                    (false, false) => Fate::KEPT,
                    (true, false) => Fate::reduced("to an object for each of its pieces"),
                    (false, true) => Fate::reduced("to its outline, with the holes filled"),
                    (true, true) => Fate::reduced("to an object for each of its pieces, with the holes filled"),
                };
                (outer, fate)
            }
            Self::Mask(_) => return Fate::left_out(OTHER_SIZE),
        };
        let (mut is_cut, mut is_simplified, mut has_line) = (false, false, false);
        for mut ring in rings {
            is_simplified |= simplify.apply(&mut ring);
            if ring.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
                continue;
            }
            let inside = cut_to(&ring, (size.width, size.height));
            is_cut |= inside != ring;
            if inside.len() < 3 || is_flat(&inside) {
                continue;
            }
            let line: Vec<f64> = inside.iter().flat_map(|(x, y)| [x / size.width, y / size.height]).collect();
            take(&line);
            has_line = true;
        }
        match (has_line, is_cut) {
            (false, true) => Fate::left_out(OUTSIDE),
            (false, false) => Fate::left_out(NO_AREA),
            (true, _) if fate == Fate::KEPT && is_simplified => Fate::reduced(SIMPLIFIED),
            (true, true) if fate == Fate::KEPT => Fate::reduced(CUT),
            (true, _) => fate,
        }
    }
}

/// Returns whether a ring has the corners of a rectangle, up to what is lost when they are computed.
fn is_same_ring(ring: &[Corner], corners: &[Corner; 4], size: &Size) -> bool {
    let near = 1e-6 * size.width.max(size.height);
    let is_near = |one: &Corner, other: &Corner| (one.0 - other.0).abs() <= near && (one.1 - other.1).abs() <= near;
    ring.len() == 4 && corners.iter().all(|corner| ring.iter().any(|own| is_near(own, corner)))
}

const CUT: &str = "what lies outside the picture was cut off";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Runs;

    const SEGMENT: Task = Task::Segment(Simplify::OFF);
    const SIZE: Size = Size { width: 10.0, height: 20.0, is_turned: false };

    fn lines_of(drawn: &Drawn, task: Task) -> (Vec<Vec<f64>>, Fate) {
        let mut lines = Vec::new();
        let fate = drawn.for_each_line(task, &SIZE, &mut |line| lines.push(line.to_vec()));
        (lines, fate)
    }

    #[track_caller]
    fn check(drawn: &Drawn, task: Task, lines: &[&[f64]], reason: &str) {
        let (found, fate) = lines_of(drawn, task);
        assert_eq!((found.iter().map(Vec::as_slice).collect::<Vec<_>>(), fate.reason), (lines.to_vec(), reason));
    }

    fn rect(left: f64, top: f64, right: f64, bottom: f64) -> Drawn {
        Drawn::Box { left, top, right, bottom }
    }

    #[test]
    fn boxes_are_shares_of_the_picture() {
        check(&rect(1.0, 4.0, 3.0, 12.0), Task::Detect, &[&[0.2, 0.4, 0.2, 0.4]], "");
        check(&rect(0.0, 0.0, 10.0, 20.0), Task::Detect, &[&[0.5, 0.5, 1.0, 1.0]], "");
        check(&rect(-5.0, 4.0, 5.0, 12.0), Task::Detect, &[&[0.25, 0.4, 0.5, 0.4]], CUT);
        check(&rect(11.0, 4.0, 15.0, 12.0), Task::Detect, &[], OUTSIDE);
        check(&rect(1.0, 4.0, 1.0, 12.0), Task::Detect, &[], NO_AREA);
        check(&rect(f64::NAN, 4.0, 1.0, 12.0), Task::Detect, &[], NO_AREA);
        let outline: &[f64] = &[0.1, 0.2, 0.3, 0.2, 0.3, 0.6, 0.1, 0.6];
        check(&rect(1.0, 4.0, 3.0, 12.0), SEGMENT, &[outline], "to the outline of the box");
    }

    #[test]
    fn turned_boxes_are_boxes_or_the_smallest_around_a_shape() {
        let sides: &[f64] = &[0.1, 0.2, 0.3, 0.2, 0.3, 0.6, 0.1, 0.6];
        check(&rect(1.0, 4.0, 3.0, 12.0), Task::Turned, &[sides], "");
        check(&rect(1.0, 4.0, 1.0, 12.0), Task::Turned, &[], NO_AREA);
        let diamond = Drawn::Polygon(vec![(5.0, 5.0), (7.0, 7.0), (5.0, 9.0), (3.0, 7.0)]);
        let (lines, fate) = lines_of(&diamond, Task::Turned);
        assert_eq!((lines[0].len(), fate), (8, Fate::KEPT));
        let triangle = Drawn::Polygon(vec![(1.0, 2.0), (9.0, 2.0), (1.0, 18.0)]);
        assert_eq!(lines_of(&triangle, Task::Turned).1.reason, "to the smallest turned box around it");
        let beyond = "its turned box reaches beyond the picture, which readers refuse";
        check(&rect(-1.0, 4.0, 3.0, 12.0), Task::Turned, &[], beyond);
        check(&Drawn::Polygon(vec![(f64::NAN, 1.0), (2.0, 2.0), (3.0, 1.0)]), Task::Turned, &[], NO_AREA);
    }

    #[test]
    fn polygons_stay_or_are_cut_to_the_picture() {
        let triangle = Drawn::Polygon(vec![(1.0, 2.0), (9.0, 2.0), (1.0, 18.0)]);
        check(&triangle, SEGMENT, &[&[0.1, 0.1, 0.9, 0.1, 0.1, 0.9]], "");
        check(&triangle, Task::Detect, &[&[0.5, 0.5, 0.8, 0.8]], "to the box around it");
        let beyond = Drawn::Polygon(vec![(5.0, 0.0), (15.0, 0.0), (15.0, 20.0), (5.0, 20.0)]);
        check(&beyond, SEGMENT, &[&[0.5, 0.0, 1.0, 0.0, 1.0, 1.0, 0.5, 1.0]], CUT);
        let crossed = Drawn::Polygon(vec![(0.0, 0.0), (10.0, 20.0), (10.0, 0.0), (0.0, 20.0)]);
        check(&crossed, SEGMENT, &[&[0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0]], "");
        let outside = Drawn::Polygon(vec![(15.0, 0.0), (18.0, 0.0), (18.0, 5.0)]);
        check(&outside, SEGMENT, &[], OUTSIDE);
        check(&Drawn::Polygon(vec![(1.0, 1.0), (2.0, 2.0)]), SEGMENT, &[], NO_AREA);
        check(&Drawn::Polygon(vec![(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]), SEGMENT, &[], NO_AREA);
        check(&Drawn::Polygon(vec![]), Task::Detect, &[], NO_AREA);
    }

    #[test]
    fn masks_are_outlines_along_the_edges_of_their_pixels() {
        let block = |rows: &[(u32, u32, u32)]| Drawn::Mask(Runs::of_rows(10, 20, rows.iter().copied()));
        let square = block(&[(2, 1, 3), (3, 1, 3)]);
        check(&square, SEGMENT, &[&[0.1, 0.1, 0.3, 0.1, 0.3, 0.2, 0.1, 0.2]], "");
        check(&square, Task::Detect, &[&[0.2, 0.15, 0.2, 0.1]], "to the box around it");
        let pieces = block(&[(0, 0, 1), (5, 5, 6)]);
        let (lines, fate) = lines_of(&pieces, SEGMENT);
        assert_eq!((lines.len(), fate.reason), (2, "to an object for each of its pieces"));
        let ring = block(&[(0, 0, 3), (1, 0, 1), (1, 2, 3), (2, 0, 3)]);
        let (lines, fate) = lines_of(&ring, SEGMENT);
        assert_eq!((lines.len(), fate.reason), (1, "to its outline, with the holes filled"));
        check(&block(&[]), SEGMENT, &[], NO_AREA);
        check(&block(&[]), Task::Detect, &[], NO_AREA);
        let other = Drawn::Mask(Runs::of_rows(5, 5, [(0, 0, 1)].into_iter()));
        check(&other, SEGMENT, &[], OTHER_SIZE);
    }
}
