//! As many image rows as a benchmark wants.
//!
//! Rows have the shape of a project export with everything switched on: one label of six boxes, about 2.8 KB a row.
//! They are formatted by hand, because a generic value would cost more than the import that is measured. Row `n` is the
//! same whatever the count.

use std::io;

use crate::chance::{Chance, cuid_of, uuid_of};
use crate::moment::{MINUTE_MS, Moment, SECOND_MS};

/// Returns that many rows, one line each, without line feeds.
pub fn image_rows(count: u64) -> ImageRows {
    ImageRows { template: Template::new(), next: 0, count }
}

/// Writes that many rows, one a line, through one buffer.
pub fn write_image_rows(count: u64, out: &mut dyn io::Write) -> io::Result<()> {
    let template = Template::new();
    let mut buffer = String::with_capacity(2 * FLUSH_BYTES);
    for number in 0..count {
        template.push_row(&mut buffer, number);
        buffer.push('\n');
        if buffer.len() >= FLUSH_BYTES {
            out.write_all(buffer.as_bytes())?;
            buffer.clear();
        }
    }
    out.write_all(buffer.as_bytes())
}

/// The rows of [`image_rows`], in order.
pub struct ImageRows {
    template: Template,
    next: u64,
    count: u64,
}

impl Iterator for ImageRows {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.next == self.count {
            return None;
        }
        let mut line = String::with_capacity(ROW_BYTES);
        self.template.push_row(&mut line, self.next);
        self.next += 1;
        Some(line)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.count - self.next) as usize;
        (left, Some(left))
    }
}

/// More than the longest row.
const ROW_BYTES: usize = 4 * 1024;
const FLUSH_BYTES: usize = 256 * 1024;
const BOXES: u64 = 6;
const CLASSES: [&str; 5] = ["wagon", "engine", "points", "signal", "buffer"];

const ATTRIBUTES: &str = concat!(
    r#""media_attributes":{"height":1080,"width":1920,"asset_type":"image","mime_type":"image/jpeg","#,
    r#""exif_rotation":1},"attachments":[],"metadata_fields":[],"embeddings":[],"#
);

/// What is the same in every row, in pieces with the variable parts between them.
struct Template {
    details: String,
    project: String,
    classes: Vec<String>,
    project_details: String,
}

impl Template {
    fn new() -> Template {
        Template {
            details: format!(
                r#"","details":{{"dataset_id":"{}","dataset_name":"siding cameras","created_at":""#,
                cuid_of("benchmark/dataset")
            ),
            project: format!(
                concat!(
                    r#""projects":{{"{}":{{"name":"Siding inventory","#,
                    r#""labels":[{{"label_kind":"Default","version":"1.0.0","id":""#
                ),
                cuid_of("benchmark/project")
            ),
            classes: CLASSES
                .iter()
                .map(|class| {
                    let schema_id = cuid_of(&format!("benchmark/class/{class}"));
                    format!(
                        concat!(
                            r#"","feature_schema_id":"{}","name":"{}","value":"{}","#,
                            r#""annotation_kind":"ImageBoundingBox","classifications":[],"bounding_box":{{"top":"#
                        ),
                        schema_id, class, class
                    )
                })
                .collect(),
            project_details: format!(
                concat!(
                    r#"],"classifications":[],"relationships":[]}}}}],"project_details":{{"ontology_id":"{}","#,
                    r#""task_name":"Done","batch_id":"{}","batch_name":"week 9","workflow_status":"DONE","#,
                    r#""priority":5,"consensus_expected_label_count":1,"workflow_history":[]}},"project_tags":[]}}}}}}"#
                ),
                cuid_of("benchmark/ontology"),
                uuid_of("benchmark/batch")
            ),
        }
    }

    fn push_row(&self, out: &mut String, number: u64) {
        let mut chance = Chance::new(number.wrapping_mul(0xa076_1d64_78bd_642f));
        let created = Moment::START.plus(number % 1_000_000 * SECOND_MS);
        let labeled = created.plus(90 * MINUTE_MS + chance.below(MINUTE_MS));
        out.push_str(r#"{"data_row":{"id":""#);
        chance.push_cuid_of_moment(created, out);
        out.push_str(r#"","external_id":"siding-"#);
        push_number(out, number);
        out.push_str(r#".jpg","global_key":"siding/"#);
        push_number(out, number);
        out.push_str(r#"","row_data":"https://assets.example.test/siding/"#);
        push_number(out, number);
        out.push_str(".jpg");
        out.push_str(&self.details);
        created.push(out);
        out.push_str(r#"","updated_at":""#);
        created.push(out);
        out.push_str(r#"","last_activity_at":""#);
        labeled.plus(13).push(out);
        out.push_str(r#"","created_by":"ingest@example.test"}},"#);
        out.push_str(ATTRIBUTES);
        out.push_str(&self.project);
        chance.push_cuid_of_moment(labeled, out);
        out.push_str(r#"","label_details":{"created_at":""#);
        labeled.push(out);
        out.push_str(r#"","updated_at":""#);
        labeled.push(out);
        out.push_str(r#"","created_by":"bram@example.test","content_last_updated_at":""#);
        labeled.push(out);
        out.push_str(r#"","reviews":[]},"performance_details":{"seconds_to_create":"#);
        push_number(out, chance.between(20, 400));
        out.push_str(r#","seconds_to_review":0,"skipped":false},"annotations":{"objects":["#);
        for index in 0..BOXES {
            if index > 0 {
                out.push(',');
            }
            self.push_box(out, &mut chance);
        }
        out.push_str(&self.project_details);
    }

    fn push_box(&self, out: &mut String, chance: &mut Chance) {
        let class = chance.below(CLASSES.len() as u64) as usize;
        out.push_str(r#"{"feature_id":""#);
        chance.push_cuid(out);
        out.push_str(&self.classes[class]);
        push_thousandths(out, chance.below(800_000));
        out.push_str(r#","left":"#);
        push_thousandths(out, chance.below(1_500_000));
        out.push_str(r#","height":"#);
        push_thousandths(out, chance.between(5_000, 250_000));
        out.push_str(r#","width":"#);
        push_thousandths(out, chance.between(5_000, 400_000));
        out.push_str("}}");
    }
}

/// Appends a number in decimal.
fn push_number(out: &mut String, number: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

/// Appends thousandths as a decimal number with one to three decimals, as the shortest print of the float has.
fn push_thousandths(out: &mut String, thousandths: u64) {
    push_number(out, thousandths / 1000);
    out.push('.');
    let fraction = thousandths % 1000;
    out.push(char::from(b'0' + (fraction / 100) as u8));
    if !fraction.is_multiple_of(100) {
        out.push(char::from(b'0' + (fraction / 10 % 10) as u8));
        if !fraction.is_multiple_of(10) {
            out.push(char::from(b'0' + (fraction % 10) as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_ascii_json;
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_canonical_and_unique() {
        let mut ids = BTreeSet::new();
        for line in image_rows(500) {
            let row: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(to_ascii_json(&row), line);
            assert!(ids.insert(row["data_row"]["id"].as_str().unwrap().to_owned()));
            assert!((2_600..3_000).contains(&line.len()), "{} bytes", line.len());
        }
    }

    #[test]
    fn both_ways_give_the_same_bytes() {
        let mut written = Vec::new();
        write_image_rows(300, &mut written).unwrap();
        let collected: String = image_rows(300).map(|line| line + "\n").collect();
        assert_eq!(String::from_utf8(written).unwrap(), collected);
    }
}
