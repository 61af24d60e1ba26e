//! How far one column of training data is from the baseline's: by its rows where they are needed and there, by its profile
//! where that holds enough, else not at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::wording::significant;
use crate::evidence::{ColumnRows, Wanted};
use crate::format::policy::{Drift, DriftRecord};
use crate::format::profile::{ColumnProfileRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::measure::Undefined;
use crate::measure::drift::{self, Bins, ByChance, Deciles, Sample};

/// A column's distance: between two numbers, which are one where it is known exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Distance {
    pub low: f64,
    pub high: f64,
    /// The chance of one like the lower if nothing drifted.
    pub p: f64,
    pub how: How,
    /// What that chance depends on.
    pub chance: ByChance,
}

/// What a distance follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// Every value.
    Exact,
    /// Deciles on both sides.
    Bounded,
    /// What is likely between deciles.
    Estimated,
}

/// One side of a column.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    /// Rows of the table.
    pub rows: u64,
    pub profile: &'a ColumnProfileRecord,
    /// Its rows, if they were read.
    pub read: Option<&'a ColumnRows>,
}

/// What a column is, as far as drift goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Numbers,
    Categories,
    /// Dates move by themselves; texts that are mostly distinct are compared by no bin.
    Neither,
}

/// The columns a rule is about: those it names, or all of the baseline's it is defined for.
pub(super) fn meant<'a>(record: &'a DriftRecord, baseline: &'a ProfileRecord) -> Vec<&'a str> {
    if !record.columns.is_empty() {
        return record.columns.iter().map(String::as_str).collect();
    }
    let defined = |column: &&ColumnProfileRecord| match nature(column) {
        Nature::Numbers => true,
        Nature::Categories => !record.drift.is_of_numbers(),
        Nature::Neither => false,
    };
    baseline.columns.iter().filter(defined).map(|column| column.name.as_str()).collect()
}

/// The rows a rule needs beyond the profiles: the candidate's columns, and the baseline's.
pub fn rows_wanted(
    record: &DriftRecord,
    candidate: &ProfileRecord,
    baseline: &ProfileRecord,
) -> (BTreeMap<String, Wanted>, BTreeMap<String, Wanted>) {
    let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
    for name in meant(record, baseline) {
        let (Some(a), Some(b)) = (column(candidate, name), column(baseline, name)) else { continue };
        match nature(b) {
            Nature::Numbers if nature(a) == Nature::Numbers => {
                if whole_sample(a, candidate.rows).is_none() {
                    ours.insert(name.to_owned(), Wanted::Numbers);
                }
                if record.drift.is_of_numbers() && whole_sample(b, baseline.rows).is_none() {
                    theirs.insert(name.to_owned(), Wanted::Numbers);
                }
            }
            Nature::Categories if a.kind == b.kind && !is_whole(a, candidate.rows) => {
                let known: BTreeSet<String> = b.categories.iter().map(|category| category.value.clone()).collect();
                ours.insert(name.to_owned(), Wanted::Texts(known));
            }
            _ => {}
        }
    }
    (ours, theirs)
}

/// A column by its name.
pub(super) fn column<'a>(profile: &'a ProfileRecord, name: &str) -> Option<&'a ColumnProfileRecord> {
    profile.columns.iter().find(|column| column.name == name)
}

/// The distance, or why there is none.
pub(super) fn distance(record: &DriftRecord, candidate: Side<'_>, baseline: Side<'_>) -> Result<Distance, String> {
    if nature(baseline.profile) == Nature::Neither {
        return Err("it is neither numbers nor categories".to_owned());
    }
    if baseline.profile.deciles.is_none() && values(baseline) == 0 {
        return Err("it has no values in the baseline's data".to_owned());
    }
    if record.drift.is_of_numbers() {
        of_numbers(record.drift, candidate, baseline)
    } else {
        of_bins(record, candidate, baseline)
    }
}

/// Kolmogorov-Smirnov or Wasserstein, of the values that are there.
fn of_numbers(drift: Drift, candidate: Side<'_>, baseline: Side<'_>) -> Result<Distance, String> {
    if nature(baseline.profile) != Nature::Numbers || nature(candidate.profile) != Nature::Numbers {
        return Err("it is not of numbers in both".to_owned());
    }
    let said = |undefined: Undefined| format!("it is not defined: {undefined}");
    if let (Some(ours), Some(theirs)) = (sample(candidate), sample(baseline)) {
        let tested = drift::kolmogorov_smirnov(&theirs, &ours).map_err(said)?;
        let value = match drift {
            Drift::Ks => tested.distance,
            _ => drift::wasserstein(&theirs, &ours).map_err(said)?,
        };
        let chance = ByChance { n: theirs.len() as f64, m: ours.len() as f64, freedom: 0 };
        return Ok(Distance { low: value, high: value, p: tested.p, how: How::Exact, chance });
    }
    let (ours, theirs) = (deciles(candidate.profile)?, deciles(baseline.profile)?);
    let bounds = theirs.distance_bounds(&ours);
    let p = drift::chance_of(bounds.kolmogorov_smirnov.0, theirs.len(), ours.len());
    let (low, high) = match drift {
        Drift::Ks => bounds.kolmogorov_smirnov,
        _ => {
            let scale = baseline.profile.sd.filter(|sd| *sd > 0.0).ok_or("it does not vary in the baseline's data")?;
            (bounds.wasserstein.0 / scale, bounds.wasserstein.1 / scale)
        }
    };
    let chance = ByChance { n: theirs.len() as f64, m: ours.len() as f64, freedom: 0 };
    Ok(Distance { low, high, p, how: How::Bounded, chance })
}

/// PSI, Jensen-Shannon or Cramér's V, in bins of the baseline.
fn of_bins(record: &DriftRecord, candidate: Side<'_>, baseline: Side<'_>) -> Result<Distance, String> {
    let counted = match nature(baseline.profile) {
        Nature::Numbers => numbers(candidate, baseline)?,
        _ => {
            let (reference, current) = categories(candidate, baseline, false)?;
            (reference, current, How::Exact)
        }
    };
    between(record, counted)
}

/// PSI of categories of which profiles list the most frequent alone: an estimate that no rule accepts.
pub(super) fn even_categories(
    record: &DriftRecord,
    candidate: Side<'_>,
    baseline: Side<'_>,
) -> Result<Distance, String> {
    let (reference, current) = categories(candidate, baseline, true)?;
    between(record, (reference, current, How::Estimated))
}

/// The distance of two histograms over the same bins.
fn between(record: &DriftRecord, (reference, current, how): (Vec<u64>, Vec<u64>, How)) -> Result<Distance, String> {
    let said = |undefined: Undefined| format!("it is not defined: {undefined}");
    let table = || drift::contingency(&reference, &current).map_err(said);
    let (value, p) = match record.drift {
        Drift::Psi => drift::stability(&reference, &current).map(|found| (found.value, found.p)).map_err(said)?,
        Drift::Js => (drift::jensen_shannon(&reference, &current).map_err(said)?, table()?.p),
        Drift::Chi2Corrected => table().map(|found| (found.corrected_v, found.p))?,
        _ => table().map(|found| (found.cramers_v, found.p))?,
    };
    if how == How::Estimated && !record.approximate {
        return Err(format!(
            "its rows are not here; of the deciles of its profile {} is estimated as {}",
            record.drift.name(),
            significant(value)
        ));
    }
    let bins = reference.iter().zip(&current).filter(|(a, b)| **a + **b > 0).count() as u32;
    let total = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let chance = ByChance { n: total(&reference), m: total(&current), freedom: bins.saturating_sub(1) };
    Ok(Distance { low: value, high: value, p, how, chance })
}

/// Counts in the baseline's bins, and of cells without a finite number: a bin for each of few values that are all known, else between
/// its deciles, below and above them.
fn numbers(candidate: Side<'_>, baseline: Side<'_>) -> Result<(Vec<u64>, Vec<u64>, How), String> {
    let theirs = |is_apart: &dyn Fn(f64) -> bool| {
        deciles(baseline.profile).map(|theirs| theirs.bins(count_of(baseline.profile), is_apart))
    };
    let few = few_values(baseline);
    if let Some(sample) = sample(candidate) {
        let of_few = few.and_then(|known| Bins::of_values(&known).map(|bins| (bins.counts(&known), bins)));
        let (mut reference, bins) = match of_few {
            Some(found) => found,
            None => theirs(&|_| true).map(|(bins, counts)| (counts, bins))?,
        };
        let mut current = bins.counts(&sample);
        reference.push(missing(baseline));
        current.push(candidate.rows.saturating_sub(sample.len()));
        return Ok((reference, current, How::Exact));
    }
    if nature(candidate.profile) != Nature::Numbers {
        return Err(format!("it is {} in the candidate's data", candidate.profile.kind));
    }
    let listed = count_of(candidate.profile);
    let lists = !candidate.profile.categories.is_empty();
    let (mut reference, mut current) = if let Some(known) = few.filter(|_| lists) {
        // Where its other values lie, deciles do not tell.
        let unlisted = even_share(candidate);
        let reference: Vec<u64> = known.values().iter().map(|value| known.count_of(*value)).collect();
        let current: Vec<u64> = known.values().iter().map(|value| listed(*value).unwrap_or(unlisted)).collect();
        let others = values(candidate).saturating_sub(current.iter().sum());
        (reference.into_iter().chain([0]).collect(), current.into_iter().chain([others]).collect())
    } else {
        let ours = deciles(candidate.profile)?;
        // A value has a bin of its own where it is known how often it occurs on both sides.
        let (bins, reference) = theirs(&|value| lists || ours.is_frequent(value))?;
        (reference, ours.estimated_counts(&bins, listed))
    };
    reference.push(missing(baseline));
    current.push(missing(candidate));
    Ok((reference, current, How::Estimated))
}

/// The values of a column that has few; none where its profile does not list them all, or where they do not repeat.
fn few_values(side: Side<'_>) -> Option<Sample> {
    /// What a χ² test asks for in a bin.
    const EACH: u64 = 5;
    let sample = whole_sample(side.profile, side.rows)?;
    let repeats = sample.len() >= EACH * sample.values().len() as u64;
    (repeats && !sample.is_empty()).then_some(sample)
}

/// How often a value occurs, where the profile lists it.
pub(super) fn count_of(column: &ColumnProfileRecord) -> impl Fn(f64) -> Option<u64> {
    move |value| {
        let listed = column.categories.iter().find(|category| category.value.parse() == Ok(value));
        listed.map(|category| category.count)
    }
}

/// Counts of the baseline's categories, of all others, and of empty cells. Where the candidate's profile does not list all its values,
/// and rows were not read, they are not known, unless those it does not list may be taken to occur equally often: `even`.
fn categories(candidate: Side<'_>, baseline: Side<'_>, even: bool) -> Result<(Vec<u64>, Vec<u64>), String> {
    let named = &baseline.profile.categories;
    let redacted =
        |side: Side<'_>| side.profile.categories.iter().any(|category| category.value.contains("<redacted:"));
    if redacted(baseline) || redacted(candidate) {
        return Err("some of its values were taken for secrets and are not recorded".to_owned());
    }
    let reference = |counts: Vec<u64>, missing: u64, rows: u64| {
        let other = rows.saturating_sub(missing).saturating_sub(counts.iter().sum());
        counts.into_iter().chain([other, missing]).collect::<Vec<u64>>()
    };
    let expected = reference(named.iter().map(|category| category.count).collect(), missing(baseline), baseline.rows);
    if let Some(ColumnRows::Texts { counts, missing, .. }) = candidate.read {
        let found = named.iter().map(|category| counts.get(&category.value).copied().unwrap_or(0)).collect();
        return Ok((expected, reference(found, *missing, candidate.rows)));
    }
    if candidate.profile.kind != baseline.profile.kind && values(candidate) > 0 {
        return Err(format!("it is {} in the candidate's data", candidate.profile.kind));
    }
    if !is_whole(candidate.profile, candidate.rows) && !even {
        return Err("its rows are not here, and its profile lists only the most frequent of its values".to_owned());
    }
    let unlisted = even_share(candidate);
    let count = |value: &str| candidate.profile.categories.iter().find(|category| category.value == value);
    let found = named.iter().map(|category| count(&category.value).map_or(unlisted, |found| found.count)).collect();
    Ok((expected, reference(found, missing(candidate), candidate.rows)))
}

/// How often a value occurs that a profile does not list, if those it does not list occur equally often; 0 if it lists all.
fn even_share(side: Side<'_>) -> u64 {
    let listed = &side.profile.categories;
    let rest = listed.iter().fold(values(side), |rest, category| rest.saturating_sub(category.count));
    let unlisted = side.profile.distinct.unwrap_or(0).saturating_sub(listed.len() as u64);
    // The least frequent that is listed is more frequent than any that is not.
    let most = listed.last().map_or(0, |category| category.count);
    rest.checked_div(unlisted).unwrap_or(0).min(most)
}

/// Whether a column holds categories.
pub(super) fn is_of_categories(column: &ColumnProfileRecord) -> bool {
    nature(column) == Nature::Categories
}

fn nature(column: &ColumnProfileRecord) -> Nature {
    let number = |edge: &Scalar| matches!(edge, Scalar::Int(_) | Scalar::Float(_));
    match (&column.deciles, column.categories.is_empty()) {
        _ if column.opaque => Nature::Neither,
        // A table gives durations as whole numbers of a unit it does not tell.
        (Some(deciles), _) if deciles.edges.iter().all(number) && !column.kind.starts_with("duration") => {
            Nature::Numbers
        }
        (Some(_), _) => Nature::Neither,
        // In a csv a date is text.
        (None, false) if column.categories.iter().all(|category| is_date(&category.value)) => Nature::Neither,
        (None, false) => Nature::Categories,
        (None, true) => Nature::Neither,
    }
}

/// Every value of a column of numbers: of its rows, or of a profile that lists them all.
fn sample(side: Side<'_>) -> Option<Cow<'_, Sample>> {
    match side.read {
        Some(ColumnRows::Numbers { sample, .. }) => Some(Cow::Borrowed(sample)),
        _ => whole_sample(side.profile, side.rows).map(Cow::Owned),
    }
}

/// Every value of a column of numbers whose profile lists them all.
pub(super) fn whole_sample(column: &ColumnProfileRecord, rows: u64) -> Option<Sample> {
    let present = rows.checked_sub(column.nulls + column.nan + column.infinite)?;
    if present == 0 {
        return Some(Sample::default());
    }
    if nature(column) != Nature::Numbers || !is_whole(column, rows) {
        return None;
    }
    let value =
        |category: &crate::format::profile::CategoryRecord| Some((category.value.parse().ok()?, category.count));
    Sample::of_counts(column.categories.iter().map(value).collect::<Option<_>>()?).ok()
}

/// Whether the listed categories are all there are.
pub(super) fn is_whole(column: &ColumnProfileRecord, rows: u64) -> bool {
    let listed: u64 = column.categories.iter().map(|category| category.count).sum();
    rows.checked_sub(column.nulls + column.nan + column.infinite) == Some(listed)
}

/// Ten parts of a column of numbers.
pub(super) fn deciles(column: &ColumnProfileRecord) -> Result<Deciles, String> {
    let unread = || "its deciles cannot be read".to_owned();
    let deciles = column.deciles.as_ref().ok_or_else(unread)?;
    let mut edges = [0.0; 11];
    for (edge, scalar) in edges.iter_mut().zip(&deciles.edges) {
        *edge = scalar.number().ok_or_else(unread)?;
    }
    Deciles::new(edges, deciles.counts).ok_or_else(unread)
}

/// Cells without a finite value.
fn missing(side: Side<'_>) -> u64 {
    side.profile.nulls + side.profile.nan + side.profile.infinite
}

fn values(side: Side<'_>) -> u64 {
    side.rows.saturating_sub(missing(side))
}

/// `2024-01-31` and what may follow, or `12:30`: the beginning of a canonical text, which sorts as it means.
pub(super) fn is_date(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let date = text.len() >= 10
        && text.is_char_boundary(10)
        && text[..10].split('-').all(digits)
        && text.starts_with(|c: char| c.is_ascii_digit());
    let time = text.split(':').all(|part| digits(part.split('.').next().unwrap_or_default())) && text.contains(':');
    date || time
}
