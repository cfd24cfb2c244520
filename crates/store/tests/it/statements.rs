//! Statements: values come back as they went in.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::look;
use labelport_store::tables::slices::{self, Slice};
use labelport_store::{Param, RowView, StoreError};
use std::ops::ControlFlow;

const CONTRACTS: &[Contract] = &[
    ("a value of another type fails the query", a_value_of_another_type_fails_the_query),
    ("values come back", values_come_back),
    ("a large text comes back", a_large_text_comes_back),
    ("a parameter may be used twice", a_parameter_may_be_used_twice),
    ("reading stops when asked", reading_stops_when_asked),
    ("many rows come in order", many_rows_come_in_order),
    ("a callback may ask another connection", a_callback_may_ask_another_connection),
    ("a bad statement is an error", a_bad_statement_is_an_error),
];

#[test]
fn contracts_of_statements() {
    hold(CONTRACTS);
}

fn values_come_back(test: &TestStore) {
    let texts = ["", "a", "it's \"quoted\" \\ % _", "naïve — 東京 🚤", "line\nline\t\u{1}", "\u{10ffff}"];
    let blob: Vec<u8> = (0..=255).collect();
    for text in texts {
        for number in [0, -1, i64::MAX, i64::MIN] {
            for real in [0.5, -1e300, f64::MIN_POSITIVE] {
                let expect = blob.clone();
                test.store
                    .write(move |connection| {
                        let insert = "insert into metadata (row_key, ordinal, part, schema_key, text_value, \
                                      number_value, time_ms) values (1, 0, 0, 0, $1, $2, $3)";
                        connection.execute(insert, &[text.into(), Param::Real(real), number.into()])?;
                        let sql = "select text_value, number_value, time_ms, option_id from metadata \
                                   where text_value = $1 and number_value = $2 and time_ms = $3 and option_id is null";
                        let read = connection
                            .find(sql, &[text.into(), Param::Real(real), number.into()], |row| {
                                (row.text(0), row.real(1), row.int(2), row.text(3), row.int(3), row.real(3))
                            })?
                            .unwrap();
                        assert_eq!(read, (Some(text.to_owned()), Some(real), Some(number), None, None, None));
                        assert_eq!(connection.execute("delete from metadata where row_key = 1", &[])?, 1);
                        let insert = "insert into labels (project_key, row_key, ordinal, has_masks, tally, id, head, \
                                      annotations) values (1, 1, 0, 0, $1, $2, $2, $2)";
                        connection.execute(insert, &[Param::Blob(&expect), text.into()])?;
                        let read = connection.find("select tally, head from labels", &[], |row| {
                            assert_eq!(row.bytes(0), Some(&expect[..]));
                            assert_eq!(row.bytes(1), Some(text.as_bytes()));
                        })?;
                        assert!(read.is_some());
                        connection.execute("delete from labels", &[])
                    })
                    .unwrap();
            }
        }
    }
}

fn a_value_of_another_type_fails_the_query(test: &TestStore) {
    type Read = fn(&dyn RowView);
    let cases: [(&str, Read, &str); 3] = [
        (
            "select 'a' as what",
            |row| assert_eq!(row.int(0), None),
            "the column what holds a text where a whole number belongs",
        ),
        (
            "select 'a' as what",
            |row| assert_eq!(row.real(0), None),
            "the column what holds a text where a number belongs",
        ),
        (
            "select 1 as what",
            |row| assert_eq!(row.text(0), None),
            "the column what holds a whole number where a text belongs",
        ),
    ];
    let mut reader = test.store.reader().unwrap();
    for (sql, read, expect) in cases {
        let error = reader.find(sql, &[], read).unwrap_err().to_string();
        assert!(error.contains(expect) && error.contains("labelport doctor"), "{error}");
        assert!(reader.find(sql, &[], |row| assert!(row.shown(0).is_some())).unwrap().is_some());
    }
}

fn a_large_text_comes_back(test: &TestStore) {
    let filter: String = "0123456789abcdef—".chars().cycle().take(20_000_000).collect();
    let slice = Slice {
        id: "s".to_owned(),
        name: "large".to_owned(),
        description: None,
        filter: filter.clone(),
        created: now(),
    };
    let org_key = test.store.org_key();
    assert!(test.store.write(move |connection| slices::create(connection, org_key, &slice)).unwrap());
    let mut reader = test.store.reader().unwrap();
    assert!(slices::list(&mut *reader, org_key).unwrap()[0].filter == filter);
}

fn a_parameter_may_be_used_twice(test: &TestStore) {
    let sql = "select count(*) from counters where name = $1 or name = $2 or name = $1";
    let mut reader = test.store.reader().unwrap();
    assert_eq!(reader.count(sql, &["commit".into(), "row_key".into()]).unwrap(), 2);
}

fn reading_stops_when_asked(test: &TestStore) {
    let mut reader = test.store.reader().unwrap();
    let mut names = Vec::new();
    let sql = "select name from counters order by name desc";
    reader
        .query(sql, &[], &mut |row| {
            names.extend(row.text(0));
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!(names, ["row_key"]);
    assert_eq!(reader.list(sql, &[], |row| row.text(0).unwrap()).unwrap(), ["row_key", "commit"]);
    assert!(reader.find("select name from counters where name = 'x'", &[], |_| ()).unwrap().is_none());
}

const MANY: i64 = 20_000;

/// Returns a query with `MANY` numbered rows. Every thousandth has a text.
fn numbered() -> String {
    format!(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < {MANY}) \
         select i, case when i % 1000 = 0 then (select name from counters where name = 'row_key') end from n"
    )
}

fn many_rows_come_in_order(test: &TestStore) {
    let mut reader = test.store.reader().unwrap();
    let expect: Vec<i64> = (1..=MANY).collect();
    for stop in [1, 2, 999, 5_000, MANY, MANY + 1] {
        let mut read = Vec::new();
        let each = &mut |row: &dyn RowView| {
            read.extend(row.int(0));
            if read.len() as i64 == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        reader.query(&numbered(), &[], each).unwrap();
        assert!(read == expect[..stop.min(MANY) as usize], "{} rows, asked for {stop}", read.len());
        // Rows that were not read are not mistaken for the answer of the next query.
        assert_eq!(reader.count("select count(*) from counters", &[]).unwrap(), 2);
    }
}

fn a_callback_may_ask_another_connection(test: &TestStore) {
    let (mut reader, mut other) = (test.store.reader().unwrap(), test.store.reader().unwrap());
    let mut asked = 0;
    let each = &mut |row: &dyn RowView| {
        if row.text(1).is_some() {
            asked += other.count("select count(*) from counters", &[]).unwrap();
        }
        ControlFlow::Continue(())
    };
    reader.query(&numbered(), &[], each).unwrap();
    assert_eq!(asked, 2 * MANY / 1_000);
}

fn a_bad_statement_is_an_error(test: &TestStore) {
    let outcome = test.store.write(|connection| connection.execute("insert into nowhere (a) values (1)", &[]));
    assert!(matches!(outcome, Err(StoreError::Engine(_))), "{outcome:?}");
    let mut reader = test.store.reader().unwrap();
    let outcome = reader.execute("update counters set value = 7 where name = 'commit'", &[]);
    assert!(outcome.is_err(), "a reader has written");
    assert_ne!(look(&test.store, "select value from counters where name = 'commit'"), Some("7".to_owned()));
}
