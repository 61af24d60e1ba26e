//! The Poisson bootstrap: every row weighs Poisson(1) in each resample, so a resample is one pass and needs no index
//! array.
//!
//! Chamandy et al., "Estimating uncertainty for massive data streams" (Google, 2012). A row's weights come from its
//! key, so neither row order nor threads nor the second model's presence change them.

use rayon::prelude::*;

use super::bca::Replicates;
use super::input::Rows;
use super::outcome::Sampling;
use super::random::{Key, LANES, Weights};
use super::undefined::Undefined;

/// A statistic of weighted rows. A row has a weight of its own (1 unless the set has weights), and resampling multiplies it
/// by how often the row was drawn.
pub(super) trait Weighted: Sync {
    /// Its value with the rows' own weights.
    fn value(&self) -> Result<f64, Undefined>;

    /// Its derivative by how often each row is drawn, at once each: by the row's weight, times that weight. These sum to
    /// zero. All zero where [`Weighted::is_smooth`] says that they mean nothing.
    fn influence(&self) -> Result<Vec<f64>, Undefined>;

    /// Its value with these weights instead, one per row, the rows' own weights included; NaN where it is undefined.
    fn weighted(&self, weights: &[f64]) -> f64;

    /// Whether the influence values tell how it varies; a quantile's, say, do not.
    fn is_smooth(&self) -> bool {
        true
    }

    /// The numbers of all rows in the order in which [`Weighted::resample`] goes through them; none: ascending. It changes no
    /// value: weights that lie in this order are near each other when they are needed.
    fn order(&self) -> Option<&[u32]> {
        None
    }

    /// Its value under each lane's weights, of rows whose own weight is 1; NaN where it is undefined.
    fn resample(&self, drawn: &Drawn<'_>, values: &mut [f64; LANES]) {
        let mut weights = vec![0.0; drawn.rows()];
        for (lane, value) in values.iter_mut().enumerate() {
            for (weight, drawn) in weights.iter_mut().zip(drawn.by_row()) {
                *weight = f64::from(drawn[lane]);
            }
            *value = self.weighted(&weights);
        }
    }
}

/// The rows' weights in [`LANES`] resamples.
pub(super) struct Drawn<'a> {
    table: &'a [Weights],
    /// Where in the table each row's are; none: in the order of the rows.
    places: Option<&'a [u32]>,
}

impl<'a> Drawn<'a> {
    /// Number of rows.
    pub(super) const fn rows(&self) -> usize {
        self.table.len()
    }

    /// The weights of the row numbered `row`.
    pub(super) fn of(&self, row: u32) -> &'a Weights {
        let row = row as usize;
        &self.table[self.places.map_or(row, |places| places[row] as usize)]
    }

    /// Those of every row, ascending.
    pub(super) fn by_row(&self) -> impl Iterator<Item = &'a Weights> {
        (0..self.table.len() as u32).map(|row| self.of(row))
    }

    /// All of them, in some order.
    pub(super) const fn table(&self) -> &'a [Weights] {
        self.table
    }
}

/// Bytes of weights that all threads together may hold before blocks are drawn one after another.
const TABLES: usize = 1 << 29;

/// Blocks of resamples that a row's weights are drawn for at once; more of them no longer fit a cache.
const TOGETHER: usize = 2;

/// `sampling.resamples` values of `candidate`, or of `candidate - baseline` on the same weights.
///
/// A cluster is drawn as a whole: its rows take their weight from the cluster's name instead of their own.
pub(super) fn resample(
    purpose: &str,
    rows: &Rows<'_>,
    candidate: &dyn Weighted,
    baseline: Option<&dyn Weighted>,
    sampling: &Sampling,
) -> Result<Replicates, Undefined> {
    let key = Key::new(&sampling.seed, purpose);
    let names = rows.clusters.unwrap_or(rows.keys);
    // Two models of one task rank rows alike: what is near for the candidate is nearly so for the baseline.
    let ordered: Option<(Vec<u64>, Vec<u32>)> =
        candidate.order().filter(|order| order.len() == names.len()).map(|order| {
            let mut places = vec![0; order.len()];
            order.iter().zip(0..).for_each(|(&row, place)| places[row as usize] = place);
            (order.iter().map(|&row| names[row as usize]).collect(), places)
        });
    let (names, places) = match &ordered {
        Some((names, places)) => (names.as_slice(), Some(places.as_slice())),
        None => (names, None),
    };
    let block = |table: &[Weights]| {
        let drawn = Drawn { table, places };
        let of = |metric: &dyn Weighted| lanes(metric, rows.weights, &drawn);
        let (mut values, others) = rayon::join(|| of(candidate), || baseline.map(of));
        for (value, other) in values.iter_mut().zip(others.into_iter().flatten()) {
            *value -= other;
        }
        values
    };
    let blocks = sampling.resamples.div_ceil(LANES as u32);
    let room = TABLES / (names.len().max(1) * LANES);
    let values: Vec<[f64; LANES]> = if room >= rayon::current_num_threads() {
        let together = (room / rayon::current_num_threads()).min(TOGETHER) as u32;
        let some = |tables: &mut Vec<Vec<Weights>>, number: u32| {
            let first = number * together;
            tables.resize_with(together.min(blocks - first) as usize, || vec![[0; LANES]; names.len()]);
            for (place, &name) in names.iter().enumerate() {
                key.weights(name, first, tables.iter_mut().map(|table| &mut table[place]));
            }
            tables.iter().map(|table| block(table)).collect::<Vec<_>>()
        };
        (0..blocks.div_ceil(together)).into_par_iter().map_init(Vec::new, some).flatten_iter().collect()
    } else {
        let mut table = Vec::new();
        (0..blocks)
            .map(|number| {
                let one = |&name: &u64| {
                    let mut weights = [0; LANES];
                    key.weights(name, number, std::iter::once(&mut weights));
                    weights
                };
                names.par_iter().map(one).collect_into_vec(&mut table);
                block(&table)
            })
            .collect()
    };
    Replicates::new(values.into_iter().flatten().take(sampling.resamples as usize).collect())
}

fn lanes(metric: &dyn Weighted, own: Option<&[f64]>, drawn: &Drawn<'_>) -> [f64; LANES] {
    let mut values = [f64::NAN; LANES];
    let Some(own) = own else {
        metric.resample(drawn, &mut values);
        return values;
    };
    let mut weights = vec![0.0; own.len()];
    for (lane, value) in values.iter_mut().enumerate() {
        for ((weight, own), drawn) in weights.iter_mut().zip(own).zip(drawn.by_row()) {
            *weight = own * f64::from(drawn[lane]);
        }
        *value = metric.weighted(&weights);
    }
    values
}
