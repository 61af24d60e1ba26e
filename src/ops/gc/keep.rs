//! Which versions the rules of `[model.NAME.keep]` let go of.

use crate::clock::Time;
use crate::format::checkpoint::VersionRow;
use crate::format::config::KeepFile;
use crate::format::scalar::Scalar;
use crate::name::Version;
use crate::nearest::nearest;
use crate::ops::{UsageError, VerbError, records};
use crate::registry::State;
use crate::repository::Repository;

/// `METRIC:min|max:N`, read.
pub(in crate::ops) struct Best {
    /// The metric's dotted key.
    pub(in crate::ops) metric: String,
    /// Whether less is better.
    pub(in crate::ops) lowest: bool,
    count: usize,
}

impl Best {
    pub(in crate::ops) fn parse(text: &str) -> Result<Self, VerbError> {
        let parts: Vec<&str> = text.rsplitn(3, ':').collect();
        let read = match parts[..] {
            [count, order @ ("min" | "max"), metric] if !metric.is_empty() => {
                count.parse().ok().map(|count| Self { metric: metric.to_owned(), lowest: order == "min", count })
            }
            _ => None,
        };
        read.ok_or_else(|| refused(format!("`{text}` is not `METRIC:min:N` or `METRIC:max:N`")))
    }
}

fn refused(reason: String) -> VerbError {
    UsageError::Option { option: "keep.best in mlrun.toml".to_owned(), reason }.into()
}

/// The versions to drop, oldest first: none of the newest, none of the best, none that ever held a stage or may be promoted
/// on its certificate. The newest always stays.
pub(in crate::ops) fn superfluous(
    repository: &Repository,
    state: &State,
    rules: &KeepFile,
    now: Time,
) -> Result<Vec<Version>, VerbError> {
    if rules.last.is_none() && rules.best.is_none() {
        return Ok(Vec::new());
    }
    let last = rules.last.unwrap_or(1).max(1) as usize;
    let kept: Vec<&VersionRow> = state.versions.iter().filter(|row| row.dropped.is_none()).collect();
    let best = match &rules.best {
        Some(text) => best(repository, &kept, &Best::parse(text)?)?,
        None => Vec::new(),
    };
    let certified = |row: &VersionRow| {
        state.certificates.get(&row.snapshot).is_some_and(|c| c.verdict.counts() && !c.proposed && c.expires > now)
    };
    let older = &kept[..kept.len().saturating_sub(last)];
    let gone = older
        .iter()
        .filter(|row| !best.contains(&row.version) && state.ever_held(row.snapshot).is_none() && !certified(row));
    Ok(gone.map(|row| row.version).collect())
}

/// The best versions by a metric; of equal ones the older. A metric that no version has is a slip of the pen that would cost
/// all of them.
fn best(repository: &Repository, rows: &[&VersionRow], wanted: &Best) -> Result<Vec<Version>, VerbError> {
    let mut known = std::collections::BTreeSet::new();
    let mut values: Vec<(f64, Version)> = Vec::new();
    for row in rows {
        let record = records::snapshot(repository, row.snapshot)?;
        let value = match record.metrics.get(&wanted.metric) {
            Some(Scalar::Float(value)) => Some(*value),
            Some(Scalar::Int(value)) => Some(*value as f64),
            _ => None,
        };
        values.extend(value.filter(|value| value.is_finite()).map(|value| (value, row.version)));
        known.extend(record.metrics.into_keys());
    }
    if values.is_empty() && !rows.is_empty() {
        let near = nearest(&wanted.metric, known.iter().map(String::as_str));
        let near = near.first().map_or_else(String::new, |near| format!("; nearest: `{near}`"));
        return Err(refused(format!("no version has a number called `{}`{near}", wanted.metric)));
    }
    values.sort_by(|a, b| {
        let order = a.0.total_cmp(&b.0);
        (if wanted.lowest { order } else { order.reverse() }).then(a.1.cmp(&b.1))
    });
    Ok(values.into_iter().take(wanted.count).map(|(_, version)| version).collect())
}
