//! Videos: shunting seen from the signal box. Key frames lie apart, so that interpolation shows.

use serde_json::{Value, json};

use super::super::clip::Clip;
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "video",
    dataset: "Signal box recordings",
    label_kind: "Video",
    projects: &[Plan { name: "Shunting movements", annotate, blank, rows: 7 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: u64| {
        let name = format!("shunting-{}.mp4", index + 1);
        Asset {
            row_data: format!("https://assets.example.test/box/{name}"),
            external_id: name,
            media_attributes: json!({
                "height": 540,
                "width": 960,
                "asset_type": "video",
                "mime_type": "video/mp4",
                "frame_rate": if index % 3 == 1 { json!(29.97) } else { json!(25) },
                "frame_count": 120 + 30 * index,
            }),
        }
    };
    (0..7).map(asset).collect()
}

fn blank() -> Value {
    Clip::default().into_video(Vec::new())
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let start = 2 + index as u64;
    let mut clip = Clip::default();

    // A box that moves, stands still for a while out of sight, and comes back.
    let direction = brush.radio("direction", ["pulling", "pushing"][index % 2]);
    let mut engine = |frame: u64, left: f64, width: f64| {
        let shape = brush.bounding_box(210.0, left, 96.5, width);
        let classifications = vec![direction.clone()];
        let geometry = vec![("bounding_box", shape)];
        (frame, brush.object_with("shunter", "VideoBoundingBox", classifications, geometry))
    };
    let positions = [(start, 40.0, 150.0), (start + 12, 184.0, 150.0), (start + 20, 264.0, 134.5)];
    let mut instances: Vec<_> = positions.iter().map(|(frame, left, width)| engine(*frame, *left, *width)).collect();
    instances.extend([engine(start + 40, 500.0, 120.0), engine(start + 55, 635.0, 96.0)]);
    clip.add_object(&[(start, start + 20), (start + 40, start + 55)], instances);

    let mut mark = |frame: u64, x: f64, y: f64| {
        let point = brush.point(x, y);
        (frame, brush.object("coupling", "VideoPoint", vec![("point", point)]))
    };
    let instances = vec![mark(start + 4, 190.5, 262.0), mark(start + 14, 310.5, 258.0)];
    clip.add_object(&[(start + 4, start + 14)], instances);

    let mut path = |frame: u64, lift: f64| {
        let line = brush.points(&[(10.0, 420.0 - lift), (300.25, 380.5 - lift), (910.0, 351.0 - lift)]);
        (frame, brush.object("chalk line", "VideoPolyline", vec![("line", line)]))
    };
    let instances = vec![path(start, 0.0), path(start + 9, 13.5)];
    clip.add_object(&[(start, start + 9)], instances);

    if index.is_multiple_of(3) {
        let mask = brush.mask(&format!("video {index}"), start + 3);
        let steam = brush.object("steam", "VideoSegmentationMask", vec![("composite_mask", mask)]);
        clip.add_object(&[(start + 3, start + 3)], vec![(start + 3, steam)]);
    }

    let points = brush.radio("points", "thrown");
    clip.add_classification(&[(start + 6, start + 18)], &[start + 6, start + 18], &points);
    let hazards = brush.checklist("hazards", &["person on track", "open door"][..1 + index % 2]);
    clip.add_classification(&[(start + 30, start + 36)], &[start + 30, start + 36], &hazards);

    let light = brush.radio("light", ["daylight", "floodlight"][index % 2]);
    let remark = brush.text("remark", "Driver sounds the horn twice \u{1f4ef}.");
    clip.into_video(vec![light, remark])
}
