//! Running the checks, and keeping what they find within bounds.

use super::CHECKS;
use crate::engine::{Connection, StoreError};

/// The most findings of a check that are reported one by one.
const LISTED: u64 = 20;

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The name, as progress and findings say it.
    pub name: &'static str,
    /// What holds in a sound store, in a sentence.
    pub summary: &'static str,
    pub(super) remedy: &'static str,
    pub(super) run: fn(&mut dyn Connection, i64, &mut Findings) -> Result<(), StoreError>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// What is wrong, and where.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What a check has found so far: the first few, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Findings {
    messages: Vec<String>,
    count: u64,
}

impl Findings {
    /// Adds a finding; its text is made only if it will be reported.
    pub(super) fn add(&mut self, message: impl FnOnce() -> String) {
        if self.count < LISTED {
            self.messages.push(message());
        }
        self.count += 1;
    }

    /// Returns whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Changes the words of what was found, now that there is time to look up names.
    pub(super) fn rephrase(
        &mut self,
        phrase: impl FnMut(String) -> Result<String, StoreError>,
    ) -> Result<(), StoreError> {
        self.messages = std::mem::take(&mut self.messages).into_iter().map(phrase).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Appends the findings of another part of the same check.
    pub(super) fn extend(&mut self, other: Self) {
        let silent = other.count - other.messages.len() as u64;
        other.messages.into_iter().for_each(|message| self.add(|| message));
        self.count += silent;
    }
}

/// Runs every check and returns what is wrong, in the order of the checks; `progress` gets each name before it runs.
///
/// The connection should be one of a snapshot: what others commit in the meantime could look like damage.
pub fn check(
    connection: &mut dyn Connection,
    org_key: i64,
    progress: &mut dyn FnMut(&'static str),
) -> Result<Vec<Finding>, StoreError> {
    let mut all = Vec::new();
    for check in CHECKS {
        progress(check.name);
        let mut findings = Findings::default();
        match (check.run)(connection, org_key, &mut findings) {
            // A file that cannot be read is a finding, and what else can be read is still worth knowing.
            Err(StoreError::Damaged(what)) => findings.add(|| format!("the check could not be finished: {what}")),
            outcome => outcome?,
        }
        let hidden = findings.count - findings.messages.len() as u64;
        if hidden > 0 {
            findings.messages.push(format!("and {hidden} more"));
        }
        let finding = |message| Finding { check: check.name, message, remedy: check.remedy };
        all.extend(findings.messages.into_iter().map(finding));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_behind_the_limit_are_counted() {
        let mut findings = Findings::default();
        findings.add(|| "0".to_owned());
        let mut more = Findings::default();
        (1..=30).for_each(|number| more.add(|| number.to_string()));
        findings.extend(more);
        assert_eq!((findings.messages.len(), findings.count), (20, 31));
        assert_eq!(findings.messages[19], "19");
    }
}
