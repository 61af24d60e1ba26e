//! Reports of other tools, without secrets: names of checks quote data.

use crate::capture::redacted::Redacted;
use crate::format::reports::{self, Report};

/// Characters of a check's name.
const NAME: usize = 200;

/// The report in these bytes; why there is none is for people.
pub(super) fn parse(bytes: &[u8], path: &str) -> Result<Report, String> {
    let mut report = reports::parse(bytes).map_err(|error| format!("`{path}`: {error}"))?;
    let mut redacted = Redacted::default();
    let texts = report.checks.iter_mut().map(|check| &mut check.name).chain(&mut report.errors);
    texts.for_each(|text| {
        let plain = redacted.text("reports", text);
        *text = plain.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME).collect();
    });
    Ok(report)
}
