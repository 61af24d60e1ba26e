//! Gathering what rules ask for besides predictions, samples and metrics: profiles and rows of training data, surroundings,
//! reports of other tools.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::evidence::{Gathered, Tables};
use super::reports;
use crate::capture::MAX_REPORT;
use crate::capture::profile::Tables as DataTables;
use crate::capture::redacted::Redacted;
use crate::certify::{self, Facts, Leak, Needs, VersionFacts};
use crate::clock::Time;
use crate::digest::Digest;
use crate::evidence::{self, ColumnRows, EvaluationRows, RepeatedKeys, TrainingColumns, Wanted};
use crate::format::certificate::EvidenceRecord;
use crate::format::checkpoint::VersionRow;
use crate::format::observation::ObservationRecord;
use crate::format::policy::{DataCheck, LeakageRecord, MeasureRecord, Surrounding};
use crate::format::profile::{self, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::format::snapshot::{DataRecord, SnapshotRecord};
use crate::format::{FormatError, canonical};
use crate::name::{SetName, Version};
use crate::ops::training::TrainingFiles;
use crate::ops::{VerbError, profiles, records};
use crate::progress::Progress;
use crate::registry::State;
use crate::repository::Repository;

/// Rows shown of those that were trained on.
const SHOWN: usize = 3;

/// Earlier versions that are looked at for the rows of their data.
const LOOK_BACK: usize = 2000;

/// The candidate.
pub(super) struct Judged<'a> {
    pub record: &'a SnapshotRecord,
    pub observation: &'a ObservationRecord,
    /// None of the workspace.
    pub version: Option<Version>,
    /// Of the workspace: its data that is in tables.
    pub data_tables: &'a [DataTables],
}

/// A version, and what surrounded it.
struct Known<'a> {
    /// `candidate` or `baseline`.
    role: &'static str,
    record: &'a SnapshotRecord,
    observation: &'a ObservationRecord,
    /// When it was taken.
    time: Time,
    /// The profiles of its data, or why there are none.
    profiles: BTreeMap<SetName, Result<ProfileRecord, String>>,
}

/// Reads what `needs` names, of the candidate, its model, and the baseline.
pub(super) fn gather(
    repository: &Repository,
    tables: &Tables<'_>,
    needs: &Needs,
    (judged, state, baseline): (&Judged<'_>, Option<&State>, Option<(&VersionRow, &SnapshotRecord)>),
    gathered: &mut Gathered,
    progress: &dyn Progress,
) -> Result<Facts, VerbError> {
    if needs.facts.is_empty() {
        return Ok(Facts::default());
    }
    let wanted: Vec<&SetName> = needs.facts.iter().filter_map(certify::profiled).collect();
    let observed = baseline.map(|(row, _)| records::observation(repository, row.observation)).transpose()?;
    let baseline = baseline.zip(observed.as_ref()).map(|((row, record), observation)| Known {
        role: "baseline",
        record,
        observation,
        time: row.time,
        profiles: profiles::or_why(repository, record, observation),
    });
    let row = judged.version.and_then(|version| state?.version(version));
    let (time, profiles) = match row {
        Some(row) => (row.time, profiles::or_why(repository, judged.record, judged.observation)),
        None => {
            let latest = state.and_then(State::latest);
            let before = latest.and_then(|row| {
                let record = records::snapshot(repository, row.snapshot).ok()?;
                Some((record, records::observation(repository, row.observation).ok()?))
            });
            let before = before.as_ref().map(|(record, observation)| (record, observation));
            let data = (judged.data_tables, judged.record);
            let profiles = profiles::of_workspace(repository, data, before, &wanted, progress);
            let now = repository.clock().now();
            (state.map_or(now, |state| repository.registry().now_in(state)), profiles)
        }
    };
    let candidate = Known { role: "candidate", record: judged.record, observation: judged.observation, time, profiles };
    let history = history(repository, state, judged.version, needs)?;
    read(tables, needs, &candidate, baseline.as_ref(), history, gathered)
}

/// Rows of the tables earlier versions were trained on, each table once, the newest first.
fn history(
    repository: &Repository,
    state: Option<&State>,
    candidate: Option<Version>,
    needs: &Needs,
) -> Result<BTreeMap<SetName, Vec<u64>>, VerbError> {
    let mut wanted: BTreeMap<&SetName, usize> = BTreeMap::new();
    for measure in &needs.facts {
        if let MeasureRecord::Data(record) = measure {
            let last = record.last.map_or(0, |last| last as usize);
            let most = wanted.entry(&record.of).or_default();
            *most = last.max(*most);
        }
    }
    wanted.retain(|_, last| *last > 0);
    let mut found: BTreeMap<SetName, Vec<u64>> = BTreeMap::new();
    let mut seen: HashSet<Digest> = HashSet::new();
    let versions = state.into_iter().flat_map(|state| state.versions.iter().rev());
    let earlier = versions.filter(|row| candidate.is_none_or(|candidate| row.version < candidate));
    for row in earlier.take(LOOK_BACK) {
        let short = |name: &SetName, last: usize| found.get(name).is_none_or(|rows| rows.len() < last);
        if !wanted.iter().any(|(name, last)| short(name, *last)) {
            break;
        }
        let record = records::snapshot(repository, row.snapshot)?;
        for source in record.data.iter().filter(|source| wanted.contains_key(&source.name)) {
            if let (Some(rows), Some(sha256)) = (source.rows, source.sha256)
                && seen.insert(Digest::of(format!("{}/{sha256}", source.name).as_bytes()))
            {
                found.entry(source.name.clone()).or_default().push(rows);
            }
        }
    }
    Ok(found)
}

fn read(
    tables: &Tables<'_>,
    needs: &Needs,
    candidate: &Known<'_>,
    baseline: Option<&Known<'_>>,
    history: BTreeMap<SetName, Vec<u64>>,
    gathered: &mut Gathered,
) -> Result<Facts, VerbError> {
    let mut facts = Facts { history, ..Facts::default() };
    facts.candidate = of_version(tables, needs, candidate, gathered)?;
    facts.baseline = baseline.map(|baseline| of_version(tables, needs, baseline, gathered)).transpose()?;
    facts.report_names = candidate.record.reports.iter().map(|report| report.name.clone()).collect();
    read_columns(tables, needs, candidate, baseline, &mut facts, gathered)?;
    for measure in &needs.facts {
        match measure {
            MeasureRecord::Data(record) if record.data == DataCheck::Freshness => {
                for column in &record.columns {
                    let age = age(tables, (candidate, &facts.candidate), &record.of, column, gathered)?;
                    facts.ages.extend(age.map(|age| ((record.of.clone(), column.clone()), age)));
                }
            }
            MeasureRecord::Data(record) if record.data == DataCheck::Unique => {
                let key = (record.of.clone(), record.columns.clone());
                if !counted_by_profile(&facts.candidate, &record.of, &record.columns) {
                    let found = repeated(tables, candidate, &record.of, &record.columns, gathered)?;
                    facts.repeated.insert(key, found);
                }
            }
            MeasureRecord::Leakage(record) => {
                let found = leak(tables, candidate, record, gathered)?;
                facts.leaks.insert(record.clone(), found);
            }
            MeasureRecord::Report(record) if !facts.reports.contains_key(&record.report) => {
                let Some(report) = candidate.record.reports.iter().find(|r| r.name == record.report) else { continue };
                let found = match report.size > MAX_REPORT {
                    true => Err(format!("`{}` has more than {MAX_REPORT} bytes", report.path)),
                    false => reports::parse(&tables.bytes(report.file)?, &report.path),
                };
                let rows = found.as_ref().map_or(0, |found| found.checks.len() as u64);
                gathered.evidence.push(EvidenceRecord {
                    role: candidate.role.to_owned(),
                    kind: "report".to_owned(),
                    set: Some(report.name.clone()),
                    sha256: report.file.digest(),
                    rows,
                    origin: None,
                });
                facts.reports.insert(record.report.clone(), found);
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// What is known of one version without reading rows.
fn of_version(
    tables: &Tables<'_>,
    needs: &Needs,
    known: &Known<'_>,
    gathered: &mut Gathered,
) -> Result<VersionFacts, VerbError> {
    let mut facts = VersionFacts { data: known.record.data.clone(), ..VersionFacts::default() };
    let profiled: BTreeSet<&SetName> = needs.facts.iter().filter_map(certify::profiled).collect();
    for name in profiled {
        let Some(found) = known.profiles.get(name) else { continue };
        if let Ok(found) = found {
            gathered.evidence.push(EvidenceRecord {
                role: known.role.to_owned(),
                kind: "profile".to_owned(),
                set: Some(name.clone()),
                sha256: digest(canonical::encode(profile::FORMAT, found)),
                rows: found.rows,
                origin: None,
            });
        }
        facts.profiles.insert(name.clone(), found.clone());
    }
    let surroundings: BTreeSet<Surrounding> = needs
        .facts
        .iter()
        .filter_map(
            |measure| if let MeasureRecord::Surrounding(record) = measure { Some(record.environment) } else { None },
        )
        .collect();
    if surroundings.is_empty() {
        return Ok(facts);
    }
    facts.environment = known.record.environment.clone();
    facts.machine = known.observation.machine.clone();
    facts.found.clone_from(&known.observation.found);
    gathered.evidence.push(EvidenceRecord {
        role: known.role.to_owned(),
        kind: "environment".to_owned(),
        set: None,
        sha256: digest(canonical::encode("observation", known.observation)),
        rows: surroundings.len() as u64,
        origin: None,
    });
    if surroundings.contains(&Surrounding::Signature) {
        facts.predictions.clone_from(&known.record.predictions);
        for set in &known.record.predictions {
            let columns = &set.columns;
            let names = columns.score.iter().chain(&columns.prediction).chain(columns.scores.values());
            let names: Vec<&str> = names.map(String::as_str).collect();
            let kinds = evidence::column_kinds(&tables.bytes(set.file)?, &set.path, &names);
            let kinds = kinds.map(|kinds| kinds.into_iter().map(|(name, kind)| (name, kind.to_owned())).collect());
            facts.kinds.insert(set.name.clone(), kinds.map_err(|defect| defect.to_string()));
        }
    }
    Ok(facts)
}

/// The rows of columns whose profiles do not tell their drift.
fn read_columns(
    tables: &Tables<'_>,
    needs: &Needs,
    candidate: &Known<'_>,
    baseline: Option<&Known<'_>>,
    facts: &mut Facts,
    gathered: &mut Gathered,
) -> Result<(), VerbError> {
    let mut wanted: BTreeMap<SetName, [BTreeMap<String, Wanted>; 2]> = BTreeMap::new();
    for measure in &needs.facts {
        let MeasureRecord::Drift(record) = measure else { continue };
        let ours = facts.candidate.profiles.get(&record.of).and_then(|found| found.as_ref().ok());
        let theirs = facts.baseline.as_ref().and_then(|facts| facts.profiles.get(&record.of)?.as_ref().ok());
        let (Some(ours), Some(theirs), false) = (ours, theirs, facts.same_data(&record.of)) else { continue };
        let (a, b) = certify::rows_wanted(record, ours, theirs);
        let both = wanted.entry(record.of.clone()).or_default();
        both[0].extend(a);
        both[1].extend(b);
    }
    for (name, [ours, theirs]) in wanted {
        if !ours.is_empty() {
            let found = columns(tables, candidate, &name, ours, gathered)?;
            facts.candidate.columns.insert(name.clone(), found);
        }
        if let (Some(known), Some(facts), false) = (baseline, &mut facts.baseline, theirs.is_empty()) {
            facts.columns.insert(name.clone(), columns(tables, known, &name, theirs, gathered)?);
        }
    }
    Ok(())
}

type Read<T> = Result<Result<T, String>, VerbError>;

fn columns(
    tables: &Tables<'_>,
    known: &Known<'_>,
    name: &SetName,
    wanted: BTreeMap<String, Wanted>,
    gathered: &mut Gathered,
) -> Read<BTreeMap<String, ColumnRows>> {
    let mut read = TrainingColumns::new(wanted);
    let each = each_file(tables, known, name, gathered, |bytes, path| {
        read.add(bytes, path).map_err(|defect| defect.to_string())
    })?;
    Ok(each.and_then(|()| read.finish().map_err(|undefined| undefined.to_string())))
}

/// Whether a profile has counted the values of a key.
fn counted_by_profile(facts: &VersionFacts, of: &SetName, key: &[String]) -> bool {
    let profile = facts.profiles.get(of).and_then(|found| found.as_ref().ok());
    let [column] = key else { return false };
    let column = profile.and_then(|profile| profile.columns.iter().find(|known| known.name == *column));
    // A column that nobody has is said by the rule.
    column.is_none_or(|column| column.distinct.is_some())
}

fn repeated(
    tables: &Tables<'_>,
    known: &Known<'_>,
    of: &SetName,
    key: &[String],
    gathered: &mut Gathered,
) -> Read<(u64, u64)> {
    let mut keys = RepeatedKeys::default();
    let each = each_file(tables, known, of, gathered, |bytes, path| {
        keys.add(bytes, path, key).map_err(|defect| defect.to_string())
    })?;
    Ok(each.map(|()| keys.count()))
}

/// Rows of an evaluation set that are among the training data.
fn leak(tables: &Tables<'_>, known: &Known<'_>, rule: &LeakageRecord, gathered: &mut Gathered) -> Read<Leak> {
    let set = known.record.predictions_of(&rule.leakage);
    let mut parts: Vec<EvaluationRows> = Vec::new();
    let mut put = |bytes: &[u8], path: &str, key: &[String]| {
        EvaluationRows::read(bytes, path, key).map(|rows| parts.push(rows)).map_err(|defect| defect.to_string())
    };
    let whole = match set {
        Some(set) => {
            let key = if rule.key.is_empty() { &set.columns.key } else { &rule.key };
            put(&tables.bytes(set.file)?, &set.path, key)
        }
        None => {
            let key = match common_columns(known.record, rule) {
                Ok(key) => key,
                Err(reason) => return Ok(Err(reason)),
            };
            each_file(tables, known, &rule.leakage, gathered, |bytes, path| put(bytes, path, &key))?
        }
    };
    if let Err(reason) = whole {
        return Ok(Err(reason));
    }
    let seen = each_file(tables, known, &rule.of, gathered, |bytes, path| {
        parts.iter_mut().try_for_each(|rows| rows.look_in(bytes, path)).map_err(|defect| defect.to_string())
    })?;
    if let Err(reason) = seen {
        return Ok(Err(reason));
    }
    let mut redacted = Redacted::default();
    let first = parts.iter().flat_map(|rows| rows.seen().map(|row| rows.text(row))).take(SHOWN);
    let first = first.map(|row| redacted.text("leakage", &row)).collect();
    let doubt = parts.iter().find_map(EvaluationRows::doubt).map(|doubt| redacted.text("leakage", &doubt));
    let mixed = parts.iter().find_map(EvaluationRows::mixed).map(str::to_owned);
    let (rows, leaked) = (parts.iter().map(EvaluationRows::len).sum::<usize>(), parts.iter().map(|r| r.seen().count()));
    let (rows, leaked) = (rows as u64, leaked.sum::<usize>() as u64);
    let is_named =
        |e: &EvidenceRecord| e.kind == "predictions" && e.role == known.role && e.set.as_ref() == Some(&rule.leakage);
    if let Some(set) = set.filter(|_| !gathered.evidence.iter().any(is_named)) {
        gathered.evidence.push(EvidenceRecord {
            role: known.role.to_owned(),
            kind: "predictions".to_owned(),
            set: Some(set.name.clone()),
            sha256: set.file.digest(),
            rows,
            origin: None,
        });
    }
    Ok(Ok(Leak { rows, leaked, first, doubt, mixed }))
}

/// The columns of two tables that tell rows apart: the rule's, or all that both have.
fn common_columns(record: &SnapshotRecord, rule: &LeakageRecord) -> Result<Vec<String>, String> {
    if !rule.key.is_empty() {
        return Ok(rule.key.clone());
    }
    let columns = |name: &SetName| -> Result<Vec<String>, String> {
        let source = record.data.iter().find(|source| source.name == *name);
        let source: &DataRecord = source.ok_or_else(|| format!("the candidate has no data `{name}`"))?;
        let schema = source.schema.as_ref().ok_or_else(|| format!("the data `{name}` has no schema"))?;
        Ok(schema.iter().map(|column| column.name.clone()).collect())
    };
    let (ours, theirs) = (columns(&rule.leakage)?, columns(&rule.of)?);
    let common: Vec<String> = ours.into_iter().filter(|name| theirs.contains(name)).collect();
    if common.is_empty() {
        Err(format!("`{}` and `{}` have no column in common", rule.leakage, rule.of))
    } else {
        Ok(common)
    }
}

/// Hands over each file of a source, and notes that it was read.
fn each_file(
    tables: &Tables<'_>,
    known: &Known<'_>,
    name: &SetName,
    gathered: &mut Gathered,
    read: impl FnMut(&[u8], &str) -> Result<(), String>,
) -> Read<()> {
    let Some(source) = known.record.data.iter().find(|source| source.name == *name) else {
        return Ok(Err(format!("the {} has no data `{name}`", known.role)));
    };
    let files = match TrainingFiles::find(tables.store, source, known.observation)? {
        Ok(files) => files,
        Err(reason) => return Ok(Err(reason)),
    };
    let done = files.each(read)?;
    let is_read = |e: &EvidenceRecord| e.kind == "data" && e.role == known.role && e.set.as_ref() == Some(name);
    if let (Ok(()), Some(sha256), false) = (&done, source.sha256, gathered.evidence.iter().any(is_read)) {
        gathered.evidence.push(EvidenceRecord {
            role: known.role.to_owned(),
            kind: "data".to_owned(),
            set: Some(name.clone()),
            sha256,
            rows: source.rows.unwrap_or(0),
            origin: None,
        });
    }
    Ok(done)
}

/// A value, and the days from it to the snapshot; or why that is not known.
type Age = Result<(String, f64), String>;

/// The newest value of a column, and the days from it to the snapshot; none where the profile has no such column.
fn age(
    tables: &Tables<'_>,
    (known, facts): (&Known<'_>, &VersionFacts),
    of: &SetName,
    column: &str,
    gathered: &mut Gathered,
) -> Result<Option<Age>, VerbError> {
    let profile = facts.profiles.get(of).and_then(|found| found.as_ref().ok());
    let Some(found) = profile.and_then(|profile| profile.columns.iter().find(|known| known.name == column)) else {
        return Ok(None);
    };
    let no_date = || format!("`{column}` is {}, no date", found.kind);
    let newest = match (found.max(), found.kind.as_str()) {
        (Some(Scalar::Text(newest)), _) => instant(newest).ok_or_else(no_date),
        // In a csv a date is text, of which a profile tells no order.
        (_, "text") => {
            let mut newest: Option<Time> = None;
            each_file(tables, known, of, gathered, |bytes, path| {
                for text in evidence::distinct_texts(bytes, path, column).map_err(|defect| defect.to_string())? {
                    newest = newest.max(Some(instant(&text).ok_or_else(no_date)?));
                }
                Ok(())
            })?
            .and_then(|()| newest.ok_or_else(|| format!("`{column}` has no values")))
        }
        _ => Err(no_date()),
    };
    Ok(Some(newest.and_then(|newest| {
        let days = (known.time.milliseconds() as f64 - newest.milliseconds() as f64) / 86_400_000.0;
        let newest = newest.for_people();
        // A day that is not over may be that of the snapshot; more is a wrong clock, or a wrong column.
        if days < -1.0 {
            Err(format!("the newest `{column}` is {newest}, after the snapshot"))
        } else {
            Ok((newest, days.max(0.0)))
        }
    })))
}

/// A date is its beginning, and a time without a zone is in UTC.
fn instant(text: &str) -> Option<Time> {
    let text = text.trim();
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (day, time) = text.split_at(10);
    let time = time.trim_start_matches(['T', ' ']);
    let zoned = time.ends_with('Z') || time.contains('+') || time.contains('-');
    let whole = match (time.is_empty(), zoned) {
        (true, _) => format!("{day}T00:00:00Z"),
        (false, true) => format!("{day}T{time}"),
        (false, false) => format!("{day}T{time}Z"),
    };
    Time::parse_rfc3339(&whole).ok()
}

fn digest(encoded: Result<Vec<u8>, FormatError>) -> Digest {
    encoded.map_or_else(|_| Digest::of(b""), |bytes| Digest::of(&bytes))
}
