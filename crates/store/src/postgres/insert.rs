//! Many rows in one statement: by `copy`, which writes them page by page, or where some may be there already as arrays, one
//! for each column.

use super::value::{self, AnyError};
use crate::engine::{Insert, Param};
use bytes::{BufMut, Bytes, BytesMut};
use std::error::Error;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

/// How many parameters are best put together at a time.
pub(super) const PARAMS: usize = 1 << 17;
/// About how many bytes of values a statement takes. The server holds them, and the rows made of them, in memory.
const STATEMENT_BYTES: usize = 16 << 20;

/// Writes the statement that asks for the types of the columns.
pub(super) fn typing_sql(insert: &Insert<'_>) -> String {
    let numbers: Vec<String> = (1..=insert.columns).map(|number| format!("${number}")).collect();
    format!("insert into {} values ({})", insert.into, numbers.join(", "))
}

/// Writes the statement that copies rows into a table.
pub(super) fn copy_sql(insert: &Insert<'_>) -> String {
    format!("copy {} from stdin (format binary)", insert.into)
}

/// How many bytes are gathered before they are sent.
const COPIED_BYTES: usize = 64 << 10;

/// Writes rows in the binary format of `copy`.
pub(super) fn copy(
    types: &[Type],
    params: &[Param<'_>],
    send: &mut dyn FnMut(Bytes) -> Result<(), AnyError>,
) -> Result<(), AnyError> {
    let mut buffer = BytesMut::with_capacity(2 * COPIED_BYTES);
    // The mark of the format, no flags, no extension.
    buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
    buffer.put_u64(0);
    let columns = i16::try_from(types.len())?;
    for row in params.chunks(types.len()) {
        buffer.put_i16(columns);
        for (param, wanted) in row.iter().zip(types) {
            value::write_field(*param, wanted, &mut buffer)?;
        }
        if buffer.len() >= COPIED_BYTES {
            send(buffer.split().freeze())?;
            buffer.reserve(2 * COPIED_BYTES);
        }
    }
    buffer.put_i16(-1);
    send(buffer.freeze())
}

/// Writes the statement that inserts arrays, given the types of the columns.
pub(super) fn sql(insert: &Insert<'_>, types: &[Type]) -> String {
    let arrays: Vec<String> =
        types.iter().enumerate().map(|(index, each)| format!("${}::{}[]", index + 1, each.name())).collect();
    format!("insert into {} select * from unnest({}) {}", insert.into, arrays.join(", "), insert.conflict)
        .trim_end()
        .to_owned()
}

/// Cuts rows so that each piece is of a size that a statement takes; a row is never cut.
pub(super) fn pieces<'p, 'a>(params: &'p [Param<'a>], columns: usize) -> impl Iterator<Item = &'p [Param<'a>]> {
    let mut rest = params;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let rows = rest.chunks(columns).take_while(|row| {
            let is_room = bytes < STATEMENT_BYTES;
            bytes += row.iter().map(size).sum::<usize>();
            is_room
        });
        let (piece, left) = rest.split_at((rows.count() * columns).min(rest.len()));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

fn size(param: &Param<'_>) -> usize {
    match param {
        Param::Text(text) => text.len(),
        Param::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

/// One column of rows whose values follow one another.
#[derive(Debug)]
pub(super) struct Column<'p, 'a> {
    pub(super) params: &'p [Param<'a>],
    pub(super) at: usize,
    pub(super) columns: usize,
}

impl ToSql for Column<'_, '_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(element) = wanted.kind() else { return Err("a column goes into an array".into()) };
        let values = self.params.iter().skip(self.at).step_by(self.columns).copied();
        value::write_array(element, self.params.len() / self.columns, values, out)
    }

    fn accepts(wanted: &Type) -> bool {
        matches!(wanted.kind(), Kind::Array(_))
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_in_the_binary_format() {
        let mut out = Vec::new();
        let rows = [Param::Int(1), Param::Text("a"), Param::Int(2), Param::Null];
        copy(&[Type::INT8, Type::TEXT], &rows, &mut |bytes| {
            out.extend_from_slice(&bytes);
            Ok(())
        })
        .unwrap();
        let mut expect = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        expect.extend(b"\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x01\0\0\0\x01a");
        expect.extend(b"\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x02\xff\xff\xff\xff\xff\xff");
        assert_eq!(out, expect);
    }

    #[test]
    fn a_statement_unnests_arrays_of_the_types_of_the_columns() {
        let insert = Insert { into: "t (a, b)", columns: 2, conflict: "on conflict do nothing" };
        assert_eq!(typing_sql(&insert), "insert into t (a, b) values ($1, $2)");
        let expect = "insert into t (a, b) select * from unnest($1::int8[], $2::text[]) on conflict do nothing";
        assert_eq!(sql(&insert, &[Type::INT8, Type::TEXT]), expect);
    }

    #[test]
    fn rows_are_cut_by_their_bytes_and_never_within() {
        let large = "x".repeat(STATEMENT_BYTES);
        let rows =
            [Param::Int(1), Param::Text("a"), Param::Int(2), Param::Text(&large), Param::Int(3), Param::Text("b")];
        let lengths: Vec<usize> = pieces(&rows, 2).map(<[_]>::len).collect();
        assert_eq!(lengths, [4, 2]);
        assert_eq!(pieces(&[], 2).count(), 0);
    }
}
