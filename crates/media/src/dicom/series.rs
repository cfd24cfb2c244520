//! Where the slices of a series lie, and what it is called.
//!
//! A file with one frame says it in elements of its own, one with several in a sequence with an item for each frame, and in
//! another one for what all frames share. Nothing is supposed that a file does not say.

use super::characters::{CHARACTER_SET, decode};
use super::elements::{
    Element, FRAME_GROUPS, Form, ITEM, MEASURES, PLANE_ORIENTATION, PLANE_POSITION, SHARED_GROUPS, text, walk,
};
use super::{COLUMNS, FRAMES, PACKED, ROWS, syntax_of};
use crate::numbers::between;
use flate2::read::DeflateDecoder;
use labelport_model::series::{Series, Slice, TEXTS, Tag};
use std::collections::BTreeMap;
use std::io::{self, Read};

const THICKNESS: Tag = (0x18, 0x50);
const POSITION: Tag = (0x20, 0x32);
const ORIENTATION: Tag = (0x20, 0x37);
const SPACING: Tag = (0x28, 0x30);
/// Elements after this group are not about slices: the next ones are pixels.
const LAST_GROUP: u16 = 0x5200;
/// How many bytes are read first. Most headers are shorter.
const FIRST_BYTES: u64 = 64 << 10;
/// The most bytes of a text: a name is written in up to three ways, each of 64 characters.
const TEXT_BYTES: usize = 1024;
/// The most bytes that a header has.
const LIMIT_BYTES: u64 = 64 << 20;

/// Why nothing is known of a series.
#[derive(Debug)]
pub enum SeriesError {
    /// It cannot be read.
    Read(io::Error),
    /// It is not a DICOM file.
    NotDicom,
    /// Its header ends before it says everything.
    CutOff,
    /// Its header has more than 64 MiB.
    TooLong,
    /// It does not say how large its slices are.
    NoSize,
    /// It does not say of each slice where it lies, which way it is turned and how far apart its pixels are.
    NoPlaces,
}

/// Reads the header of a DICOM file.
pub fn read_series(mut file: impl Read) -> Result<Series, SeriesError> {
    let mut bytes = Vec::new();
    let is_all = fill(&mut file, &mut bytes, FIRST_BYTES)?;
    let (syntax, start) = syntax_of(&bytes).ok_or(SeriesError::NotDicom)?;
    if start > bytes.len() {
        return Err(if is_all { SeriesError::CutOff } else { SeriesError::TooLong });
    }
    bytes.drain(..start);
    if syntax == PACKED {
        return read_body(DeflateDecoder::new(bytes.as_slice().chain(file)), Vec::new(), Form::USUAL);
    }
    read_body(file, bytes, Form::of_syntax(&syntax))
}

/// Reads on until there are so many bytes. Returns whether there are no more.
fn fill(file: &mut impl Read, bytes: &mut Vec<u8>, count: u64) -> Result<bool, SeriesError> {
    let missing = count.saturating_sub(bytes.len() as u64);
    file.take(missing).read_to_end(bytes).map_err(SeriesError::Read)?;
    Ok((bytes.len() as u64) < count)
}

/// Reads elements, more and more of them until what describes slices is over.
fn read_body(mut file: impl Read, mut bytes: Vec<u8>, form: Form) -> Result<Series, SeriesError> {
    let mut count = FIRST_BYTES;
    loop {
        let is_all = fill(&mut file, &mut bytes, count)?;
        let mut found = Found::default();
        let end = walk(&bytes, form, |element| {
            found.add(&element, form);
            !element.path.is_empty() || element.tag.0 <= LAST_GROUP
        });
        match (end.is_stopped, is_all) {
            (true, _) => return found.into_series(),
            // A file without pixels ends with its last element.
            (false, true) if end.at == bytes.len() && !end.is_inside => return found.into_series(),
            (false, true) => return Err(SeriesError::CutOff),
            (false, false) if count >= LIMIT_BYTES => return Err(SeriesError::TooLong),
            (false, false) => count *= 4,
        }
    }
}

/// What is said of one slice, or of all.
#[derive(Default, Clone, Copy)]
struct Said {
    position: Option<[f64; 3]>,
    orientation: Option<[f64; 6]>,
    spacing: Option<[f64; 2]>,
    thickness: Option<f64>,
}

impl Said {
    fn add(&mut self, tag: Tag, value: &[u8]) {
        match tag {
            POSITION => self.position = numbers(value),
            ORIENTATION => self.orientation = numbers(value),
            SPACING => self.spacing = numbers(value),
            THICKNESS => self.thickness = numbers(value).map(|[thickness]| thickness),
            _ => {}
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            position: self.position.or(other.position),
            orientation: self.orientation.or(other.orientation),
            spacing: self.spacing.or(other.spacing),
            thickness: self.thickness.or(other.thickness),
        }
    }

    fn to_slice(self) -> Option<Slice> {
        let [x, y, z, down @ ..] = self.orientation?;
        Some(Slice {
            position_mm: self.position?,
            along_row: [x, y, z],
            down_column: down,
            spacing_mm: self.spacing?,
            thickness_mm: self.thickness.filter(|thickness| *thickness > 0.0),
        })
    }
}

#[derive(Default)]
struct Found {
    columns: Option<u32>,
    rows: Option<u32>,
    frames: Option<usize>,
    of_file: Said,
    shared: Said,
    of_frames: Vec<Said>,
    character_set: String,
    texts: BTreeMap<Tag, Option<Vec<u8>>>,
}

impl Found {
    fn add(&mut self, element: &Element<'_>, form: Form) {
        let Element { path, tag, value } = *element;
        let side = || form.short(value, 0).map(u32::from).filter(|side| *side > 0);
        match (path, tag) {
            ([], ROWS) => self.rows = side(),
            ([], COLUMNS) => self.columns = side(),
            ([], FRAMES) => self.frames = text(value).parse().ok(),
            ([], CHARACTER_SET) => self.character_set = text(value),
            ([], tag) if TEXTS.contains(&tag) => {
                let kept = (value.len() <= TEXT_BYTES).then(|| value.to_vec());
                self.texts.insert(tag, kept);
            }
            ([], _) => self.of_file.add(tag, value),
            ([FRAME_GROUPS], ITEM) => self.of_frames.push(Said::default()),
            ([SHARED_GROUPS, MEASURES | PLANE_POSITION | PLANE_ORIENTATION], _) => self.shared.add(tag, value),
            ([FRAME_GROUPS, MEASURES | PLANE_POSITION | PLANE_ORIENTATION], _) => {
                if let Some(last) = self.of_frames.last_mut() {
                    last.add(tag, value);
                }
            }
            _ => {}
        }
    }

    fn into_series(self) -> Result<Series, SeriesError> {
        let (Some(columns), Some(rows)) = (self.columns, self.rows) else { return Err(SeriesError::NoSize) };
        let count = self.frames.unwrap_or(1);
        let said = match self.of_frames.len() {
            // What a file says of itself holds for a single frame: several are not at one place.
            0 if count == 1 => vec![self.of_file.or(self.shared)],
            frames if frames == count => self.of_frames.iter().map(|said| said.or(self.shared)).collect(),
            _ => return Err(SeriesError::NoPlaces),
        };
        let slices: Option<Vec<Slice>> = said.into_iter().map(Said::to_slice).collect();
        let slices = slices.filter(|slices| !slices.is_empty()).ok_or(SeriesError::NoPlaces)?;
        let texts = self.texts.into_iter().filter_map(|(tag, value)| {
            let text = value.and_then(|value| decode(&value, &self.character_set));
            (text.as_deref() != Some("")).then_some((tag, text))
        });
        Ok(Series { columns, rows, slices, texts: texts.collect() })
    }
}

/// Reads numbers with backslashes between them; nothing where there are fewer or more.
fn numbers<const N: usize>(value: &[u8]) -> Option<[f64; N]> {
    let text = text(between(value, 0, 32 * N));
    let numbers: Option<Vec<f64>> =
        text.split('\\').map(|number| number.trim().parse().ok().filter(|number: &f64| number.is_finite())).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use labelport_model::series;
    use std::io::Write;

    const IMPLICIT: &str = "1.2.840.10008.1.2";
    const EXPLICIT: &str = "1.2.840.10008.1.2.1";
    const BIG: &str = "1.2.840.10008.1.2.2";

    /// Writes elements in the form of a transfer syntax.
    #[derive(Clone, Copy)]
    struct Pen {
        form: Form,
        /// Whether sequences and items end with a mark.
        is_open: bool,
    }

    impl Pen {
        fn of(syntax: &str, is_open: bool) -> Self {
            Self { form: Form::of_syntax(syntax), is_open }
        }

        fn short(self, number: u16) -> [u8; 2] {
            if self.form.is_little { number.to_le_bytes() } else { number.to_be_bytes() }
        }

        fn long(self, number: u32) -> [u8; 4] {
            if self.form.is_little { number.to_le_bytes() } else { number.to_be_bytes() }
        }

        fn tag(self, tag: Tag) -> Vec<u8> {
            [self.short(tag.0), self.short(tag.1)].concat()
        }

        fn element(self, tag: Tag, kind: &[u8; 2], value: &[u8]) -> Vec<u8> {
            let length = match self.form.is_explicit {
                true => [kind, &self.short(value.len() as u16)[..]].concat(),
                false => self.long(value.len() as u32).to_vec(),
            };
            [self.tag(tag), length, value.to_vec()].concat()
        }

        fn numbers(self, tag: Tag, numbers: &str) -> Vec<u8> {
            let padding = if numbers.len() % 2 == 1 { " " } else { "" };
            self.element(tag, b"DS", format!("{numbers}{padding}").as_bytes())
        }

        fn sequence(self, tag: Tag, items: &[Vec<u8>]) -> Vec<u8> {
            let length = |inner: usize| self.long(if self.is_open { u32::MAX } else { inner as u32 }).to_vec();
            let mark = |mark: Tag| if self.is_open { [self.tag(mark), vec![0; 4]].concat() } else { Vec::new() };
            let item =
                |inner: &Vec<u8>| [self.tag(ITEM), length(inner.len()), inner.clone(), mark((0xfffe, 0xe00d))].concat();
            let inner: Vec<u8> = items.iter().flat_map(item).collect();
            let kind = if self.form.is_explicit { b"SQ\0\0".to_vec() } else { Vec::new() };
            [self.tag(tag), kind, length(inner.len()), inner, mark((0xfffe, 0xe0dd))].concat()
        }

        fn size(self) -> Vec<u8> {
            let side = |tag, side| self.element(tag, b"US", &self.short(side));
            [side(ROWS, 48), side(COLUMNS, 64)].concat()
        }

        fn pixels(self) -> Vec<u8> {
            // More than the first look at a file takes.
            let pixels = vec![0; 200_000];
            let kind = if self.form.is_explicit { b"OW\0\0".to_vec() } else { Vec::new() };
            [self.tag((0x7fe0, 0x10)), kind, self.long(pixels.len() as u32).to_vec(), pixels].concat()
        }

        /// A series with a sequence of frames, in which an icon has a size of its own.
        fn frames(self, count: usize) -> Vec<u8> {
            let position = |index: usize| {
                let place = self.numbers(POSITION, &format!("-1.5\\2\\{}.25", index * 3));
                self.sequence(PLANE_POSITION, &[place])
            };
            let measures = [self.numbers(THICKNESS, "3"), self.numbers(SPACING, "0.5\\0.25")].concat();
            let turned = self.numbers(ORIENTATION, "1\\0\\0\\0\\1\\0");
            let shared = [self.sequence(PLANE_ORIENTATION, &[turned]), self.sequence(MEASURES, &[measures])].concat();
            let frames: Vec<Vec<u8>> = (0..count).map(position).collect();
            let icon = self.element(ROWS, b"US", &self.short(9));
            [
                self.sequence((0x08, 0x1140), &[icon]),
                self.element(FRAMES, b"IS", format!("{count:02}").as_bytes()),
                self.size(),
                self.sequence(SHARED_GROUPS, &[shared]),
                self.sequence(FRAME_GROUPS, &frames),
                self.pixels(),
            ]
            .concat()
        }

        /// A series of one slice.
        fn single(self) -> Vec<u8> {
            [
                self.numbers(THICKNESS, "3"),
                self.numbers(POSITION, "-1.5\\2\\0.25"),
                self.numbers(ORIENTATION, "1\\0\\0\\0\\1\\0"),
                self.size(),
                self.numbers(SPACING, "0.5\\0.25"),
            ]
            .concat()
        }
    }

    fn file(syntax: &str, body: &[u8]) -> Vec<u8> {
        let mut name = syntax.as_bytes().to_vec();
        name.resize(name.len().next_multiple_of(2), 0);
        let meta = Pen::of(EXPLICIT, false).element((2, 0x10), b"UI", &name);
        [&[0; 128], b"DICM" as &[u8], &meta, body].concat()
    }

    fn expected(count: usize) -> Series {
        let slice = |index| Slice {
            position_mm: [-1.5, 2.0, index as f64 * 3.0 + 0.25],
            along_row: [1.0, 0.0, 0.0],
            down_column: [0.0, 1.0, 0.0],
            spacing_mm: [0.5, 0.25],
            thickness_mm: Some(3.0),
        };
        Series { columns: 64, rows: 48, slices: (0..count).map(slice).collect(), texts: BTreeMap::new() }
    }

    #[test]
    fn each_frame_has_its_place_in_every_form() {
        for syntax in [IMPLICIT, EXPLICIT, BIG] {
            for is_open in [false, true] {
                let bytes = file(syntax, &Pen::of(syntax, is_open).frames(3));
                assert_eq!(read_series(bytes.as_slice()).unwrap(), expected(3), "{syntax} {is_open}");
            }
        }
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&Pen::of(EXPLICIT, false).frames(3)).unwrap();
        assert_eq!(read_series(file(PACKED, &packed.finish().unwrap()).as_slice()).unwrap(), expected(3));
    }

    #[test]
    fn a_header_that_is_longer_than_the_first_look_is_read_to_its_end() {
        // An element of 16 bits cannot be longer than its sequence says.
        for pen in [Pen::of(IMPLICIT, false), Pen::of(IMPLICIT, true)] {
            assert_eq!(read_series(file(IMPLICIT, &pen.frames(90)).as_slice()).unwrap(), expected(90));
        }
        let pen = Pen::of(EXPLICIT, false);
        let long = [pen.element((0x09, 0x10), b"LT", &[b' '; 60_000]).repeat(4), pen.single()].concat();
        assert_eq!(read_series(file(EXPLICIT, &long).as_slice()).unwrap(), expected(1));
    }

    #[test]
    fn a_file_of_one_frame_says_it_of_itself() {
        let pen = Pen::of(EXPLICIT, false);
        let bytes = file(EXPLICIT, &[pen.single(), pen.pixels()].concat());
        assert_eq!(read_series(bytes.as_slice()).unwrap(), expected(1));
        assert_eq!(read_series(file(EXPLICIT, &pen.single()).as_slice()).unwrap(), expected(1), "without pixels");
    }

    #[track_caller]
    fn check_texts(character_set: &[u8], elements: &[(Tag, &[u8])], expect: &[(Tag, Option<&str>)]) {
        for syntax in [IMPLICIT, EXPLICIT, BIG] {
            let pen = Pen::of(syntax, false);
            let text = |(tag, value): &(Tag, &[u8])| pen.element(*tag, b"LO", value);
            let named: Vec<u8> = elements.iter().flat_map(text).collect();
            // What is in a sequence is about something else.
            let other = pen.sequence((0x08, 0x1140), &[pen.element(series::INSTANCE_UID, b"UI", b"9.9\0")]);
            let body = [pen.element(CHARACTER_SET, b"CS", character_set), other, named, pen.frames(2)].concat();
            let series = read_series(file(syntax, &body).as_slice()).unwrap();
            let expect = expect.iter().map(|(tag, text)| (*tag, text.map(str::to_owned))).collect();
            assert_eq!(series.texts, expect, "{syntax}");
            assert_eq!(series.slices.len(), 2, "{syntax}");
        }
    }

    #[test]
    fn a_series_says_what_it_is_called() {
        let elements: [(Tag, &[u8]); 5] = [
            (series::CLASS_UID, b"1.2.840.10008.5.1.4.1.1.2.1\0"),
            (series::INSTANCE_UID, b"1.2.3.4\0"),
            (series::STUDY_DATE, b""),
            (series::PATIENT_NAME, "Müller^Jürgen ".as_bytes()),
            (series::PATIENT_ID, b"  "),
        ];
        let expect = [
            (series::CLASS_UID, Some("1.2.840.10008.5.1.4.1.1.2.1")),
            (series::INSTANCE_UID, Some("1.2.3.4")),
            (series::PATIENT_NAME, Some("Müller^Jürgen")),
        ];
        check_texts(b"ISO_IR 192", &elements, &expect);
    }

    #[test]
    fn a_text_that_cannot_be_read_is_not_guessed() {
        let long = [b'x'; TEXT_BYTES + 2];
        let elements: [(Tag, &[u8]); 3] =
            [(series::PATIENT_NAME, b"M\xfcller"), (series::PATIENT_ID, &long), (series::STUDY_ID, b"7 ")];
        let expect = [(series::PATIENT_NAME, None), (series::PATIENT_ID, None), (series::STUDY_ID, Some("7"))];
        check_texts(b"", &elements, &expect);
    }

    #[track_caller]
    fn check_unknown(bytes: &[u8], is_expected: fn(&SeriesError) -> bool) {
        let error = read_series(bytes).unwrap_err();
        assert!(is_expected(&error), "{error:?}");
    }

    #[test]
    fn nothing_is_supposed_that_a_file_does_not_say() {
        let pen = Pen::of(EXPLICIT, false);
        check_unknown(b"", |error| matches!(error, SeriesError::NotDicom));
        check_unknown(&[7; 4_000], |error| matches!(error, SeriesError::NotDicom));
        check_unknown(&file(EXPLICIT, &pen.pixels()), |error| matches!(error, SeriesError::NoSize));
        check_unknown(&file(EXPLICIT, &pen.size()), |error| matches!(error, SeriesError::NoPlaces));
        // Several frames at the one place of their file, and fewer places than frames.
        let several = [pen.element(FRAMES, b"IS", b"2 "), pen.single()].concat();
        check_unknown(&file(EXPLICIT, &several), |error| matches!(error, SeriesError::NoPlaces));
        let fewer = [pen.element(FRAMES, b"IS", b"7 "), pen.frames(3)[40..].to_vec()].concat();
        check_unknown(&file(EXPLICIT, &fewer), |error| !matches!(error, SeriesError::Read(_)));
        let none = pen.frames(0);
        check_unknown(&file(EXPLICIT, &none), |error| matches!(error, SeriesError::NoPlaces));
        for wrong in ["1\\2", "1\\2\\3\\4", "1\\2\\x", "1\\2\\inf", "1\\2\\nan", ""] {
            let body = [pen.numbers(POSITION, wrong), pen.size()].concat();
            check_unknown(&file(EXPLICIT, &body), |error| matches!(error, SeriesError::NoPlaces));
        }
        let long = pen.element((0x09, 0x10), b"LT", &[b' '; 60_000]).repeat(1_200);
        check_unknown(&file(EXPLICIT, &long), |error| matches!(error, SeriesError::TooLong));
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_not_a_series() {
        let pen = Pen::of(EXPLICIT, true);
        let whole = pen.frames(2);
        let bytes = file(EXPLICIT, &whole[..whole.len() - 200_000]);
        for end in 0..bytes.len() - 12 {
            assert!(read_series(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn fuzz_series() {
        let all = [
            file(EXPLICIT, &Pen::of(EXPLICIT, true).frames(2)[..600]),
            file(IMPLICIT, &Pen::of(IMPLICIT, false).frames(2)[..500]),
            file(EXPLICIT, &Pen::of(EXPLICIT, false).single()),
        ];
        bolero::check!().with_type::<(u8, Vec<(u16, u8)>)>().for_each(|(which, changes)| {
            let mut bytes = all[usize::from(*which) % all.len()].clone();
            for (place, value) in changes {
                let at = usize::from(*place) % bytes.len();
                bytes[at] = *value;
            }
            if let Ok(series) = read_series(bytes.as_slice()) {
                assert!(!series.slices.is_empty() && series.slices.len() < bytes.len() / 8);
                assert!(series.slices.iter().flat_map(|slice| slice.position_mm).all(f64::is_finite));
            }
        });
    }
}
