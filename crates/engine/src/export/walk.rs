//! Pages walked row by row, and what each says about a row.

use super::count::{Counts, Unknown};
use super::rewrite::{Rewrite, Rewritten};
use super::sections::{Plan, Sections};
use labelport_model::json::Document;
use labelport_model::record::{Annotations, LabelRecord, ModelRecord, ProjectRecord, RunRecord, Spill};
use labelport_model::time::{Span, Timestamp};
use labelport_store::read::page::Page;
use labelport_store::row_key::RowKey;
use std::ops::Range;

/// The pages of one project or model run.
#[derive(Default)]
pub(super) struct ScopePages {
    pub(super) key: i64,
    pub(super) rows: Page,
    pub(super) labels: Page,
    pub(super) predictions: Page,
}

/// A walk through a page in key order.
pub(super) struct Walk<'p> {
    pub(super) page: &'p Page,
    at: usize,
}

impl<'p> Walk<'p> {
    pub(super) fn new(page: &'p Page) -> Self {
        Self { page, at: 0 }
    }

    pub(super) fn of(&mut self, row: RowKey) -> Range<usize> {
        self.page.entries_of(row, &mut self.at)
    }
}

/// What labels are written with instead of what is stored.
#[derive(Clone, Copy)]
pub(super) struct Rewriting<'r> {
    pub(super) labels: &'r Rewritten,
    pub(super) spill: &'r Spill<'r>,
}

/// One project's pages, walked row by row.
pub(super) struct ProjectWalk<'p> {
    pages: &'p ScopePages,
    plan: &'p Plan<'p>,
    rows: Walk<'p>,
    labels: Walk<'p>,
    /// The labels of the row that was entered, apart from those that are left out.
    entries: Vec<usize>,
}

impl<'p> ProjectWalk<'p> {
    pub(super) fn new(pages: &'p ScopePages, plan: &'p Plan<'p>) -> Self {
        Self { pages, plan, rows: Walk::new(&pages.rows), labels: Walk::new(&pages.labels), entries: Vec::new() }
    }

    /// Goes on to a row, whose labels are these entries of the page.
    pub(super) fn enter(&mut self, row: RowKey) -> (&'p Page, &[usize]) {
        let page = &self.pages.labels;
        self.entries.clear();
        let entries = self.labels.of(row);
        match self.plan.labels_created {
            None => self.entries.extend(entries),
            Some(span) => self.entries.extend(entries.filter(|entry| is_created_in(page.text(*entry, 1), &span))),
        }
        (page, &self.entries)
    }

    /// Returns the labels of the row that was entered.
    pub(super) fn labels<'r>(
        &self,
        sections: &Sections,
        counts: &mut Counts,
        rewriting: Option<Rewriting<'r>>,
    ) -> Vec<LabelRecord<'r>>
    where
        'p: 'r,
    {
        let page = &self.pages.labels;
        let mut labels = Vec::new();
        for entry in self.entries.iter().copied() {
            let (details, performance) = (page.text(entry, 1), page.text(entry, 2));
            if sections.label_details && details.is_none() {
                counts.miss(Unknown::LabelDetails);
            }
            if sections.performance_details && performance.is_none() {
                counts.miss(Unknown::PerformanceDetails);
            }
            labels.push(LabelRecord {
                head: page.text(entry, 0).unwrap_or(b""),
                details,
                performance,
                rest: page.text(entry, 3).unwrap_or(b""),
                annotations: annotations(page, entry, [4, 5], rewriting, counts),
            });
        }
        counts.labels += labels.len() as u64;
        labels
    }

    pub(super) fn record<'r>(
        &mut self,
        row: RowKey,
        labels: &'r [LabelRecord<'r>],
        sections: &Sections,
        counts: &mut Counts,
    ) -> Option<ProjectRecord<'r>>
    where
        'p: 'r,
    {
        let entry = self.rows.of(row).next()?;
        let project = self.plan.dictionary.project(self.pages.key)?;
        let details = self.pages.rows.text(entry, 0);
        if sections.project_details && details.is_none() {
            counts.miss(Unknown::ProjectDetails);
        }
        let rest = self.pages.rows.text(entry, 1).unwrap_or(b"");
        Some(ProjectRecord {
            id: &project.id,
            name: project.name.as_deref(),
            labels,
            details,
            tags: project.tags.as_deref(),
            rest,
        })
    }
}

/// One model run's pages, walked row by row.
pub(super) struct RunWalk<'p> {
    pages: &'p ScopePages,
    plan: &'p Plan<'p>,
    rows: Walk<'p>,
    labels: Walk<'p>,
    predictions: Walk<'p>,
    /// The labels and the predictions of the row that was entered.
    entries: [Vec<usize>; 2],
}

/// A run's record with the model that it belongs to.
pub(super) struct InModel<'r> {
    model_id: &'r str,
    model_name: Option<&'r [u8]>,
    model_rest: &'r [u8],
    pub(super) run: RunRecord<'r>,
}

impl<'p> RunWalk<'p> {
    pub(super) fn new(pages: &'p ScopePages, plan: &'p Plan<'p>) -> Self {
        let [rows, labels, predictions] = [&pages.rows, &pages.labels, &pages.predictions].map(Walk::new);
        Self { pages, plan, rows, labels, predictions, entries: [Vec::new(), Vec::new()] }
    }

    /// Goes on to a row, whose labels and predictions are these entries of the pages.
    pub(super) fn enter(&mut self, row: RowKey, sections: &Sections) -> [(&'p Page, &[usize]); 2] {
        let predictions = if sections.predictions { self.predictions.of(row) } else { 0..0 };
        for (list, entries) in self.entries.iter_mut().zip([self.labels.of(row), predictions]) {
            list.clear();
            list.extend(entries);
        }
        let [labels, predictions] = &self.entries;
        [(&self.pages.labels, labels), (&self.pages.predictions, predictions)]
    }

    /// Returns the labels and the predictions of the row that was entered.
    pub(super) fn labels<'r>(
        &self,
        counts: &mut Counts,
        [of_labels, of_predictions]: [Option<Rewriting<'r>>; 2],
    ) -> [Vec<LabelRecord<'r>>; 2]
    where
        'p: 'r,
    {
        let mut read = |page: &'p Page, entries: &[usize], rewriting| -> Vec<LabelRecord<'r>> {
            let label = |entry| LabelRecord {
                head: page.text(entry, 0).unwrap_or(b""),
                details: None,
                performance: None,
                rest: page.text(entry, 1).unwrap_or(b""),
                annotations: annotations(page, entry, [2, 3], rewriting, counts),
            };
            entries.iter().copied().map(label).collect()
        };
        let labels = read(&self.pages.labels, &self.entries[0], of_labels);
        let predictions = read(&self.pages.predictions, &self.entries[1], of_predictions);
        counts.run_labels += labels.len() as u64;
        counts.predictions += predictions.len() as u64;
        [labels, predictions]
    }

    pub(super) fn record<'r>(
        &mut self,
        row: RowKey,
        labels: &'r [Vec<LabelRecord<'r>>; 2],
        sections: &Sections,
        counts: &mut Counts,
    ) -> Option<InModel<'r>>
    where
        'p: 'r,
    {
        let entry = self.rows.of(row).next()?;
        let run = self.plan.dictionary.run(self.pages.key)?;
        let known = self.pages.rows.int(entry, 0);
        if known & 1 == 0 {
            counts.miss(Unknown::RunLabels);
        }
        if sections.predictions && known & 2 == 0 {
            counts.miss(Unknown::Predictions);
        }
        let text = |column| self.pages.rows.text(entry, column).unwrap_or(b"");
        Some(InModel {
            model_id: &run.model_id,
            model_name: run.model_name.as_deref(),
            model_rest: text(2),
            run: RunRecord {
                id: &run.id,
                name: run.name.as_deref(),
                head: text(0),
                labels: &labels[0],
                // What is not known is left out: an empty list would say that there are none.
                predictions: (sections.predictions && known & 2 != 0).then_some(&labels[1][..]),
                tail: text(1),
            },
        })
    }
}

/// Returns, from `label_details`, whether a label was created in a span.
fn is_created_in(details: Option<&[u8]>, span: &Span) -> bool {
    let document = details.and_then(|details| Document::parse(details).ok());
    let created = document.as_ref().and_then(|document| document.root().get("created_at")?.as_text());
    created.and_then(|text| Timestamp::parse_export(&text)).is_some_and(|created| span.contains(created))
}

/// Returns a label's annotations as they are written, and counts those that are written as stored.
fn annotations<'r>(
    page: &'r Page,
    entry: usize,
    [tally, stored]: [usize; 2],
    rewriting: Option<Rewriting<'r>>,
    counts: &mut Counts,
) -> Annotations<'r> {
    let rewrite = rewriting.and_then(|Rewriting { labels, spill }| Some((labels.of(entry)?, spill)));
    if let Some((Rewrite::Filled(frames), spill)) = rewrite {
        return Annotations::Filled { frames, spill };
    }
    counts.add_tally(page.text(entry, tally).unwrap_or(b""));
    match rewrite {
        Some((Rewrite::Signed(signed), _)) => Annotations::Stored(signed),
        _ => Annotations::Stored(page.text(entry, stored).unwrap_or(b"{}")),
    }
}

/// Groups the runs of a row by model. Both lists are in the same order, in which the runs of a model are neighbours.
pub(super) fn group_by_model<'r>(runs: &[InModel<'r>], records: &'r [RunRecord<'r>]) -> Vec<ModelRecord<'r>> {
    let mut models = Vec::new();
    let mut start = 0;
    for group in runs.chunk_by(|one, next| one.model_id == next.model_id) {
        let first = &group[0];
        let rest = group.iter().map(|run| run.model_rest).find(|rest| !rest.is_empty()).unwrap_or(b"");
        let runs = &records[start..start + group.len()];
        models.push(ModelRecord { id: first.model_id, name: first.model_name, runs, rest });
        start += group.len();
    }
    models
}
