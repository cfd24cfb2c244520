//! Reading blocks at the nodes that have them.

use super::places::Places;
use crate::engine::{Each, Param, StoreError};
use crate::postgres::PostgresOptions;
use crate::postgres::blocks;
use crate::postgres::client::Client;
use crate::postgres::error;
use crate::postgres::session::{self, Prepared, Role};
use std::borrow::Cow;
use std::collections::HashMap;

/// Sessions with all nodes of a cluster.
pub(in crate::postgres) struct Direct {
    nodes: Vec<Session>,
    places: Places,
    /// Which part blocks are in.
    known: HashMap<i64, usize>,
}

struct Session {
    options: PostgresOptions,
    client: Client,
    /// By the statement and the part.
    statements: Prepared,
}

impl Direct {
    /// Connects to the nodes.
    pub(in crate::postgres) fn open(options: &PostgresOptions, coordinator: &mut Client) -> Result<Self, StoreError> {
        let loaded = Places::load(coordinator);
        let places = loaded.map_err(|error| error::explain(&error, session::context(options)))?;
        let connect = |options: PostgresOptions| {
            let client = session::connect(&options, Role::Reader)?;
            Ok(Session { options, client, statements: Prepared::default() })
        };
        let nodes =
            places.nodes.iter().map(|node| connect(node.options(options))).collect::<Result<_, StoreError>>()?;
        Ok(Self { nodes, places, known: HashMap::new() })
    }

    /// Returns whether a node has ended its session.
    pub(in crate::postgres) fn is_lost(&self) -> bool {
        self.nodes.iter().any(|node| node.client.is_closed())
    }

    /// Looks where blocks are now.
    pub(in crate::postgres) fn refresh(
        &mut self,
        options: &PostgresOptions,
        coordinator: &mut Client,
    ) -> Result<(), StoreError> {
        let loaded = Places::load(coordinator);
        let places = loaded.map_err(|error| error::explain(&error, session::context(options)))?;
        if places.nodes == self.places.nodes {
            (self.places, self.known) = (places, HashMap::new());
            self.nodes.iter_mut().for_each(|node| node.statements = Prepared::default());
        } else {
            *self = Self::open(options, coordinator)?;
        }
        Ok(())
    }

    /// Begins to read the state that each node has now.
    pub(in crate::postgres) fn begin(&mut self) -> Result<(), StoreError> {
        // The state is that of the first statement.
        self.run("begin isolation level repeatable read read only; select pg_current_snapshot()")
    }

    pub(in crate::postgres) fn end(&mut self) -> Result<(), StoreError> {
        self.run("rollback")
    }

    fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        self.nodes.iter_mut().try_for_each(|node| {
            let outcome = node.client.batch_execute(sql);
            outcome.map_err(|error| error::explain(&error, session::context(&node.options)))
        })
    }

    /// Runs a query about rows of one block where that lies. Returns false for one that needs other tables, too.
    pub(in crate::postgres) fn query(
        &mut self,
        block: i64,
        sql: &str,
        params: &[Param<'_>],
        each: &mut Each<'_>,
    ) -> Result<bool, StoreError> {
        if !blocks::is_within(sql) {
            return Ok(false);
        }
        let Some(number) = self.part_of(block)? else { return Ok(false) };
        let part = self.places.part(number);
        // A table of that name at a node is the whole one, in a state of its own.
        if !blocks::are_named(sql, &part.names) {
            return Ok(false);
        }
        let Session { options, client, statements } = &mut self.nodes[part.node];
        let context = session::context(options);
        let asked = format!("{number} {sql}");
        let named = || Cow::Owned(blocks::with_names(&blocks::in_block(sql, params.len()), &part.names));
        let statement = statements.get(client, &asked, named, context)?;
        let with_block: Vec<Param<'_>> = params.iter().copied().chain([Param::Int(block)]).collect();
        session::read(client, &statement, sql, &with_block, each, context)?;
        Ok(true)
    }

    /// Returns the part that a block is in. Any server knows the hash by which that is found.
    fn part_of(&mut self, block: i64) -> Result<Option<usize>, StoreError> {
        if let Some(part) = self.known.get(&block) {
            return Ok(Some(*part));
        }
        let Some(Session { options, client, .. }) = self.nodes.first_mut() else { return Ok(None) };
        let hash = client.query_one("select hashint8($1)", &[&block]).and_then(|row| row.try_get::<_, i32>(0));
        let hash = hash.map_err(|error| error::explain(&error, session::context(options)))?;
        let part = self.places.find(i64::from(hash));
        if let Some(part) = part {
            self.known.insert(block, part);
        }
        Ok(part)
    }
}
