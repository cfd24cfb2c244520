//! Geometry on maps, as GeoJSON has it.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::feature::write_list;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::{Number, Text};
use crate::json::ObjectWriter;

/// Something on a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Geo<'a> {
    /// Where it is.
    pub coordinates: Coordinates<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
    /// The type that was read, until it is compared with the coordinates, which may come first.
    declared: Option<Text<'a>>,
}

/// Positions on a map.
#[derive(Debug, Clone, PartialEq)]
pub enum Coordinates<'a> {
    /// One position.
    Point(Position<'a>),
    /// Positions that are joined in order.
    Line(Vec<Position<'a>>),
    /// Rings, the outer one first. Each repeats its first position at the end.
    Polygon(Vec<Vec<Position<'a>>>),
    /// A ring around a rectangle: south west, north west, north east, south east, south west.
    Box(Vec<Vec<Position<'a>>>),
}

/// A position, in degrees of WGS 84.
#[derive(Debug, Clone, PartialEq)]
pub struct Position<'a> {
    /// From -180 to 180, east is positive.
    pub longitude: Number<'a>,
    /// From -90 to 90, north is positive.
    pub latitude: Number<'a>,
    /// Metres above the ellipsoid.
    pub altitude: Option<Number<'a>>,
}

impl<'a> Geo<'a> {
    /// Makes a geometry.
    pub fn new(coordinates: Coordinates<'a>) -> Self {
        Self { coordinates, layout: Layout::default(), declared: None }
    }

    /// Reads GeoJSON. A rectangle is read as a polygon: only the annotation kind distinguishes them.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        let Some(mut geo): Option<Self> = record::read(cursor)? else { return Ok(None) };
        let declared = geo.declared.take();
        if let (Some("Polygon"), Coordinates::Line(positions)) =
            (declared.as_ref().map(Text::escaped), &geo.coordinates)
            && positions.is_empty()
        {
            // An empty list says nothing about what would be in it.
            geo.coordinates = Coordinates::Polygon(Vec::new());
        }
        Ok(declared.is_some_and(|name| name.escaped() == geo.coordinates.name()).then_some(geo))
    }
}

impl Default for Geo<'_> {
    fn default() -> Self {
        Self::new(Coordinates::Line(Vec::new()))
    }
}

impl<'a> Coordinates<'a> {
    /// Returns the GeoJSON type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Point(_) => "Point",
            Self::Line(_) => "LineString",
            Self::Polygon(_) | Self::Box(_) => "Polygon",
        }
    }

    /// Appends the coordinates as GeoJSON has them.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Point(position) => position.write(out),
            Self::Line(positions) => write_list(positions, out, Position::write),
            Self::Polygon(rings) | Self::Box(rings) => {
                write_list(rings, out, |ring, out| write_list(ring, out, Position::write));
            }
        }
    }

    fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        let positions = |cursor: &mut Cursor<'a>| cursor.list(Position::read);
        if let Some(position) = record::attempt(cursor, Position::read)? {
            return Ok(Some(Self::Point(position)));
        }
        if let Some(line) = record::attempt(cursor, positions)? {
            return Ok(Some(Self::Line(line)));
        }
        Ok(cursor.list(positions)?.map(Self::Polygon))
    }
}

impl<'a> Position<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        let mut numbers = cursor.list(Number::read)?.unwrap_or_default().into_iter();
        let (Some(longitude), Some(latitude)) = (numbers.next(), numbers.next()) else { return Ok(None) };
        let altitude = numbers.next();
        Ok(numbers.next().is_none().then_some(Self { longitude, latitude, altitude }))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        self.longitude.write(out);
        for number in [Some(&self.latitude), self.altitude.as_ref()].into_iter().flatten() {
            out.push(b',');
            number.write(out);
        }
        out.push(b']');
    }
}

impl<'a> Record<'a> for Geo<'a> {
    const KEYS: &'static [&'static str] = &["type", "coordinates"];
    const REQUIRED: u32 = 0b11;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        if key == 0 {
            return cursor.fill(&mut self.declared, Text::read);
        }
        let Some(coordinates) = Coordinates::read(cursor)? else { return Ok(false) };
        self.coordinates = coordinates;
        Ok(true)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        match key {
            0 => object.text("type", self.coordinates.name()),
            _ => self.coordinates.write(object.key("coordinates")),
        }
    }

    keeps_layout!();
}
