//! WebDataset: tar files in which each row is a sample, its asset next to its JSON.
//!
//! A sample is `KEY.json`, the row as the native format has it, and `KEY.jpg` or whatever its asset is, side by side in one of
//! the shards of its part: `train-000000.tar`. A row that has its text in itself has it as `KEY.txt`.
//!
//! # Invariants
//! - Nothing of a row is changed or left out, so the format is not lossy.
//! - A row stays in its shard when others come or go, since a hash of its id decides.
//! - What stands before the first dot of the last part of a path is the key: no key has a dot there.

use super::about::check_options;
use super::media::Media;
use super::naming::{self, NAMES};
use super::ndjson::{Frames, write_row};
use super::row_list::{self, Listed, ROWS};
use super::settled::LOSSES;
use super::split::{SPLIT, Split, shard_of};
use super::stored::{members, parsed};
use super::text::is_url;
use super::{About, AssetPlace, Encoder, Entries, Format, FormatOption, Layout, Numbers, OpenError, Totals};
use crate::package::{TAR_END, tar_padding, write_tar_head};
use labelport_model::data_type;
use labelport_model::json::Value;
use labelport_model::record::Record;
use std::collections::HashSet;

/// Tar files in which each row is a sample.
pub struct WebDataset;

static MEDIA: FormatOption = FormatOption {
    name: super::MEDIA.name,
    summary: "Whether the assets themselves are in the samples, as they are.",
    values: &["copy", "none"],
    form: None,
};

static SHARDS: FormatOption = FormatOption {
    name: "shards",
    summary: "How many tar files each part has, at most 256: as many as read at once, or a multiple of it.",
    values: &["1"],
    form: Some("16"),
};

static OPTIONS: [FormatOption; 4] = [MEDIA, NAMES, SHARDS, SPLIT];

const ROWS_STREAM: usize = 0;
/// The stream of the first shard; the losses are before it.
const SHARDS_STREAM: usize = 2;
/// The most tar files of all parts: they are open at the same time.
const SHARDS_LIMIT: u64 = 256;

struct Shards<'f> {
    split: Split,
    shards: u64,
    media: Media,
    naming: &'f str,
    shared_names: &'f HashSet<u64>,
}

impl Format for WebDataset {
    fn name(&self) -> &'static str {
        "webdataset"
    }

    fn summary(&self) -> &'static str {
        "WebDataset: tar files with the asset and the JSON of each row side by side, for training on large sets."
    }

    fn keeps(&self) -> &'static str {
        "everything, and the assets"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let split = Split::of(about)?;
        let parts = split.names().len() as u64;
        let value = about.option(&SHARDS);
        let shards = value.parse().ok().filter(|shards| (1..=SHARDS_LIMIT / parts.max(1)).contains(shards));
        let refused = || OpenError::OptionValue {
            option: SHARDS.name.to_owned(),
            value: value.to_owned(),
            known: format!("a number from 1 on; with all parts there may be {SHARDS_LIMIT} tar files"),
        };
        Ok(Box::new(Shards {
            split,
            shards: shards.ok_or_else(refused)?,
            media: Media::of(about, &MEDIA),
            naming: about.option(&NAMES),
            shared_names: &about.shared_names,
        }))
    }
}

impl Encoder for Shards<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.split.names().iter();
        let shards = parts.flat_map(|part| (0..self.shards).map(move |shard| file_of(part, shard)));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(shards).collect()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        row_list::start(ROWS_STREAM, entries);
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        naming::wanted(self.naming, members(record.head).root()).map(|name| name.stem)
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let document = members(record.head);
        let head = document.root();
        let text = |key: &str| head.get(key).and_then(Value::as_text).unwrap_or_default();
        let (id, row_data) = (text("id"), text("row_data"));
        let name = naming::name(self.naming, head, self.shared_names);
        let has_dot = name.stem.rsplit('/').next().is_some_and(|last| last.contains('.'));
        let key = if has_dot { &id } else { name.stem.as_str() };
        let part = self.split.part(&id, record);
        let shard = shard_of(&id, self.shards);
        let stream = SHARDS_STREAM + self.split.place(part) * self.shards as usize + shard as usize;
        let has_text = !row_data.is_empty() && !is_url(&row_data) && may_be_text(record);
        if !entries.is_survey {
            let mut json = Vec::new();
            write_row(record, Frames::Kept, &mut json);
            write_file(&format!("{key}.json"), &json, entries.stream(stream));
            if has_text {
                write_file(&format!("{key}.txt"), row_data.as_bytes(), entries.stream(stream));
            }
            let file = format!("{}/{key}.json", file_of(part, shard));
            let listed = Listed { part, file: &file, label_id: "" };
            row_list::write(head, Some(&listed), ROWS_STREAM, entries);
        }
        if !has_text {
            let at = entries.stream(stream).len();
            let place = || AssetPlace::Tar { stream, at, path: format!("{key}{}", ending(&name.extension, record)) };
            self.media.add(head, place, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        entries.streams.iter_mut().skip(SHARDS_STREAM).for_each(|out| out.extend_from_slice(&TAR_END));
    }
}

fn file_of(part: &str, shard: u64) -> String {
    format!("{part}-{shard:06}.tar")
}

fn write_file(path: &str, bytes: &[u8], out: &mut Vec<u8>) {
    write_tar_head(path, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
    out.resize(out.len() + tar_padding(bytes.len() as u64), 0);
}

/// Returns whether the text of a row can be in the row itself: where it is a text, a conversation or a page, or nobody knows.
fn may_be_text(record: &Record<'_>) -> bool {
    let media = parsed(record.media.unwrap_or(b"{}"));
    data_type::of_media(media.root()).is_none_or(|found| ["conversation", "html", "text"].contains(&found.name))
}

/// Returns how the name of an asset ends: as its own name does, else by its media type.
fn ending(extension: &str, record: &Record<'_>) -> String {
    match extension.to_ascii_lowercase().as_str() {
        // The row has this ending.
        ".json" => ".asset.json".to_owned(),
        "" => {
            let media = parsed(record.media.unwrap_or(b"{}"));
            let media_type = media.root().get("mime_type").and_then(Value::as_text).unwrap_or_default();
            format!(".{}", ending_of_type(&media_type))
        }
        known => known.to_owned(),
    }
}

fn ending_of_type(media_type: &str) -> &str {
    match media_type {
        "application/dicom" => "dcm",
        "audio/mpeg" => "mp3",
        "audio/wav" | "audio/x-wav" => "wav",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "text/plain" => "txt",
        "video/quicktime" => "mov",
        other => {
            let subtype = other.split(['/', ';']).nth(1).unwrap_or_default();
            let is_ending =
                (1..=5).contains(&subtype.len()) && subtype.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_ending && subtype != "json" { subtype } else { "bin" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestRow, write};
    use super::*;
    use std::io::Read;

    fn entries_of(bytes: &[u8]) -> Vec<(String, String)> {
        let mut archive = tar::Archive::new(bytes);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let (mut entry, mut text) = (entry.unwrap(), String::new());
            entry.read_to_string(&mut text).unwrap();
            found.push((entry.path().unwrap().display().to_string(), text));
        }
        found
    }

    #[test]
    fn a_row_is_its_json_and_its_text_under_one_key() {
        let row = |head| TestRow { head, media: r#"{"mime_type":"text/plain"}"#, annotations: Some("{}") };
        let rows = [
            row(r#""id":"r1","external_id":"a.txt","row_data":"one two""#),
            row(r#""id":"r2","external_id":"x/b.c.txt","row_data":"three""#),
        ];
        let written = write(&WebDataset, &[], &[], &rows);
        let found = entries_of(&written.files["train-000000.tar"]);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.json", "a.txt", "r2.json", "r2.txt"]);
        assert_eq!(found[1].1, "one two");
        let expect = r#"{"data_row":{"id":"r1","external_id":"a.txt","row_data":"one two"},"media_attributes":{"mime_type":"text/plain"}"#;
        assert!(found[0].1.starts_with(expect), "{}", found[0].1);
        let list = String::from_utf8_lossy(&written.files["rows.csv"]).into_owned();
        assert!(list.contains("r1,,a.txt,train,train-000000.tar/a.json,"), "{list}");
    }

    #[test]
    fn a_picture_whose_address_is_not_one_is_not_taken_for_a_text() {
        let media = r#"{"mime_type":"image/png"}"#;
        let row = TestRow { head: r#""id":"r1","row_data":"relative/path.png""#, media, annotations: None };
        let written = write(&WebDataset, &[], &[], &[row]);
        assert_eq!(entries_of(&written.files["train-000000.tar"]).len(), 1);
        assert_eq!(written.assets, ["r1.png"], "which is looked for, and said not to be there");
    }

    #[test]
    fn every_row_is_in_one_shard_of_its_part() {
        let heads: Vec<String> = (0..200).map(|number| format!(r#""id":"r{number}","row_data":"t""#)).collect();
        let rows: Vec<TestRow<'_>> =
            heads.iter().map(|head| TestRow { head, media: "{}", annotations: None }).collect();
        let written = write(&WebDataset, &[("shards", "3"), ("split", "train=0.5,val=0.5")], &[], &rows);
        let shards = written.files.keys().filter(|path| path.ends_with(".tar"));
        let counts: Vec<usize> = shards.map(|path| entries_of(&written.files[path]).len()).collect();
        assert_eq!((counts.len(), counts.iter().sum::<usize>()), (6, 400));
        assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
    }

    #[test]
    fn too_many_shards_are_refused() {
        for (shards, split) in [("0", "train=1"), ("x", "train=1"), ("257", "train=1"), ("129", "train=0.5,val=0.5")] {
            let options =
                [("shards", shards), ("split", split)].map(|(name, value)| (name.to_owned(), value.to_owned()));
            let about = About { options: options.into(), ..About::default() };
            assert!(WebDataset.open(&about).is_err(), "{shards} {split}");
        }
    }

    #[test]
    fn assets_end_as_their_names_or_media_types_do() {
        assert_eq!(ending_of_type("image/jpeg"), "jpg");
        assert_eq!(ending_of_type("image/webp"), "webp");
        assert_eq!(ending_of_type("video/mp4; codecs=x"), "mp4");
        assert_eq!(ending_of_type("application/vnd.labelbox.conversational"), "bin");
        assert_eq!(ending_of_type(""), "bin");
    }
}
