//! `rename`: another name for a model. Every name it ever had goes on leading to it, so nothing that was written down breaks.

pub use super::error::RenameError;
use super::{Asked, MadeEvent, VerbError, check_text, resolve};
use crate::format::event::EventBody;
use crate::name::ModelName;
use crate::registry::Decision;
use crate::repository::Repository;

/// What to call how.
#[derive(Debug, Clone)]
pub struct RenameOptions {
    /// The model, by any of its names.
    pub old: ModelName,
    /// The name it gets.
    pub new: ModelName,
    /// Why, if that is to be recorded.
    pub reason: Option<String>,
    /// Finds out, writes nothing.
    pub dry_run: bool,
}

/// How it came out.
#[derive(Debug, Clone)]
pub struct RenameReport {
    /// The name it had.
    pub from: ModelName,
    /// The name it has.
    pub to: ModelName,
    /// The name it was created under, in whose folder its journal stays.
    pub first: ModelName,
    /// What `mlrun.toml` calls it, where that is another name: it goes on meaning this model.
    pub configured: Option<ModelName>,
    /// Whether it was called so already.
    pub unchanged: bool,
    /// The event.
    pub event: Option<MadeEvent>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

/// Renames. First the new name becomes a journal of its own that says whose it is; then the model's journal says that it is called
/// so. Cut short between the two, the new name leads to the model already, and the same command completes it.
///
/// # Errors
/// [`RenameError`] if the name is another model's or a race was lost; any [`VerbError`] if the journal cannot be used.
pub fn rename(repository: &Repository, options: &RenameOptions) -> Result<RenameReport, VerbError> {
    check_text("the reason", options.reason.as_deref())?;
    let registry = repository.registry();
    let state = resolve::state(repository, &options.old)?;
    let (first, from, to) = (state.first_name.clone(), state.model.clone(), options.new.clone());
    let taken = |raced| -> VerbError {
        RenameError::Taken { name: to.clone(), of: resolve::current(repository, &to), raced }.into()
    };
    let is_known = registry.has(&to)?;
    let is_ours = is_known && registry.first_name(&to)? == first;
    if is_known && !is_ours {
        return Err(taken(false));
    }
    if !is_known {
        resolve::no_stage(repository, &to)?;
    }
    let has_section = |name: &ModelName| repository.config().is_some_and(|c| c.file.model.named.contains_key(name));
    let configured = Some(repository.called(&from)).filter(has_section);
    if has_section(&to) && !is_ours && configured.is_some() {
        return Err(RenameError::Configured { name: to }.into());
    }
    let mut report = RenameReport {
        configured: configured.filter(|name| *name != to && !has_section(&to)),
        unchanged: from == to,
        event: None,
        dry_run: options.dry_run,
        from,
        to: to.clone(),
        first,
    };
    if options.dry_run {
        return Ok(report);
    }
    let actor = Asked::begin(repository).answer();
    if !is_known && registry.claim(&to, &state, &actor)? != report.first {
        return Err(taken(true));
    }
    let committed = registry.commit::<bool, VerbError>(&report.first, &actor, |state| {
        if state.model == to {
            return Ok(Decision::Keep(true));
        }
        if state.model != report.from {
            return Err(RenameError::Moved { from: report.from.clone(), now: state.model.clone() }.into());
        }
        let (folder, from, to) = (state.first_name.clone(), state.model.clone(), to.clone());
        Ok(Decision::Append(EventBody::Rename { folder, from, to, reason: options.reason.clone() }, false))
    })?;
    report.unchanged = committed.outcome;
    report.event = committed.event.map(|(event, record)| MadeEvent { event, time: record.time });
    Ok(report)
}
