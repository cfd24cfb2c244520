//! What objects draw on pictures, read from their shapes.

use super::ring::{Corner, bounds_of, is_flat};
use super::size::Size;
use crate::raster::Runs;
use crate::read::labelbox_lines::read_runs;
use crate::write::Pictures;
use crate::write::settled::Fate;
use labelport_model::annotation::{Mask, Point, Rect, Shape, open_ring};

/// What is drawn on a picture.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::write) enum Drawn {
    Box { left: f64, top: f64, right: f64, bottom: f64 },
    Polygon(Vec<Corner>),
    Mask(Runs),
}

impl Drawn {
    /// Takes a shape; nothing where it is neither box nor polygon nor mask. Fails with a clause where it cannot be read.
    pub(in crate::write) fn of(
        shape: &Shape<'_>,
        pictures: Option<&dyn Pictures>,
    ) -> Option<Result<Self, &'static str>> {
        match shape {
            Shape::Box(rect) => Some(Ok(Self::of_box(rect))),
            Shape::Polygon(ring) => {
                let corner = |point: &Point<'_>| (point.x.get(), point.y.get());
                Some(Ok(Self::Polygon(open_ring(ring).iter().map(corner).collect())))
            }
            Shape::Mask(mask) => Some(read_mask(mask, pictures).map(Self::Mask)),
            _ => None,
        }
    }

    /// Returns the left, upper, right and lower side of the box around it, in pixels; nothing where there is none.
    pub(in crate::write) fn bounds(&self) -> Option<[f64; 4]> {
        match self {
            Self::Box { left, top, right, bottom } => Some([*left, *top, *right, *bottom]),
            Self::Polygon(ring) => bounds_of(ring),
            Self::Mask(runs) => runs.bounds().map(|bounds| {
                let (left, top) = (f64::from(bounds.left), f64::from(bounds.top));
                [left, top, left + f64::from(bounds.width), top + f64::from(bounds.height)]
            }),
        }
    }

    /// Returns the sides of the box around it, as [`bounds`](Self::bounds) has them, for a format that holds boxes alone, and
    /// what becomes of it. Fails with a clause where there is no box.
    pub(in crate::write) fn boxed(&self, size: &Size) -> Result<([f64; 4], Fate), &'static str> {
        let fate = match self {
            Self::Box { .. } => Fate::KEPT,
            Self::Polygon(ring) if is_flat(ring) => return Err(NO_AREA),
            Self::Mask(runs) if !is_of_size(runs, size) => return Err(OTHER_SIZE),
            Self::Polygon(_) | Self::Mask(_) => Fate::reduced(AROUND),
        };
        let sides = self.bounds().filter(|sides| sides.iter().all(|side| side.is_finite())).ok_or(NO_AREA)?;
        let [left, top, right, bottom] = sides;
        if right > left && bottom > top { Ok((sides, fate)) } else { Err(NO_AREA) }
    }

    fn of_box(rect: &Rect<'_>) -> Self {
        let (left, top) = (rect.left.get(), rect.top.get());
        Self::Box { left, top, right: left + rect.width.get(), bottom: top + rect.height.get() }
    }
}

/// How a polygon or a mask is reduced of which a box is written.
pub(in crate::write) const AROUND: &str = "to the box around it";

/// Why an object is not written.
pub(in crate::write) const NO_AREA: &str = "it has no area";
pub(in crate::write) const OUTSIDE: &str = "it lies outside the picture";
pub(in crate::write) const OTHER_SIZE: &str = "its mask has another size than the picture";

/// Returns whether a mask is as large as the picture.
pub(in crate::write) fn is_of_size(runs: &Runs, size: &Size) -> bool {
    f64::from(runs.width()) == size.width && f64::from(runs.height()) == size.height
}

fn read_mask(mask: &Mask<'_>, pictures: Option<&dyn Pictures>) -> Result<Runs, &'static str> {
    let pictures = pictures.ok_or("its picture is not at hand")?;
    let unreadable = "its picture cannot be read as a mask";
    if let Some(url) = mask.instance.as_ref().and_then(|instance| instance.url.as_ref()) {
        return read_runs(&pictures.read(&url.get())?, None).map_err(|_| unreadable);
    }
    let composite = mask.composite.as_ref().ok_or("it has no picture")?;
    let url = composite.url.as_ref().ok_or("it has no picture")?;
    let colour = composite.color_rgb.ok_or("its colour is not known")?;
    read_runs(&pictures.read(&url.get())?, Some(colour)).map_err(|_| unreadable)
}
