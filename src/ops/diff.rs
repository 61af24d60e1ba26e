//! `diff`: what is different between two versions, or between a version and the workspace.

pub(super) mod code;
mod data;
mod directions;
pub(super) mod of_another;
mod predictions;
mod results;
mod side;
pub(super) mod tensors;
mod unread;

pub use self::code::CodePatch;
pub use self::unread::Unread;

use self::side::{Looked, sides};
use super::snapshot::inputs::GivenInputs;
use super::{ErasedPart, VerbError, rules};
use crate::compare::{self, Diff, Section, Sections};
use crate::format::policy::PolicyRecord;
use crate::progress::Progress;
use crate::repository::Repository;

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct DiffOptions {
    /// One side; none: the newest version.
    pub a: Option<String>,
    /// The other; none: the workspace.
    pub b: Option<String>,
    /// The time to see revisions at.
    pub at: Option<String>,
    /// The folder the workspace is looked at from.
    pub given: GivenInputs,
    /// What to compare.
    pub sections: Sections,
}

/// What was compared, and how it came out.
#[derive(Debug, Clone)]
pub struct DiffReport {
    /// One side's name.
    pub a: String,
    /// The other's.
    pub b: String,
    /// What is different.
    pub diff: Diff,
    /// What was compared.
    pub sections: Sections,
    /// Whether both are the same in every section, whichever were chosen, but for outputs of notebooks.
    pub identical: bool,
    /// Whether something differs in any section, whichever were chosen.
    pub differs: bool,
    /// What was to be compared and could not be, because the workspace's files cannot be read.
    pub unread: Vec<Unread>,
    /// What was erased from a side, and can therefore not be compared, or only by digest: the side and what.
    pub erased: Vec<(String, ErasedPart)>,
    /// What else is to be known about it.
    pub remarks: Vec<String>,
    /// Those of the remarks that say which results are another model's.
    pub of_another: Vec<String>,
}

/// Two sides of which sections are compared by what is in their files.
struct Pair<'a> {
    repository: &'a Repository,
    a: &'a Looked,
    b: &'a Looked,
    /// The rules that the model is judged by, where there are any that can be read.
    policy: Option<&'a PolicyRecord>,
    sections: &'a Sections,
    progress: &'a dyn Progress,
}

/// Compares.
pub fn diff(repository: &Repository, options: &DiffOptions, progress: &dyn Progress) -> Result<DiffReport, VerbError> {
    let mut erased = Vec::new();
    let (a, b) = sides(repository, options, &mut erased, progress)?;
    let mut diff = compare::compare(&a.side, &b.side);
    // A workspace has notes only where a file holds them: none is no change.
    if [&a, &b].into_iter().any(|one| one.is_workspace() && one.side.record.notes.is_none()) {
        diff.notes = None;
    }
    // Nor a command: what a later run would record is not known yet.
    if [&a, &b].into_iter().any(|one| one.is_workspace() && one.side.record.argv.is_none()) {
        diff.command = None;
    }
    if a.is_workspace() != b.is_workspace() {
        let (ours, theirs) = (&a.side.interpreter, &b.side.interpreter);
        let same = ours.as_ref().zip(theirs.as_ref()).is_some_and(|(ours, theirs)| ours.is_same(theirs));
        diff.interpreters = (!same).then(|| (ours.clone(), theirs.clone()));
    }
    let sections = &options.sections;
    let dropped = |one: &Looked| {
        let reason = one.dropped.as_ref()?;
        Some(format!("{} was dropped, its files are gone: {reason}", one.side.name))
    };
    let mut remarks: Vec<String> = [&a, &b].into_iter().filter_map(dropped).collect();
    let policy = policy(repository, (&a, &b), sections, &mut remarks);
    let pair = Pair { repository, a: &a, b: &b, policy: policy.as_ref(), sections, progress };
    directions::tell(&pair, &mut diff, &mut remarks);
    predictions::compare(&pair, &mut diff)?;
    let of_another = of_another::remarks(&pair)?;
    remarks.extend(of_another.iter().cloned());
    data::compare(&pair, &mut diff)?;
    if sections.has(Section::Tensors) {
        diff.tensors = tensors::compare(repository.store(), &a.model_files(), &b.model_files(), progress);
    }
    if sections.has(Section::Code) {
        code::look_inside(repository, a.code(), b.code(), &mut diff.code);
    }
    results::compare(&pair, &mut diff)?;
    let unread = unread::leave_out(&mut diff, [&a, &b], sections);
    let differs = !diff.is_empty();
    let is_read = [&a, &b].into_iter().all(|one| one.unread.is_empty());
    let diff = diff.only(sections);
    Ok(DiffReport {
        diff,
        identical: !differs && is_read,
        differs,
        unread,
        sections: sections.clone(),
        a: a.side.name,
        b: b.side.name,
        erased,
        remarks,
        of_another,
    })
}

/// Makes the patch from the code of one side to that of the other.
pub fn patch(repository: &Repository, options: &DiffOptions, progress: &dyn Progress) -> Result<CodePatch, VerbError> {
    let (a, b) = sides(repository, options, &mut Vec::new(), progress)?;
    Ok(code::patch(repository, a.code(), b.code()))
}

/// The rules that the model is judged by. Without them, or with such as cannot be read, versions are compared all the same.
fn policy(
    repository: &Repository,
    (a, b): (&Looked, &Looked),
    sections: &Sections,
    remarks: &mut Vec<String>,
) -> Option<PolicyRecord> {
    if ![Section::Metrics, Section::Predictions, Section::Data].into_iter().any(|section| sections.has(section)) {
        return None;
    }
    let state = b.found.as_ref().or(a.found.as_ref()).map(|found| &found.state);
    match rules::policy(repository, &b.model, state, None) {
        Ok(policy) => Some(policy.record),
        Err(VerbError::NoPolicy { .. }) => None,
        Err(error) => {
            remarks.push(format!("compared without the policy: {}", super::chain(&error)));
            None
        }
    }
}
