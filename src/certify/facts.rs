//! What is known of a candidate and its baseline besides their answers: data, surroundings, what other tools say.

use std::collections::BTreeMap;

use crate::evidence::ColumnRows;
use crate::format::found::FoundRecord;
use crate::format::observation::MachineRecord;
use crate::format::policy::{LeakageRecord, MeasureRecord};
use crate::format::profile::ProfileRecord;
use crate::format::reports::Report;
use crate::format::snapshot::{DataRecord, EnvironmentRecord, PredictionsRecord};
use crate::name::SetName;

/// Rows that repeat a key, and rows in all; or why that is not known.
pub(crate) type Repeated = Result<(u64, u64), String>;

/// Facts that rules ask for; empty where none does.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The candidate's.
    pub candidate: VersionFacts,
    /// The baseline's, where there is one.
    pub baseline: Option<VersionFacts>,
    /// Rows of the tables of each data that earlier versions were trained on, each table once, the newest first.
    pub history: BTreeMap<SetName, Vec<u64>>,
    /// The newest value of a column of the candidate's data, and the days from it to the snapshot; or why that is not known.
    pub ages: BTreeMap<(SetName, String), Result<(String, f64), String>>,
    /// Rows of the candidate's data that repeat a key, and rows in all.
    pub repeated: BTreeMap<(SetName, Vec<String>), Repeated>,
    /// Stale predictions sets that are nobody else's files, but say of every row what somebody else said, and who.
    pub not_refreshed: BTreeMap<SetName, String>,
    /// Rows of evaluation sets that were trained on.
    pub leaks: BTreeMap<LeakageRecord, Result<Leak, String>>,
    /// The reports the candidate has.
    pub report_names: Vec<SetName>,
    /// What they say, or why that is not known.
    pub reports: BTreeMap<SetName, Result<Report, String>>,
}

/// What is known of one version.
#[derive(Debug, Clone, Default)]
pub struct VersionFacts {
    /// Its training data.
    pub data: Vec<DataRecord>,
    /// The profile of each, or why there is none.
    pub profiles: BTreeMap<SetName, Result<ProfileRecord, String>>,
    /// Columns whose rows were read, or why they were not.
    pub columns: BTreeMap<SetName, Result<BTreeMap<String, ColumnRows>, String>>,
    /// Software.
    pub environment: EnvironmentRecord,
    /// Hardware.
    pub machine: MachineRecord,
    /// What the model's files say of themselves.
    pub found: Option<FoundRecord>,
    /// Its predictions sets.
    pub predictions: Vec<PredictionsRecord>,
    /// The types of their columns, or why they are not known.
    pub kinds: BTreeMap<SetName, Result<BTreeMap<String, String>, String>>,
}

/// Rows of an evaluation set that were trained on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leak {
    /// Rows of the evaluation set.
    pub rows: u64,
    /// Those that were trained on.
    pub leaked: u64,
    /// The first of them, without secrets.
    pub first: Vec<String>,
    /// Why there may be more: keys that are spelled in another way.
    pub doubt: Option<String>,
    /// A column of the key that holds texts on one side and numbers on the other.
    pub mixed: Option<String>,
}

impl VersionFacts {
    /// The profile of `data`.
    pub(super) fn profile(&self, data: &SetName, whose: &str) -> Result<&ProfileRecord, String> {
        match self.profiles.get(data) {
            Some(Ok(profile)) => Ok(profile),
            Some(Err(reason)) => Err(format!("the {whose}'s data `{data}` has no profile: {reason}")),
            None => Err(self.no_profile(data, whose)),
        }
    }

    fn no_profile(&self, data: &SetName, whose: &str) -> String {
        match self.data.iter().any(|known| known.name == *data) {
            true => format!("the {whose}'s data `{data}` has no profile"),
            false => format!("the {whose} has no data `{data}`"),
        }
    }

    /// Its data of that name.
    pub(super) fn source(&self, data: &SetName) -> Option<&DataRecord> {
        self.data.iter().find(|known| known.name == *data)
    }
}

impl Facts {
    /// Whether both models were trained on the same data, byte for byte or row for row.
    pub fn same_data(&self, data: &SetName) -> bool {
        let Some(baseline) = &self.baseline else { return false };
        let digests = |facts: &VersionFacts| {
            let logical = facts.profiles.get(data).and_then(|profile| profile.as_ref().ok()?.logical);
            (facts.source(data).and_then(|source| source.sha256), logical)
        };
        let (ours, theirs) = (digests(&self.candidate), digests(baseline));
        (ours.0.is_some() && ours.0 == theirs.0) || (ours.1.is_some() && ours.1 == theirs.1)
    }
}

/// Whether rules on facts need the profiles of data, and of which.
pub fn profiled(measure: &MeasureRecord) -> Option<&SetName> {
    match measure {
        MeasureRecord::Drift(record) => Some(&record.of),
        MeasureRecord::Data(record) => Some(&record.of),
        _ => None,
    }
}
