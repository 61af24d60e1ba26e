//! A list of cases as it is stored, and those of it that are in force.

use crate::format::FormatError;
use crate::format::cases::{CaseRecord, CasesRecord, FORMAT, NumberedCaseRecord};
use crate::format::checkpoint::CasesRow;
use crate::ops::VerbError;
use crate::repository::Repository;

/// The cases of a list that are in force.
pub(in crate::ops) fn of_row(repository: &Repository, row: &CasesRow) -> Result<Vec<NumberedCaseRecord>, VerbError> {
    if row.in_force().next().is_none() {
        return Ok(Vec::new());
    }
    let list = read(repository, row)?;
    Ok(row.in_force().filter_map(|(number, at)| Some(numbered(&list, number, list.cases.get(at)?))).collect())
}

/// The list that an event added.
pub(super) fn read(repository: &Repository, row: &CasesRow) -> Result<CasesRecord, VerbError> {
    let unreadable = |source| VerbError::Record { kind: "list of cases", id: row.cases.to_string(), source };
    let list = CasesRecord::decode(&repository.store().record(row.cases)?).map_err(unreadable)?;
    if list.cases.len() as u64 == u64::from(row.count) && list.set == row.set {
        return Ok(list);
    }
    let reason = "it is not the list that the journal says it is".to_owned();
    Err(unreadable(FormatError::Malformed { kind: FORMAT, reason }))
}

/// A case of a list, with its number.
pub(super) fn numbered(list: &CasesRecord, number: u32, case: &CaseRecord) -> NumberedCaseRecord {
    NumberedCaseRecord { number, set: list.set.clone(), columns: list.columns.clone(), case: case.clone() }
}
