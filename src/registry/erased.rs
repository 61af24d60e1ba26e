//! What was erased for good, as the journal tells it.
//!
//! A tombstone is about the versions it names. A version that is made later from the same bytes holds them again, and no
//! older tombstone says otherwise.

use std::collections::HashSet;

use super::State;
use crate::digest::Digest;
use crate::format::checkpoint::ErasedRow;
use crate::format::event::{ErasedFileRecord, ErasedRecord};
use crate::id::FileId;
use crate::name::Version;

impl State {
    /// Everything that was erased from a version.
    pub fn erased_from(&self, version: Version) -> impl Iterator<Item = &ErasedRow> {
        self.erased.iter().filter(move |row| row.versions.contains(&version))
    }

    /// The files that were erased from a version.
    pub fn erased_files(&self, version: Version) -> HashSet<FileId> {
        self.erased_from(version).filter_map(|row| Some(row.file()?.sha256)).collect()
    }

    /// Why a version lacks a file: the newest tombstone.
    pub fn erased_file(&self, version: Version, file: FileId) -> Option<&ErasedRow> {
        self.erased
            .iter()
            .rev()
            .find(|row| row.file().is_some_and(|f| f.sha256 == file) && row.versions.contains(&version))
    }

    /// What is read in the place of a record from which something was erased.
    pub fn copy_of(&self, record: Digest) -> Option<Digest> {
        self.erased.iter().rev().find_map(|row| row.copy_of(record))
    }

    pub(super) fn add_erased(&mut self, row: ErasedRow) -> Result<(), &'static str> {
        if row.versions.is_empty() || row.versions.iter().any(|version| self.version(*version).is_none()) {
            return Err("it erases something from a version that does not exist");
        }
        self.erased.push(row);
        Ok(())
    }
}

impl ErasedRow {
    /// The file, if it was one.
    pub const fn file(&self) -> Option<&ErasedFileRecord> {
        match &self.what {
            ErasedRecord::File(file) => Some(file),
            ErasedRecord::Field(_) => None,
        }
    }

    /// The field, if it was one.
    pub fn field(&self) -> Option<&str> {
        match &self.what {
            ErasedRecord::File(_) => None,
            ErasedRecord::Field(field) => Some(&field.name),
        }
    }

    /// What was made of a record by this.
    pub fn copy_of(&self, record: Digest) -> Option<Digest> {
        match &self.what {
            ErasedRecord::File(_) => None,
            ErasedRecord::Field(field) => field.copies.iter().find(|c| c.record == record).map(|c| c.copy),
        }
    }
}
