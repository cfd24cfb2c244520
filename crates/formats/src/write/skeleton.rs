//! Skeletons: which points belong to which box.
//!
//! A box and the points of a body are drawn one by one, and nothing that is stored joins them. A rule does: it names the
//! class of the boxes, and after a colon the classes of the points in their order. A point belongs to the smallest box of
//! such a class that contains it, its edges included; a box has at most one point of a class, the first one.
//!
//! ```text
//! person: head, left hand, right hand
//! wagon: front axle, rear axle
//! ```
//!
//! Rules are on lines of their own, or separated by `;`. A backslash before `:`, `,`, `;` or a backslash makes it part of a
//! name.

use super::{Class, FormatOption, OpenError};
use labelport_model::data_type::Form;

/// The option.
pub(super) static POSE: FormatOption = FormatOption {
    name: "pose",
    summary: "For poses: the class of boxes, and the classes of the points that belong to a box, in their order. A point \
              belongs to the smallest box that contains it. Several rules are on lines of their own, or separated by `;`.",
    values: &[""],
    form: Some("person:head,left hand,right hand|@pose.txt"),
};

/// Why a point or a box is of no skeleton.
pub(super) const NO_RULE: &str = "no rule of the option pose names its class";
const NO_BOX: &str = "it is in no box of a class that has it as a point";
const SECOND: &str = "its box has another point of its class";

/// Which classes are boxes, and which are their points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Skeletons {
    rules: Vec<Rule>,
    /// For the place of each class: the rule whose boxes it is.
    boxes: Vec<Option<usize>>,
    /// For the place of each class: the rules that have it as a point, and as which.
    points: Vec<Vec<(usize, usize)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    class: String,
    points: Vec<String>,
}

/// A box that points may belong to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Boxed {
    /// The place of its class.
    pub(super) class: u32,
    /// Left, upper, right and lower side.
    pub(super) bounds: [f64; 4],
}

/// A point that may belong to a box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pointed {
    /// The place of its class.
    pub(super) class: u32,
    pub(super) x: f64,
    pub(super) y: f64,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined {
    /// For each box, which point is each of its points.
    pub(super) points: Vec<Vec<Option<usize>>>,
    /// For each point, why it belongs to no box.
    pub(super) left_out: Vec<Option<&'static str>>,
}

impl Skeletons {
    /// Reads the option, and finds the classes that it names, by their names or values.
    pub(super) fn of(text: &str, classes: &[Class]) -> Result<Self, OpenError> {
        let refused = |known: String| OpenError::OptionValue {
            option: POSE.name.to_owned(),
            value: text.chars().take(80).collect(),
            known,
        };
        let rules = parse(text).map_err(refused)?;
        let is_called = |class: &Class, name: &str| class.name == name || class.value == name;
        let is_box = |class: &Class| matches!(class.form, Some(Form::Box | Form::Polygon | Form::Mask));
        let is_point = |class: &Class| class.form == Some(Form::Point);
        // Before an export begins, no class is known.
        for rule in rules.iter().filter(|_| !classes.is_empty()) {
            if !classes.iter().any(|class| is_box(class) && is_called(class, &rule.class)) {
                return Err(refused(format!(
                    "rules for tools that there are: none that draws boxes is called {:?}",
                    rule.class
                )));
            }
            let gone = |name: &&String| !classes.iter().any(|class| is_point(class) && is_called(class, name));
            if let Some(gone) = rule.points.iter().find(gone) {
                return Err(refused(format!(
                    "rules for tools that there are: none that draws points is called {gone:?}"
                )));
            }
        }
        let boxes =
            classes.iter().map(|class| rules.iter().position(|rule| is_box(class) && is_called(class, &rule.class)));
        let boxes = boxes.collect();
        let points = classes.iter().map(|class| {
            let of_rule = |(index, rule): (usize, &Rule)| {
                let slot = rule.points.iter().position(|name| is_point(class) && is_called(class, name))?;
                Some((index, slot))
            };
            rules.iter().enumerate().filter_map(of_rule).collect()
        });
        let points = points.collect();
        Ok(Self { rules, boxes, points })
    }

    /// Returns how many points the longest rule has.
    pub(super) fn point_count(&self) -> usize {
        self.rules.iter().map(|rule| rule.points.len()).max().unwrap_or_default()
    }

    /// Returns the names of the points of a class of boxes, by its place.
    pub(super) fn points_of(&self, class: u32) -> Option<&[String]> {
        let rule = self.boxes.get(class as usize).copied().flatten()?;
        Some(&self.rules[rule].points)
    }

    /// Returns whether a class is one of points, by its place.
    pub(super) fn has_point(&self, class: u32) -> bool {
        self.points.get(class as usize).is_some_and(|rules| !rules.is_empty())
    }

    /// Joins points to boxes, in the order in which they are given.
    pub(super) fn join(&self, boxes: &[Boxed], points: &[Pointed]) -> Joined {
        let rule_of = |boxed: &Boxed| self.boxes.get(boxed.class as usize).copied().flatten();
        let slots = boxes.iter().map(|boxed| rule_of(boxed).map_or(0, |rule| self.rules[rule].points.len()));
        let mut joined = Joined { points: slots.map(|count| vec![None; count]).collect(), left_out: Vec::new() };
        for (number, point) in points.iter().enumerate() {
            let rules = self.points.get(point.class as usize).map_or(&[][..], Vec::as_slice);
            let candidates = boxes.iter().enumerate().filter_map(|(index, boxed)| {
                let rule = rule_of(boxed)?;
                let (_, slot) = rules.iter().find(|(of, _)| *of == rule)?;
                boxed.contains(point).then_some((index, *slot, boxed.area()))
            });
            let smallest = candidates.min_by(|(.., one), (.., other)| one.total_cmp(other));
            joined.left_out.push(match smallest {
                None if rules.is_empty() => Some(NO_RULE),
                None => Some(NO_BOX),
                Some((index, slot, _)) if joined.points[index][slot].is_some() => Some(SECOND),
                Some((index, slot, _)) => {
                    joined.points[index][slot] = Some(number);
                    None
                }
            });
        }
        joined
    }
}

impl Boxed {
    fn contains(&self, point: &Pointed) -> bool {
        let [left, top, right, bottom] = self.bounds;
        (left..=right).contains(&point.x) && (top..=bottom).contains(&point.y)
    }

    fn area(&self) -> f64 {
        let [left, top, right, bottom] = self.bounds;
        (right - left) * (bottom - top)
    }
}

/// Reads rules. Fails with a clause that says what they should be.
fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let form = || "rules such as person:head,left hand,right hand".to_owned();
    let mut rules: Vec<Rule> = Vec::new();
    for line in split_at(text, &[';', '\n']) {
        if line.trim().is_empty() {
            continue;
        }
        let sides = split_at(&line, &[':']);
        let [class, points] = &sides[..] else { return Err(form()) };
        let points: Vec<String> = split_at(points, &[',']).iter().map(|name| unescaped(name)).collect();
        let rule = Rule { class: unescaped(class), points };
        if rule.class.is_empty() || rule.points.iter().any(String::is_empty) {
            return Err(form());
        }
        if rules.iter().any(|known| known.class == rule.class) {
            return Err(format!("a list with one rule for each class; {:?} has two", rule.class));
        }
        let twice = (1..rule.points.len()).find(|index| rule.points[..*index].contains(&rule.points[*index]));
        if let Some(twice) = twice {
            return Err(format!("rules with each point once; {:?} is there twice", rule.points[twice]));
        }
        rules.push(rule);
    }
    if rules.is_empty() { Err(form()) } else { Ok(rules) }
}

/// Cuts a text at some characters, except where a backslash comes before them. Backslashes stay.
fn split_at(text: &str, at: &[char]) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let piece = match at.contains(&letter) {
            true => {
                pieces.push(String::new());
                continue;
            }
            false => pieces.last_mut(),
        };
        if let Some(piece) = piece {
            piece.push(letter);
            if letter == '\\' {
                piece.extend(letters.next());
            }
        }
    }
    pieces
}

/// Removes the space around a name, and the backslashes in it.
fn unescaped(name: &str) -> String {
    let mut letters = name.trim().chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(index: u32, name: &str, form: Form) -> Class {
        Class {
            index,
            schema_id: format!("s{index}"),
            name: name.to_owned(),
            value: name.replace(' ', "_"),
            kind: String::new(),
            form: Some(form),
            is_listed: true,
            written: 0,
        }
    }

    fn classes() -> Vec<Class> {
        let classes = [
            ("person", Form::Box),
            ("head", Form::Point),
            ("left hand", Form::Point),
            ("dog", Form::Polygon),
            ("a: b", Form::Point),
        ];
        (0..).zip(classes).map(|(index, (name, form))| class(index, name, form)).collect()
    }

    #[track_caller]
    fn check_refused(text: &str, expect: &str) {
        let error = Skeletons::of(text, &classes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn rules_name_boxes_and_their_points_in_order() {
        let skeletons = Skeletons::of("person: left_hand, head ; dog:a\\: b", &classes()).unwrap();
        assert_eq!(skeletons.point_count(), 2);
        assert_eq!(skeletons.points_of(0), Some(&["left_hand".to_owned(), "head".to_owned()][..]));
        assert_eq!(skeletons.points_of(3), Some(&["a: b".to_owned()][..]));
        assert_eq!((skeletons.points_of(1), skeletons.has_point(1), skeletons.has_point(0)), (None, true, false));
        assert_eq!(Skeletons::of("person:head\r\n\ndog:head\n", &classes()).unwrap().rules.len(), 2);
        assert!(Skeletons::of("nobody:nothing", &[]).is_ok(), "before an export begins no class is known");
    }

    #[test]
    fn what_is_not_a_rule_is_refused() {
        for text in ["", "person", "person:", ":head", "person:head,", "person:head:hand", "\n;"] {
            check_refused(text, "rules such as person:head");
        }
        check_refused("person:head;person:left hand", "\"person\" has two");
        check_refused("person:head,head", "\"head\" is there twice");
        check_refused("cat:head", "none that draws boxes is called \"cat\"");
        check_refused("person:head,tail", "none that draws points is called \"tail\"");
        check_refused("head:person", "none that draws boxes is called \"head\"");
    }

    #[test]
    fn a_point_belongs_to_the_smallest_box_that_contains_it() {
        let skeletons = Skeletons::of("person:head,left hand;dog:head", &classes()).unwrap();
        let boxed = |class, bounds| Boxed { class, bounds };
        let boxes = [
            boxed(0, [0.0, 0.0, 100.0, 100.0]),
            boxed(0, [10.0, 10.0, 30.0, 30.0]),
            boxed(3, [12.0, 12.0, 14.0, 14.0]),
        ];
        let point = |class, x, y| Pointed { class, x, y };
        let points = [
            point(1, 10.0, 30.0),
            point(1, 20.0, 20.0),
            point(1, 60.0, 60.0),
            point(1, 13.0, 13.0),
            point(2, 13.0, 13.0),
            point(2, 101.0, 5.0),
            point(4, 5.0, 5.0),
        ];
        let joined = skeletons.join(&boxes, &points);
        assert_eq!(joined.points, [vec![Some(2), None], vec![Some(0), Some(4)], vec![Some(3)]]);
        assert_eq!(joined.left_out, [None, Some(SECOND), None, None, None, Some(NO_BOX), Some(NO_RULE)]);
        assert_eq!(skeletons.join(&[], &points[..1]).left_out, [Some(NO_BOX)]);
    }
}
