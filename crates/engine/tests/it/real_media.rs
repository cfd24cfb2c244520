//! Files that other programs wrote, and what other programs say about them.
//!
//! Our own samples are as our own probes expect them. Here the files come from ffmpeg, heif-enc, Ghostscript, cairo and
//! DCMTK, and ffprobe, exiftool, Poppler and DCMTK are asked what is in them. A program that is not installed skips its
//! files and says so; `cargo xtask test` installs them where it can.

use labelport_media::{Asset, Window, inspect};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with files in the making.
struct Studio {
    folder: tempfile::TempDir,
    missing: BTreeSet<String>,
}

impl Studio {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), missing: BTreeSet::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program in the folder; returns what it prints, or nothing where it is not installed.
    #[track_caller]
    fn run(&mut self, line: &str) -> Option<String> {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let program = words.next().unwrap();
        let ran = Command::new(program).args(words).current_dir(self.folder.path()).output();
        let Ok(output) = ran else {
            self.missing.insert(program.to_owned());
            return None;
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {said}");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a program that prints JSON.
    #[track_caller]
    fn ask(&mut self, line: &str) -> Option<Value> {
        self.run(line).map(|text| serde_json::from_str(&text).unwrap())
    }

    /// Says which programs were missing. A machine that has none of them has tested nothing, and says that.
    #[expect(clippy::print_stderr, reason = "people who run the tests want to know what was not tested")]
    fn close(self, checked: usize, expected: usize) {
        if self.missing.is_empty() {
            assert_eq!(checked, expected);
        } else {
            let missing: Vec<String> = self.missing.into_iter().collect();
            eprintln!("skipped {} of {expected} files: {} not installed", expected - checked, missing.join(", "));
        }
    }
}

/// Returns what we say about a file, whose name is kept from the probes.
fn said(path: &Path) -> Value {
    let window = Window::read(&mut File::open(path).unwrap()).unwrap();
    let attributes = inspect(&Asset::new(&window, "x"));
    let mut said: Value = serde_json::from_str(&attributes.api).unwrap();
    said["text_layer"] = attributes.text_layer.map_or(Value::Null, |layer| serde_json::from_str(&layer).unwrap());
    said
}

#[track_caller]
fn near(name: &str, what: &str, found: &Value, expected: f64, tolerance: f64) {
    let number = found.as_f64().unwrap_or(f64::NAN);
    assert!((number - expected).abs() <= tolerance, "{name}: {what} is {number}, expected {expected}");
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(f64::NAN)
}

/// `30000/1001` as a number.
fn ratio(value: &Value) -> f64 {
    let (above, below) = value.as_str().unwrap().split_once('/').unwrap();
    above.parse::<f64>().unwrap() / below.parse::<f64>().unwrap()
}

#[test]
fn pictures_of_other_programs() {
    let mut studio = Studio::new();
    let picture = "ffmpeg -v error -f lavfi -i testsrc=size=70x46:rate=1 -frames:v 1 -y";
    let files = [
        ("a.png", vec![format!("{picture} a.png")]),
        ("gray.png", vec![format!("{picture} -pix_fmt gray gray.png")]),
        ("deep.png", vec![format!("{picture} -pix_fmt rgb48be deep.png")]),
        ("a.jpg", vec![format!("{picture} a.jpg")]),
        ("turned.jpg", vec![format!("{picture} turned.jpg"), set_orientation(6, "turned.jpg")]),
        ("mirrored.jpg", vec![format!("{picture} mirrored.jpg"), set_orientation(5, "mirrored.jpg")]),
        ("turned.png", vec![format!("{picture} turned.png"), set_orientation(8, "turned.png")]),
        ("a.gif", vec![format!("{picture} a.gif")]),
        ("a.bmp", vec![format!("{picture} a.bmp")]),
        ("a.tiff", vec![format!("{picture} a.tiff")]),
        ("turned.tiff", vec![format!("{picture} turned.tiff"), set_orientation(3, "turned.tiff")]),
        ("a.webp", vec![format!("{picture} a.webp")]),
        ("lossless.webp", vec![format!("{picture} -lossless 1 lossless.webp")]),
        ("a.heic", vec![format!("{picture} b.png"), "heif-enc -q 50 b.png -o a.heic".to_owned()]),
        ("a.avif", vec![format!("{picture} c.png"), "heif-enc -A -q 50 c.png -o a.avif".to_owned()]),
    ];
    let (mut checked, expected) = (0, files.len());
    for (name, commands) in files {
        if commands.iter().any(|command| studio.run(command).is_none()) {
            continue;
        }
        let asked = studio.ask(&format!("exiftool -j -n -ImageWidth -ImageHeight -Orientation -MIMEType {name}"));
        let Some(reported) = asked else { continue };
        let (reported, said) = (&reported[0], said(&studio.path(name)));
        let turn = reported.get("Orientation").cloned().unwrap_or(json!(1));
        assert_eq!(
            (&said["width"], &said["height"], &said["exifRotation"], &said["mimeType"]),
            (&reported["ImageWidth"], &reported["ImageHeight"], &turn, &reported["MIMEType"]),
            "{name}"
        );
        checked += 1;
    }
    studio.close(checked, expected);
}

fn set_orientation(orientation: u8, name: &str) -> String {
    format!("exiftool -q -overwrite_original -n -Orientation={orientation} {name}")
}

#[test]
fn videos_of_other_programs() {
    let mut studio = Studio::new();
    let video = |rate: &str, secs: &str| {
        format!("ffmpeg -v error -f lavfi -i testsrc=size=96x64:rate={rate} -t {secs} -pix_fmt yuv420p -y")
    };
    let sound = "-f lavfi -i sine=frequency=440:sample_rate=44100";
    let files = [
        ("a.mp4", format!("{} a.mp4", video("25", "2"))),
        ("ntsc.mp4", format!("{} ntsc.mp4", video("30000/1001", "3"))),
        ("start.mp4", format!("{} -movflags +faststart start.mp4", video("24", "2"))),
        ("fragments.mp4", format!("{} -g 12 -movflags frag_keyframe+empty_moov fragments.mp4", video("24", "2"))),
        ("sound.mp4", format!("{} sound.mp4", video("25", "2").replace("-t 2", &format!("{sound} -t 2")))),
        ("a.mov", format!("{} a.mov", video("30", "1"))),
        ("a.m4v", format!("{} a.m4v", video("25", "1"))),
        ("vp8.webm", format!("{} -c:v libvpx vp8.webm", video("25", "2"))),
        ("vp9.webm", format!("{} -c:v libvpx-vp9 vp9.webm", video("50", "1"))),
        ("a.mkv", format!("{} a.mkv", video("25", "2"))),
    ];
    let (mut checked, expected) = (0, files.len());
    for (name, command) in files {
        if studio.run(&command).is_none() {
            continue;
        }
        let asked = studio.ask(&format!(
            "ffprobe -v error -count_frames -select_streams v -show_streams -show_format -of json {name}"
        ));
        let Some(reported) = asked else { continue };
        let (stream, said) = (&reported["streams"][0], said(&studio.path(name)));
        assert_eq!((&said["width"], &said["height"]), (&stream["width"], &stream["height"]), "{name}");
        near(name, "frameRate", &said["frameRate"], ratio(&stream["avg_frame_rate"]), 0.001);
        near(name, "frameCount", &said["frameCount"], number(&stream["nb_read_frames"]), 0.0);
        near(name, "duration", &said["duration"], number(&reported["format"]["duration"]), 0.05);
        assert!(said["mimeType"].as_str().unwrap().starts_with("video/"), "{name}: {said}");
        checked += 1;
    }
    studio.close(checked, expected);
}

#[test]
fn sound_of_other_programs() {
    let mut studio = Studio::new();
    let sine = |rate: &str, secs: &str| {
        format!("ffmpeg -v error -f lavfi -i sine=frequency=440:sample_rate={rate} -t {secs} -y")
    };
    let files = [
        ("a.wav", format!("{} a.wav", sine("16000", "2"))),
        ("deep.wav", format!("{} -c:a pcm_s24le -ac 2 deep.wav", sine("48000", "1.5"))),
        ("a.flac", format!("{} a.flac", sine("44100", "2"))),
        ("cbr.mp3", format!("{} -b:a 128k cbr.mp3", sine("44100", "3"))),
        ("vbr.mp3", format!("{} -q:a 5 vbr.mp3", sine("22050", "3"))),
        ("a.ogg", format!("{} -c:a libvorbis a.ogg", sine("44100", "2"))),
        ("a.opus", format!("{} -c:a libopus a.opus", sine("48000", "2"))),
        ("a.m4a", format!("{} -c:a aac a.m4a", sine("44100", "2"))),
        ("a.aac", format!("{} -c:a aac a.aac", sine("44100", "2"))),
    ];
    let (mut checked, expected) = (0, files.len());
    for (name, command) in files {
        if studio.run(&command).is_none() {
            continue;
        }
        let asked = studio.ask(&format!("ffprobe -v error -count_packets -show_streams -show_format -of json {name}"));
        let Some(reported) = asked else { continue };
        let (stream, said) = (&reported["streams"][0], said(&studio.path(name)));
        near(name, "sampleRate", &said["sampleRate"], number(&stream["sample_rate"]), 0.0);
        near(name, "channelCount", &said["channelCount"], number(&stream["channels"]), 0.0);
        // For frames without a container ffprobe guesses from the bit rate; the packets can be counted.
        let secs = match name {
            "a.aac" => number(&stream["nb_read_packets"]) * 1024.0 / number(&stream["sample_rate"]),
            _ => number(&reported["format"]["duration"]),
        };
        near(name, "duration", &said["duration"], secs, 0.06);
        assert!(said["mimeType"].as_str().unwrap().starts_with("audio/"), "{name}: {said}");
        checked += 1;
    }
    studio.close(checked, expected);
}

const PAGES: &str = "%!PS
/Times-Roman findfont 18 scalefont setfont
72 720 moveto (The ferry leaves the pier at nine) show
72 690 moveto (and is back before noon) show
showpage
/Courier findfont 12 scalefont setfont
72 720 moveto (Second page: 42 crates, 7 barrels) show
showpage
";

#[test]
fn documents_of_other_programs() {
    let mut studio = Studio::new();
    std::fs::write(studio.path("pages.ps"), PAGES).unwrap();
    let write = "gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite";
    let files = [
        ("a.pdf", vec![format!("{write} -sOutputFile=a.pdf pages.ps")]),
        ("old.pdf", vec![format!("{write} -dCompatibilityLevel=1.3 -sOutputFile=old.pdf pages.ps")]),
        (
            "whole.pdf",
            vec![format!("{write} -dSubsetFonts=false -dEmbedAllFonts=true -sOutputFile=whole.pdf pages.ps")],
        ),
        (
            "cairo.pdf",
            vec![format!("{write} -sOutputFile=b.pdf pages.ps"), "pdftocairo -pdf b.pdf cairo.pdf".to_owned()],
        ),
        (
            "united.pdf",
            vec![
                format!("{write} -sOutputFile=c.pdf pages.ps"),
                format!("{write} -sOutputFile=d.pdf pages.ps"),
                "pdfunite c.pdf d.pdf united.pdf".to_owned(),
            ],
        ),
    ];
    let (mut checked, expected) = (0, files.len());
    for (name, commands) in files {
        if commands.iter().any(|command| studio.run(command).is_none()) {
            continue;
        }
        let Some(facts) = studio.run(&format!("pdfinfo {name}")) else { continue };
        let Some(text) = studio.run(&format!("pdftotext {name} -")) else { continue };
        let pages = facts.lines().find_map(|line| line.strip_prefix("Pages:")).unwrap().trim().parse::<u64>().unwrap();
        let said = said(&studio.path(name));
        assert_eq!(said["pageCount"], json!(pages), "{name}");
        let mut words: Vec<&str> = Vec::new();
        for page in said["text_layer"].as_array().unwrap() {
            for group in page["groups"].as_array().unwrap() {
                words.extend(group["tokens"].as_array().unwrap().iter().filter_map(|token| token["content"].as_str()));
            }
        }
        assert_eq!(words, text.split_whitespace().collect::<Vec<_>>(), "{name}");
        checked += 1;
    }
    studio.close(checked, expected);
}

#[test]
fn dicom_of_other_programs() {
    let mut studio = Studio::new();
    let picture = "ffmpeg -v error -f lavfi -i testsrc=size=70x46:rate=1 -frames:v 1 -y a.jpg";
    let files = [
        ("packed.dcm", "img2dcm a.jpg packed.dcm"),
        ("plain.dcm", "dcmdjpeg packed.dcm plain.dcm"),
        ("implicit.dcm", "dcmconv +ti plain.dcm implicit.dcm"),
        ("big.dcm", "dcmconv +tb plain.dcm big.dcm"),
        ("deflated.dcm", "dcmconv +td plain.dcm deflated.dcm"),
    ];
    let (mut checked, expected) = (0, files.len());
    let has_picture = studio.run(picture).is_some();
    for (name, command) in files {
        if !has_picture || studio.run(command).is_none() {
            continue;
        }
        let Some(reported) = studio.run(&format!("dcmdump +P Rows +P Columns {name}")) else { continue };
        let value = |tag: &str| {
            let line = reported.lines().find(|line| line.contains(tag)).unwrap();
            line.split_whitespace().nth(2).unwrap().parse::<u64>().unwrap()
        };
        let said = said(&studio.path(name));
        assert_eq!(
            (&said["height"], &said["width"]),
            (&json!(value("Rows")), &json!(value("Columns"))),
            "{name}: {reported}"
        );
        assert_eq!((&said["mimeType"], &said["frameCount"]), (&json!("application/dicom"), &json!(1)), "{name}");
        checked += 1;
    }
    studio.close(checked, expected);
}
