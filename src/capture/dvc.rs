//! Data that DVC keeps: what a `.dvc` file says of it, and where it is now: in the workspace, or in DVC's cache.

pub mod cache;
mod md5;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use self::cache::{Cache, root_of};
pub use self::md5::Md5;
use super::error::CaptureError;
use super::files::{self, PathSpec, SourceFile};
use super::ignored::Ignored;
use super::known::Known;
use super::secrets;
use super::values::{self, Syntax};
use crate::bounded;
use crate::digest::Digest;
use crate::format::checksum::{Algorithm, Checksum};
use crate::format::scalar::Scalar;
use crate::format::snapshot::DeclaredRecord;
use crate::progress::{Progress, Unit};
use crate::store::Source as _;

/// No `.dvc` file is longer.
const MAX_POINTER: u64 = 1 << 20;

/// A `.dvc` file.
#[derive(Debug, Clone)]
pub struct Pointer {
    /// What is to go into a record.
    pub record: DeclaredRecord,
    /// What it stands for, as it says.
    pub says: String,
    /// Where that lies in the workspace; none if it lies elsewhere.
    pub out: Option<PathBuf>,
    /// The repository of DVC; none if there is none.
    root: Option<PathBuf>,
}

/// What a `.dvc` file stands for.
#[derive(Debug)]
pub enum Out {
    /// In the workspace.
    There(Vec<SourceFile>),
    /// In DVC's cache, under the names it would have.
    Cached(Vec<SourceFile>),
    /// Nowhere, and why.
    Missing(String),
}

impl Pointer {
    /// Reads a `.dvc` file with one output. `input` is what it was declared as, `text` its path as declared.
    pub fn read(input: &str, text: &str, path: &Path, project: &Path) -> Result<Self, CaptureError> {
        let refuse = |reason: String| CaptureError::Pointer { input: input.to_owned(), path: text.to_owned(), reason };
        let bytes = bounded::read(path, MAX_POINTER).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => CaptureError::Missing { input: input.to_owned(), path: text.to_owned() },
            _ => CaptureError::Unreadable { path: path.to_path_buf(), source },
        })?;
        let values = values::parse(Syntax::Yaml, &bytes).map_err(|e| refuse(e.to_string()))?;
        if values.contains_key("outs.1.path") {
            return Err(refuse("it names several outputs; a source of data is one".to_owned()));
        }
        let says = text_of(&values, "outs.0.path")
            .ok_or_else(|| refuse("it names no output, so it is no `.dvc` file".to_owned()))?;
        let (size, files) = (number_of(&values, "outs.0.size"), number_of(&values, "outs.0.nfiles"));
        let checksum = checksum(&values).map_err(refuse)?;
        let dvc = Some(files::snapshot_path(path, project)?);
        let record = DeclaredRecord { dvc, checksum, size, files };
        let folder = path.parent().unwrap_or(path);
        let folder = folder.join(text_of(&values, "wdir").unwrap_or("."));
        let elsewhere = says.contains("://");
        let out = (!elsewhere).then(|| files::lexically_clean(&folder.join(says)));
        let says = if elsewhere { secrets::strip_userinfo(says) } else { says.to_owned() };
        Ok(Self { record, says, out, root: root_of(path) })
    }

    /// Whether it stands for a folder.
    pub fn is_folder(&self) -> bool {
        self.md5().is_some_and(|md5| md5.ends_with(".dir")) || self.record.files.is_some()
    }

    fn md5(&self) -> Option<&str> {
        self.record.checksum.as_ref().and_then(Checksum::md5)
    }

    /// Finds what it stands for, under the names that has in a snapshot.
    pub fn find(&self, input: &str, project: &Path) -> Result<Out, CaptureError> {
        let Some(out) = &self.out else { return Ok(Out::Missing("it lies elsewhere".to_owned())) };
        let path = files::snapshot_path(out, project)?;
        if std::fs::symlink_metadata(out).is_ok() {
            let ignored = Ignored::of_dvc(self.root.as_deref().unwrap_or(project))?;
            let spec = PathSpec { text: self.says.clone(), path: out.clone(), rename: Some(path) };
            return Ok(Out::There(files::collect(input, &[spec], project, &ignored)?));
        }
        let away = |why: &str| Ok(Out::Missing(format!("what the `.dvc` file names is not here, and {why}")));
        let (Some(md5), Some(root)) = (self.md5(), &self.root) else {
            return away("nothing says where DVC keeps it");
        };
        match from_cache(&Cache::of(root), md5, &path)? {
            Ok(files) => Ok(Out::Cached(files)),
            Err(why) => away(&why),
        }
    }

    /// Why `files` are not what the `.dvc` file says; none if they are, or if it says nothing. Beside it, the SHA-256 of
    /// each. `path` is what the output is called in the snapshot.
    pub fn check(
        &self,
        path: &str,
        files: &[SourceFile],
        known: &Known<'_>,
        progress: &dyn Progress,
    ) -> Result<(Option<String>, Vec<Digest>), CaptureError> {
        let Some(checksum) = self.record.checksum.as_ref().filter(|checksum| checksum.md5().is_some()) else {
            return Ok((None, Vec::new()));
        };
        let dos2unix = checksum.algorithm() == Algorithm::Md5Dos2Unix;
        let found = hash(files, dos2unix, known, progress)?;
        let (digests, md5): (Vec<Digest>, Vec<Md5>) = found.into_iter().unzip();
        let found = md5_of(path, files, &md5);
        let wrong = (checksum.md5() != found.as_deref()).then(|| {
            let found = found.unwrap_or_else(|| "several files".to_owned());
            format!("it is not what the `.dvc` file names: {} there, {found} here", checksum.value())
        });
        Ok((wrong, digests))
    }
}

/// What DVC would call `files`: a file, or a folder that is called `path` in the snapshot.
fn md5_of(path: &str, files: &[SourceFile], md5: &[Md5]) -> Option<String> {
    match (files, md5) {
        ([file], [md5]) if file.path() == path => Some(md5.to_string()),
        _ => {
            let prefix = format!("{path}/");
            let relative = files.iter().map(|file| file.path().strip_prefix(&prefix));
            let relative: Vec<&str> = relative.collect::<Option<_>>()?;
            Some(md5::of_listing(relative.into_iter().zip(md5.iter().copied())))
        }
    }
}

/// What is kept under `md5`, as files called `path` or below it; or why it cannot be had.
pub fn from_cache(cache: &Cache, md5: &str, path: &str) -> Result<Result<Vec<SourceFile>, String>, CaptureError> {
    if !md5.ends_with(".dir") {
        return match cache.file(md5) {
            Some(place) => Ok(Ok(vec![SourceFile::describe(path.to_owned(), place)?])),
            None => Ok(Err("it is not in DVC's cache".to_owned())),
        };
    }
    match cache.folder(md5) {
        Err(why) => Ok(Err(why)),
        Ok(entries) => {
            let describe = |(below, place): (String, PathBuf)| SourceFile::describe(format!("{path}/{below}"), place);
            let mut files = entries.into_iter().map(describe).collect::<Result<Vec<_>, _>>()?;
            files.sort_by(|a, b| a.path().cmp(b.path()));
            Ok(Ok(files))
        }
    }
}

/// Whether `files`, read whole, are what DVC calls `checksum`; and the SHA-256 of each.
pub fn verify(
    path: &str,
    files: &[SourceFile],
    checksum: &Checksum,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<(Vec<Digest>, Option<String>), CaptureError> {
    let found = hash(files, checksum.algorithm() == Algorithm::Md5Dos2Unix, known, progress)?;
    let (digests, md5): (Vec<Digest>, Vec<Md5>) = found.into_iter().unzip();
    Ok((digests, md5_of(path, files, &md5)))
}

fn hash(
    files: &[SourceFile],
    dos2unix: bool,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Vec<(Digest, Md5)>, CaptureError> {
    progress.begin("comparing with DVC", files.iter().map(SourceFile::size).sum(), Unit::Bytes);
    let hash = |file: &SourceFile| -> io::Result<(Digest, Md5)> {
        if let Some(sha256) = known.digest(file)
            && let Some(md5) = known.md5(&sha256, dos2unix)
        {
            progress.advance(file.size());
            return Ok((sha256, Md5(md5)));
        }
        let (sha256, md5, read) = md5::of_reader(file.open()?, dos2unix)?;
        file.finished(read)?;
        known.learn(file, sha256);
        known.learn_md5(sha256, dos2unix, md5.0);
        progress.advance(read);
        Ok((sha256, md5))
    };
    let hash = |file| hash(file).map_err(|source| CaptureError::Unreadable { path: file.disk(), source });
    let hashed = files.par_iter().map(hash).collect();
    progress.end();
    hashed
}

fn text_of<'v>(values: &'v BTreeMap<String, Scalar>, key: &str) -> Option<&'v str> {
    match values.get(key) {
        Some(Scalar::Text(text)) => Some(text),
        _ => None,
    }
}

fn number_of(values: &BTreeMap<String, Scalar>, key: &str) -> Option<u64> {
    match values.get(key) {
        Some(Scalar::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    }
}

/// `hash: md5` is DVC 3's; without it an MD5 is DVC 2's.
fn checksum(values: &BTreeMap<String, Scalar>) -> Result<Option<Checksum>, String> {
    let md5 = if text_of(values, "outs.0.hash") == Some("md5") { Algorithm::Md5 } else { Algorithm::Md5Dos2Unix };
    for (key, algorithm) in [("outs.0.md5", md5), ("outs.0.etag", Algorithm::Etag)] {
        if !values.contains_key(key) {
            continue;
        }
        let checksum = text_of(values, key).and_then(|value| Checksum::new(algorithm, value));
        return checksum.map(Some).ok_or_else(|| format!("its `{}` is none", key.rsplit('.').next().unwrap_or(key)));
    }
    Ok(None)
}
