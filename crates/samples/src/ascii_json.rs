//! Compact JSON of ASCII characters only.
//!
//! Strings are escaped as Python's `json.dumps` does: short escapes where JSON has them, `\uXXXX` in lower-case hex for
//! everything else outside space to tilde, a surrogate pair beyond the basic plane. Numbers keep the spelling that
//! `serde_json` gives them, so a float always shows its fraction.

use serde_json::{Number, Value};

/// Returns the value as compact JSON without a character outside ASCII.
pub fn to_ascii_json(value: &Value) -> String {
    let mut out = String::new();
    push_value(&mut out, value, &COMPACT);
    out
}

/// Returns the value with a space after each comma and colon, as older exports did.
pub(super) fn to_spaced_ascii_json(value: &Value) -> String {
    let mut out = String::new();
    push_value(&mut out, value, &SPACED);
    out
}

/// Appends the text as a JSON string, quotes included.
pub(super) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

/// Returns a geometry number: thousandths, so that at most three decimals show and at least one does.
pub(super) fn milli(thousandths: i64) -> Value {
    // The quotient of two exact integers is the float nearest to the decimal, which prints as that decimal.
    Number::from_f64(thousandths as f64 / 1000.0).map_or(Value::Null, Value::Number)
}

struct Separators {
    comma: &'static str,
    colon: &'static str,
}

const COMPACT: Separators = Separators { comma: ",", colon: ":" };
const SPACED: Separators = Separators { comma: ", ", colon: ": " };

fn push_value(out: &mut String, value: &Value, separators: &Separators) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => push_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(separators.comma);
                }
                push_value(out, item, separators);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(separators.comma);
                }
                push_text(out, key);
                out.push_str(separators.colon);
                push_value(out, item, separators);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(value: Value, expect: &str) {
        assert_eq!(to_ascii_json(&value), expect);
    }

    #[test]
    fn text_is_escaped_as_python_does() {
        check(json!("a\"b\\c/d\n\r\t\u{8}\u{c}"), r#""a\"b\\c/d\n\r\t\b\f""#);
        check(json!("\u{1}\u{7f}\u{e9}\u{2028}"), r#""\u0001\u007f\u00e9\u2028""#);
        check(json!("\u{1f683}"), r#""\ud83d\ude83""#);
    }

    #[test]
    fn geometry_shows_its_fraction() {
        check(
            json!([milli(167_000), milli(23_768), milli(-3_800), milli(1), milli(0)]),
            "[167.0,23.768,-3.8,0.001,0.0]",
        );
    }

    #[test]
    fn separators_can_be_spaced() {
        assert_eq!(to_spaced_ascii_json(&json!({"a": [1, 2], "b": {}})), r#"{"a": [1, 2], "b": {}}"#);
    }
}
