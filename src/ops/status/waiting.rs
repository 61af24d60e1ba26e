//! What waits for whom: one entry for each thing that somebody must do, out of what `status` has found. It reads nothing more.

use super::{CertificateState, ModelStatus, OnTheWay, StageStatus};
use crate::clock::Time;
use crate::format::certificate::Verdict;
use crate::format::checkpoint::OccupancyRow;
use crate::format::event::HookOutcome;
use crate::name::{ModelName, StageName, Version};
use crate::ops::hooks::OpenHook;
use crate::ops::observed::Standing;
use crate::ops::rules::Needed;
use crate::registry::promote::{Obstacle, WaiverFlaw};

/// How much it matters; the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// What a stage serves now is not as it should be.
    Serving,
    /// A time is running out, or has.
    Deadline,
    /// A version cannot go live before.
    Release,
    /// Somebody should look.
    Look,
}

impl Urgency {
    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Deadline => "deadline",
            Self::Release => "release",
            Self::Look => "look",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Task {
    /// The files of what holds the stage are damaged.
    Repair {
        /// What is wrong.
        reason: String,
    },
    /// What holds the stage is blocked from it.
    Leave {
        /// Why it was blocked.
        reason: String,
        /// Where a rollback would go; none: there is nothing to go back to.
        back: Option<Version>,
    },
    /// The newest certificate of what holds the stage says no.
    Judge {
        /// What it says.
        verdict: Verdict,
    },
    /// A hook behind the move did not do what it should.
    Deploy {
        /// The first that did not.
        hook: OpenHook,
        /// How many behind it wait for it.
        behind: usize,
    },
    /// A place serves something else than the stage holds.
    Serve {
        /// The place.
        place: String,
        /// What it serves; none: no known version.
        found: Option<Version>,
    },
    /// Nobody has looked at a place since the stage was moved.
    Look {
        /// The place.
        place: String,
        /// What it served then; none: no known version.
        found: Option<Version>,
    },
    /// The certificate of what holds the stage expires soon, or has expired.
    Renew {
        /// When.
        expires: Time,
        /// Whether that is past.
        expired: bool,
    },
    /// The version has no certificate that counts for the stage.
    Certify {
        /// Why not.
        because: Vec<Obstacle>,
    },
    /// Somebody with a role has to approve the version.
    Approve {
        /// How many it takes, and who could.
        obstacle: Obstacle,
    },
    /// Something else stands between the version and the stage.
    Clear {
        /// What.
        obstacle: Obstacle,
    },
    /// Nothing stands between the version and the stage.
    Promote,
}

impl Task {
    /// Its name, for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Repair { .. } => "repair",
            Self::Leave { .. } => "leave",
            Self::Judge { .. } => "judge",
            Self::Deploy { .. } => "deploy",
            Self::Serve { .. } => "serve",
            Self::Look { .. } => "look",
            Self::Renew { .. } => "renew",
            Self::Certify { .. } => "certify",
            Self::Approve { .. } => "approve",
            Self::Clear { obstacle: Obstacle::Waiver { .. } } => "waive",
            Self::Clear { obstacle: Obstacle::Damaged { .. } } => "repair",
            Self::Clear { .. } | Self::Promote => "promote",
        }
    }
}

/// Something that waits for somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The model.
    pub model: ModelName,
    /// The version that it is about.
    pub version: Version,
    /// The stage that it is about.
    pub stage: StageName,
    /// What is to be done.
    pub task: Task,
    /// The roles of those who can; empty: whoever works on the model.
    pub roles: Vec<String>,
    /// The addresses of those who can; empty: nobody in particular.
    pub who: Vec<String>,
    /// How much it matters.
    pub urgency: Urgency,
    /// Since when it waits, where that is known.
    pub since: Option<Time>,
    /// Until when it should be done, where there is such a time.
    pub until: Option<Time>,
    /// The time that it was found at.
    pub now: Time,
    /// What certifying the version takes.
    pub needed: Needed,
}

/// Everything that waits: the most urgent first, what runs out first before the rest, what has waited longest before that.
pub fn waiting(models: &[ModelStatus]) -> Vec<Waiting> {
    let mut all: Vec<Waiting> = models.iter().flat_map(of_model).collect();
    let key = |one: &Waiting| (one.urgency, one.until.is_none(), one.until, one.since.is_none(), one.since);
    // Stable: models stay in their order.
    all.sort_by_key(key);
    all
}

fn of_model(status: &ModelStatus) -> Vec<Waiting> {
    let mut found: Vec<Waiting> = Vec::new();
    for stage in &status.stages {
        if let Some(occupant) = &stage.occupancy {
            for one in of_stage(status, stage, occupant) {
                // A version in two stages is certified once.
                let again = |known: &Waiting| {
                    matches!((&known.task, &one.task), (Task::Renew { .. }, Task::Renew { .. }))
                        && known.version == one.version
                };
                if !found.iter().any(again) {
                    found.push(one);
                }
            }
        }
    }
    for way in &status.on_the_way {
        for one in of_way(status, way) {
            // The same remedy for what holds another stage.
            let same = |known: &Waiting| {
                let renewed = matches!((&known.task, &one.task), (Task::Renew { .. }, Task::Certify { .. }));
                let repaired = matches!(known.task, Task::Repair { .. }) && one.task.name() == known.task.name();
                known.version == one.version && (renewed || repaired)
            };
            if !found.iter().any(same) {
                found.push(one);
            }
        }
    }
    found
}

/// What a stage that is held asks for.
fn of_stage(status: &ModelStatus, stage: &StageStatus, occupant: &OccupancyRow) -> Vec<Waiting> {
    let new = |task, urgency, since, until| Waiting {
        model: status.model.clone(),
        version: occupant.version,
        stage: stage.stage.clone(),
        task,
        roles: Vec::new(),
        who: Vec::new(),
        urgency,
        since,
        until,
        now: status.now,
        needed: Needed { policy: status.needed.policy, first_release: false },
    };
    let mut found = Vec::new();
    if let Some(reason) = stage.damaged.clone() {
        found.push(new(Task::Repair { reason }, Urgency::Serving, None, None));
    }
    if let Some(block) = &stage.blocked {
        let task = Task::Leave { reason: block.reason.clone(), back: stage.rollback_to };
        found.push(new(task, Urgency::Serving, Some(block.time), None));
    }
    if let Some(row) = stage.certificate.as_ref().filter(|c| c.asked && c.state == CertificateState::Refused) {
        let row = row.row.as_ref();
        found
            .extend(row.map(|row| new(Task::Judge { verdict: row.verdict }, Urgency::Serving, Some(row.issued), None)));
    }
    if let Some((first, behind)) = stage.open_hooks.split_first() {
        let urgency = match (first.outcome, first.may_run_until) {
            // It goes on by itself.
            (None, Some(_)) => None,
            (Some(HookOutcome::Skipped), _) => Some(Urgency::Look),
            _ => Some(Urgency::Serving),
        };
        let task = Task::Deploy { hook: first.clone(), behind: behind.len() };
        found.extend(urgency.map(|urgency| new(task, urgency, Some(occupant.since), None)));
    }
    for (row, standing) in &stage.observed {
        let (place, served) = (row.place.clone(), row.version);
        found.extend(match standing {
            Some(Standing::Other) => {
                Some(new(Task::Serve { place, found: served }, Urgency::Serving, Some(row.time), None))
            }
            Some(Standing::Before) => {
                Some(new(Task::Look { place, found: served }, Urgency::Look, Some(occupant.since), None))
            }
            Some(Standing::Same) | None => None,
        });
    }
    if let Some(expires) = stage.certificate.as_ref().and_then(|c| c.expires_soon(status.now)) {
        let task = Task::Renew { expires, expired: expires <= status.now };
        found.push(new(task, Urgency::Deadline, None, Some(expires)));
    }
    found
}

/// What a version on its way to a stage waits for. Who would come next is asked only once it is their turn.
fn of_way(status: &ModelStatus, way: &OnTheWay) -> Vec<Waiting> {
    let is_decided = |one: &Obstacle| matches!(one, Obstacle::Blocked { .. } | Obstacle::Erased { .. });
    if way.held_before || way.row.dropped.is_some() || way.against.iter().any(is_decided) {
        return Vec::new();
    }
    let certified = way.certificate.as_ref();
    let new = |task, since, until| Waiting {
        model: status.model.clone(),
        version: way.row.version,
        stage: way.stage.clone(),
        task,
        roles: Vec::new(),
        who: Vec::new(),
        urgency: Urgency::Release,
        since: Some(since),
        until,
        now: status.now,
        needed: way.needed,
    };
    let approved_by = (certified.map_or(way.row.time, |row| row.issued), certified.map(|row| row.expires));
    if way.against.is_empty() {
        return vec![new(Task::Promote, approved_by.0, approved_by.1)];
    }
    let (certify, rest): (Vec<_>, Vec<_>) = way.against.iter().cloned().partition(is_about_certificate);
    let (approve, clear): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|one| matches!(one, Obstacle::Approvals { .. }));
    let mut found = Vec::new();
    // Nobody is asked to look at what cannot go there yet: it has to hold another stage first.
    let comes_first = |one: &Obstacle| matches!(one, Obstacle::Waiver { .. } | Obstacle::NotFrom { .. });
    let may_be_approved = certify.is_empty() && !clear.iter().any(comes_first);
    if !certify.is_empty() {
        let failed = certify.iter().any(|one| matches!(one, Obstacle::Verdict { verdict: Verdict::Fail, .. }));
        let since = certified.map_or(way.row.time, |row| row.issued);
        let one = new(Task::Certify { because: certify }, since, None);
        // The gate has done its work: what comes next is another version.
        found.push(if failed { Waiting { urgency: Urgency::Look, ..one } } else { one });
    }
    for obstacle in clear {
        let roles = match &obstacle {
            Obstacle::Waiver { flaw: WaiverFlaw::NotAllowed { roles, .. }, .. }
            | Obstacle::Uncompared { flaw: WaiverFlaw::NotAllowed { roles, .. }, .. } => roles.clone(),
            _ => Vec::new(),
        };
        found.push(Waiting { roles, ..new(Task::Clear { obstacle }, way.row.time, None) });
    }
    for obstacle in approve.into_iter().filter(|_| may_be_approved) {
        let (roles, who) = match &obstacle {
            Obstacle::Approvals { role, people, .. } => (vec![role.clone()], people.clone()),
            _ => Default::default(),
        };
        found.push(Waiting { roles, who, ..new(Task::Approve { obstacle }, approved_by.0, approved_by.1) });
    }
    found
}

/// Whether another certificate would clear it.
const fn is_about_certificate(obstacle: &Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::NoCertificate
            | Obstacle::Verdict { .. }
            | Obstacle::Expired { .. }
            | Obstacle::OtherRules { .. }
            | Obstacle::Stale { .. }
            | Obstacle::Outdated { .. }
            | Obstacle::Waiver { flaw: WaiverFlaw::Superseded, .. }
    )
}
