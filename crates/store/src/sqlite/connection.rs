//! [`Connection`] over `rusqlite`.

use super::{copy, insert};
use crate::engine::{Column, Connection, Each, Insert, Kind, Param, RowView, Step, StoreError, Traits};
use labelport_model::json::quote_into;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{ErrorCode, Row, ffi};
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What error messages name.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) folder: PathBuf,
    pub(super) lock_wait: Duration,
    /// How many migrations this program knows.
    pub(super) known_version: i64,
}

pub(super) struct SqliteConnection {
    connection: rusqlite::Connection,
    context: Context,
}

impl SqliteConnection {
    /// Wraps a connection, and changes nothing in the file.
    pub(super) fn new(connection: rusqlite::Connection, context: Context) -> Result<Self, StoreError> {
        // Statements are few and used for each row of an import; all of them stay prepared.
        connection.set_prepared_statement_cache_capacity(512);
        // Plans depend on statements alone: without this, each new parameter value may prepare a statement again.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(|error| explain(&error, &context))?;
        let opened = Self { connection, context };
        let busy = opened.connection.busy_timeout(opened.context.lock_wait);
        busy.map_err(|error| explain(&error, &opened.context))?;
        Ok(opened)
    }

    /// Sets what a labelport database is opened with. Some of it stays in the file.
    pub(super) fn tune(&self) -> Result<(), StoreError> {
        for (name, value) in [
            ("page_size", "16384"),
            ("journal_mode", "wal"),
            ("synchronous", "full"),
            ("foreign_keys", "off"),
            // Mapped reads were measured no faster than copied ones here, and they count as memory of the process.
            ("mmap_size", "0"),
            ("cache_size", "-32768"),
            // Ids arrive in any order, so a commit touches pages all over the look-up tables: the longer the log, the
            // more of them are written back once instead of many times.
            ("wal_autocheckpoint", "8192"),
            ("temp_store", "memory"),
        ] {
            self.pragma(name, value)?;
        }
        Ok(())
    }

    /// Sets what a database is opened with that is only read. Nothing of it stays in the file.
    pub(super) fn tune_to_read(&self) -> Result<(), StoreError> {
        let settings = [("query_only", "on"), ("mmap_size", "0"), ("temp_store", "memory")];
        settings.iter().try_for_each(|(name, value)| self.pragma(name, value))
    }

    pub(super) fn pragma(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.batch(&format!("pragma {name} = {value}"))
    }

    /// Runs several statements that take no parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| explain(&error, &self.context))
    }

    pub(super) fn read_int(&self, sql: &str) -> Result<i64, StoreError> {
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(|error| explain(&error, &self.context))
    }
}

impl Connection for SqliteConnection {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        debug_assert!(counts_in_order(sql), "the parameters of {sql:?} do not first appear in order");
        let run = || {
            let mut statement = self.connection.prepare_cached(&in_dialect(sql))?;
            statement.execute(rusqlite::params_from_iter(params))
        };
        run().map(|changed| changed as u64).map_err(|error| explain(&error, &self.context))
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        debug_assert!(counts_in_order(sql), "the parameters of {sql:?} do not first appear in order");
        let mut run = || {
            let mut statement = self.connection.prepare_cached(&in_dialect(sql))?;
            let mut rows = statement.query(rusqlite::params_from_iter(params))?;
            while let Some(row) = rows.next()? {
                let view = SqliteRow { row, wrong: Cell::new(None) };
                let flow = each(&view);
                if let Some((column, wanted)) = view.wrong.get() {
                    return Ok(Some(misfit(row, column, wanted)));
                }
                if flow.is_break() {
                    break;
                }
            }
            Ok(None)
        };
        match run() {
            Ok(None) => Ok(()),
            Ok(Some(damage)) => Err(StoreError::Damaged(damage)),
            Err(error) => Err(explain(&error, &self.context)),
        }
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        // A statement goes no further than its callers do.
        self.query(sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        insert::insert_many(&self.connection, insert, params).map_err(|error| explain(&error, &self.context))
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::BeginRead => self.batch("begin"),
            Step::BeginWrite => self.batch("begin immediate"),
            Step::Commit => self.batch("commit"),
            Step::RollBack => self.batch("rollback"),
            Step::Savepoint(name) => self.batch(&format!("savepoint {name}")),
            Step::Release(name) => self.batch(&format!("release {name}")),
            Step::TakeBack(name) => self.batch(&format!("rollback to {name}; release {name}")),
        }
    }

    fn traits(&self) -> Traits {
        Traits {
            is_remote: false,
            block_rows: 128,
            insert_params: insert::PARAMS,
            takes_nul: true,
            keys_together: None,
        }
    }

    fn copy_to(&mut self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        copy::copy(&self.connection, file, progress).map_err(|error| explain(&error, &self.context))
    }

    fn check_file(&mut self) -> Result<Vec<String>, StoreError> {
        let mut problems = Vec::new();
        let outcome = self.query("pragma integrity_check", &[], &mut |row| {
            problems.extend(row.text(0).filter(|text| text != "ok"));
            ControlFlow::Continue(())
        });
        match outcome {
            // A file that is too damaged to be checked is what was asked about, too.
            Err(StoreError::Damaged(what)) => problems.push(what),
            outcome => outcome?,
        }
        Ok(problems)
    }

    fn is_current(&mut self) -> Result<bool, StoreError> {
        let read = || self.connection.prepare_cached("pragma user_version")?.query_row([], |row| row.get::<_, i64>(0));
        Ok(read().map_err(|error| explain(&error, &self.context))? == self.context.known_version)
    }

    fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        let connection: &mut dyn Connection = self;
        let sql = "select name, lower(type) from pragma_table_info($1) order by cid";
        connection.list(sql, &[table.into()], |row| Column {
            name: row.text(0).unwrap_or_default(),
            kind: match row.text(1).as_deref() {
                Some("integer") => Kind::Int,
                Some("real") => Kind::Real,
                Some("blob") => Kind::Blob,
                _ => Kind::Text,
            },
        })
    }

    fn size_bytes(&mut self) -> Result<i64, StoreError> {
        self.read_int("select p.page_count * s.page_size from pragma_page_count() p, pragma_page_size() s")
    }

    fn end_read(&mut self) -> Result<(), StoreError> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.batch("rollback; pragma shrink_memory")
    }
}

/// Returns a statement as SQLite knows it: a list is JSON to it.
fn in_dialect(sql: &str) -> Cow<'_, str> {
    const ANY: &str = "= any(";
    if !sql.contains(ANY) {
        return Cow::Borrowed(sql);
    }
    let mut pieces = sql.split(ANY);
    let mut written = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (list, rest) = piece.split_once(')').unwrap_or((piece, ""));
        written.push_str("in (select j.value from json_each(");
        written.push_str(list);
        written.push_str(") j)");
        written.push_str(rest);
    }
    Cow::Owned(written)
}

/// Returns whether parameters first appear as `$1`, `$2` and so on: SQLite numbers them by that and not by their names.
fn counts_in_order(sql: &str) -> bool {
    let numbers = sql.split('$').skip(1).filter_map(|after| {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        after[..digits].parse::<usize>().ok()
    });
    let highest = numbers.into_iter().try_fold(0, |highest, number| match number {
        number if number <= highest => Some(highest),
        number if number == highest + 1 => Some(number),
        _ => None,
    });
    highest.is_some()
}

/// A row, and the first of its columns that was read as what it is not.
struct SqliteRow<'a> {
    row: &'a Row<'a>,
    wrong: Cell<Option<(usize, &'static str)>>,
}

impl SqliteRow<'_> {
    fn refuse<T>(&self, column: usize, wanted: &'static str) -> Option<T> {
        self.wrong.set(self.wrong.get().or(Some((column, wanted))));
        None
    }
}

impl RowView for SqliteRow<'_> {
    fn int(&self, column: usize) -> Option<i64> {
        match self.row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Some(number),
            Ok(ValueRef::Null) => None,
            _ => self.refuse(column, "a whole number"),
        }
    }

    fn real(&self, column: usize) -> Option<f64> {
        match self.row.get_ref(column) {
            Ok(ValueRef::Real(number)) => Some(number),
            Ok(ValueRef::Integer(number)) => Some(number as f64),
            Ok(ValueRef::Null) => None,
            _ => self.refuse(column, "a number"),
        }
    }

    fn bytes(&self, column: usize) -> Option<&[u8]> {
        match self.row.get_ref(column) {
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => Some(bytes),
            Ok(ValueRef::Null) => None,
            _ => self.refuse(column, "a text"),
        }
    }

    fn text(&self, column: usize) -> Option<String> {
        let text = std::str::from_utf8(self.bytes(column)?);
        text.map_or_else(|_| self.refuse(column, "a text in UTF-8"), |text| Some(text.to_owned()))
    }

    fn shown(&self, column: usize) -> Option<String> {
        match self.row.get_ref(column).ok()? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        }
    }
}

/// Says which column of a row holds what it should not.
fn misfit(row: &Row<'_>, column: usize, wanted: &str) -> String {
    let name = row.as_ref().column_name(column).unwrap_or("?");
    let found = match row.get_ref(column) {
        Ok(ValueRef::Integer(_)) => "a whole number",
        Ok(ValueRef::Real(_)) => "a number",
        Ok(ValueRef::Text(_)) => "a text",
        Ok(ValueRef::Blob(_)) => "bytes",
        Ok(ValueRef::Null) => "nothing",
        Err(_) => return format!("an answer has no column {column}"),
    };
    format!("the column {name} holds {found} where {wanted} belongs")
}

/// Returns a list as the JSON array that `json_each` reads.
fn list<T>(items: &[T], write: impl Fn(&T, &mut Vec<u8>)) -> ToSqlOutput<'static> {
    let mut json = vec![b'['];
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(item, &mut json);
    }
    json.push(b']');
    ToSqlOutput::Owned(Value::Text(String::from_utf8_lossy(&json).into_owned()))
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Ints(numbers) => return Ok(list(numbers, |number, json| json.extend(number.to_string().bytes()))),
            Self::Texts(texts) => return Ok(list(texts, |text, json| quote_into(text, json))),
        }))
    }
}

/// Puts what SQLite says into words that name the remedy.
pub(super) fn explain(error: &rusqlite::Error, context: &Context) -> StoreError {
    let read_only = |reason: &str| StoreError::ReadOnly { folder: context.folder.clone(), reason: reason.to_owned() };
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return StoreError::Engine(error.to_string());
    };
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            StoreError::Locked { waited_secs: context.lock_wait.as_secs() }
        }
        ErrorCode::DiskFull => StoreError::Full,
        // A write that the system refuses half-way is how some file systems say that they are full.
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_WRITE => StoreError::Full,
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => read_only("read-only"),
        ErrorCode::CannotOpen => read_only("its database cannot be opened"),
        ErrorCode::NotADatabase => StoreError::NotAStore { file: context.folder.join(super::DATABASE_FILE) },
        ErrorCode::DatabaseCorrupt => {
            StoreError::Damaged(message.clone().unwrap_or_else(|| "a page is malformed".to_owned()))
        }
        _ => StoreError::Engine(message.clone().unwrap_or_else(|| error.to_string())),
    }
}
