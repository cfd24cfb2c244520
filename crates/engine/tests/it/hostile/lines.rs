//! Lines that are not rows, one by one between two good ones.

use super::check_lines;

/// Checks lines with what follows the number of the line in their messages.
#[track_caller]
fn check_all<L: AsRef<[u8]>>(cases: &[(L, &str)]) {
    let cases: Vec<(&[u8], &str)> = cases.iter().map(|(line, message)| (line.as_ref(), *message)).collect();
    check_lines(&cases);
}

#[test]
fn text_that_is_no_json() {
    check_all(&[
        (r#"{"data_row":{"id":"cb"#, ":22: the text ends inside a JSON value: the line is cut off"),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":[1,"#,
            ":55: the text ends inside a JSON value: the line is cut off",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":tru"#,
            ":55: the text ends inside a JSON value: the line is cut off",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":1,"a":2}"#,
            ":54: the key \"a\" occurs twice in one object",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":{"b":{"c":1,"\u0063":2}}}"#,
            ":64: the key \"c\" occurs twice in one object",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","row_data":"\ud83d"}}"#,
            ":59: half of a surrogate pair (\\ud800 to \\udfff alone is not a character)",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","row_data":"\udc00\ud83d"}}"#,
            ":59: half of a surrogate pair (\\ud800 to \\udfff alone is not a character)",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":NaN}"#,
            ":52: NaN is not a JSON number; write null or leave the key out",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":[1,Infinity]}"#,
            ":55: Infinity is not a JSON number; write null or leave the key out",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"},"a":-Infinity}"#,
            ":52: -Infinity is not a JSON number; write null or leave the key out",
        ),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":01}"#, ":54: a number that JSON does not allow"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":1.}"#, ":54: a number that JSON does not allow"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":1e+}"#, ":55: a number that JSON does not allow"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":+1}"#, ":52: expected a JSON value, found '+'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":.5}"#, ":52: expected a JSON value, found '.'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":0x10}"#, ":53: expected ',' or '}', found 'x'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},}"#, ":48: expected a key in double quotes, found '}'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":[1,]}"#, ":55: expected a JSON value, found ']'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},'a':1}"#, ":48: expected a key in double quotes, found '''"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"} "a":1}"#, ":48: expected ',' or '}', found '\"'"),
        (r#"{"data_row":{"id":"cb00000000000000000000000"},"a":"\x41"}"#, ":53: an invalid escape"),
        (
            "{\"data_row\":{\"id\":\"cb00000000000000000000000\"},\"a\":\"\t\"}",
            ":53: an unescaped control character in a string",
        ),
        (
            "{\"data_row\":{\"id\":\"cb00000000000000000000000\"},\"a\":\u{0}}",
            ":52: a zero byte, as in a file whose copy was cut off; copy the file again",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000"}} {"data_row":{"id":"cb00000000000000000000001"}}"#,
            ":49: text after the end of the JSON value",
        ),
        (r#"{"data_row":{"id":"cb00000000000000000000000"}},"#, ":48: text after the end of the JSON value"),
        ("data_row", ":1: expected a JSON value, found 'd'"),
        ("<!-- note -->", ":1: expected a JSON value, found '<'"),
        ("}", ":1: expected a JSON value, found '}'"),
    ]);
}

#[test]
fn bytes_that_are_no_text() {
    let utf16: Vec<u8> = "{\"data_row\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = b"{\"data_row\":{\"id\":\"cb00000000000000000000000\",\"row_data\":\"K\xfchl\"}}".to_vec();
    // What a power cut leaves at the end of a file that was being written.
    let zeros = b"{\"data_row\":{\"id\":\"cb0000000\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    check_all(&[
        (latin, ":60: bytes that are not UTF-8; convert the file to UTF-8"),
        (utf16, ":2: a zero byte, as in a file whose copy was cut off; copy the file again"),
        (zeros, ":29: a zero byte, as in a file whose copy was cut off; copy the file again"),
    ]);
}

#[test]
fn records_that_are_too_long_or_too_deep() {
    let long = format!(r#"{{"data_row":{{"id":"cb00000000000000000000000","row_data":"{}"}}}}"#, "x".repeat(3 << 20));
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep = format!(r#"{{"data_row":{{"id":"cb00000000000000000000000"}},"a":{nested}}}"#);
    let deep_objects = r#"{"a":"#.repeat(10_000);
    check_all(&[
        (
            long,
            ": the record, without the frames of its videos, is longer than 2 MiB; raise the limit with --max-record-mib, up to 512",
        ),
        (deep, ":563: more than 512 levels of nesting"),
        (deep_objects, ":2561: more than 512 levels of nesting"),
    ]);
}

#[test]
fn values_that_are_no_rows() {
    check_all(&[
        ("null", ":1: row: expected an export row (an object with the key data_row), found null"),
        ("7", ":1: row: expected an export row (an object with the key data_row), found a number"),
        (r#""data_row""#, ":1: row: expected an export row (an object with the key data_row), found a string"),
        ("[]", ":1: row: expected an export row (an object with the key data_row), found an array"),
        ("{}", ":1: row: the key data_row is missing"),
        (r#"{"data_row":null}"#, ":13: data_row: expected an object, found null"),
        (r#"{"data_row":{}}"#, ":13: data_row: the key id is missing"),
        (r#"{"data_row":{"id":7}}"#, ":19: data_row.id: expected an id in quotes, found a number"),
        (r#"{"data_row":{"id":null}}"#, ":19: data_row.id: expected an id in quotes, found null"),
        (r#"{"data_row":{"id":"short"}}"#, ":19: data_row.id: data row id \"short\" has 5 characters, an id has 25"),
        (
            r#"{"data_row":{"id":"cb000000000000000000000000"}}"#,
            ":19: data_row.id: data row id \"cb000000000000000000000000\" has 26 characters, an id has 25",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000-000000 0000"}}"#,
            ":19: data_row.id: data row id \"cb00000000000-000000 0000\" has a character that ids cannot have",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","global_key":7}}"#,
            ":60: data_row.global_key: expected a string, found a number",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","external_id":[]}}"#,
            ":61: data_row.external_id: expected a string, found an array",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","details":[]}}"#,
            ":57: data_row.details: expected an object, found an array",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","details":{"dataset_id":"d"}}}"#,
            ":71: data_row.details.dataset_id: dataset id \"d\" has 1 characters, an id has 25",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","details":{"created_at":"yesterday"}}}"#,
            ":71: data_row.details.created_at: \"yesterday\" is not a time; write it as 2025-03-01T09:30:00.000+00:00",
        ),
        (
            r#"{"data_row":{"id":"cb00000000000000000000000","details":{"updated_at":1700000000}}}"#,
            ":71: data_row.details.updated_at: expected a string, found a number",
        ),
    ]);
}

#[test]
fn sections_of_the_wrong_kind() {
    let row = |rest: &str| format!(r#"{{"data_row":{{"id":"cb00000000000000000000000"}},{rest}}}"#);
    let project = |rest: &str| row(&format!(r#""projects":{{"cp00000000000000000000000":{rest}}}"#));
    let label = |rest: &str| project(&format!(r#"{{"labels":[{rest}]}}"#));
    let model = |rest: &str| row(&format!(r#""experiments":{{"cm00000000000000000000000":{rest}}}"#));
    let run = |rest: &str| model(&format!(r#"{{"runs":{{"run":{rest}}}}}"#));
    let cases = [
        (row(r#""media_attributes":[]"#), ":67: media_attributes: expected an object, found an array"),
        (row(r#""attachments":{}"#), ":62: attachments: expected an array, found an object"),
        (row(r#""attachments":["x"]"#), ":63: attachments[0]: expected an object, found a string"),
        (row(r#""metadata_fields":null"#), ":66: metadata_fields: expected an array, found null"),
        (
            row(r#""metadata_fields":[{"schema_id":1}]"#),
            ":80: metadata_fields[0].schema_id: expected a string, found a number",
        ),
        (row(r#""embeddings":[[]]"#), ":62: embeddings[0]: expected an object, found an array"),
        (row(r#""projects":[]"#), ":59: projects: expected an object, found an array"),
        (row(r#""projects":{"p":{}}"#), ":64: projects.p: project id \"p\" has 1 characters, an id has 25"),
        (project("[]"), ":88: projects.cp00000000000000000000000: expected an object, found an array"),
        (project(r#"{"name":7}"#), ":96: projects.cp00000000000000000000000.name: expected a string, found a number"),
        (
            project(r#"{"project_tags":{}}"#),
            ":104: projects.cp00000000000000000000000.project_tags: expected an array, found an object",
        ),
        (
            project(r#"{"project_details":"x"}"#),
            ":107: projects.cp00000000000000000000000.project_details: expected an object, found a string",
        ),
        (
            project(r#"{"project_details":{"ontology_id":"o"}}"#),
            ":122: projects.cp00000000000000000000000.project_details.ontology_id: ontology id \"o\" has 1 characters, an id has 25",
        ),
        (
            project(r#"{"project_details":{"batch_id":""}}"#),
            ":119: projects.cp00000000000000000000000.project_details.batch_id: batch id \"\" has 0 characters, such an id has 1 to 64",
        ),
        (
            project(r#"{"labels":{}}"#),
            ":98: projects.cp00000000000000000000000.labels: expected an array, found an object",
        ),
        (label("7"), ":99: projects.cp00000000000000000000000.labels[0]: expected an object, found a number"),
        (label("{}"), ":99: projects.cp00000000000000000000000.labels[0]: the key id is missing"),
        (
            label(r#"{"id":"cl00000000000000000000000"}"#),
            ":99: projects.cp00000000000000000000000.labels[0]: the key annotations is missing",
        ),
        (
            label(r#"{"id":"l","annotations":{}}"#),
            ":105: projects.cp00000000000000000000000.labels[0].id: label id \"l\" has 1 characters, an id has 25",
        ),
        (
            label(r#"{"id":"cl00000000000000000000000","annotations":[]}"#),
            ":147: projects.cp00000000000000000000000.labels[0].annotations: expected an object, found an array",
        ),
        (
            label(r#"{"id":"cl00000000000000000000000","annotations":{},"label_details":[]}"#),
            ":166: projects.cp00000000000000000000000.labels[0].label_details: expected an object, found an array",
        ),
        (
            label(r#"{"id":"cl00000000000000000000000","annotations":{},"performance_details":1}"#),
            ":172: projects.cp00000000000000000000000.labels[0].performance_details: expected an object, found a number",
        ),
        (
            label(
                r#"{"id":"cl00000000000000000000000","annotations":{}},{"id":"cl00000000000000000000000","annotations":{}}"#,
            ),
            ":151: projects.cp00000000000000000000000.labels[1]: the label occurs twice in this row",
        ),
        (row(r#""experiments":7"#), ":62: experiments: expected an object, found a number"),
        (row(r#""experiments":{"m":{}}"#), ":67: experiments.m: model id \"m\" has 1 characters, an id has 25"),
        (
            model("{}"),
            ":91: experiments.cm00000000000000000000000: a model without runs says nothing about a row; leave it out",
        ),
        (
            model(r#"{"runs":{}}"#),
            ":91: experiments.cm00000000000000000000000: a model without runs says nothing about a row; leave it out",
        ),
        (
            model(r#"{"runs":[]}"#),
            ":99: experiments.cm00000000000000000000000.runs: expected an object, found an array",
        ),
        (
            model(r#"{"runs":{"a run":{}}}"#),
            ":108: experiments.cm00000000000000000000000.runs.a run: model run id \"a run\" has a character that ids cannot have",
        ),
        (run("[]"), ":106: experiments.cm00000000000000000000000.runs.run: expected an object, found an array"),
        (
            run(r#"{"split":7}"#),
            ":115: experiments.cm00000000000000000000000.runs.run.split: expected a string, found a number",
        ),
        (
            run(r#"{"labels":7}"#),
            ":116: experiments.cm00000000000000000000000.runs.run.labels: expected an array, found a number",
        ),
        (
            run(r#"{"predictions":[{"id":"cl00000000000000000000000"}]}"#),
            ":122: experiments.cm00000000000000000000000.runs.run.predictions[0]: the key annotations is missing",
        ),
    ];
    check_all(&cases);
}
