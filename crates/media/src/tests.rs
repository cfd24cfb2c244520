//! Samples of every form, and what is made of damaged and hostile ones.

use super::samples::{self, CHAT, TILES, dicom, joined, mp4, packed};
use super::*;
use labelport_model::json::{Document, Kind};
use proptest::prelude::*;

fn asset<'a>(url: &'a str, bytes: &'a [u8]) -> Asset<'a> {
    let length = bytes.len() as u64;
    Asset { bytes, tail: &[], length, content_type: None, url, media_type: None, content_length: None }
}

fn sample(name: &str) -> Vec<u8> {
    samples::all().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[track_caller]
fn check(name: &str, export: &str) {
    // The name is kept from the probes: the bytes alone speak.
    assert_eq!(inspect(&asset("x", &sample(name))).export, export);
}

#[test]
fn pictures_tell_their_size_and_how_they_are_turned() {
    let of = |mime: &str, turn: u8| {
        format!(r#"{{"height":48,"width":64,"asset_type":"image","mime_type":"{mime}","exif_rotation":{turn}}}"#)
    };
    check("a.avif", &of("image/avif", 1));
    check("a.bmp", &of("image/bmp", 1));
    check("a.gif", &of("image/gif", 1));
    check("a.jpg", &of("image/jpeg", 6));
    check("a.png", &of("image/png", 6));
    check("a.tiff", &of("image/tiff", 3));
    check("a.webp", &of("image/webp", 6));
    check("a.svg", r#"{"asset_type":"image","mime_type":"image/svg+xml","exif_rotation":1}"#);
}

#[test]
fn videos_tell_their_frames() {
    let of = |mime: &str, rate: &str, count: u8| {
        format!(
            r#"{{"height":48,"width":64,"asset_type":"video","mime_type":"{mime}","frame_rate":{rate},"frame_count":{count}}}"#
        )
    };
    check("a.mp4", &of("video/mp4", "29.97002997002997", 30));
    check("a.mov", &of("video/quicktime", "300", 5));
    check("fragments.mp4", &of("video/mp4", "25", 10));
    check("a.webm", &of("video/webm", "25", 50));
}

#[test]
fn the_other_types_tell_what_their_rows_show() {
    check("a.dcm", r#"{"height":48,"width":64,"asset_type":"dicom","mime_type":"application/dicom","frame_count":3}"#);
    check("a.pdf", r#"{"asset_type":"pdf","mime_type":"application/pdf","page_count":1}"#);
    check("a.html", r#"{"asset_type":"html","mime_type":"text/html"}"#);
    check("a.txt", r#"{"asset_type":"text","mime_type":"text/plain"}"#);
    check("a.json", r#"{"mime_type":"application/json"}"#);
    check("tiles.json", r#"{"asset_type":"tms_geo","mime_type":"application/x-tms-geo"}"#);
    let chat = r#"{"asset_type":"conversational","mime_type":"application/vnd.labelbox.conversational",
        "labelable_ids":["m1","m\u00e4"],"message_count":3}"#;
    check("chat.json", &chat.replace("\n        ", ""));
    for (name, mime) in [("a.aac", "aac"), ("a.flac", "flac"), ("a.m4a", "mp4"), ("a.mp3", "mpeg"), ("a.ogg", "ogg")] {
        check(name, &format!(r#"{{"asset_type":"audio","mime_type":"audio/{mime}"}}"#));
    }
}

#[track_caller]
fn check_api(name: &str, expect: &str) {
    let api = inspect(&asset("x", &sample(name))).api;
    assert!(api.ends_with(expect), "{api}");
}

#[test]
fn the_api_shows_more_than_an_export() {
    check_api("a.aac", r#","duration":0.23219954648526078,"codec":"aac","sampleRate":44100,"channelCount":2}"#);
    check_api("a.flac", r#","duration":1.5,"codec":"flac","sampleRate":44100,"channelCount":2}"#);
    check_api("a.m4a", r#","duration":2,"codec":"mp4a","sampleRate":44100,"channelCount":2}"#);
    check_api("a.mp3", r#","duration":0.260625,"codec":"mp3","sampleRate":44100,"channelCount":2}"#);
    check_api("a.ogg", r#","duration":2,"codec":"opus","sampleRate":48000,"channelCount":2}"#);
    check_api("a.wav", r#","duration":0.5,"codec":"pcm","sampleRate":8000,"channelCount":2}"#);
    check_api(
        "a.mp4",
        r#","duration":0.9678666666666667,"codec":"mp4a","frameRate":29.97002997002997,"frameCount":30}"#,
    );
    let png = sample("a.png");
    let sized = Asset { content_length: Some(9), ..asset("x", &png) };
    assert_eq!(
        inspect(&sized).api,
        concat!(
            r#"{"assetType":"image","contentLength":9,"height":48,"width":64,"mimeType":"image/png","#,
            r#""subType":"png","superType":"image","exifRotation":6}"#
        )
    );
}

#[test]
fn a_quarter_turn_of_a_video_swaps_its_sides() {
    let mut video = mp4(b"isom", b"vide", &[(1, 1)]);
    let header = video.windows(4).position(|window| window == b"tkhd").unwrap() + 4;
    video[header + 40..header + 48].copy_from_slice(&[0, 0, 0, 0, 0, 1, 0, 0]);
    assert!(inspect(&asset("x", &video)).export.starts_with(r#"{"height":64,"width":48,"#));
}

#[test]
fn dicom_is_read_in_the_form_that_it_names() {
    let expect = inspect(&asset("x", &sample("a.dcm"))).export;
    assert_eq!(inspect(&asset("x", &dicom("1.2.840.10008.1.2"))).export, expect);
}

#[track_caller]
fn check_guess(url: &str, media_type: Option<&str>, expect: &str) {
    assert_eq!(guess(url, media_type).export, expect);
}

#[test]
fn what_cannot_be_reached_is_guessed() {
    let of = |asset: &str, mime: &str| format!(r#"{{"asset_type":"{asset}","mime_type":"{mime}"}}"#);
    check_guess("https://h/a.PNG?x=b.mp4", None, &of("image", "image/png"));
    check_guess("https://h/o%2Fa-b.mp4#c", Some("VIDEO"), &of("video", "video/mp4"));
    check_guess("https://h/a.png", Some("video"), &of("video", "video/mp4"));
    check_guess("https://h/a", Some("AUDIO"), &of("audio", "audio/mpeg"));
    check_guess("https://h/a", Some("IMAGE"), &of("image", "image/jpeg"));
    check_guess("https://h/a", Some("PDF"), &of("pdf", "application/pdf"));
    check_guess("https://h/a", Some("TEXT"), &of("text", "text/plain"));
    check_guess("https://h/a", Some("HTML"), &of("html", "text/html"));
    check_guess("https://h/a", Some("DICOM"), &of("dicom", "application/dicom"));
    check_guess("https://h/a", Some("TMS_GEO"), &of("tms_geo", "application/x-tms-geo"));
    check_guess("https://h/a", Some("TMS_SIMPLE"), &of("tms_simple", "application/x-tms-simple"));
    let chat = "application/vnd.labelbox.conversational";
    check_guess("https://h/a.json", Some("CONVERSATIONAL"), &of("conversational", chat));
    check_guess("https://h/a.xyz", Some("HOLOGRAM"), r#"{"mime_type":"application/octet-stream"}"#);
    check_guess("", None, r#"{"mime_type":"application/octet-stream"}"#);
    assert_eq!(
        guess("a.png", None).api,
        r#"{"assetType":"image","mimeType":"image/png","subType":"png","superType":"image"}"#
    );
}

#[test]
fn every_data_type_has_a_guess() {
    for data_type in labelport_model::data_type::DATA_TYPES {
        for media_type in data_type.media_types {
            let guessed = guess("https://h/a", Some(media_type));
            assert_eq!(guessed.data_type.map(|found| found.name), Some(data_type.name), "{media_type}");
            assert_eq!(mismatch(&guessed, media_type), None, "{media_type}");
        }
    }
}

#[track_caller]
fn check_told(bytes: &[u8], content_type: Option<&str>, url: &str, media_type: Option<&str>, expect: &str) {
    let found = inspect(&Asset { content_type, media_type, ..asset(url, bytes) });
    assert_eq!(found.mime_type, expect);
}

#[test]
fn what_is_told_decides_where_the_bytes_do_not() {
    let unknown = b"\0\x01\x02 nothing that is known";
    check_told(unknown, Some("image/x-foo; q=1"), "x", None, "image/x-foo");
    check_told(unknown, Some("Application/Octet-Stream"), "a.png", None, "image/png");
    check_told(unknown, Some("application/zip"), "x", None, "application/zip");
    check_told(unknown, Some("no type"), "x", None, "application/octet-stream");
    check_told(unknown, Some("image/x-foo"), "a.png", Some("VIDEO"), "video/mp4");
    check_told(b"", None, "a.txt", None, "text/plain");
    check_told(b"a,b", Some("text/csv"), "a.csv", None, "text/plain");
    check_told(b"<p>", Some("text/html; charset=x"), "x", None, "text/html");
    check_told(b"<p>", None, "x/a.htm?b", None, "text/html");
    check_told(b"<p>", None, "x", Some("HTML"), "text/html");
    check_told(b"<html>", None, "a.html", Some("TEXT"), "text/plain");
    check_told(b"[1]", Some("text/plain"), "x", None, "text/plain");
    check_told(b"[1]", None, "x", Some("TEXT"), "text/plain");
    check_told(br#"{"messages":[]}"#, None, "x", Some("CONVERSATIONAL"), "application/vnd.labelbox.conversational");
    check_told(br#"{"messages":[]}"#, None, "x", None, "application/json");
    check_told(b"{not JSON", None, "x", None, "text/plain");
}

#[track_caller]
fn check_inline(row_data: &str, media_type: Option<&str>, expect: Option<&str>) {
    let mime = of_inline(row_data, media_type).map(|attributes| attributes.mime_type);
    assert_eq!(mime.as_deref(), expect, "{row_data}");
}

#[test]
fn row_data_is_content_or_a_url() {
    let (text, chat) = (Some("text/plain"), Some("application/vnd.labelbox.conversational"));
    for url in ["https://h/a.png", "gs://b/a", "file:///a b.png", "https://h/a b.png?c=d e", " https://h/a\n"] {
        check_inline(url, None, None);
    }
    check_inline(r#"{"pdf_url":"https://h/a.pdf","text_layer_url":"https://h/b"}"#, Some("PDF"), None);
    check_inline("hello", None, text);
    check_inline("", None, text);
    check_inline("https://h is a site", None, text);
    check_inline("https://h/a.png\nand more", None, text);
    check_inline("see a.png https://h/a b.png", None, text);
    check_inline("<html>", None, Some("text/html"));
    check_inline("<html>", Some("TEXT"), text);
    check_inline("<p>", Some("HTML"), Some("text/html"));
    check_inline(CHAT, None, chat);
    check_inline(CHAT, Some("TEXT"), text);
    check_inline(TILES, None, Some("application/x-tms-geo"));
    check_inline(&TILES.replace("EPSG4326", "Simple"), None, Some("application/x-tms-simple"));
    check_inline("https://t/{z}/{x}/{y}.png", None, Some("application/x-tms-geo"));
    check_inline(r#"{"invalid_object":"invalid_value"}"#, Some("IMAGE"), Some("application/json"));
    assert_eq!(of_inline("Grüße", None).unwrap().text.as_deref(), Some("Grüße"));
    assert_eq!(of_inline(TILES, None).unwrap().text, None);
}

#[test]
fn a_declared_media_type_is_contradicted_by_the_bytes() {
    let wrong = |name: &str, media_type: &str| {
        let bytes = sample(name);
        mismatch(&inspect(&Asset { media_type: Some(media_type), ..asset("x", &bytes) }), media_type)
    };
    assert_eq!(wrong("a.png", "IMAGE"), None);
    assert_eq!(wrong("a.png", "image"), None);
    assert_eq!(wrong("a.png", "HOLOGRAM"), None);
    assert_eq!(wrong("a.pdf", "IMAGE").as_deref(), Some("application/pdf"));
    assert_eq!(wrong("a.html", "IMAGE").as_deref(), Some("text/html"));
    assert_eq!(wrong("a.json", "IMAGE").as_deref(), Some("application/json"));
    assert_eq!(wrong("tiles.json", "TMS_SIMPLE"), None);
    assert_eq!(wrong("a.m4a", "VIDEO").as_deref(), Some("audio/mp4"));
}

#[test]
fn the_url_of_a_text_layer_is_added_behind_the_rest() {
    let mut attributes = inspect(&asset("x", &sample("a.pdf")));
    attributes.add_text_layer_url("https://h/\"é");
    let expect = r#","page_count":1,"text_layer_url":"https://h/\"\u00e9"}"#;
    assert!(attributes.export.ends_with(expect), "{}", attributes.export);
    assert!(attributes.api.ends_with(r#","pageCount":1,"textLayerUrl":"https://h/\"\u00e9"}"#), "{}", attributes.api);
}

/// What holds for all bytes: both forms are objects in normal form with a mime type, and the type is of it.
#[track_caller]
pub(crate) fn check_sound(bytes: &[u8]) {
    let attributes = inspect(&asset("https://h/a", bytes));
    for (object, key) in [(&attributes.export, "mime_type"), (&attributes.api, "mimeType")] {
        let document = Document::parse(object.as_bytes()).unwrap();
        assert_eq!(document.text(), object.as_str());
        assert_eq!(document.root().get(key).unwrap().as_text().unwrap(), attributes.mime_type);
    }
    if let Some(layer) = &attributes.text_layer {
        assert_eq!(Document::parse(layer.as_bytes()).unwrap().root().kind(), Kind::Array);
    }
}

#[test]
fn counts_and_lengths_that_lie_are_not_believed() {
    // Four billion samples in each of a few runs, and a table that announces more runs than there are.
    let huge = mp4(b"isom", b"vide", &[(u32::MAX, 1), (u32::MAX, 1)]);
    assert!(inspect(&asset("x", &huge)).export.contains(r#""frame_count":8589934590"#));
    let mut lying = mp4(b"isom", b"vide", &[(10, 1000)]);
    let table = lying.windows(4).position(|window| window == b"stts").unwrap() + 8;
    lying[table..table + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(inspect(&asset("x", &lying)).export.contains(r#""frame_count":10"#));
    // A box that ends before its own head, one of no length, one longer than any file.
    for length in [1_u32, 7] {
        let broken = joined(&[&packed(b"ftyp", &[b"isom"]), &length.to_be_bytes(), b"moov", &[0xff; 8]]);
        check_sound(&broken);
    }
    // An EXIF directory after the end, and one that is its own next.
    for offset in [u32::MAX, 0, 4] {
        check_sound(&joined(&[b"II*\0", &offset.to_le_bytes(), &[0xff; 40]]));
    }
    check_sound(&[0xff; 5000]);
    check_sound(&b"OggS".repeat(20_000));
    check_sound(&joined(&[b"{\"messages\":", &b"[".repeat(100_000)]));
}

#[test]
fn every_sample_cut_off_anywhere_is_still_described() {
    for (_, bytes) in samples::all() {
        for end in 0..bytes.len().min(700) {
            check_sound(&bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn random_bytes_are_described(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_sound(&bytes);
    }

    #[test]
    fn damaged_samples_are_described(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..12),
    ) {
        let all = samples::all();
        let mut bytes = which.get(&all).1.clone();
        for (place, value, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = value,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, value),
                _ => {
                    let end = (at + usize::from(value)).min(bytes.len());
                    bytes.extend_from_within(at..end);
                }
            }
        }
        check_sound(&bytes);
    }
}

/// A file as large as it says, of which only the beginning is written.
fn window(bytes: &[u8], whole_bytes: u64) -> Window {
    Window::read_with(&mut std::io::Cursor::new(bytes), whole_bytes).unwrap()
}

#[test]
fn a_large_file_says_what_a_small_one_says() {
    // Media data in the middle, as large files have it.
    let video = sample("a.mp4");
    let at = super::mp4::boxes(&video).next().map(|(_, body)| body.len() + 8).unwrap();
    let data = [&[0, 0, 0, 0, b'm', b'd', b'a', b't'][..], &[7; 100_000]].concat();
    let mut large = video[..at].to_vec();
    large.extend_from_slice(&(data.len() as u32).to_be_bytes());
    large.extend_from_slice(&data[4..]);
    large.extend_from_slice(&video[at..]);
    let mut wav = sample("a.wav");
    let sound = wav.len() - 44;
    wav.resize(44 + sound * 9, 0);
    wav[40..44].copy_from_slice(&(sound as u32 * 9).to_le_bytes());
    let files = [("a.mp4", large, 4_000), ("a.wav", wav, 1_000), ("a.ogg", sample("a.ogg"), 60)];
    for (name, bytes, whole_bytes) in files {
        let (part, whole) = (window(&bytes, whole_bytes), window(&bytes, u64::MAX));
        assert!(!part.is_whole() && part.bytes.len() as u64 <= whole_bytes && whole.is_whole(), "{name}");
        let (found, expect) = (inspect(&Asset::new(&part, "x")), inspect(&Asset::new(&whole, "x")));
        assert_eq!((&found.export, &found.api), (&expect.export, &expect.api), "{name}");
        assert!(!found.is_partial, "{name}");
    }
}

#[test]
fn what_needs_all_of_a_file_says_so_of_a_large_one() {
    let text = "Größe ".repeat(100).into_bytes();
    for (bytes, mime) in [(sample("a.pdf"), "application/pdf"), (text, "text/plain")] {
        // Any cut, also in the middle of a character.
        for whole_bytes in 20..40 {
            let found = inspect(&Asset::new(&window(&bytes, whole_bytes), "x"));
            assert_eq!((&*found.mime_type, found.text, found.text_layer), (mime, None, None));
            assert!(found.is_partial);
        }
    }
}

#[test]
fn a_box_that_says_it_is_longer_than_the_file_ends_with_it() {
    let mut bytes = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff".to_vec();
    bytes.extend_from_slice(&[0; 1_000]);
    assert_eq!(window(&bytes, 100).bytes, b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x08mdat");
}

#[test]
fn a_new_probe_is_one_function_and_one_line_in_a_table() {
    fn read(asset: &Asset<'_>) -> Option<Facts> {
        let size = asset.bytes.strip_prefix(b"ALDER")?.first()?;
        Some(Facts { width: Some(u64::from(*size)), ..Facts::of("image/x-alder") })
    }
    let probes: Vec<Probe> = std::iter::once(Probe { name: "alder", read }).chain(PROBES.iter().copied()).collect();
    let found = inspect_with(&probes, &asset("x", b"ALDER\x07")).export;
    assert_eq!(found, r#"{"width":7,"asset_type":"image","mime_type":"image/x-alder"}"#);
    // The others are asked as before.
    let png = sample("a.png");
    assert_eq!(inspect_with(&probes, &asset("x", &png)).export, inspect(&asset("x", &png)).export);
}
