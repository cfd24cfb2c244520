//! Rows put together from their sections, block by block.
//!
//! A block is up to 128 selected rows with neighbouring keys, or 1,024 where a statement is a message to a server. Each
//! section that any row has is loaded once for a block, in key order, and the loaded pages are merged by row key: no query
//! per row, no join, nothing parsed. A block ends early when a section is larger than [`SECTION_BUDGET_BYTES`], so memory
//! does not grow with the size of rows either; what is stored of one row is always whole. Frames that are filled in are
//! not: the [`Outlet`] takes what is written of a row whenever it is a chunk.

use super::chunk::{Outlet, Page as OutPage};
use super::count::{Counts, Unknown};
use super::rewrite::{InterpolatedRows, Notice, Rewriter, Rewritten};
use super::sections::{Pass, Plan, Which};
use super::walk::{ProjectWalk, Rewriting, RunWalk, ScopePages, Walk, group_by_model};
use labelport_formats::write::{Numbers, VALUES_LIMIT, name_hash};
use labelport_model::record::{DetailsRecord, Record};
use labelport_store::read::page::{self, Load, Page, Section};
use labelport_store::row_key::{KeyRun, RowKey};
use labelport_store::{Connection, StoreError};
use std::collections::BTreeSet;

/// The most bytes that a section of a block takes, give or take one row.
const SECTION_BUDGET_BYTES: usize = 4 << 20;
/// The most rows of a block, unless the engine says more.
const BLOCK_ROWS: usize = 128;
/// How many times as many rows are loaded after a block that fitted.
const GROWTH: usize = 8;
/// Keys this near to each other are read in one range: reading a row too many is cheaper than seeking.
const RUN_GAP: RowKey = 8;

/// The pages of one worker, used again for each block.
#[derive(Default)]
pub(crate) struct Assembler {
    rows: Page,
    attachments: Page,
    metadata: Page,
    embeddings: Page,
    memberships: Page,
    projects: Vec<ScopePages>,
    runs: Vec<ScopePages>,
    /// The numbers of the next row.
    pub(crate) next: Numbers,
    /// The hashes of the names that files of rows would have, for formats that name files after rows.
    pub(crate) names: Vec<u64>,
    /// The different values of rows that the encoder has to know before the first row.
    pub(crate) values: BTreeSet<String>,
    /// What was counted so far.
    pub(crate) counts: Counts,
    /// How many rows to load next; 0 for as many as ever.
    together: usize,
    /// What went wrong without ending the export, for the block that was just put together.
    pub(crate) notices: Vec<Notice>,
}

impl Assembler {
    /// Loads the next rows of these keys, which ascend, as far as the budget goes; returns how many.
    pub(crate) fn load_block(
        &mut self,
        connection: &mut dyn Connection,
        plan: &Plan<'_>,
        keys: &[RowKey],
    ) -> Result<usize, StoreError> {
        let most = connection.traits().block_rows.max(BLOCK_ROWS);
        let wanted = if self.together == 0 { BLOCK_ROWS } else { self.together };
        let together = wanted.min(keys.len());
        let loaded = self.load(connection, plan, &keys[..together])?;
        if most > BLOCK_ROWS {
            // A server sends what does not fit all the same, so large rows are asked for a few at a time.
            self.together = if loaded < together { loaded.max(1) } else { (wanted * GROWTH).min(most) };
        }
        Ok(loaded)
    }

    /// Writes the first of these rows, which are loaded; returns how many.
    pub(crate) fn write_rows(&mut self, plan: &Plan<'_>, keys: &[RowKey], outlet: &Outlet<'_, '_>) -> usize {
        let filled = InterpolatedRows::find(plan.sections.interpolation, &self.rows);
        outlet.with_page(|page| self.write(plan, keys, &filled, outlet, page))
    }

    /// Loads every section; returns how many rows all of them hold.
    fn load(&mut self, connection: &mut dyn Connection, plan: &Plan<'_>, keys: &[RowKey]) -> Result<usize, StoreError> {
        let sections = plan.sections;
        let mut loader = Loader { connection, runs: key_runs(keys), cut: RowKey::MAX };
        let off = |is_on: bool, column: usize| if is_on { usize::MAX } else { column };
        loader.load(&mut self.rows, &page::DATA_ROWS, 0, &[off(sections.data_row_details, 1)])?;
        let optional = plan.dictionary.optional;
        for (is_on, page, section) in [
            (sections.attachments && optional.attachments, &mut self.attachments, &page::ATTACHMENTS),
            (sections.metadata && optional.metadata, &mut self.metadata, &page::METADATA),
            (sections.embeddings && optional.embeddings, &mut self.embeddings, &page::EMBEDDINGS),
        ] {
            if is_on {
                loader.load(page, section, 0, &[])?;
            }
        }
        if let Some(which) = sections.projects.as_ref().filter(|_| plan.dictionary.has_projects()) {
            let keys = loader.scope_keys(which, &mut self.memberships, &page::ROW_PROJECTS)?;
            let sorted = sorted_by(keys, |key| plan.dictionary.project(*key).map(|project| project.id.as_str()));
            self.projects.resize_with(sorted.len().max(self.projects.len()), ScopePages::default);
            self.projects.truncate(sorted.len());
            for (pages, key) in self.projects.iter_mut().zip(sorted) {
                pages.key = key;
                loader.load(&mut pages.rows, &page::PROJECT_ROWS, key, &[off(sections.project_details, 0)])?;
                let skipped = [off(sections.label_details, 1), off(sections.performance_details, 2)];
                loader.load(&mut pages.labels, &page::LABELS, key, &skipped)?;
            }
        }
        if let Some(which) = sections.runs.as_ref().filter(|_| plan.dictionary.has_runs()) {
            let keys = loader.scope_keys(which, &mut self.memberships, &page::ROW_RUNS)?;
            let sorted =
                sorted_by(keys, |key| plan.dictionary.run(*key).map(|run| (run.model_id.as_str(), run.id.as_str())));
            self.runs.resize_with(sorted.len().max(self.runs.len()), ScopePages::default);
            self.runs.truncate(sorted.len());
            for (pages, key) in self.runs.iter_mut().zip(sorted) {
                pages.key = key;
                loader.load(&mut pages.rows, &page::RUN_ROWS, key, &[])?;
                loader.load(&mut pages.labels, &page::RUN_LABELS, key, &[])?;
                if sections.predictions {
                    loader.load(&mut pages.predictions, &page::RUN_PREDICTIONS, key, &[])?;
                }
            }
        }
        Ok(keys.partition_point(|key| *key < loader.cut))
    }

    /// Merges the pages and writes rows; returns how many.
    fn write(
        &mut self,
        plan: &Plan<'_>,
        keys: &[RowKey],
        filled: &InterpolatedRows,
        outlet: &Outlet<'_, '_>,
        out: &mut OutPage,
    ) -> usize {
        let sections = plan.sections;
        let spill = |streams: &mut [Vec<u8>]| outlet.spill(streams);
        let counts = &mut self.counts;
        let mut row_walk = Walk::new(&self.rows);
        let mut attachments = Walk::new(&self.attachments);
        let mut metadata = Walk::new(&self.metadata);
        let mut embeddings = Walk::new(&self.embeddings);
        let mut projects: Vec<_> = self.projects.iter().map(|pages| ProjectWalk::new(pages, plan)).collect();
        let mut runs: Vec<_> = self.runs.iter().map(|pages| RunWalk::new(pages, plan)).collect();
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for (index, key) in keys.iter().enumerate() {
            let Some(at) = row_walk.of(*key).next() else { continue };
            let is_filled = filled.holds(*key);
            if out.must_be_handed_on(is_filled) {
                return index;
            }
            outlet.begin_row(out, counts.rows);
            let rows = &self.rows;
            let known = rows.int(at, 1);
            for (bit, (walk, list)) in
                [&mut attachments, &mut metadata, &mut embeddings].into_iter().zip(&mut lists).enumerate()
            {
                list.clear();
                list.extend(walk.of(*key).filter_map(|entry| walk.page.text(entry, 0)));
                let (is_on, section) = [
                    (sections.attachments, Unknown::Attachments),
                    (sections.metadata, Unknown::MetadataFields),
                    (sections.embeddings, Unknown::Embeddings),
                ][bit];
                if is_on && known & 1 << bit == 0 {
                    counts.miss(section);
                }
            }
            let dataset = plan.dictionary.dataset(rows.int(at, 0));
            let details = match (sections.data_row_details, rows.text(at, 1)) {
                (false, _) => None,
                (true, Some(members)) => Some(DetailsRecord { dataset, members }),
                (true, None) if !dataset.is_empty() => Some(DetailsRecord { dataset, members: &[] }),
                (true, None) => {
                    counts.miss(Unknown::DataRowDetails);
                    None
                }
            };
            let media = rows.text(at, 2);
            if media.is_none() {
                counts.miss(Unknown::MediaAttributes);
            }
            let project_entries = projects.iter_mut().map(|walk| walk.enter(*key));
            let run_entries = runs.iter_mut().map(|walk| walk.enter(*key, sections));
            let (mut of_projects, mut of_runs) = (Vec::new(), Vec::new());
            if is_filled || plan.signer.is_some() {
                let mut rewriter = Rewriter {
                    dictionary: plan.dictionary,
                    signer: plan.signer,
                    is_filled,
                    row_key: *key,
                    counts,
                    notices: &mut self.notices,
                };
                of_projects.extend(project_entries.map(|(page, entries)| rewriter.rewrite(page, entries, 5)));
                of_runs
                    .extend(run_entries.map(|lists| lists.map(|(page, entries)| rewriter.rewrite(page, entries, 3))));
            } else {
                project_entries.for_each(|_| ());
                run_entries.for_each(|_| ());
            }
            let rewriting = |labels| Rewriting { labels, spill: &spill };
            let project_labels: Vec<_> = projects
                .iter()
                .enumerate()
                .map(|(at, walk)| walk.labels(sections, counts, of_projects.get(at).map(rewriting)))
                .collect();
            let project_records: Vec<_> = projects
                .iter_mut()
                .zip(&project_labels)
                .filter_map(|(walk, labels)| walk.record(*key, labels, sections, counts))
                .collect();
            let run_labels: Vec<_> = runs
                .iter()
                .enumerate()
                .map(|(at, walk)| {
                    let of_lists: Option<&[Rewritten; 2]> = of_runs.get(at);
                    walk.labels(counts, [0, 1].map(|list| of_lists.map(|lists| rewriting(&lists[list]))))
                })
                .collect();
            let run_records: Vec<_> = runs
                .iter_mut()
                .zip(&run_labels)
                .filter_map(|(walk, labels)| walk.record(*key, labels, sections, counts))
                .collect();
            let run_list: Vec<_> = run_records.iter().map(|record| record.run).collect();
            let model_records = group_by_model(&run_records, &run_list);
            let record = Record {
                head: rows.text(at, 0).unwrap_or(b""),
                details,
                media,
                attachments: (sections.attachments && known & 1 != 0).then_some(&lists[0][..]),
                metadata: (sections.metadata && known & 2 != 0).then_some(&lists[1][..]),
                embeddings: (sections.embeddings && known & 4 != 0).then_some(&lists[2][..]),
                projects: sections.projects.is_some().then_some(&project_records[..]),
                models: sections.runs.is_some().then_some(&model_records[..]),
                rest: rows.text(at, 3).unwrap_or(b""),
            };
            let bytes = record.stored_bytes();
            if bytes > plan.row_limit_bytes {
                self.notices.push(Notice { row_key: *key, message: too_large(bytes, plan.row_limit_bytes) });
            }
            if plan.pass == Pass::Survey {
                self.names.extend(plan.encoder.file_name(&record).map(|name| name_hash(&name)));
                if self.values.len() <= VALUES_LIMIT {
                    let values = plan.encoder.values(&record);
                    if !values.is_empty() {
                        // The encoder does not know them yet, and may have no stream for the row.
                        plan.stop_spooling();
                    }
                    self.values.extend(values);
                }
            }
            let mut entries = out.entries();
            entries.is_survey = plan.is_bare_survey();
            plan.encoder.row(&record, &mut self.next, &mut entries);
            self.next.row += 1;
            counts.rows += 1;
            if outlet.end_row(out, counts.rows).is_break() {
                return index + 1;
            }
        }
        keys.len()
    }
}

fn too_large(bytes: usize, limit_bytes: usize) -> String {
    format!(
        "the row has {bytes} bytes, more than the {limit_bytes} bytes that import and verify read as one row; \
         export its projects and model runs one by one"
    )
}

/// Loads the sections of a block; each may cut it shorter.
struct Loader<'a> {
    connection: &'a mut dyn Connection,
    runs: Vec<KeyRun>,
    /// The first row key that some section does not hold.
    cut: RowKey,
}

impl Loader<'_> {
    fn load(
        &mut self,
        page: &mut Page,
        section: &'static Section,
        scope_key: i64,
        skipped: &[usize],
    ) -> Result<(), StoreError> {
        let load = Load { section, scope_key, runs: &self.runs, skipped, budget_bytes: SECTION_BUDGET_BYTES };
        if let Some(cut) = page.load(self.connection, &load)? {
            self.cut = self.cut.min(cut);
            self.runs.retain(|run| *run.start() < cut);
            if let Some(last) = self.runs.last_mut() {
                *last = *last.start()..=(*last.end()).min(cut - 1);
            }
        }
        Ok(())
    }

    /// Returns the keys of the projects or runs that rows of the block are in, or that were asked for.
    fn scope_keys(
        &mut self,
        which: &Which,
        memberships: &mut Page,
        section: &'static Section,
    ) -> Result<BTreeSet<i64>, StoreError> {
        match which {
            Which::Keys(keys) => Ok(keys.iter().copied().collect()),
            Which::All => {
                self.load(memberships, section, 0, &[])?;
                Ok((0..memberships.len()).map(|at| memberships.int(at, 0)).collect())
            }
        }
    }
}

/// Sorts keys by what the dictionary says; keys that it does not know are of deleted things and fall away.
fn sorted_by<K: Ord>(keys: BTreeSet<i64>, by: impl Fn(&i64) -> Option<K>) -> Vec<i64> {
    let mut known: Vec<(K, i64)> = keys.into_iter().filter_map(|key| Some((by(&key)?, key))).collect();
    known.sort();
    known.into_iter().map(|(_, key)| key).collect()
}

/// Joins keys into runs, over small gaps too.
fn key_runs(keys: &[RowKey]) -> Vec<KeyRun> {
    let mut runs: Vec<KeyRun> = Vec::new();
    for key in keys {
        match runs.last_mut() {
            Some(run) if *key - *run.end() <= RUN_GAP => *run = *run.start()..=*key,
            _ => runs.push(*key..=*key),
        }
    }
    runs
}
