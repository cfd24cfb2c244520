//! The request of one export, and its canonical form.

use super::{ExportFilters, FormatChoice, Params, RequestError, Scope, Watermark};
use crate::input::{Input, InputProblem};
use crate::json::{ObjectWriter, Value};
use crate::quote::Quoted;
use crate::time::Zone;

/// The version of the canonical form.
const VERSION: i64 = 1;

/// What one export should contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    /// What it is taken from.
    pub scope: Scope,
    /// The sections that it contains.
    pub params: Params,
    /// The filters for its rows.
    pub filters: ExportFilters,
    /// The format in which it is written.
    pub format: FormatChoice,
    /// The IANA name of the zone in which dates without an offset were read. The dates themselves are already instants.
    pub zone_name: String,
    /// From where it goes on, if it is to hold nothing but what changed.
    pub since: Option<Watermark>,
}

impl ExportRequest {
    /// Fails if the request has options that do not apply to its scope, or options that contradict each other.
    pub fn check(&self) -> Result<(), RequestError> {
        let scope = self.scope.kind();
        self.scope.check()?;
        self.params.check(scope)?;
        self.filters.check(scope)?;
        Zone::parse(&self.zone_name).map(|_| ()).map_err(RequestError::Zone)
    }

    /// Prints the request so that equal requests are equal texts: every option in the order of its table, ids sorted
    /// and without duplicates, dates in UTC.
    ///
    /// ```json
    /// {"version":1,"scope":{"kind":"project","id":"cm3a7x1pr0003q8v4c6d8e0fa"},"params":{"attachments":true, …},
    ///  "filters":{"last_activity_at":["2025-03-01T00:00:00.000+00:00",null], …},"zone":"Europe/Madrid"}
    /// ```
    pub fn to_canonical_json(&self) -> String {
        let mut out = Vec::new();
        let mut object = ObjectWriter::open(&mut out);
        object.raw("version", VERSION.to_string().as_bytes());
        self.scope.write(object.key("scope"));
        self.params.write(object.key("params"));
        self.filters.write(object.key("filters"));
        self.format.write(&mut object);
        object.text("zone", &self.zone_name);
        if let Some(since) = &self.since {
            object.text("since", &since.to_string());
        }
        object.close();
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Returns the request of the whole result to which this one belongs: without where it goes on from, and without which
    /// losses are accepted, which changes no byte.
    pub fn of_whole(&self) -> Self {
        let format = FormatChoice { allow_lossy: false, accept: Default::default(), ..self.format.clone() };
        Self { format, since: None, ..self.clone() }
    }

    /// Reads a request from its canonical form, or from JSON that people wrote.
    ///
    /// Only `scope` is required. Absent and null mean off, and UTC for `zone`; an unknown key is an error. Whether the
    /// parts fit together is checked by [`check`](Self::check).
    pub fn from_json(text: &str) -> Result<Self, RequestError> {
        let document = Input::scan(text, "request")?;
        Self::read(document.root())
    }

    fn read(value: Value<'_>) -> Result<Self, RequestError> {
        let input = Input::new(value, "request");
        input.only(&["version", "scope", "params", "filters", "format", "zone", "since"])?;
        if let Some(version) = input.find("version")
            && version.value().as_i64() != Some(VERSION)
        {
            let found = Quoted::new(version.value().raw());
            return Err(version.error(InputProblem::NotAllowed { found, allowed: VERSION.to_string() }).into());
        }
        let zone = match input.find("zone") {
            Some(name) => Zone::parse(&name.text()?).map_err(|error| name.error(error))?,
            None => Zone::utc(),
        };
        let (params, filters) = (input.find("params"), input.find("filters"));
        Ok(Self {
            scope: Scope::read(&input.get("scope")?)?,
            params: params.map(|params| Params::read(&params)).transpose()?.unwrap_or_default(),
            filters: filters.map(|filters| ExportFilters::read(&filters, &zone)).transpose()?.unwrap_or_default(),
            format: input.find("format").map(|format| FormatChoice::read(&format)).transpose()?.unwrap_or_default(),
            zone_name: zone.name().to_owned(),
            since: match input.find("since") {
                Some(since) => Some(since.text()?.parse().map_err(RequestError::Watermark)?),
                None => None,
            },
        })
    }
}
