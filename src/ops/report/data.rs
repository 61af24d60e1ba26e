//! What a version's data holds, and how far that is from the data of what it is compared with: from stored profiles alone.

use super::super::profiles;
use crate::certify::profile_drift;
use crate::format::observation::ObservationRecord;
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::page::report::{ColumnDrift, ColumnShape, DataTable};
use crate::repository::Repository;

/// A version's data.
pub(super) struct Data<'a> {
    pub(super) label: &'a str,
    pub(super) record: &'a SnapshotRecord,
    pub(super) observation: &'a ObservationRecord,
}

/// The tables of a version.
pub(super) fn tables(repository: &Repository, own: &Data<'_>, other: Option<&Data<'_>>) -> Vec<DataTable> {
    let ours = profiles::of_version(repository, own.record, own.observation);
    let theirs = other.map(|other| profiles::of_version(repository, other.record, other.observation));
    let table = |profile: ProfileRecord| {
        let reference = theirs.as_ref().and_then(|theirs| theirs.get(&profile.data));
        let is_same = reference.is_some_and(|reference| {
            reference.sha256 == profile.sha256 || reference.logical.is_some() && reference.logical == profile.logical
        });
        let note = match (other, reference) {
            (Some(other), None) => Some(format!("{} has no profile of data of this name.", other.label)),
            _ => None,
        };
        DataTable {
            name: profile.data.to_string(),
            rows: profile.rows,
            against: other.filter(|_| reference.is_some()).map(|other| other.label.to_owned()),
            note,
            is_same,
            columns: profile
                .columns
                .iter()
                .map(|column| shape(&profile, column, reference.filter(|_| !is_same)))
                .collect(),
        }
    };
    ours.into_values().map(table).collect()
}

fn missing(column: &ColumnProfileRecord, rows: u64) -> f64 {
    let missing = column.nulls.saturating_add(column.nan).saturating_add(column.infinite);
    if rows == 0 { 0.0 } else { missing as f64 / rows as f64 }
}

fn shape(profile: &ProfileRecord, column: &ColumnProfileRecord, reference: Option<&ProfileRecord>) -> ColumnShape {
    let edges = |column: &ColumnProfileRecord| -> Option<Vec<f64>> {
        column.deciles.as_ref()?.edges.iter().map(Scalar::finite).collect()
    };
    let before = reference.and_then(|reference| {
        let column = reference.columns.iter().find(|known| known.name == column.name)?;
        Some((missing(column, reference.rows), column.mean))
    });
    let drift = reference.map(|reference| {
        let found = profile_drift(profile, reference, &column.name)?;
        Ok(ColumnDrift { psi: found.psi, p: found.p, is_estimated: found.is_estimated })
    });
    ColumnShape {
        name: column.name.clone(),
        kind: column.kind.clone(),
        missing: missing(column, profile.rows),
        distinct: column.distinct,
        mean: column.mean,
        sd: column.sd,
        ends: column.min().zip(column.max()).map(|(least, greatest)| (least.to_string(), greatest.to_string())),
        shape: edges(column).zip(column.deciles.as_ref().map(|deciles| deciles.counts.to_vec())),
        categories: column.categories.iter().map(|one| (one.value.clone(), one.count)).collect(),
        before,
        drift,
    }
}
