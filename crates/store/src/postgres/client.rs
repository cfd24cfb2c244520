//! A blocking client: each call waits for its answer.
//!
//! The library underneath is asynchronous. Messages are sent and received only while a call waits. Rows are read in the batches in
//! which they arrive, because entering the runtime for each row costs more than reading it.

use bytes::Bytes;
use futures_util::{SinkExt, Stream};
use std::collections::VecDeque;
use std::future::{self, Future};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{BorrowToSql, ToSql};
use tokio_postgres::{
    AsyncMessage, Config, Connection, CopyInSink, Error, Row, RowStream, SimpleQueryMessage, Socket, Statement,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why a session could not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The operating system could not provide what a client needs, such as a file descriptor.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// The server cannot be reached, or refuses the session.
    #[error(transparent)]
    Server(#[from] Error),
}

/// A session with a server. It ends when this is dropped.
pub(super) struct Client {
    // Dropped before the driver, which then closes the connection.
    session: tokio_postgres::Client,
    driver: Driver,
}

/// Sends and receives messages while a call waits.
struct Driver {
    runtime: Runtime,
    connection: Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
    /// The payloads of notifications that were received and not returned yet.
    notifications: Vec<String>,
    is_open: bool,
}

impl Driver {
    /// Waits for an answer.
    fn wait<T>(&mut self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut answer = pin!(answer);
        self.wait_for(|task, _, _| answer.as_mut().poll(task))
    }

    /// Sends and receives until `ready` returns something, given the notifications and whether the connection is open.
    fn wait_for<T>(
        &mut self,
        mut ready: impl FnMut(&mut Context<'_>, &mut Vec<String>, bool) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        let Self { runtime, connection, notifications, is_open } = self;
        runtime.block_on(future::poll_fn(|task| {
            while *is_open {
                match connection.poll_message(task) {
                    Poll::Ready(Some(Ok(AsyncMessage::Notification(message)))) => {
                        notifications.push(message.payload().to_owned());
                    }
                    // Notices are for people.
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => {
                        *is_open = false;
                        return Poll::Ready(Err(error));
                    }
                    Poll::Ready(None) => *is_open = false,
                    Poll::Pending => break,
                }
            }
            ready(task, notifications, *is_open)
        }))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The session was dropped, so the connection closes as soon as the server has been notified.
        let Self { runtime, connection, is_open, .. } = self;
        if *is_open {
            drop(runtime.block_on(connection));
        }
    }
}

impl Client {
    pub(super) fn connect(config: &Config, encryption: MakeRustlsConnect) -> Result<Self, ConnectError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (session, connection) = runtime.block_on(config.connect(encryption))?;
        Ok(Self { session, driver: Driver { runtime, connection, notifications: Vec::new(), is_open: true } })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Runs statements and ignores the rows they return.
    pub(super) fn batch_execute(&mut self, sql: &str) -> Result<(), Error> {
        let Self { session, driver } = self;
        driver.wait(session.batch_execute(sql))
    }

    /// Runs statements without parameters.
    pub(super) fn simple_query(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        let Self { session, driver } = self;
        driver.wait(session.simple_query(sql))
    }

    pub(super) fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        let Self { session, driver } = self;
        driver.wait(session.prepare(sql))
    }

    /// Runs a query that has few rows.
    pub(super) fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let Self { session, driver } = self;
        driver.wait(session.query(sql, params))
    }

    /// Runs a query that has one row.
    pub(super) fn query_one(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let Self { session, driver } = self;
        driver.wait(session.query_one(sql, params))
    }

    /// Runs a prepared statement.
    pub(super) fn run<P, I>(&mut self, statement: &Statement, params: I) -> Result<Rows<'_>, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let Self { session, driver } = self;
        let stream = Box::pin(driver.wait(session.query_raw(statement, params))?);
        Ok(Rows { driver, stream, arrived: VecDeque::new(), is_complete: false })
    }

    /// Runs a prepared statement that copies rows into a table.
    pub(super) fn copy_in(&mut self, statement: &Statement) -> Result<Copy<'_>, Error> {
        let Self { session, driver } = self;
        let sink = Box::pin(driver.wait(session.copy_in(statement))?);
        Ok(Copy { driver, sink })
    }

    /// Waits for notifications and returns the payloads of all that have arrived. Returns none after `timeout`, or if the session has
    /// ended.
    pub(super) fn notifications(&mut self, timeout: Duration) -> Result<Vec<String>, Error> {
        let late = {
            let _in_runtime = self.driver.runtime.enter();
            tokio::time::sleep(timeout)
        };
        let mut late = pin!(late);
        self.driver.wait_for(|task, notifications, is_open| match notifications.is_empty() && is_open {
            true => late.as_mut().poll(task).map(|()| Ok(Vec::new())),
            false => Poll::Ready(Ok(std::mem::take(notifications))),
        })
    }
}

/// The rows of an answer. The next call skips those that were not read.
pub(super) struct Rows<'a> {
    driver: &'a mut Driver,
    stream: Pin<Box<RowStream>>,
    arrived: VecDeque<Row>,
    is_complete: bool,
}

impl Rows<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Row>, Error> {
        if self.arrived.is_empty() && !self.is_complete {
            self.receive()?;
        }
        Ok(self.arrived.pop_front())
    }

    /// Waits for rows and reads all that have arrived. Reads none if the answer is complete.
    fn receive(&mut self) -> Result<(), Error> {
        let Self { driver, stream, arrived, is_complete } = self;
        driver.wait(future::poll_fn(|task| {
            loop {
                match stream.as_mut().poll_next(task) {
                    Poll::Ready(Some(Ok(row))) => arrived.push_back(row),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Pending if arrived.is_empty() => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(())),
                    Poll::Ready(None) => {
                        *is_complete = true;
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }))
    }

    /// Skips the remaining rows and returns how many were written.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        while self.next()?.is_some() {}
        Ok(self.stream.rows_affected().unwrap_or(0))
    }
}

/// A copy into a table. It is aborted unless [`finish`](Self::finish) is called.
pub(super) struct Copy<'a> {
    driver: &'a mut Driver,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl Copy<'_> {
    pub(super) fn send(&mut self, bytes: Bytes) -> Result<(), Error> {
        let Self { driver, sink } = self;
        driver.wait(sink.send(bytes))
    }

    pub(super) fn finish(self) -> Result<u64, Error> {
        let Self { driver, mut sink } = self;
        driver.wait(sink.as_mut().finish())
    }
}
