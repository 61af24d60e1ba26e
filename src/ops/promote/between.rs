//! Everything that stands between a version and a stage, but for checks that have to be run.

use crate::format::checkpoint::{ApprovalRow, VersionRow};
use crate::id::CertificateId;
use crate::ops::rules::scripts;
use crate::ops::signoffs::{self, approvals, first_release};
use crate::ops::{VerbError, erasures};
use crate::registry::State;
use crate::registry::promote::{Obstacle, PromoteRequest, obstacles};
use crate::repository::Repository;

/// What was found.
pub(in crate::ops) struct Between {
    /// Every reason against it.
    pub(in crate::ops) against: Vec<Obstacle>,
    /// The certificate it would rest on.
    pub(in crate::ops) certificate: Option<CertificateId>,
    /// The approvals that count.
    pub(in crate::ops) approvals: Vec<ApprovalRow>,
}

/// Looks for it, seeing `state`.
pub(in crate::ops) fn between(
    repository: &Repository,
    state: &State,
    row: &VersionRow,
    request: &PromoteRequest<'_>,
) -> Result<Between, VerbError> {
    let PromoteRequest { stage, snapshot, proposed, .. } = request;
    let (mut against, certificate) = obstacles(state, request);
    against.extend(erasures::obstacle(repository, state, row)?);
    let counting = signoffs::counting(state, stage, proposed);
    against.extend(signoffs::uncounted_waivers(repository, state, *snapshot, stage, counting)?);
    against.extend(first_release::obstacle(repository, state, *snapshot, stage, proposed)?);
    against.extend(scripts::obstacle(repository, counting)?);
    let approved = approvals::of_version(repository, state, *snapshot, stage, proposed)?;
    against.extend(approved.missing);
    Ok(Between { against, certificate, approvals: approved.approvals })
}
