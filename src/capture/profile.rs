//! The profile of training data that is a table, as a record: figures from the table, categories without secrets.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::data::Data;
use super::redacted::Redacted;
use super::source_file::SourceFile;
use crate::digest::Digest;
use crate::format::profile::{CategoryRecord, ColumnProfileRecord, DecilesRecord, FORMAT, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::name::SetName;
use crate::progress::Progress;
use crate::store::Source as _;
use crate::table::{self, Category, ColumnProfile, ProfileOptions, TableFormat};

/// Opens an empty file that nobody sees and that is gone when it is closed: row digests beyond memory are sorted there.
pub type Scratch<'s> = dyn Fn() -> io::Result<File> + Send + Sync + 's;

/// The files of a source that are one table.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The name of the source.
    pub name: SetName,
    /// All of its files.
    files: Vec<(SourceFile, TableFormat)>,
}

impl Tables {
    /// Each file: what the source calls it, and where it is.
    pub fn places(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.files.iter().map(|(file, _)| (file.path(), file.disk()))
    }
}

/// The sources that are tables by the names of their files.
pub fn tables(data: &[Data]) -> Vec<Tables> {
    let of = |source: &Data| {
        // A folder of images is asked for its first file only.
        let format = |file: &SourceFile| Some((file.clone(), TableFormat::of(file.path())?));
        let files = source.files.iter().map(format).collect::<Option<Vec<_>>>()?;
        (!files.is_empty()).then(|| Tables { name: source.name.clone(), files })
    };
    data.iter().filter_map(of).collect()
}

/// Profiles a source whose digest is `sha256`. Why it has no profile is for people.
pub fn profile(
    tables: &Tables,
    sha256: Digest,
    scratch: &Scratch<'_>,
    progress: &dyn Progress,
) -> Result<ProfileRecord, String> {
    let disks: Vec<PathBuf> = tables.files.iter().map(|(file, _)| file.disk()).collect();
    let files: Vec<(&Path, TableFormat)> =
        disks.iter().zip(&tables.files).map(|(disk, (_, format))| (disk.as_path(), *format)).collect();
    let found = table::profile(&files, &ProfileOptions::new(&scratch), progress).map_err(|error| said(&error))?;
    // What was profiled is what was hashed.
    for (file, _) in &tables.files {
        file.finished(file.size()).map_err(|error| format!("{}: {error}", file.path()))?;
    }
    let (field, mut redacted) = (field(&tables.name), Redacted::default());
    let columns = found.columns.into_iter().map(|column| record(column, &field, &mut redacted)).collect();
    Ok(ProfileRecord {
        format: FORMAT.to_owned(),
        data: tables.name.clone(),
        sha256,
        logical: found.digest,
        rows: found.rows,
        columns,
        redactions: redacted.into_records(),
    })
}

/// An error and what is behind it.
fn said(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

/// What the profile of a source is called where something of it was replaced.
pub fn field(data: &SetName) -> String {
    format!("data.{data}.profile")
}

fn record(column: ColumnProfile, field: &str, redacted: &mut Redacted) -> ColumnProfileRecord {
    let (deciles, is_text) = (column.deciles, column.kind == "text");
    let category = |Category { value, count }: Category| {
        // By itself, and as what a column of that name holds.
        let value = if is_text { redacted.named(field, &column.name, &value) } else { value };
        CategoryRecord { value, count }
    };
    let categories = column.categories.into_iter().map(category).collect();
    ColumnProfileRecord {
        name: redacted.text(field, &column.name),
        kind: column.kind,
        opaque: !column.profiled,
        nulls: column.nulls,
        nan: column.nan,
        infinite: column.infinite,
        mean: column.mean,
        sd: column.sd,
        deciles: deciles.map(|deciles| DecilesRecord {
            edges: deciles.edges.map(scalar),
            counts: deciles.counts,
            exact: deciles.exact,
        }),
        distinct: column.distinct,
        categories,
    }
}

fn scalar(value: table::Scalar) -> Scalar {
    match value {
        table::Scalar::Integer(value) => Scalar::Int(value),
        table::Scalar::Float(value) => Scalar::Float(value),
        table::Scalar::Text(value) => Scalar::Text(value),
    }
}
