//! Elements of a DICOM file, as Explicit VR Little Endian has them, and the file around them.
//!
//! # Invariants
//! - The caller adds elements in the order of their tags.
//! - Every value has an even length.

use crate::raster::Runs;
use labelport_model::series::Tag;

/// Explicit VR Little Endian.
const SYNTAX: &str = "1.2.840.10008.1.2.1";
/// Begins an item of a sequence.
const ITEM: Tag = (0xfffe, 0xe000);
/// The most bytes of a value whose length has 16 bits.
const SHORT_LIMIT: usize = 65_534;
/// The most characters of a number.
const NUMBER_LENGTH: usize = 16;

/// Elements, as bytes.
#[derive(Default)]
pub(super) struct Dataset(Vec<u8>);

impl Dataset {
    /// Adds a text of a kind.
    pub(super) fn text(&mut self, tag: Tag, kind: &[u8; 2], text: &str) {
        let filler = if kind == b"UI" { 0 } else { b' ' };
        self.element(tag, kind, text.as_bytes(), filler);
    }

    /// Adds numbers as texts, each of at most 16 characters.
    pub(super) fn decimals(&mut self, tag: Tag, numbers: &[f64]) {
        let numbers: Vec<String> = numbers.iter().map(|number| decimal(*number)).collect();
        self.text(tag, b"DS", &numbers.join("\\"));
    }

    /// Adds a number as a text.
    pub(super) fn integer(&mut self, tag: Tag, number: usize) {
        self.text(tag, b"IS", &number.to_string());
    }

    /// Adds numbers of 16 bits.
    pub(super) fn shorts(&mut self, tag: Tag, numbers: &[u16]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.element(tag, b"US", &bytes, 0);
    }

    /// Adds numbers of 32 bits.
    pub(super) fn longs(&mut self, tag: Tag, numbers: &[u32]) {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.element(tag, b"UL", &bytes, 0);
    }

    /// Adds an element that names another one.
    pub(super) fn pointer(&mut self, tag: Tag, to: Tag) {
        let bytes = [to.0.to_le_bytes(), to.1.to_le_bytes()].concat();
        self.element(tag, b"AT", &bytes, 0);
    }

    /// Adds a sequence of items.
    pub(super) fn sequence(&mut self, tag: Tag, items: impl IntoIterator<Item = Self>) {
        let at = self.long_element(tag, b"SQ");
        for item in items {
            self.tag(ITEM);
            self.0.extend_from_slice(&length_of(&item.0).to_le_bytes());
            self.0.extend_from_slice(&item.0);
        }
        self.end_long_element(at);
    }

    /// Adds a sequence of one item.
    pub(super) fn group(&mut self, tag: Tag, fill: impl FnOnce(&mut Self)) {
        let mut item = Self::default();
        fill(&mut item);
        self.sequence(tag, [item]);
    }

    /// Adds a code: its scheme, its value and what it means.
    pub(super) fn code(&mut self, tag: Tag, (scheme, value, meaning): (&str, &str, &str)) {
        self.group(tag, |item| {
            item.text((0x08, 0x100), b"SH", value);
            item.text((0x08, 0x102), b"SH", scheme);
            item.text((0x08, 0x104), b"LO", meaning);
        });
    }

    /// Adds frames of so many pixels each, of one bit, one after the other. A frame has the pixels of its masks.
    pub(super) fn bits<'r>(&mut self, tag: Tag, pixels: u64, frames: &[impl AsRef<[&'r Runs]>]) {
        let at = self.long_element(tag, b"OB");
        let bytes = (pixels * frames.len() as u64).div_ceil(8).next_multiple_of(2);
        // A file has a limit, which memory can hold.
        self.0.resize(at + usize::try_from(bytes).unwrap_or_default(), 0);
        for (first, frame) in (0..).map(|index: u64| index * pixels).zip(frames) {
            frame.as_ref().iter().for_each(|runs| runs.set_bits(&mut self.0[at..], first));
        }
        self.end_long_element(at);
    }

    /// Returns the elements.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds elements that come after these.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Begins a file, which is of a class and has a name. Elements follow.
    pub(super) fn file(class_uid: &str, instance_uid: &str, implementation_uid: &str) -> Self {
        let mut meta = Self::default();
        meta.element((0x02, 0x01), b"OB", &[0, 1], 0);
        meta.text((0x02, 0x02), b"UI", class_uid);
        meta.text((0x02, 0x03), b"UI", instance_uid);
        meta.text((0x02, 0x10), b"UI", SYNTAX);
        meta.text((0x02, 0x12), b"UI", implementation_uid);
        meta.text((0x02, 0x13), b"SH", "LABELPORT");
        let mut file = Self([&[0_u8; 128] as &[u8], b"DICM"].concat());
        file.longs((0x02, 0x00), &[length_of(&meta.0)]);
        file.append(&meta);
        file
    }

    /// Returns the file.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn tag(&mut self, (group, number): Tag) {
        self.0.extend_from_slice(&group.to_le_bytes());
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn element(&mut self, tag: Tag, kind: &[u8; 2], value: &[u8], filler: u8) {
        if kind == b"OB" {
            let at = self.long_element(tag, kind);
            self.0.extend_from_slice(value);
            return self.end_long_element(at);
        }
        let value = value.get(..SHORT_LIMIT).unwrap_or(value);
        self.tag(tag);
        self.0.extend_from_slice(kind);
        let length = value.len().next_multiple_of(2);
        self.0.extend_from_slice(&u16::try_from(length).unwrap_or_default().to_le_bytes());
        self.0.extend_from_slice(value);
        self.0.extend(std::iter::repeat_n(filler, length - value.len()));
    }

    /// Begins an element whose length has 32 bits. Returns where its value begins.
    fn long_element(&mut self, tag: Tag, kind: &[u8; 2]) -> usize {
        self.tag(tag);
        self.0.extend_from_slice(kind);
        self.0.extend_from_slice(&[0; 6]);
        self.0.len()
    }

    fn end_long_element(&mut self, at: usize) {
        let length = length_of(&self.0[at..]).to_le_bytes();
        self.0[at - 4..at].copy_from_slice(&length);
    }
}

/// Returns a length in 32 bits: a file has a limit below that.
fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Writes a number with at most 16 characters: all its digits if they fit, else as many as do.
fn decimal(number: f64) -> String {
    let shortest = number.to_string();
    // A zero before the point need not be written.
    let bare = if shortest.starts_with("-0.") {
        format!("-{}", &shortest[2..])
    } else {
        shortest.strip_prefix('0').filter(|rest| rest.starts_with('.')).unwrap_or(&shortest).to_owned()
    };
    let digits = || (0..NUMBER_LENGTH).rev();
    // Of a small number, a fixed point would leave few digits.
    let fixed = digits().filter(|_| number.abs() > 1e-3).map(|digits| format!("{number:.digits$}"));
    let rounded = digits().map(|digits| format!("{number:.digits$e}"));
    [shortest, bare, format!("{number:e}")]
        .into_iter()
        .chain(fixed)
        .chain(rounded)
        .find(|text| text.len() <= NUMBER_LENGTH)
        .unwrap_or_else(|| "0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_have_even_lengths() {
        let mut dataset = Dataset::default();
        dataset.text((0x08, 0x60), b"CS", "SEG");
        dataset.text((0x08, 0x16), b"UI", "1.2");
        dataset.group((0x08, 0x1115), |item| item.shorts((0x28, 0x10), &[7]));
        let expect = [
            b"\x08\0\x60\0CS\x04\0SEG " as &[u8],
            b"\x08\0\x16\0UI\x04\x001.2\0",
            b"\x08\0\x15\x11SQ\0\0\x12\0\0\0\xfe\xff\x00\xe0\x0a\0\0\0\x28\0\x10\0US\x02\0\x07\0",
        ];
        assert_eq!(dataset.bytes(), expect.concat());
    }

    #[test]
    fn frames_follow_each_other_bit_by_bit() {
        let row = |start, end| Runs::of_rows(3, 1, [(0, start, end)].into_iter());
        let (one, two, three) = (row(0, 1), row(1, 3), row(2, 3));
        let mut dataset = Dataset::default();
        dataset.bits((0x7fe0, 0x10), 3, &[vec![&one, &three], vec![&two], vec![&one]]);
        assert_eq!(dataset.bytes(), b"\xe0\x7f\x10\0OB\0\0\x02\0\0\0\x75\0");
    }

    #[track_caller]
    fn check(number: f64, expect: &str) {
        assert_eq!(decimal(number), expect);
    }

    #[test]
    fn numbers_have_at_most_16_characters() {
        check(0.5, "0.5");
        check(-250.0, "-250");
        check(0.0, "0");
        check(0.123456789012345, ".123456789012345");
        check(-0.12345678901234, "-.12345678901234");
        check(1.0 / 3.0, "0.33333333333333");
        check(-1.0 / 3.0, "-0.3333333333333");
        check(1e-10, "0.0000000001");
        check(-1.5e-17, "-1.5e-17");
        check(f64::MAX, "1.7976931349e308");
        check(123_456.123_456_789, "123456.123456789");
        check(123_456.0 + 1.0 / 3.0, "123456.333333333");
        check(1e-7 / 3.0, "3.33333333333e-8");
    }

    proptest! {
        #[test]
        fn a_number_of_a_file_is_written_as_it_was(digits in "-?[0-9]{1,7}\\.[0-9]{1,7}") {
            let number: f64 = digits.parse().unwrap();
            let text = decimal(number);
            prop_assert!(text.len() <= 16);
            prop_assert_eq!(text.parse::<f64>().unwrap(), number);
        }

        #[test]
        fn any_number_fits(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_normal());
            let text = decimal(number);
            prop_assert!(text.len() <= 16, "{}", text);
            let back: f64 = text.parse().unwrap();
            prop_assert!((back / number - 1.0).abs() < 1e-8, "{} {}", text, number);
        }
    }
}
