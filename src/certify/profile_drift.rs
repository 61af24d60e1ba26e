//! How far the columns of one table are from those of another, by their profiles alone: what is left when both tables are gone.

use super::columns::{self, How, Side};
use crate::format::policy::{Drift, DriftRecord};
use crate::format::profile::ProfileRecord;

/// A column's population stability index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileDrift {
    /// The index, in bins of the reference.
    pub psi: f64,
    /// The chance of such a one or a larger one if nothing drifted.
    pub p: f64,
    /// Whether values were taken to be even between the deciles.
    pub is_estimated: bool,
}

/// The drift of a column of `current` against the same of `reference`.
///
/// # Errors
/// Why there is none: a column that one of them does not have, or of which they do not hold enough.
pub fn profile_drift(current: &ProfileRecord, reference: &ProfileRecord, name: &str) -> Result<ProfileDrift, String> {
    let column = |profile| columns::column(profile, name).ok_or_else(|| "it is not in both tables".to_owned());
    let side = |profile, rows| Side { rows, profile, read: None };
    let record = DriftRecord {
        drift: Drift::Psi,
        of: current.data.clone(),
        columns: Vec::new(),
        above: None,
        approximate: true,
    };
    let distance =
        columns::distance(&record, side(column(current)?, current.rows), side(column(reference)?, reference.rows))?;
    Ok(ProfileDrift { psi: distance.low, p: distance.p, is_estimated: distance.how != How::Exact })
}
