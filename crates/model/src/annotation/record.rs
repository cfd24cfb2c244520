//! Objects of the stored form: typed members in a known order, and whatever else came with them.
//!
//! A [`Record`] names the keys that it reads, in the order in which the stored form writes them. An object that has
//! them in that order and no other is *regular*, which nearly all are, and its [`Layout`] takes no memory. For any
//! other object the layout keeps the order of the members, and the text of those that the record does not read.

use super::ReadError;
use super::cursor::Cursor;
use crate::json::ObjectWriter;

/// The order in which members came, and those that have no typed form.
///
/// The layout of a value that was composed, not read, is the default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout<'a>(Option<Box<[Member<'a>]>>);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Member<'a> {
    /// A member that the record reads, by the position of its key.
    Typed(u8),
    /// A member that is kept as it came.
    Other { key: &'a str, value: &'a str },
}

impl<'a> Layout<'a> {
    /// Lists the members that have no typed form, keys without quotes, values as JSON.
    pub fn others(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.members().iter().filter_map(|member| match member {
            Member::Other { key, value } => Some((*key, *value)),
            Member::Typed(_) => None,
        })
    }

    /// Lists the members; none if they came in the order of the record.
    pub(super) fn members(&self) -> &[Member<'a>] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// A typed object of the stored form.
pub(super) trait Record<'a>: Default {
    /// The keys that are read, in the order in which they are written. At most 32.
    const KEYS: &'static [&'static str];
    /// The keys without which an object is something else, as bits by position.
    const REQUIRED: u32 = 0;

    /// Reads the value of a key. Returns `false` if it has no typed form; then it is kept as it came.
    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError>;

    /// Writes the member of a key, if there is one.
    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>);

    /// Returns the layout.
    fn layout(&self) -> &Layout<'a>;

    /// Returns the layout.
    fn layout_mut(&mut self) -> &mut Layout<'a>;
}

/// Gives a record the two methods that find its field `layout`.
macro_rules! keeps_layout {
    () => {
        fn layout(&self) -> &Layout<'a> {
            &self.layout
        }

        fn layout_mut(&mut self) -> &mut Layout<'a> {
            &mut self.layout
        }
    };
}
pub(super) use keeps_layout;

/// Reads an object. Returns nothing, with the cursor anywhere, if the value is not an object or lacks a key that it must
/// have.
pub(super) fn read<'a, R: Record<'a>>(cursor: &mut Cursor<'a>) -> Result<Option<R>, ReadError> {
    if !cursor.take(b'{') {
        return Ok(None);
    }
    let mut record = R::default();
    let mut order = Order::default();
    if !cursor.take(b'}') {
        loop {
            read_next(&mut record, &mut order, cursor)?;
            if cursor.take(b'}') {
                break;
            }
            cursor.expect(b',')?;
        }
    }
    if order.typed & R::REQUIRED != R::REQUIRED {
        return Ok(None);
    }
    *record.layout_mut() = Layout(order.members.map(Vec::into_boxed_slice));
    Ok(Some(record))
}

/// Reads a value by trying one kind; goes back if it is another one.
pub(super) fn attempt<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl Fn(&mut Cursor<'a>) -> Result<Option<T>, ReadError>,
) -> Result<Option<T>, ReadError> {
    let (start, had_unread) = (cursor.at(), cursor.has_unread);
    let found = read(cursor)?;
    if found.is_none() {
        cursor.rewind(start);
        cursor.has_unread = had_unread;
    }
    Ok(found)
}

/// Writes an object, its members in the order in which they came.
pub(super) fn write<'a, R: Record<'a>>(record: &R, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    let mut written = 0_u32;
    for member in record.layout().members() {
        match member {
            Member::Typed(key) => {
                record.write_member(usize::from(*key), &mut object);
                written |= 1 << key;
            }
            Member::Other { key, value } => object.raw(key, value.as_bytes()),
        }
    }
    for key in 0..R::KEYS.len() {
        if written & (1 << key) == 0 {
            record.write_member(key, &mut object);
        }
    }
    object.close();
}

/// The members of an object so far.
#[derive(Default)]
struct Order<'a> {
    /// The typed keys, as bits by position.
    typed: u32,
    /// The position after the last typed key.
    next: usize,
    /// The members, once they are known to be irregular.
    members: Option<Vec<Member<'a>>>,
}

fn read_next<'a, R: Record<'a>>(
    record: &mut R,
    order: &mut Order<'a>,
    cursor: &mut Cursor<'a>,
) -> Result<(), ReadError> {
    let name = cursor.key()?;
    let start = cursor.at();
    let had_unread = cursor.has_unread;
    if let Some(key) = position(R::KEYS, name, order.next)
        && order.typed & (1 << key) == 0
    {
        if record.read_member(key, cursor)? {
            if key < order.next {
                order.irregular();
            }
            if let Some(members) = &mut order.members {
                members.push(Member::Typed(key as u8));
            }
            order.typed |= 1 << key;
            order.next = order.next.max(key + 1);
            return Ok(());
        }
        cursor.rewind(start);
        cursor.has_unread = had_unread;
    }
    let value = cursor.skip()?;
    cursor.has_unread |= name == "annotation_kind" || value.contains('{');
    order.irregular().push(Member::Other { key: name, value });
    Ok(())
}

impl<'a> Order<'a> {
    /// Starts to keep the order, with the typed keys read so far, which are in order.
    fn irregular(&mut self) -> &mut Vec<Member<'a>> {
        let typed = self.typed;
        self.members.get_or_insert_with(|| {
            (0..u32::BITS as u8).filter(|key| typed & (1 << key) != 0).map(Member::Typed).collect()
        })
    }
}

/// Finds a key, which is most likely one of the next.
fn position(keys: &[&str], name: &str, next: usize) -> Option<usize> {
    let (before, after) = keys.split_at(next.min(keys.len()));
    let find = |keys: &[&str]| keys.iter().position(|key| *key == name);
    find(after).map(|key| key + before.len()).or_else(|| find(before))
}
