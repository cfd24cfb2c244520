//! Places and directions in the patient, in three parts.

pub(in crate::write) type Vector = [f64; 3];

pub(in crate::write) fn dot(one: Vector, other: Vector) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Returns what is at right angles to both.
pub(in crate::write) fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

pub(in crate::write) fn length(vector: Vector) -> f64 {
    dot(vector, vector).sqrt()
}

pub(in crate::write) fn scaled(vector: Vector, factor: f64) -> Vector {
    vector.map(|part| part * factor)
}

pub(in crate::write) fn plus([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [a + x, b + y, c + z]
}

pub(in crate::write) fn minus(one: Vector, other: Vector) -> Vector {
    plus(one, scaled(other, -1.0))
}
