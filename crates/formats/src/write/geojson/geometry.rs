//! Coordinates as RFC 7946 wants them: outer rings counter-clockwise, holes clockwise, both closed.

use labelport_model::annotation::{Coordinates, Number, Position};

const NOT_DEGREES: &str = "its coordinates are not degrees of longitude and latitude";
const TOO_SHORT: &str = "it has too few positions for what it is";

/// Writes a geometry. Fails with a clause where the standard has no place for it.
pub(super) fn write(coordinates: &Coordinates<'_>, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let (name, rings): (&str, Vec<Vec<&Position<'_>>>) = match coordinates {
        Coordinates::Point(position) => ("Point", vec![vec![position]]),
        Coordinates::Line(positions) => ("LineString", vec![positions.iter().collect()]),
        Coordinates::Polygon(rings) | Coordinates::Box(rings) => {
            ("Polygon", rings.iter().enumerate().map(|(index, ring)| wound(ring, index == 0)).collect())
        }
    };
    let needed = match coordinates {
        Coordinates::Point(_) => 1,
        Coordinates::Line(_) => 2,
        Coordinates::Polygon(_) | Coordinates::Box(_) => 4,
    };
    if rings.is_empty() || rings.iter().any(|ring| ring.len() < needed) {
        return Err(TOO_SHORT);
    }
    if !rings.iter().flatten().all(|position| is_of_degrees(position)) {
        return Err(NOT_DEGREES);
    }
    out.extend_from_slice(format!("{{\"type\":\"{name}\",\"coordinates\":").as_bytes());
    match coordinates {
        Coordinates::Point(position) => write_position(position, out),
        Coordinates::Line(_) => rings.iter().for_each(|line| write_list(line, out)),
        Coordinates::Polygon(_) | Coordinates::Box(_) => {
            for (index, ring) in rings.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                write_list(ring, out);
            }
            out.push(b']');
        }
    }
    out.push(b'}');
    Ok(())
}

fn is_of_degrees(position: &Position<'_>) -> bool {
    let (longitude, latitude) = (position.longitude.get(), position.latitude.get());
    (-180.0..=180.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude)
}

/// Returns a ring that is closed and goes round as it should: an outer one counter-clockwise.
fn wound<'p, 'a>(ring: &'p [Position<'a>], is_outer: bool) -> Vec<&'p Position<'a>> {
    let place = |position: &Position<'_>| (position.longitude.get(), position.latitude.get());
    let mut positions: Vec<&Position<'_>> = ring.iter().collect();
    if let (Some(first), Some(last)) = (ring.first(), ring.last())
        && place(first) != place(last)
    {
        positions.push(first);
    }
    let sides = positions.iter().zip(positions.iter().skip(1));
    let twice_area: f64 = sides
        .map(|(from, to)| {
            let ((x, y), (u, v)) = (place(from), place(to));
            x * v - u * y
        })
        .sum();
    // North is up, so that a positive area is counter-clockwise.
    if twice_area != 0.0 && (twice_area > 0.0) != is_outer {
        positions.reverse();
    }
    positions
}

fn write_list(positions: &[&Position<'_>], out: &mut Vec<u8>) {
    for (index, position) in positions.iter().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        write_position(position, out);
    }
    out.push(b']');
}

fn write_position(position: &Position<'_>, out: &mut Vec<u8>) {
    let numbers = [Some(&position.longitude), Some(&position.latitude), position.altitude.as_ref()];
    for (index, number) in numbers.into_iter().flatten().enumerate() {
        out.push(if index == 0 { b'[' } else { b',' });
        out.extend_from_slice(Number::text(number).as_bytes());
    }
    out.push(b']');
}
