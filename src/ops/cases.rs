//! `case add`, `case list`, `case remove`: rows that failed in production once, and that every later candidate must be right about.
//!
//! A case is a row of an evaluation set, named by its key. What is right there is read from the newest version that has the set, and
//! kept: whoever changes the label later changes no case, and is found out.

pub(super) mod list;
mod rows;

use std::collections::HashMap;
use std::path::PathBuf;

use self::list::{numbered, of_row, read};
use self::rows::{labelled, rows_of_file, source, typed_rows};
use super::resolve;
use super::{Asked, CertificationError, MadeEvent, UsageError, VerbError, check_text, judging, rules, waive};
use crate::clock::Time;
use crate::format::cases::{CaseRecord, CasesRecord, FORMAT, Match, NumberedCaseRecord};
use crate::format::event::{CaseChangeRecord, EventBody};
use crate::format::policy::Task;
use crate::format::snapshot::PredictionsRecord;
use crate::name::{ModelName, SetName, StageName, Version};
use crate::progress::Progress;
use crate::registry::{Decision, State};
use crate::repository::Repository;
use crate::store::Lock;

/// What to add.
#[derive(Debug, Clone, Default)]
pub struct AddOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// The evaluation set; none: the only one.
    pub set: Option<SetName>,
    /// Keys, as typed: a value, or `column=value, column=value`.
    pub rows: Vec<String>,
    /// A table of keys, and how it was typed.
    pub file: Option<(PathBuf, String)>,
    /// The version to read the labels from; none: the newest that has the set.
    pub revision: Option<String>,
    /// A score at or above it is positive.
    pub threshold: Option<f64>,
    /// The largest error that is right.
    pub tolerance: Option<f64>,
    /// When an answer in words is right; none: when it is the label.
    pub answers: Option<Match>,
    /// Why; of a file, for rows that say nothing themselves.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was added.
#[derive(Debug, Clone)]
pub struct AddReport {
    /// The model.
    pub model: ModelName,
    /// The set.
    pub set: SetName,
    /// The version the labels were read from.
    pub version: Version,
    /// The new cases; in a dry run with the numbers they would have.
    pub added: Vec<NumberedCaseRecord>,
    /// Those that were cases already.
    pub known: Vec<NumberedCaseRecord>,
    /// Cases in force now, of all sets.
    pub in_force: u64,
    /// Whether there was nothing to add.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// A case, and what became of it.
#[derive(Debug, Clone)]
pub struct ListedCase {
    /// The case.
    pub case: NumberedCaseRecord,
    /// Who added it.
    pub actor: Option<String>,
    /// When.
    pub time: Time,
    /// The number of the event that did.
    pub event: u64,
    /// When, by whom and why it was removed.
    pub removed: Option<Removed>,
}

/// That a case counts no more.
#[derive(Debug, Clone)]
pub struct Removed {
    /// Who removed it.
    pub actor: Option<String>,
    /// When.
    pub time: Time,
    /// Why.
    pub reason: Option<String>,
}

/// The cases of a model.
#[derive(Debug, Clone)]
pub struct ListReport {
    /// The model.
    pub model: ModelName,
    /// By number.
    pub cases: Vec<ListedCase>,
}

/// What to remove.
#[derive(Debug, Clone, Default)]
pub struct RemoveOptions {
    /// The model; none: the only one.
    pub model: Option<ModelName>,
    /// `c7`.
    pub ids: Vec<String>,
    /// Why.
    pub reason: String,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// What was removed.
#[derive(Debug, Clone)]
pub struct RemoveReport {
    /// The model.
    pub model: ModelName,
    /// The cases that count no more by this.
    pub removed: Vec<u32>,
    /// Cases in force now.
    pub in_force: u64,
    /// Whether they had been removed already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Adds cases.
pub fn add(repository: &Repository, options: &AddOptions, progress: &dyn Progress) -> Result<AddReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let actor = Asked::begin(repository);
    let _held = repository.store().hold(Lock::Shared, progress)?;
    let (found, set) = source(repository, options)?;
    let model = found.state.model.clone();
    check_terms(repository, options, &found.state)?;
    let columns = &set.columns.key;
    let rows = match &options.file {
        Some(file) => rows_of_file(file, columns, options.reason.as_deref())?,
        None => typed_rows(options, &set)?,
    };
    let labelled = labelled(repository, &found, &set, rows)?;
    let cases: Vec<CaseRecord> = labelled
        .into_iter()
        .map(|(key, expected, reason)| CaseRecord {
            key,
            expected,
            threshold: options.threshold,
            tolerance: options.tolerance,
            // One way to say it: the same case is the same record.
            answers: options.answers.filter(|answers| *answers != Match::Exact),
            reason,
        })
        .collect();
    let (added, known) = compared(repository, &found.state, &set, &cases)?;
    let mut report = AddReport {
        version: found.row.version,
        set: set.name.clone(),
        in_force: found.state.cases_in_force(),
        unchanged: added.is_empty(),
        added,
        known,
        event: None,
        dry_run: options.dry_run,
        model,
    };
    if options.dry_run || report.unchanged {
        return Ok(report);
    }
    let actor = actor.answer();
    let committed = repository.registry().commit::<_, VerbError>(&report.model, &actor, |state| {
        let (added, known) = compared(repository, state, &set, &cases)?;
        let Some(first) = added.first().map(|one| one.number) else {
            return Ok(Decision::Keep((added, known)));
        };
        let list = CasesRecord {
            format: FORMAT.to_owned(),
            set: set.name.clone(),
            columns: columns.clone(),
            cases: added.iter().map(|one| one.case.clone()).collect(),
        };
        let unreadable = |source| VerbError::Record { kind: "list of cases", id: set.name.to_string(), source };
        let bytes = list.encode().map_err(unreadable)?;
        let mut writer = repository.store().writer();
        let cases = writer.put_record(&bytes)?;
        writer.finish()?;
        let count = u32::try_from(added.len()).unwrap_or(u32::MAX);
        let same = added.iter().all(|one| one.case.reason == added[0].case.reason);
        let reason = same.then(|| added[0].case.reason.clone());
        let change = CaseChangeRecord::Add { first, count, set: set.name.clone(), cases };
        Ok(Decision::Append(EventBody::Case { change, reason }, (added, known)))
    })?;
    (report.added, report.known) = committed.outcome;
    report.unchanged = report.added.is_empty();
    report.in_force = committed.state.cases_in_force();
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// Removes cases.
pub fn remove(repository: &Repository, options: &RemoveOptions) -> Result<RemoveReport, VerbError> {
    check_text("the reason", Some(&options.reason))?;
    let model = resolve::model(repository, options.model.as_ref())?;
    let state = resolve::state(repository, &model)?;
    let mut numbers = Vec::new();
    for id in &options.ids {
        let number = id.strip_prefix('c').unwrap_or(id).parse::<u32>().ok();
        let number = number.filter(|number| (1..state.next_case()).contains(number)).ok_or_else(|| {
            CertificationError::NoCase { model: model.to_string(), id: id.chars().take(80).collect() }
        })?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    let left = |state: &State| -> Vec<u32> {
        numbers.iter().copied().filter(|number| state.cases.iter().any(|row| row.is_in_force(*number))).collect()
    };
    let removed = left(&state);
    let actor = Asked::begin(repository).answer();
    if !removed.is_empty() {
        may_remove(repository, &state, actor.email.as_deref())?;
    }
    let mut report = RemoveReport {
        in_force: state.cases_in_force(),
        unchanged: removed.is_empty(),
        removed,
        event: None,
        dry_run: options.dry_run,
        model,
    };
    if options.dry_run {
        return Ok(report);
    }
    let committed = repository.registry().commit::<Vec<u32>, VerbError>(&report.model, &actor, |state| {
        let removed = left(state);
        if removed.is_empty() {
            return Ok(Decision::Keep(removed));
        }
        // In the state that is decided by, other rules may be in force.
        may_remove(repository, state, actor.email.as_deref())?;
        let change = CaseChangeRecord::Remove { cases: removed.clone() };
        Ok(Decision::Append(EventBody::Case { change, reason: Some(options.reason.clone()) }, removed))
    })?;
    report.removed = committed.outcome;
    report.unchanged = report.removed.is_empty();
    report.in_force = committed.state.cases_in_force();
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}

/// A case that is gone excuses every later candidate of every stage: it takes whoever may excuse one there, where the rules in force
/// name such people; while none are in force, where those of the project do.
fn may_remove(repository: &Repository, state: &State, email: Option<&str>) -> Result<(), VerbError> {
    let adopted = state.stages.iter().filter(|(_, row)| row.rules.is_some());
    let mut stages: Vec<StageName> = adopted.map(|(stage, _)| stage.clone()).collect();
    if stages.is_empty() {
        stages.extend(resolve::stage(repository, state, None).ok());
    }
    for stage in stages {
        let rules = waive::rules_of(repository, state, &stage)?;
        if !rules.waivers.is_empty() && !rules.may_waive(email) {
            let (who, why) = (waive::who(email), judging::history::nobody(&stage, &rules));
            return Err(CertificationError::MayNotRemove { who, stage, why, unknown: email.is_none() }.into());
        }
    }
    Ok(())
}

/// Lists the cases in force, or all that ever were.
pub fn list(repository: &Repository, model: Option<&ModelName>, all: bool) -> Result<ListReport, VerbError> {
    let model = resolve::model(repository, model)?;
    let state = resolve::state(repository, &model)?;
    let mut removed = if all { removals(repository, &state)? } else { HashMap::new() };
    let mut cases = Vec::new();
    for row in &state.cases {
        let list = read(repository, row)?;
        for (number, case) in (row.first..).zip(&list.cases) {
            let in_force = row.is_in_force(number);
            if in_force || all {
                cases.push(ListedCase {
                    case: numbered(&list, number, case),
                    actor: row.actor.clone(),
                    time: row.time,
                    event: row.event.seq,
                    removed: if in_force { None } else { removed.remove(&number) },
                });
            }
        }
    }
    Ok(ListReport { model, cases })
}

/// When, by whom and why cases were removed.
fn removals(repository: &Repository, state: &State) -> Result<HashMap<u32, Removed>, VerbError> {
    let mut removed = HashMap::new();
    if state.cases.iter().all(|row| row.removed.is_empty()) {
        return Ok(removed);
    }
    for seq in 1..=state.seq() {
        let event = repository.registry().event(&state.model, seq)?.and_then(|file| file.event.ok());
        let Some(mut event) = event else { continue };
        state.with_time(&mut event);
        if let EventBody::Case { change: CaseChangeRecord::Remove { cases }, reason } = event.body {
            for number in cases {
                let (actor, reason) = (event.actor.name.clone(), reason.clone());
                removed.insert(number, Removed { actor, time: event.time, reason });
            }
        }
    }
    Ok(removed)
}

/// A number has to be near enough, a class has not; where the task is not known, nothing can be said.
fn check_terms(repository: &Repository, options: &AddOptions, state: &State) -> Result<(), VerbError> {
    let refuse = |option: &str, reason: &str| {
        Err(UsageError::Option { option: option.to_owned(), reason: reason.to_owned() }.into())
    };
    if options.tolerance.is_some_and(|tolerance| !(tolerance.is_finite() && tolerance >= 0.0)) {
        return refuse("tolerance", "it is a finite number, 0 or more");
    }
    if options.threshold.is_some_and(|threshold| !threshold.is_finite()) {
        return refuse("threshold", "it is a finite number");
    }
    let policy = match rules::policy(repository, &state.model, Some(state), None) {
        Ok(policy) => policy,
        Err(VerbError::NoPolicy { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    match (policy.record.task, options.tolerance, options.threshold) {
        (task, ..) if task != Task::Text && options.answers.is_some() => {
            refuse("match", "only answers in words are matched")
        }
        (Task::Text, Some(_), _) if options.answers != Some(Match::Numeric) => {
            refuse("tolerance", "only a number has one: `--match numeric`")
        }
        (Task::Text, Some(_), None) => Ok(()),
        (Task::Regression, None, _) => refuse("tolerance", "say how large an error of a predicted number may be"),
        (Task::Ranking, _, _) => refuse("set", "one document of a ranking is neither right nor wrong"),
        (Task::Regression, _, Some(_)) => refuse("threshold", "a predicted number has none"),
        (task, Some(_), _) if task != Task::Regression => refuse("tolerance", "a class is right or it is not"),
        (task, _, Some(_)) if task != Task::Binary => refuse("threshold", "only two classes have one"),
        _ => Ok(()),
    }
}

/// Which of `cases` are new, numbered, and which are cases already.
fn compared(
    repository: &Repository,
    state: &State,
    set: &PredictionsRecord,
    cases: &[CaseRecord],
) -> Result<(Vec<NumberedCaseRecord>, Vec<NumberedCaseRecord>), VerbError> {
    let mut there: HashMap<Vec<String>, NumberedCaseRecord> = HashMap::new();
    for row in state.cases.iter().filter(|row| row.set == set.name) {
        for one in of_row(repository, row)?.into_iter().filter(|one| one.columns == set.columns.key) {
            there.insert(one.case.key.clone(), one);
        }
    }
    let (mut added, mut known) = (Vec::new(), Vec::new());
    let mut number = state.next_case();
    for case in cases {
        let terms = |case: &CaseRecord| (case.expected.clone(), case.threshold, case.tolerance, case.answers);
        match there.get(&case.key) {
            Some(one) if terms(&one.case) == terms(case) => known.push(one.clone()),
            Some(one) => {
                let (key, id) = (one.key(), one.id());
                return Err(CertificationError::OtherTerms { key, set: set.name.clone(), id }.into());
            }
            None => {
                let columns = set.columns.key.clone();
                added.push(NumberedCaseRecord { number, set: set.name.clone(), columns, case: case.clone() });
                number = number.saturating_add(1);
            }
        }
    }
    Ok((added, known))
}
