//! The files a command has made, beside those of the version.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::capture::source_file::SourceFile;
use crate::certify::wording::count;
use crate::digest::Digest;
use crate::format::found::FoundFileRecord;
use crate::format::tree::EntryKind;
use crate::snapshot::{TreeFile, found};
use crate::table::{self, TableFormat};

/// A file of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct FileOutcome {
    /// Its name in the version.
    pub path: String,
    /// What it held then.
    pub then: Option<Digest>,
    /// What it holds now.
    pub now: Option<Digest>,
    /// How alike they are.
    pub likeness: Likeness,
    /// What is different, as far as anything tells; or why there is nothing to compare.
    pub notes: Vec<String>,
}

/// How alike two files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same bytes.
    Bytes,
    /// Other bytes, but the same tensors under the same names.
    Tensors,
    /// Other bytes; as far as anything tells, the same structure.
    Structure,
    /// Another class, other settings, or tensors of other names, types or sizes; a table of other rows.
    Different,
    /// The command did not write it.
    Missing,
}

impl Likeness {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "same-bytes",
            Self::Tensors => "same-tensors",
            Self::Structure => "other-bytes",
            Self::Different => "different",
            Self::Missing => "missing",
        }
    }

    pub(super) fn is_different(self) -> bool {
        self == Self::Different
    }

    pub(super) fn is_missing(self) -> bool {
        self == Self::Missing
    }
}

/// What lay at a place before the command ran: what is still the same afterwards was not made by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before(Option<(SystemTime, u64, u64)>);

impl Before {
    pub(super) fn look(path: &Path) -> Self {
        Self(fs::symlink_metadata(path).ok().and_then(|data| Some((data.modified().ok()?, data.len(), inode(&data)))))
    }

    /// Whether something is there now that was not.
    pub(super) fn was_made(&self, path: &Path) -> bool {
        let now = Self::look(path);
        now.0.is_some() && now != *self
    }
}

#[cfg(unix)]
fn inode(data: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
const fn inode(_: &Metadata) -> u64 {
    0
}

/// A file that the version has and the command is to make again.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) file: TreeFile,
    pub(super) before: Before,
}

/// Compares a file of the model with what lies in `folder`. Where the bytes differ, both are looked into: `original` has the file
/// of the version.
pub(super) fn model_file(
    folder: &Path,
    expected: &Expected,
    original: impl FnOnce() -> Option<PathBuf>,
) -> FileOutcome {
    let (mut outcome, disk) = match made_otherwise(folder, expected) {
        Ok(made) => made,
        Err(outcome) => return outcome,
    };
    let look = |disk| {
        let file = SourceFile::describe(outcome.path.clone(), disk).map_err(io::Error::other)?;
        found::alone(&file)
    };
    let then = original().and_then(|disk| look(disk).ok()).flatten();
    match (then, look(disk)) {
        (Some(then), Ok(Some(now))) => (outcome.likeness, outcome.notes) = alike(&then, &now),
        (Some(then), Ok(None)) => {
            outcome.likeness = Likeness::Different;
            outcome.notes = vec![format!("it was {}, and is of no format known here", then.format)];
        }
        (Some(_), Err(error)) => {
            outcome.likeness = Likeness::Different;
            outcome.notes = vec![format!("it cannot be looked into: {error}")];
        }
        (None, _) => {
            outcome.notes = vec!["it is of no format known here: nothing tells how much is different".to_owned()]
        }
    }
    outcome
}

/// Compares a table of predictions with what lies in `folder`: a table of other rows is another one.
pub(super) fn predictions(
    folder: &Path,
    expected: &Expected,
    original: impl FnOnce() -> Option<PathBuf>,
) -> FileOutcome {
    let (mut outcome, disk) = match made_otherwise(folder, expected) {
        Ok(made) => made,
        Err(outcome) => return outcome,
    };
    let rows = |disk: &Path| Some(table::shape(disk, TableFormat::of(&expected.file.path)?).ok()?.rows);
    if let (Some(then), Some(now)) = (original().and_then(|disk| rows(&disk)), rows(&disk)) {
        outcome.notes = vec![if then == now {
            format!("{}, as it had", count(now, "row"))
        } else {
            format!("{then} → {}", count(now, "row"))
        }];
        if then != now {
            outcome.likeness = Likeness::Different;
        }
    }
    outcome
}

/// A file that was made and has other bytes, with where it is; otherwise all there is to say of it.
fn made_otherwise(folder: &Path, expected: &Expected) -> Result<(FileOutcome, PathBuf), FileOutcome> {
    let disk = folder.join(&expected.file.path);
    let mut outcome = FileOutcome {
        path: expected.file.path.clone(),
        then: expected.file.id.map(|id| id.digest()),
        now: None,
        likeness: Likeness::Missing,
        notes: Vec::new(),
    };
    if expected.file.kind == EntryKind::Symlink {
        let there = fs::read_link(&disk).ok();
        let same = there.is_some() && there.as_deref() == expected.file.target.as_deref().map(Path::new);
        outcome.likeness = if same { Likeness::Bytes } else { Likeness::Missing };
        return Err(outcome);
    }
    if !expected.before.was_made(&disk) {
        if expected.before.0.is_some() {
            outcome.notes.push("it was there before, and the command did not touch it".to_owned());
        }
        return Err(outcome);
    }
    match File::open(&disk).and_then(Digest::of_reader) {
        Ok((digest, _)) => outcome.now = Some(digest),
        Err(error) => {
            outcome.notes.push(format!("it cannot be read: {error}"));
            return Err(outcome);
        }
    }
    if outcome.now == outcome.then {
        outcome.likeness = Likeness::Bytes;
        return Err(outcome);
    }
    outcome.likeness = Likeness::Structure;
    Ok((outcome, disk))
}

/// Two files of a known format.
fn alike(then: &FoundFileRecord, now: &FoundFileRecord) -> (Likeness, Vec<String>) {
    let mut notes = Vec::new();
    let mut say = |what: &str, then: String, now: String| {
        if then != now {
            notes.push(format!("{what} {then} → {now}"));
        }
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    say("format", then.format.clone(), now.format.clone());
    say("class", text(&then.class), text(&now.class));
    for name in then.params.keys().chain(now.params.keys().filter(|name| !then.params.contains_key(*name))) {
        let value =
            |file: &FoundFileRecord| file.params.get(name).map_or_else(|| "none".to_owned(), ToString::to_string);
        say(&format!("`{name}`"), value(then), value(now));
    }
    if let (Some(then), Some(now)) = (&then.tensors, &now.tensors) {
        say("tensors", then.count.to_string(), now.count.to_string());
        let elements = |n: Option<u64>| n.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
        say("numbers in them", elements(then.elements), elements(now.elements));
        say("their types", format!("{:?}", then.dtypes), format!("{:?}", now.dtypes));
    }
    if !notes.is_empty() {
        return (Likeness::Different, notes);
    }
    match (&then.tensors, &now.tensors) {
        (Some(a), Some(b)) if a.sha256 == b.sha256 => (Likeness::Tensors, vec!["the same tensors".to_owned()]),
        (Some(a), Some(b)) => (
            Likeness::Structure,
            vec![format!("other numbers in its tensors: digest {} → {}", a.sha256.short(), b.sha256.short())],
        ),
        _ => (Likeness::Structure, vec!["the same class and settings".to_owned()]),
    }
}
