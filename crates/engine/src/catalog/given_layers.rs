//! Text layers that come with data rows by URL: one that cannot be read fails its row, before anybody draws on its pages.

use super::asset;
use super::data_row::{find_given, given_layer_url};
use crate::workspace::Workspace;
use labelport_model::json::Value;
use labelport_model::problem::Problem;
use std::collections::BTreeMap;

/// How many layers are fetched at once.
const FETCHERS: usize = 8;

/// What was found at the URLs of text layers: nothing to say, or why one cannot be read.
#[derive(Debug, Clone, Default)]
pub(super) struct GivenLayers(BTreeMap<String, Option<String>>);

impl GivenLayers {
    /// Reads the text layers of items that were not read before.
    ///
    /// # Errors
    /// If something else than a layer is at fault.
    pub(super) fn read<'a>(
        &mut self,
        workspace: &Workspace,
        items: impl Iterator<Item = Value<'a>>,
    ) -> Result<(), Problem> {
        let mut new: Vec<String> = items.filter_map(url_of).filter(|url| !self.0.contains_key(url)).collect();
        new.sort_unstable();
        new.dedup();
        for urls in new.chunks(FETCHERS) {
            let read: Vec<Result<String, Problem>> = std::thread::scope(|scope| {
                let fetchers: Vec<_> =
                    urls.iter().map(|url| scope.spawn(|| asset::read_text_layer(workspace, url))).collect();
                let joined = fetchers.into_iter().map(|fetcher| fetcher.join());
                joined.map(|read| read.unwrap_or_else(|_| Err(Problem::internal("a fetcher panicked")))).collect()
            });
            for (url, read) in urls.iter().zip(read) {
                let fault = match read {
                    Ok(_) => None,
                    Err(problem) if problem.cause.is_some() => return Err(problem),
                    Err(problem) => Some(problem.message),
                };
                self.0.insert(url.clone(), fault);
            }
        }
        Ok(())
    }

    /// Fails if the item has a text layer that cannot be read.
    pub(super) fn check(&self, item: Value<'_>) -> Result<(), Problem> {
        match url_of(item).and_then(|url| self.0.get(&url)).and_then(Option::as_ref) {
            Some(fault) => Err(Problem::malformed(format!("the text layer cannot be read: {fault}"))),
            None => Ok(()),
        }
    }
}

fn url_of(item: Value<'_>) -> Option<String> {
    given_layer_url(find_given(item.get("payload").unwrap_or(item), "row_data"))
}
