//! Tables as CSV files.
//!
//! RFC 4180 in UTF-8, lines end with CR LF. A text that a spreadsheet would take for a formula gets a leading apostrophe,
//! which is counted as a loss.

use super::about::check_options;
use super::cells::Line;
use super::tables::{self, Kind, Style, TABLES};
use super::{About, Encoder, Entries, Format, FormatOption, Layout, Numbers, OpenError};
use labelport_model::record::Record;

/// Long tables as CSV files.
pub struct Csv;

static BOM: FormatOption = FormatOption {
    name: "bom",
    summary: "Whether each file begins with a byte order mark, by which older versions of Excel know UTF-8.",
    values: &["no", "yes"],
    form: None,
};

struct Tables {
    has_bom: bool,
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "Long tables: data rows, projects, model runs, labels, annotations, answers, metadata."
    }

    fn keeps(&self) -> &'static str {
        "everything"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        std::slice::from_ref(&BOM)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(Tables { has_bom: about.option(&BOM) == "yes" }))
    }
}

impl Encoder for Tables {
    fn streams(&self) -> Vec<String> {
        TABLES.iter().map(|table| format!("{}.csv", table.name)).collect()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        for (index, table) in TABLES.iter().enumerate() {
            if self.has_bom {
                entries.stream(index).extend_from_slice("\u{feff}".as_bytes());
            }
            let mut line = Line::of(entries, index);
            let columns = table.columns.iter().filter(|column| column.kind != Kind::Points);
            columns.for_each(|column| line.token(column.name));
            line.end();
        }
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        tables::write(record, Style::Csv, entries);
    }
}
