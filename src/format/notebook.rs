//! Notebooks as Jupyter writes them (nbformat 4), read for comparing: cells by what people wrote in them; of what running them
//! changes only whether it is the same.
//!
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>

use serde::Deserialize;
use serde_json::Value;

use crate::digest::Digest;

/// Notebooks of more cells are read as texts.
const MOST_CELLS: usize = 10_000;
/// Nobody calls a kernel or a language by a longer name.
const LONGEST_NAME: usize = 200;

/// A notebook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotebookRecord {
    /// Its cells, in order.
    pub cells: Vec<CellRecord>,
    /// What it is to be run with: `python3 (Python 3 (ipykernel))`, as far as it says.
    pub kernel: Option<String>,
    /// The language it was last run in: `python 3.11.7`.
    pub language: Option<String>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRecord {
    /// Its own name, from nbformat 4.5 on.
    pub id: Option<String>,
    /// `code`, `markdown` or `raw`.
    pub kind: String,
    /// What is written in it.
    pub source: String,
    /// Of what running it showed; none where that is nothing.
    pub outputs: Option<Digest>,
    /// As what it was run last.
    pub execution_count: Option<i64>,
}

#[derive(Deserialize)]
struct Document {
    cells: Vec<Cell>,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(default)]
    id: Value,
    cell_type: String,
    source: Source,
    #[serde(default)]
    outputs: Value,
    #[serde(default)]
    execution_count: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Whole(String),
    Lines(Vec<String>),
}

/// Reads a notebook. The caller bounds its size; how deep it nests is bounded here.
///
/// # Errors
/// Why it is none, in a few words.
pub fn decode(bytes: &[u8]) -> Result<NotebookRecord, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.cells.len() > MOST_CELLS {
        return Err(format!("it has more than {MOST_CELLS} cells"));
    }
    let text =
        |value: &Value, path: &str| Some(value.pointer(path)?.as_str()?.chars().take(LONGEST_NAME).collect::<String>());
    let named = |name: Option<String>, more: Option<String>| match (name, more) {
        (Some(name), Some(more)) => Some(format!("{name} ({more})")),
        (name, more) => name.or(more),
    };
    let metadata = &document.metadata;
    let kernel = named(text(metadata, "/kernelspec/name"), text(metadata, "/kernelspec/display_name"));
    let version = text(metadata, "/language_info/version").map_or_else(String::new, |version| format!(" {version}"));
    let language = text(metadata, "/language_info/name").map(|language| language + &version);
    Ok(NotebookRecord { cells: document.cells.into_iter().map(cell).collect(), kernel, language })
}

fn cell(cell: Cell) -> CellRecord {
    let is_empty = cell.outputs.as_array().is_none_or(Vec::is_empty);
    CellRecord {
        id: cell.id.as_str().map(|id| id.chars().take(LONGEST_NAME).collect()),
        kind: cell.cell_type,
        source: match cell.source {
            Source::Whole(text) => text,
            Source::Lines(lines) => lines.concat(),
        },
        outputs: (!is_empty).then(|| Digest::of(cell.outputs.to_string().as_bytes())),
        execution_count: cell.execution_count.as_i64(),
    }
}
