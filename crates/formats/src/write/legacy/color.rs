//! Colours for features whose ontology is not at hand.

/// Returns a colour as `#rrggbb` that depends only on the text: bright, and different for most texts.
pub(super) fn of(text: &str) -> String {
    // FNV-1a: short, and the same everywhere.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // Texts that differ only at their end differ only in the last bits, so all bits are mixed.
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hue = (mixed >> 32) % 1536;
    let (sector, step) = (hue / 256, (hue % 256) as u8);
    let (red, green, blue) = match sector {
        0 => (255, step, 0),
        1 => (255 - step, 255, 0),
        2 => (0, 255, step),
        3 => (0, 255 - step, 255),
        4 => (step, 0, 255),
        _ => (255, 0, 255 - step),
    };
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_colour() {
        assert_eq!(of("cjhfk1"), of("cjhfk1"));
        let colors: std::collections::BTreeSet<_> = (0..100).map(|number| of(&format!("schema{number}"))).collect();
        assert!(colors.len() > 90, "{}", colors.len());
        for color in colors {
            assert!(color.len() == 7 && u32::from_str_radix(&color[1..], 16).is_ok(), "{color}");
        }
    }
}
