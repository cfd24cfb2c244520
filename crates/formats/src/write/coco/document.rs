//! The JSON of a COCO file: what stands before, between and after its two lists, and their elements.

use crate::write::attributes::Attributes;
use crate::write::elements::open_element;
use crate::write::picture::ClassList;
use labelport_model::json::ObjectWriter;

/// Writes everything up to the list of images. Captions have no categories, and readers stumble over an empty list.
pub(super) fn start(categories: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(
        b"{\"info\":{\"description\":\"Exported by labelport\",\"version\":\"1.0\"},\n\"licenses\":[],\n",
    );
    if let Some(categories) = categories {
        out.extend_from_slice(&[b"\"categories\":[", categories, b"],\n"].concat());
    }
    out.extend_from_slice(b"\"images\":[");
}

/// What stands between the list of images and that of annotations.
pub(super) const BETWEEN: &[u8] = b"\n],\n\"annotations\":[";

/// What stands after the list of annotations.
pub(super) const END: &[u8] = b"\n]}\n";

/// Returns the elements of the list of categories; `members` adds what a task needs for a class, by its number from 0 and its name.
pub(super) fn categories(list: &ClassList, members: impl Fn(&mut ObjectWriter<'_>, usize, &str)) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, name) in list.names().iter().enumerate() {
        open_element(&mut out);
        let mut category = ObjectWriter::open(&mut out);
        category.raw("id", (number + 1).to_string().as_bytes());
        category.text("name", name);
        category.text("supercategory", "");
        members(&mut category, number, name);
        category.close();
    }
    // The first element has no comma before it.
    if out.is_empty() { out } else { out.split_off(1) }
}

/// Writes attributes as a member, if there are any.
pub(super) fn write_attributes(attributes: &Attributes, element: &mut ObjectWriter<'_>) {
    if !attributes.is_empty() {
        attributes.write_json(element.key("attributes"));
    }
}
