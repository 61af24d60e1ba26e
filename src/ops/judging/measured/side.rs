//! One model with its code and the held-out rows, as it is run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::PathBuf;

use super::Wanted;
use super::found::Found;
use super::intact::Intact;
use super::pinned;
use super::pinned::Held;
use crate::capture::source_file::SourceFile;
use crate::digest::Digest;
use crate::format::measurement::{InputRecord, Role};
use crate::format::policy::MeasureRecord;
use crate::format::snapshot::{DataRecord, SnapshotRecord};
use crate::format::tree::EntryKind;
use crate::id::{FileId, SnapshotId};
use crate::name::Version;
use crate::ops::error::MeasureError;
use crate::ops::restore::data::Search;
use crate::ops::restore::{Part, files_of};
use crate::ops::scratch::Scratch;
use crate::ops::workspace::RunWith;
use crate::ops::{VerbError, erasures, records};
use crate::progress::Progress;
use crate::registry::State;
use crate::repository::Repository;
use crate::snapshot::restore::{self, Twins};
use crate::snapshot::{self, TreeFile};
use crate::store::StoreError;

/// A model that is run.
pub(in crate::ops) struct Side<'a> {
    pub role: Role,
    /// `fraud@v8`, `workspace`.
    pub label: String,
    pub id: SnapshotId,
    pub record: &'a SnapshotRecord,
    pub files: Files<'a>,
}

/// Where its files are.
pub(in crate::ops) enum Files<'a> {
    /// In the store, but for what was erased.
    Stored { state: &'a State, version: Version },
    /// In the workspace.
    Workspace(&'a RunWith),
}

/// The held-out rows: the candidate's, for both, if they are those the baseline was judged on.
pub(super) struct Input {
    pub record: InputRecord,
    /// What a reader should know of them.
    pub remark: Option<String>,
    found: Found,
    /// Why they are not here, or not to be used.
    missing: Option<String>,
}

/// A model in its folder; or why it is not there.
pub(super) type Laid = Result<Place, String>;

/// A model in its folder.
pub(super) struct Place {
    /// The folder its commands run in: the project's.
    pub folder: PathBuf,
    /// The folder that holds the model's files.
    pub model: PathBuf,
    /// The held-out rows: a file, or a folder.
    pub input: Option<PathBuf>,
    /// The folder that everything was restored into, and what that was.
    root: PathBuf,
    files: Vec<TreeFile>,
}

impl Place {
    /// What was restored, to be looked at again.
    pub(super) fn intact(&self) -> Intact {
        Intact::new(&self.root, &self.files)
    }

    /// Why a restored file that is another now keeps what was measured from being used.
    pub(super) fn said_of(&self, changed: &str) -> String {
        let path = self.root.join(changed);
        match &self.input {
            Some(input) if path.starts_with(input) => "it wrote to the held-out rows".to_owned(),
            _ => format!("its file `{changed}` was changed while the models ran"),
        }
    }
}

/// The held-out rows that the commands of a policy ask for.
pub(super) fn input(wanted: &Wanted<'_>, progress: &dyn Progress) -> Result<Option<Input>, VerbError> {
    let policy = wanted.policy;
    let by_a_rule = policy
        .rules
        .iter()
        .any(|rule| matches!(&rule.measure, MeasureRecord::Command { command, .. } if command.contains("{input}")));
    let name = match &policy.predict {
        Some(predict) => predict.input.clone(),
        None if by_a_rule => "test".to_owned(),
        None => return Ok(None),
    };
    let side = wanted.candidate;
    let data = side.record.data.iter().find(|data| data.name.as_str() == name || data.path == name);
    let Some(data) = data else {
        let known = side.record.data.iter().map(|data| data.name.clone()).collect();
        return Err(MeasureError::NoInput { input: name, label: side.label.clone(), known }.into());
    };
    let record = InputRecord { name: data.name.clone(), path: data.path.clone(), sha256: data.sha256 };
    let (found, missing) = match &side.files {
        Files::Workspace(with) => (described(with.data.get(&data.name).into_iter().flatten(), "")?, None),
        Files::Stored { state, version } => stored_data(wanted, state, *version, data, progress)?,
    };
    let why = if found.files.is_empty() { Some("it is not here".to_owned()) } else { None };
    let (mut missing, mut remark) = (missing.or(why), None);
    if missing.is_none() {
        match pinned::hold(wanted, data, &found)? {
            Held::Same => {}
            Held::SameRows { remark: said } => remark = Some(said),
            Held::Other { why } => missing = Some(why),
        }
    }
    let missing = missing.map(|why| format!("the held-out rows, the data `{}`: {why}", data.name));
    Ok(Some(Input { record, remark, found, missing }))
}

/// Data of a version: out of the store, or from where it was captured, if that is still the same.
fn stored_data(
    wanted: &Wanted<'_>,
    state: &State,
    version: Version,
    data: &DataRecord,
    progress: &dyn Progress,
) -> Result<(Found, Option<String>), VerbError> {
    let store = wanted.repository.store();
    if let Some(tree) = data.stored {
        let (files, erased) = erasures::split(state, version, snapshot::files_of(store, tree)?);
        let missing = erased.first().map(|(file, why)| format!("`{}` was {why}", file.path));
        return Ok((Found { files, from: HashMap::new() }, missing));
    }
    let only = SnapshotRecord { data: vec![data.clone()], ..wanted.candidate.record.clone() };
    let row = state.version(version);
    let search = Search {
        repository: wanted.repository,
        model: wanted.model,
        label: wanted.candidate.label.clone(),
        record: &only,
        observation: row.and_then(|row| records::observation(wanted.repository, row.observation).ok()),
        given: &[],
        target: std::env::temp_dir().join(uuid::Uuid::new_v4().simple().to_string()),
        progress,
    };
    let found = search.run()?;
    let places = found.missing.get(&data.name).map(|places| places.join("; ")).unwrap_or_default();
    let why = data.not_stored.clone().unwrap_or_else(|| "it was not kept".to_owned());
    let missing = found.files.is_empty().then(|| if places.is_empty() { why } else { format!("{why}; {places}") });
    Ok((Found { files: found.files, from: found.from }, missing))
}

/// Puts a model into a folder.
pub(super) fn lay_out(
    repository: &Repository,
    scratch: &Scratch,
    side: &Side<'_>,
    input: Option<&Input>,
    progress: &dyn Progress,
) -> Result<Laid, VerbError> {
    let prefix = prefix(side);
    let found = match &side.files {
        Files::Stored { .. } => stored_files(repository, side, &[Part::Model, Part::Params, Part::Code])?,
        Files::Workspace(with) => {
            let mut own = described(&with.own, prefix)?;
            let code = described(&with.code, "")?;
            own.files.extend(code.files);
            own.from.extend(code.from);
            Ok(own)
        }
    };
    let own: Vec<String> = match &side.files {
        Files::Stored { .. } => {
            let files = snapshot::files_of(repository.store(), side.record.model_files.tree)?;
            files.into_iter().map(|file| file.path).collect()
        }
        Files::Workspace(with) => with.own.iter().map(|file| file.path().to_owned()).collect(),
    };
    let own =
        if let Files::Workspace(_) = side.files { model_files(&own, side.record.model_files.files) } else { &own };
    let laid = match found {
        Ok(found) => put(repository, scratch, (side.role.name(), prefix), found, input, progress)?,
        Err(why) => Err(why),
    };
    Ok(laid.map(|place| Place { model: place.folder.join(holding(own)), ..place }))
}

/// Puts a model's code into a folder, without the model: nothing that is run there takes one model for the other.
pub(super) fn lay_out_code(
    repository: &Repository,
    scratch: &Scratch,
    side: &Side<'_>,
    input: Option<&Input>,
    progress: &dyn Progress,
) -> Result<Laid, VerbError> {
    Ok(match code(repository, side)? {
        Ok(found) => put(repository, scratch, ("code", prefix(side)), found, input, progress)?,
        Err(why) => Err(why),
    })
}

/// The first files, by name, in which the code of two models differs; at most so many, and how many they are.
pub(super) fn differing_code(
    repository: &Repository,
    ours: &Side<'_>,
    theirs: &Side<'_>,
    most: usize,
) -> Result<(Vec<String>, usize), VerbError> {
    let (Ok(ours), Ok(theirs)) = (code(repository, ours)?, code(repository, theirs)?) else {
        return Ok((Vec::new(), 0));
    };
    let by_name = |found: Found| -> BTreeMap<String, (Option<FileId>, Option<String>)> {
        found.files.into_iter().map(|file| (file.path, (file.id, file.target))).collect()
    };
    let (ours, theirs) = (by_name(ours), by_name(theirs));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differing: Vec<String> =
        names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name)).cloned().collect();
    Ok((differing.iter().take(most).cloned().collect(), differing.len()))
}

fn prefix<'s>(side: &'s Side<'_>) -> &'s str {
    if side.record.code.tree.is_some() { side.record.code.prefix.as_str() } else { "" }
}

/// The code of a model, but for what is the model's own.
fn code(repository: &Repository, side: &Side<'_>) -> Result<Result<Found, String>, VerbError> {
    let own: BTreeSet<String>;
    let mut found = match &side.files {
        Files::Stored { .. } => {
            let (files, _) = files_of(repository.store(), side.record, &[Part::Model, Part::Params])?;
            own = files.into_iter().map(|file| below(prefix(side), &file.path)).collect();
            match stored_files(repository, side, &[Part::Code])? {
                Ok(found) => found,
                Err(why) => return Ok(Err(why)),
            }
        }
        Files::Workspace(with) => {
            own = with.own.iter().map(|file| below(prefix(side), file.path())).collect();
            described(&with.code, "")?
        }
    };
    found.files.retain(|file| !own.contains(&file.path));
    Ok(Ok(found))
}

/// Files of a version; or which of them was erased.
fn stored_files(repository: &Repository, side: &Side<'_>, parts: &[Part]) -> Result<Result<Found, String>, VerbError> {
    let Files::Stored { state, version } = &side.files else { return Ok(Ok(Found::default())) };
    let (files, _) = files_of(repository.store(), side.record, parts)?;
    let (files, erased) = erasures::split(state, *version, files);
    if let Some((file, why)) = erased.first() {
        return Ok(Err(format!("`{}` was {why}", file.path)));
    }
    Ok(Ok(Found { files, from: HashMap::new() }))
}

/// Puts files and the held-out rows into a folder of their own. Where another one is its name does not tell: what is run in one
/// has no business in the other.
fn put(
    repository: &Repository,
    scratch: &Scratch,
    (name, prefix): (&str, &str),
    mut found: Found,
    input: Option<&Input>,
    progress: &dyn Progress,
) -> Result<Laid, VerbError> {
    if let Some(why) = input.and_then(|input| input.missing.clone()) {
        return Ok(Err(why));
    }
    if let Some(input) = input {
        // The same rows for everybody.
        let rows: BTreeMap<String, TreeFile> = input
            .found
            .files
            .iter()
            .map(|file| below(prefix, &file.path))
            .zip(input.found.files.iter().cloned())
            .collect();
        found.files.retain(|file| !rows.contains_key(&file.path));
        found.files.extend(rows.into_iter().map(|(path, file)| TreeFile { path, ..file }));
        found.from.extend(input.found.from.iter().map(|(id, path)| (*id, path.clone())));
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.files.dedup();
    let target = scratch.unguessable(name);
    scratch.folder(&target)?;
    let files = found.files.clone();
    let mut plan = restore::plan(&target, found.files, Vec::new())?;
    plan.from = found.from;
    match restore::apply(repository.store(), &plan, &Twins::new([]), false, progress) {
        Ok(_) => {}
        // What is lost is a gap in the evidence; `verify` says what to do.
        Err(restore::RestoreError::Store(error @ (StoreError::Missing { .. } | StoreError::Damaged { .. }))) => {
            return Ok(Err(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let folder = if prefix.is_empty() { target.clone() } else { target.join(prefix) };
    scratch.folder(&folder)?;
    let rows = input.map(|input| match input.found.files.as_slice() {
        [only] => folder.join(&only.path),
        _ => folder.join(&input.record.path),
    });
    Ok(Ok(Place { model: folder.clone(), folder, input: rows, root: target, files }))
}

/// Of a model's files and its parameters, in that order, the model's.
fn model_files(own: &[String], files: u64) -> &[String] {
    own.get(..usize::try_from(files).unwrap_or(usize::MAX)).unwrap_or(own)
}

/// The deepest folder that holds all of some files, `/`-separated.
pub(in crate::ops) fn holding(paths: &[String]) -> String {
    let folder = |path: &String| -> Vec<String> {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        parts.pop();
        parts
    };
    let mut folders = paths.iter().map(folder);
    let first = folders.next().unwrap_or_default();
    let common = folders.fold(first, |common, next| {
        let same = common.iter().zip(&next).take_while(|(a, b)| a == b).count();
        common[..same].to_vec()
    });
    common.join("/")
}

fn below(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") }
}

/// Files of the workspace, hashed: as they are copied it is seen whether they are still the same.
fn described<'f>(files: impl IntoIterator<Item = &'f SourceFile>, prefix: &str) -> Result<Found, VerbError> {
    let mut found = Found::default();
    for file in files {
        let path = below(prefix, file.path());
        if file.kind == EntryKind::Symlink {
            let target = file.target.clone();
            found.files.push(TreeFile { path, kind: file.kind, id: None, size: 0, target });
            continue;
        }
        let unreadable = |source| VerbError::Io { action: "read", path: file.disk(), source };
        let (digest, size) = File::open(file.disk()).and_then(Digest::of_reader).map_err(unreadable)?;
        let id = FileId::new(digest);
        found.files.push(TreeFile { path, kind: file.kind, id: Some(id), size, target: None });
        found.from.insert(id, file.disk());
    }
    Ok(found)
}
