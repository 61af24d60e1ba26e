//! How the certificate of what holds a stage stands today. It let the version in; it may have expired since.

use std::time::Duration;

use crate::clock::Time;
use crate::digest::Digest;
use crate::format::checkpoint::{CertificateRow, OccupancyRow};
use crate::format::event::RulesRecord;
use crate::name::StageName;
use crate::registry::State;
use crate::registry::promote::{expires, since};

/// A certificate that expires within this time is to be renewed; one that counts for less than four times as long, within a
/// quarter of that.
pub const SOON: Duration = Duration::from_secs(7 * 86_400);

/// How a certificate stands. One word says the most important of what could be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// The version was moved to the stage against the rules.
    Forced,
    /// There is none, and the stage asks for none.
    NotAsked,
    /// There is none, and the stage asks for one.
    Missing,
    /// It was issued under other rules than those in force.
    OtherRules,
    /// It says neither PASS nor WAIVED.
    Refused,
    /// It has expired.
    Expired,
    /// Its baseline's stage was moved since, to another version than this one.
    Stale,
    /// Regression cases or evidence came after it.
    Outdated,
    /// It expires within [`SOON`].
    Expiring,
    /// It counts.
    InForce,
}

impl CertificateState {
    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forced => "forced",
            Self::NotAsked => "not-asked",
            Self::Missing => "none",
            Self::OtherRules => "other-rules",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Outdated => "outdated",
            Self::Expiring => "expiring",
            Self::InForce => "in-force",
        }
    }
}

/// The certificate of what holds a stage.
#[derive(Debug, Clone)]
pub struct StageCertificate {
    /// How it stands.
    pub state: CertificateState,
    /// Whether the stage asks for one.
    pub asked: bool,
    /// The newest one of that version.
    pub row: Option<CertificateRow>,
}

impl StageCertificate {
    /// When the version's right to be there ends or ended: of a certificate that is asked for and is good in all else.
    pub fn expires_soon(&self, now: Time) -> Option<Time> {
        let row = self.row.as_ref().filter(|row| self.asked && row.expires <= now.after(soon(row)))?;
        let is_good =
            !matches!(self.state, CertificateState::Forced | CertificateState::OtherRules | CertificateState::Refused);
        is_good.then_some(row.expires)
    }
}

/// The certificate of what holds `stage`, at `now`.
pub(super) fn of_occupant(state: &State, stage: &StageName, occupant: &OccupancyRow, now: Time) -> StageCertificate {
    let rules = state.stages.get(stage).and_then(|row| row.rules.as_ref());
    let asked = rules.is_none_or(|rules| rules.stage.certificate);
    let row = state.certificates.get(&occupant.snapshot).map(|row| for_stage(row, rules));
    let found = match &row {
        _ if occupant.kind == "force" => CertificateState::Forced,
        None if asked => CertificateState::Missing,
        None => CertificateState::NotAsked,
        Some(row) => of_row(state, row, rules.and_then(|rules| rules.policy), now),
    };
    StageCertificate { state: found, asked, row }
}

/// The certificate as this stage sees it, which may ask for a fresher one than the stage it compares with.
fn for_stage(row: &CertificateRow, rules: Option<&RulesRecord>) -> CertificateRow {
    let asked = rules.filter(|rules| rules.stage.certificate);
    CertificateRow { expires: asked.map_or(row.expires, |rules| expires(row, &rules.stage)), ..row.clone() }
}

fn of_row(state: &State, row: &CertificateRow, policy: Option<Digest>, now: Time) -> CertificateState {
    let baseline = state.occupant(&row.stage);
    // What replaced its baseline is not compared with itself.
    let is_baseline = baseline.is_some_and(|held| held.snapshot == row.snapshot);
    if row.proposed || policy.is_some_and(|policy| policy != row.policy) {
        CertificateState::OtherRules
    } else if !row.verdict.counts() {
        CertificateState::Refused
    } else if row.expires <= now {
        CertificateState::Expired
    } else if !is_baseline && baseline.map(|held| held.event) != row.baseline_event {
        CertificateState::Stale
    } else if !since(state, row).is_empty() {
        CertificateState::Outdated
    } else if row.expires <= now.after(soon(row)) {
        CertificateState::Expiring
    } else {
        CertificateState::InForce
    }
}

fn soon(row: &CertificateRow) -> Duration {
    SOON.min(row.expires.since(row.issued) / 4)
}
