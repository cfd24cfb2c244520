//! The arguments of a field: JSON with variables put in, and absent where a variable was not given.

use labelport_model::given::{self, wrong};
use labelport_model::problem::Problem;
use serde_json::{Map, Value};

/// Arguments of one field.
pub(crate) struct Arguments<'a>(pub(crate) &'a Map<String, Value>);

static NULL: Value = Value::Null;

impl Arguments<'_> {
    /// Returns the value at a way such as `where.id`; null where there is none.
    pub(crate) fn at(&self, path: &str) -> &Value {
        let mut steps = path.split('.');
        let mut value = steps.next().and_then(|first| self.0.get(first)).unwrap_or(&NULL);
        for step in steps {
            value = value.get(step).unwrap_or(&NULL);
        }
        value
    }

    /// Returns a text; fails where there is none.
    pub(crate) fn text(&self, path: &str) -> Result<&str, Problem> {
        given::text(path, self.at(path))
    }

    /// Finds a text.
    pub(crate) fn find_text(&self, path: &str) -> Result<Option<&str>, Problem> {
        given::find_text(path, self.at(path))
    }

    /// Returns a yes or no; none is no.
    pub(crate) fn flag(&self, path: &str) -> Result<bool, Problem> {
        given::flag(path, self.at(path))
    }

    /// Returns a cursor: a text that is not empty.
    pub(crate) fn find_cursor(&self, path: &str) -> Result<Option<&str>, Problem> {
        Ok(self.find_text(path)?.filter(|cursor| !cursor.is_empty()))
    }

    /// Returns a whole number, which may come as text.
    pub(crate) fn number(&self, path: &str) -> Result<i64, Problem> {
        let value = self.at(path);
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        number.ok_or_else(|| wrong(path, "a whole number", value))
    }

    /// Returns a whole number that is not negative, or what holds where there is none.
    pub(crate) fn count(&self, path: &str, otherwise: usize) -> Result<usize, Problem> {
        if self.at(path).is_null() {
            return Ok(otherwise);
        }
        let number = self.number(path)?;
        usize::try_from(number).map_err(|_| wrong(path, "a number that is not negative", self.at(path)))
    }

    /// Returns a list; empty where there is none.
    pub(crate) fn list(&self, path: &str) -> Result<&[Value], Problem> {
        given::list(path, self.at(path))
    }

    /// Returns a list of texts; empty where there is none.
    pub(crate) fn texts(&self, path: &str) -> Result<Vec<String>, Problem> {
        given::texts(path, self.at(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_found_by_their_way() {
        let Value::Object(map) = json!({ "where": { "id": "a" }, "offset": "17", "first": -1 }) else { panic!() };
        let arguments = Arguments(&map);
        assert_eq!(arguments.text("where.id").unwrap(), "a");
        assert_eq!(arguments.number("offset").unwrap(), 17);
        assert_eq!(arguments.count("skip", 7).unwrap(), 7);
        assert_eq!(arguments.text("data.name").unwrap_err().message, "data.name is missing; give a text");
        assert_eq!(arguments.find_text("where.id").unwrap(), Some("a"));
        assert_eq!(arguments.find_text("where.name").unwrap(), None);
        assert_eq!(arguments.find_text("first").unwrap_err().message, "first is \"-1\"; give a text");
        assert_eq!(arguments.texts("where.id").unwrap_err().message, "where.id is \"\\\"a\\\"\"; give a list");
        assert!(arguments.count("first", 0).unwrap_err().message.contains("give a number that is not negative"));
    }
}
