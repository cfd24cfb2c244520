//! What two results differ in, for people: sums, then the first rows.

use crate::messages::{counted, escaped, grouped, table};
use labelport_engine::diff::{AnnotationDiff, Change, LabelDiff, List, RowDiff, Sums, Tally, What};
use std::fmt::Write as _;

/// The most rows that are shown, labels of a row, and lines of a label.
pub(crate) const ROWS_SHOWN: usize = 10;
const LABELS_SHOWN: usize = 5;
const LINES_SHOWN: usize = 8;

/// Returns the sums as people read them.
pub(crate) fn sums(sums: &Sums) -> String {
    let mut text =
        format!("{}\n", counted(sums.same, "row") + if sums.same == 1 { " is" } else { " are" } + " the same");
    let number = |count: u64| grouped(count);
    let tally = |name: &str, tally: Tally| {
        vec![name.to_owned(), number(tally.added), number(tally.removed), number(tally.changed)]
    };
    let lists = [("rows", sums.rows), ("labels", sums.labels), ("predictions", sums.predictions)];
    let lists = lists.into_iter().filter(|(name, tally)| *name == "rows" || !tally.is_empty());
    let lists: Vec<_> = lists.map(|(name, of)| tally(name, of)).collect();
    let heading = ["", "added", "removed", "changed"];
    write!(text, "\n{}", table(&heading, &lists)).unwrap_or_default();
    if !sums.classes.is_empty() {
        let classes = sums.classes.iter().map(|((class, kind), of)| {
            let mut line = tally(class, *of);
            line.insert(1, kind.clone());
            line
        });
        let heading = ["annotations", "kind", "added", "removed", "changed"];
        write!(text, "\n{}", table(&heading, &classes.collect::<Vec<_>>())).unwrap_or_default();
    }
    if !sums.members.is_empty() {
        let members = sums.members.iter().map(|(member, rows)| vec![member.clone(), number(*rows)]);
        write!(text, "\n{}", table(&["other members", "rows"], &members.collect::<Vec<_>>())).unwrap_or_default();
    }
    text
}

/// Returns a row as people read it.
pub(crate) fn row(row: &RowDiff) -> String {
    let key = row.global_key.as_ref().map(|key| format!(" ({})", escaped(key))).unwrap_or_default();
    let mut text = format!("{} {}{key}\n", row.change.word(), escaped(&row.id));
    let members = row.members.iter().map(|member| escaped(&member.path));
    add_lines(&mut text, "  ", members.collect());
    for label in row.labels.iter().take(LABELS_SHOWN) {
        add_label(&mut text, label);
    }
    let more = row.labels.len().saturating_sub(LABELS_SHOWN);
    if more > 0 {
        writeln!(text, "  … and {} more", counted(more as u64, "label")).unwrap_or_default();
    }
    text
}

fn add_label(text: &mut String, label: &LabelDiff) {
    let (list, home) = match label.list {
        List::Labels => ("label", "project"),
        List::RunLabels => ("label", "model run"),
        List::Predictions => ("prediction", "model run"),
    };
    let (word, id, of) = (label.change.word(), escaped(&label.id), escaped(&label.home));
    writeln!(text, "  {list} {id} of {home} {of}, {word}").unwrap_or_default();
    let members = label.members.iter().map(|member| escaped(member));
    add_lines(text, "    ", members.chain(label.annotations.iter().map(annotation)).collect());
}

fn add_lines(text: &mut String, indent: &str, lines: Vec<String>) {
    for line in lines.iter().take(LINES_SHOWN) {
        writeln!(text, "{indent}{line}").unwrap_or_default();
    }
    if lines.len() > LINES_SHOWN {
        writeln!(text, "{indent}… and {} more", grouped((lines.len() - LINES_SHOWN) as u64)).unwrap_or_default();
    }
}

fn annotation(annotation: &AnnotationDiff) -> String {
    let mark = match annotation.change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Changed => '~',
    };
    let what: Vec<String> = annotation.what.iter().map(said).collect();
    let what = if what.is_empty() { String::new() } else { format!(": {}", what.join("; ")) };
    let id = annotation.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    escaped(&format!("{mark} {} ({}{id}){what}", annotation.class, annotation.kind))
}

fn said(what: &What) -> String {
    match what {
        What::Class(before) => format!("was {before}"),
        What::Kind(before) => format!("was of kind {before}"),
        What::Id(Some(before)) => format!("had the id {before}"),
        What::Id(None) => "had no id".to_owned(),
        What::Geometry(Some(iou)) => format!("geometry, IoU {iou:.3}"),
        What::Geometry(None) => "geometry".to_owned(),
        What::Answers(answers) => {
            let text =
                |answer: &Option<String>| answer.as_ref().map_or("nothing".to_owned(), |text| format!("{text:?}"));
            let each = answers
                .iter()
                .map(|answer| format!("{}: {} is now {}", answer.question, text(&answer.before), text(&answer.after)));
            each.collect::<Vec<_>>().join(", ")
        }
        What::Frames { added, removed, changed } => {
            let counts = [(*added, "added"), (*removed, "removed"), (*changed, "changed")];
            let counts = counts.into_iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> = counts.map(|(count, word)| format!("{} {word}", grouped(count))).collect();
            format!("frames: {}", counts.join(", "))
        }
        What::Segments => "the frames over which it lasts".to_owned(),
        What::Scores => "confidence".to_owned(),
        What::Other => "other members".to_owned(),
    }
}
