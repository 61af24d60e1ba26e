//! What keeps a verb from deciding anything.

mod adopt;
mod approval;
mod bisect;
mod bundle;
mod certification;
mod measured;
mod purge;
mod rename;
mod reproduce;
mod resolve;

pub use self::adopt::AdoptError;
pub use self::approval::ApprovalError;
pub use self::bisect::BisectError;
pub use self::bundle::BundleError;
pub use self::certification::CertificationError;
pub use self::measured::MeasureError;
pub use self::purge::PurgeError;
pub use self::rename::RenameError;
pub use self::reproduce::ReproduceError;
pub use self::resolve::{Dropped, ResolveError};

use std::path::PathBuf;

use crate::capture::CaptureError;
use crate::certify::CertifyError;
use crate::certify::policy::PolicyError;
use crate::clock::{Time, TimeError, describe_run};
use crate::name::{ModelName, SetName, StageName, Version};
use crate::ops::report::ReportError;
use crate::registry::JournalError;
use crate::repository::RepositoryError;
use crate::snapshot::SnapshotError;
use crate::snapshot::restore::RestoreError;
use crate::store::StoreError;

/// A verb's failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerbError {
    /// The project or its store cannot be opened.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// A revision, model or stage was not found.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A time cannot be understood.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// Something declared cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// A snapshot cannot be stored or read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Files cannot be rebuilt.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A policy file cannot be used.
    #[error("the policy `{}` cannot be used", path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<PolicyError>,
    },
    /// The policy asks for something the evidence cannot have.
    #[error("the policy does not fit the evidence")]
    Certify(#[source] Box<CertifyError>),
    /// The same, where the rule stands in a file.
    #[error("the policy `{}`, line {line}, does not fit the evidence", path.display())]
    Unfit {
        /// Which file.
        path: PathBuf,
        /// Where the rule begins.
        line: usize,
        /// Why.
        source: Box<CertifyError>,
    },
    /// A model has no policy.
    #[error("`{model}` has no policy")]
    NoPolicy {
        /// Which model.
        model: String,
    },
    /// Rules are not put in force.
    #[error(transparent)]
    Adopt(Box<AdoptError>),
    /// A version was dropped: its files are not kept any more.
    #[error("`{label}` was {dropped}")]
    Dropped {
        /// Which version.
        label: String,
        /// When, by whom and why.
        dropped: Dropped,
    },
    /// Files that are asked for were erased for good.
    #[error("{} of `{label}` {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "), if names.len() == 1 { format!("was {why}") } else { format!("were erased; the first {why}") })]
    Erased {
        /// Which version.
        label: String,
        /// Which files.
        names: Vec<String>,
        /// When, by whom and why.
        why: String,
        /// Whether the rest can be had without them.
        rest: bool,
    },
    /// A record from which a field was erased: its bytes are gone.
    #[error("the record {} of `{label}` was {why}", id.short())]
    ErasedRecord {
        /// Which.
        id: crate::digest::Digest,
        /// A version it is of.
        label: String,
        /// When, by whom and why.
        why: String,
        /// What is left of it.
        left: crate::digest::Digest,
    },
    /// Something cannot be read that tells what is needed.
    #[error("{} cannot be read: what it holds or needs is not known, and nothing is removed for good", names.join(", "))]
    Unknown {
        /// Packs, files or versions.
        names: Vec<String>,
    },
    /// What is to be captured was erased from a version, and would be stored again.
    #[error("this would store `{name}` again, which was of `{label}` and {why}")]
    ErasedBefore {
        /// The file, or the record.
        name: String,
        /// A version it was erased from.
        label: String,
        /// When, by whom and why.
        why: String,
    },
    /// Where a file is to be rebuilt there is a folder: no file is put in the place of what may hold many.
    #[error("{} {} where a file must be; nothing was written", paths.iter().take(5).map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", "), if paths.len() == 1 { "is a folder" } else { "are folders" })]
    FolderInTheWay {
        /// The folders.
        paths: Vec<PathBuf>,
    },
    /// What was named as data of a version is something else; nothing was written.
    #[error("`{}` is not the data `{name}`: {found}, and {expected} is recorded; nothing was written", path.display())]
    WrongData {
        /// The source.
        name: SetName,
        /// The place that was named.
        path: PathBuf,
        /// The checksum it must have.
        expected: String,
        /// The one it has.
        found: String,
    },
    /// Somebody's word is not taken for a sign-off.
    #[error(transparent)]
    Approval(Box<ApprovalError>),
    /// Evidence, a case or a waiver is refused.
    #[error(transparent)]
    Certification(Box<CertificationError>),
    /// Nothing can be erased.
    #[error(transparent)]
    Purge(#[from] PurgeError),
    /// A version cannot be trained again.
    #[error(transparent)]
    Reproduce(#[from] ReproduceError),
    /// Models cannot be measured.
    #[error(transparent)]
    Measure(Box<MeasureError>),
    /// A model is not renamed.
    #[error(transparent)]
    Rename(#[from] RenameError),
    /// The first bad version is not found.
    #[error(transparent)]
    Bisect(#[from] BisectError),
    /// A bundle cannot be written or is not sound.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A report that is not written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A file is not the key it should be.
    #[error("`{}` cannot be used as a key", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: crate::signature::KeyError,
    },
    /// A certificate that is asked for is not there.
    #[error("`{label}` has no certificate")]
    NoCertificate {
        /// Which version.
        label: String,
    },
    /// An envelope without a signature is none.
    #[error("the certificate of `{label}` is not signed")]
    NotSigned {
        /// Which version.
        label: String,
    },
    /// The system refused.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A stored record cannot be read.
    #[error("{kind} {id} cannot be read")]
    Record {
        /// `certificate`, `policy`.
        kind: &'static str,
        /// Which.
        id: String,
        /// Why.
        source: crate::format::FormatError,
    },
    /// Words for the record that hold what looks like a secret.
    #[error("a secret in what would be recorded for ever")]
    Secret {
        /// Where, and by which rule; never the secret itself.
        place: String,
    },
    /// A training command did not run.
    #[error("cannot run `{program}`")]
    NotStarted {
        /// Its program, as typed.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A signal asked us to end while a check ran: nothing was moved.
    #[error("`{command}` was interrupted; nothing was moved")]
    Interrupted {
        /// As configured, with secrets masked.
        command: String,
        /// Which signal.
        signal: i32,
    },
    /// A training command ran to its good end, and what it made is not captured.
    #[error("the command succeeded after {}, but there is no version", describe_run(*took))]
    AfterCommand {
        /// The command line that captures it without another run.
        again: String,
        /// How long the command took.
        took: std::time::Duration,
        /// Why.
        source: Box<VerbError>,
    },
    /// Something must be said that was not.
    #[error("{0}")]
    Usage(UsageError),
}

/// A request that cannot be carried out as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// No input files for a model the configuration does not know.
    #[error("{}", if *configured { format!("`{model}` has no `files` in mlrun.toml, and none were named for it") } else { format!("`{model}` is not in the configuration, and no files were named for it") })]
    NothingToCapture {
        /// Which model.
        model: String,
        /// Whether the configuration knows it.
        configured: bool,
        /// Models the configuration knows.
        known: Vec<String>,
    },
    /// A new model that would be called as a stage is.
    #[error("`{name}` is a stage; a model needs another name")]
    NamedAsStage {
        /// The name.
        name: ModelName,
        /// The models there are.
        others: Vec<ModelName>,
    },
    /// A moving name where a fixed version is needed.
    #[error("`{revision}` is a moving name; it means {resolved} now")]
    MovingTarget {
        /// As given.
        revision: String,
        /// What it means now.
        resolved: String,
        /// The stage asked for.
        stage: String,
    },
    /// A moving name for the version that is fled: repeated, it would flee the next one.
    #[error("`{revision}` is a moving name; it means {model}@{resolved} now")]
    MovingFrom {
        /// As given.
        revision: String,
        /// Of which model.
        model: ModelName,
        /// What it means now.
        resolved: Version,
        /// The stage that is to go back.
        stage: StageName,
    },
    /// A restore into, or a search in, a place that is not a folder.
    #[error("`{0}` is not a folder")]
    NotAFolder(String),
    /// A search in a folder that is not there.
    #[error("there is no folder `{0}`")]
    NoFolder(String),
    /// A configuration that is there and does not have the model.
    #[error("mlrun.toml is there already, and it has no model `{model}`")]
    NotAdded {
        /// Which model.
        model: ModelName,
    },
    /// A metric or parameter that no version has.
    #[error("no version of `{model}` has a metric or parameter `{name}`")]
    NoSuchValue {
        /// The model.
        model: ModelName,
        /// What was asked for.
        name: String,
        /// The names most like it that there are.
        nearest: Vec<String>,
    },
    /// A time that ends before it begins.
    #[error("{} to {} ends before it begins", since.for_people(), until.for_people())]
    Backwards {
        /// Its beginning.
        since: Time,
        /// Its end.
        until: Time,
    },
    /// An option's value that cannot be.
    #[error("{option}: {reason}")]
    Option {
        /// What was given.
        option: String,
        /// Why it cannot be.
        reason: String,
    },
}

impl From<UsageError> for VerbError {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

// Boxed: an error is rare, and every result has room for the largest.
impl From<CertifyError> for VerbError {
    fn from(error: CertifyError) -> Self {
        Self::Certify(Box::new(error))
    }
}

impl From<ApprovalError> for VerbError {
    fn from(error: ApprovalError) -> Self {
        Self::Approval(Box::new(error))
    }
}

impl From<CertificationError> for VerbError {
    fn from(error: CertificationError) -> Self {
        Self::Certification(Box::new(error))
    }
}

impl From<MeasureError> for VerbError {
    fn from(error: MeasureError) -> Self {
        Self::Measure(Box::new(error))
    }
}

impl From<AdoptError> for VerbError {
    fn from(error: AdoptError) -> Self {
        Self::Adopt(Box::new(error))
    }
}
