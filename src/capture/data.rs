//! Training data: found and described in place, never moved or changed.

use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::dvc::{Out, Pointer};
use super::error::CaptureError;
use super::files::{self, PathSpec, SourceFile};
use super::ignored::Ignored;
use super::known::Known;
use crate::digest::{Digest, Hasher};
use crate::format::checksum::Checksum;
use crate::format::config::DataStore;
use crate::format::snapshot::{ColumnRecord, DataKind, DataRecord, DeclaredRecord};
use crate::name::SetName;
use crate::progress::{Progress, Unit};
use crate::store::Source as _;
use crate::table::{self, TableFormat};

/// Sources up to this size are kept unless the configuration says otherwise: 256 MiB.
pub const KEEP_LIMIT: u64 = 256 << 20;

/// A source of training data, as declared.
#[derive(Debug, Clone)]
pub struct DataInput {
    /// Its name.
    pub name: SetName,
    /// Where it is.
    pub place: DataPlace,
    /// Whether its bytes are kept.
    pub store: DataStore,
    /// What the version before says of it.
    pub before: Option<DataRecord>,
}

/// Rows and columns.
type Shape = (u64, Vec<ColumnRecord>);

/// Where training data is.
#[derive(Debug, Clone)]
pub enum DataPlace {
    /// On this machine's disk.
    Path(PathSpec),
    /// Elsewhere: recorded as declared, with what its server calls it.
    Uri {
        /// Where.
        uri: String,
        /// What the server gives for it.
        checksum: Option<Checksum>,
    },
    /// What a `.dvc` file stands for.
    Dvc {
        /// The file, as written.
        text: String,
        /// Absolute.
        path: PathBuf,
    },
}

/// A source of training data, found.
#[derive(Debug)]
pub struct Data {
    /// Its name.
    pub name: SetName,
    /// What kind of source it is.
    pub kind: DataKind,
    /// Its name in records: relative to the project, a last component, or a URI.
    pub path: String,
    /// Where it lies; none for a URI.
    pub disk: Option<PathBuf>,
    /// Whether it is elsewhere, and nothing of it was read.
    pub unseen: bool,
    /// Its files, named as in the snapshot.
    pub files: Vec<SourceFile>,
    /// Bytes in all.
    pub size: u64,
    /// Why its bytes are not kept; none: they are.
    pub not_stored: Option<String>,
    /// Digests of the files, in their order, where the bytes are not kept.
    pub digests: Vec<Digest>,
    /// Rows and columns, where it is a table.
    pub shape: Option<Shape>,
    /// Why there is no shape although it is a table.
    pub failed: Option<String>,
    /// What was declared of it.
    pub declared: Option<DeclaredRecord>,
    /// Why it is not what was declared.
    pub not_as_declared: Option<String>,
}

impl Data {
    /// How many files it is.
    pub fn count(&self) -> u64 {
        match (self.kind, self.unseen) {
            (DataKind::Uri, _) => 0,
            (_, false) => self.files.len() as u64,
            (DataKind::File, true) => 1,
            (DataKind::Folder, true) => self.declared.as_ref().and_then(|d| d.files).unwrap_or(0),
        }
    }

    /// The source's digest, from its files' paths and digests: a file's own; a folder's is the SHA-256 of the byte-sorted
    /// listing that `sha256sum` prints of its files, named relative to it.
    pub fn digest<'f>(&self, mut files: impl Iterator<Item = (&'f str, Digest)>) -> Option<Digest> {
        match self.kind {
            DataKind::Uri => self.declared.as_ref()?.checksum.as_ref()?.sha256(),
            _ if self.unseen => None,
            DataKind::File => files.next().map(|(_, digest)| digest),
            DataKind::Folder => Some(folder_digest(&self.path, files)),
        }
    }
}

/// The digest of a folder called `path`: the SHA-256 of the byte-sorted listing that `sha256sum` prints of its files, named
/// relative to it.
pub fn folder_digest<'f>(path: &str, files: impl Iterator<Item = (&'f str, Digest)>) -> Digest {
    let prefix = format!("{path}/");
    let named = |(path, digest): (&'f str, Digest)| (digest, path.strip_prefix(&prefix).unwrap_or(path));
    // As the lines are sorted: no path has a character below that of the line's end.
    let mut lines: Vec<(Digest, &str)> = files.map(named).collect();
    lines.sort_unstable();
    let mut hasher = Hasher::default();
    lines.iter().for_each(|(digest, path)| hasher.update(format!("{digest}  {path}\n").as_bytes()));
    hasher.finish()
}

/// Finds one source; hashes it where its bytes will not be kept.
pub fn capture(
    input: &DataInput,
    project: &Path,
    ignored: &Ignored,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Data, CaptureError> {
    let what = format!("data.{}", input.name);
    match &input.place {
        DataPlace::Path(spec) => {
            let found = files::collect(&what, std::slice::from_ref(spec), project, ignored)?;
            let disk = files::lexically_clean(&spec.path);
            let kind = if disk.is_file() { DataKind::File } else { DataKind::Folder };
            let path = match kind {
                DataKind::File => found[0].path().to_owned(),
                _ => files::declared_path(&disk, project)?,
            };
            describe(input, Source { kind, path, disk, files: found, digests: Vec::new() }, known, progress)
        }
        DataPlace::Uri { uri, checksum } => {
            let why = "recorded as declared; nothing was read".to_owned();
            let declared = checksum.clone().map(|c| DeclaredRecord { checksum: Some(c), ..DeclaredRecord::default() });
            Ok(Data { declared, ..unseen(input, DataKind::Uri, without_secrets(uri), why) })
        }
        DataPlace::Dvc { text, path } => {
            of_dvc(input, &Pointer::read(&what, text, path, project)?, project, known, progress)
        }
    }
}

/// Files that were found.
struct Source {
    kind: DataKind,
    path: String,
    disk: PathBuf,
    files: Vec<SourceFile>,
    /// Their digests, where those are known already.
    digests: Vec<Digest>,
}

fn describe(
    input: &DataInput,
    source: Source,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Data, CaptureError> {
    let Source { kind, path, disk, files, digests } = source;
    let size = files.iter().map(SourceFile::size).sum();
    let not_stored = match input.store {
        DataStore::Copy => None,
        DataStore::Hash => Some("the configuration says to keep its digest only".to_owned()),
        DataStore::Auto if size > KEEP_LIMIT => Some(format!("it is larger than {} MiB", KEEP_LIMIT >> 20)),
        DataStore::Auto => None,
    };
    let digests = match not_stored {
        None => Vec::new(),
        Some(_) if digests.len() == files.len() => digests,
        Some(_) => hash_in_place(&files, known, progress)?,
    };
    let mut data = Data {
        name: input.name.clone(),
        kind,
        path,
        disk: Some(disk),
        unseen: false,
        files,
        size,
        not_stored,
        digests,
        shape: None,
        failed: None,
        declared: None,
        not_as_declared: None,
    };
    match known_shape(input, &data, known) {
        Some(shape) => data.shape = Some(shape),
        None => match shape_of(&data.files) {
            Ok(shape) => data.shape = shape,
            Err(reason) => data.failed = Some(reason),
        },
    }
    Ok(data)
}

/// Rows and columns of what the version before had, too, if its files are known to be what they were: nothing is read.
fn known_shape(input: &DataInput, data: &Data, known: &Known<'_>) -> Option<Shape> {
    let before = input.before.as_ref().filter(|before| before.kind == data.kind && before.path == data.path)?;
    let digests: Option<Vec<Digest>> = data.files.iter().map(|file| known.digest(file)).collect();
    let digest = data.digest(data.files.iter().map(SourceFile::path).zip(digests?))?;
    let shape = before.rows.zip(before.schema.clone())?;
    (before.sha256 == Some(digest)).then_some(shape)
}

/// A source of which nothing could be read.
fn unseen(input: &DataInput, kind: DataKind, path: String, why: String) -> Data {
    Data {
        name: input.name.clone(),
        kind,
        path,
        disk: None,
        unseen: true,
        files: Vec::new(),
        size: 0,
        not_stored: Some(why),
        digests: Vec::new(),
        shape: None,
        failed: None,
        declared: None,
        not_as_declared: None,
    }
}

/// What a `.dvc` file stands for, from the workspace or DVC's cache: like any other data, and compared with what the file
/// says of it.
fn of_dvc(
    input: &DataInput,
    pointer: &Pointer,
    project: &Path,
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Data, CaptureError> {
    let declared = Some(pointer.record.clone());
    let Some(out) = &pointer.out else {
        let why = "recorded as the `.dvc` file declares it; nothing was read".to_owned();
        return Ok(Data { declared, ..unseen(input, DataKind::Uri, without_secrets(&pointer.says), why) });
    };
    let path = files::snapshot_path(out, project)?;
    let declared_kind = if pointer.is_folder() { DataKind::Folder } else { DataKind::File };
    let missing = |why: String| Data {
        size: pointer.record.size.unwrap_or(0),
        disk: Some(out.clone()),
        declared: declared.clone(),
        ..unseen(input, declared_kind, path.clone(), why)
    };
    let (found, cached) = match pointer.find(&format!("data.{}", input.name), project)? {
        Out::Missing(why) => return Ok(missing(why)),
        Out::There(files) => (files, false),
        Out::Cached(files) => (files, true),
    };
    let (not_as_declared, digests) = pointer.check(&path, &found, known, progress)?;
    if cached && not_as_declared.is_some() {
        return Ok(missing(
            "what the `.dvc` file names is not here, and what DVC's cache has of it is damaged".to_owned(),
        ));
    }
    let kind = if found.len() == 1 && found[0].path() == path { DataKind::File } else { DataKind::Folder };
    let source = Source { kind, path: path.clone(), disk: out.clone(), files: found, digests };
    Ok(Data { declared, not_as_declared, ..describe(input, source, known, progress)? })
}

/// A URI without user info, and without what its query signs or authorises with.
fn without_secrets(uri: &str) -> String {
    const HARMLESS: [&str; 7] = ["version", "versionid", "snapshot", "revision", "ref", "path", "format"];
    let clean = super::secrets::strip_userinfo(uri);
    let Some((place, query)) = clean.split_once('?') else { return clean };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, value)) if HARMLESS.contains(&key.to_ascii_lowercase().as_str()) => format!("{key}={value}"),
        Some((key, _)) => format!("{key}=<redacted:uri-query>"),
        None => "<redacted:uri-query>".to_owned(),
    });
    format!("{place}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// The SHA-256 of each file, where it lies.
pub fn hash_in_place(
    files: &[SourceFile],
    known: &Known<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Digest>, CaptureError> {
    progress.begin("hashing data", files.iter().map(SourceFile::size).sum(), Unit::Bytes);
    let hashed = files
        .par_iter()
        .map(|file| {
            let hash = || -> io::Result<Digest> {
                if let Some(digest) = known.digest(file) {
                    progress.advance(file.size());
                    return Ok(digest);
                }
                let (digest, read) = Digest::of_reader(file.open()?)?;
                file.finished(read)?;
                known.learn(file, digest);
                progress.advance(read);
                Ok(digest)
            };
            hash().map_err(|source| CaptureError::Unreadable { path: file.disk(), source })
        })
        .collect();
    progress.end();
    hashed
}

/// Rows and columns of a table, or of a folder of tables with the same columns.
fn shape_of(files: &[SourceFile]) -> Result<Option<Shape>, String> {
    let mut total: Option<Shape> = None;
    for file in files {
        let Some(format) = TableFormat::of(file.path()) else { return Ok(None) };
        let shape = table::shape(&file.disk(), format).map_err(|e| format!("{}: {e}", file.path()))?;
        let columns: Vec<ColumnRecord> =
            shape.columns.into_iter().map(|c| ColumnRecord { name: c.name, kind: c.kind, nulls: c.nulls }).collect();
        total = Some(match total.take() {
            None => (shape.rows, columns),
            Some((rows, mut known)) => {
                let alike = known.len() == columns.len()
                    && known.iter().zip(&columns).all(|(a, b)| a.name == b.name && a.kind == b.kind);
                if !alike {
                    return Err(format!("{}: its columns are not those of the files before it", file.path()));
                }
                for (known, column) in known.iter_mut().zip(columns) {
                    known.nulls += column.nulls;
                }
                (rows + shape.rows, known)
            }
        });
    }
    Ok(total)
}
