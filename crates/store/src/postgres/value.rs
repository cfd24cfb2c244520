//! Values to the server and from it, in its binary format.
//!
//! The server says which type each parameter of a statement has, and a value is written as that type: a whole number into
//! any column of whole numbers, or of floats.

use super::error::Unsendable;
use crate::engine::{Param, RowView};
use bytes::{BufMut, BytesMut};
use std::cell::Cell;
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

pub(super) type AnyError = Box<dyn Error + Sync + Send>;

impl ToSql for Param<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        write(*self, wanted, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A parameter of a query. A text with NUL is in no row, so a query may look for it and finds nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a>(pub(super) Param<'a>);

/// What is looked for instead of NUL: two characters that nobody writes, in the order of texts where NUL would be.
const STANDS_FOR_NUL: &str = "\u{1}\u{10ffff}";

impl ToSql for Sought<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
        match (self.0, wanted.kind()) {
            (Param::Text(text), _) if text.contains('\0') => {
                write(Param::Text(&text.replace('\0', STANDS_FOR_NUL)), wanted, out)
            }
            (Param::Texts(texts), Kind::Array(element)) if texts.iter().any(|text| text.contains('\0')) => {
                let there: Vec<&String> = texts.iter().filter(|text| !text.contains('\0')).collect();
                write_array(element, there.len(), there.into_iter().map(|text| Param::Text(text)), out)
            }
            (param, _) => write(param, wanted, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Writes a value as the type that is wanted.
pub(super) fn write(param: Param<'_>, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, AnyError> {
    let misfit = |given| Err(Unsendable::Type(given, wanted.name().to_owned()).into());
    match (param, wanted) {
        (Param::Null, _) => return Ok(IsNull::Yes),
        (Param::Int(number), &Type::INT8) => out.put_i64(number),
        (Param::Int(number), &Type::INT4) => match i32::try_from(number) {
            Ok(number) => out.put_i32(number),
            Err(_) => return misfit("a large number"),
        },
        (Param::Int(number), &Type::FLOAT8) => out.put_f64(number as f64),
        (Param::Int(number), wanted) if is_text(wanted) => out.put_slice(number.to_string().as_bytes()),
        (Param::Real(number), &Type::FLOAT8) => out.put_f64(number),
        (Param::Text(text), wanted) if is_text(wanted) => match text.as_bytes().contains(&0) {
            false => out.put_slice(text.as_bytes()),
            true => return Err(Unsendable::Nul.into()),
        },
        (Param::Blob(bytes), &Type::BYTEA) => out.put_slice(bytes),
        (Param::Ints(numbers), wanted) => match wanted.kind() {
            Kind::Array(element) => {
                return write_array(element, numbers.len(), numbers.iter().map(|number| Param::Int(*number)), out);
            }
            _ => return misfit("a list of numbers"),
        },
        (Param::Texts(texts), wanted) => match wanted.kind() {
            Kind::Array(element) => {
                return write_array(element, texts.len(), texts.iter().map(|text| Param::Text(text)), out);
            }
            _ => return misfit("a list of texts"),
        },
        (Param::Int(_), _) => return misfit("a whole number"),
        (Param::Real(_), _) => return misfit("a number"),
        (Param::Text(_), _) => return misfit("a text"),
        (Param::Blob(_), _) => return misfit("bytes"),
    }
    Ok(IsNull::No)
}

/// Writes values as an array of one dimension.
pub(super) fn write_array<'a>(
    element: &Type,
    count: usize,
    params: impl Iterator<Item = Param<'a>>,
    out: &mut BytesMut,
) -> Result<IsNull, AnyError> {
    let count = i32::try_from(count).map_err(|_| Unsendable::Type("a very long list", element.name().to_owned()))?;
    // Dimensions, whether nulls may come, the type of the elements; then the length and the first index.
    out.put_i32(i32::from(count > 0));
    out.put_i32(1);
    out.put_u32(element.oid());
    if count > 0 {
        out.put_i32(count);
        out.put_i32(1);
    }
    for param in params {
        write_field(param, element, out)?;
    }
    Ok(IsNull::No)
}

/// Writes a value after its length; a null has the length -1.
pub(super) fn write_field(param: Param<'_>, wanted: &Type, out: &mut BytesMut) -> Result<(), AnyError> {
    let start = out.len();
    out.put_i32(-1);
    if matches!(write(param, wanted, out)?, IsNull::No) {
        let length = i32::try_from(out.len() - start - 4)
            .map_err(|_| Unsendable::Type("a very long text", wanted.name().to_owned()))?;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn is_text(wanted: &Type) -> bool {
    matches!(*wanted, Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN | Type::BPCHAR)
}

/// A value as the server sent it.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, AnyError> {
        Ok(Self(bytes))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A row, and the first of its columns that was read as what it is not.
pub(super) struct PostgresRow<'a> {
    row: &'a Row,
    wrong: Cell<Option<(usize, &'static str)>>,
}

impl<'a> PostgresRow<'a> {
    pub(super) fn new(row: &'a Row) -> Self {
        Self { row, wrong: Cell::new(None) }
    }

    /// Says which column holds what it should not, if one was read as such.
    pub(super) fn misfit(&self) -> Option<String> {
        let (column, wanted) = self.wrong.get()?;
        let Some(known) = self.row.columns().get(column) else {
            return Some(format!("an answer has no column {column}"));
        };
        let found = match *known.type_() {
            Type::INT8 | Type::INT4 | Type::INT2 => "a whole number",
            Type::FLOAT8 | Type::FLOAT4 | Type::NUMERIC => "a number",
            Type::BYTEA => "bytes",
            _ => "a text",
        };
        Some(format!("the column {} holds {found} where {wanted} belongs", known.name()))
    }

    fn refuse<T>(&self, column: usize, wanted: &'static str) -> Option<T> {
        self.wrong.set(self.wrong.get().or(Some((column, wanted))));
        None
    }

    /// Returns the type of a column and what it holds; none for a null.
    fn get(&self, column: usize) -> Option<(&Type, &'a [u8])> {
        let Some(known) = self.row.columns().get(column) else { return self.refuse(column, "something") };
        let raw: Option<Raw<'a>> = self.row.try_get(column).ok()?;
        raw.map(|Raw(bytes)| (known.type_(), bytes))
    }
}

fn whole(known: &Type, bytes: &[u8]) -> Option<i64> {
    match *known {
        Type::INT8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        Type::INT4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT2 => Some(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::BOOL => bytes.first().map(|byte| i64::from(*byte != 0)),
        _ => None,
    }
}

fn float(known: &Type, bytes: &[u8]) -> Option<f64> {
    match *known {
        Type::FLOAT8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::FLOAT4 => Some(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        _ => whole(known, bytes).map(|number| number as f64),
    }
}

impl RowView for PostgresRow<'_> {
    fn int(&self, column: usize) -> Option<i64> {
        let (known, bytes) = self.get(column)?;
        whole(known, bytes).map_or_else(|| self.refuse(column, "a whole number"), Some)
    }

    fn real(&self, column: usize) -> Option<f64> {
        let (known, bytes) = self.get(column)?;
        float(known, bytes).map_or_else(|| self.refuse(column, "a number"), Some)
    }

    fn bytes(&self, column: usize) -> Option<&[u8]> {
        let (known, bytes) = self.get(column)?;
        if is_text(known) || *known == Type::BYTEA { Some(bytes) } else { self.refuse(column, "a text") }
    }

    fn text(&self, column: usize) -> Option<String> {
        let text = std::str::from_utf8(self.bytes(column)?);
        text.map_or_else(|_| self.refuse(column, "a text in UTF-8"), |text| Some(text.to_owned()))
    }

    fn shown(&self, column: usize) -> Option<String> {
        self.row.columns().get(column)?;
        let (known, bytes) = self.get(column)?;
        let number = whole(known, bytes).map(|number| number.to_string());
        let number = number.or_else(|| float(known, bytes).map(|number| number.to_string()));
        Some(number.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()))
    }
}
