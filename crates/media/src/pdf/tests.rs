//! Documents with known pages and words, and hostile ones.

use super::super::samples::{joined, pdf, pdf_with, stream_of};
use super::*;
use labelport_model::json::Document as Json;

fn facts(bytes: &[u8]) -> Facts {
    let window = crate::Window { bytes: bytes.to_vec(), tail: Vec::new(), length: bytes.len() as u64 };
    probe(&Asset::new(&window, "x")).unwrap()
}

/// Lists the words of a layer by page and line: `word@left,top`.
fn words(bytes: &[u8]) -> String {
    let Some(layer) = facts(bytes).text_layer else { return "none".to_owned() };
    let layer = Json::parse(layer.as_bytes()).unwrap();
    let pages = layer.root().elements().map(|page| {
        let lines = page.get("groups").unwrap().elements().map(|line| {
            let words = line.get("tokens").unwrap().elements().map(|word| {
                let place = |key| word.get("geometry").unwrap().get(key).unwrap().raw();
                format!("{}@{},{}", word.get("content").unwrap().as_text().unwrap(), place("left"), place("top"))
            });
            words.collect::<Vec<_>>().join(" ")
        });
        lines.collect::<Vec<_>>().join(" / ")
    });
    pages.collect::<Vec<_>>().join(" // ")
}

#[track_caller]
fn check(content: &str, expect: &str) {
    assert_eq!(words(&pdf(&[content])), expect);
}

#[test]
fn glyphs_become_words_and_lines() {
    check("BT /F 10 Tf 100 700 Td (Hi you) Tj ET", "Hi@100,92 you@118,92");
    check("BT /F 10 Tf 100 700 Td (one) Tj 0 -12 Td (two) Tj ET", "one@100,92 / two@100,104");
    check("BT /F 10 Tf 12 TL 100 700 Td (one) Tj T* (two) Tj (x) ' ET", "one@100,92 / two@100,104 / x@100,116");
    check("BT /F 10 Tf 100 700 Td [(a) -500 (b) 0 (c)] TJ ET", "a@100,92 bc@111,92");
    check("BT /F 10 Tf 1 0 0 1 50 60 Tm (a) Tj ET", "a@50,732");
    check("q 2 0 0 2 10 10 cm BT /F 10 Tf (a) Tj ET Q BT (b) Tj ET", "a@10,774");
    check("BT /F 10 Tf 200 Tz 5 Tc 100 700 Td (a b) Tj ET", "a@100,92 b@144,92");
    check("BT /F 10 Tf 100 700 Td (a) Tj 300 0 Td (b) Tj ET", "a@100,92 / b@400,92");
    check("BT /F 10 Tf 100 700 Td <61> Tj (\\142\\)) Tj ET", "ab)@100,92");
    check("BI /W 1 ID \x01 (a) Tj EI BT /F 10 Tf 100 700 Td (b) Tj ET", "b@100,92");
    check("BT /None 10 Tf (a) Tj ET", "none");
    check("", "none");
}

#[test]
fn a_layer_has_pages_groups_and_tokens() {
    let layer = facts(&pdf(&["", "BT /F 10 Tf 100 700 Td (Hi) Tj ET"])).text_layer.unwrap();
    let start =
        r#"[{"number":1,"width":600,"height":800,"groups":[]},{"number":2,"width":600,"height":800,"groups":[{"id":""#;
    assert!(layer.starts_with(start), "{layer}");
    assert_eq!(facts(&pdf(&["", ""])).page_sizes, [[600.0, 800.0]; 2], "pages without text have sizes");
    let geometry = r#""content":"Hi","geometry":{"left":100,"top":92,"width":12,"height":10}"#;
    assert_eq!(layer.matches(geometry).count(), 2, "{layer}");
    let again = facts(&pdf(&["", "BT /F 10 Tf 100 700 Td (Hi) Tj ET"])).text_layer.unwrap();
    assert_eq!(layer, again, "ids depend on the document alone");
    let document = Json::parse(layer.as_bytes()).unwrap();
    let group = document.root().elements().nth(1).unwrap().get("groups").unwrap().elements().next().unwrap();
    let token = group.get("tokens").unwrap().elements().next().unwrap();
    let (group, token) = (group.get("id").unwrap().raw(), token.get("id").unwrap().raw());
    assert!(group != token && group.len() == 38, "{group} {token}");
}

#[test]
fn pages_are_shown_turned_and_cropped() {
    let content = "BT /F 10 Tf 100 700 Td (a) Tj ET";
    let with = |members: &str| {
        let font = "<</Font<</F<</Subtype/Type1/BaseFont/Courier>>>>>>";
        words(&pdf_with(&[content], font, members))
    };
    assert_eq!(with("/CropBox[90 600 590 790]"), "a@10,82");
    assert_eq!(with("/Rotate 90"), "a@698,100");
    assert_eq!(with("/Rotate 180"), "a@494,698");
    assert_eq!(with("/Rotate -90"), "a@92,494");
}

#[test]
fn codes_mean_what_the_font_says() {
    let with = |font: &str, string: &str| {
        let content = format!("BT /F 10 Tf 100 700 Td {string} Tj ET");
        words(&pdf_with(&[&content], &format!("<</Font<</F {font}>>>>"), ""))
    };
    let simple = |encoding: &str| format!("<</Subtype/Type1/BaseFont/Courier/Encoding {encoding}>>");
    assert_eq!(with(&simple("/WinAnsiEncoding"), r"(\344\200\223)"), "ä€“@100,92");
    assert_eq!(with(&simple("/MacRomanEncoding"), r"(\212\336)"), "äfi@100,92");
    assert_eq!(with(&simple("<</Differences[65/adieresis/uni20AC 97/fi/nothing]>>"), "(ABCa)"), "ä€Cfi@100,92");
    assert_eq!(with("<</Subtype/Type1/FirstChar 97/Widths[500 700]>>", "(ab a)"), "ab@100,92 a@114.78,92");
}

#[test]
fn composite_fonts_bring_their_own_table() {
    let map = b"1 begincodespacerange <0000> <ffff> endcodespacerange 2 beginbfchar <0001> <00C4> <0002> <D83DDE00> \
        endbfchar 2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<0078> <0079007A>] endbfrange";
    let font = "<</Subtype/Type0/ToUnicode 5 0 R/DescendantFonts[<</DW 500/W[1[600] 16 17 250]>>]>>";
    let mut bytes = pdf_with(
        &["BT /F 10 Tf 100 700 Td <00010002> Tj <001000110012> Tj <00200021> Tj ET"],
        &format!("<</Font<</F {font}>>>>"),
        "",
    );
    bytes.extend_from_slice(&joined(&[b"5 0 obj", &stream_of("", map), b"endobj"]));
    assert_eq!(words(&bytes), "Ä😀abcxyz@100,92");
    let layer = facts(&bytes).text_layer.unwrap();
    // 6 + 5 for the first two, 2.5 + 2.5 + 5, and 5 + 5.
    assert!(layer.contains(r#""width":31,"height":10"#), "{layer}");
}

#[test]
fn forms_draw_in_their_place() {
    let mut bytes = pdf_with(
        &["q 1 0 0 1 100 0 cm /X Do Q"],
        "<</Font<</F<</Subtype/Type1/BaseFont/Courier>>>>/XObject<</X 5 0 R>>>>",
        "",
    );
    let form = stream_of("/Subtype/Form/Matrix[1 0 0 1 0 700]", b"BT /F 10 Tf (a) Tj ET /X Do");
    bytes.extend_from_slice(&joined(&[b"5 0 obj", &form, b"endobj"]));
    // The form draws itself; that ends after a few times.
    assert!(words(&bytes).starts_with("a@100,92 / a@100,-608"), "{}", words(&bytes));
}

#[test]
fn objects_in_streams_are_found_and_later_ones_count() {
    let inner = "1 0 2 33 3 120 <</Type/Catalog/Pages 2 0 R>>      <</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>";
    let first = inner.find("<<").unwrap();
    let (at_pages, at_page) = (inner.find("<</Type/Pages").unwrap() - first, 90);
    let table = format!("1 0 2 {at_pages} 3 {at_page} ");
    let mut body = format!("{table}{}", &inner[first..]);
    body = format!("{body:width$}<</Type/Page>>", width = table.len() + at_page);
    let members = format!("/Type/ObjStm/N 3/First {}", table.len());
    let catalog = stream_of("/Type/XRef/Root 1 0 R", b"");
    let bytes = joined(&[
        b"%PDF-1.5\n4 0 obj<</Type/Page>>endobj 9 0 obj",
        &stream_of(&members, body.as_bytes()),
        b"endobj 8 0 obj",
        &catalog,
        b"endobj",
    ]);
    assert_eq!(facts(&bytes).page_count, Some(2));
    let later = joined(&[&bytes, b" 2 0 obj<</Type/Pages/Kids[4 0 R]>>endobj"]);
    assert_eq!(facts(&later).page_count, Some(1));
}

#[test]
fn a_document_without_a_tree_has_the_pages_that_are_there() {
    assert_eq!(facts(b"%PDF-1.4 7 0 obj<</Type/Page>>endobj 3 0 obj<</Type/Page>>endobj").page_count, Some(2));
    assert_eq!(facts(b"%PDF-1.4 1 0 obj<</Type/Catalog/Pages 2 0 R>> 2 0 obj<</Count 5>>").page_count, Some(1));
    assert_eq!(facts(b"%PDF-1.4 nothing").page_count, None);
}

#[test]
fn an_encrypted_document_has_pages_but_no_text() {
    let mut bytes = pdf(&["BT /F 10 Tf (a) Tj ET"]);
    bytes.extend_from_slice(b"trailer<</Root 1 0 R/Encrypt 9 0 R>>");
    assert_eq!((facts(&bytes).page_count, facts(&bytes).text_layer), (Some(1), None));
}

#[test]
fn circles_and_depths_come_to_an_end() {
    let circle = b"%PDF-1.4 1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Kids[2 0 R 3 0 R 3 0 R]>>endobj \
        3 0 obj<</Kids[2 0 R]>>endobj 4 0 obj 4 0 R endobj trailer<</Root 1 0 R>>";
    assert_eq!(facts(circle).page_count, None);
    let deep = joined(&[b"%PDF-1.4 1 0 obj", &b"[".repeat(200_000), b"2 0 obj", &b"<</a".repeat(200_000)]);
    assert_eq!(facts(&deep).page_count, None);
    let unclosed = joined(&[b"%PDF-1.4 ", &b"1 0 obj<<>>stream\n".repeat(20_000)]);
    assert_eq!(facts(&unclosed).page_count, None);
    let strings = joined(&[b"%PDF-1.4 ", &b"1 0 obj(".repeat(20_000)]);
    assert_eq!(facts(&strings).page_count, None);
}

#[test]
fn what_is_unpacked_is_bounded() {
    // A stream of objects and the contents of a page, each of 200 MB when unpacked.
    let bomb = stream_of("/Type/ObjStm/N 100000000/First 0", &vec![b'1'; 200 << 20]);
    let mut bytes = pdf(&["BT /F 10 Tf 100 700 Td (a) Tj ET"]);
    for number in 100..110 {
        bytes.extend_from_slice(format!("{number} 0 obj").as_bytes());
        bytes.extend_from_slice(&bomb);
        bytes.extend_from_slice(b"endobj ");
    }
    let mut budget = Budget::default();
    let document = Document::read(&bytes, &mut budget);
    assert_eq!(document.pages().len(), 1);
    assert!(budget.unpacked_bytes < Budget::default().unpacked_bytes - (20 << 20), "{budget:?}");
    assert_eq!(facts(&bytes).page_count, Some(1));
}

#[test]
fn glyphs_and_operators_are_bounded() {
    let mut budget = Budget { glyphs: 3, ..Budget::default() };
    let bytes = pdf(&["BT /F 10 Tf 100 700 Td (abcdef) Tj ET", "BT /F 10 Tf (g) Tj ET"]);
    let document = Document::read(&bytes, &mut budget);
    let layer = layer::write(&document, &document.pages(), &mut budget).unwrap();
    assert!(layer.contains(r#""content":"abc""#) && !layer.contains(r#""content":"g""#), "{layer}");
    let mut budget = Budget { operators: 2, ..Budget::default() };
    assert_eq!(layer::write(&document, &document.pages(), &mut budget), None);
}
