//! What keeps a declared input from being captured. Nothing has been written when one of these is returned.

use std::io;
use std::path::PathBuf;

use super::secrets::Finding;
use super::values::ValuesError;

/// A declared input that is missing, unreadable or unusable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// It is not there.
    #[error("{input}: `{path}` does not exist")]
    Missing {
        /// What was declared: `files`, `params`, `data.train` …
        input: String,
        /// As declared.
        path: String,
    },
    /// A folder or glob without any file.
    #[error("{input}: there are no files in `{path}`")]
    Empty {
        /// What was declared.
        input: String,
        /// As declared.
        path: String,
    },
    /// The system refused.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// More than is read at once.
    #[error("`{}` has more than {} MiB, which is the most that is read", path.display(), limit >> 20)]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The most, in bytes.
        limit: u64,
    },
    /// A name that is not UTF-8.
    #[error("the name of `{}` is not UTF-8, so no record could hold it", path.display())]
    Name {
        /// Which, as well as it can be shown.
        path: PathBuf,
    },
    /// A name no record holds.
    #[error("{input}: `{}` cannot be stored under that name", path.escape_debug())]
    Unfit {
        /// What was declared.
        input: String,
        /// The name in the snapshot.
        path: String,
    },
    /// A device, socket or pipe.
    #[error("`{}` is neither a file nor a folder", path.display())]
    Special {
        /// Which.
        path: PathBuf,
    },
    /// A link that leads nowhere, or in a circle.
    #[error("`{}` is a link that leads {}", path.display(), if *circle { "in a circle" } else { "nowhere" })]
    Link {
        /// Which.
        path: PathBuf,
        /// Whether it leads to a folder above itself.
        circle: bool,
    },
    /// A `.dvc` file that names no data.
    #[error("{input}: `{path}`: {reason}")]
    Pointer {
        /// What was declared.
        input: String,
        /// As declared.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a glob.
    #[error("{input}: `{pattern}` is not a pattern: {reason}")]
    Pattern {
        /// What was declared.
        input: String,
        /// As declared.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two inputs would be stored under one name.
    #[error("{input}: `{path}` comes from two places, `{}` and `{}`", first.display(), second.display())]
    Twice {
        /// What was declared.
        input: String,
        /// The name in the snapshot.
        path: String,
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Parameters or metrics that cannot be parsed.
    #[error("{input}: `{path}` cannot be read")]
    Values {
        /// `params` or `metrics`.
        input: &'static str,
        /// Which file.
        path: String,
        /// Counted from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        source: ValuesError,
    },
    /// A parameter or metric file whose kind is not known.
    #[error("{input}: `{path}` is neither YAML, TOML nor JSON")]
    Syntax {
        /// `params` or `metrics`.
        input: &'static str,
        /// Which file.
        path: String,
    },
    /// The same key in two files.
    #[error("{input}: `{key}` stands in `{first}` and in `{second}`")]
    KeyTwice {
        /// `params` or `metrics`.
        input: &'static str,
        /// Which key.
        key: String,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// Something that looks like a secret, in what would be stored.
    #[error("{} in what would be stored", if findings.len() == 1 { "a secret".to_owned() } else { format!("{} secrets", findings.len()) })]
    Secrets {
        /// Where, and which rule; never the secret itself.
        findings: Vec<Finding>,
    },
    /// git is there and says no.
    #[error("git refused to look at this repository: {message}")]
    GitRefused {
        /// git's own words, on one line.
        message: String,
        /// The command that it advises.
        cure: Option<String>,
    },
    /// Code that is declared, and lies outside of the repository the project is in.
    #[error("code: `{path}` lies outside of the git repository `{}`", root.display())]
    OutsideRepository {
        /// As declared.
        path: String,
        /// The root of the repository's working tree.
        root: PathBuf,
    },
    /// Uncommitted code where none is allowed.
    #[error("{} from the commit, and `require_clean` is set", if paths.len() == 1 { "1 file differs".to_owned() } else { format!("{} files differ", paths.len()) })]
    Dirty {
        /// Which files.
        paths: Vec<String>,
    },
    /// A table of predictions or samples, or a report, that lacks what the configuration says.
    #[error("{input}: {reason}")]
    Table {
        /// `predictions.test`, `samples.latency`, `reports.quality`.
        input: String,
        /// What is wrong.
        reason: String,
    },
    /// A discovered part failed, and that was not to be tolerated.
    #[error("{part} could not be captured: {reason}")]
    Discovered {
        /// Which part.
        part: String,
        /// Why.
        reason: String,
    },
}
