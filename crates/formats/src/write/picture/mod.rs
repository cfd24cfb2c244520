//! What formats of pictures share: classes by number, the size of a picture, what is drawn on it, and the list of rows.

mod class_list;
mod drawn;
mod figure;
mod ring;
mod row_list;
mod rows;
mod size;

pub(super) use class_list::{CLASSES, ClassList, parse_pinned};
pub(super) use drawn::{Drawn, NO_AREA, OTHER_SIZE, OUTSIDE, is_of_size};
pub(super) use figure::Figure;
pub(super) use ring::{Corner, bounds_of, cut_to, is_flat};
pub(super) use row_list::{Listed, ROWS, start, write};
pub(super) use rows::{Decided, Picture, Rows};
pub(super) use size::{Kind, Size, TURNED, check_is_image};
