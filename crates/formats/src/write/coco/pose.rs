//! Skeletons: boxes with the points that a rule joins to them, picture by picture.

use super::Files;
use crate::write::Entries;
use crate::write::annotations::for_each;
use crate::write::picture::{Decided, Drawn, Geometry, Size};
use crate::write::skeleton::{Boxed, Pointed, Skeletons};
use labelport_model::annotation::{Annotation, Body, Shape};

/// What an annotation is for skeletons.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Role {
    /// Nothing in particular.
    Alone,
    /// A box with its points; nothing for those that are missing.
    Box(Vec<Option<(f64, f64)>>),
    /// A point of a box; or why it is of none.
    Point(Option<&'static str>),
}

/// The boxes and points of a picture, with their places among the annotations.
#[derive(Default)]
struct Picture {
    frame: Option<i64>,
    boxes: Vec<(usize, Boxed)>,
    points: Vec<(usize, Pointed)>,
}

impl Files<'_> {
    /// Says of each annotation of a label, in its order, what it is.
    pub(super) fn roles(
        &self,
        skeletons: &Skeletons,
        decided: &Decided<'_>,
        size: &Size,
        entries: &mut Entries<'_>,
    ) -> Vec<Role> {
        let (mut roles, mut picture) = (Vec::new(), Picture::default());
        for_each(decided.label.annotations, entries, &mut |annotation, _| {
            if annotation.place.frame != picture.frame {
                let next = Picture { frame: annotation.place.frame, ..Picture::default() };
                std::mem::replace(&mut picture, next).join(skeletons, &mut roles);
            }
            self.add(skeletons, annotation, size, &mut picture, roles.len());
            roles.push(Role::Alone);
        });
        picture.join(skeletons, &mut roles);
        roles
    }

    /// Adds an annotation that may be a box or a point of a skeleton.
    fn add(
        &self,
        skeletons: &Skeletons,
        annotation: &Annotation<'_>,
        size: &Size,
        picture: &mut Picture,
        place: usize,
    ) {
        let Body::Object(object) = &annotation.body else { return };
        let (Some(_), Some(shape)) = (&object.kind, &object.shape) else { return };
        let Some(class) = self.classes.of_object(annotation) else { return };
        if let Shape::Point(point) = shape {
            let (x, y) = (point.x.get(), point.y.get());
            if skeletons.has_point(class) {
                picture.points.push((place, Pointed { class, x, y }));
            }
        } else if skeletons.points_of(class).is_some()
            && let Some(Ok(drawn)) = Drawn::of(shape, self.pictures)
            && let Some(bounds) = drawn.bounds()
            // What is not written has no points.
            && Geometry::of(drawn, size, self.only_runs).is_ok()
        {
            picture.boxes.push((place, Boxed { class, bounds }));
        }
    }
}

impl Picture {
    /// Joins points to boxes.
    fn join(self, skeletons: &Skeletons, roles: &mut [Role]) {
        let boxes: Vec<Boxed> = self.boxes.iter().map(|(_, boxed)| *boxed).collect();
        let points: Vec<Pointed> = self.points.iter().map(|(_, point)| *point).collect();
        let joined = skeletons.join(&boxes, &points);
        for ((place, _), own) in self.boxes.iter().zip(joined.points) {
            let own = own.into_iter().map(|number| number.and_then(|number| points.get(number)));
            roles[*place] = Role::Box(own.map(|point| point.map(|point| (point.x, point.y))).collect());
        }
        for ((place, _), left_out) in self.points.iter().zip(joined.left_out) {
            roles[*place] = Role::Point(left_out);
        }
    }
}
