//! Polygons and masks from standard input, as run lengths and rings: what the tests compare with pycocotools.
//!
//! A line is `polygon WIDTH HEIGHT X Y X Y …` or `mask WIDTH HEIGHT BITS`, the bits row by row. For each there is a line with
//! the area, the compressed run lengths, and the rings of the mask: corners as `X,Y`, rings parted by spaces, holes with
//! a `-` before them.

use labelport_formats::raster::{Runs, fill};
use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mask = read(&line).ok_or_else(|| io::Error::other(format!("cannot read {line:?}")))?;
        let rings = mask.rings().into_iter().map(|ring| {
            let corners: Vec<String> = ring.corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
            format!("{}{}", if ring.is_hole { "-" } else { "" }, corners.join(";"))
        });
        writeln!(out, "{} {} {}", mask.area(), mask.compressed(), rings.collect::<Vec<_>>().join(" "))?;
    }
    Ok(())
}

fn read(line: &str) -> Option<Runs> {
    let mut words = line.split_whitespace();
    let kind = words.next()?;
    let (width, height) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    if kind == "polygon" {
        let sides = words.map(|word| word.parse().ok()).collect::<Option<Vec<f64>>>()?;
        let corners: Vec<(f64, f64)> = sides.chunks_exact(2).map(|corner| (corner[0], corner[1])).collect();
        return Some(fill(&corners, width, height));
    }
    let bits = words.next()?.bytes().zip(0_u32..).filter(|(bit, _)| *bit == b'1');
    let pixels = bits.map(|(_, place)| (place / width, place % width, place % width + 1));
    Some(Runs::of_rows(width, height, pixels))
}
