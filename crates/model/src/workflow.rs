//! The status of a data row in the workflow of a project, and its split in a model run.
//!
//! Each value has three spellings: the one of filters, the one of exports, and a small number for storage. The numbers
//! are written to databases, so a number is never changed or reused.
//!
//! # Adding a value
//! One variant, one line in its `ALL` with the next free code, and its spellings next to the others.

/// The status of a data row in the workflow of one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkflowStatus {
    /// Not labelled yet: in no review or rework task.
    ToLabel,
    /// Waiting in a review task.
    InReview,
    /// Sent back to be labelled again.
    InRework,
    /// Done with the whole workflow.
    Done,
}

impl WorkflowStatus {
    /// Every status, in the order of a workflow.
    pub const ALL: [Self; 4] = [Self::ToLabel, Self::InReview, Self::InRework, Self::Done];

    /// Returns the spelling of filters, such as `InReview`.
    pub fn filter_name(self) -> &'static str {
        match self {
            Self::ToLabel => "ToLabel",
            Self::InReview => "InReview",
            Self::InRework => "InRework",
            Self::Done => "Done",
        }
    }

    /// Returns the spelling of exports, such as `IN_REVIEW`.
    pub fn export_name(self) -> &'static str {
        match self {
            // `IN_REVIEW` and `DONE` occur in real exports. The other two are guesses by pattern: no export with them
            // was found.
            Self::ToLabel => "TO_LABEL",
            Self::InReview => "IN_REVIEW",
            Self::InRework => "IN_REWORK",
            Self::Done => "DONE",
        }
    }

    /// Returns the number of the status in storage.
    pub fn code(self) -> u8 {
        match self {
            Self::ToLabel => 0,
            Self::InReview => 1,
            Self::InRework => 2,
            Self::Done => 3,
        }
    }

    /// Finds a status by the spelling of filters or exports, in any case: `InReview`, `in review`, `IN_REVIEW`.
    pub fn parse_filter(text: &str) -> Option<Self> {
        let letters = |text: &str| text.replace(['_', ' ', '-'], "").to_ascii_lowercase();
        Self::ALL.into_iter().find(|status| letters(status.filter_name()) == letters(text))
    }

    /// Finds a status by the spelling of exports, exactly.
    pub fn parse_export(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.export_name() == text)
    }

    /// Finds a status by its number in storage.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// The part of the data of a model run that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// The model is trained on it.
    Training,
    /// The model is tuned on it.
    Validation,
    /// The model is measured on it.
    Test,
    /// In none of them.
    Unassigned,
}

impl Split {
    /// Every split.
    pub const ALL: [Self; 4] = [Self::Training, Self::Validation, Self::Test, Self::Unassigned];

    /// Returns the spelling of exports, such as `Training`.
    pub fn export_name(self) -> &'static str {
        match self {
            // The vendor names the first three in this case. That a row without a split is written the same way is a
            // guess: no export of a model run was found.
            Self::Training => "Training",
            Self::Validation => "Validation",
            Self::Test => "Test",
            Self::Unassigned => "Unassigned",
        }
    }

    /// Returns the number of the split in storage.
    pub fn code(self) -> u8 {
        match self {
            Self::Training => 0,
            Self::Validation => 1,
            Self::Test => 2,
            Self::Unassigned => 3,
        }
    }

    /// Finds a split by any spelling in use: any case, and `train` and `valid` for short.
    pub fn parse(text: &str) -> Option<Self> {
        let full = match text.to_ascii_lowercase().as_str() {
            "train" => Some(Self::Training),
            "valid" => Some(Self::Validation),
            _ => None,
        };
        full.or_else(|| Self::ALL.into_iter().find(|split| split.export_name().eq_ignore_ascii_case(text)))
    }

    /// Finds a split by its number in storage.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_found_by_each_of_its_spellings() {
        for (position, status) in WorkflowStatus::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(status.code()), position, "a code in storage changed");
            assert_eq!(WorkflowStatus::from_code(status.code()), Some(status));
            assert_eq!(WorkflowStatus::parse_filter(status.filter_name()), Some(status));
            assert_eq!(WorkflowStatus::parse_export(status.export_name()), Some(status));
        }
        for text in ["IN_REVIEW", "inreview", "In Review", "in-review", "INREVIEW"] {
            assert_eq!(WorkflowStatus::parse_filter(text), Some(WorkflowStatus::InReview), "{text}");
        }
        assert_eq!(WorkflowStatus::parse_filter("In Reviews"), None);
        assert_eq!(WorkflowStatus::parse_export("InReview"), None);
        assert_eq!(WorkflowStatus::from_code(4), None);
    }

    #[test]
    fn splits_are_read_in_every_case_and_for_short() {
        #[track_caller]
        fn check(text: &str, expect: Option<Split>) {
            assert_eq!(Split::parse(text), expect, "{text}");
        }
        check("Training", Some(Split::Training));
        check("TRAINING", Some(Split::Training));
        check("train", Some(Split::Training));
        check("Valid", Some(Split::Validation));
        check("VALIDATION", Some(Split::Validation));
        check("test", Some(Split::Test));
        check("UNASSIGNED", Some(Split::Unassigned));
        check("tuning", None);
        check("", None);
        for (position, split) in Split::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(split.code()), position, "a code in storage changed");
            assert_eq!(Split::from_code(split.code()), Some(split));
            assert_eq!(Split::parse(split.export_name()), Some(split));
        }
    }
}
