//! What PostgreSQL promises in addition: every failure names its remedy, and nothing is lost that was acknowledged.

use crate::engines::{founding, now, scratch};
use crate::rows::{count, id, line, look, merge, read};
use labelport_store::postgres::scratch::{Locale, Scratch};
use labelport_store::postgres::{Address, Credentials, Postgres, PostgresError, PostgresOptions};
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use labelport_store::write::merge::{Merger, Refusal, Verdict};
use labelport_store::{Connection, Param, Step, Store, StoreError};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);

fn open_with(options: PostgresOptions) -> Result<Store, StoreError> {
    Store::open(Box::new(Postgres::open_or_create(options)?), &founding())
}

fn open(database: &Scratch) -> Store {
    open_with(database.options(WAIT).unwrap()).unwrap()
}

/// Changes a setting of new connections to a database.
fn set(database: &Scratch, setting: &str) {
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    let store = PostgresStatements::connect(database);
    store.run(&format!("alter database {name} {setting}"));
}

/// A connection to run statements that the store has no word for.
struct PostgresStatements(std::cell::RefCell<Box<dyn Connection>>);

impl PostgresStatements {
    fn connect(database: &Scratch) -> Self {
        use labelport_store::Engine;
        let engine = Postgres::open_or_create(database.options(WAIT).unwrap()).unwrap();
        Self(std::cell::RefCell::new(engine.connect_writer().unwrap()))
    }

    fn run(&self, sql: &str) {
        self.0.borrow_mut().execute(sql, &[]).unwrap();
    }
}

/// Returns the sentence of an error of the server.
#[track_caller]
fn sentence<T>(outcome: Result<T, StoreError>) -> String {
    match outcome {
        Err(StoreError::Postgres(error)) => error.to_string(),
        Err(other) => panic!("{other:?} names no remedy"),
        Ok(_) => panic!("it went well"),
    }
}

fn address(url: &str) -> PostgresOptions {
    PostgresOptions { address: Address::parse(url, &Credentials::default()).unwrap(), lock_wait: WAIT }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let said = sentence(open_with(address("postgres://ana:secret@127.0.0.1:1/work")));
    assert!(said.contains("postgres://ana@127.0.0.1:1/work cannot be reached"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    let said = sentence(open_with(address("postgres://ana@no-such-host.invalid/work")));
    assert!(said.contains("cannot be reached") && said.contains("--store"), "{said}");
}

#[test]
fn a_database_that_is_not_there_or_not_ours_is_refused() {
    let Some(database) = scratch(Locale::C) else { return };
    let said = sentence(open_with(address(&format!("{}_gone", database.url()))));
    assert!(said.contains("there is no database") && said.contains("createdb"), "{said}");
    let said = sentence(Postgres::open(database.options(WAIT).unwrap()));
    assert!(said.contains("there is no workspace in"), "{said}");
    assert!(!Postgres::has_store(database.options(WAIT).unwrap()).unwrap());
    drop(open(&database));
    assert!(Postgres::has_store(database.options(WAIT).unwrap()).unwrap());
    let statements = PostgresStatements::connect(&database);
    statements.run("drop table labelport_schema");
    let said = sentence(open_with(database.options(WAIT).unwrap()));
    assert!(said.contains("holds something else"), "{said}");
}

#[test]
fn a_database_with_an_extension_is_empty() {
    let Some(database) = scratch(Locale::C) else { return };
    // Its views lie among the tables. Debian's package of the server has it.
    PostgresStatements::connect(&database).run("create extension pg_stat_statements");
    drop(open(&database));
    assert!(Postgres::has_store(database.options(WAIT).unwrap()).unwrap());
}

#[test]
fn a_newer_schema_is_left_alone() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    merge(&store, &[line(1, "", &[])]);
    let statements = PostgresStatements::connect(&database);
    statements.run("update labelport_schema set version = 99");
    let said = sentence(store.write(|connection| connection.execute("delete from data_rows", &[])));
    assert!(said.contains("has schema 99") && said.contains("install a newer labelport"), "{said}");
    let said = sentence(open_with(database.options(WAIT).unwrap()));
    assert!(said.contains("has schema 99"), "{said}");
    statements.run("update labelport_schema set version = 1");
    assert_eq!(count(&store, "data_rows"), 1);
}

#[test]
fn a_database_that_takes_no_writes_can_be_read() {
    let Some(database) = scratch(Locale::C) else { return };
    merge(&open(&database), &[line(1, "", &[])]);
    set(&database, "set default_transaction_read_only = on");
    let store = open(&database);
    assert_eq!(count(&store, "data_rows"), 1);
    assert_eq!(store.snapshot(2).unwrap().connections.len(), 2);
    let said = sentence(store.write(|connection| connection.execute("delete from data_rows", &[])));
    assert!(said.contains("takes no writes") && said.contains("primary"), "{said}");
}

#[test]
fn a_server_without_a_free_connection_is_named() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    let statements = PostgresStatements::connect(&database);
    statements.run("create role labelport_poor login");
    statements.run(&format!("alter database {} connection limit 1", database.url().rsplit('/').next().unwrap()));
    let url = database.url().replace("labelport@", "labelport_poor@");
    let said = sentence(open_with(address(&url)));
    statements.run("drop role labelport_poor");
    assert!(said.contains("no connection left") && said.contains("too many connections"), "{said}");
    drop(store);
}

#[test]
fn readers_wait_a_moment_for_a_connection_that_another_gives_back() {
    let Some(database) = scratch(Locale::C) else { return };
    drop(open(&database));
    let statements = PostgresStatements::connect(&database);
    statements.run("create role labelport_few login");
    statements.run("grant all on schema public to labelport_few");
    statements.run("grant all on all tables in schema public to labelport_few");
    statements.run("alter role labelport_few connection limit 2");
    let url = database.url().replace("labelport@", "labelport_few@");
    let store = open_with(address(&url)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(count(&store, "counters"), 2);
                }
            });
        }
    });
    drop(store);
    statements.run("drop owned by labelport_few");
    statements.run("drop role labelport_few");
}

#[test]
fn a_statement_that_the_server_stops_is_told() {
    let Some(database) = scratch(Locale::C) else { return };
    drop(open(&database));
    set(&database, "set statement_timeout = '100ms'");
    let store = open(&database);
    let said = sentence(store.reader().unwrap().find("select pg_sleep(60)", &[], |_| ()));
    assert!(said.contains("stopped a statement") && said.contains("statement_timeout"), "{said}");
}

#[test]
fn a_writer_that_waits_too_long_says_so() {
    let Some(database) = scratch(Locale::C) else { return };
    let (one, other) = (open(&database), open_with(database.options(Duration::from_millis(100)).unwrap()).unwrap());
    let (begun, wait_for_begin) = channel();
    let (end, wait_for_end) = channel::<()>();
    let held = one.submitter().unwrap().start(move |_| {
        begun.send(()).unwrap();
        assert!(wait_for_end.recv().is_err(), "the other end says so by going away");
        Ok(())
    });
    wait_for_begin.recv().unwrap();
    let said = sentence(other.write(|_| Ok(())));
    assert!(said.contains("another process has been writing"), "{said}");
    drop(end);
    held.unwrap().wait().unwrap();
    other.write(|_| Ok(())).unwrap();
}

/// Ends connections to a database, as an administrator may, other than the one that is used for it.
fn terminate(store: &Store, which: &str) -> i64 {
    // The server may look at conditions in another order than they are written in, but for those of a case.
    let sql = format!(
        "select count(*) from pg_stat_activity where case when datname = current_database() \
         and pid <> pg_backend_pid() and {which} then pg_terminate_backend(pid) else false end"
    );
    store.reader().unwrap().count(&sql, &[]).unwrap()
}

const WRITING: &str = "backend_xid is not null";

#[test]
fn a_connection_that_is_lost_takes_nothing_that_was_acknowledged() {
    let Some(database) = scratch(Locale::C) else { return };
    let (store, other) = (open(&database), open(&database));
    merge(&store, &[line(1, "", &[])]);
    let said = sentence(store.write(move |connection| {
        connection.execute("delete from data_rows", &[])?;
        assert_eq!(terminate(&other, WRITING), 1);
        connection.execute("delete from row_ids", &[])
    }));
    assert!(said.contains("was lost") && said.contains("what was acknowledged is kept"), "{said}");
    assert_eq!(count(&store, "data_rows"), 1);
    // The next transaction has a new connection.
    merge(&store, &[line(2, "", &[])]);
    assert_eq!(count(&store, "data_rows"), 2);
    let other = open(&database);
    let outcome = store.write(move |connection| {
        connection.execute("delete from data_rows", &[])?;
        assert_eq!(terminate(&other, WRITING), 1);
        Ok(())
    });
    assert!(sentence(outcome).contains("was lost"));
    assert_eq!(count(&store, "data_rows"), 2);
}

#[test]
fn a_reader_that_was_lost_is_replaced() {
    let Some(database) = scratch(Locale::C) else { return };
    let (store, other) = (open(&database), open(&database));
    merge(&store, &[line(1, "", &[])]);
    drop(store.reader().unwrap());
    assert!(terminate(&other, "true") > 0);
    assert_eq!(count(&store, "data_rows"), 1);
}

#[test]
fn a_query_that_fails_midway_leaves_the_connection_usable() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    let (mut reader, mut read) = (store.reader().unwrap(), 0);
    let sql = "select 1 / (9000 - i) from generate_series(1, 10000) i";
    let failed = reader.query(sql, &[], &mut |_| {
        read += 1;
        ControlFlow::Continue(())
    });
    assert!(failed.unwrap_err().to_string().contains("division by zero"));
    assert!(read < 9_000, "{read} rows came");
    assert_eq!(reader.count("select count(*) from counters", &[]).unwrap(), 2);
}

#[test]
fn long_texts_are_compressed_with_lz4() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    let has_lz4 = "select count(*) from pg_settings where name = 'default_toast_compression' and 'lz4' = any(enumvals)";
    if store.reader().unwrap().count(has_lz4, &[]).unwrap() == 0 {
        return;
    }
    let long = "0123456789".repeat(1_000);
    store
        .write(move |connection| {
            let insert = "insert into labels (project_key, row_key, ordinal, has_masks, tally, id, head, annotations) \
                          values (1, 1, 0, 0, $1, 'a', 'a', $2)";
            connection.execute(insert, &[Param::Blob(b""), (&long).into()])
        })
        .unwrap();
    assert_eq!(look(&store, "select pg_column_compression(annotations) from labels").as_deref(), Some("lz4"));
}

#[test]
fn a_transaction_that_has_failed_is_not_committed() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    let outcome = store.write(|connection| {
        connection.execute("delete from counters", &[])?;
        // A caller that overlooks an error must not take the rest for done.
        drop(connection.execute("insert into nowhere (a) values (1)", &[]));
        connection.step(Step::Commit)
    });
    assert!(matches!(outcome, Err(StoreError::Engine(_))), "{outcome:?}");
    assert_eq!(count(&store, "counters"), 2);
}

#[test]
fn a_row_with_nul_in_a_name_is_refused_and_the_others_are_not() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    let keyed = |number: usize, key: &str| line(number, &format!(r#","global_key":"{key}""#), &[]);
    let verdicts = merge(&store, &[keyed(1, "one"), keyed(2, "two\\u0000"), keyed(3, "three")]);
    assert_eq!(verdicts[0], Verdict::Created);
    assert_eq!(verdicts[1], Verdict::Refused(Refusal::Nul { place: "data_row.global_key" }));
    assert_eq!(verdicts[2], Verdict::Created);
    let verdicts = merge(&store, &[keyed(1, "one\\u0000")]);
    assert!(matches!(verdicts[..], [Verdict::Refused(Refusal::Nul { .. })]), "{verdicts:?}");
    // A query that looks for it finds nothing, and a change is refused before anything is sent.
    let found = |sql: &str, param: Param<'_>| store.reader().unwrap().find(sql, &[param], |row| row.text(0)).unwrap();
    assert_eq!(found("select global_key from global_keys where global_key = $1", Param::Text("one\0")), None);
    let listed = ["one".to_owned(), "three\0".to_owned()];
    let some = "select string_agg(global_key, ' ') from global_keys where global_key = any($1)";
    assert_eq!(found(some, Param::Texts(&listed)).flatten().as_deref(), Some("one"));
    let sql = "update organizations set name = $1";
    let error = store.write(move |connection| connection.execute(sql, &[Param::Text("\0")])).unwrap_err();
    assert!(matches!(error, StoreError::Postgres(PostgresError::Nul)), "{error:?}");
}

#[test]
fn keys_and_names_may_be_longer_than_an_entry_of_an_index() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    // Not of one character: the server would compress it.
    let long: String = (0..6_000_u32).filter_map(|n| char::from_u32(97 + (n * n * 7 + n / 3) % 26)).collect();
    let keyed = |number: usize, end: &str| {
        let data_row = format!(r#","global_key":"{long}{end}","external_id":"{long}""#);
        let project = format!(r#""projects":{{"{}":{{"name":"{long}","labels":[]}}}}"#, id("j", number));
        let metadata = format!(
            r#""metadata_fields":[{{"schema_id":"{}","schema_name":"{long}","schema_kind":"CustomMetadataString","value":"{long}"}}]"#,
            id("s", number)
        );
        line(number, &data_row, &[project, metadata])
    };
    assert_eq!(merge(&store, &[keyed(1, "a"), keyed(2, "b")]), [Verdict::Created, Verdict::Created]);
    let taken = merge(&store, &[keyed(3, "a")]);
    assert!(matches!(taken[..], [Verdict::Refused(Refusal::GlobalKeyTaken { .. })]), "{taken:?}");
}

/// Merges one row a transaction, again and again, and loses its connection now and then.
fn import(store: &Store, first: usize, rows: usize, lost: bool, other: &Store) {
    let mut merger = Some(Merger::new(store.org_key(), now()));
    for number in first..first + rows {
        let is_lost = lost && number % 7 == 3;
        loop {
            let mut taken = merger.take().unwrap_or_else(|| Merger::new(store.org_key(), now()));
            let row = read(&line(number, "", &[]));
            let outcome = store.write(move |connection| {
                taken.begin(connection)?;
                taken.merge_all(connection, &[&row])?;
                taken.end(connection)?;
                Ok(taken)
            });
            match outcome {
                Ok(back) => {
                    merger = Some(back);
                    break;
                }
                Err(StoreError::Postgres(PostgresError::Lost { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        }
        if is_lost {
            terminate(other, WRITING);
        }
    }
}

#[test]
fn two_importers_whose_connections_are_ended_at_any_moment_count_without_a_gap() {
    let Some(database) = scratch(Locale::C) else { return };
    let stores = [open(&database), open(&database), open(&database)];
    std::thread::scope(|scope| {
        scope.spawn(|| import(&stores[0], 1_000, 60, true, &stores[2]));
        scope.spawn(|| import(&stores[1], 2_000, 60, true, &stores[2]));
    });
    // A row that was written when the answer was lost is unchanged the second time, and takes no number.
    assert_eq!(count(&stores[2], "data_rows"), 120);
    let numbers =
        stores[2].reader().unwrap().list("select change_seq from data_rows order by row_key", &[], |row| row.int(0));
    assert_eq!(numbers.unwrap(), (1..=120).map(Some).collect::<Vec<_>>(), "numbers are in commit order");
    assert_eq!(look(&stores[2], "select change_seq from organizations").as_deref(), Some("120"));
    assert_eq!(crate::engines::findings(&stores[2]), Vec::<String>::new());
}

#[test]
fn tables_have_the_columns_that_they_have_on_sqlite() {
    let Some(database) = scratch(Locale::C) else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { lock_wait: WAIT, max_pages: None };
    let sqlite = Store::open(Box::new(Sqlite::open_or_create(folder.path(), options).unwrap()), &founding()).unwrap();
    let columns = |store: &Store, sql: &str| -> BTreeSet<(Option<String>, Option<String>)> {
        store.reader().unwrap().list(sql, &[], |row| (row.text(0), row.text(1))).unwrap().into_iter().collect()
    };
    let here = columns(
        &open(&database),
        "select table_name, column_name from information_schema.columns \
         where table_schema = current_schema() and table_name <> 'labelport_schema'",
    );
    let there = columns(
        &sqlite,
        "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'",
    );
    assert_eq!(here, there);
    let texts = columns(
        &open(&database),
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid \
         where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.atttypid = 'text'::regtype \
         and a.attcollation <> '\"C\"'::regcollation",
    );
    assert_eq!(texts, BTreeSet::new(), "texts that are not compared by their bytes");
}

#[test]
fn the_doctor_looks_at_indexes_where_the_server_can() {
    let Some(database) = scratch(Locale::C) else { return };
    let store = open(&database);
    merge(&store, &crate::rows::twelve());
    let statements = PostgresStatements::connect(&database);
    let unchecked = || store.reader().unwrap().unchecked().unwrap();
    assert!(unchecked().is_some_and(|message| message.contains("create extension amcheck")));
    statements.run("create schema extensions");
    statements.run("create extension amcheck schema extensions");
    assert_eq!(unchecked(), None);
    statements.run(
        "create function bt_index_check(regclass) returns void language plpgsql as \
         $$ begin if $1::text = 'labels_pkey' then raise 'it is out of order'; end if; end $$",
    );
    let found = crate::engines::findings(&store);
    assert!(matches!(&found[..], [one] if one.contains("labels_pkey") && one.contains("out of order")), "{found:?}");
    statements.run("drop function bt_index_check(regclass)");
    statements.run("alter extension amcheck set schema public");
    assert_eq!(crate::engines::findings(&store), Vec::<String>::new());
}

#[test]
fn what_one_process_says_the_others_hear_and_nobody_else() {
    let Some(database) = scratch(Locale::C) else { return };
    let (here, there) = (open(&database), open(&database));
    let mut listener = here.listener().unwrap().unwrap();
    let other = scratch(Locale::C).unwrap();
    open(&other).reader().unwrap().say("not for us").unwrap();
    there.reader().unwrap().say("first").unwrap();
    there.write(|connection| connection.say("second")).unwrap();
    let refused = there.write(|connection| {
        connection.say("withdrawn")?;
        Err::<(), _>(StoreError::Withdrawn)
    });
    assert!(refused.is_err());
    let mut heard = Vec::new();
    while heard.len() < 2 {
        heard.append(&mut listener.wait(WAIT).unwrap());
    }
    assert_eq!(heard, ["first", "second"]);
    assert_eq!(listener.wait(Duration::from_millis(50)).unwrap(), Vec::<String>::new());
    terminate(&there, "query like 'listen %'");
    assert!(listener.wait(WAIT).is_err(), "a connection that was lost hears nothing");
}

#[test]
fn a_state_is_read_by_others_until_nobody_holds_it() {
    let Some(database) = scratch(Locale::C) else { return };
    let (here, there) = (open(&database), open(&database));
    let count = |connection: &mut dyn Connection| connection.count("select count(*) from settings", &[]).unwrap();
    let mut held = here.snapshot(1).unwrap();
    let before = count(&mut *held.connections[0]);
    let state = held.connections[0].export_state().unwrap().unwrap();
    there.write(|connection| labelport_store::tables::settings::put(connection, "later", "1")).unwrap();
    let mut joined = there.join(&state, 2).unwrap().unwrap();
    assert_eq!(joined.change_seq, held.change_seq);
    assert!(joined.connections.iter_mut().all(|connection| count(&mut **connection) == before));
    // Who has joined can be joined.
    let next = joined.connections[0].export_state().unwrap().unwrap();
    drop(held);
    assert!(here.join(&state, 1).unwrap().is_none());
    let mut last = here.join(&next, 1).unwrap().unwrap();
    assert_eq!(count(&mut *last.connections[0]), before);
    assert_eq!(count(&mut *here.reader().unwrap()), before + 1);
    for nonsense in ["", "00000003-0000001B-1", "'; select 1", "../x"] {
        assert!(here.join(nonsense, 1).unwrap().is_none(), "{nonsense}");
    }
}
