//! Training data of both sides, as far as its tables can be read: columns, rows, drift.

use std::collections::BTreeMap;

use super::{Looked, Pair};
use crate::certify::data_drift;
use crate::compare::{Diff, Item, RowsDiff, Section, TableDiff, column_moves, schema_changes};
use crate::evidence::{TableRows, row_changes};
use crate::format::observation::ObservationRecord;
use crate::format::profile::ProfileRecord;
use crate::format::snapshot::{ColumnRecord, DataRecord};
use crate::name::SetName;
use crate::ops::training::{TrainingFiles, row_key};
use crate::ops::{VerbError, profiles, records};

/// Tables of more bytes are not compared row by row: 1 GiB.
const MOST: u64 = 1 << 30;

type Profiles = BTreeMap<SetName, Result<ProfileRecord, String>>;

/// Compares every table that both sides have and that is not the same, byte for byte.
pub(super) fn compare(pair: &Pair<'_>, diff: &mut Diff) -> Result<(), VerbError> {
    let named = |looked: &'_ Looked, name: &str| {
        looked.side.record.data.iter().find(|data| data.name.as_str() == name).cloned()
    };
    let both = |name: &str| Some((named(pair.a, name)?, named(pair.b, name)?));
    let found: Vec<_> = diff.data.iter().filter_map(|item| both(&item.name)).collect();
    if found.is_empty() || !pair.sections.has(Section::Data) {
        return Ok(());
    }
    let wanted: Vec<&SetName> = found.iter().map(|(data, _)| &data.name).collect();
    let (a, b) = (Source::of(pair, pair.a, pair.b, &wanted), Source::of(pair, pair.b, pair.a, &wanted));
    for (old, new) in &found {
        // What is declared was never looked into.
        let is_table = old.schema.is_some() && new.schema.is_some();
        let name = &old.name;
        if let Some(item) = diff.data.iter_mut().find(|item| item.name == name.as_str()) {
            let logical = |source: &Source<'_>| source.profile(name).ok()?.logical.map(|digest| digest.to_string());
            for (facts, source) in [(&mut item.a, &a), (&mut item.b, &b)] {
                if let Some(facts) = facts {
                    facts.logical = facts.logical.take().or_else(|| logical(source));
                }
            }
            if Item::same_rows(item) {
                continue;
            }
        }
        let table = if is_table {
            Table { pair, a: (&a, old), b: (&b, new) }.compare()?
        } else {
            let reason = a.untold(old).or_else(|| b.untold(new)).unwrap_or_else(|| "it is no table".to_owned());
            TableDiff { schema: Vec::new(), rows: Err(reason.clone()), drift: Err(reason), moves: BTreeMap::new() }
        };
        diff.tables.insert(name.to_string(), table);
    }
    Ok(())
}

/// The data of one side.
struct Source<'a> {
    looked: &'a Looked,
    observation: ObservationRecord,
    profiles: Profiles,
}

impl<'a> Source<'a> {
    fn of(pair: &Pair<'_>, looked: &'a Looked, other: &Looked, wanted: &[&SetName]) -> Self {
        let observed = |looked: &Looked| {
            let found = looked.found.as_ref()?;
            records::observation(pair.repository, found.row.observation).ok()
        };
        let observation = observed(looked).unwrap_or_default();
        let profiles = if looked.found.is_some() {
            profiles::or_why(pair.repository, &looked.side.record, &observation)
        } else {
            let before = observed(other);
            let before = before.as_ref().map(|observation| (&other.side.record, observation));
            let data = (looked.tables.as_slice(), &looked.side.record);
            profiles::of_workspace(pair.repository, data, before, wanted, pair.progress)
        };
        Self { looked, observation, profiles }
    }

    fn profile(&self, name: &SetName) -> Result<&ProfileRecord, String> {
        let side = &self.looked.side.name;
        let found = self.profiles.get(name).ok_or_else(|| format!("{side} has no profile of it"))?;
        found.as_ref().map_err(|reason| format!("{side} has no profile of it: {reason}"))
    }

    /// Its files, or why they cannot be read.
    fn files<'s>(&self, pair: &Pair<'s>, data: &DataRecord) -> Result<Result<TrainingFiles<'s>, String>, VerbError> {
        if data.size > MOST {
            return Ok(Err(format!(
                "{}: more than {MOST} bytes, too many to compare row by row",
                self.looked.side.name
            )));
        }
        let store = pair.repository.store();
        if let Some(tables) = self.looked.tables.iter().find(|tables| tables.name == data.name) {
            return Ok(Ok(TrainingFiles::of_workspace(store, tables)));
        }
        let found = TrainingFiles::find(store, data, &self.observation)?;
        Ok(found.map_err(|reason| self.said(&reason)))
    }

    /// Why nothing is known but a fingerprint.
    fn untold(&self, data: &DataRecord) -> Option<String> {
        let why = || match (&data.declared, &data.not_stored) {
            (Some(_), _) => "it is recorded as declared, nothing was read".to_owned(),
            (None, Some(reason)) => format!("only its fingerprint is recorded: {reason}"),
            (None, None) => "only its fingerprint is recorded".to_owned(),
        };
        data.schema.is_none().then(|| self.said(&why()))
    }

    fn said(&self, reason: &str) -> String {
        format!("{}: {reason}", self.looked.side.name)
    }
}

/// A table on both sides.
struct Table<'t> {
    pair: &'t Pair<'t>,
    a: (&'t Source<'t>, &'t DataRecord),
    b: (&'t Source<'t>, &'t DataRecord),
}

impl Table<'_> {
    fn compare(&self) -> Result<TableDiff, VerbError> {
        let schema = |data: &DataRecord| -> Vec<ColumnRecord> { data.schema.clone().unwrap_or_default() };
        let (old, new) = (schema(self.a.1), schema(self.b.1));
        let name = &self.a.1.name;
        let profiles = match (self.a.0.profile(name), self.b.0.profile(name)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(reason), _) | (_, Err(reason)) => Err(reason),
        };
        let opaque = |column: &str| {
            let is = |profile: &&ProfileRecord| profile.columns.iter().any(|c| c.name == column && c.opaque);
            profiles.as_ref().is_ok_and(|(a, b)| is(a) || is(b))
        };
        let in_both = |column: &str| old.iter().any(|c| c.name == column) && new.iter().any(|c| c.name == column);
        let mut columns: Vec<String> = old.iter().map(|column| column.name.clone()).collect();
        let mut without: Vec<String> = new.iter().map(|column| column.name.clone()).collect();
        without.extend(columns.iter().filter(|column| !new.iter().any(|c| c.name == **column)).cloned());
        without.retain(|column| !in_both(column) || opaque(column));
        columns.retain(|column| in_both(column) && !opaque(column));
        columns.sort();
        let key = row_key(self.pair.repository, &self.pair.b.model, self.pair.policy, name);
        let rows = self.rows(&key, &columns, without)?;
        let moves = profiles.as_ref().map(|(a, b)| column_moves(a, b)).unwrap_or_default();
        let drift = profiles.map(|(a, b)| data_drift(a, b, &key));
        Ok(TableDiff { schema: schema_changes(&old, &new), rows, drift, moves })
    }

    /// The rows of both, told apart by the `named` key if they have it.
    fn rows(
        &self,
        named: &[String],
        columns: &[String],
        without: Vec<String>,
    ) -> Result<Result<RowsDiff, String>, VerbError> {
        if columns.is_empty() {
            return Ok(Err("both have no column in common".to_owned()));
        }
        let (key, doubt) = match named.iter().find(|column| !columns.contains(column)) {
            Some(column) => (Vec::new(), Some(format!("the key's `{column}` is not a column of both"))),
            None => (named.to_vec(), None),
        };
        let read = |(source, data): (&Source<'_>, &DataRecord)| {
            let files = match source.files(self.pair, data)? {
                Ok(files) => files,
                Err(reason) => return Ok(Err(reason)),
            };
            let mut rows = TableRows::new(&key, columns);
            let each = files.each(|bytes, path| rows.add(bytes, path).map_err(|defect| defect.to_string()))?;
            Ok::<_, VerbError>(each.map(|()| rows).map_err(|reason| source.said(&reason)))
        };
        let (new, old) = (read(self.b)?, read(self.a)?);
        let (old, new) = match (old, new) {
            (Ok(old), Ok(new)) => (old, new),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err(reason)),
        };
        if key.is_empty() || !(old.repeats() || new.repeats()) {
            return Ok(Ok(RowsDiff { changes: row_changes(&old, &new), key, without, doubt }));
        }
        let doubt = Some(format!("`{}` is not different in every row", key.join(", ")));
        let changes = row_changes(&old.without_key(), &new.without_key());
        Ok(Ok(RowsDiff { changes, key: Vec::new(), without, doubt }))
    }
}
