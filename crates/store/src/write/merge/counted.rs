//! How much merges have changed.

/// How much a merge has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// New ones.
    pub created: u64,
    /// Known ones that differ now.
    pub changed: u64,
    /// Known ones that are as they were.
    pub unchanged: u64,
    /// Known ones that are gone.
    pub removed: u64,
}

/// What a merge has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergeCounts {
    /// Data rows.
    pub rows: Tally,
    /// Labels of projects.
    pub labels: Tally,
    /// Labels and predictions of model runs.
    pub run_labels: Tally,
    /// Datasets created.
    pub datasets: u64,
    /// Projects created.
    pub projects: u64,
    /// Ontologies created.
    pub ontologies: u64,
    /// Features created.
    pub features: u64,
    /// Batches created.
    pub batches: u64,
    /// Metadata schemas created.
    pub metadata_schemas: u64,
    /// Models created.
    pub models: u64,
    /// Model runs created.
    pub model_runs: u64,
    /// Datasets, projects, models and model runs that have another name now.
    pub renamed: u64,
    /// New or changed labels whose video frames hold more than the key frames.
    pub filled_videos: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.removed += other.removed;
    }
}

impl MergeCounts {
    /// Returns how many labels and predictions are gone.
    pub fn removed(&self) -> u64 {
        self.labels.removed + self.run_labels.removed
    }

    /// Adds the counts of another merge.
    pub fn add(&mut self, other: &Self) {
        self.rows.add(&other.rows);
        self.labels.add(&other.labels);
        self.run_labels.add(&other.run_labels);
        self.datasets += other.datasets;
        self.projects += other.projects;
        self.ontologies += other.ontologies;
        self.features += other.features;
        self.batches += other.batches;
        self.metadata_schemas += other.metadata_schemas;
        self.models += other.models;
        self.model_runs += other.model_runs;
        self.renamed += other.renamed;
        self.filled_videos += other.filled_videos;
    }
}
