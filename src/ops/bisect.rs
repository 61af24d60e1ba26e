//! `bisect`: the first version that is bad, between one that was good and one that is not. A command judges restored versions, as in
//! `git bisect run`, or a rule judges what they recorded.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::error::BisectError;
use super::resolve::{self, Found};
use super::restore::{Part, RestoreOptions, restore};
use super::scratch::Scratch;
use super::{UsageError, VerbError, chain, records};
use crate::format::checkpoint::VersionRow;
use crate::name::{ModelName, Version};
use crate::nearest::nearest;
use crate::process::{Ended, Interruption, Program, Watched, run_watched};
use crate::progress::Progress;
use crate::repository::Repository;
use crate::snapshot::restore::RestoreError;

/// What to look for.
#[derive(Debug, Clone)]
pub struct BisectOptions {
    /// The model; none: that of the versions, or the only one.
    pub model: Option<ModelName>,
    /// A version that is good. A rule needs none: then it begins with the first version.
    pub good: Option<String>,
    /// A version that is bad; none: the newest.
    pub bad: Option<String>,
    /// Who tells.
    pub judge: Judge,
    /// The folder a command runs in.
    pub folder: PathBuf,
}

/// Who tells good from bad.
#[derive(Debug, Clone)]
pub enum Judge {
    /// A program and its arguments: 0 is good, 125 cannot be told, anything else up to 125 is bad. In its words `{model}` is the
    /// folder with the model's files, `{version}` and `{id}` are the version's.
    Command(Vec<OsString>),
    /// What the recorded metric of a good version satisfies.
    Metric(MetricRule),
}

/// A condition on a recorded metric, such as `auc >= 0.9`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRule {
    /// The metric.
    pub metric: String,
    /// How it must be.
    pub comparison: Comparison,
    /// To what.
    pub limit: f64,
}

/// How a number must be to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
}

impl MetricRule {
    /// Reads `auc >= 0.9`; none if it is no such condition.
    pub fn parse(text: &str) -> Option<Self> {
        let signs = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ];
        let (sign, comparison) = signs.into_iter().find(|(sign, _)| text.contains(sign))?;
        let (metric, limit) = text.split_once(sign)?;
        let limit = limit.trim().parse().ok().filter(|limit: &f64| limit.is_finite())?;
        let metric = metric.trim().to_owned();
        (!metric.is_empty()).then_some(Self { metric, comparison, limit })
    }

    /// Whether a value satisfies it; what is not a number does not.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::AtLeast => value >= self.limit,
            Comparison::Above => value > self.limit,
            Comparison::AtMost => value <= self.limit,
            Comparison::Below => value < self.limit,
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct BisectReport {
    /// The model.
    pub model: ModelName,
    /// The newest version known to be good before the first bad one.
    pub good: Option<Version>,
    /// The first bad version; none: there is no bad one.
    pub first_bad: Option<VersionRow>,
    /// Versions that could be the first bad one instead, because nobody could tell of them.
    pub suspects: Vec<Version>,
    /// What was told of each version that was looked at, in the order it was.
    pub tested: Vec<Tested>,
    /// Versions that nothing could be told of, and why.
    pub skipped: Vec<(Version, String)>,
    /// Versions behind the first bad one that are good again, as far as they were looked at.
    pub good_again: Vec<Version>,
    /// How often a command had to be run at most, if it could always tell.
    pub most_runs: u32,
}

impl BisectReport {
    /// How often a command was run.
    pub fn runs(&self) -> u32 {
        self.tested.iter().filter(|one| one.took.is_some()).count() as u32
    }
}

/// A version that was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tested {
    /// Which.
    pub version: Version,
    /// Whether it is good; none: that could not be told.
    pub good: Option<bool>,
    /// The command's exit status.
    pub exit: Option<i32>,
    /// How long the command took.
    pub took: Option<Duration>,
    /// The metric's value.
    pub value: Option<f64>,
}

/// Finds the first bad version. What a command says or writes to standard output is handed to `output`. Restored files are gone when
/// this returns; nothing is written to the store.
///
/// # Errors
/// A [`BisectError`]; any [`VerbError`] if versions cannot be found, or the command not be started.
pub fn bisect(
    repository: &Repository,
    options: &BisectOptions,
    output: &mut dyn FnMut(&[u8]),
    progress: &dyn Progress,
) -> Result<BisectReport, VerbError> {
    let (good, bad) = ends(repository, options)?;
    let (first, last) = (good.as_ref().map_or(0, |good| good.row.version.0 as usize), bad.row.version.0 as usize);
    let rows: Vec<VersionRow> = (first..last).filter_map(|at| bad.state.versions.get(at).copied()).collect();
    let mut search = Search { repository, report: begun(&bad) };
    match (&options.judge, good) {
        (Judge::Metric(rule), good) => {
            if let Some(good) = &good
                && let Some(value) = search.value(&good.row, rule)?
                && !rule.holds(value)
            {
                let (label, metric, value) = (good.label(), rule.metric.clone(), value.to_string());
                return Err(BisectError::GoodIsBad { label, metric, value }.into());
            }
            search.scan(&rows, good.map(|good| good.row.version), rule)?;
        }
        (Judge::Command(_), None) => return Err(BisectError::NoGood.into()),
        (Judge::Command(command), Some(good)) => {
            let run = Run { command, folder: &options.folder, interruption: Interruption::begin() };
            search.halve(&good.row, &rows, options.bad.is_some(), &run, output, progress)?;
        }
    }
    Ok(search.report)
}

fn begun(bad: &Found) -> BisectReport {
    BisectReport {
        model: bad.state.model.clone(),
        good: None,
        first_bad: None,
        suspects: Vec::new(),
        tested: Vec::new(),
        skipped: Vec::new(),
        good_again: Vec::new(),
        most_runs: 0,
    }
}

/// The versions to look between.
fn ends(repository: &Repository, options: &BisectOptions) -> Result<(Option<Found>, Found), VerbError> {
    let look_up = |text: &str, model: Option<&ModelName>| -> Result<Found, VerbError> {
        let mut revision = resolve::parse(repository, text)?;
        revision.model = revision.model.or_else(|| model.cloned());
        resolve::find(repository, &revision)
    };
    let good = options.good.as_deref().map(|good| look_up(good, options.model.as_ref())).transpose()?;
    let model = good.as_ref().map(|good| good.state.model.clone()).or_else(|| options.model.clone());
    let bad = look_up(options.bad.as_deref().unwrap_or("latest"), model.as_ref())?;
    if let Some(found) = &good {
        let (good, bad_label) = (found.label(), bad.label());
        if found.state.first_name != bad.state.first_name {
            return Err(BisectError::OtherModel { good, bad: bad_label }.into());
        }
        if found.row.version >= bad.row.version {
            return Err(BisectError::Order { good, bad: bad_label }.into());
        }
    }
    Ok((good, bad))
}

/// A command, and where it runs.
struct Run<'a> {
    command: &'a [OsString],
    folder: &'a Path,
    interruption: Interruption,
}

struct Search<'a> {
    repository: &'a Repository,
    report: BisectReport,
}

impl Search<'_> {
    /// Looks at what every version recorded: that costs nothing, and finds what halving would not.
    fn scan(&mut self, rows: &[VersionRow], good: Option<Version>, rule: &MetricRule) -> Result<(), VerbError> {
        let mut last_good = good;
        for row in rows {
            let value = match self.value(row, rule) {
                Ok(Some(value)) => value,
                Ok(None) => {
                    self.skip(row, format!("it has no number `{}`", rule.metric));
                    continue;
                }
                Err(error) => {
                    self.skip(row, chain(&error));
                    continue;
                }
            };
            let (version, good) = (row.version, rule.holds(value));
            self.report.tested.push(Tested { version, good: Some(good), exit: None, took: None, value: Some(value) });
            match (good, self.report.first_bad) {
                (true, Some(_)) => self.report.good_again.push(version),
                (true, None) => last_good = Some(version),
                (false, None) => self.report.first_bad = Some(*row),
                (false, Some(_)) => {}
            }
        }
        if self.report.tested.is_empty() {
            return Err(self.no_such_metric(rows, rule).into());
        }
        self.report.good = last_good;
        self.suspect();
        Ok(())
    }

    fn value(&self, row: &VersionRow, rule: &MetricRule) -> Result<Option<f64>, VerbError> {
        let record = records::snapshot(self.repository, row.snapshot)?;
        Ok(record.metrics.get(&rule.metric).and_then(crate::format::scalar::Scalar::number))
    }

    fn no_such_metric(&self, rows: &[VersionRow], rule: &MetricRule) -> UsageError {
        let newest = rows.iter().rev().find_map(|row| records::snapshot(self.repository, row.snapshot).ok());
        let known = newest.map(|record| record.metrics.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let nearest = nearest(&rule.metric, known.iter().map(String::as_str));
        UsageError::NoSuchValue { model: self.report.model.clone(), name: rule.metric.clone(), nearest }
    }

    /// Halves what lies between, as long as there is something. The last one is bad where that was said; else it is asked, too.
    fn halve(
        &mut self,
        good: &VersionRow,
        rows: &[VersionRow],
        last_is_bad: bool,
        run: &Run<'_>,
        output: &mut dyn FnMut(&[u8]),
        progress: &dyn Progress,
    ) -> Result<(), VerbError> {
        let mut left = vec![*good];
        for (at, row) in rows.iter().enumerate() {
            // The last one is bad as it was said: nothing of it is needed.
            match row.dropped.is_some() && !(last_is_bad && at + 1 == rows.len()) {
                true => self.skip(row, "it was dropped".to_owned()),
                false => left.push(*row),
            }
        }
        let is_told = run.is_told();
        self.report.most_runs = (left.len() - 1).max(1).next_power_of_two().trailing_zeros();
        self.report.most_runs += u32::from(!is_told) + u32::from(!(is_told && last_is_bad));
        // A command that is not told which version it judges may judge the same files each time.
        if !is_told && self.judge(good, run, output, progress)? != Some(true) {
            return Err(BisectError::Untold { label: self.label(good), not: "good" }.into());
        }
        while !(is_told && last_is_bad)
            && let Some(newest) = left.last().copied().filter(|newest| newest.version != good.version)
        {
            match self.judge(&newest, run, output, progress)? {
                Some(false) => break,
                Some(true) if last_is_bad => {
                    return Err(BisectError::Untold { label: self.label(&newest), not: "bad" }.into());
                }
                Some(true) => {
                    self.report.good = Some(newest.version);
                    return Ok(());
                }
                // It is bad because that was said.
                None if last_is_bad => break,
                None => drop(left.pop()),
            }
        }
        if left.len() < 2 {
            self.report.good = Some(good.version);
            return Ok(());
        }
        let (mut lower, mut upper) = (0, left.len() - 1);
        while upper - lower > 1 {
            let middle = lower + (upper - lower) / 2;
            match self.judge(&left[middle], run, output, progress)? {
                Some(true) => lower = middle,
                Some(false) => upper = middle,
                None => {
                    left.remove(middle);
                    upper -= 1;
                }
            }
        }
        self.report.good = Some(left[lower].version);
        self.report.first_bad = Some(left[upper]);
        self.suspect();
        Ok(())
    }

    fn label(&self, row: &VersionRow) -> String {
        format!("{}@{}", self.report.model, row.version)
    }

    /// Runs the command on a version; none: nothing can be told of it.
    fn judge(
        &mut self,
        row: &VersionRow,
        run: &Run<'_>,
        output: &mut dyn FnMut(&[u8]),
        progress: &dyn Progress,
    ) -> Result<Option<bool>, VerbError> {
        let label = self.label(row);
        let scratch = Scratch::temporary("bisect")?;
        let options = RestoreOptions {
            revision: label.clone(),
            to: scratch.files(),
            only: vec![Part::Model],
            ..RestoreOptions::default()
        };
        progress.tell(&format!("{label} …"));
        let restored = match restore(self.repository, &options, progress) {
            Ok(restored) => restored,
            Err(error) if is_of_version(&error) => {
                self.skip(row, chain(&error));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let paths: Vec<&str> = restored.plan.files.iter().map(|file| file.path.as_str()).collect();
        let model = scratch.files().join(holding(&paths));
        run.go_on()?;
        let ended = run.on(&model, row, &self.report.model, output)?;
        run.go_on()?;
        let good = match (ended.status, ended.signal) {
            (Some(0), _) => Some(true),
            (Some(125), _) => None,
            (Some(1..=124), _) => Some(false),
            (Some(126 | 127), _) => return Err(stopped(label, "could not be run".to_owned())),
            (Some(status), _) => return Err(stopped(label, format!("ended with status {status}"))),
            (None, signal) => {
                let how = signal.map_or_else(|| "was ended".to_owned(), |n| format!("was ended by signal {n}"));
                return Err(stopped(label, how));
            }
        };
        let (exit, took) = (ended.status, Some(ended.took));
        self.report.tested.push(Tested { version: row.version, good, exit, took, value: None });
        if good.is_none() {
            self.skip(row, "the command could not tell".to_owned());
        }
        Ok(good)
    }

    fn skip(&mut self, row: &VersionRow, why: String) {
        self.report.skipped.push((row.version, why));
        self.report.skipped.sort_by_key(|(version, _)| *version);
    }

    /// What nothing is known of between the last good and the first bad version may be bad already.
    fn suspect(&mut self) {
        let Some(first) = self.report.first_bad else { return };
        let between =
            |version: &Version| self.report.good.is_none_or(|good| *version > good) && *version < first.version;
        let skipped = self.report.skipped.iter().map(|(version, _)| *version);
        self.report.suspects = skipped.filter(between).collect();
    }
}

/// Whether what went wrong is that a version is not whole.
const fn is_of_version(error: &VerbError) -> bool {
    matches!(
        error,
        VerbError::Dropped { .. }
            | VerbError::Erased { .. }
            | VerbError::ErasedRecord { .. }
            | VerbError::Record { .. }
            | VerbError::Snapshot(_)
            | VerbError::Store(_)
            | VerbError::Restore(RestoreError::Store(_))
    )
}

fn stopped(label: String, how: String) -> VerbError {
    BisectError::Stopped { label, how }.into()
}

impl Run<'_> {
    /// Whether a word of it is filled in with what is about the version. A script may read that from its environment.
    fn is_told(&self) -> bool {
        const FILLED: [&str; 3] = ["{model}", "{version}", "{id}"];
        let words = self.command.iter().filter_map(|word| word.to_str());
        words.into_iter().any(|word| FILLED.iter().any(|part| word.contains(part)))
    }

    /// Ends here if a signal asked for that.
    fn go_on(&self) -> Result<(), BisectError> {
        self.interruption.signal().map_or(Ok(()), |signal| Err(BisectError::Interrupted { signal }))
    }

    /// Runs it on the model in a folder.
    fn on(
        &self,
        model: &Path,
        row: &VersionRow,
        name: &ModelName,
        output: &mut dyn FnMut(&[u8]),
    ) -> Result<Ended, VerbError> {
        let (folder, version, id) = (model.display().to_string(), row.version.to_string(), row.snapshot.to_string());
        let filled = |word: &OsString| match word.to_str() {
            Some(text) => {
                let text = text.replace("{model}", &folder).replace("{version}", &version).replace("{id}", &id);
                OsString::from(text)
            }
            None => word.clone(),
        };
        let words: Vec<OsString> = self.command.iter().map(filled).collect();
        let [program, arguments @ ..] = words.as_slice() else {
            let reason = "a command is needed".to_owned();
            return Err(UsageError::Option { option: "CMD".to_owned(), reason }.into());
        };
        let set = [
            ("MODEL_NAME".to_owned(), OsString::from(name.as_str())),
            ("MODEL_VERSION".to_owned(), OsString::from(&version)),
            ("MODEL_ID".to_owned(), OsString::from(&id)),
        ];
        let program = Program { set: &set, ..Program::new(OsStr::new(program), arguments, self.folder) };
        let watched = Watched { interruption: Some(&self.interruption), ..Watched::new(program) };
        let not_started = |error: crate::process::ProcessError| VerbError::NotStarted {
            program: error.program,
            source: error.source,
        };
        run_watched(&watched, output).map_err(not_started)
    }
}

/// The deepest folder that holds all files.
fn holding(paths: &[&str]) -> PathBuf {
    let mut folders = paths.iter().map(|path| Path::new(path).parent().unwrap_or_else(|| Path::new("")));
    let first = folders.next().unwrap_or_else(|| Path::new("")).to_owned();
    folders.fold(first, |common, next| {
        let same = common.components().zip(next.components()).take_while(|(a, b)| a == b);
        same.map(|(part, _)| part).collect()
    })
}
