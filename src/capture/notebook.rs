//! Notebooks by what people wrote in them: a digest of the cells' sources, in which outputs, counts, ids and metadata do not
//! count.
//!
//! The SHA-256 of `[{"cell_type":…,"source":…},…]` as canonical JSON, the lines of a source joined. Anybody can compute it:
//!
//! ```text
//! jq -cjS '[.cells[]|{cell_type,source:(if (.source|type)=="array" then (.source|add // "") else .source end)}]' FILE | sha256sum
//! ```
//! But for U+007F, which jq writes as `\u007f` and RFC 8785 as it is.

use std::io;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::CaptureError;
use super::files::SourceFile;
use crate::digest::Digest;
use crate::format::canonical;
use crate::format::snapshot::NotebookRecord;
use crate::format::tree::EntryKind;

/// A larger notebook has no digest of its sources: 64 MiB, mostly pictures.
pub const MAX: u64 = 64 << 20;

/// What is in a notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// Of its sources.
    pub sha256: Digest,
    /// Whether its cells were run in another order than they stand in.
    pub out_of_order: bool,
}

/// Notebooks among code, and those that are none: which, and why.
#[derive(Debug, Default)]
pub struct Notebooks {
    /// Sorted by path.
    pub found: Vec<NotebookRecord>,
    /// Sorted by path.
    pub failed: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Document {
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    source: Source,
    #[serde(default)]
    execution_count: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Whole(String),
    Lines(Vec<String>),
}

/// A cell, as it counts.
#[derive(Serialize)]
struct Written {
    cell_type: String,
    source: String,
}

/// Reads a notebook (nbformat 4).
///
/// # Errors
/// Why it is none, in a few words.
pub fn read(bytes: &[u8]) -> Result<Notebook, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let counts: Vec<f64> = document.cells.iter().filter_map(|cell| cell.execution_count.as_f64()).collect();
    let out_of_order = counts.windows(2).any(|pair| pair[0] >= pair[1]);
    let written = |cell: Cell| Written {
        cell_type: cell.cell_type,
        source: match cell.source {
            Source::Whole(text) => text,
            Source::Lines(lines) => lines.concat(),
        },
    };
    let cells: Vec<Written> = document.cells.into_iter().map(written).collect();
    let bytes = canonical::encode("notebook", &cells).map_err(|error| error.to_string())?;
    Ok(Notebook { sha256: Digest::of(&bytes), out_of_order })
}

/// Reads every notebook among `files`.
///
/// # Errors
/// A file that cannot be read, or changes meanwhile.
pub fn among(files: &[SourceFile]) -> Result<Notebooks, CaptureError> {
    let is_one = |file: &&SourceFile| {
        let extension = file.path().rsplit_once('.').map_or("", |(_, extension)| extension);
        file.kind != EntryKind::Symlink && extension.eq_ignore_ascii_case("ipynb")
    };
    let look = |file: &SourceFile| match file.read(MAX) {
        Ok(bytes) => Ok((file.path().to_owned(), read(&bytes))),
        Err(CaptureError::TooLarge { .. }) => {
            Ok((file.path().to_owned(), Err(format!("it has more than {} MiB", MAX >> 20))))
        }
        // Where it is known to be wanted, it was read before.
        Err(CaptureError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            Ok((file.path().to_owned(), Err(source.to_string())))
        }
        Err(error) => Err(error),
    };
    let looked: Result<Vec<_>, CaptureError> = files.par_iter().filter(is_one).map(look).collect();
    let mut notebooks = Notebooks::default();
    for (path, read) in looked? {
        match read {
            Ok(Notebook { sha256, out_of_order }) => {
                notebooks.found.push(NotebookRecord { path, sha256, out_of_order });
            }
            Err(reason) => notebooks.failed.push((path, reason)),
        }
    }
    notebooks.found.sort_by(|a, b| a.path.cmp(&b.path));
    notebooks.failed.sort();
    Ok(notebooks)
}
