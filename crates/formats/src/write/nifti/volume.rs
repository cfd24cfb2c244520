//! A volume as a file: the header of NIfTI-1, and the layers, packed with gzip.
//!
//! Numbers are in little-endian order. The file says nothing of when it was made, so that the same voxels are the same bytes.

use super::grid::Grid;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};

/// How long the header is, with the four bytes that say that nothing extends it.
const HEADER_BYTES: usize = 352;
/// Codes of NIfTI-1.
const UINT8: i16 = 2;
const UINT16: i16 = 512;
const MILLIMETRES: u8 = 2;
const OF_THE_SCANNER: i16 = 1;
const LABELS: i16 = 1002;
/// How far the angles between axes are from right angles at most, where a rotation is written, as a cosine.
const RIGHT_ANGLE: f64 = 1e-4;

/// A volume that is being written, layer by layer.
pub(super) struct Volume {
    packed: GzEncoder<Vec<u8>>,
    is_deep: bool,
    layer: Vec<u8>,
}

impl Volume {
    /// Begins a volume, whose voxels have 16 bits if it is deep, else 8.
    pub(super) fn new(grid: &Grid, is_deep: bool) -> io::Result<Self> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&header(grid, is_deep))?;
        Ok(Self { packed, is_deep, layer: Vec::new() })
    }

    /// Adds a layer: its voxels row by row.
    pub(super) fn add(&mut self, voxels: &[u16]) -> io::Result<()> {
        self.layer.clear();
        if self.is_deep {
            self.layer.extend(voxels.iter().flat_map(|voxel| voxel.to_le_bytes()));
        } else {
            // What is not deep has no greater values.
            self.layer.extend(voxels.iter().map(|voxel| voxel.to_le_bytes()[0]));
        }
        self.packed.write_all(&self.layer)
    }

    /// Returns the file.
    pub(super) fn finish(self) -> io::Result<Vec<u8>> {
        self.packed.finish()
    }
}

fn header(grid: &Grid, is_deep: bool) -> Vec<u8> {
    let mut header = Header(vec![0; HEADER_BYTES]);
    header.put(0, 348_i32.to_le_bytes());
    // A grid has no more along an axis than 16 bits hold.
    let side = |count: usize| i16::try_from(count).unwrap_or(i16::MAX);
    let sides = [3, side(grid.columns as usize), side(grid.rows as usize), side(grid.layers.len()), 1, 1, 1, 1];
    header.put_all(40, sides.map(i16::to_le_bytes));
    header.put(68, LABELS.to_le_bytes());
    let (kind, bits) = if is_deep { (UINT16, 16_i16) } else { (UINT8, 8) };
    header.put_all(70, [kind, bits].map(i16::to_le_bytes));
    let affine = grid.affine();
    let rotation = Rotation::of(&affine);
    let [x, y, z] = grid.spacing();
    let mirror = rotation.as_ref().map_or(1.0, |rotation| rotation.mirror);
    header.put_all(76, [mirror, x, y, z, 1.0, 1.0, 1.0, 1.0].map(bytes_of));
    header.put_all(108, [HEADER_BYTES as f64, 1.0, 0.0].map(bytes_of));
    header.put(123, [MILLIMETRES]);
    let [[.., right], [.., front], [.., up]] = affine;
    if let Some(rotation) = &rotation {
        header.put(252, OF_THE_SCANNER.to_le_bytes());
        let [b, c, d] = rotation.quaternion;
        header.put_all(256, [b, c, d, right, front, up].map(bytes_of));
    }
    header.put(254, OF_THE_SCANNER.to_le_bytes());
    for (row, at) in affine.into_iter().zip([280, 296, 312]) {
        header.put_all(at, row.map(bytes_of));
    }
    header.put(344, *b"n+1\0");
    header.0
}

/// The bytes of a header.
struct Header(Vec<u8>);

impl Header {
    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.0[at..at + N].copy_from_slice(&bytes);
    }

    fn put_all<const N: usize, const M: usize>(&mut self, at: usize, values: [[u8; N]; M]) {
        values.into_iter().enumerate().for_each(|(index, bytes)| self.put(at + index * N, bytes));
    }
}

fn bytes_of(number: f64) -> [u8; 4] {
    (number as f32).to_le_bytes()
}

/// How the axes of a volume are turned: the other way in which NIfTI has places of voxels, for programs that read no matrix.
struct Rotation {
    /// The last three parts of a quaternion of length 1, whose first is not negative.
    quaternion: [f64; 3],
    /// -1 where the third axis is turned around before, else 1.
    mirror: f64,
}

impl Rotation {
    /// Finds the rotation of a matrix; nothing where its axes are not at right angles, as those of a tilted scanner.
    fn of(affine: &[[f64; 4]; 3]) -> Option<Self> {
        let axis = |index: usize| {
            let vector = affine.map(|row| row[index]);
            let length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
            vector.map(|part| part / length)
        };
        let (x, y, mut z) = (axis(0), axis(1), axis(2));
        let dot = |one: [f64; 3], other: [f64; 3]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
        if [dot(x, y), dot(x, z), dot(y, z)].iter().any(|cosine| cosine.abs() > RIGHT_ANGLE) {
            return None;
        }
        let normal = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
        let mirror = if dot(normal, z) < 0.0 { -1.0 } else { 1.0 };
        z = z.map(|part| part * mirror);
        // Of the four parts, the largest is found first: dividing by it is exact enough.
        let squares = [x[0] + y[1] + z[2], x[0] - y[1] - z[2], y[1] - x[0] - z[2], z[2] - x[0] - y[1]];
        let mut largest = 0;
        for (index, square) in squares.iter().enumerate() {
            if *square > squares[largest] {
                largest = index;
            }
        }
        let part = (squares[largest] + 1.0).max(0.0).sqrt() / 2.0;
        let rest = 0.25 / part;
        let (bc, bd, cd) = ((x[1] + y[0]) * rest, (x[2] + z[0]) * rest, (y[2] + z[1]) * rest);
        let (ab, ac, ad) = ((y[2] - z[1]) * rest, (z[0] - x[2]) * rest, (x[1] - y[0]) * rest);
        let [a, quaternion @ ..] = match largest {
            0 => [part, ab, ac, ad],
            1 => [ab, part, bc, bd],
            2 => [ac, bc, part, cd],
            _ => [ad, bd, cd, part],
        };
        let sign = if a < 0.0 { -1.0 } else { 1.0 };
        Some(Self { quaternion: quaternion.map(|part| part * sign + 0.0), mirror })
    }
}
