//! Where a value still stands once it was erased from its field: in files of any version, in other fields, and in what people wrote
//! [for the record](crate::ops::recorded). Erasing a field leaves them alone, so whoever erases it must be told.
//!
//! Files are read as a stream, each once however many versions have it; what cannot be read is named.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use regex::bytes::Regex;

use super::fresh::fresh;
use crate::format::checkpoint::VersionRow;
use crate::format::profile::ProfileRecord;
use crate::format::scalar::Scalar;
use crate::id::FileId;
use crate::name::{ModelName, Version};
use crate::ops::erasures::{Held, files};
use crate::ops::recorded;
use crate::ops::recorded::Recorded;
use crate::ops::{attached, records};
use crate::progress::{Progress, Unit};
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::fields;
use crate::store::CopyError;

/// Text shorter than this stands everywhere.
const TELLING: usize = 4;

/// A place in which the value stands, and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remaining {
    /// The model.
    pub model: ModelName,
    /// The version.
    pub version: Version,
    /// The file's path or the field's name.
    pub name: String,
    /// The file's bytes; none: it is a field.
    pub file: Option<FileId>,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Wanted {
    /// The field that it is erased from.
    pub field: String,
    /// Its value there.
    pub value: Scalar,
    /// The models to look through.
    pub models: BTreeSet<ModelName>,
}

/// What was found of it.
#[derive(Debug, Default)]
pub(in crate::ops) struct Looked {
    pub remaining: Vec<Remaining>,
    pub recorded: Vec<Recorded>,
    /// Versions and files that could not be read.
    pub unread: Vec<String>,
    /// Whether there was nothing to look for: the value is too short to tell it from others.
    pub untold: bool,
}

/// Looks through every version of some models.
pub(in crate::ops) fn look(
    repository: &Repository,
    states: &[State],
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Looked {
    let text = wanted.value.to_string();
    let tells = text.len() >= TELLING && !matches!(wanted.value, Scalar::Bool(_) | Scalar::Null);
    // Longer than an expression can be is only text that nobody would look for.
    let Some(pattern) = Some(text).filter(|_| tells).and_then(|text| Regex::new(&regex::escape(&text)).ok()) else {
        return Looked { untold: true, ..Looked::default() };
    };
    let mut search = Search { repository, wanted, pattern, seen: HashMap::new(), looked: Looked::default() };
    progress.begin("looking for the text", 0, Unit::Bytes);
    for state in states.iter().filter(|state| wanted.models.contains(&state.model)) {
        state.versions.iter().for_each(|row| search.version(state, row, progress));
        let looked = &mut search.looked;
        recorded::look(repository, state, &search.pattern, (&mut looked.recorded, &mut looked.unread));
    }
    progress.end();
    search.looked
}

struct Search<'r> {
    repository: &'r Repository,
    wanted: &'r Wanted,
    pattern: Regex,
    /// Files that were read, and whether they have it; none: they cannot be read.
    seen: HashMap<FileId, Option<bool>>,
    looked: Looked,
}

impl Search<'_> {
    fn version(&mut self, state: &State, row: &VersionRow, progress: &dyn Progress) {
        let label = format!("{}@{}", state.model, row.version);
        let found = |name: String, file| Remaining { model: state.model.clone(), version: row.version, name, file };
        let Ok(record) = attached::kept(self.repository, state, row) else {
            self.looked.unread.push(label);
            return;
        };
        match records::observation(self.repository, row.observation) {
            Ok(observation) => {
                let others = fields::fields(&record, &observation).into_iter();
                let others = others.filter(|(name, value)| !self.is_it(name, value) && self.is_in(value));
                let others: Vec<_> = others.map(|(name, _)| found(name, None)).collect();
                self.looked.remaining.extend(others);
                let profiles = crate::ops::profiles::of_version(self.repository, &record, &observation);
                let telling = profiles.iter().filter(|(_, profile)| self.tells(profile));
                let telling: Vec<_> = telling.map(|(data, _)| found(fields::profile_of(data), None)).collect();
                self.looked.remaining.extend(telling);
            }
            Err(_) => self.looked.unread.push(label.clone()),
        }
        // Of a version that was dropped a collection may have taken everything else.
        let is_kept = row.dropped.is_none();
        let store = self.repository.store();
        let all = files(store, &record).and_then(|(mut held, _)| {
            held.extend(fresh(store, state, row.snapshot)?);
            Ok(held)
        });
        let Ok(held) = all else {
            self.looked.unread.extend(is_kept.then_some(label));
            return;
        };
        let mut told = BTreeSet::new();
        for Held { path, id, .. } in held {
            if state.erased_file(row.version, id).is_some() || !told.insert((path.clone(), id)) {
                continue;
            }
            if !is_kept && !self.repository.store().has_file(id).unwrap_or(true) {
                continue;
            }
            match self.file(id, progress) {
                Some(true) => self.looked.remaining.push(found(path, Some(id))),
                Some(false) => {}
                None => self.looked.unread.push(format!("{label} {path}")),
            }
        }
    }

    /// The field itself, under either of its names: a seed that is a parameter is one with it.
    fn is_it(&self, name: &str, value: &Scalar) -> bool {
        let key = |name: &str| name.strip_prefix("params.").or(name.strip_prefix("seeds.")).map(str::to_owned);
        let same = name == self.wanted.field || key(name).is_some_and(|name| key(&self.wanted.field) == Some(name));
        same && *value == self.wanted.value
    }

    /// Whether a profile has it among its categories, or as a least or greatest value.
    fn tells(&self, profile: &ProfileRecord) -> bool {
        profile.columns.iter().any(|column| {
            let listed = column.categories.iter().any(|category| self.pattern.is_match(category.value.as_bytes()));
            listed || column.deciles.iter().flat_map(|deciles| &deciles.edges).any(|edge| self.is_in(edge))
        })
    }

    fn is_in(&self, value: &Scalar) -> bool {
        self.pattern.is_match(value.to_string().as_bytes())
    }

    /// Whether a file has it; none: it cannot be read.
    fn file(&mut self, id: FileId, progress: &dyn Progress) -> Option<bool> {
        if let Some(known) = self.seen.get(&id) {
            return *known;
        }
        let longest = self.wanted.value.to_string().len();
        let mut finder = Finder { pattern: &self.pattern, overlap: longest - 1, tail: Vec::new(), found: false };
        let read = self.repository.store().copy_file(id, &mut finder, progress);
        let found = match read {
            // The rest need not be read.
            Ok(_) | Err(CopyError::Write(_)) => Some(finder.found),
            Err(CopyError::Store(_)) => None,
        };
        self.seen.insert(id, found);
        found
    }
}

/// Takes a file in pieces; text may lie across two of them. Once it is found, nothing more is taken.
struct Finder<'p> {
    pattern: &'p Regex,
    overlap: usize,
    tail: Vec<u8>,
    found: bool,
}

impl Write for Finder<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.tail.extend_from_slice(&piece[..piece.len().min(self.overlap)]);
        self.found = self.pattern.is_match(&self.tail) || self.pattern.is_match(piece);
        if self.found {
            return Err(io::Error::other("found"));
        }
        // The end of everything so far: a piece may be shorter than the text.
        if piece.len() >= self.overlap {
            self.tail.clear();
            self.tail.extend_from_slice(&piece[piece.len() - self.overlap..]);
        } else {
            self.tail.drain(..self.tail.len().saturating_sub(self.overlap));
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
