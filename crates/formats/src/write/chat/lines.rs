//! Rows to lines of conversations.

use super::conversation::Conversation;
use super::judgement::{Judged, Judgement, NOT_HELD};
use super::links::{Links, TOO_LARGE};
use super::role::Casting;
use crate::write::annotations::for_each;
use crate::write::by_label::{ByLabel, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use crate::write::chosen;
use crate::write::settled::{Fate, Origin, settle};
use crate::write::stored::parsed;
use crate::write::text::stored_text;
use crate::write::{About, Entries, FormatOption, OpenError, Options, Texts, Wanted};
use labelport_model::annotation::{Annotation, Body};
use labelport_model::data_type;
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};

/// The option by which labels are chosen: that of all formats, in the words of these.
pub(super) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, with lines of its own.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

/// The most bytes of text in the lines of a row with a label.
const BYTES_LIMIT: usize = 256 << 20;

/// Why a row has no lines.
const NOT_A_CONVERSATION: &str = "its row is not a conversation";
pub(super) const NOT_TEXT: &str = "a message of it is empty, or something else than text";
/// What is said of a row whose authors have no roles.
const GUESSED: &str = "its authors have no roles: that of the first message is the user, all others are the assistant; see \
                       the option assistant";
/// Why something is not in a line.
const ON_A_FRAME: &str = "it is on a frame, and its row is a conversation";

/// What a label says about a conversation.
pub(super) struct Reading<'r> {
    pub(super) conversation: &'r Conversation,
    pub(super) links: Links,
    /// The judgements that can be written.
    pub(super) judgements: Vec<Judgement>,
}

/// What is written of a conversation.
pub(super) struct Decided<L> {
    pub(super) lines: Vec<L>,
    /// What becomes of each judgement.
    pub(super) fates: Vec<Fate>,
    /// What becomes of conversations that are not lines, or not whole.
    pub(super) said: Vec<(Outcome, &'static str)>,
    /// Why there is no line, as a clause.
    pub(super) emptiness: &'static str,
}

/// How a format writes conversations.
pub(super) trait LineWriter: Sync {
    /// A line, by the places of its messages.
    type Line: AsRef<[usize]>;

    /// What is said of rows of which little is written.
    const SAID: Said;

    /// Decides which lines there are, and what becomes of judgements. Fails with a clause where there are too many.
    fn decide(&self, reading: &Reading<'_>) -> Result<Decided<Self::Line>, &'static str>;

    /// Writes a line without its end.
    fn write(&self, line: &Self::Line, conversation: &Conversation, out: &mut Vec<u8>);
}

/// Writes rows as lines of conversations.
pub(super) struct Chats<'f, W> {
    setup: Setup<'f>,
    casting: Casting,
    texts: Option<&'f dyn Texts>,
    writer: W,
}

/// Opens a format of conversations, whose options have been checked.
pub(super) fn chats<'f, W>(format: &str, about: &'f About<'f>, writer: W) -> Result<ByLabel<Chats<'f, W>>, OpenError> {
    let setup = Setup::of(about)?;
    setup.chooser.refuse_scores(format)?;
    Ok(ByLabel(Chats { setup, casting: Casting::of(&about.options)?, texts: about.texts, writer }))
}

/// Returns which sections of rows a format of conversations reads.
pub(super) fn wanted(options: &Options) -> Wanted {
    Wanted { texts: true, ..chosen::wanted(options) }
}

/// Writes messages as a list of objects with their roles and texts.
pub(super) fn write_messages(places: &[usize], conversation: &Conversation, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, place) in places.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let message = &conversation.messages[*place];
        let mut object = ObjectWriter::open(out);
        object.text("role", message.role.word());
        object.text("content", message.text.as_deref().unwrap_or_default());
        object.close();
    }
    out.push(b']');
}

/// Returns whether messages are all text.
pub(super) fn are_text(places: &[usize], conversation: &Conversation) -> bool {
    places.iter().all(|place| conversation.messages[*place].text.is_some())
}

fn path(part: &str) -> String {
    format!("{part}.jsonl")
}

impl<W: LineWriter> LabelWriter for Chats<'_, W> {
    type Subject = Conversation;

    const SAID: Said = W::SAID;

    fn setup(&self) -> &Setup<'_> {
        &self.setup
    }

    fn streams(&self) -> Vec<String> {
        self.setup.split.names().iter().map(|part| path(part)).collect()
    }

    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<Conversation, &'static str> {
        let media = parsed(record.media.unwrap_or(b"{}"));
        if !data_type::of_media(media.root()).is_some_and(|found| found.has_messages) {
            return Err(NOT_A_CONVERSATION);
        }
        Conversation::read(&stored_text(head, self.texts)?, &self.casting)
    }

    fn once(&self, piece: &Piece<'_, Conversation>, entries: &mut Entries<'_>) {
        entries.losses.add("row", Outcome::Kept, GUESSED, u64::from(piece.subject.is_guessed));
    }

    fn write(&self, piece: &Piece<'_, Conversation>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let judged = piece.label.map(|label| self.judged(label, piece.subject, entries)).unwrap_or_default();
        let decided = self.decide(piece.subject, &judged);
        if let Some(label) = piece.label {
            self.settle(label, &judged, decided.as_ref(), piece, entries);
        }
        let Verdict { decided, .. } = decided?;
        for (outcome, reason) in &decided.said {
            entries.losses.add("conversation", *outcome, reason, 1);
        }
        if decided.lines.is_empty() {
            return Err(decided.emptiness);
        }
        if !entries.is_survey {
            let out = entries.stream(self.setup.stream_of(piece.part));
            for line in &decided.lines {
                self.writer.write(line, piece.subject, out);
                out.push(b'\n');
            }
        }
        Ok(Written { file: path(piece.part), lines: decided.lines.len() })
    }
}

impl<W: LineWriter> Chats<'_, W> {
    /// Reads what each annotation of a label says about messages, or why it says nothing.
    fn judged(
        &self,
        label: &LabelRecord<'_>,
        conversation: &Conversation,
        entries: &mut Entries<'_>,
    ) -> Vec<Result<Judged, &'static str>> {
        let judged = |annotation: &Annotation<'_>| {
            let Body::Object(object) = &annotation.body else { return Err(NOT_HELD) };
            if annotation.place.frame.is_some() {
                return Err(ON_A_FRAME);
            }
            self.setup.classes.place_of(annotation, object)?;
            Judged::of(object.shape.as_ref(), conversation)
        };
        let mut all = Vec::new();
        for_each(label.annotations, entries, &mut |annotation, _| all.push(judged(annotation)));
        all
    }

    /// Decides which lines there are. Fails with a clause where they are too many.
    fn decide(
        &self,
        conversation: &Conversation,
        judged: &[Result<Judged, &'static str>],
    ) -> Result<Verdict<W::Line>, &'static str> {
        let readable = || judged.iter().filter_map(|judged| judged.as_ref().ok());
        let compared: Vec<Vec<usize>> = readable().map(Judged::named).collect();
        let links = conversation.links(&compared)?;
        let (mut judgements, mut places) = (Vec::new(), Vec::new());
        for judged in readable() {
            places.push(judged.resolve(conversation, &links).map(|judgement| {
                judgements.push(judgement);
                judgements.len() - 1
            }));
        }
        let decided = self.writer.decide(&Reading { conversation, links, judgements })?;
        let places_written = decided.lines.iter().flat_map(|line| line.as_ref());
        let texts = places_written.filter_map(|place| conversation.messages[*place].text.as_ref());
        if texts.map(String::len).sum::<usize>() > BYTES_LIMIT {
            return Err(TOO_LARGE);
        }
        Ok(Verdict { decided, places })
    }

    /// Settles every annotation of a label.
    fn settle(
        &self,
        label: &LabelRecord<'_>,
        judged: &[Result<Judged, &'static str>],
        verdict: Result<&Verdict<W::Line>, &&'static str>,
        piece: &Piece<'_, Conversation>,
        entries: &mut Entries<'_>,
    ) {
        let origin = Origin { data_row_id: piece.row_id, label_id: piece.label_id };
        let mut places = verdict.iter().flat_map(|verdict| &verdict.places);
        let mut fates = judged.iter().map(|judged| match (judged, verdict) {
            (Err(reason), _) | (Ok(_), Err(reason)) => Fate::left_out(reason),
            (Ok(_), Ok(verdict)) => match places.next() {
                Some(Ok(place)) => verdict.decided.fates[*place],
                Some(Err(reason)) => Fate::left_out(reason),
                None => Fate::left_out(NOT_HELD),
            },
        });
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let fate = fates.next().unwrap_or(Fate::left_out(NOT_HELD));
            settle(annotation, fate, &origin, &self.setup.classes, (LOSSES_STREAM, entries));
        });
    }
}

/// What is written of a conversation with a label.
struct Verdict<L> {
    decided: Decided<L>,
    /// The place of each judgement among those that can be written, or why it cannot be.
    places: Vec<Result<usize, &'static str>>,
}
