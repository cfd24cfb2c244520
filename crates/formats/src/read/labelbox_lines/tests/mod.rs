//! Tests of the whole conversion.

mod answers;
mod failures;
mod frames;
mod geometry;
mod lists;
mod masks;
mod properties;

use super::*;
use labelport_model::data_type::{self, Container};
use labelport_model::json::Document;
use labelport_model::row;
use std::collections::BTreeMap;

/// One ontology with everything that the tests name.
const ONTOLOGY: &str = r#"{"tools":[
  {"tool":"rectangle","name":"boat","featureSchemaId":"t-boat","classifications":[
    {"type":"radio","name":"boat_kind","instructions":"Boat kind","featureSchemaId":"q-kind","options":[
      {"label":"Tug","value":"tug","featureSchemaId":"o-tug","options":[
        {"type":"text","name":"why","instructions":"why","featureSchemaId":"q-why","options":[]}]},
      {"label":"Ferry","value":"ferry","featureSchemaId":"o-ferry","options":[]}]},
    {"type":"text","name":"hull_no","instructions":"hull_no","featureSchemaId":"q-hull","options":[]}]},
  {"tool":"polygon","name":"Deck - Area","featureSchemaId":"t-deck"},
  {"tool":"line","name":"rope","value":"the_rope","featureSchemaId":"t-rope"},
  {"tool":"point","name":"lamp","featureSchemaId":"t-lamp"},
  {"tool":"raster-segmentation","name":"water","featureSchemaId":"t-water"},
  {"tool":"superpixel","name":"sky","featureSchemaId":"t-sky"},
  {"tool":"named-entity","name":"vessel","featureSchemaId":"t-vessel"},
  {"tool":"edge","name":"part_of","featureSchemaId":"t-part"},
  {"tool":"message-single-selection","name":"best","featureSchemaId":"t-best"},
  {"tool":"message-multi-selection","name":"good","featureSchemaId":"t-good"},
  {"tool":"message-ranking","name":"order","featureSchemaId":"t-order"}],
 "classifications":[
  {"type":"radio","name":"shift","instructions":"Which shift?","featureSchemaId":"q-shift","options":[
    {"label":"Day","value":"day","featureSchemaId":"o-day","options":[
      {"type":"radio","name":"light","instructions":"light","featureSchemaId":"q-light","options":[
        {"label":"grey","value":"grey","featureSchemaId":"o-grey"},
        {"label":"sun","value":"sun","featureSchemaId":"o-sun"}]}]},
    {"label":"Night","value":"night","featureSchemaId":"o-night"}]},
  {"type":"checklist","name":"conditions","instructions":"conditions","featureSchemaId":"q-cond","options":[
    {"label":"wet","value":"wet","featureSchemaId":"o-wet"},
    {"label":"crowded","value":"crowded","featureSchemaId":"o-crowded"}]},
  {"type":"text","name":"my-text","instructions":"note","featureSchemaId":"q-note","options":[]},
  {"type":"text","name":"remark","instructions":"remark","featureSchemaId":"q-remark","options":[
    {"type":"radio","name":"sure","instructions":"sure","featureSchemaId":"q-sure","options":[
      {"label":"yes","featureSchemaId":"o-yes"}]}]},
  {"type":"radio","name":"gate","instructions":"gate","scope":"index","featureSchemaId":"q-gate","options":[
    {"label":"open","value":"open","featureSchemaId":"o-open","options":[
      {"type":"text","name":"by","instructions":"by","featureSchemaId":"q-by"}]},
    {"label":"shut","value":"shut","featureSchemaId":"o-shut"}]},
  {"type":"checklist","name":"seen","instructions":"seen","scope":"index","featureSchemaId":"q-seen","options":[
    {"label":"gull","value":"gull","featureSchemaId":"o-gull"},
    {"label":"seal","value":"seal","featureSchemaId":"o-seal"}]},
  {"type":"text","name":"caption","instructions":"caption","scope":"index","featureSchemaId":"q-caption"},
  {"type":"oracle","name":"omen","instructions":"omen","featureSchemaId":"q-omen"},
  {"type":"dropdown","name":"berth","instructions":"berth","featureSchemaId":"q-berth","options":[
    {"label":"pier","value":"pier","featureSchemaId":"o-pier"}]},
  {"type":"group","name":"all","instructions":"all","featureSchemaId":"q-all","options":[]},
  {"type":"prompt","name":"ask","instructions":"ask","featureSchemaId":"q-ask"},
  {"type":"response-text","name":"say","instructions":"say","featureSchemaId":"q-say"},
  {"type":"response-radio","name":"pick","instructions":"pick","featureSchemaId":"q-pick","options":[
    {"label":"a","value":"a","featureSchemaId":"o-a"}]},
  {"type":"response-checklist","name":"mark","instructions":"mark","featureSchemaId":"q-mark","options":[
    {"label":"b","value":"b","featureSchemaId":"o-b"}]}],
 "relationships":[]}"#;

/// A world of numbered ids and of pictures by URL.
#[derive(Default)]
struct Toy {
    ids: u32,
    fetches: u32,
    pictures: BTreeMap<String, Vec<u8>>,
    kept: BTreeMap<MaskPlace, Vec<u8>>,
    /// What cannot be kept.
    refuses: Option<fn(&MaskPlace) -> bool>,
}

impl World for Toy {
    fn new_id(&mut self) -> String {
        self.ids += 1;
        format!("c{:024}", self.ids)
    }

    fn fetch(&mut self, url: &str) -> Result<Vec<u8>, String> {
        self.fetches += 1;
        self.pictures.get(url).cloned().ok_or_else(|| "nothing there".to_owned())
    }

    fn keep_mask(&mut self, mask: Mask) -> Result<String, String> {
        if self.refuses.is_some_and(|refuses| refuses(&mask.place)) {
            return Err("the disk is full".to_owned());
        }
        let url = match &mask.place {
            MaskPlace::Instance { feature_id, index } => format!("https://m/annotations/{feature_id}/{index}"),
            MaskPlace::Composite { id, index } => format!("https://m/masks/{id}/{index}"),
        };
        self.kept.insert(mask.place, mask.png);
        Ok(url)
    }
}

/// A row of a data type of which nothing else is known.
fn subject(data_type: &str) -> Subject<'static> {
    Subject { data_type: data_type::find(data_type), media: None, text: None, text_layer: None }
}

fn run(subject: &Subject<'_>, lines: &[&str], purpose: Purpose, world: &mut Toy) -> Converted {
    convert(&Ontology::parse(ONTOLOGY).unwrap(), subject, lines, purpose, world)
}

/// Writes the numbered ids of the toy world as `#1`, `#2`, ….
fn short(text: &str) -> String {
    let mut parts = text.split("c0000000000");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(14);
        out.push_str(&format!("#{}{rest}", digits.trim_start_matches('0')));
    }
    out
}

/// Fails unless the annotations are JSON in normal form and a label of the data type.
#[track_caller]
fn check_row(annotations: &str, data_type: &'static DataType) {
    let document = Document::parse(annotations.as_bytes()).unwrap();
    assert_eq!(document.text(), annotations, "not in normal form");
    let id = |first: char| format!("{first}{}", "0".repeat(24));
    let row = format!(
        r#"{{"data_row":{{"id":"{}","row_data":"x"}},"media_attributes":{{}},"projects":{{"{}":{{"name":"p","labels":[
            {{"label_kind":"{}","version":"1.0.0","id":"{}","annotations":{annotations}}}]}}}}}}"#,
        id('d'),
        id('p'),
        data_type.label_kind,
        id('l')
    );
    let row = row::read(&Document::parse(row.as_bytes()).unwrap()).unwrap();
    let has_objects = document.root().get("objects").is_some_and(|objects| objects.elements().next().is_some());
    let expect = (has_objects || data_type.container != Container::Lists).then_some(data_type.name);
    assert_eq!(row.data_type.map(|found| found.name), expect);
}

/// Converts lines that all succeed and compares the annotations, ids shortened and white space at line ends aside.
#[track_caller]
fn check_for(subject: &Subject<'_>, purpose: Purpose, lines: &[&str], expect: &str) {
    let converted = run(subject, lines, purpose, &mut Toy::default());
    let failed: Vec<_> = converted.outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let annotations = converted.annotations.unwrap();
    let expect: String = expect.lines().map(str::trim).collect();
    assert_eq!(short(&annotations), expect);
    check_row(&annotations, subject.data_type.unwrap());
}

#[track_caller]
fn check(data_type: &str, lines: &[&str], expect: &str) {
    check_for(&subject(data_type), Purpose::Label, lines, expect);
}

#[test]
fn an_ontology_that_cannot_be_used_is_refused_with_the_place() {
    let refused = |text: &str| Ontology::parse(text).unwrap_err().to_string();
    assert!(refused("{").starts_with("the ontology is not JSON: byte 1"));
    assert_eq!(
        refused(r#"{"tools":[{"tool":"point","name":"a"}]}"#),
        "the ontology cannot be used: at tools[0]: the key featureSchemaId is missing"
    );
    assert_eq!(
        refused(r#"{"classifications":[{"type":7}]}"#),
        "the ontology cannot be used: at classifications[0].type: expected a string, found a number"
    );
    assert!(Ontology::parse("{}").is_ok());
}
