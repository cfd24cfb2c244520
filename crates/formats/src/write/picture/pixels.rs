//! Shapes as pixels.

use super::drawn::{Drawn, NO_AREA, OTHER_SIZE, is_of_size};
use super::size::Size;
use crate::raster::{Runs, fill};

/// What is said of a box of which the pixels are written.
pub(in crate::write) const IN_THE_BOX: &str = "to the pixels in the box";

/// What is said of objects that later ones cover: of all of one, and of a part of it.
pub(in crate::write) const ALL_COVERED: &str = "other objects cover all of it";
pub(in crate::write) const PARTLY_COVERED: &str = "to the pixels that no later object covers";

/// Returns the pixels of a shape: those of a mask, and those whose middle a polygon or box encloses.
pub(in crate::write) fn pixels_of(drawn: Drawn, size: &Size) -> Result<Runs, &'static str> {
    let (width, height) = (size.width as u32, size.height as u32);
    let runs = match drawn {
        Drawn::Box { left, top, right, bottom } if left >= right || top >= bottom => return Err(NO_AREA),
        Drawn::Box { left, top, right, bottom } => {
            fill(&[(left, top), (right, top), (right, bottom), (left, bottom)], width, height)
        }
        Drawn::Polygon(ring) => fill(&ring, width, height),
        Drawn::Mask(runs) if is_of_size(&runs, size) => runs,
        Drawn::Mask(_) => return Err(OTHER_SIZE),
    };
    if runs.area() == 0 { Err(NO_AREA) } else { Ok(runs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_of_negative_sides_has_no_pixels() {
        let size = Size { width: 10.0, height: 10.0, is_turned: false };
        let area =
            |left, right| pixels_of(Drawn::Box { left, top: 1.0, right, bottom: 3.0 }, &size).map(|runs| runs.area());
        assert_eq!((area(2.0, 5.0), area(5.0, 2.0), area(2.0, 2.0)), (Ok(6), Err(NO_AREA), Err(NO_AREA)));
    }
}
