//! How far the columns of one version's training data are from another's: by their profiles alone, which are stored for good, so that
//! everybody who says how far says the same, whether or not the rows are still here.
//!
//! The arithmetic is that of a [drift rule](crate::format::policy::DriftRecord): of the same profiles both have the same numbers. A
//! rule that could read the rows knows exactly what is [estimated](ColumnDrift::approximate) here.

use crate::certify::columns::{
    How, Side, column, count_of, deciles, distance, even_categories, is_of_categories, is_whole, whole_sample,
};
use crate::format::policy::{Drift, DriftRecord};
use crate::format::profile::{ColumnProfileRecord, DecilesRecord, ProfileRecord};
use crate::format::scalar::Scalar;
use crate::measure::drift::{Bins, Sample};

/// Categories that a shape is drawn of.
const CATEGORIES: usize = 10;
/// Whole numbers that are all different number the rows if they lie closer together than this.
const GAPS: i128 = 2;

/// How far the training data of one version is from another's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataDrift {
    /// Every column that both have, the furthest first, those without an index last.
    pub columns: Vec<ColumnDrift>,
    /// Columns of both that tell rows apart. That such a one goes on counting says nothing of what is in the data.
    pub left_out: Vec<String>,
}

/// A column that both have.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDrift {
    /// Its name.
    pub name: String,
    /// The population stability index in bins of `a`, or why there is none.
    pub psi: Result<f64, String>,
    /// The chance of such an index or a larger one if nothing drifted; none of what is estimated.
    pub p: Option<f64>,
    /// Whether that is estimated from deciles: `b`'s profile does not list them all.
    pub approximate: bool,
    /// The means, of numbers.
    pub mean: (Option<f64>, Option<f64>),
    /// Missing cells.
    pub nulls: (u64, u64),
    /// Distinct values, where they are few enough to count.
    pub distinct: (Option<u64>, Option<u64>),
    /// What both look like.
    pub shape: Option<Shape>,
}

/// Two histograms over the same bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What the bins are where they are categories; none of numbers, whose bins ascend.
    pub categories: Option<Vec<String>>,
    /// Values of `a` in each.
    pub a: Vec<u64>,
    /// Values of `b` in each.
    pub b: Vec<u64>,
}

/// The drift of `b` against `a`. `key` names the columns that are said to tell rows apart.
pub fn data_drift(a: &ProfileRecord, b: &ProfileRecord, key: &[String]) -> DataDrift {
    // A rule that nobody wrote: the index of every column, from what there is.
    let rule =
        DriftRecord { drift: Drift::Psi, of: a.data.clone(), columns: Vec::new(), above: None, approximate: true };
    let key = sound(key, [a, b]);
    let mut found = DataDrift::default();
    for ours in &a.columns {
        let Some(theirs) = column(b, &ours.name) else { continue };
        if key.contains(&ours.name) || number_rows((ours, a.rows), (theirs, b.rows)) {
            found.left_out.push(ours.name.clone());
        } else {
            found.columns.push(of_column(&rule, (ours, a.rows), (theirs, b.rows)));
        }
    }
    let furthest = |column: &ColumnDrift| column.psi.as_ref().map_or(f64::NEG_INFINITY, |psi| *psi);
    found.columns.sort_by(|x, y| furthest(y).total_cmp(&furthest(x)).then_with(|| x.name.cmp(&y.name)));
    found
}

type Known<'a> = (&'a ColumnProfileRecord, u64);

fn of_column(rule: &DriftRecord, (ours, a): Known<'_>, (theirs, b): Known<'_>) -> ColumnDrift {
    let (candidate, baseline) =
        (Side { rows: b, profile: theirs, read: None }, Side { rows: a, profile: ours, read: None });
    let found = match is_of_categories(ours) && is_of_categories(theirs) && !is_whole(theirs, b) {
        true => even_categories(rule, candidate, baseline),
        false => distance(rule, candidate, baseline),
    };
    ColumnDrift {
        name: ours.name.clone(),
        approximate: found.as_ref().is_ok_and(|found| found.how != How::Exact),
        // Of an estimate nobody knows how much of it is chance.
        p: found.as_ref().ok().filter(|found| found.how != How::Estimated).map(|found| found.p),
        psi: found.map(|found| found.low),
        mean: (ours.mean, theirs.mean),
        nulls: (ours.nulls, theirs.nulls),
        distinct: (ours.distinct, theirs.distinct),
        shape: shape((ours, a), (theirs, b)),
    }
}

/// The key, unless it is one column whose values are known to repeat: then it tells nothing apart, and is a column like any other.
fn sound<'k>(key: &'k [String], tables: [&ProfileRecord; 2]) -> &'k [String] {
    let [only] = key else { return key };
    let repeats = |profile: &&ProfileRecord| {
        let distinct = column(profile, only).and_then(|column| column.distinct);
        distinct.is_some_and(|distinct| distinct < profile.rows)
    };
    if tables.iter().any(repeats) { &[] } else { key }
}

/// Whether a column numbers the rows, although nobody says so: whole numbers, each of them once, that lie close together in one of both.
fn number_rows((a, rows_of_a): Known<'_>, (b, rows_of_b): Known<'_>) -> bool {
    let (ours, theirs) = (span(a, rows_of_a), span(b, rows_of_b));
    let close = |span: i128, rows: u64| span < GAPS * i128::from(rows);
    ours.zip(theirs).is_some_and(|(ours, theirs)| close(ours, rows_of_a) || close(theirs, rows_of_b))
}

/// From the least to the greatest of whole numbers that are known to be all different; none of any other column.
fn span(column: &ColumnProfileRecord, rows: u64) -> Option<i128> {
    let deciles = column.deciles.as_ref()?;
    let edges: Vec<i128> = deciles.edges.iter().map(whole).collect::<Option<_>>()?;
    // Of more different values than a profile counts, those that count through are known to be so.
    let all_different = column.distinct.map_or_else(|| counts_through(&edges, deciles), |distinct| distinct == rows);
    let span = edges.last()?.checked_sub(*edges.first()?)?;
    (all_different && rows > 0 && column.nulls == 0 && !column.kind.starts_with("duration")).then_some(span)
}

const fn whole(edge: &Scalar) -> Option<i128> {
    match edge {
        Scalar::Int(value) => Some(*value),
        _ => None,
    }
}

/// Whether there are as many values between every two edges as there are whole numbers.
fn counts_through(edges: &[i128], deciles: &DecilesRecord) -> bool {
    let steps = edges.iter().zip(edges.iter().skip(1)).map(|(from, to)| to.checked_sub(*from));
    let mut counts = deciles.counts.iter().map(|count| Some(i128::from(*count)));
    // The least value is counted in the first part.
    let first = counts.next().flatten().map(|count| count - 1);
    deciles.exact && steps.eq(std::iter::once(first).chain(counts))
}

fn shape((a, rows_of_a): Known<'_>, (b, rows_of_b): Known<'_>) -> Option<Shape> {
    if let (Ok(ours), Ok(theirs)) = (deciles(a), deciles(b)) {
        let whole = (whole_sample(a, rows_of_a), whole_sample(b, rows_of_b));
        if let (Some(ours), Some(theirs)) = &whole
            && let Some(shape) = of_few_values(ours, theirs)
        {
            return Some(shape);
        }
        // Far outliers would press everything else into one bin: what lies outside of both models' middle has bins of its own.
        let (ours_in, theirs_in) = (ours.middle(), theirs.middle());
        let (low, high) = (ours_in.0.min(theirs_in.0), ours_in.1.max(theirs_in.1));
        const BETWEEN: u32 = 8;
        let edge = |place: u32| low + (high - low) * f64::from(place) / f64::from(BETWEEN);
        let mut edges: Vec<f64> = (0..=BETWEEN).map(edge).collect();
        edges.dedup();
        let bins = Bins::new(&edges)?;
        let counts =
            |whole: Option<Sample>, estimate: &dyn Fn() -> Vec<u64>| whole.map_or_else(estimate, |s| bins.counts(&s));
        return Some(Shape {
            categories: None,
            a: counts(whole.0, &|| ours.estimated_counts(&bins, count_of(a))),
            b: counts(whole.1, &|| theirs.estimated_counts(&bins, count_of(b))),
        });
    }
    if a.categories.is_empty() || b.categories.is_empty() {
        return None;
    }
    let count = |column: &ColumnProfileRecord, value: &str| {
        column.categories.iter().find(|known| known.value == value).map_or(0, |known| known.count)
    };
    let mut names: Vec<&String> = a.categories.iter().chain(&b.categories).map(|category| &category.value).collect();
    names.sort();
    names.dedup();
    names.sort_by_key(|name| std::cmp::Reverse(count(a, name).max(count(b, name))));
    names.truncate(CATEGORIES);
    names.sort_by_key(|name| std::cmp::Reverse(count(a, name)));
    let counts = |column| names.iter().map(|name| count(column, name)).collect();
    Some(Shape { a: counts(a), b: counts(b), categories: Some(names.into_iter().cloned().collect()) })
}

/// A bar for each value; none of more than can be told apart.
fn of_few_values(a: &Sample, b: &Sample) -> Option<Shape> {
    let mut values: Vec<f64> = a.values().iter().chain(b.values()).copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let few = values.len() <= CATEGORIES && !values.is_empty();
    few.then(|| Shape {
        categories: Some(values.iter().map(ToString::to_string).collect()),
        a: values.iter().map(|value| a.count_of(*value)).collect(),
        b: values.iter().map(|value| b.count_of(*value)).collect(),
    })
}
