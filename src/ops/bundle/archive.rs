//! The archive of a bundle, read strictly: files with plain names, nothing else.
//!
//! Of all that tar can hold (links, devices, holes, extended headers, sizes and names told twice) an honest bundle needs a header, a
//! long name and the bytes, so nothing more is understood. No byte of it reaches a disk here, and no memory is taken by a length that
//! is only declared.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use tar::{EntryType, Header};
use unicode_normalization::UnicodeNormalization as _;

use crate::digest::{Digest, Hasher};
use crate::format::tree::is_component;

/// A block of the archive.
const BLOCK: usize = 512;
/// The longest name.
const LONGEST_NAME: u64 = 4096;
/// Blocks of zeros behind the end: some programs fill up to a whole record.
const MOST_PADDING: u64 = 1 << 20;

/// Why an archive is not read on.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The system refused, or it is cut short.
    Read(io::Error),
    /// It is something else.
    Foreign(&'static str),
    /// It is no archive of ours.
    Unsound(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Unsound(reason)
    }
}

/// A compressed archive, entry by entry.
pub(super) struct Archive<R: BufRead> {
    tar: GzDecoder<R>,
    names: Names,
    /// Bytes of the entry that is open, and of what fills its last block.
    open: u64,
    padding: u64,
}

/// An entry, whose bytes can be read from the archive until the next one is asked for.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its name: `/`-separated, relative, each part one that every system can keep.
    pub(super) name: String,
    /// Its size, as declared.
    pub(super) size: u64,
}

impl<R: BufRead> Archive<R> {
    /// Of these bytes.
    pub(super) fn new(bytes: R) -> Self {
        Self { tar: GzDecoder::new(bytes), names: Names::default(), open: 0, padding: 0 }
    }

    /// The next entry; none at the end, behind which there is nothing.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, Refusal> {
        self.pass_over()?;
        let Some(header) = self.header()? else {
            self.end()?;
            return Ok(None);
        };
        let (name, header) = match header.entry_type() {
            EntryType::GNULongName => {
                let name = self.long_name(&header)?;
                let header = self.header()?.ok_or_else(|| "it ends behind a name".to_owned())?;
                (name, header)
            }
            _ => (header.path_bytes().into_owned(), header),
        };
        let name = String::from_utf8(name).map_err(|_| "a name in it is not UTF-8".to_owned())?;
        check_name(&name)?;
        match header.entry_type() {
            EntryType::Regular => {}
            other => return Err(format!("`{name}` is of a kind ({other:?}) no bundle holds").into()),
        }
        // Whoever unpacks it as root would have made what runs as root.
        if !matches!(header.mode(), Ok(0o644 | 0o755)) {
            return Err(format!("`{name}` has permissions that no bundle gives: those are 644 and 755").into());
        }
        let size = header.entry_size().map_err(|_| format!("the size of `{name}` is not a number"))?;
        self.names.add(&name)?;
        self.begin(size);
        Ok(Some(Entry { name, size }))
    }

    /// The digest of the open entry, and its bytes where `keep` says so.
    pub(super) fn digest(&mut self, keep: bool) -> Result<(Digest, Vec<u8>), Refusal> {
        let mut hasher = Hasher::default();
        let mut kept = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = self.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            if keep {
                kept.extend_from_slice(&buffer[..read]);
            }
        }
        Ok((hasher.finish(), kept))
    }

    fn begin(&mut self, size: u64) {
        self.open = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// To the end of the block the open entry ends in.
    fn pass_over(&mut self) -> Result<(), Refusal> {
        let mut buffer = [0; 4096];
        while self.read(&mut buffer)? > 0 {}
        let padding = usize::try_from(std::mem::take(&mut self.padding)).unwrap_or_default();
        let filled = &mut buffer[..padding];
        self.tar.read_exact(filled)?;
        if filled.iter().any(|byte| *byte != 0) {
            return Err("something is hidden behind an entry".to_owned().into());
        }
        Ok(())
    }

    /// The next header; none where the end begins.
    fn header(&mut self) -> Result<Option<Header>, Refusal> {
        let mut header = Header::new_old();
        self.tar.read_exact(header.as_mut_bytes())?;
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        // As tar adds them up: blanks where the sum itself stands.
        let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        // As bundles have it, or as GNU tar writes it: what ends the number is no byte that anybody may touch.
        let spellings = [format!("{sum:07o}\0"), format!("{sum:06o}\0 ")];
        if !spellings.iter().any(|spelling| spelling.as_bytes() == &bytes[148..156]) {
            return Err("a header in it has a wrong checksum".to_owned().into());
        }
        Ok(Some(header))
    }

    fn long_name(&mut self, header: &Header) -> Result<Vec<u8>, Refusal> {
        let size = header.entry_size().map_err(|_| "the length of a name is not a number".to_owned())?;
        if size > LONGEST_NAME + 1 {
            return Err(format!("a name in it has {size} bytes").into());
        }
        self.begin(size);
        let mut name = Vec::new();
        self.by_ref().read_to_end(&mut name)?;
        self.pass_over()?;
        // It ends with a zero, which is no part of it.
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    /// Whether nothing but zeros is left, and nothing behind the compressed bytes.
    fn end(&mut self) -> Result<(), Refusal> {
        let mut buffer = [0; 4096];
        let mut passed = 0;
        loop {
            let read = self.tar.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            passed += read as u64;
            if buffer[..read].iter().any(|byte| *byte != 0) || passed > MOST_PADDING {
                return Err("something stands behind its end".to_owned().into());
            }
        }
        if passed < BLOCK as u64 {
            return Err("it has no end".to_owned().into());
        }
        if !self.tar.get_mut().fill_buf()?.is_empty() {
            return Err("something stands behind its compressed bytes".to_owned().into());
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Archive<R> {
    /// The bytes of the open entry.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.open).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let read = self.tar.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.open -= read as u64;
        Ok(read)
    }
}

/// Refuses a name that could be unpacked to another place than below the folder it is unpacked in.
fn check_name(name: &str) -> Result<(), String> {
    if name.len() as u64 > LONGEST_NAME || !name.split('/').all(is_component) {
        return Err(format!("`{}` is not a name that could be unpacked safely", name.escape_debug()));
    }
    Ok(())
}

/// Names of entries, and of the folders they lie in, that every file system keeps apart.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// As a file system without case and with one Unicode normalisation sees them → as they are, and whether it is a folder.
    folded: HashMap<String, (String, bool)>,
}

impl Names {
    /// Adds a name, or says why it cannot stand beside the others.
    pub(super) fn add(&mut self, name: &str) -> Result<(), String> {
        for (end, _) in name.match_indices('/') {
            let folder = &name[..end];
            match self.folded.get(&folded(folder)) {
                Some((other, true)) if other == folder => {}
                Some((other, _)) => return Err(clash(name, other)),
                None => drop(self.folded.insert(folded(folder), (folder.to_owned(), true))),
            }
        }
        match self.folded.insert(folded(name), (name.to_owned(), false)) {
            None => Ok(()),
            Some((other, false)) if other == name => Err(format!("`{name}` is in it twice")),
            Some((other, is_folder)) => {
                let problem = clash(name, &other);
                self.folded.insert(folded(name), (other, is_folder));
                Err(problem)
            }
        }
    }
}

fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn clash(name: &str, other: &str) -> String {
    format!("`{name}` cannot be kept apart from `{other}` on every file system")
}
