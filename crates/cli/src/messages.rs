//! What a command says on standard error: sentences and a bar for people, events for programs.

use crate::ambient::instant;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing moves on the screen before this: what is over at once needs no bar.
const QUIET_TIME: Duration = Duration::from_millis(250);
/// How often progress is reported to a program.
const EVENT_TIME: Duration = Duration::from_millis(500);
/// How often a bar is drawn in a second, at most.
const DRAWS_PER_SECOND: u8 = 20;

/// Says things, in the way that was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages {
    is_json: bool,
}

impl Messages {
    pub(crate) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Returns whether lists and summaries are printed as JSON.
    pub(crate) fn is_json(self) -> bool {
        self.is_json
    }

    /// Says a sentence to people.
    pub(crate) fn note(self, sentence: &str) {
        if !self.is_json {
            say(&escaped_lines(sentence));
        }
    }

    /// Reports an event: as JSON to programs, as a sentence to people.
    pub(crate) fn event(self, event: &Value, sentence: &str) {
        if self.is_json {
            say(&event.to_string());
        } else if !sentence.is_empty() {
            say(&escaped_lines(sentence));
        }
    }

    /// Says what failed.
    pub(crate) fn error(self, message: &str, hint: Option<&str>) {
        if self.is_json {
            say(&json!({ "event": "error", "message": message, "hint": hint }).to_string());
            return;
        }
        say(&format!("error: {}", escaped(message)));
        if let Some(hint) = hint {
            say(&format!("hint: {}", escaped(hint)));
        }
    }

    /// Starts to show progress.
    pub(crate) fn progress(self, what: &str, total: Option<u64>) -> Progress {
        Progress { is_json: self.is_json, what: what.to_owned(), total, started: instant(), reported: None, bar: None }
    }
}

/// Progress of something long: done so far, of a total if that is known.
pub(crate) struct Progress {
    is_json: bool,
    what: String,
    total: Option<u64>,
    started: Instant,
    reported: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Notes how far it is, and what the total is.
    pub(crate) fn set_of(&mut self, done: u64, total: u64, rows: u64) {
        self.total = Some(total);
        self.set(done, rows);
    }

    /// Notes how far it is: `done` of the total, and how many rows that are, 0 when they are not counted.
    pub(crate) fn set(&mut self, done: u64, rows: u64) {
        let elapsed = self.started.elapsed();
        if elapsed < QUIET_TIME {
            return;
        }
        if self.is_json {
            if self.reported.is_none_or(|reported| reported.elapsed() >= EVENT_TIME) {
                self.reported = Some(instant());
                let event =
                    json!({ "event": "progress", "what": self.what, "rows": rows, "done": done, "total": self.total });
                say(&event.to_string());
            }
            return;
        }
        if !io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(self.total, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
            let template = match self.total {
                Some(_) => "{prefix} {bar:30} {percent:>3} %  {msg}  {eta} left",
                None => "{prefix} {spinner}  {msg}",
            };
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(escaped(&self.what));
            bar
        });
        if rows > 0 {
            let rate = rows as f64 / elapsed.as_secs_f64();
            bar.set_message(format!("{} rows, {} rows/s", grouped(rows), grouped(rate as u64)));
        }
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes a number with a comma for every three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes a number with what it counts, in the plural unless it is one.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let noun = match (number, noun) {
        (1, noun) => noun.to_owned(),
        (_, noun) => match noun.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if noun.ends_with("ch") => format!("{noun}es"),
            None => format!("{noun}s"),
        },
    };
    format!("{} {noun}", grouped(number))
}

/// Writes a size in the unit that fits.
pub(crate) fn sized(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1_000.0 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

/// Prints a table with a line of headings; columns that hold numbers stand to the right.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let is_number = |column: usize| {
        let mut cells = rows.iter().map(|row| row[column].as_str()).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some()
            && cells.all(|cell| cell.starts_with(|first: char| first.is_ascii_digit()) && cell.len() < 14)
    };
    let right: Vec<bool> = (0..headings.len()).map(is_number).collect();
    let line = |cells: &[&str]| {
        let padded: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(column, cell)| {
                let space = " ".repeat(widths[column] - cell.chars().count());
                if right[column] { format!("{space}{cell}") } else { format!("{cell}{space}") }
            })
            .collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(headings);
    for row in &rows {
        text.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    text
}

/// Indents JSON, and changes nothing else: numbers and texts stay as they are spelled.
pub(crate) fn indented(json: &str) -> String {
    let (mut text, mut depth, mut is_text, mut is_escaped) = (String::with_capacity(2 * json.len()), 0, false, false);
    let mut letters = json.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_text {
            text.push(letter);
            is_text = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
            continue;
        }
        let break_line = |text: &mut String, depth: usize| {
            text.push('\n');
            text.extend(std::iter::repeat_n("  ", depth));
        };
        match letter {
            '{' | '[' => {
                text.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    break_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            letter if letter.is_whitespace() => {}
            letter => {
                is_text = letter == '"';
                text.push(letter);
            }
        }
    }
    text.push('\n');
    text
}

/// Escapes what a name in imported data must not do to a terminal or a log: move the cursor, change colours, begin a line,
/// or turn the direction of the text.
pub(crate) fn escaped(text: &str) -> String {
    escape(text, &[])
}

/// Escapes a message of ours, which may have several lines.
fn escaped_lines(text: &str) -> String {
    escape(text, &['\n'])
}

fn escape(text: &str, kept: &[char]) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_harmful = character.is_control() || is_directional(character) || is_line_end(character);
        match is_harmful && !kept.contains(&character) {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

/// Returns whether a character turns the direction of text, or is not seen at all.
fn is_directional(character: char) -> bool {
    matches!(
        character,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

/// Prints data to standard output. A reader that has gone away is no failure.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a line to standard error. Messages that nobody can read are no reason to stop the work, so a closed pipe or a
/// full disk is ignored; `eprintln!` would panic.
fn say(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn what_is_counted_is_in_the_plural_unless_it_is_one() {
        assert_eq!([0, 1, 1_000].map(|count| counted(count, "record")), ["0 records", "1 record", "1,000 records"]);
        assert_eq!([1, 2].map(|count| counted(count, "ontology")), ["1 ontology", "2 ontologies"]);
        assert_eq!([1, 2].map(|count| counted(count, "batch")), ["1 batch", "2 batches"]);
    }

    #[test]
    fn indented_json_keeps_its_spelling() {
        let json = r#"{"a":[1.50,1e3,{}],"b":{"c: {\"":"\\","d":[]}}"#;
        let expected = "{\n  \"a\": [\n    1.50,\n    1e3,\n    {}\n  ],\n  \"b\": {\n    \"c: {\\\"\": \"\\\\\",\n    \"d\": []\n  }\n}\n";
        assert_eq!(indented(json), expected);
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!([7, 1_500, 3_560_473_889].map(sized), ["7 B", "1.5 kB", "3.6 GB"]);
    }

    #[test]
    fn tables_show_control_characters_as_escapes() {
        assert_eq!(table(&["name"], &[vec!["a\u{1b}[31m\nb".to_owned()]]), "name\na\\u{1b}[31m\\nb\n");
    }

    #[test]
    fn what_turns_hides_or_breaks_text_is_escaped() {
        assert_eq!(escaped("a\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}"), "a\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{feff}");
        assert_eq!(escaped("\u{9b}2J\u{7f}\r\u{2028}"), "\\u{9b}2J\\u{7f}\\r\\u{2028}");
        assert_eq!(escaped("naïve — 東京 🚤"), "naïve — 東京 🚤");
        assert_eq!(escaped_lines("one\ntwo\u{7}"), "one\ntwo\\u{7}");
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["name", "rows"], &rows), "name  rows\na        1\nlong    22\n");
    }
}
