//! The statistics of one column: a fold over its batches, in any order and from any thread.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::categories::{self, Categories};
use super::column::{Cells, Column};
use super::distribution::Distribution;
use super::figures::{Category, ColumnProfile, Deciles, Scalar};
use super::kind::Kind;
use super::moments::Moments;
use super::text;

/// The lowest i64 is the lowest key.
const SIGN: u64 = 1 << 63;

/// What is known of a column so far.
#[derive(Debug)]
pub(super) struct Summary {
    kind: Kind,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    values: u64,
    nulls: u64,
    nan: u64,
    infinite: u64,
    moments: Moments,
    distribution: Distribution,
    categories: Categories,
}

/// What one batch adds.
#[derive(Default)]
struct Batch<'a> {
    nan: u64,
    infinite: u64,
    moments: Moments,
    keys: Vec<u64>,
    texts: Option<HashMap<&'a str, u64>>,
}

impl Summary {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, state: Mutex::default() }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds a batch. Gives up exactness first if told so; returns the values that take memory one by one now, less those
    /// that did before.
    pub(super) fn add(&self, column: &Column, exact: bool) -> u64 {
        let counted = self.kind != Kind::Text || self.lock().categories.wanted();
        let batch = self.batch(column, counted);
        let mut state = self.lock();
        let nulls = column.nulls() as u64;
        state.values += column.len() as u64 - nulls;
        state.nulls += nulls;
        state.nan += batch.nan;
        state.infinite += batch.infinite;
        state.moments.merge(&batch.moments);
        if self.kind == Kind::Text {
            state.categories.add(batch.texts);
        }
        let before = state.distribution.held();
        state.distribution.add(batch.keys);
        if !exact {
            state.distribution.give_up_exactness();
        }
        state.distribution.held() - before
    }

    fn batch<'a>(&self, column: &'a Column, counted: bool) -> Batch<'a> {
        let mut batch = Batch::default();
        match column.cells() {
            Cells::Empty(_) => batch.texts = Some(HashMap::new()),
            Cells::Integer(cells) if self.kind == Kind::Whole => batch.whole(cells.iter().flatten().map(i128::from)),
            Cells::Natural(cells) if self.kind == Kind::Whole => batch.whole(cells.iter().flatten().map(i128::from)),
            Cells::Integer(cells) => {
                batch.moments = Moments::of_integers(cells.iter().flatten().map(i128::from));
                batch.keys = cells.iter().flatten().map(signed_key).collect();
            }
            Cells::Natural(cells) => {
                batch.moments = Moments::of_integers(cells.iter().flatten().map(i128::from));
                batch.keys = cells.iter().flatten().collect();
            }
            Cells::Single(cells) => batch.floats(cells.iter().flatten().map(f64::from)),
            Cells::Double(cells) => batch.floats(cells.iter().flatten()),
            Cells::Decimal { unscaled, scale } => {
                batch.floats(unscaled.iter().flatten().map(|value| decimal(value, *scale)));
            }
            Cells::Boolean(cells) => batch.keys = cells.iter().flatten().map(u64::from).collect(),
            Cells::Date(cells) => batch.keys = cells.iter().flatten().map(|days| signed_key(days.into())).collect(),
            Cells::Time(cells) | Cells::DateTime { ticks: cells, .. } => {
                batch.keys = cells.iter().flatten().map(signed_key).collect();
            }
            Cells::Text(cells) => batch.texts = if counted { categories::count(cells.iter().flatten()) } else { None },
        }
        batch.keys.sort_unstable();
        batch
    }

    /// What became of it. At most `most` categories are listed.
    pub(super) fn finish(self, name: String, kind: String, most: usize, exact: bool) -> ColumnProfile {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !exact {
            state.distribution.give_up_exactness();
        }
        let known = match self.kind {
            Kind::Text => state.categories.counts(),
            _ => state.distribution.counted().map(|counted| self.kind.texts(counted)),
        };
        let distinct = known.as_ref().map(|known| known.len() as u64);
        let mut listed = known.unwrap_or_default();
        // A value of nearly every row its own may be a name.
        if listed.len() as u64 * 2 > state.values {
            listed.clear();
        }
        listed.sort_unstable_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
        listed.truncate(most);
        let ordered = !matches!(self.kind, Kind::Text | Kind::Boolean | Kind::Empty);
        let edges = if ordered { state.distribution.edges() } else { None };
        ColumnProfile {
            name,
            kind,
            profiled: true,
            nulls: state.nulls,
            nan: state.nan,
            infinite: state.infinite,
            mean: state.moments.mean(),
            sd: state.moments.sd(),
            deciles: edges.map(|edges| Deciles {
                edges: edges.keys.map(|key| self.kind.scalar(key)),
                counts: edges.counts,
                exact: edges.exact,
            }),
            distinct,
            categories: listed.into_iter().map(|(value, count)| Category { value, count }).collect(),
        }
    }

    /// Whether there is any value: a column without is `empty` in the logical digest, whatever its type.
    pub(super) fn has_values(&self) -> bool {
        self.lock().values > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch<'_> {
    fn floats(&mut self, values: impl Iterator<Item = f64>) {
        let mut values: Vec<f64> = values.collect();
        let all = values.len();
        values.retain(|value| !value.is_nan());
        let numbers = values.len();
        values.retain(|value| value.is_finite());
        self.nan = (all - numbers) as u64;
        self.infinite = (numbers - values.len()) as u64;
        self.moments = Moments::of_floats(&values);
        self.keys = values.into_iter().map(float_key).collect();
    }

    fn whole(&mut self, values: impl Iterator<Item = i128>) {
        let values: Vec<i128> = values.collect();
        self.moments = Moments::of_integers(values.iter().copied());
        self.keys = values.into_iter().map(|value| float_key(value as f64)).collect();
    }
}

impl Kind {
    /// The value a key stands for.
    fn scalar(self, key: u64) -> Scalar {
        let signed = (key ^ SIGN) as i64;
        let mut out = String::new();
        let written = match self {
            Self::Integer => return Scalar::Integer(signed.into()),
            Self::Natural => return Scalar::Integer(key.into()),
            Self::Boolean => return Scalar::Text((key != 0).to_string()),
            Self::Date => text::date(&mut out, signed as i32),
            Self::DateTime { per_second, utc } => text::date_time(&mut out, signed, per_second, utc),
            Self::Time => text::time(&mut out, signed),
            Self::Empty | Self::Text | Self::Whole | Self::Float | Self::Decimal | Self::Duration { .. } => {
                return Scalar::Float(float(key));
            }
        };
        // Writing to a text does not fail.
        written.map_or_else(|_| Scalar::Integer(signed.into()), |()| Scalar::Text(out))
    }

    fn texts(self, counted: &[(u64, u64)]) -> Vec<(String, u64)> {
        counted.iter().map(|(key, count)| (self.scalar(*key).to_string(), *count)).collect()
    }
}

const fn signed_key(value: i64) -> u64 {
    value as u64 ^ SIGN
}

/// The bits of a finite number, so that they sort as the numbers do; -0 is 0.
fn float_key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

const fn float(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
}

/// The nearest double.
fn decimal(unscaled: i128, scale: usize) -> f64 {
    // A quotient of two numbers that are exact as doubles is rounded once.
    if unscaled.unsigned_abs() < 1 << 53 && scale <= 22 {
        return unscaled as f64 / 10_f64.powi(scale as i32);
    }
    let mut digits = String::new();
    let written = text::decimal(&mut digits, unscaled, scale);
    written.ok().and_then(|()| digits.parse().ok()).unwrap_or(f64::NAN)
}
