//! Rows to files with cues, one for each label.

use super::cue::{Cue, read};
use super::recording::Recording;
use crate::write::by_label::{ByLabel, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use crate::write::media::Media;
use crate::write::settled::{Fate, Origin};
use crate::write::{About, AssetPlace, Entries, FileEntry, FormatOption, OpenError};
use labelport_model::json::Value;
use labelport_model::record::{LabelRecord, Record};

/// The option by which one question is chosen.
pub(super) static QUESTION: FormatOption = FormatOption {
    name: "question",
    summary: "The question whose answers are written, in any case; without it, those of all questions are.",
    values: &[""],
    form: Some("words"),
};

/// The option by which assets are in a package: that of all formats, in the words of these.
pub(super) static MEDIA: FormatOption = FormatOption {
    name: "media",
    summary: "Whether the recordings and videos themselves are in the package. `copy` adds them as they are; `link` makes hard \
              links of files that are on this machine, and copies the others.",
    values: &["none", "copy", "link"],
    form: None,
};

/// Why the answer to a question is left out.
pub(super) const OTHER_QUESTION: &str = "it answers another question; see the option question";
pub(super) const EMPTY: &str = "there is nothing to read in it";

/// Returns whether a question is the one that was asked for.
pub(super) fn is_wanted(wanted: &str, question: &str) -> bool {
    wanted.is_empty() || wanted.to_lowercase() == question.to_lowercase()
}

/// How a format writes cues.
pub(super) trait CueWriter: Sync {
    /// Returns the extension of a file.
    fn extension(&self) -> &'static str;

    /// Returns what becomes of an answer to a question, whenever it is given.
    fn judge(&self, question: &str, answer: &str) -> Fate;

    /// Returns the name of a file where it is not that of its row.
    fn name(&self, _: &Piece<'_, Recording>) -> Option<String> {
        None
    }

    /// Returns whether something of labels must be known before the first row is written.
    fn has_values(&self) -> bool {
        false
    }

    /// Lists what of a label must be known before the first row is written: see
    /// [`Encoder::values`](crate::write::Encoder::values).
    fn values(&self, _: &LabelRecord<'_>, _: &mut Vec<String>) {}

    /// Writes what comes before the first row.
    fn start(&self, _: &mut Entries<'_>) {}

    /// Returns a file. Fails with a clause where there is nothing to write.
    fn write(&self, stem: &str, cues: &[Cue], recording: &Recording) -> Result<Vec<u8>, &'static str>;
}

/// Writes rows as files with cues.
pub(super) struct Tracks<'f, W> {
    setup: Setup<'f>,
    media: Media,
    writer: W,
}

/// Opens a format of timed answers, whose options have been checked.
pub(super) fn cues<'f, W>(format: &str, about: &'f About<'f>, writer: W) -> Result<ByLabel<Tracks<'f, W>>, OpenError> {
    let setup = Setup::of(about)?;
    setup.chooser.refuse_scores(format)?;
    Ok(ByLabel(Tracks { setup, media: Media::of(about, &MEDIA), writer }))
}

impl<W: CueWriter> LabelWriter for Tracks<'_, W> {
    type Subject = Recording;

    const SAID: Said = Said {
        no_label: "it has no label, and its file says that nothing has times",
        no_prediction: "it has no prediction, and its file says that nothing has times",
        skipped: "its label was skipped, and its file says that nothing has times",
    };

    fn setup(&self) -> &Setup<'_> {
        &self.setup
    }

    fn streams(&self) -> Vec<String> {
        Vec::new()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        self.writer.start(entries);
    }

    fn has_values(&self) -> bool {
        self.writer.has_values()
    }

    fn values(&self, _: &Recording, label: &LabelRecord<'_>, values: &mut Vec<String>) {
        self.writer.values(label, values);
    }

    fn subject(&self, _: Value<'_>, record: &Record<'_>) -> Result<Recording, &'static str> {
        Recording::of(record.media)
    }

    fn once(&self, piece: &Piece<'_, Recording>, entries: &mut Entries<'_>) {
        let named = self.writer.name(piece);
        let stem = named.as_deref().unwrap_or(piece.stem);
        let path = || AssetPlace::File(format!("media/{}/{stem}{}", piece.part, piece.extension));
        self.media.add(piece.head, path, entries);
    }

    fn write(&self, piece: &Piece<'_, Recording>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let origin = Origin { data_row_id: piece.row_id, label_id: piece.label_id };
        let judge = |question: &str, answer: &str| self.writer.judge(question, answer);
        let target = (&origin, &self.setup.classes);
        let label = piece.label;
        let cues = label.map(|label| read(label, piece.subject, &judge, target, (LOSSES_STREAM, &mut *entries)));
        let named = self.writer.name(piece);
        let stem = named.as_deref().unwrap_or(piece.stem);
        let bytes = self.writer.write(stem, &cues.unwrap_or_default(), piece.subject)?;
        let path = format!("{}/{stem}.{}", piece.part, self.writer.extension());
        if !entries.is_survey {
            entries.files.push(FileEntry { path: path.clone(), bytes });
        }
        Ok(Written { file: path, lines: 1 })
    }
}
