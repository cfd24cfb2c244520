//! What is drawn is what was sent, for every tool and data type.

use super::*;
use labelport_model::annotation::{self, Annotation, Body, Coordinates, Object, Point, Shape, Timeline};
use proptest::prelude::*;

/// Converts lines that all succeed and calls `check` with the annotations that are left, typed.
fn converted(data_type: &str, text: Option<&str>, lines: &[String], check: impl FnOnce(&str, &[Annotation<'_>])) {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let subject = Subject { text, ..subject(data_type) };
    let converted = run(&subject, &lines, Purpose::Label, &mut Toy::default());
    assert!(converted.outcomes.iter().all(Result::is_ok), "{:?} of {lines:?}", converted.outcomes);
    let stored = converted.annotations.unwrap();
    let found: Vec<_> = annotation::read(&stored).collect::<Result<_, _>>().unwrap();
    check(&stored, &found);
}

/// Converts one line and calls `check` with the object that is left.
fn converted_object(data_type: &str, text: Option<&str>, line: &str, check: impl FnOnce(&Object<'_>)) {
    converted(data_type, text, &[line.to_owned()], |stored, found| match found {
        [Annotation { body: Body::Object(object), .. }] => check(object),
        _ => panic!("{stored}"),
    });
}

/// A number with three decimals at most, as it is written in a line: with a fraction or without.
fn number(thousandths: i64) -> String {
    if thousandths % 1000 == 0 { (thousandths / 1000).to_string() } else { format!("{}", thousandths as f64 / 1000.0) }
}

fn value(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

fn coordinate() -> impl Strategy<Value = i64> {
    prop_oneof![-180_000..180_000_i64, (-180..180_i64).prop_map(|whole| whole * 1000)]
}

fn positions(least: usize) -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((coordinate(), coordinate()), least..8)
}

fn listed(points: &[(i64, i64)]) -> String {
    let points: Vec<String> =
        points.iter().map(|(x, y)| format!(r#"{{"x":{},"y":{}}}"#, number(*x), number(*y))).collect();
    format!("[{}]", points.join(","))
}

fn values(points: &[(i64, i64)]) -> Vec<(f64, f64)> {
    points.iter().map(|(x, y)| (value(*x), value(*y))).collect()
}

fn pixels(points: &[Point<'_>]) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.x.get(), point.y.get())).collect()
}

fn degrees(positions: &[annotation::Position<'_>]) -> Vec<(f64, f64)> {
    positions.iter().map(|position| (position.longitude.get(), position.latitude.get())).collect()
}

/// A ring as it is stored: closed.
fn closed(points: &[(i64, i64)]) -> Vec<(f64, f64)> {
    let mut ring = values(points);
    if ring.first() != ring.last() {
        ring.extend(ring.first().copied());
    }
    ring
}

fn sides() -> impl Strategy<Value = [i64; 4]> {
    (coordinate(), coordinate(), 0..90_000_i64, 0..90_000_i64)
        .prop_map(|(top, left, height, width)| [top, left, height, width])
}

fn bbox([top, left, height, width]: [i64; 4]) -> String {
    let [top, left, height, width] = [top, left, height, width].map(number);
    format!(r#""bbox":{{"top":{top},"left":{left},"height":{height},"width":{width}}}"#)
}

fn rect_of(rect: &annotation::Rect<'_>) -> [f64; 4] {
    [rect.top.get(), rect.left.get(), rect.height.get(), rect.width.get()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn boxes_are_where_they_were_drawn(sides in sides(), page in 0..9_i64) {
        let plain = format!(r#"{{"name":"boat",{}}}"#, bbox(sides));
        converted_object("image", None, &plain, |object| {
            let Some(Shape::Box(rect)) = &object.shape else { panic!("{object:?}") };
            assert_eq!(rect_of(rect), sides.map(value));
        });
        let on_page = |unit: &str| format!(r#"{{"name":"boat","page":{page},"unit":"{unit}",{}}}"#, bbox(sides));
        for (unit, points) in [("POINTS", 1.0), ("INCHES", 72.0), ("PIXELS", 0.75)] {
            converted_object("document", None, &on_page(unit), |object| {
                let Some(Shape::PageBox(rect)) = &object.shape else { panic!("{object:?}") };
                assert_eq!(object.page_number, Some(page));
                for (found, sent) in rect_of(rect).into_iter().zip(sides.map(value)) {
                    assert!((found - sent * points).abs() <= 0.000_501, "{found} for {sent} {unit}");
                }
            });
        }
        converted_object("geospatial", None, &plain, |object| {
            let Some(Shape::Geo(geo)) = &object.shape else { panic!("{object:?}") };
            let Coordinates::Box(rings) = &geo.coordinates else { panic!("{object:?}") };
            let [south, west, height, width] = sides.map(value);
            let (north, east) = (south + height, west + width);
            let ring = [(west, south), (west, north), (east, north), (east, south), (west, south)];
            assert_eq!(rings.len(), 1);
            for (found, sent) in degrees(&rings[0]).into_iter().zip(ring) {
                assert!((found.0 - sent.0).abs() < 1e-9 && (found.1 - sent.1).abs() < 1e-9, "{found:?}, {sent:?}");
            }
        });
    }

    #[test]
    fn points_lines_and_rings_are_where_they_were_drawn(points in positions(3)) {
        let list = listed(&points);
        let ring = format!(r#"{{"name":"Deck - Area","polygon":{list}}}"#);
        let line = format!(r#"{{"name":"rope","line":{list}}}"#);
        let point = format!(r#"{{"name":"lamp","point":{}}}"#, listed(&points[..1]).trim_matches(['[', ']']));
        converted_object("image", None, &ring, |object| match &object.shape {
            Some(Shape::Polygon(found)) => assert_eq!(pixels(found), closed(&points)),
            other => panic!("{other:?}"),
        });
        converted_object("image", None, &line, |object| match &object.shape {
            Some(Shape::Line(found)) => assert_eq!(pixels(found), values(&points)),
            other => panic!("{other:?}"),
        });
        converted_object("image", None, &point, |object| match &object.shape {
            Some(Shape::Point(found)) => assert_eq!(pixels(std::slice::from_ref(found)), values(&points[..1])),
            other => panic!("{other:?}"),
        });
        for (line, expect) in [(&ring, closed(&points)), (&line, values(&points)), (&point, values(&points[..1]))] {
            converted_object("geospatial", None, line, |object| {
                let Some(Shape::Geo(geo)) = &object.shape else { panic!("{object:?}") };
                let found = match &geo.coordinates {
                    Coordinates::Point(position) => degrees(std::slice::from_ref(position)),
                    Coordinates::Line(positions) => degrees(positions),
                    Coordinates::Polygon(rings) | Coordinates::Box(rings) => degrees(&rings[0]),
                };
                assert_eq!(found, expect);
            });
        }
    }

    #[test]
    fn spans_hold_the_characters_that_were_chosen(text in "\\PC{1,30}", first in any::<prop::sample::Index>(), length in 0..9_usize) {
        let characters: Vec<char> = text.chars().collect();
        let start = first.index(characters.len());
        let last = (start + length).min(characters.len() - 1);
        let chosen: String = characters[start..=last].iter().collect();
        let line = format!(r#"{{"name":"vessel","location":{{"start":{start},"end":{last}}}}}"#);
        converted_object("text", Some(&text), &line, |object| {
            let Some(Shape::Span(span)) = &object.shape else { panic!("{object:?}") };
            assert_eq!((span.start, span.end), (start as u64, last as u64 + 1));
            assert_eq!(span.token.as_ref().unwrap().get(), chosen.as_str());
        });
        let line = format!(r#"{{"name":"vessel","messageId":"m","location":{{"start":{start},"end":{last}}}}}"#);
        converted_object("conversation", None, &line, |object| {
            let Some(Shape::MessageSpan(place)) = &object.shape else { panic!("{object:?}") };
            assert_eq!((place.span.start, place.span.end), (start as u64, last as u64 + 1));
            assert_eq!(place.message_id.as_ref().unwrap().get(), "m");
        });
    }

    #[test]
    fn key_frames_have_the_boxes_that_were_drawn_there(
        drawn in prop::collection::btree_map(1..50_i64, sides(), 1..6),
    ) {
        let key_frames: Vec<String> =
            drawn.iter().map(|(frame, sides)| format!(r#"{{"frame":{frame},{}}}"#, bbox(*sides))).collect();
        let line = format!(r#"{{"name":"boat","segments":[{{"keyframes":[{}]}}]}}"#, key_frames.join(","));
        converted("video", None, &[line], |stored, found| {
            let mut boxes = BTreeMap::new();
            let timeline = Timeline::read(stored).unwrap();
            for annotation in found {
                let Body::Object(object) = &annotation.body else { panic!("{annotation:?}") };
                let Some(Shape::Box(rect)) = &object.shape else { panic!("{annotation:?}") };
                let (frame, id) = (annotation.place.frame.unwrap(), annotation.place.key.unwrap());
                boxes.insert(frame, rect_of(rect));
                assert_eq!(timeline.is_key_frame(None, id, frame), Some(true));
                let (first, last) = (*drawn.keys().next().unwrap(), *drawn.keys().last().unwrap());
                assert_eq!(timeline.segments(None, id), [(first, last)]);
            }
            let expect: BTreeMap<_, _> = drawn.iter().map(|(frame, sides)| (*frame, sides.map(value))).collect();
            assert_eq!(boxes, expect);
        });
    }
}
