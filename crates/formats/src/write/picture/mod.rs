//! What formats of pictures share: classes by number, the size of a picture, what is drawn on it, and the list of rows.

mod class_list;
mod colours;
mod drawn;
mod figure;
mod geometry;
mod pixels;
mod ring;
mod row;
mod row_list;
mod simplify;
mod size;
mod video;

pub(super) use class_list::{CLASSES, ClassList, parse_pinned};
pub(super) use colours::{colour, palette};
pub(super) use drawn::{AROUND, Drawn, NO_AREA, OTHER_SIZE, OUTSIDE, is_of_size};
pub(super) use figure::Figure;
pub(super) use geometry::{Geometry, write_numbers};
pub(super) use pixels::{ALL_COVERED, IN_THE_BOX, PARTLY_COVERED, pixels_of};
pub(super) use ring::{Corner, bounds_of, cut_to, is_flat};
#[cfg(test)]
pub(super) use row::NO_LABEL;
pub(super) use row::{Decided, Row, Rows};
pub(super) use row_list::{Listed, ROWS, start, write};
pub(super) use simplify::{SIMPLIFIED, SIMPLIFY, Simplify};
pub(super) use size::{Kind, NOT_A_PICTURE, Size, TURNED, check_is_image};
pub(super) use video::{OnFrame, Videos};
