//! A version as a report tells of it: everything a page says, gathered.

use std::collections::HashMap;

use super::super::log::LogEntry;
use super::super::reproducibility::reasons;
use super::super::resolve::{self, Found};
use super::super::training::row_key;
use super::super::{VerbError, attached, erasures, life as lives};
use super::data::{self, Data};
use super::life;
use super::predictions::{Side, Tables, quality};
use super::teller::Teller;
use super::tensors::tensors;
use super::{case, changes, samples, stale::Stale};
use crate::clock::Moment;
use crate::format::certificate::HoldoutUseRecord;
use crate::format::checkpoint::VersionRow;
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::SnapshotRecord;
use crate::id::FileId;
use crate::name::{ModelName, Version};
use crate::ops::diff::of_another::{Place, of_another_model};
use crate::ops::judging;
use crate::page::report::{self, Changes, Tensors};
use crate::registry::State;
use crate::repository::Repository;

/// Versions around the one a page is about, and times in each stage, that it shows.
const AROUND: usize = 100;
const TIMES: usize = 100;

/// Bytes of tensors that are read for one page of many: 4 MiB.
const MOST_TENSORS: u64 = 4 << 20;

/// A revision, looked up; at a time, everything is as it was then. With it the state of now: what is gone is gone, whenever it is
/// looked at.
pub(super) fn find(repository: &Repository, text: &str, at: Option<&str>) -> Result<(Found, State), VerbError> {
    let found = resolve::revision(repository, text, at)?;
    let revision = resolve::parse(repository, text)?;
    let time = resolve::past(repository, revision.time.as_deref().or(at))?.map(Moment::instant);
    let now = found.state.clone();
    let state = life::state_at(repository, found.state, time)?;
    Ok((Found { state, row: found.row }, now))
}

/// What a version is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Against<'a> {
    /// What its certificate compared it with, else the version before it.
    Baseline,
    /// Nothing: others on the page are held against it.
    Nothing,
    /// The first version of the page; where there are but two, predictions are read on the rows that both have.
    First { first: &'a Reference, is_pair: bool },
}

/// How much of a version is told, and beside what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth<'a> {
    /// The how many-th of the page's models it is.
    pub(super) place: usize,
    /// What it is held against.
    pub(super) against: Against<'a>,
    /// Versions around it.
    pub(super) around: usize,
    /// Times in each stage.
    pub(super) times: usize,
    /// Tables of evidence that are larger are not read, in bytes.
    pub(super) largest: u64,
}

impl Default for Depth<'_> {
    fn default() -> Self {
        Self {
            place: 0,
            against: Against::Baseline,
            around: AROUND,
            times: TIMES,
            largest: judging::evidence::MAX_TABLE,
        }
    }
}

impl Teller<'_> {
    /// Metrics over versions, for the model as a whole.
    pub(super) fn history(&self) -> report::History {
        let rows: Vec<VersionRow> = self.state.versions.iter().copied().collect();
        let page = |row: &VersionRow| Some(report::site::file(&row.version.to_string()));
        match &self.known {
            Some(known) => life::history(self.state, &rows, &known.measures, (None, &[]), page),
            None => life::history(self.state, &rows, &life::measures(self.repository, &rows), (None, &[]), page),
        }
    }

    /// Everything of a version.
    pub(super) fn tell(&self, row: &VersionRow, depth: Depth<'_>) -> Result<report::Version, VerbError> {
        let own_life;
        let life: Vec<&LogEntry> = match &self.known {
            Some(known) => known.entries.iter().filter(|entry| lives::is_about(entry, row)).collect(),
            None => {
                own_life = lives::of(self.repository, self.state, row)?;
                own_life.iter().collect()
            }
        };
        let parts = case::case(self, row, &life)?;
        let label = parts.case.label.clone();
        let baseline;
        let (reference, is_drawn) = match depth.against {
            Against::Baseline => {
                baseline = self.reference(row);
                (baseline.as_ref(), true)
            }
            Against::Nothing => (None, false),
            Against::First { first, is_pair } => (Some(first), is_pair),
        };
        // What is different from the first of a page is for the page to find out.
        let before = reference.filter(|_| matches!(depth.against, Against::Baseline));
        let (changes, tensors) = before.map_or((None, None), |reference| self.changed(reference, row, &parts.record));
        let judged = attached::judged(self.repository, self.state, row)?;
        let stale = self.stale(row, &judged, reference);
        let judged_by = parts.case.certificate.as_ref().map(|known| &known.statement.predicate.policy);
        let policy = judged_by.or(self.policy.as_ref());
        let tables = Tables { store: self.repository.store(), largest: depth.largest, quick: self.known.is_some() };
        let own = Side {
            label: label.clone(),
            record: &judged,
            place: depth.place,
            erased: erasures::evidence(self.now, row.version, &judged),
        };
        let other = reference.filter(|_| is_drawn).map(|reference| Side {
            label: reference.label.clone(),
            record: &reference.judged,
            place: reference.place,
            erased: reference.erased.clone(),
        });
        let own_data = Data { label: &label, record: &parts.record, observation: &parts.observation };
        let key = |name: &_| row_key(self.repository, &self.state.model, self.policy.as_ref(), name);
        let certificate = parts.case.certificate.as_ref().map(|known| &known.statement);
        let other_data = reference.map(|reference| data::Against {
            data: Data { label: &reference.label, record: &reference.judged, observation: &reference.observation },
            key: &key,
            certified: certificate.filter(|_| reference.is_baseline),
        });
        Ok(report::Version {
            life: life::life(self.state, Some(row.version), depth.times),
            history: self.history_of(row, &parts, depth.around),
            quality: stale.beside_curves(quality(&tables, policy, &own, other.as_ref())),
            samples: stale.beside_samples(samples::samples(&tables, &own, other.as_ref())),
            data: data::tables(self.repository, &own_data, other_data.as_ref()),
            changes,
            tensors,
            stale: stale.words(),
            reproducibility: reproducibility(&parts),
            uses: self.uses(&parts),
            description: described(self.repository, &self.state.model),
            case: parts.case,
        })
    }

    /// What is different from a version. A site over a thousand versions compares what their records say, and does not read every model
    /// and table.
    fn changed(
        &self,
        reference: &Reference,
        row: &VersionRow,
        record: &SnapshotRecord,
    ) -> (Option<Changes>, Option<Tensors>) {
        let found = |row: &VersionRow| Found { state: self.state.clone(), row: *row };
        if self.known.is_none() {
            return changes::between(&self.telling(), &found(&reference.row), &found(row));
        }
        let label = format!("{}@{}", self.state.model, row.version);
        let (before, now) = ((reference.label.as_str(), &reference.judged), (label.as_str(), record));
        let tensors = tensors(self.repository.store(), before, now, MOST_TENSORS);
        (changes::changes(&self.telling(), &reference.row, row), tensors)
    }

    /// What is another model's: that of versions before it, or of the one it is held against.
    fn stale(&self, row: &VersionRow, record: &SnapshotRecord, reference: Option<&Reference>) -> Stale {
        let place = Place { state: self.state, row: Some(row) };
        let own = |other: &&Reference| self.state.version_of(other.row.snapshot).is_some();
        let other = reference.filter(own).map(|other| (self.state, &other.row));
        Stale::of(of_another_model(self.repository, record, place, other))
    }

    pub(super) fn telling(&self) -> changes::Telling<'_> {
        changes::Telling {
            repository: self.repository,
            state: self.state,
            now: self.now,
            policy: self.policy.as_ref(),
            // A site over a thousand versions does not read the code of each.
            with_code: self.known.is_none(),
        }
    }

    /// Which of the candidates of each evaluation set this one is, and how many there are by now.
    fn uses(&self, parts: &case::Parts) -> Vec<report::SetUse> {
        let used = parts.case.certificate.iter().flat_map(|known| &known.statement.predicate.holdout);
        let of = |used: &HoldoutUseRecord| report::SetUse {
            set: used.set.to_string(),
            ordinal: used.ordinal,
            candidates: self.state.uses.get(&used.sha256).map_or(0, |judged| judged.len() as u64).max(used.ordinal),
        };
        used.map(of).collect()
    }

    fn history_of(&self, row: &VersionRow, parts: &case::Parts, around: usize) -> report::History {
        let results = parts.case.certificate.iter().flat_map(|known| &known.statement.predicate.results);
        let judged: Vec<String> = results.map(|result| result.metric.clone()).collect();
        let named = life::followed(&parts.record, &judged);
        let rows = life::around(self.state, Some(row.version), around);
        let in_site = self.known.is_some();
        let page = |row: &VersionRow| in_site.then(|| report::site::file(&row.version.to_string()));
        let read;
        let measures = match &self.known {
            Some(known) => &known.measures,
            None => {
                read = life::measures(self.repository, &rows);
                &read
            }
        };
        life::history(self.state, &rows, measures, (Some(row.version), &named), page)
    }

    /// What a version is compared with: what its certificate compared it with, else the version before it. One that cannot be
    /// read any more is none.
    fn reference(&self, row: &VersionRow) -> Option<Reference> {
        let certified = self.state.certificates.get(&row.snapshot);
        let baseline = certified.and_then(|known| known.baseline).and_then(|id| self.state.version_of(id));
        let before = || self.state.version(Version(row.version.0.checked_sub(1)?));
        let baseline = baseline.filter(|other| other.version != row.version);
        let other = baseline.or_else(before)?;
        Some(Reference { is_baseline: baseline.is_some(), place: 1, ..self.as_reference(other).ok()? })
    }

    /// A version that others are held against, as the first of a page.
    pub(super) fn as_reference(&self, row: &VersionRow) -> Result<Reference, VerbError> {
        let judged = attached::judged(self.repository, self.state, row)?;
        Ok(Reference {
            is_baseline: false,
            label: format!("{}@{}", self.state.model, row.version),
            place: 0,
            row: *row,
            erased: erasures::evidence(self.now, row.version, &judged),
            judged,
            observation: self.observation(row)?,
        })
    }
}

/// What a version is compared with.
#[derive(Debug)]
pub(super) struct Reference {
    label: String,
    row: VersionRow,
    /// Whether its certificate compared it with that.
    is_baseline: bool,
    /// The how many-th of the page's models it is.
    place: usize,
    /// Its tables that were erased.
    erased: HashMap<FileId, (String, String, String)>,
    judged: SnapshotRecord,
    observation: ObservationRecord,
}

fn reproducibility(parts: &case::Parts) -> Vec<(String, bool, String)> {
    let reasons = reasons(&parts.record, &parts.observation, parts.dropped.as_ref()).into_iter();
    let erased = parts
        .erased
        .iter()
        .map(|part| ("files".to_owned(), false, format!("`{}` was {}", part.row.what.name(), part.why())));
    reasons.map(|reason| (reason.part.name().to_owned(), reason.good, reason.text)).chain(erased).collect()
}

/// What the project's configuration says of a model, where there is one.
pub(super) fn described(repository: &Repository, model: &ModelName) -> Option<String> {
    repository.section(model).and_then(|section| section.description.clone())
}
