//! A client for one thread: each call waits for its answer.
//!
//! The library under it is asynchronous. What is sent and what comes travels while a call waits, and at no other time. Rows are taken
//! as they arrive, all that came together at once: to enter the runtime for each of them costs more than to read it.

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

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The system refuses what a client needs.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// There is no server, or it refuses.
    #[error(transparent)]
    Server(#[from] Error),
}

/// A session with a server. It ends when this is dropped.
pub(super) struct Client {
    // Dropped before the wire, which then has the server end the session.
    session: tokio_postgres::Client,
    wire: Wire,
}

/// What connects a session with its server.
struct Wire {
    runtime: Runtime,
    connection: Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
    /// What other sessions said, and nobody has asked for yet.
    heard: Vec<String>,
    is_open: bool,
}

impl Wire {
    /// Waits for an answer.
    fn wait<T>(&mut self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut answer = pin!(answer);
        self.wait_for(|task, _, _| answer.as_mut().poll(task))
    }

    /// Sends and receives until `ready` returns something, given what was heard and whether the wire is open.
    fn wait_for<T>(
        &mut self,
        mut ready: impl FnMut(&mut Context<'_>, &mut Vec<String>, bool) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        let Self { runtime, connection, heard, is_open } = self;
        runtime.block_on(future::poll_fn(|task| {
            while *is_open {
                match connection.poll_message(task) {
                    Poll::Ready(Some(Ok(AsyncMessage::Notification(message)))) => {
                        heard.push(message.payload().to_owned());
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
            ready(task, heard, *is_open)
        }))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The session is gone, so the wire ends once the server has heard of it.
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
        Ok(Self { session, wire: Wire { runtime, connection, heard: Vec::new(), is_open: true } })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Runs statements, and returns nothing of what they select.
    pub(super) fn batch_execute(&mut self, sql: &str) -> Result<(), Error> {
        let Self { session, wire } = self;
        wire.wait(session.batch_execute(sql))
    }

    /// Runs statements without parameters.
    pub(super) fn simple_query(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        let Self { session, wire } = self;
        wire.wait(session.simple_query(sql))
    }

    pub(super) fn prepare(&mut self, sql: &str) -> Result<Statement, Error> {
        let Self { session, wire } = self;
        wire.wait(session.prepare(sql))
    }

    /// Runs a query that has few rows.
    pub(super) fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let Self { session, wire } = self;
        wire.wait(session.query(sql, params))
    }

    /// Runs a query that has one row.
    pub(super) fn query_one(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let Self { session, wire } = self;
        wire.wait(session.query_one(sql, params))
    }

    /// Runs a prepared statement.
    pub(super) fn run<P, I>(&mut self, statement: &Statement, params: I) -> Result<Rows<'_>, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let Self { session, wire } = self;
        let stream = Box::pin(wire.wait(session.query_raw(statement, params))?);
        Ok(Rows { wire, stream, arrived: VecDeque::new(), is_complete: false })
    }

    /// Runs a prepared statement that copies rows into a table.
    pub(super) fn copy_in(&mut self, statement: &Statement) -> Result<Copy<'_>, Error> {
        let Self { session, wire } = self;
        let sink = Box::pin(wire.wait(session.copy_in(statement))?);
        Ok(Copy { wire, sink })
    }

    /// Waits for what other sessions say, and returns what came together. Nothing after `timeout`, or where the session has ended.
    pub(super) fn hear(&mut self, timeout: Duration) -> Result<Vec<String>, Error> {
        let late = {
            let _in_runtime = self.wire.runtime.enter();
            tokio::time::sleep(timeout)
        };
        let mut late = pin!(late);
        self.wire.wait_for(|task, heard, is_open| match heard.is_empty() && is_open {
            true => late.as_mut().poll(task).map(|()| Ok(Vec::new())),
            false => Poll::Ready(Ok(std::mem::take(heard))),
        })
    }
}

/// The rows of an answer. Those that are not asked for are passed over by the next call.
pub(super) struct Rows<'a> {
    wire: &'a mut Wire,
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

    /// Waits for a row, and takes what came with it. The answer is complete if it takes none.
    fn receive(&mut self) -> Result<(), Error> {
        let Self { wire, stream, arrived, is_complete } = self;
        wire.wait(future::poll_fn(|task| {
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

    /// Passes over the rows, and returns how many were written.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        while self.next()?.is_some() {}
        Ok(self.stream.rows_affected().unwrap_or(0))
    }
}

/// Rows on their way into a table. They are taken back unless [`finish`](Self::finish) is called.
pub(super) struct Copy<'a> {
    wire: &'a mut Wire,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl Copy<'_> {
    pub(super) fn send(&mut self, bytes: Bytes) -> Result<(), Error> {
        let Self { wire, sink } = self;
        wire.wait(sink.send(bytes))
    }

    pub(super) fn finish(self) -> Result<u64, Error> {
        let Self { wire, mut sink } = self;
        wire.wait(sink.as_mut().finish())
    }
}
