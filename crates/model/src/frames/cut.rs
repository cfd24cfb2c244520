//! A row of any length, cut into a row without frames and its frames one by one.
//!
//! Bytes are pushed in as they arrive. The part of a row that grows without bound is the `frames` object of a label, so
//! each of its members is passed to a [`FrameSink`] as soon as it is complete, and `{}` replaces the object in the row.
//! Only the structure is checked here: the caller parses the remaining row and each frame. Inside a `frames` object,
//! which is never parsed as a whole, anything but members is refused.
//!
//! A `frames` object is one at `projects.ID.labels[].annotations.frames` or at
//! `experiments.ID.runs.ID.labels[].annotations.frames`, or the same with `predictions`. Anywhere else the key has
//! an unknown meaning and stays in the row.

/// Takes the frames of a row.
pub trait FrameSink {
    /// The error.
    type Error;

    /// Takes the key and the value of a frame of the `list`-th `frames` object. `offset` is where the value began.
    fn frame(&mut self, list: usize, key: &[u8], value: &[u8], offset: u64) -> Result<(), Self::Error>;
}

/// Why a row cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutError<E> {
    /// The row without its frames is longer than the limit.
    #[error("the row without its frames is longer than {limit_bytes} bytes")]
    RowTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// One frame is longer than the limit.
    #[error("a frame is longer than {limit_bytes} bytes")]
    FrameTooLong {
        /// The limit.
        limit_bytes: usize,
        /// Where its value began.
        offset: u64,
    },
    /// A `frames` object holds something other than members.
    #[error("an unexpected character in \"frames\"")]
    Malformed {
        /// Its offset.
        offset: u64,
    },
    /// The sink failed.
    #[error("{0}")]
    Sink(E),
}

/// A row whose frames were cut out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CutRow {
    /// The row, in which each `frames` object is empty.
    pub text: Vec<u8>,
    /// The `frames` objects that were cut, in order.
    pub cuts: Vec<Cut>,
}

/// A `frames` object that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The offset of its opening bracket in the remaining text.
    pub at: usize,
    /// The number of bytes removed between its brackets.
    pub bytes: u64,
    /// The number of frames removed.
    pub frames: u64,
}

impl CutRow {
    /// Returns the offset in the whole row of a byte of the remaining text.
    pub fn original_offset(&self, offset: usize) -> u64 {
        let before = self.cuts.iter().take_while(|cut| cut.at < offset);
        offset as u64 + before.map(|cut| cut.bytes).sum::<u64>()
    }
}

/// Cuts one row.
#[derive(Debug)]
pub struct Cutter {
    limit_bytes: usize,
    row: CutRow,
    /// Bytes pushed so far.
    offset: u64,
    in_string: bool,
    is_escaped: bool,
    /// The containers that are open, outermost first.
    open: Vec<Role>,
    /// The key read last in the innermost object, or being read; longer keys are irrelevant.
    key: Vec<u8>,
    /// Whether the next string of the innermost object is a key.
    expects_key: bool,
    in_key: bool,
    frames: Option<InFrames>,
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Row,
    Projects,
    Project,
    Models,
    Model,
    Runs,
    Run,
    Labels,
    Label,
    Annotations,
    Frames,
    OtherObject,
    OtherArray,
}

impl Role {
    fn is_object(self) -> bool {
        !matches!(self, Self::Labels | Self::OtherArray)
    }

    /// Returns what a container is that opens after a key of another one; the outermost has no parent.
    fn of(parent: Option<Self>, key: &[u8], is_object: bool) -> Self {
        match (parent, key, is_object) {
            (None, _, true) => Self::Row,
            (Some(Self::Row), b"projects", true) => Self::Projects,
            (Some(Self::Projects), _, true) => Self::Project,
            (Some(Self::Row), b"experiments", true) => Self::Models,
            (Some(Self::Models), _, true) => Self::Model,
            (Some(Self::Model), b"runs", true) => Self::Runs,
            (Some(Self::Runs), _, true) => Self::Run,
            (Some(Self::Project | Self::Run), b"labels", false) | (Some(Self::Run), b"predictions", false) => {
                Self::Labels
            }
            (Some(Self::Labels), _, true) => Self::Label,
            (Some(Self::Label), b"annotations", true) => Self::Annotations,
            (Some(Self::Annotations), b"frames", true) => Self::Frames,
            (_, _, true) => Self::OtherObject,
            (_, _, false) => Self::OtherArray,
        }
    }
}

/// Longer than any relevant key.
const KEY_LIMIT_BYTES: usize = 16;
/// The longest key of a frame: a 64-bit number, or something that its reader refuses.
const FRAME_KEY_LIMIT_BYTES: usize = 64;

/// The inside of a `frames` object.
#[derive(Debug, Default)]
struct InFrames {
    step: Step,
    key: Vec<u8>,
    value: Vec<u8>,
    value_offset: u64,
    depth: u64,
    bytes: u64,
    count: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// After the opening bracket.
    #[default]
    KeyOrEnd,
    /// After a comma.
    Key,
    InKey,
    Colon,
    Value,
    InValue,
    CommaOrEnd,
}

impl Cutter {
    /// Starts a row. The limit is for the row without frames, and for each frame.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            row: CutRow::default(),
            offset: 0,
            in_string: false,
            is_escaped: false,
            open: Vec::new(),
            key: Vec::new(),
            expects_key: false,
            in_key: false,
            frames: None,
        }
    }

    /// Takes the next bytes of the row.
    pub fn push<S: FrameSink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), CutError<S::Error>> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match &self.frames {
                None => self.push_row(rest),
                Some(_) => self.push_frames(rest, sink)?,
            };
            self.offset += taken as u64;
            rest = &rest[taken..];
            if self.row.text.len() > self.limit_bytes {
                return Err(CutError::RowTooLong { limit_bytes: self.limit_bytes });
            }
        }
        Ok(())
    }

    /// Returns the row without its frames. A row that ended inside a frame is not valid JSON.
    pub fn finish(self) -> CutRow {
        self.row
    }

    /// Takes bytes up to the next structural character; returns how many.
    fn push_row(&mut self, bytes: &[u8]) -> usize {
        if self.in_string && !self.is_escaped {
            let plain = plain_length(bytes);
            if plain > 0 {
                self.keep_key(&bytes[..plain]);
                self.row.text.extend_from_slice(&bytes[..plain]);
                return plain;
            }
        }
        let byte = bytes[0];
        self.row.text.push(byte);
        if self.in_string {
            self.keep_key(&[byte]);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.in_string = false;
                    if std::mem::take(&mut self.in_key) {
                        // The closing quote was kept as well.
                        self.key.pop();
                    }
                }
                _ => {}
            }
            return 1;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                if std::mem::take(&mut self.expects_key) {
                    self.in_key = true;
                    self.key.clear();
                }
            }
            b'{' | b'[' => {
                let role = Role::of(self.open.last().copied(), &self.key, byte == b'{');
                self.open.push(role);
                self.expects_key = role.is_object();
                if role == Role::Frames {
                    self.frames = Some(InFrames::default());
                }
            }
            b'}' | b']' => {
                self.open.pop();
                self.expects_key = false;
            }
            b',' => self.expects_key = self.open.last().is_some_and(|role| role.is_object()),
            _ => {}
        }
        1
    }

    fn keep_key(&mut self, bytes: &[u8]) {
        if self.in_key {
            let room = KEY_LIMIT_BYTES.saturating_sub(self.key.len());
            self.key.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn push_frames<S: FrameSink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<usize, CutError<S::Error>> {
        let Some(inside) = &mut self.frames else { return Ok(0) };
        let byte = bytes[0];
        let malformed = Err(CutError::Malformed { offset: self.offset });
        let mut taken = 1;
        match inside.step {
            Step::InKey | Step::InValue if self.in_string => {
                let plain = if self.is_escaped { 0 } else { plain_length(bytes) };
                taken = plain.max(1);
                let target = if inside.step == Step::InKey { &mut inside.key } else { &mut inside.value };
                target.extend_from_slice(&bytes[..taken]);
                if plain == 0 {
                    match byte {
                        _ if self.is_escaped => self.is_escaped = false,
                        b'\\' => self.is_escaped = true,
                        _ => self.in_string = false,
                    }
                }
                match inside.step {
                    Step::InKey if inside.key.len() > FRAME_KEY_LIMIT_BYTES => return malformed,
                    Step::InKey if !self.in_string => {
                        // The closing quote.
                        inside.key.pop();
                        inside.step = Step::Colon;
                    }
                    Step::InValue if !self.in_string && inside.depth == 0 => inside.step = Step::CommaOrEnd,
                    _ => {}
                }
            }
            Step::InValue => {
                inside.value.push(byte);
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => inside.depth += 1,
                    b'}' | b']' => {
                        inside.depth -= 1;
                        if inside.depth == 0 {
                            inside.step = Step::CommaOrEnd;
                        }
                    }
                    _ => {}
                }
            }
            _ if byte.is_ascii_whitespace() => {}
            Step::KeyOrEnd | Step::Key if byte == b'"' => {
                inside.key.clear();
                inside.step = Step::InKey;
                self.in_string = true;
            }
            Step::Colon if byte == b':' => inside.step = Step::Value,
            // A frame is an object; its reader refuses it if it is not.
            Step::Value if matches!(byte, b'{' | b'[' | b'"') => {
                inside.value.clear();
                inside.value.push(byte);
                inside.value_offset = self.offset;
                inside.depth = u64::from(byte != b'"');
                self.in_string = byte == b'"';
                inside.step = Step::InValue;
            }
            Step::CommaOrEnd if byte == b',' => {
                inside.hand_on(self.row.cuts.len(), sink)?;
                inside.step = Step::Key;
            }
            Step::KeyOrEnd | Step::CommaOrEnd if byte == b'}' => {
                if inside.step == Step::CommaOrEnd {
                    inside.hand_on(self.row.cuts.len(), sink)?;
                }
                let cut = Cut { at: self.row.text.len() - 1, bytes: inside.bytes, frames: inside.count };
                self.row.cuts.push(cut);
                self.row.text.push(b'}');
                self.open.pop();
                self.frames = None;
                return Ok(taken);
            }
            _ => return malformed,
        }
        inside.bytes += taken as u64;
        if inside.value.len() > self.limit_bytes {
            return Err(CutError::FrameTooLong { limit_bytes: self.limit_bytes, offset: inside.value_offset });
        }
        Ok(taken)
    }
}

impl InFrames {
    fn hand_on<S: FrameSink>(&mut self, list: usize, sink: &mut S) -> Result<(), CutError<S::Error>> {
        self.count += 1;
        sink.frame(list, &self.key, &self.value, self.value_offset).map_err(CutError::Sink)
    }
}

/// Returns how many bytes of the inside of a string precede the next quote or backslash.
fn plain_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Taken(Vec<String>);

    impl FrameSink for Taken {
        type Error = std::convert::Infallible;

        fn frame(&mut self, list: usize, key: &[u8], value: &[u8], offset: u64) -> Result<(), Self::Error> {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            self.0.push(format!("{list} {} {} at {offset}", text(key), text(value)));
            Ok(())
        }
    }

    /// Cuts a row that comes in portions of each size, and returns what is left and what was taken.
    #[track_caller]
    fn cut(row: &str) -> (String, Vec<String>) {
        let once = |size: usize| {
            let mut cutter = Cutter::new(1_000);
            let mut taken = Taken::default();
            row.as_bytes().chunks(size).for_each(|bytes| cutter.push(bytes, &mut taken).unwrap());
            (cutter.finish(), taken.0)
        };
        let whole = once(row.len());
        for size in 1..row.len() {
            assert_eq!(once(size), whole, "in portions of {size}");
        }
        (String::from_utf8(whole.0.text).unwrap(), whole.1)
    }

    #[test]
    fn frames_of_labels_and_predictions_are_cut_out() {
        let row = r#"{"data_row":{},"projects":{"p":{"labels":[{"annotations":{"frames":{"1":{"a":"}\""}, "2":{}},"segments":{}}}]}},"experiments":{"m":{"runs":{"r":{"labels":[],"predictions":[{"annotations":{"frames":{"7":[]}}}]}}}}}"#;
        let (left, taken) = cut(row);
        assert_eq!(
            left,
            r#"{"data_row":{},"projects":{"p":{"labels":[{"annotations":{"frames":{},"segments":{}}}]}},"experiments":{"m":{"runs":{"r":{"labels":[],"predictions":[{"annotations":{"frames":{}}}]}}}}}"#
        );
        let at = |value: &str| row.find(value).unwrap();
        let expect = [
            format!(r#"0 1 {{"a":"}}\""}} at {}"#, at(r#"{"a""#)),
            format!("0 2 {{}} at {}", at(r#"{}},"segments""#)),
            format!("1 7 [] at {}", row.rfind("[]}}").unwrap()),
        ];
        assert_eq!(taken, expect);
    }

    #[test]
    fn frames_anywhere_else_stay_in_the_row() {
        for row in [
            r#"{"frames":{"1":{}}}"#,
            r#"{"annotations":{"frames":{"1":{}}}}"#,
            r#"{"projects":{"labels":[{"annotations":{"frames":{"1":{}}}}]}}"#,
            r#"{"projects":{"p":{"labels":[{"annotations":{"frames":[{"1":{}}]}}]}}}"#,
            r#"{"projects":{"p":{"labels":[{"annotations":{"x":"frames","y":{"1":{}}}}]}}}"#,
            r#"{"projects":{"p":{"predictions":[{"annotations":{"frames":{"1":{}}}}]}}}"#,
        ] {
            assert_eq!(cut(row), (row.to_owned(), vec![]));
        }
    }

    fn fail(row: &str, limit_bytes: usize) -> CutError<std::convert::Infallible> {
        Cutter::new(limit_bytes).push(row.as_bytes(), &mut Taken::default()).unwrap_err()
    }

    #[test]
    fn anything_but_members_of_frames_is_refused_with_its_offset() {
        let before = r#"{"projects":{"p":{"labels":[{"annotations":{"frames":{"#;
        for (frames, at) in
            [("1", 0), (",", 0), ("\"1\" {}", 4), ("\"1\":{},}", 7), ("\"1\":{}\"2\":{}", 6), ("\"1\":5", 4)]
        {
            let expect = CutError::Malformed { offset: (before.len() + at) as u64 };
            assert_eq!(fail(&format!("{before}{frames}"), 1_000), expect, "{frames}");
        }
    }

    #[test]
    fn a_row_and_a_frame_have_a_limit() {
        let frames = |frame: &str| {
            format!(r#"{{"projects":{{"p":{{"labels":[{{"annotations":{{"frames":{{"1":{{"a":"{frame}"}}}}}}}}]}}}}}}"#)
        };
        let long = "x".repeat(200);
        assert!(matches!(fail(&frames(&long), 100), CutError::FrameTooLong { limit_bytes: 100, .. }));
        assert_eq!(fail(&format!("{{\"a\":\"{long}\"}}"), 100), CutError::RowTooLong { limit_bytes: 100 });
        // Many frames are no longer than one.
        let many: Vec<String> = (0..1_000).map(|frame| format!("\"{frame}\":{{\"a\":1}}")).collect();
        let row = frames("").replace(r#""1":{"a":""}"#, &many.join(","));
        let mut cutter = Cutter::new(100);
        let mut taken = Taken::default();
        cutter.push(row.as_bytes(), &mut taken).unwrap();
        assert_eq!(taken.0.len(), 1_000);
        assert_eq!(cutter.finish().cuts[0].frames, 1_000);
    }

    #[test]
    fn offsets_in_the_remaining_text_lead_back_to_the_row() {
        let row = r#"{"projects":{"p":{"labels":[{"annotations":{"frames":{"1":{}},"segments":{}}}]}}}"#;
        let mut cutter = Cutter::new(1_000);
        cutter.push(row.as_bytes(), &mut Taken::default()).unwrap();
        let left = cutter.finish();
        for word in ["frames", "segments", "labels"] {
            let at = String::from_utf8(left.text.clone()).unwrap().find(word).unwrap();
            assert_eq!(left.original_offset(at), row.find(word).unwrap() as u64, "{word}");
        }
    }
}
