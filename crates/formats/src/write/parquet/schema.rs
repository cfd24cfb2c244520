//! The schema of a table, for Parquet and for Hugging Face datasets.

use crate::write::tables::{Column, Kind};
use labelport_model::json::ObjectWriter;

/// Returns the schema in the notation of Parquet.
pub(super) fn of(columns: &[Column]) -> String {
    let column = |column: &Column| {
        let name = column.name;
        match column.kind {
            Kind::Text | Kind::Json => format!("optional binary {name} (UTF8);"),
            Kind::Whole => format!("optional int64 {name};"),
            Kind::Number => format!("optional double {name};"),
            Kind::Truth => format!("optional boolean {name};"),
            Kind::Time => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));"),
            Kind::Points => format!(
                "optional group {name} (LIST) {{ repeated group list {{ required group element {{ \
                 required double x; required double y; }} }} }}"
            ),
        }
    };
    format!("message schema {{ {} }}", columns.iter().map(column).collect::<Vec<_>>().join(" "))
}

/// Returns the features by which Hugging Face datasets know the columns, as JSON.
pub(super) fn features(columns: &[Column]) -> String {
    let value = |dtype: &str| format!("{{\"dtype\":\"{dtype}\",\"_type\":\"Value\"}}");
    let number = value("float64");
    let mut out = Vec::new();
    let mut root = ObjectWriter::open(&mut out);
    let mut info = ObjectWriter::open(root.key("info"));
    let mut features = ObjectWriter::open(info.key("features"));
    for column in columns {
        let feature = match column.kind {
            Kind::Text | Kind::Json => value("string"),
            Kind::Whole => value("int64"),
            Kind::Number => number.clone(),
            Kind::Truth => value("bool"),
            Kind::Time => value("timestamp[ms, tz=UTC]"),
            Kind::Points => format!("[{{\"x\":{number},\"y\":{number}}}]"),
        };
        features.raw(column.name, feature.as_bytes());
    }
    features.close();
    info.close();
    root.close();
    String::from_utf8_lossy(&out).into_owned()
}
