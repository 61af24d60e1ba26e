//! What a version's data holds, and how far that is from the data of what it is compared with: from stored profiles alone.

use super::super::profiles;
use crate::certify::{self, DataDrift, data_drift, wording};
use crate::format::certificate::StatementRecord;
use crate::format::observation::ObservationRecord;
use crate::format::policy::{Drift, MeasureRecord};
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::SnapshotRecord;
use crate::name::SetName;
use crate::page::report::{ColumnDrift, ColumnShape, DataTable};
use crate::repository::Repository;

/// Rules that are named.
const MOST_RULES: usize = 3;

/// A version's data.
pub(super) struct Data<'a> {
    pub(super) label: &'a str,
    pub(super) record: &'a SnapshotRecord,
    pub(super) observation: &'a ObservationRecord,
}

/// How tables are held against others.
pub(super) struct Against<'a> {
    /// The data.
    pub(super) data: Data<'a>,
    /// The columns that tell the rows of a table apart.
    pub(super) key: &'a dyn Fn(&SetName) -> Vec<String>,
    /// A certificate that holds it against the same.
    pub(super) certified: Option<&'a StatementRecord>,
}

/// The tables of a version.
pub(super) fn tables(repository: &Repository, own: &Data<'_>, other: Option<&Against<'_>>) -> Vec<DataTable> {
    let ours = profiles::of_version(repository, own.record, own.observation);
    let of = |other: &Against<'_>| profiles::of_version(repository, other.data.record, other.data.observation);
    let theirs = other.map(of).unwrap_or_default();
    let table = |profile: ProfileRecord| {
        let against = other.zip(theirs.get(&profile.data));
        let is_same = against.is_some_and(|(_, reference)| {
            reference.sha256 == profile.sha256 || reference.logical.is_some() && reference.logical == profile.logical
        });
        let drift = against.filter(|_| !is_same).map(|(other, reference)| {
            let found = data_drift(reference, &profile, &(other.key)(&profile.data));
            (reference, found)
        });
        let note = match (other, against) {
            (Some(other), None) => Some(format!("{} has no profile of data of this name.", other.data.label)),
            (Some(Against { certified: Some(statement), .. }), _) => {
                drift.as_ref().and_then(|(_, found)| judged_otherwise(statement, &profile.data, found))
            }
            _ => None,
        };
        let columns = profile.columns.iter().map(|column| shape(column, profile.rows, drift.as_ref()));
        DataTable {
            name: profile.data.to_string(),
            rows: profile.rows,
            against: against.map(|(other, _)| other.data.label.to_owned()),
            note,
            is_same,
            columns: columns.collect(),
        }
    };
    ours.into_values().map(table).collect()
}

/// What to say of rules that have other numbers for a column: they could read the rows, and profiles hold less.
fn judged_otherwise(statement: &StatementRecord, data: &SetName, found: &DataDrift) -> Option<String> {
    let predicate = &statement.predicate;
    let by_index = |rule: &str| {
        predicate.policy.rules.iter().any(|known| match &known.measure {
            MeasureRecord::Drift(record) => known.id == rule && record.drift == Drift::Psi && record.of == *data,
            _ => false,
        })
    };
    let mut others: Vec<String> = Vec::new();
    for result in predicate.results.iter().filter(|result| by_index(&result.rule)) {
        let differs = |column: &certify::ColumnDrift| {
            let judged = result.sufficient.get(&format!("{}.low", column.name));
            judged.zip(column.psi.as_ref().ok()).is_some_and(|(judged, shown)| judged != shown)
        };
        if found.columns.iter().any(differs) && !others.contains(&result.rule) {
            others.push(result.rule.clone());
        }
    }
    (!others.is_empty()).then(|| {
        let names: Vec<String> = others.iter().map(|rule| format!("`{rule}`")).collect();
        let (rules, have) = if names.len() == 1 { ("rule", "has") } else { ("rules", "have") };
        let names = wording::some(&names, MOST_RULES);
        format!(
            "The {rules} {names} of the certificate read the rows, and {have} exact numbers where these are estimated."
        )
    })
}

fn missing(column: &ColumnProfileRecord, rows: u64) -> f64 {
    let missing = column.nulls.saturating_add(column.nan).saturating_add(column.infinite);
    if rows == 0 { 0.0 } else { missing as f64 / rows as f64 }
}

/// As its mean stands beside it; whole numbers and words as they are.
fn end(value: &Scalar) -> String {
    if let Scalar::Float(number) = value { wording::significant(*number) } else { value.to_string() }
}

/// Whether the profile names every value there is.
fn lists_all(column: &ColumnProfileRecord, rows: u64) -> bool {
    let named: u64 = column.categories.iter().map(|one| one.count).sum();
    let missing = column.nulls.saturating_add(column.nan).saturating_add(column.infinite);
    !column.categories.is_empty() && named.saturating_add(missing) == rows
}

/// The values that are named; where they are all there are and numbers, in their order.
fn in_order(column: &ColumnProfileRecord, rows: u64) -> Vec<(String, u64)> {
    let mut named: Vec<(String, u64)> = column.categories.iter().map(|one| (one.value.clone(), one.count)).collect();
    if column.deciles.is_some() && lists_all(column, rows) {
        let number = |value: &str| value.parse::<f64>().unwrap_or(f64::INFINITY);
        named.sort_by(|a, b| number(&a.0).total_cmp(&number(&b.0)));
    }
    named
}

fn shape(column: &ColumnProfileRecord, rows: u64, against: Option<&(&ProfileRecord, DataDrift)>) -> ColumnShape {
    let edges = |column: &ColumnProfileRecord| -> Option<Vec<f64>> {
        column.deciles.as_ref()?.edges.iter().map(Scalar::finite).collect()
    };
    let before = against.and_then(|(reference, _)| {
        let column = reference.columns.iter().find(|known| known.name == column.name)?;
        Some((missing(column, reference.rows), column.mean))
    });
    ColumnShape {
        name: column.name.clone(),
        kind: column.kind.clone(),
        missing: missing(column, rows),
        distinct: column.distinct,
        mean: column.mean,
        sd: column.sd,
        ends: column.min().zip(column.max()).map(|(least, greatest)| (end(least), end(greatest))),
        shape: edges(column).zip(column.deciles.as_ref().map(|deciles| deciles.counts.to_vec())),
        lists_all: lists_all(column, rows),
        categories: in_order(column, rows),
        before,
        drift: against.map(|(_, found)| drift(&column.name, found)),
    }
}

/// How far a column is from the same of the other version, or why that is not said.
fn drift(name: &str, found: &DataDrift) -> Result<ColumnDrift, String> {
    if found.left_out.iter().any(|known| known == name) {
        return Err("it tells rows apart".to_owned());
    }
    let column = found.columns.iter().find(|known| known.name == name).ok_or("it is not in both tables")?;
    let psi = column.psi.clone()?;
    Ok(ColumnDrift { psi, p: column.p.unwrap_or(f64::NAN), is_estimated: column.approximate })
}
