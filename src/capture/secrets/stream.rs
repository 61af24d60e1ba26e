//! Files of any size, in windows that overlap: what is found is what [`Scanner::scan`] finds in all bytes at once.

use std::io::{self, Read};

use super::encoding::{Encoding, HEAD, Utf8};
use super::origin::Origin;
use super::{Finding, Findings, Scanner, hits};

/// So many bytes are in memory.
const WINDOW: usize = 1 << 20;
/// What a hit may depend on before its start: the name a value is assigned to, in its piece of a line.
const BEFORE: usize = 4 << 10;
/// What it may depend on behind: its piece of a line, and all of a private key.
const BEHIND: usize = 64 << 10;

/// A text file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned {
    /// The secrets in it, by line.
    pub findings: Vec<Finding>,
    /// Its size.
    pub read: u64,
}

impl Scanner {
    /// The secrets in a file that is read as a stream. None if it is no text, as [`is_text`](Self::is_text) says; then
    /// it is not read to its end.
    ///
    /// # Errors
    /// What `reader` says.
    pub fn scan_stream(&self, path: &str, mut reader: impl Read) -> io::Result<Option<Scanned>> {
        let mut head = Vec::new();
        (&mut reader).take(HEAD as u64).read_to_end(&mut head)?;
        let encoding = Encoding::of(&head);
        let reader = head.as_slice().chain(reader);
        match encoding {
            None => Ok(None),
            Some(Encoding::Ascii) => self.scan_text(path, reader).map(Some),
            Some(Encoding::Utf16(order)) => {
                let mut decoded = Utf8::of(reader, order);
                let findings = self.scan_text(path, &mut decoded)?.findings;
                Ok(Some(Scanned { findings, read: decoded.read() }))
            }
        }
    }

    fn scan_text(&self, path: &str, mut reader: impl Read) -> io::Result<Scanned> {
        let mut findings = Findings::new(&self.allowed, path);
        let mut window = Vec::new();
        let mut read = 0;
        // Up to here in the window, everything is reported; the lines are counted as far. Hits that begin inside of the
        // last one reported are part of it.
        let (mut reported, mut covered) = (0, 0);
        loop {
            read += (&mut reader).take((WINDOW - window.len()) as u64).read_to_end(&mut window)? as u64;
            let at_end = window.len() < WINDOW;
            let until = if at_end { window.len() } else { WINDOW - BEHIND };
            for hit in hits(&window, Origin::File(path)) {
                if hit.at.start >= reported.max(covered) && hit.at.start < until {
                    findings.pass(&window[reported..hit.at.start]);
                    findings.add(hit.rule);
                    (reported, covered) = (hit.at.start, hit.at.end);
                }
            }
            if at_end {
                return Ok(Scanned { findings: findings.found, read });
            }
            findings.pass(&window[reported..until]);
            let done = until - BEFORE;
            window.drain(..done);
            (reported, covered) = (until - done, covered.saturating_sub(done));
        }
    }
}
