//! Requests for exports: scope, parameters, filters.
//!
//! Every API fills in the same [`ExportRequest`] and calls [`check`](ExportRequest::check) once; after that nothing
//! checks again whether an option makes sense. The canonical form of a request goes into the manifest of its result, so
//! that two results can be compared by their requests.
//!
//! An option that does not apply is refused, with the scopes to which it does: an ignored option makes a result
//! silently wrong. This module never knows which projects exist or who may read them.
//!
//! # Adding an option
//! A parameter in `params`, a filter in `filters`, a scope in `scope`; each says how.

mod accept;
mod error;
mod export;
mod filters;
mod format;
mod params;
mod print;
mod scope;
mod scope_kind;
mod watermark;
mod wire;

pub use accept::{Accept, AcceptError};
pub use error::{OptionName, RequestError};
pub use export::ExportRequest;
pub use filters::{EXPORT_FILTERS, ExportFilter, ExportFilters, FilterField};
pub use format::{FormatChoice, NATIVE_FORMAT};
pub use params::{NAMED_LIMIT, PARAMS, Param, ParamField, Params, find_media_type, media_types};
pub use scope::Scope;
pub use scope_kind::{SCOPES, ScopeEntry, ScopeKind};
pub use watermark::{Watermark, WatermarkError};
pub use wire::WireExport;

#[cfg(test)]
mod tests;
