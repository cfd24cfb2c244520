//! Random videos: key frames only, ends of segments always among them.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::clip::Clip;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "video", label_kind: "Video", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: words::url(chance, "mp4"),
        media_attributes: json!({
            "height": chance.between(16, 2_000),
            "width": chance.between(16, 2_000),
            "asset_type": "video",
            "mime_type": "video/mp4",
            "frame_rate": if chance.happens(50) { json!(25) } else { json!(29.97002997002997) },
            "frame_count": chance.between(1, 300),
        }),
    }
}

const KINDS: &[&str] = &["VideoBoundingBox", "VideoPoint", "VideoPolyline", "VideoSegmentationMask"];

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let (height, width) = (asset.attribute("height"), asset.attribute("width"));
    let frame_count = asset.attribute("frame_count");
    let mut clip = Clip::default();
    for _ in 0..pen.chance.below(4) {
        let (segments, key_frames) = pen.segments(frame_count);
        let states = pen.track(KINDS, &key_frames, &|pen, kind, frame| match kind {
            "VideoBoundingBox" => vec![("bounding_box", pen.bounding_box(height, width))],
            "VideoPoint" => vec![("point", pen.point(height, width))],
            "VideoPolyline" => vec![("line", pen.line(height, width))],
            _ => vec![("composite_mask", pen.mask(frame))],
        });
        clip.add_object(&segments, states);
    }
    for number in 0..pen.chance.below(3) {
        let (segments, key_frames) = pen.segments(frame_count);
        let choice = pen.choice(&format!("frame/{number}"));
        clip.add_classification(&segments, &key_frames, &choice);
    }
    clip.into_video(pen.classifications("row"))
}
