//! Which sections an export has: the parameters, with every id looked up.

use super::dictionary::Dictionary;
use crate::workspace::signing::Signer;
use labelport_formats::write::{Encoder, Wanted};
use labelport_model::time::Span;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to put together, and how it is written.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    settings: Settings<'a>,
    pub(crate) encoder: &'a dyn Encoder,
    /// What is done with the rows.
    pub(crate) pass: Pass,
    /// Set while what a survey encodes is kept, to be written later.
    pub(crate) spooling: Option<&'a AtomicBool>,
}

impl<'a> Plan<'a> {
    /// Keeps what a survey encodes while a flag is set.
    pub(crate) fn spooling(self, flag: &'a AtomicBool) -> Self {
        Self { spooling: Some(flag), ..self }
    }

    /// Returns whether only losses and numbers of what is encoded are wanted.
    pub(crate) fn is_bare_survey(&self) -> bool {
        self.pass == Pass::Survey && !self.is_spooling()
    }

    /// Returns whether what is encoded is kept.
    pub(crate) fn is_spooling(&self) -> bool {
        self.spooling.is_some_and(|spooling| spooling.load(Ordering::Relaxed))
    }

    /// Gives up what was kept: what is written will be something else.
    pub(crate) fn stop_spooling(&self) {
        if let Some(spooling) = self.spooling {
            spooling.store(false, Ordering::Relaxed);
        }
    }
}

/// What is done with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// They are encoded to nowhere, to know what the format cannot hold and which numbers they take.
    Survey,
    /// They are written.
    Write,
}

/// What does not depend on the encoder.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) sections: &'a Sections,
    pub(crate) dictionary: &'a Dictionary,
    /// The most bytes of a row about which there is no notice.
    pub(crate) row_limit_bytes: usize,
    /// The span outside which labels of projects are left out.
    pub(crate) labels_created: Option<Span>,
    /// Signs the URLs of masks; `None` where the workspace keeps none.
    pub(crate) signer: Option<&'a Signer>,
}

impl<'a> Settings<'a> {
    /// Makes the plan for an encoder.
    pub(crate) fn with<'p>(self, encoder: &'p dyn Encoder, pass: Pass) -> Plan<'p>
    where
        'a: 'p,
    {
        Plan { settings: self, encoder, pass, spooling: None }
    }
}

impl<'a> Deref for Plan<'a> {
    type Target = Settings<'a>;

    fn deref(&self) -> &Self::Target {
        &self.settings
    }
}

/// The sections to assemble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) data_row_details: bool,
    pub(crate) attachments: bool,
    pub(crate) metadata: bool,
    pub(crate) embeddings: bool,
    /// `None` when the rows have no `projects`.
    pub(crate) projects: Option<Which>,
    pub(crate) project_details: bool,
    pub(crate) label_details: bool,
    pub(crate) performance_details: bool,
    /// `None` when the rows have no `experiments`.
    pub(crate) runs: Option<Which>,
    pub(crate) predictions: bool,
    pub(crate) interpolation: Interpolation,
}

impl Sections {
    /// Adds the details by which a format chooses among the labels of a row.
    pub(crate) fn add_details(&mut self) {
        self.project_details = true;
        self.label_details = true;
        self.performance_details = true;
    }

    /// Adds what the options of a format need.
    pub(crate) fn add(&mut self, wanted: Wanted) {
        self.metadata |= wanted.metadata;
        self.predictions |= wanted.predictions && self.runs.is_some();
    }
}

/// Which projects or model runs of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those with these keys.
    Keys(Vec<i64>),
    /// All that the row is in.
    All,
}

/// Whether frames between key frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interpolation {
    /// Key frames only.
    Off,
    /// Every frame of every segment, on rows whose data type has key frames.
    OfTypesWithKeyFrames,
    /// Every frame of every segment, whatever the row's data type is stored as.
    OfAllRows,
}
