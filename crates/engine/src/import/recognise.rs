//! What a file is, judging by its beginning: rows and how they are laid out, or something else and what to do about it.

use super::error::ImportError;
use super::split::Layout;
use labelport_formats::read::{LabelboxRows, LabelboxV1, Reader};

/// How much is looked at.
pub(super) const SAMPLE_BYTES: usize = 64 << 10;

/// Files of other kinds, by their first bytes.
const STRANGERS: &[(&[u8], &str)] = &[
    (b"\xff\xfe\0\0", "it is UTF-32 text; save it as UTF-8"),
    (b"\0\0\xfe\xff", "it is UTF-32 text; save it as UTF-8"),
    (b"\xff\xfe", "it is UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "it is UTF-16 text; save it as UTF-8"),
    (b"PK\x03\x04", "it is a ZIP archive; unpack it and import the files in it"),
    (b"\x1f\x8b", "it is packed twice; unpack it once"),
    (b"\x28\xb5\x2f\xfd", "it is packed twice; unpack it once"),
    (b"\xfd7zXZ\0", "it is packed with xz; unpack it, or pack it with gzip or zstd"),
    (b"BZh", "it is packed with bzip2; unpack it, or pack it with gzip or zstd"),
    (b"\x04\x22\x4d\x18", "it is packed with lz4; unpack it, or pack it with gzip or zstd"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive; unpack it and import the files in it"),
    (b"PAR1", "it is a Parquet file; export it as NDJSON"),
    (b"SQLite format 3\0", "it is an SQLite database; name its data folder with --data to read one of labelport"),
    (b"%PDF-", "it is a PDF document; import the rows that name it"),
    (b"\x89PNG", "it is a PNG image; import the rows that name it"),
    (b"\xff\xd8\xff", "it is a JPEG image; import the rows that name it"),
];

/// Where a tar archive says that it is one.
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");

/// What is said of anything else.
const EXPECTED: &str =
    "expected NDJSON, or a JSON array, of rows with the key data_row or of v1 records with the key \"DataRow ID\"";

/// The keys by which forms of rows are recognised.
const FORMS: [(&[u8], &dyn Reader); 2] = [(b"\"data_row\"", &LabelboxRows), (b"\"DataRow ID\"", &LabelboxV1)];

/// Objects of other kinds, by the first key.
const OTHER_OBJECTS: &[(&[u8], &str)] = &[
    (b"manifest_version", "it is the manifest of a result; import the result that it lies next to"),
    (b"record", "it lists why records were refused; correct and import the records in the file that it lies next to"),
];

/// What a file is.
#[derive(Clone, Copy)]
pub(super) struct Recognised {
    /// How records are laid out.
    pub(super) layout: Layout,
    /// What reads them.
    pub(super) reader: &'static dyn Reader,
}

/// Returns what a file is. `sample` is its beginning, or that of its unpacked contents, after a byte order mark and blank
/// lines; `had_blanks` says that there were any. `asked` is the form that the caller takes it for.
pub(super) fn recognise(
    name: &str,
    sample: &[u8],
    had_blanks: bool,
    asked: Option<&'static dyn Reader>,
) -> Result<Recognised, ImportError> {
    let not_an_export = |found: &str| Err(ImportError::NotAnExport { name: name.to_owned(), found: found.to_owned() });
    let unexpected = |found: &str| not_an_export(&format!("{found}; {EXPECTED}"));
    let Some(first) = sample.first() else {
        return unexpected(if had_blanks { "it holds nothing but blank lines" } else { "it is empty" });
    };
    if let Some((_, found)) = STRANGERS.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return not_an_export(found);
    }
    if sample.get(TAR_MAGIC.0..).is_some_and(|rest| rest.starts_with(TAR_MAGIC.1)) {
        return not_an_export("it is a tar archive; unpack it and import the files in it");
    }
    let layout = match first {
        // A text of 16-bit units without a mark; any other zero is the problem of its line.
        b'{' | b'[' if sample.get(1) == Some(&0) => return not_an_export("it is UTF-16 text; save it as UTF-8"),
        0 if matches!(sample.get(1), Some(b'{' | b'[')) => return not_an_export("it is UTF-16 text; save it as UTF-8"),
        0 if sample.iter().all(|byte| *byte == 0) => {
            return not_an_export("it begins with zero bytes, as a file does whose copy was cut off; copy it again");
        }
        b'[' => Layout::Array,
        // An object that opens on a line of its own is printed over several lines.
        b'{' if opens_a_line(&sample[1..]) => Layout::Sequence,
        b'{' => Layout::Lines,
        b'<' => {
            return not_an_export(
                "it is a web page or XML, perhaps the error message of a download; open it in a text editor, and \
                 download the export again",
            );
        }
        _ if sample.contains(&0) => return unexpected("it holds binary data"),
        _ if is_table(sample) => return not_an_export("it looks like a table (CSV); export it as NDJSON"),
        _ => return unexpected("it does not begin with a JSON object or array"),
    };
    // A text inside may name the key of the other form, which comes later than the key itself.
    let found = FORMS.iter().filter_map(|(key, reader)| Some((position(sample, key)?, *reader)));
    let found = found.min_by_key(|(place, _)| *place).map(|(_, reader)| reader);
    match (asked, found) {
        (Some(asked), Some(found)) if asked.name() != found.name() => {
            // A file of both forms is read as it was asked for, and what is of the other form is refused.
            let is_of_both = FORMS.iter().all(|(key, _)| position(sample, key).is_some());
            if !is_of_both {
                let other = found.name();
                return not_an_export(&format!(
                    "its records are of another form; import it with `labelport import {other}`"
                ));
            }
        }
        _ => {}
    }
    if let Some(reader) = asked.filter(|_| found.is_some()).or(found) {
        return Ok(Recognised { layout, reader });
    }
    let is_first_key = |key: &[u8]| {
        let rest = sample[1..].trim_ascii_start().strip_prefix(b"\"").and_then(|rest| rest.strip_prefix(key));
        rest.is_some_and(|rest| rest.starts_with(b"\""))
    };
    if let Some((_, found)) = OTHER_OBJECTS.iter().find(|(key, _)| is_first_key(key)) {
        return not_an_export(found);
    }
    // An empty array is an export of nothing; a sample that ends early may have the key after its end.
    let is_empty_array = layout == Layout::Array && sample[1..].trim_ascii() == b"]";
    if is_empty_array || sample.len() >= SAMPLE_BYTES {
        return Ok(Recognised { layout, reader: asked.unwrap_or(&LabelboxRows) });
    }
    unexpected("its objects have neither key")
}

fn position(sample: &[u8], text: &[u8]) -> Option<usize> {
    memchr::memmem::find(sample, text)
}

/// Returns whether only space precedes the end of the line.
fn opens_a_line(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n')
}

/// Returns whether the first lines have the same number of columns, at least two.
fn is_table(sample: &[u8]) -> bool {
    let mut lines = sample.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (Some(first), second) = (lines.next(), lines.next()) else { return false };
    [b',', b';', b'\t'].iter().any(|separator| {
        let columns = |line: &[u8]| line.iter().filter(|byte| *byte == separator).count();
        columns(first) > 0 && second.is_none_or(|second| columns(second) >= columns(first))
    })
}
