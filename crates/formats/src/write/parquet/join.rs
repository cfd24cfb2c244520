//! Cells to columns, and columns to row groups.

use super::schema;
use crate::write::Joiner;
use crate::write::tables::{Cells, Column, Kind};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use std::io;
use std::sync::Arc;

/// A row group has at least so many bytes of cells, or so many lines; what is left at the end has fewer.
const GROUP_BYTES: usize = 8 << 20;
const GROUP_LINES: usize = 1 << 17;

/// Levels of a cell that has a value, of an empty list, and of no value.
const VALUE: i16 = 1;
const NO_VALUE: i16 = 0;
const EMPTY_LIST: i16 = 1;
const ELEMENT: i16 = 2;

/// A file being written.
pub(super) struct Join {
    columns: &'static [Column],
    values: Vec<Values>,
    lines: usize,
    bytes: usize,
    /// Opened with the first cells, since opening may fail.
    file: Option<SerializedFileWriter<Vec<u8>>>,
}

/// The values of a column in a row group.
struct Values {
    /// Whether each cell has a value; for corners, also what of a list it is.
    definitions: Vec<i16>,
    list: List,
}

enum List {
    Texts(Vec<ByteArray>),
    Wholes(Vec<i64>),
    Numbers(Vec<f64>),
    Truths(Vec<bool>),
    Points { x: Vec<f64>, y: Vec<f64>, repetitions: Vec<i16> },
}

impl Join {
    pub(super) fn of(columns: &'static [Column]) -> Self {
        Self { columns, values: columns.iter().map(Values::of).collect(), lines: 0, bytes: 0, file: None }
    }

    fn open(&self) -> Result<SerializedFileWriter<Vec<u8>>> {
        let schema = Arc::new(parse_message_type(&schema::of(self.columns))?);
        let features = KeyValue::new("huggingface".to_owned(), schema::features(self.columns));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_created_by("labelport".to_owned())
            .set_key_value_metadata(Some(vec![features]));
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))
    }

    /// Writes the collected lines as a row group, if there are any, and returns what the file has grown by.
    fn flush(&mut self) -> Result<Vec<u8>> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open()?,
        };
        if self.lines > 0 {
            let mut group = file.next_row_group()?;
            self.values.iter_mut().try_for_each(|values| values.write(&mut group))?;
            group.close()?;
            (self.lines, self.bytes) = (0, 0);
        }
        file.flush()?;
        let grown = std::mem::take(file.inner_mut());
        self.file = Some(file);
        Ok(grown)
    }

    fn close(&mut self) -> Result<Vec<u8>> {
        let mut written = self.flush()?;
        if let Some(file) = self.file.take() {
            written.extend(file.into_inner()?);
        }
        Ok(written)
    }
}

impl Joiner for Join {
    fn add(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut written = Vec::new();
        let mut cells = Cells(&bytes);
        while !cells.is_empty() {
            let before = cells.0.len();
            self.values.iter_mut().for_each(|values| values.take(&mut cells));
            self.lines += 1;
            self.bytes += before - cells.0.len();
            if self.bytes >= GROUP_BYTES || self.lines >= GROUP_LINES {
                written.extend(self.flush().map_err(to_io)?);
            }
        }
        Ok(written)
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        self.close().map_err(to_io)
    }
}

fn to_io(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

impl Values {
    fn of(column: &Column) -> Self {
        let list = match column.kind {
            Kind::Text | Kind::Json => List::Texts(Vec::new()),
            Kind::Whole | Kind::Time => List::Wholes(Vec::new()),
            Kind::Number => List::Numbers(Vec::new()),
            Kind::Truth => List::Truths(Vec::new()),
            Kind::Points => List::Points { x: Vec::new(), y: Vec::new(), repetitions: Vec::new() },
        };
        Self { definitions: Vec::new(), list }
    }

    /// Takes the next cell of the column.
    fn take(&mut self, cells: &mut Cells<'_>) {
        let has_value = cells.has_value();
        if let List::Points { x, y, repetitions } = &mut self.list {
            let corners = if has_value { cells.points() } else { Vec::new() };
            let first = if has_value && corners.is_empty() { EMPTY_LIST } else { NO_VALUE };
            for (index, corner) in corners.iter().enumerate() {
                x.push(corner.0);
                y.push(corner.1);
                self.definitions.push(ELEMENT);
                repetitions.push(i16::from(index > 0));
            }
            if corners.is_empty() {
                self.definitions.push(first);
                repetitions.push(0);
            }
            return;
        }
        self.definitions.push(if has_value { VALUE } else { NO_VALUE });
        if !has_value {
            return;
        }
        match &mut self.list {
            List::Texts(list) => list.push(cells.text().to_vec().into()),
            List::Wholes(list) => list.push(cells.whole()),
            List::Numbers(list) => list.push(cells.number()),
            List::Truths(list) => list.push(cells.truth()),
            List::Points { .. } => {}
        }
    }

    /// Writes the column and forgets its values.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Vec<u8>>) -> Result<()> {
        let definitions = std::mem::take(&mut self.definitions);
        match &mut self.list {
            List::Texts(list) => write_column::<ByteArrayType>(group, list, &definitions, None)?,
            List::Wholes(list) => write_column::<Int64Type>(group, list, &definitions, None)?,
            List::Numbers(list) => write_column::<DoubleType>(group, list, &definitions, None)?,
            List::Truths(list) => write_column::<BoolType>(group, list, &definitions, None)?,
            List::Points { x, y, repetitions } => {
                let repetitions = std::mem::take(repetitions);
                write_column::<DoubleType>(group, x, &definitions, Some(&repetitions))?;
                write_column::<DoubleType>(group, y, &definitions, Some(&repetitions))?;
            }
        }
        Ok(())
    }
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &mut Vec<T::T>,
    definitions: &[i16],
    repetitions: Option<&[i16]>,
) -> Result<()> {
    // The schema has a column for each list.
    let missing = || ParquetError::General("the schema has too few columns".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, Some(definitions), repetitions)?;
    values.clear();
    column.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    static COLUMNS: [Column; 2] =
        [Column { name: "name", kind: Kind::Text }, Column { name: "points", kind: Kind::Points }];

    /// Cells of a line, as threads write them.
    fn line(name: Option<&str>, corners: Option<&[(f64, f64)]>) -> Vec<u8> {
        let mut out = Vec::new();
        match name {
            Some(name) => {
                out.push(1);
                out.extend_from_slice(&(name.len() as u32).to_le_bytes());
                out.extend_from_slice(name.as_bytes());
            }
            None => out.push(0),
        }
        match corners {
            Some(corners) => {
                out.push(1);
                out.extend_from_slice(&(corners.len() as u32).to_le_bytes());
                corners.iter().for_each(|(x, y)| out.extend([x.to_le_bytes(), y.to_le_bytes()].concat()));
            }
            None => out.push(0),
        }
        out
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut join = Join::of(&COLUMNS);
        let mut bytes: Vec<u8> = chunks.iter().flat_map(|chunk| join.add(chunk.clone()).unwrap()).collect();
        bytes.extend(join.finish().unwrap());
        bytes
    }

    #[test]
    fn lists_that_are_empty_and_lists_that_are_not_there_differ() {
        let corners = [(1.5, 2.0), (3.0, 4.0)];
        let lines = [line(Some("a"), Some(&corners)), line(None, Some(&[])), line(Some(""), None)];
        let bytes = file(&lines);
        assert_eq!(bytes, file(&[lines.concat()]), "row groups do not depend on chunks");
        let reader = SerializedFileReader::new(parquet_bytes(bytes)).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].get_string(0).unwrap(), "a");
        let shown: Vec<String> = rows.iter().map(|row| row.to_string()).collect();
        assert_eq!(shown[0], r#"{name: "a", points: [{x: 1.5, y: 2.0}, {x: 3.0, y: 4.0}]}"#);
        assert_eq!(shown[1], r#"{name: null, points: []}"#);
        assert_eq!(shown[2], r#"{name: "", points: null}"#);
    }

    #[test]
    fn a_table_without_lines_has_its_columns() {
        let reader = SerializedFileReader::new(parquet_bytes(file(&[]))).unwrap();
        let names: Vec<_> = reader.metadata().file_metadata().schema().get_fields().to_vec();
        assert_eq!(names.iter().map(|field| field.name()).collect::<Vec<_>>(), ["name", "points"]);
        assert_eq!(reader.metadata().num_row_groups(), 0);
    }

    #[test]
    fn a_row_group_ends_when_it_is_large_enough() {
        let long = "x".repeat(GROUP_BYTES / 2);
        let bytes = file(&[line(Some(&long), None), line(Some(&long), None), line(Some("last"), None)]);
        let reader = SerializedFileReader::new(parquet_bytes(bytes)).unwrap();
        let rows: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [2, 1]);
    }

    fn parquet_bytes(bytes: Vec<u8>) -> std::fs::File {
        use std::io::{Seek, Write};
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        file
    }
}
