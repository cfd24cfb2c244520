//! The smallest files of each form that say what there is to say, for tests.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Every sample, by the name of a file that could hold it.
pub(super) fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a.aac", aac()),
        ("a.avif", heif(b"avif")),
        ("a.bmp", bmp()),
        ("a.dcm", dicom("1.2.840.10008.1.2.1")),
        ("a.flac", flac()),
        ("a.gif", b"GIF89a\x40\x00\x30\x00\x00\x00\x00".to_vec()),
        ("a.html", b"\xef\xbb\xbf\n<!DOCTYPE html><p>Gr\xfc\xdfe".to_vec()),
        ("a.jpg", jpeg()),
        ("a.json", b"[1, {\"a\": 2}]".to_vec()),
        ("a.m4a", mp4(b"M4A ", b"soun", &[])),
        ("a.mov", mp4(b"qt  ", b"vide", &[(5, 100)])),
        ("a.mp3", mp3()),
        ("a.mp4", mp4(b"isom", b"vide", &[(1, 7), (29, 1001)])),
        ("a.ogg", ogg()),
        ("a.pdf", pdf(&["BT /F 12 Tf 72 720 Td (Hello world) Tj ET"])),
        ("a.png", png()),
        ("a.svg", b"<?xml version='1.0'?><svg/>".to_vec()),
        ("a.tiff", tiff()),
        ("a.txt", "Grüße".as_bytes().to_vec()),
        ("a.wav", wav()),
        ("a.webm", webm()),
        ("a.webp", webp()),
        ("chat.json", CHAT.as_bytes().to_vec()),
        ("fragments.mp4", fragments()),
        ("tiles.json", TILES.as_bytes().to_vec()),
    ]
}

/// A conversation of three messages, of which two can be labelled.
pub(super) const CHAT: &str = r#"{"type":"application/vnd.labelbox.conversational","version":1,"messages":[
  {"messageId":"m1","content":"hi","canLabel":true},{"messageId":"m2","canLabel":false},
  {"messageId":"m\u00e4","canLabel":true}]}"#;

pub(super) const TILES: &str =
    r#"{"tileLayerUrl":"https://t/{z}/{x}/{y}.png","bounds":[[0,0],[1,1]],"minZoom":1,"epsg":"EPSG4326"}"#;

pub(super) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// EXIF that says that the picture is turned by a quarter.
fn exif() -> Vec<u8> {
    joined(&[b"MM\0*\0\0\0\x08", b"\0\x01", b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"])
}

fn tiff() -> Vec<u8> {
    let entry =
        |tag: u16, value: u16| joined(&[&tag.to_le_bytes(), b"\x03\0\x01\0\0\0", &value.to_le_bytes(), b"\0\0"]);
    joined(&[b"II*\0\x08\0\0\0\x03\0", &entry(0x100, 64), &entry(0x101, 48), &entry(0x112, 3)])
}

fn png() -> Vec<u8> {
    let chunk = |kind: &[u8], body: &[u8]| joined(&[&(body.len() as u32).to_be_bytes(), kind, body, b"crc4"]);
    let head = joined(&[&64_u32.to_be_bytes(), &48_u32.to_be_bytes(), b"\x08\x02\0\0\0"]);
    joined(&[b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &head), &chunk(b"eXIf", &exif()), &chunk(b"IEND", b"")])
}

fn jpeg() -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| joined(&[&[0xff, marker], &(body.len() as u16 + 2).to_be_bytes(), body]);
    let exif = joined(&[b"Exif\0\0", &exif()]);
    let frame = b"\x08\x00\x30\x00\x40\x03";
    joined(&[b"\xff\xd8", &segment(0xe1, &exif), b"\xff", &segment(0xc4, b"\0\0"), &segment(0xc2, frame), b"\xff\xd9"])
}

fn bmp() -> Vec<u8> {
    let sides = joined(&[&64_i32.to_le_bytes(), &(-48_i32).to_le_bytes()]);
    joined(&[b"BM\0\0\0\0\0\0\0\0\0\0\0\0", &40_u32.to_le_bytes(), &sides])
}

fn webp() -> Vec<u8> {
    let exif = joined(&[b"Exif\0\0", &exif()]);
    let chunk = |kind: &[u8], body: &[u8]| joined(&[kind, &(body.len() as u32).to_le_bytes(), body]);
    let size = b"\x08\0\0\0\x3f\0\0\x2f\0\0";
    joined(&[b"RIFF\0\0\0\0WEBP", &chunk(b"VP8X", size), &chunk(b"EXIF", &exif)])
}

/// A box of MP4.
pub(super) fn packed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    joined(&[&(body.len() as u32 + 8).to_be_bytes(), kind, &body])
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn heif(brand: &[u8; 4]) -> Vec<u8> {
    let size = |width, height| packed(b"ispe", &[&longs(&[0, width, height])]);
    let properties = packed(b"iprp", &[&packed(b"ipco", &[&size(8, 8), &size(64, 48)])]);
    joined(&[&packed(b"ftyp", &[brand, b"\0\0\0\0"]), &packed(b"meta", &[&longs(&[0]), &properties])])
}

/// A movie with one track, whose samples come in runs of a number and a duration of thirty thousandths of a second.
pub(super) fn mp4(brand: &[u8; 4], handler: &[u8; 4], runs: &[(u32, u32)]) -> Vec<u8> {
    let units = runs.iter().fold(0, |units: u32, (count, delta)| units.wrapping_add(count.wrapping_mul(*delta)));
    let header = packed(b"mvhd", &[&longs(&[0, 0, 0, 1000, 2000])]);
    joined(&[&packed(b"ftyp", &[brand]), &packed(b"moov", &[&header, &track(handler, units, runs)])])
}

fn track(handler: &[u8; 4], units: u32, runs: &[(u32, u32)]) -> Vec<u8> {
    let placed = joined(&[&longs(&[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x1_0000]), &[0; 16]]);
    let sides = longs(&[64 << 16, 48 << 16]);
    let times = longs(&runs.iter().flat_map(|(count, delta)| [*count, *delta]).collect::<Vec<_>>());
    let sound = joined(&[&[0; 16], b"\0\x02\0\x10\0\0\0\0", &longs(&[44_100 << 16])]);
    let table = packed(
        b"stbl",
        &[
            &packed(b"stsd", &[&longs(&[0, 1]), &packed(b"mp4a", &[&sound])]),
            &packed(b"stts", &[&longs(&[0, runs.len() as u32]), &times]),
        ],
    );
    let media = packed(
        b"mdia",
        &[
            &packed(b"mdhd", &[&longs(&[0, 0, 0, 30_000, units])]),
            &packed(b"hdlr", &[&longs(&[0, 0]), handler]),
            &packed(b"minf", &[&table]),
        ],
    );
    packed(b"trak", &[&packed(b"tkhd", &[&placed, &sides]), &media])
}

/// A movie whose ten frames stand in two fragments.
fn fragments() -> Vec<u8> {
    let defaults = packed(b"mvex", &[&packed(b"trex", &[&longs(&[0, 7, 1, 1200, 0, 0])])]);
    let movie = packed(b"moov", &[&track(b"vide", 0, &[]), &defaults]);
    let fragment = |count| {
        let parts = joined(&[&packed(b"tfhd", &[&longs(&[0, 7])]), &packed(b"trun", &[&longs(&[0, count])])]);
        packed(b"moof", &[&packed(b"traf", &[&parts])])
    };
    joined(&[&packed(b"ftyp", &[b"iso5"]), &movie, &fragment(6), &fragment(4)])
}

fn webm() -> Vec<u8> {
    let element = |id: &[u8], body: &[u8]| joined(&[id, &[0x40 | (body.len() >> 8) as u8, body.len() as u8], body]);
    let head = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"webm"));
    let info = element(b"\x15\x49\xa9\x66", &element(b"\x44\x89", &2000_f64.to_be_bytes()));
    let sides = joined(&[&element(b"\xb0", &[64]), &element(b"\xba", &[48])]);
    let track = joined(&[
        &element(b"\x86", b"V_VP8"),
        &element(b"\x23\xe3\x83", &40_000_000_u32.to_be_bytes()),
        &element(b"\xe0", &sides),
    ]);
    let tracks = element(b"\x16\x54\xae\x6b", &element(b"\xae", &track));
    joined(&[&head, b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff", &info, &tracks])
}

fn wav() -> Vec<u8> {
    let format = joined(&[b"\x01\0\x02\0", &8000_u32.to_le_bytes(), &32_000_u32.to_le_bytes(), b"\x04\0\x10\0"]);
    let sound = vec![0; 16_000];
    joined(&[b"RIFF\0\0\0\0WAVEfmt ", &16_u32.to_le_bytes(), &format, b"data", &u32::MAX.to_le_bytes(), &sound])
}

fn flac() -> Vec<u8> {
    let bits: u64 = 44_100 << 44 | 1 << 41 | 15 << 36 | 66_150;
    joined(&[b"fLaC\0\0\0\x22", &[0; 10], &bits.to_be_bytes(), &[0; 16]])
}

fn ogg() -> Vec<u8> {
    let page = |position: u64, body: &[u8]| {
        joined(&[b"OggS\0\0", &position.to_le_bytes(), &[0; 12], &[1, body.len() as u8], body])
    };
    let head = joined(&[b"OpusHead\x01\x02", &312_u16.to_le_bytes(), &48_000_u32.to_le_bytes(), b"\0\0\0"]);
    joined(&[&page(0, &head), &page(96_312, b"sound"), &page(u64::MAX, b"no end of a packet")])
}

/// Ten frames of 417 bytes after a tag.
fn mp3() -> Vec<u8> {
    let frame = joined(&[b"\xff\xfb\x90\0", &[0; 413]]);
    joined(&[b"ID3\x04\0\0\0\0\0\x03tag", &frame.repeat(10)])
}

fn aac() -> Vec<u8> {
    // 44.1 kHz, two channels, frames of 16 bytes.
    joined(&[b"\xff\xf1\x50\x80\x02\x1f\xfc", &[0; 9]]).repeat(10)
}

/// A series of three slices, with an icon before its own size.
pub(super) fn dicom(syntax: &str) -> Vec<u8> {
    let is_explicit = syntax != "1.2.840.10008.1.2";
    let element = |group: u16, element: u16, kind: &[u8; 2], value: &[u8]| {
        let length = if is_explicit || group == 2 {
            joined(&[kind, &(value.len() as u16).to_le_bytes()])
        } else {
            (value.len() as u32).to_le_bytes().to_vec()
        };
        joined(&[&group.to_le_bytes(), &element.to_le_bytes(), &length, value])
    };
    let mut name = syntax.as_bytes().to_vec();
    name.resize(name.len().next_multiple_of(2), 0);
    let open = u32::MAX.to_le_bytes();
    let sequence_head = if is_explicit { joined(&[b"SQ\0\0", &open]) } else { open.to_vec() };
    let icon = joined(&[
        &[8, 0, 0x40, 0x11],
        &sequence_head,
        b"\xfe\xff\x00\xe0",
        &open,
        &element(0x28, 0x10, b"US", &[9, 0]),
        b"\xfe\xff\x0d\xe0\0\0\0\0",
        b"\xfe\xff\xdd\xe0\0\0\0\0",
    ]);
    joined(&[
        &[0; 128],
        b"DICM",
        &element(2, 0x10, b"UI", &name),
        &element(8, 0x60, b"CS", b"CT"),
        &icon,
        &element(0x28, 8, b"IS", b"3 "),
        &element(0x28, 0x10, b"US", &[48, 0]),
        &element(0x28, 0x11, b"US", &[64, 0]),
        &element(0x7fe0, 0x10, b"OB", &[0; 4]),
    ])
}

/// A document with one page for each of the contents, and a font `F` of fixed width.
pub(super) fn pdf(contents: &[&str]) -> Vec<u8> {
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding>>";
    pdf_with(contents, &format!("<</Font<</F {font}>>>>"), "")
}

/// A document whose pages have these resources and these members.
pub(super) fn pdf_with(contents: &[&str], resources: &str, members: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let kids: Vec<String> = (0..contents.len()).map(|index| format!("{} 0 R", 10 + index * 2)).collect();
    let count = contents.len();
    let _ = writeln!(out, "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj");
    let _ = write!(out, "2 0 obj<</Type/Pages/Count {count}/Kids[{}]/Resources {resources}", kids.join(" "));
    let _ = writeln!(out, "/MediaBox[0 0 600 800]>>endobj");
    for (index, content) in contents.iter().enumerate() {
        let (page, stream) = (10 + index * 2, 11 + index * 2);
        let _ = writeln!(out, "{page} 0 obj<</Type/Page/Parent 2 0 R/Contents {stream} 0 R{members}>>endobj");
        let _ = write!(out, "{stream} 0 obj");
        out.extend_from_slice(&stream_of("", content.as_bytes()));
        out.extend_from_slice(b"endobj\n");
    }
    out.extend_from_slice(b"trailer<</Root 1 0 R>>\n%%EOF\n");
    out
}

/// A packed stream with these members in its dictionary.
pub(super) fn stream_of(members: &str, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    let packed = encoder.finish().unwrap();
    let head = format!("<</Length {}/Filter/FlateDecode{members}>>stream\n", packed.len());
    joined(&[head.as_bytes(), &packed, b"\nendstream "])
}
