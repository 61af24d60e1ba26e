//! What two models say of the same rows: how often the same, which rows changed sides, where, and which of them changed most.

use super::Terms;
use crate::certify::flip_summary::{by_slice, right_by};
use crate::certify::row_losses;
use crate::certify::rows::{View, consistent};
use crate::certify::rows_named::{NamedRow, named};
use crate::evidence::{JoinedRows, PredictedColumns, TruthColumn};
use crate::measure::{self, MetricSpec, Predicted, Truth};

/// Rows that are named.
const NAMED: usize = 5;

/// What changed in two models' answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangedAnswers {
    /// Rows that both have.
    pub rows: u64,
    /// Share of the rows with the same answer: class, number, words. Or why that is not known.
    pub agreement: Result<f64, String>,
    /// Rows that changed sides; none of documents, which are neither right nor wrong by themselves. Or why they are not known.
    pub sides: Result<Option<SidesChanged>, String>,
    /// Scores or values that are others; none where both have no numbers.
    pub numbers: Option<NumbersChanged>,
    /// The rows that changed most: those that changed to the worse first.
    pub largest: Vec<NamedRow>,
}

/// Rows that changed sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SidesChanged {
    /// What the sides are.
    pub what: What,
    /// Rows that were right and are wrong, or are further off.
    pub worse: u64,
    /// Rows that were wrong and are right, or are closer.
    pub better: u64,
    /// The same in each slice: the most that are worse and not made up for by better ones first.
    pub slices: Vec<SliceChange>,
}

/// What rows change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// From right to wrong.
    Flips,
    /// How far off they are.
    Errors,
}

/// Rows of a slice that changed sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceChange {
    /// `country=DE`.
    pub slice: String,
    /// Its rows.
    pub rows: u64,
    /// As in [`SidesChanged`].
    pub worse: u64,
    /// As in [`SidesChanged`].
    pub better: u64,
}

/// Numbers that are others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumbersChanged {
    /// `scores` or `values`.
    pub of: &'static str,
    /// How many.
    pub changed: u64,
    /// Mean of |b − a| over all rows.
    pub mean: f64,
    /// The largest |b − a|.
    pub largest: f64,
}

/// Compares what both models say; the candidate is the later one.
pub fn changed_answers(joined: &JoinedRows, terms: &Terms<'_>) -> ChangedAnswers {
    let rows = joined.keys.len() as u64;
    let unknown = |reason: String| ChangedAnswers {
        rows,
        agreement: Err(reason.clone()),
        sides: Err(reason),
        numbers: None,
        largest: Vec::new(),
    };
    if let Err(reason) = consistent(joined, terms.task) {
        return unknown(reason);
    }
    let Some(theirs) = &joined.baseline else { return unknown("there is one model only".to_owned()) };
    let view = View::whole(joined);
    let Some(baseline) = view.baseline() else { return unknown("there is one model only".to_owned()) };
    let (truth, candidate) = (view.rows().truth, view.candidate());
    let right_by = right_by(terms.rules, terms.task, &joined.set);
    let numbers = both_numbers(&joined.candidate, theirs);
    let sides = sides(joined, &right_by, (&truth, &candidate, &baseline), numbers);
    let largest = largest(joined, theirs, right_by.threshold.is_some(), sides.as_ref().ok().and_then(Option::as_ref));
    ChangedAnswers {
        rows,
        agreement: agreement(&right_by, (&truth, &candidate, &baseline), numbers),
        sides: sides.map(|sides| sides.map(|sides| sides.changed(joined))),
        numbers: numbers.map(changed),
        largest,
    }
}

type Numbers<'a> = (&'static str, &'a [f64], &'a [f64]);
type Both<'a> = (&'a Truth<'a>, &'a Predicted<'a>, &'a Predicted<'a>);

fn both_numbers<'a>(ours: &'a PredictedColumns, theirs: &'a PredictedColumns) -> Option<Numbers<'a>> {
    match (&ours.scores, &theirs.scores, &ours.values, &theirs.values) {
        (Some(ours), Some(theirs), ..) => Some(("scores", ours, theirs)),
        (_, _, Some(ours), Some(theirs)) => Some(("values", ours, theirs)),
        _ => None,
    }
}

fn changed((of, ours, theirs): Numbers<'_>) -> NumbersChanged {
    let apart = || ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
    let changed = apart().filter(|apart| *apart > 0.0).count() as u64;
    NumbersChanged { of, changed, mean: apart().sum::<f64>() / ours.len() as f64, largest: apart().fold(0.0, f64::max) }
}

/// The share of rows of which both say the same: of classes the class, else number or words.
fn agreement(right_by: &MetricSpec, both: Both<'_>, numbers: Option<Numbers<'_>>) -> Result<f64, String> {
    let (truth, candidate, baseline) = both;
    let same = match truth {
        Truth::Binary(_) | Truth::Classes { .. } => {
            let classes = |predicted| measure::predicted_classes(right_by, truth, predicted);
            // Classes that are recorded, and classes that would follow from scores, are not compared.
            measure::both_right(right_by, truth, candidate, baseline).map_err(|undefined| undefined.to_string())?;
            let (ours, theirs) = rayon::join(|| classes(candidate), || classes(baseline));
            let (ours, theirs) = (ours.map_err(|e| e.to_string())?, theirs.map_err(|e| e.to_string())?);
            ours.iter().zip(&theirs).filter(|(a, b)| a == b).count()
        }
        Truth::Texts(_) => {
            let (Some(ours), Some(theirs)) = (candidate.texts, baseline.texts) else {
                return Err("there are no answers of both models".to_owned());
            };
            ours.iter().zip(theirs).filter(|(a, b)| a == b).count()
        }
        Truth::Real(_) | Truth::Relevance(_) => {
            let (_, ours, theirs) = numbers.ok_or("there are no numbers of both models")?;
            ours.iter().zip(theirs).filter(|(a, b)| a == b).count()
        }
    };
    if truth.is_empty() { Err("there are no rows".to_owned()) } else { Ok(same as f64 / truth.len() as f64) }
}

/// Of each row whether it changed to the worse, and to the better.
struct Sides {
    what: What,
    worse: Vec<bool>,
    better: Vec<bool>,
}

fn sides(
    joined: &JoinedRows,
    right_by: &MetricSpec,
    (truth, candidate, baseline): Both<'_>,
    numbers: Option<Numbers<'_>>,
) -> Result<Option<Sides>, String> {
    let of = |what, worse: &dyn Fn(usize) -> bool, better: &dyn Fn(usize) -> bool| {
        let rows = 0..joined.keys.len();
        Ok(Some(Sides { what, worse: rows.clone().map(worse).collect(), better: rows.map(better).collect() }))
    };
    match truth {
        Truth::Binary(_) | Truth::Classes { .. } | Truth::Texts(_) => {
            let both = measure::both_right(right_by, truth, candidate, baseline);
            let (ours, theirs) = both.map_err(|undefined| undefined.to_string())?;
            of(What::Flips, &|row| theirs[row] && !ours[row], &|row| ours[row] && !theirs[row])
        }
        Truth::Real(labels) => {
            let (_, ours, theirs) = numbers.ok_or("there are no numbers of both models")?;
            let off = |values: &[f64], row: usize| (values[row] - labels[row]).abs();
            of(What::Errors, &|row| off(ours, row) > off(theirs, row), &|row| off(ours, row) < off(theirs, row))
        }
        Truth::Relevance(_) => Ok(None),
    }
}

impl Sides {
    fn changed(self, joined: &JoinedRows) -> SidesChanged {
        let count = |rows: &[bool]| rows.iter().filter(|is| **is).count() as u64;
        let found = by_slice(joined, &|row| self.worse[row], &|row| self.better[row]);
        let mut slices: Vec<SliceChange> = found
            .into_iter()
            .filter(|slice| slice.rows > 0)
            .map(|found| SliceChange {
                slice: found.slice,
                rows: found.rows,
                worse: found.right_to_wrong,
                better: found.wrong_to_right,
            })
            .collect();
        let lost = |slice: &SliceChange| i128::from(slice.worse) - i128::from(slice.better);
        slices.sort_by(|a, b| lost(b).cmp(&lost(a)).then(b.worse.cmp(&a.worse)).then_with(|| a.slice.cmp(&b.slice)));
        SidesChanged { what: self.what, worse: count(&self.worse), better: count(&self.better), slices }
    }
}

/// The rows that changed most, with what both said.
fn largest(joined: &JoinedRows, theirs: &PredictedColumns, by_scores: bool, sides: Option<&Sides>) -> Vec<NamedRow> {
    let is = |rows: fn(&Sides) -> &Vec<bool>, row: usize| sides.is_some_and(|sides| rows(sides)[row]);
    let mut kept: Vec<(u8, f64, u32)> = Vec::new();
    for row in 0..joined.keys.len() {
        let size = moved(joined, theirs, row);
        let (worse, better) = (is(|sides| &sides.worse, row), is(|sides| &sides.better, row));
        let of_errors = sides.is_some_and(|sides| sides.what == What::Errors);
        // Of numbers any change may be the largest; of classes those that are wrong now matter first.
        let rank = match (worse, better) {
            _ if of_errors => 0,
            (true, _) => 2,
            (_, true) => 1,
            _ => 0,
        };
        if !(size > 0.0 || worse || better) {
            continue;
        }
        let before = |known: &(u8, f64, u32)| known.0 > rank || known.0 == rank && known.1 >= size;
        let at = kept.iter().position(|known| !before(known)).unwrap_or(kept.len());
        if at < NAMED {
            kept.insert(at, (rank, size, row as u32));
            kept.truncate(NAMED);
        }
    }
    let new = |row: u32| is(|sides| &sides.worse, row as usize);
    kept.into_iter().map(|(_, _, row)| named(joined, row, new(row), by_scores)).collect()
}

/// How far apart both models' answers are: scores, values, probabilities of the true class; 1 of other words or classes.
fn moved(joined: &JoinedRows, theirs: &PredictedColumns, row: usize) -> f64 {
    let ours = &joined.candidate;
    let differs = |differs: bool| if differs { 1.0 } else { 0.0 };
    if let Some((_, ours, theirs)) = both_numbers(ours, theirs) {
        return (ours[row] - theirs[row]).abs();
    }
    match (&ours.texts, &theirs.texts, &ours.classes, &theirs.classes) {
        (Some(ours), Some(theirs), ..) => return differs(ours[row] != theirs[row]),
        (_, _, Some(ours), Some(theirs)) if ours[row] != theirs[row] => return 1.0,
        _ => {}
    }
    let off = |columns| row_losses::off(&joined.truth, columns, row);
    match (&joined.truth, off(ours), off(theirs)) {
        (TruthColumn::Classes { .. }, Some(ours), Some(theirs)) => (ours - theirs).abs(),
        _ => 0.0,
    }
}
