//! The folder a version is trained again or measured in: made new, nobody else's to enter, removed at the end unless it is to be kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use crate::ops::VerbError;

/// A folder of our own. It is removed when this is dropped, unless it is kept.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    kept: bool,
}

impl Scratch {
    /// A new folder among this machine's temporary ones, with a name nobody can guess.
    pub(super) fn temporary(verb: &str) -> Result<Self, VerbError> {
        let temporary = std::env::temp_dir();
        let parent = temporary.canonicalize().map_err(|source| failed("find the folder", &temporary, source))?;
        let path = parent.join(format!("mlrun-{verb}-{}", uuid::Uuid::new_v4().simple()));
        make(&path).map_err(|source| failed("create the folder", &path, source))?;
        Ok(Self { path, kept: false })
    }

    /// The folder a person named; it stays.
    pub(super) fn at(path: &Path) -> Result<Self, VerbError> {
        fs::create_dir_all(path).map_err(|source| failed("create the folder", path, source))?;
        let path = path.canonicalize().map_err(|source| failed("find the folder", path, source))?;
        Ok(Self { path, kept: true })
    }

    /// Lets it stay.
    pub(super) const fn keep(&mut self) {
        self.kept = true;
    }

    /// Where it is, if it stays.
    pub(super) fn kept(&self) -> Option<&Path> {
        self.kept.then_some(self.path.as_path())
    }

    /// Where the version's files go, and the command runs.
    pub(super) fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// Where an environment is made anew.
    pub(super) fn environment(&self) -> PathBuf {
        self.path.join("environment")
    }

    /// A place beside the version's files.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Begins a file beside the version's files.
    pub(super) fn begin(&self, name: &str) -> Result<File, VerbError> {
        let path = self.path.join(name);
        let file = File::options().write(true).create_new(true).open(&path);
        file.map_err(|source| failed("create", &path, source))
    }

    /// Begins a file among the version's files.
    pub(super) fn begin_inside(&self, path: &Path) -> io::Result<File> {
        if !path.starts_with(self.files()) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        File::options().write(true).create_new(true).open(path)
    }

    /// Writes a file beside the version's files; returns where.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, VerbError> {
        let path = self.path.join(name);
        let written = self.begin(name)?.write_all(text.as_bytes());
        written.map_err(|source| failed("write", &path, source)).map(|()| path)
    }

    /// A place among the version's files that whoever is in another one cannot name.
    pub(super) fn unguessable(&self, name: &str) -> PathBuf {
        self.files().join(uuid::Uuid::new_v4().simple().to_string()).join(name)
    }

    /// A text in which nothing tells where this folder, and what is [unguessable](Self::unguessable) in it, was.
    pub(super) fn redacted(&self, text: &str) -> String {
        const DRAWN: usize = 33;
        let own = self.files().display().to_string();
        let mut pieces = text.split(own.as_str());
        let mut told = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let drawn = piece
                .get(..DRAWN)
                .filter(|name| name.starts_with(['/', '\\']) && name[1..].bytes().all(|byte| byte.is_ascii_hexdigit()));
            told.push('…');
            told.push_str(&piece[drawn.map_or(0, str::len)..]);
        }
        told
    }

    /// Makes sure of a folder among the version's files. One that a record would have elsewhere is not made.
    pub(super) fn folder(&self, folder: &Path) -> Result<(), VerbError> {
        let inside = folder.strip_prefix(self.files()).ok();
        if inside.is_none_or(|path| path.components().any(|part| !matches!(part, Component::Normal(_)))) {
            return Ok(());
        }
        fs::create_dir_all(folder).map_err(|source| failed("create the folder", folder, source))
    }

    /// Removes a folder among the version's files; what cannot be removed goes at the end.
    pub(super) fn discard(&self, folder: &Path) {
        if folder.starts_with(self.files()) && folder != self.files() {
            let _ = remove(folder);
        }
    }

    /// Removes it, unless it is to be kept; where that fails, what is left and why.
    pub(super) fn end(mut self) -> Option<(PathBuf, io::Error)> {
        let kept = std::mem::replace(&mut self.kept, true);
        let removed = if kept { Ok(()) } else { remove(&self.path) };
        removed.err().map(|error| (self.path.clone(), error))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            // There is an error to tell already.
            let _ = remove(&self.path);
        }
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> VerbError {
    VerbError::Io { action, path: path.to_path_buf(), source }
}

/// For its owner alone: the version's data and code may be nobody else's business.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Links are removed as links: what they lead to stays (`remove_dir_all` opens folders without following them).
#[expect(clippy::disallowed_methods, reason = "a folder this made under a name nobody else had")]
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}
