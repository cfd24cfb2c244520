//! `croissant.json`: what a package holds, in the vocabulary of MLCommons Croissant, for programs and catalogs that read it.
//!
//! It lists the files that grow with every row, with their digests, and the columns of tables. Files of single rows are in
//! `SHA256SUMS`, which is listed. Nothing in it depends on the time or the place of an export.

use crate::manifest::PackedFile;
use serde_json::{Value, json};

/// The file.
pub(super) const CROISSANT: &str = "croissant.json";

/// The version of the vocabulary.
const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.0";

/// The short names of the vocabulary: those that are in its own namespace.
const TERMS: [&str; 26] = [
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
];

/// What a package is about.
pub(super) struct Package<'a> {
    /// What was exported: "project ID".
    pub(super) scope: &'a str,
    pub(super) format: &'a str,
    /// One sentence about the format.
    pub(super) summary: &'a str,
    /// The change counter of the snapshot.
    pub(super) change_seq: i64,
    pub(super) files: &'a [PackedFile],
    /// The first lines of files that are tables, by the places of the files.
    pub(super) heads: &'a [Vec<u8>],
}

impl Package<'_> {
    /// Returns the bytes of the file.
    pub(super) fn describe(&self) -> Vec<u8> {
        let files: Vec<Value> = self.files.iter().map(file_object).collect();
        let tables = self.files.iter().zip(self.heads).filter(|(_, head)| !head.is_empty());
        let tables: Vec<Value> = tables.map(|(file, head)| record_set(&file.path, &columns(head))).collect();
        let dataset = json!({
            "@context": context(),
            "@type": "sc:Dataset",
            "conformsTo": CONFORMS_TO,
            "name": format!("{} as {}", self.scope, self.format),
            "description": format!("Labelled data exported by labelport. {} Files of single rows are in SHA256SUMS.", self.summary),
            "version": format!("{}.0.0", self.change_seq.max(0)),
            "distribution": files,
            "recordSet": tables,
        });
        format!("{dataset}\n").into_bytes()
    }
}

fn context() -> Value {
    let own = TERMS.iter().map(|term| ((*term).to_owned(), json!(format!("cr:{term}"))));
    let mut context: serde_json::Map<String, Value> = own.collect();
    let json_of = |term: &str| json!({ "@id": format!("cr:{term}"), "@type": "@json" });
    let others = [
        ("@language", json!("en")),
        ("@vocab", json!("https://schema.org/")),
        ("conformsTo", json!("dct:conformsTo")),
        ("cr", json!("http://mlcommons.org/croissant/")),
        ("rai", json!("http://mlcommons.org/croissant/RAI/")),
        ("data", json_of("data")),
        ("examples", json_of("examples")),
        ("dataType", json!({ "@id": "cr:dataType", "@type": "@vocab" })),
        ("dct", json!("http://purl.org/dc/terms/")),
        ("sc", json!("https://schema.org/")),
    ];
    context.extend(others.map(|(term, meaning)| (term.to_owned(), meaning)));
    Value::Object(context)
}

fn file_object(file: &PackedFile) -> Value {
    json!({
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": format!("{} B", file.bytes),
        "encodingFormat": media_type(&file.path),
        "sha256": file.sha256,
    })
}

fn record_set(path: &str, columns: &[String]) -> Value {
    let name = path.strip_suffix(".csv").unwrap_or(path);
    let field = |column: &String| {
        json!({
            "@type": "cr:Field",
            "@id": format!("{name}/{column}"),
            "name": column,
            "dataType": "sc:Text",
            "source": { "fileObject": { "@id": path }, "extract": { "column": column } },
        })
    };
    let fields: Vec<Value> = columns.iter().map(field).collect();
    json!({ "@type": "cr:RecordSet", "@id": name, "name": name, "field": fields })
}

/// Returns the media type of a file, by its ending.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => "text/csv",
        Some("geojson") => "application/geo+json",
        Some("json") => "application/json",
        Some("jsonl" | "ndjson" | "geojsonl") => "application/jsonlines",
        Some("parquet") => "application/x-parquet",
        Some("tar") => "application/x-tar",
        Some("xml") => "application/xml",
        Some("yaml") => "application/yaml",
        _ => "text/plain",
    }
}

/// Reads the names of columns: the first line of a table, whose cells may be quoted.
fn columns(head: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(head);
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), String::new(), false);
    for letter in text.trim_end_matches(['\r', '\n']).chars() {
        match letter {
            // Two quotes within quotes are one: the second opens the cell again.
            '"' => {
                if !is_quoted && !cell.is_empty() {
                    cell.push('"');
                }
                is_quoted = !is_quoted;
            }
            ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            letter => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_cells_of_the_first_line() {
        assert_eq!(columns(b"a,\"b, \"\"c\"\"\",d\r\n"), ["a", "b, \"c\"", "d"]);
    }

    #[test]
    fn a_package_is_described_by_its_files_and_tables() {
        let file = |path: &str| PackedFile { path: path.to_owned(), bytes: 3, sha256: "ab".to_owned() };
        let files = [file("rows.csv"), file("train.json")];
        let heads = [b"id,split\r\n".to_vec(), Vec::new()];
        let package = Package {
            scope: "project p",
            format: "coco",
            summary: "COCO.",
            change_seq: 7,
            files: &files,
            heads: &heads,
        };
        let described: Value = serde_json::from_slice(&package.describe()).unwrap();
        assert_eq!(described["name"], "project p as coco");
        assert_eq!(described["version"], "7.0.0");
        assert_eq!(described["distribution"][1]["encodingFormat"], "application/json");
        assert_eq!(described["recordSet"].as_array().unwrap().len(), 1);
        let field = &described["recordSet"][0]["field"][1];
        assert_eq!(field["source"], json!({ "fileObject": { "@id": "rows.csv" }, "extract": { "column": "split" } }));
        assert_eq!(described["@context"]["recordSet"], "cr:recordSet");
    }
}
