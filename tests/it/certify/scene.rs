//! A case to judge, built in a few lines.

use std::collections::BTreeMap;

use mlrun::certify::{Case, CertifyError, Facts, History, Lacking, PastRows, Samples, certify, policy};
use mlrun::digest::Digest;
use mlrun::evidence::{Defect, JoinedRows, PredictedColumns, SliceColumn, TruthColumn};
use mlrun::format::certificate::{BaselineRecord, EvidenceRecord, ResultRecord, StatementRecord, Verdict};
use mlrun::format::event::EventRef;
use mlrun::format::measurement::MeasurementRecord;
use mlrun::format::policy::{Check, PolicyRecord};
use mlrun::format::scalar::Scalar;
use mlrun::id::{EventId, SnapshotId};
use mlrun::name::{ModelName, SetName, StageName};

/// Everything a case borrows.
pub struct Scene {
    pub policy: PolicyRecord,
    pub model: ModelName,
    pub baseline: BaselineRecord,
    pub sets: BTreeMap<SetName, Result<JoinedRows, Defect>>,
    pub past: BTreeMap<SetName, Vec<PastRows>>,
    pub candidate_sets: Vec<SetName>,
    pub candidate_samples: Vec<SetName>,
    pub samples: BTreeMap<SetName, Samples>,
    pub metrics: (BTreeMap<String, Scalar>, Option<BTreeMap<String, Scalar>>),
    pub provenance: BTreeMap<Check, Lacking>,
    pub facts: Facts,
    pub evidence: Vec<EvidenceRecord>,
    pub stale: Vec<String>,
    pub history: History,
    pub measurement: Option<MeasurementRecord>,
    pub parity: BTreeMap<SetName, Result<JoinedRows, Defect>>,
    pub model_bytes: (Option<u64>, Option<u64>),
}

pub fn set(name: &str) -> SetName {
    SetName::new(name).unwrap()
}

/// A policy with these `[[rule]]` tables.
pub fn rules(task: &str, rules: &str) -> PolicyRecord {
    policy::resolve(&policy::parse(&format!("schema = 1\ntask = \"{task}\"\n{rules}")).unwrap()).unwrap()
}

impl Scene {
    /// A baseline in production, no evidence.
    pub fn new(policy: PolicyRecord) -> Self {
        let event = EventRef { seq: 7, id: EventId::new(Digest::of(b"event")) };
        Self {
            policy,
            model: ModelName::new("fraud").unwrap(),
            baseline: BaselineRecord {
                stage: StageName::new("production").unwrap(),
                snapshot: Some(SnapshotId::new(Digest::of(b"v7"))),
                event: Some(event),
                first_release: None,
                retired: None,
            },
            sets: BTreeMap::new(),
            past: BTreeMap::new(),
            candidate_sets: Vec::new(),
            candidate_samples: Vec::new(),
            samples: BTreeMap::new(),
            metrics: (BTreeMap::new(), Some(BTreeMap::new())),
            provenance: BTreeMap::new(),
            facts: Facts::default(),
            evidence: Vec::new(),
            stale: Vec::new(),
            history: History::default(),
            measurement: None,
            parity: BTreeMap::new(),
            model_bytes: (None, None),
        }
    }

    /// A binary policy's rules judged on `joined`.
    pub fn on(joined: JoinedRows, text: &str) -> Self {
        let task = match joined.truth {
            TruthColumn::Binary(_) => "binary",
            TruthColumn::Classes { .. } => "multiclass",
            TruthColumn::Real(_) => "regression",
            TruthColumn::Relevance(_) => "ranking",
            TruthColumn::Texts(_) => "text",
        };
        Self::new(rules(task, text)).with(joined)
    }

    pub fn with(mut self, joined: JoinedRows) -> Self {
        self.candidate_sets.push(joined.set.clone());
        self.sets.insert(joined.set.clone(), Ok(joined));
        self
    }

    pub fn defect(mut self, name: &str, defect: Defect) -> Self {
        self.candidate_sets.push(set(name));
        self.sets.insert(set(name), Err(defect));
        self
    }

    pub fn first_release(mut self) -> Self {
        self.baseline.snapshot = None;
        self.baseline.event = None;
        self.baseline.first_release = Some("first of its kind".to_owned());
        self.metrics.1 = None;
        for joined in self.sets.values_mut().flatten() {
            joined.baseline = None;
        }
        self
    }

    pub fn reported(mut self, name: &str, candidate: Scalar, baseline: Option<Scalar>) -> Self {
        self.metrics.0.insert(name.to_owned(), candidate);
        if let (Some(metrics), Some(baseline)) = (&mut self.metrics.1, baseline) {
            metrics.insert(name.to_owned(), baseline);
        }
        self
    }

    pub fn samples(mut self, name: &str, candidate: Vec<f64>, baseline: Option<Vec<f64>>) -> Self {
        self.candidate_samples.push(set(name));
        self.samples.insert(set(name), (Ok(candidate), baseline.map(Ok)));
        self
    }

    pub fn case(&self) -> Case<'_> {
        Case {
            policy: &self.policy,
            policy_file_sha256: Digest::of(b"policy file"),
            policy_file_kept: true,
            model: &self.model,
            candidate: SnapshotId::new(Digest::of(b"v8")),
            baseline: self.baseline.clone(),
            sets: &self.sets,
            past: &self.past,
            candidate_sets: &self.candidate_sets,
            unnamed_set: self.candidate_sets.first().filter(|_| self.candidate_sets.len() == 1),
            candidate_samples: &self.candidate_samples,
            samples: &self.samples,
            metrics: (&self.metrics.0, self.metrics.1.as_ref()),
            provenance: &self.provenance,
            model_bytes: self.model_bytes,
            measurement: self.measurement.as_ref(),
            parity: &self.parity,
            facts: &self.facts,
            evidence: self.evidence.clone(),
            stale_evidence: self.stale.clone(),
            history: &self.history,
            tool_version: "0.1.0",
        }
    }

    pub fn try_judge(&self) -> Result<StatementRecord, CertifyError> {
        certify(&self.case())
    }

    /// The certificate, from whose numbers its verdicts follow again.
    pub fn judge(&self) -> StatementRecord {
        let statement = self.try_judge().unwrap();
        let examined = mlrun::certify::recheck::examine(&statement.predicate);
        assert_eq!(examined.contradictions(), Vec::<String>::new(), "{statement:#?}");
        statement
    }

    /// The only result.
    pub fn result(&self) -> ResultRecord {
        let mut results = self.judge().predicate.results;
        assert_eq!(results.len(), 1, "{results:?}");
        results.remove(0)
    }

    pub fn verdicts(&self) -> Vec<(String, Option<String>, Verdict)> {
        self.judge().predicate.results.into_iter().map(|r| (r.rule, r.slice, r.verdict)).collect()
    }
}

/// A set named `test` with these columns.
pub fn joined(truth: TruthColumn, candidate: PredictedColumns, baseline: Option<PredictedColumns>) -> JoinedRows {
    let n = match &truth {
        TruthColumn::Binary(labels) => labels.len(),
        TruthColumn::Classes { labels, .. } => labels.len(),
        TruthColumn::Real(labels) | TruthColumn::Relevance(labels) => labels.len(),
        TruthColumn::Texts(labels) => labels.len(),
    };
    let digest = Digest::of(format!("{truth:?}{candidate:?}{baseline:?}").as_bytes());
    JoinedRows {
        set: set("test"),
        keys: (0..n as u64).map(|row| row * 1000 + 17).collect(),
        truth,
        candidate,
        baseline,
        weights: None,
        clusters: None,
        groups: None,
        columns: BTreeMap::new(),
        unfit: Default::default(),
        names: mlrun::evidence::RowNames::default(),
        slices: BTreeMap::new(),
        digest,
        only_candidate: 0,
        only_baseline: 0,
    }
}

pub fn scores(scores: Vec<f64>) -> PredictedColumns {
    PredictedColumns { scores: Some(scores), ..PredictedColumns::default() }
}

pub fn values(values: Vec<f64>) -> PredictedColumns {
    PredictedColumns { values: Some(values), ..PredictedColumns::default() }
}

/// Rows on which both are right, only the baseline, only the candidate, neither: all positive, so accuracy and recall agree.
pub fn outcomes(both: usize, only_baseline: usize, only_candidate: usize, neither: usize) -> JoinedRows {
    let parts = [(both, 0.9, 0.9), (only_baseline, 0.1, 0.9), (only_candidate, 0.9, 0.1), (neither, 0.1, 0.1)];
    let column = |pick: fn(&(usize, f64, f64)) -> f64| -> Vec<f64> {
        parts.iter().flat_map(|part| std::iter::repeat_n(pick(part), part.0)).collect()
    };
    let candidate = column(|part| part.1);
    joined(TruthColumn::Binary(vec![true; candidate.len()]), scores(candidate), Some(scores(column(|part| part.2))))
}

/// The same outcomes with another score for every row, the same in both models.
pub fn continuous(mut rows: JoinedRows) -> JoinedRows {
    for model in [Some(&mut rows.candidate), rows.baseline.as_mut()].into_iter().flatten() {
        for (row, score) in model.scores.iter_mut().flatten().enumerate() {
            *score += row as f64 * 1e-6;
        }
    }
    rows
}

/// `count` rows of each value, in turn.
pub fn slice_column(values: &[(&str, usize)]) -> SliceColumn {
    let mut names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let rows = values
        .iter()
        .flat_map(|(name, count)| {
            let at = names.iter().position(|other| other == name).unwrap();
            std::iter::repeat_n(u32::try_from(at).unwrap(), *count)
        })
        .collect();
    SliceColumn { values: names.into_iter().map(str::to_owned).collect(), rows }
}

/// Rows of several sets one after the other, a slice column telling them apart.
pub fn stacked(parts: Vec<(&str, JoinedRows)>) -> JoinedRows {
    let sizes: Vec<(&str, usize)> = parts.iter().map(|(name, rows)| (*name, rows.keys.len())).collect();
    let mut truth = Vec::new();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for (_, rows) in parts {
        let TruthColumn::Binary(labels) = rows.truth else { unreachable!() };
        truth.extend(labels);
        a.extend(rows.candidate.scores.unwrap());
        b.extend(rows.baseline.unwrap().scores.unwrap());
    }
    let mut rows = joined(TruthColumn::Binary(truth), scores(a), Some(scores(b)));
    rows.slices.insert("country".to_owned(), slice_column(&sizes));
    rows
}

#[track_caller]
pub fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a number");
    assert!((found - expected).abs() <= 1e-10 * expected.abs().max(1.0), "{found} is not {expected}");
}

/// The reason, which there must be.
#[track_caller]
pub fn reason(result: &ResultRecord) -> &str {
    result.reason.as_deref().expect("a reason")
}
