//! Colours as DICOM has them: CIELab, as seen in the light of the profile connection space, in 16 bits each.

/// From linear red, green and blue of sRGB to X, Y and Z, adapted to D50.
const TO_XYZ: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];
/// White in that light.
const WHITE: [f64; 3] = [0.964_22, 1.0, 0.825_21];
/// Below this share of white, lightness is a straight line.
const DARK: f64 = 216.0 / 24_389.0;
const SLOPE: f64 = 24_389.0 / 27.0;

/// Returns the lightness and both colour axes of a colour of sRGB, from 0 to 65,535 each.
pub(super) fn lab(colour: [u8; 3]) -> [u16; 3] {
    let linear = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    let [x, y, z] = [0, 1, 2].map(|axis| {
        let part: f64 = TO_XYZ[axis].iter().zip(linear).map(|(factor, part)| factor * part).sum();
        let share = part / WHITE[axis];
        if share > DARK { share.cbrt() } else { (SLOPE * share + 16.0) / 116.0 }
    });
    let lightness = (116.0 * y - 16.0) / 100.0;
    let axis = |number: f64| (number + 128.0) / 255.0;
    [lightness, axis(500.0 * (x - y)), axis(200.0 * (y - z))]
        .map(|share| (share.clamp(0.0, 1.0) * f64::from(u16::MAX)).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_the_tables() {
        // From published values of L*, a* and b* in D50, to a tenth.
        for (colour, expect) in [
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([255, 0, 0], [54.3, 80.8, 69.9]),
            ([0, 255, 0], [87.8, -79.3, 81.0]),
            ([0, 0, 255], [29.6, 68.3, -112.0]),
            ([128, 128, 128], [53.6, 0.0, 0.0]),
        ] {
            let [lightness, a, b] = lab(colour).map(|part| f64::from(part) / f64::from(u16::MAX));
            let found = [lightness * 100.0, a * 255.0 - 128.0, b * 255.0 - 128.0];
            for (found, expect) in found.iter().zip(expect) {
                assert!((found - expect).abs() < 0.1, "{colour:?}: {found} and {expect}");
            }
        }
    }
}
