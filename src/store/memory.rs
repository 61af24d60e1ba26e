//! A store in memory: for tests, and for what `--dry-run` would write.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::backend::{Backend, BackendError, Entry, Lock, Opened, Published, Staged};

/// Named bytes in memory.
#[derive(Debug, Default)]
pub struct Memory {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Memory {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything in it, for tests that change or compare a store's bytes.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.files().clone()
    }

    /// A store with these files.
    pub fn with_contents(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { files: Mutex::new(files) }
    }

    fn missing(name: &str) -> BackendError {
        BackendError::NotFound { place: "memory".to_owned(), name: name.to_owned() }
    }
}

#[derive(Default)]
struct StagedBytes(Vec<u8>);

impl Staged for StagedBytes {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BackendError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}

struct OpenedBytes(Vec<u8>);

impl Opened for OpenedBytes {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        copy_part(&self.0, offset, buffer)
    }
}

fn copy_part(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let part = start.checked_add(buffer.len()).and_then(|end| bytes.get(start..end));
    buffer.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
    Ok(())
}

impl Backend for Memory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, BackendError> {
        let bytes = self.files().get(name).cloned().ok_or_else(|| Self::missing(name))?;
        let length = bytes.len() as u64;
        if length > limit {
            return Err(BackendError::TooLong { place: self.place(), name: name.to_owned(), length, limit });
        }
        Ok(bytes)
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), BackendError> {
        let files = self.files();
        let bytes = files.get(name).ok_or_else(|| Self::missing(name))?;
        copy_part(bytes, offset, buffer).map_err(|source| BackendError::Io {
            action: "read",
            place: self.place(),
            name: name.to_owned(),
            source,
        })
    }

    fn open(&self, name: &str) -> Result<Box<dyn Opened>, BackendError> {
        let bytes = self.files().get(name).cloned().ok_or_else(|| Self::missing(name))?;
        Ok(Box::new(OpenedBytes(bytes)))
    }

    fn length(&self, name: &str) -> Result<Option<u64>, BackendError> {
        Ok(self.files().get(name).map(|bytes| bytes.len() as u64))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, BackendError> {
        let start = format!("{folder}/");
        let mut found: Vec<Entry> = self
            .files()
            .range(start.clone()..)
            .map_while(|(name, _)| name.strip_prefix(&start))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Entry { name: name.to_owned(), folder: true },
                None => Entry { name: rest.to_owned(), folder: false },
            })
            .collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn stage(&self) -> Result<Box<dyn Staged>, BackendError> {
        Ok(Box::new(StagedBytes::default()))
    }

    fn publish(&self, staged: Box<dyn Staged>, name: &str) -> Result<(), BackendError> {
        let staged = staged.into_any().downcast::<StagedBytes>().map_err(|_| Self::missing(name))?;
        self.files().insert(name.to_owned(), staged.0);
        Ok(())
    }

    fn publish_new(&self, name: &str, bytes: &[u8]) -> Result<Published, BackendError> {
        let mut files = self.files();
        if files.contains_key(name) {
            return Ok(Published::Exists);
        }
        files.insert(name.to_owned(), bytes.to_vec());
        Ok(Published::Created)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), BackendError> {
        let mut files = self.files();
        let bytes = files.remove(from).ok_or_else(|| Self::missing(from))?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    fn erase(&self, name: &str) -> Result<(), BackendError> {
        self.files().remove(name);
        Ok(())
    }

    fn settle(&self, _: &str) -> Result<(), BackendError> {
        Ok(())
    }

    fn cache(&self, name: &str, bytes: &[u8]) -> Result<(), BackendError> {
        self.files().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove_cache(&self, name: &str) -> Result<(), BackendError> {
        self.files().remove(name);
        Ok(())
    }

    fn free(&self) -> Option<u64> {
        None
    }

    fn try_lock(&self, _: Lock) -> Result<Option<Box<dyn Debug + Send>>, BackendError> {
        Ok(Some(Box::new(())))
    }
}
