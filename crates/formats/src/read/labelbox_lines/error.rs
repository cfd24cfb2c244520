//! Why a line is refused, and where in it.
//!
//! A [`Fault`] has only the offset of the wrong value. The path to it is found once, when the fault becomes a
//! [`LineError`], so that readers need not keep it.

use labelport_model::json::{JsonError, Kind, Value};
use labelport_model::quote::Quoted;

/// Why a line of annotations is not imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", shown_place(.place))]
pub struct LineError {
    /// The path to the wrong value, such as `segments[0].keyframes[1].bbox`; empty for the line itself.
    pub place: String,
    /// What is wrong there.
    pub problem: LineProblem,
}

fn shown_place(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("at {place}: ") }
}

impl LineError {
    /// Returns a short name that never changes between releases.
    pub fn name(&self) -> &'static str {
        self.problem.name()
    }

    /// Returns a sentence that names the place and the remedy.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// Returns the error of a whole line.
    pub fn of_line(problem: LineProblem) -> Self {
        Self { place: String::new(), problem }
    }

    /// Finds the path to a fault in a line.
    pub(super) fn locate(root: Value<'_>, fault: Fault) -> Self {
        let mut place = String::new();
        find_path(root, fault.offset, &mut place);
        Self { place, problem: fault.problem }
    }
}

/// Appends the path to the value that begins at an offset. Values begin in the order of the text.
pub(in crate::read) fn find_path(root: Value<'_>, offset: usize, path: &mut String) {
    let mut here = root;
    while here.offset() != offset {
        let step = match here.kind() {
            Kind::Object => here
                .members()
                .take_while(|(_, value)| value.offset() <= offset)
                .last()
                .map(|(key, value)| (shown_key(key, path.is_empty()), value)),
            Kind::Array => here
                .elements()
                .enumerate()
                .take_while(|(_, value)| value.offset() <= offset)
                .last()
                .map(|(index, value)| (format!("[{index}]"), value)),
            _ => None,
        };
        let Some((step, value)) = step else { return };
        path.push_str(&step);
        here = value;
    }
}

/// Returns a step of a path. Keys are ASCII, and only the inside of a metric has keys of a user's choosing.
fn shown_key(key: &str, is_first: bool) -> String {
    const SHOWN_LIMIT: usize = 40;
    let key: String = key.chars().take(SHOWN_LIMIT).collect();
    if is_first { key } else { format!(".{key}") }
}

/// What is wrong with the value that begins at an offset.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: LineProblem,
}

impl Fault {
    pub(super) fn at(value: Value<'_>, problem: LineProblem) -> Self {
        Self { offset: value.offset(), problem }
    }

    pub(super) fn wrong_kind(value: Value<'_>, expected: &'static str) -> Self {
        Self::at(value, LineProblem::WrongKind { found: value.kind().named(), expected })
    }
}

/// What can be wrong with a line or its mask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// The line is not JSON.
    #[error("the line is not JSON: byte {}: {}", .0.offset, .0)]
    NotJson(JsonError),
    /// The data row of the line does not exist.
    #[error("no data row has the id or global key of dataRow; create the row first, or correct the line")]
    RowUnknown,
    /// The data row is not in the project or model run of the import.
    #[error("the data row is not in the {0}; add it there first")]
    RowElsewhere(&'static str),
    /// The asset of the data row was not looked at in time.
    #[error(
        "the asset of the data row was not read within {minutes} minutes; import the line again when \
         GET /api/v1/data-rows/ID/asset shows what is known of it"
    )]
    AssetLate {
        /// How long the import waited.
        minutes: u64,
    },
    /// A required key is absent or null.
    #[error("the key {0} is missing")]
    Missing(&'static str),
    /// The value is of another kind.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What was found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// The number does not fit a float.
    #[error("a number too large to keep; give one below 1e308")]
    NumberTooLarge,
    /// The text is not an allowed one.
    #[error("{found} is not one of {allowed}")]
    NotAllowed {
        /// What was found.
        found: Quoted,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The line has no geometry, answer, relationship or metric.
    #[error("the line has nothing to annotate; add an answer, a relationship or one of {0}")]
    NothingToDo(String),
    /// No feature has the name or the id.
    #[error("the ontology has no {what} {wanted} here; add it to the ontology or correct the line")]
    FeatureUnknown {
        /// `tool`, `classification` or `option`.
        what: &'static str,
        /// The name or the schema id.
        wanted: Quoted,
    },
    /// The feature is another tool than what the line draws.
    #[error("{feature} is a {tool} in the ontology, which {key} cannot draw; use another feature or another geometry")]
    ToolMismatch {
        /// The feature's name.
        feature: Quoted,
        /// The type of the tool in the ontology.
        tool: String,
        /// The key of the line.
        key: &'static str,
    },
    /// The data type has no such annotations.
    #[error("{data_type} rows cannot have annotations with {key}; remove the line or send it for another row")]
    DataTypeMismatch {
        /// The name of the data type.
        data_type: &'static str,
        /// The key of the line.
        key: &'static str,
    },
    /// An object of a video without frames.
    #[error("objects of {data_type} rows need frames; put {key} into segments[].keyframes[]")]
    NeedsSegments {
        /// The name of the data type.
        data_type: &'static str,
        /// The key of the line.
        key: &'static str,
    },
    /// A list of answers to a question with one.
    #[error("{0} is a radio question, which has one answer; give an object instead of a list")]
    OneAnswer(Quoted),
    /// The answer is of another kind than the question.
    #[error("{question} is a {kind} question; its answer is {expected}, not {found}")]
    AnswerMismatch {
        /// The question's name.
        question: Quoted,
        /// Its kind in the ontology.
        kind: &'static str,
        /// What answers it.
        expected: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// A confidence outside its range.
    #[error("a confidence of {0}; give a number from 0 to 1")]
    Confidence(String),
    /// Two lines of a row with one uuid.
    #[error("the uuid {0} is used by an earlier line of this row; give each line its own")]
    UuidTwice(Quoted),
    /// A relationship with a line that is not in the file.
    #[error("no line of this row has the uuid {0}; send both objects in the same import")]
    UuidUnknown(Quoted),
    /// A relationship with something that is not an object, or whose line failed.
    #[error("the line with the uuid {0} made no object to relate to; correct that line first")]
    UuidFailed(Quoted),
    /// A frame or a time before the first.
    #[error("{found} is too small; the first is {first}")]
    TooEarly {
        /// What was found.
        found: i64,
        /// The first one.
        first: i64,
    },
    /// A frame with two states of one object, or with two masks.
    #[error("frame {0} is given twice; give each frame once")]
    FrameTwice(i64),
    /// An option that one answer names twice.
    #[error("the option {0} is given twice; give each option once")]
    OptionTwice(Quoted),
    /// A negative number of pixels.
    #[error("a negative count; counts are numbers of pixels")]
    NegativeCount,
    /// A range that ends before it starts.
    #[error("the start {start} is after the end {end}; swap them")]
    Backwards {
        /// The start.
        start: i64,
        /// The end.
        end: i64,
    },
    /// A span beyond the text.
    #[error("the span ends at character {end}, the text has {length}; the end is included and counts from 0")]
    BeyondText {
        /// The end, included.
        end: i64,
        /// The characters of the text.
        length: usize,
    },
    /// A list with too few elements.
    #[error("{found} {what}, at least {least} are needed")]
    TooFew {
        /// The number of elements.
        found: usize,
        /// What is counted.
        what: &'static str,
        /// The minimum.
        least: usize,
    },
    /// A negative width or height.
    #[error("a negative length; give the corner with the smaller coordinates and its distance to the other")]
    Negative,
    /// A percentage of a page of unknown size.
    #[error("PERCENT needs the size of the page, which is unknown; use POINTS or add a text layer to the row")]
    PageSizeUnknown,
    /// A group or a token that the text layer does not have.
    #[error("the row's text layer has no {what} {id}; take the ids from its text_layer_url")]
    NotInTextLayer {
        /// `group` or `token`.
        what: &'static str,
        /// The id.
        id: Quoted,
    },
    /// A message that the conversation does not have.
    #[error("the conversation has no message {0} to annotate; take message ids from the row's data")]
    MessageUnknown(Quoted),
    /// A mask that cannot be fetched.
    #[error("fetch {url}: {reason}")]
    Fetch {
        /// The URL.
        url: Quoted,
        /// The reason.
        reason: String,
    },
    /// A mask that cannot be stored.
    #[error("store the mask: {0}")]
    Keep(String),
    /// Text that is not base64.
    #[error("text that is not base64; encode the bytes of a PNG file")]
    NotBase64,
    /// Bytes that are not a PNG.
    #[error("not a readable PNG picture: {0}")]
    NotPng(String),
    /// A mask with too many pixels, or none.
    #[error("a mask of {width} x {height} pixels; 1 to {limit} pixels are allowed")]
    TooManyPixels {
        /// Pixels from left to right.
        width: u64,
        /// Pixels from top to bottom.
        height: u64,
        /// The maximum number of pixels.
        limit: u64,
    },
    /// Masks with too many edges.
    #[error("the masks of this row have too many scattered pixels; at most {0} runs are allowed")]
    TooScattered(usize),
    /// A mask of a colour that its picture does not have.
    #[error("no pixel of the mask belongs to the object; check colorRGB and the picture")]
    EmptyMask,
    /// Run lengths that do not fill the picture.
    #[error("the counts add up to {sum} pixels, the size to {pixels}")]
    CountsMismatch {
        /// The sum of the counts.
        sum: u64,
        /// Height times width.
        pixels: u64,
    },
    /// A metric for a label.
    #[error("metrics belong to predictions of model runs; send the line to a model run")]
    MetricHere,
    /// A metric whose value and aggregation do not fit.
    #[error("a list [tp, fp, tn, fn] goes with the aggregation CONFUSION_MATRIX, and a number with the others")]
    MetricMismatch,
    /// Ranges of an answer that cannot have any.
    #[error("an answer here lasts as long as what it is about; remove frames")]
    NoFrames,
    /// A feature that was archived.
    #[error("the {what} {named} is archived and takes no new labels; unarchive it in the ontology or correct the line")]
    Archived {
        /// What it is.
        what: &'static str,
        /// How the line calls it.
        named: Quoted,
    },
    /// An answer about an object on frames where the object is not.
    #[error("the object is on none of the frames {start} to {end}, for which this answer lasts")]
    NotOnFrames {
        /// The first frame.
        start: i64,
        /// The last frame.
        end: i64,
    },
}

impl LineProblem {
    /// Returns a short name that never changes between releases.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "InvalidJson",
            Self::RowUnknown => "DataRowNotFound",
            Self::RowElsewhere(_) => "DataRowNotIncluded",
            Self::AssetLate { .. } => "AssetNotRead",
            Self::Missing(_) => "MissingKey",
            Self::WrongKind { .. } | Self::NumberTooLarge | Self::NotAllowed { .. } => "InvalidValue",
            Self::NothingToDo(_) => "NoAnnotation",
            Self::FeatureUnknown { .. } => "FeatureNotFound",
            Self::Archived { .. } => "FeatureArchived",
            Self::ToolMismatch { .. } => "ToolMismatch",
            Self::DataTypeMismatch { .. } | Self::NeedsSegments { .. } | Self::NoFrames => "DataTypeMismatch",
            Self::OneAnswer(_) | Self::OptionTwice(_) | Self::AnswerMismatch { .. } => "AnswerMismatch",
            Self::Confidence(_) => "InvalidConfidence",
            Self::UuidTwice(_) => "DuplicateUuid",
            Self::UuidUnknown(_) | Self::UuidFailed(_) => "RelationshipTarget",
            Self::TooEarly { .. }
            | Self::FrameTwice(_)
            | Self::Backwards { .. }
            | Self::BeyondText { .. }
            | Self::NotOnFrames { .. } => "InvalidRange",
            Self::TooFew { .. } => "TooFewValues",
            Self::Negative | Self::PageSizeUnknown => "InvalidGeometry",
            Self::NotInTextLayer { .. } => "TokenNotFound",
            Self::MessageUnknown(_) => "MessageNotFound",
            Self::Fetch { .. } => "MaskNotFetched",
            Self::Keep(_) => "MaskNotKept",
            Self::NotBase64
            | Self::NotPng(_)
            | Self::TooManyPixels { .. }
            | Self::TooScattered(_)
            | Self::EmptyMask
            | Self::NegativeCount
            | Self::CountsMismatch { .. } => "InvalidMask",
            Self::MetricHere | Self::MetricMismatch => "InvalidMetric",
        }
    }
}
