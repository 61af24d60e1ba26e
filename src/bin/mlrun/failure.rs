//! Every error as a person meets it: exit code, message, and the command that helps. The only place with hints and codes.

mod certification;
mod measured;
mod moves;
mod past;
mod signoff;
mod waiting;

use std::io::ErrorKind;

use mlrun::capture::CaptureError;
use mlrun::format::FormatError;
use mlrun::format::certificate::Verdict;
use mlrun::ops::bundle::check::BundleError;
use mlrun::ops::purge::PurgeError;
use mlrun::ops::report::ReportError;
use mlrun::ops::reproduce::{ReproduceError, Reproduced};
use mlrun::ops::resolve::ResolveError;
use mlrun::ops::{UsageError, VerbError, chain};
use mlrun::registry::JournalError;
use mlrun::repository::{ConfigError, RepositoryError};
use mlrun::signature::KeyError;
use mlrun::snapshot::restore::RestoreError;
use mlrun::snapshot::{SnapshotError, fields};
use mlrun::store::{BackendError, StoreError};

pub use self::moves::{adopted_label, deployed_code, obstacle, obstacles_code, rollback_refusal};
pub use self::signoff::approval_flaw;
pub use self::waiting::waiting;

/// Done; certified; no difference.
pub const DONE: u8 = 0;
/// A well-formed no.
pub const NO: u8 = 1;
/// Usage, configuration or policy.
pub const USAGE: u8 = 2;
/// Inconclusive.
pub const INCONCLUSIVE: u8 = 3;
/// Of what is sound and cannot be understood here.
const NEWER: &str = "a newer mlrun wrote it: install that one, and leave the file as it is; nothing is damaged";
/// Hash, chain, damaged store, a record newer than this program.
pub const INTEGRITY: u8 = 4;
/// Something moved.
pub const CONFLICT: u8 = 5;
/// Model, revision, stage, file, history.
pub const NOT_FOUND: u8 = 6;
/// Space, permission, I/O.
pub const MACHINE: u8 = 8;
/// And the number of the signal that ended it.
const ENDED_BY: u8 = 128;
/// A bug.
pub const BUG: u8 = 70;

/// What kept a command from an answer.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: u8,
    /// One word for programs.
    pub kind: &'static str,
    /// What happened, with its causes.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether the same command may work in a moment.
    pub retryable: bool,
}

impl Failure {
    fn new(exit: u8, message: String, hint: Option<String>) -> Self {
        let kind = match exit {
            NO => "refused",
            USAGE => "usage",
            INTEGRITY => "integrity",
            CONFLICT => "conflict",
            NOT_FOUND => "not-found",
            MACHINE => "machine",
            ENDED_BY.. => "interrupted",
            _ => "bug",
        };
        Self { exit, kind, message, hint, retryable: exit == CONFLICT }
    }

    /// A command line that cannot be carried out.
    pub fn usage(message: String, hint: Option<String>) -> Self {
        Self::new(USAGE, message, hint)
    }

    /// A training command that did not succeed: its status is passed on.
    pub fn command(status: i32, message: String, hint: Option<String>) -> Self {
        let exit = u8::try_from(status).unwrap_or(NO);
        Self { exit, kind: "command", message, hint, retryable: false }
    }

    /// A patch that would not make the one code out of the other.
    pub fn no_patch(path: &str, why: &str, more: usize) -> Self {
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let hint = "`mlrun diff --only code` shows what can be shown".to_owned();
        Self::new(NO, format!("there is no whole patch: `{path}`{more}: {why}"), Some(hint))
    }

    /// Something that must not happen.
    pub fn bug(what: &str) -> Self {
        Self::new(BUG, format!("a bug in mlrun: {what}"), Some("please report it with this message".to_owned()))
    }

    /// An answer that did not get out.
    pub fn unwritten(source: &std::io::Error) -> Self {
        let hint = "what the command did stands; only its answer is lost";
        Self::new(MACHINE, format!("cannot write the answer: {source}"), Some(hint.to_owned()))
    }
}

/// The exit code of a verdict.
pub const fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass | Verdict::Waived => DONE,
        Verdict::Fail => NO,
        Verdict::Inconclusive | Verdict::NotApplicable => INCONCLUSIVE,
    }
}

/// The exit code of having trained a version again. A dry run has no verdict.
pub const fn reproduced_code(verdict: Option<Reproduced>) -> u8 {
    match verdict {
        None | Some(Reproduced::Exact | Reproduced::Equivalent) => DONE,
        Some(Reproduced::Different | Reproduced::Failed) => NO,
        Some(Reproduced::Inconclusive) => INCONCLUSIVE,
    }
}

impl From<VerbError> for Failure {
    fn from(error: VerbError) -> Self {
        let message = match unwritable(&error) {
            Some(place) => format!("the store {place} cannot be written to: {}", chain(&error)),
            None => chain(&error),
        };
        let (exit, hint) = verb(&error);
        let is_held = matches!(error, VerbError::Store(StoreError::Held { .. }));
        // The same command would train once more.
        let has_run = matches!(error, VerbError::AfterCommand { .. });
        let failure = Self::new(exit, message, hint);
        Self { retryable: (failure.retryable || is_held) && !has_run, ..failure }
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        VerbError::from(error).into()
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(MACHINE, format!("{error:#}"), None)
    }
}

/// The first five, and how many more there are.
fn first(names: &[String]) -> String {
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    format!("{}{more}", names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// What there is to choose from.
fn there_are(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| format!("there are: {}", items.join(", ")))
}

type Meaning = (u8, Option<String>);

/// The exit code of what a signal ended.
fn interrupted_by(signal: i32) -> u8 {
    u8::try_from(signal).map_or(ENDED_BY, |signal| ENDED_BY.saturating_add(signal))
}

fn says(exit: u8, hint: &str) -> Meaning {
    (exit, Some(hint.to_owned()))
}

fn verb(error: &VerbError) -> Meaning {
    match error {
        VerbError::Repository(error) => repository(error),
        VerbError::Resolve(error) => resolve(error),
        VerbError::Time(_) => (USAGE, None),
        VerbError::Capture(error) => capture(error),
        VerbError::Snapshot(error) => snapshot(error),
        VerbError::Store(error) => store(error),
        VerbError::Journal(error) => journal(error),
        VerbError::Restore(error) => restore(error),
        VerbError::Certify(source) | VerbError::Unfit { source, .. } => certification::unfit(source),
        VerbError::Policy { .. } => says(USAGE, "`mlrun certify --help` has every key of a rule"),
        VerbError::Io { action: "read the policy", source, .. } if source.kind() == ErrorKind::NotFound => {
            says(NOT_FOUND, "`policy = …` in mlrun.toml, or `--policy FILE`, names it")
        }
        VerbError::Io { action: "read the allowed signers", source, .. } if source.kind() == ErrorKind::NotFound => {
            says(
                NOT_FOUND,
                "`signers = …` of the stage in mlrun.toml names it: a line for each person, `EMAIL ssh-ed25519 KEY`",
            )
        }
        VerbError::Io { action: "read the policy", source, .. } if source.kind() == ErrorKind::InvalidData => {
            says(USAGE, "a policy is TOML, text in UTF-8")
        }
        VerbError::Adopt(error) => moves::adopt(error),
        VerbError::Approval(error) => signoff::approval(error),
        VerbError::Dropped { .. } => says(NOT_FOUND, "`mlrun show` tells what it was; its files are not kept any more"),
        VerbError::Erased { rest: true, .. } => says(NO, "`--without-erased` restores the rest"),
        VerbError::Erased { label, .. } => (NO, Some(format!("`mlrun show {label}` tells what was erased"))),
        VerbError::ErasedRecord { left, .. } => {
            (NOT_FOUND, Some(format!("`mlrun show --raw {left}` prints what is left of it")))
        }
        VerbError::Unknown { .. } => says(
            INTEGRITY,
            "`mlrun verify --full --repair` stores again what is still to be found; without `--repair` it names who suffers",
        ),
        VerbError::ErasedBefore { .. } => {
            says(NO, "take it out of what is captured; `--allow-erased` stores it again all the same")
        }
        VerbError::FolderInTheWay { paths } => {
            let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
            let words = "choose an empty folder, or move away";
            (NO, Some(format!("{words} {}; `--force` overwrites files, not folders", first(&names))))
        }
        VerbError::WrongData { name, .. } => {
            (INTEGRITY, Some(format!("name the place of the right one, `--data {name}=PATH`, or leave `--data` out")))
        }
        VerbError::Purge(error) => purge(error),
        VerbError::Certification(error) => certification::certification(error),
        VerbError::NotStarted { source, .. } if source.kind() == ErrorKind::NotFound => {
            says(NOT_FOUND, "check its name and PATH; nothing was run")
        }
        VerbError::NotStarted { .. } => says(MACHINE, "make it executable (`chmod +x`); nothing was run"),
        VerbError::AfterCommand { again, source, .. } => {
            let (exit, hint) = verb(source);
            let before = hint.map_or_else(String::new, |hint| format!("{hint}; then "));
            (exit, Some(format!("{before}`{again}` captures what it made without another run")))
        }
        VerbError::Reproduce(error) => reproduce(error),
        VerbError::NoPolicy { .. } => says(USAGE, SET_POLICY),
        VerbError::Secret { place, .. } => (NO, Some(format!("{place}: say it without the secret"))),
        VerbError::Rename(error) => past::rename(error),
        VerbError::Bisect(error) => past::bisect(error),
        VerbError::Bundle(error) => match error {
            BundleError::Exists { .. } => says(NO, "give `--force` to replace it"),
            BundleError::InStore { .. } => says(USAGE, "name a place outside the store"),
            BundleError::TooMuch { .. } => (NO, None),
            BundleError::Folder { .. } => says(USAGE, "name the file; `mlrun bundle REV -o FILE.tar.gz` makes one"),
            BundleError::Foreign { .. } => says(INTEGRITY, "`mlrun bundle REV -o FILE.tar.gz` makes one"),
            BundleError::Read { source, .. } => {
                (if source.kind() == ErrorKind::NotFound { NOT_FOUND } else { INTEGRITY }, None)
            }
            _ => (INTEGRITY, None),
        },
        VerbError::Report(error) => match error {
            ReportError::NotOurs { .. } => says(NO, "give `--force` to replace it"),
            ReportError::NotASite { .. } => {
                says(NO, "name an empty folder, or give `--force` to write among its files")
            }
            ReportError::InStore { .. } => says(USAGE, "name a place outside the store"),
            ReportError::TooMany { .. } => says(USAGE, "`mlrun list MODEL` compares more by their metrics"),
            _ => (BUG, None),
        },
        VerbError::Measure(error) => measured::measure(error),
        VerbError::Key { source: KeyError::Encrypted, .. } => {
            says(USAGE, "`openssl pkcs8 -topk8 -nocrypt -in KEY.pem` prints it without its password")
        }
        VerbError::Key { .. } => says(
            USAGE,
            "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY.pem` makes one, `openssl pkey -in KEY.pem -pubout` prints its public half",
        ),
        VerbError::NoCertificate { label } => (NOT_FOUND, Some(format!("`mlrun certify {label}` makes one"))),
        VerbError::NotSigned { label } => (
            NO,
            Some(format!(
                "`mlrun certify {label} --sign KEY.pem` signs it; `mlrun export statement {label}` does without"
            )),
        ),
        VerbError::Interrupted { signal, .. } => (interrupted_by(*signal), None),
        VerbError::Io { source, .. } => io(source.kind()),
        VerbError::Record { source: FormatError::Newer { .. }, .. } => says(INTEGRITY, NEWER),
        VerbError::Record { .. } => (INTEGRITY, None),
        VerbError::Usage(error) => usage(error),
        _ => (BUG, None),
    }
}

fn purge(error: &PurgeError) -> Meaning {
    match error {
        PurgeError::NoFile { label, .. } => {
            (NOT_FOUND, Some(format!("`mlrun restore {label} --to DIR --dry-run --json` lists every file of it")))
        }
        PurgeError::NoField { .. } => (NOT_FOUND, Some(format!("fields are {}", fields::FORMS.join(", ")))),
        PurgeError::Outside { .. } => says(
            USAGE,
            "name it as `mlrun show` does; what was taken from outside the project is called `outside/…` there",
        ),
        PurgeError::NotErasable { .. } => (USAGE, Some(format!("what can be erased is {}", fields::FORMS.join(", ")))),
        _ => (USAGE, None),
    }
}

fn reproduce(error: &ReproduceError) -> Meaning {
    match error {
        ReproduceError::NoCommand { .. } => {
            says(USAGE, "give it as you would type it in the project: `--command 'python train.py'`")
        }
        ReproduceError::Redacted { .. } => says(USAGE, "give it again, with the secret in a variable: `--command …`"),
        ReproduceError::NotEmpty { .. } => says(NO, "name an empty or a new folder"),
        ReproduceError::InProject { .. } => says(USAGE, "name a folder elsewhere with `--to`, or set TMPDIR"),
        ReproduceError::Start { .. } => {
            says(MACHINE, "is it installed, and found from the project's folder? `--command` runs another one")
        }
        ReproduceError::Interrupted { signal, .. } => (interrupted_by(*signal), None),
        ReproduceError::NoPython => says(USAGE, "`--env current` uses what is installed here"),
        ReproduceError::Environment { .. } => says(
            MACHINE,
            "it takes pip or uv, and an index that has those packages; `--env current` uses what is installed here",
        ),
        _ => (BUG, None),
    }
}

fn io(kind: ErrorKind) -> Meaning {
    match kind {
        ErrorKind::NotFound => (NOT_FOUND, None),
        ErrorKind::ResourceBusy => says(CONFLICT, "let the program that writes it finish, then try again"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => says(MACHINE, "make room on that disk; nothing was lost"),
        ErrorKind::PermissionDenied => says(MACHINE, "check its owner and permissions"),
        ErrorKind::FileTooLarge => says(USAGE, "no such file is that long: name the right one"),
        ErrorKind::ReadOnlyFilesystem => {
            says(MACHINE, "it is mounted read-only: mount it to be written, or name another place")
        }
        _ => (MACHINE, None),
    }
}

/// Where rules come from.
const SET_POLICY: &str = "set `policy = \"policy/NAME.toml\"` in mlrun.toml, or give `--policy FILE`";

/// What was in production must not wait for a correction.
const WITHOUT_CONFIG: &str = "`-R STORE` looks and goes back without it";

fn repository(error: &RepositoryError) -> Meaning {
    match error {
        RepositoryError::NoProject { .. } => {
            says(NOT_FOUND, "`mlrun init` begins one here; `-C DIR` and `-R STORE` look elsewhere")
        }
        RepositoryError::NotInitialised { .. } => says(NOT_FOUND, "`mlrun init` makes its store"),
        RepositoryError::ForeignHistory { .. } => says(
            NOT_FOUND,
            "name the store that holds it with `-R STORE`; to begin a new history, remove `repository` from mlrun.toml and run `mlrun init`",
        ),
        RepositoryError::Config(ConfigError::Toml { nearest: Some(nearest), .. }) => {
            (USAGE, Some(format!("did you mean `{nearest}`? {WITHOUT_CONFIG}")))
        }
        RepositoryError::Config(ConfigError::Io { source, .. }) => io(source.kind()),
        RepositoryError::Config(_) => (USAGE, Some(format!("correct it; {WITHOUT_CONFIG}"))),
        RepositoryError::Store(error) => store(error),
        RepositoryError::Io { source, .. } => io(source.kind()),
        _ => (BUG, None),
    }
}

fn resolve(error: &ResolveError) -> Meaning {
    match error {
        ResolveError::NoModel => says(NOT_FOUND, "`mlrun snapshot NAME --files PATH` makes the first version of one"),
        ResolveError::WhichModel { .. } => says(USAGE, "name it: `MODEL@…`, or MODEL as the argument"),
        ResolveError::Model { nearest: Some(nearest), .. } | ResolveError::Stage { nearest: Some(nearest), .. } => {
            (NOT_FOUND, Some(format!("did you mean `{nearest}`?")))
        }
        ResolveError::Model { known, .. } | ResolveError::Stage { known, .. } => (NOT_FOUND, there_are(known)),
        ResolveError::Data { known, .. } => (NOT_FOUND, there_are(known)),
        ResolveError::NoVersion { model } => (NOT_FOUND, Some(format!("`mlrun snapshot {model}` makes the first one"))),
        ResolveError::Version { model, newest, .. } => {
            (NOT_FOUND, Some(format!("`mlrun list {model}` shows v1 to {newest}")))
        }
        ResolveError::StageEmpty { model, .. } => {
            (NOT_FOUND, Some(format!("`mlrun log {model} --kind promote` shows what moved when")))
        }
        ResolveError::Id { .. } => says(NOT_FOUND, "`mlrun list MODEL --json` and `mlrun show REVISION` show the ids"),
        ResolveError::AmbiguousId { candidates, .. } => {
            (USAGE, Some(format!("give more digits: {}", candidates.join(", "))))
        }
        ResolveError::OnlyModel { revision } => (
            USAGE,
            Some(format!(
                "say `{revision}@v3` (`mlrun list {revision}` shows them), a stage such as `{revision}@production`, or, of what is not to \
                 be promoted, `{revision}@latest`"
            )),
        ),
        ResolveError::TooFarBack { .. } | ResolveError::NotYet { .. } => (NOT_FOUND, None),
        ResolveError::Day { occupants, .. } => (USAGE, Some(format!("give the hour too: {}", occupants.join("; ")))),
        ResolveError::Workspace => says(USAGE, "`mlrun snapshot` makes it one"),
        ResolveError::WorkspaceIsNoVersion { model, latest } => {
            let latest = latest.map_or_else(String::new, |v| format!(", or name one: `{model}@{v}`"));
            (NOT_FOUND, Some(format!("`mlrun snapshot {model}` makes it one{latest}")))
        }
        ResolveError::WhichStage { .. } => says(USAGE, "name it with `--stage` or `--to`"),
        _ => (USAGE, None),
    }
}

fn capture(error: &CaptureError) -> Meaning {
    match error {
        CaptureError::Missing { .. } => {
            says(NOT_FOUND, "check the path in mlrun.toml or on the command line; nothing was written")
        }
        CaptureError::Empty { .. } => says(NOT_FOUND, "train first, or name another folder; nothing was written"),
        CaptureError::Unreadable { source, .. } => io(source.kind()),
        CaptureError::Secrets { findings } => {
            let place = |f: &mlrun::capture::secrets::Finding| match f.line {
                0 => format!("the name of {} ({})", f.path, f.rule),
                line => format!("{} line {line} ({})", f.path, f.rule),
            };
            let all: Vec<String> = findings.iter().map(place).collect();
            let allow = findings
                .first()
                .filter(|first| first.line > 0)
                .map_or_else(String::new, |f| format!("; if it is harmless: `--allow-secret '{}:{}'`", f.rule, f.path));
            (NO, Some(format!("{}: remove it from there{allow}", first(&all))))
        }
        CaptureError::GitRefused { cure: Some(cure), .. } => {
            (MACHINE, Some(format!("if you trust this repository, do as git says: `{cure}`")))
        }
        CaptureError::GitRefused { .. } => (MACHINE, None),
        CaptureError::Dirty { paths } => (NO, Some(format!("commit or stash {}", first(paths)))),
        CaptureError::Discovered { .. } => says(NO, "without `--strict` this is recorded and the snapshot is taken"),
        CaptureError::Link { circle: false, .. } => says(USAGE, "remove the link, or list it in .mlrunignore"),
        _ => (USAGE, None),
    }
}

fn snapshot(error: &SnapshotError) -> Meaning {
    match error {
        SnapshotError::Store(error) => store(error),
        SnapshotError::File { source, .. } => io(source.kind()),
        SnapshotError::Format { .. } => (INTEGRITY, None),
        _ => (BUG, None),
    }
}

fn backend(error: &BackendError) -> Meaning {
    match error {
        BackendError::Io { place, source, .. } if is_unwritable(error) => {
            let cure = match source.kind() {
                ErrorKind::ReadOnlyFilesystem => "it is mounted read-only: mount it to be written".to_owned(),
                _ => format!("check the owner and permissions of {place} and of what is in it"),
            };
            (MACHINE, Some(format!("{cure}; verbs that only read work as it is")))
        }
        BackendError::Io { source, .. } => io(source.kind()),
        BackendError::NotAFile { .. } => {
            says(INTEGRITY, "only files belong there: look at what it is and who put it there, then move it away")
        }
        _ => (INTEGRITY, None),
    }
}

/// Whether the store can be read, and this was to change it.
fn is_unwritable(error: &BackendError) -> bool {
    let BackendError::Io { action, source, .. } = error else { return false };
    !matches!(*action, "read" | "list")
        && matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// The store that could not be written to, if that was it.
fn unwritable(error: &VerbError) -> Option<&str> {
    let backend = match error {
        VerbError::Store(StoreError::Backend(backend))
        | VerbError::Snapshot(SnapshotError::Store(StoreError::Backend(backend)))
        | VerbError::Repository(RepositoryError::Store(StoreError::Backend(backend)))
        | VerbError::Journal(JournalError::Backend(backend)) => backend,
        _ => return None,
    };
    match backend {
        BackendError::Io { place, .. } if is_unwritable(backend) => Some(place),
        _ => None,
    }
}

fn store(error: &StoreError) -> Meaning {
    match error {
        StoreError::Backend(error) => backend(error),
        StoreError::NotAStore { .. } => {
            says(NOT_FOUND, "`-R` wants the folder that holds `format.json`; `mlrun init` makes one")
        }
        StoreError::Missing { .. } | StoreError::Damaged { .. } => says(
            INTEGRITY,
            "`mlrun verify --full` names everything that is damaged; with `--repair` it repairs what it can",
        ),
        StoreError::Description { .. } | StoreError::Format { .. } => (INTEGRITY, None),
        StoreError::Source { source, .. } => io(source.kind()),
        StoreError::Held { file, .. } => {
            let hint = format!(
                "let it finish, then try again; `lsof {file}` names it. The lock ends with its process: nothing is to be removed"
            );
            (MACHINE, Some(hint))
        }
        StoreError::NoSpace { .. } => says(MACHINE, "make room on that disk, or move the store to another one"),
        StoreError::Encoding => says(MACHINE, "test this machine's memory"),
        StoreError::TooLong { .. } => says(USAGE, "split it: fewer files in one folder, or a smaller file"),
        _ => (BUG, None),
    }
}

fn journal(error: &JournalError) -> Meaning {
    match error {
        JournalError::Backend(error) => backend(error),
        // Whoever put a backup in its place would lose what happened since.
        JournalError::Format { source: FormatError::Newer { .. }, .. } => says(INTEGRITY, NEWER),
        _ => says(INTEGRITY, "`mlrun verify --journal` checks every event; restore the file from a backup"),
    }
}

fn restore(error: &RestoreError) -> Meaning {
    match error {
        RestoreError::Store(error) => store(error),
        RestoreError::InTheWay { paths } => {
            let names: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
            (NO, Some(format!("choose an empty folder, or give `--force` to overwrite {}", first(&names))))
        }
        RestoreError::NotAFolder { path, .. } => {
            (NO, Some(format!("choose an empty folder, or move {} away", path.display())))
        }
        RestoreError::Unsafe { .. } => (INTEGRITY, None),
        RestoreError::Io { source, .. } => io(source.kind()),
        RestoreError::Changed { .. } => says(CONFLICT, "let the program that writes it finish, then try again"),
        RestoreError::Stopped { source, .. } => restore(source),
        _ => (BUG, None),
    }
}

fn usage(error: &UsageError) -> Meaning {
    match error {
        UsageError::NothingToCapture { model, configured: true, .. } => (
            USAGE,
            Some(format!("set `files` below `[model.{model}]`, or `mlrun snapshot {model} --files PATH --save`")),
        ),
        UsageError::NothingToCapture { model, known, .. } => {
            let known =
                if known.is_empty() { String::new() } else { format!("; mlrun.toml knows {}", known.join(", ")) };
            (USAGE, Some(format!("`mlrun snapshot {model} --files PATH`{known}")))
        }
        UsageError::NamedAsStage { name, others } => {
            let model = if let [only] = others.as_slice() { only.as_str() } else { "MODEL" };
            let hint = format!("`mlrun snapshot {model}` takes a version; `{model}@{name}` is what the stage holds");
            (USAGE, Some(hint))
        }
        UsageError::MovingTarget { resolved, stage, .. } => {
            (USAGE, Some(format!("`mlrun promote {resolved} --to {stage}`")))
        }
        UsageError::MovingFrom { model, resolved, stage, .. } => (
            USAGE,
            Some(format!(
                "`mlrun rollback {model} --stage {stage} --from {resolved} --reason …`; without `--from` it flees what `{stage}` holds"
            )),
        ),
        UsageError::NotAdded { model } => {
            (USAGE, Some(format!("`mlrun snapshot {model} --files PATH --save` adds it")))
        }
        UsageError::NoSuchValue { model, nearest, .. } if nearest.is_empty() => {
            (USAGE, Some(format!("`mlrun show {model}@latest` lists them")))
        }
        UsageError::NoFolder(_) => says(USAGE, "check its name; nothing was done"),
        UsageError::NotAFolder(_) => says(USAGE, "name a folder; nothing was done"),
        UsageError::Backwards { .. } => says(USAGE, "`--since` is the earlier time, `--until` the later one"),
        UsageError::NoSuchValue { nearest, .. } => (USAGE, Some(format!("did you mean `{}`?", nearest.join("`, `")))),
        _ => (USAGE, None),
    }
}
