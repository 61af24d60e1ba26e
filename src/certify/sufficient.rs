//! Statistics from which bounds follow again without the rows, as a certificate's flat map of numbers, and back.
//!
//! | method | keys |
//! |---|---|
//! | mcnemar, paired_score | `both`, `only_baseline`, `only_candidate`, `neither` |
//! | paired_t, none_differ, student_t, influence | `n`, `sum`, `sum_squares`, `sum_cubes`; the last two about the mean |
//! | delong | `n_pos`, `n_neg`, `auc_a`, `auc_b`, and `s10_`, `s01_` with `aa`, `ab`, `bb`; a is the candidate |
//! | delong_logit | `n_pos`, `n_neg`, `auc_a`, `s10_aa`, `s01_aa` |
//! | wilson, mover_wilson, multinomial_bca, multinomial_bca_mover_wilson | `classes`, and `cell_T_A_B`: rows of label T that the candidate calls A and the baseline B; of one model A and B are its own |
//! | poisson_bca, multinomial_bca of large tables | `bias_correction`, `acceleration`, and `quantile_P` for each probability P |
//! | order_statistics | `candidate_n` and `candidate_K`, the value of rank K; the same of the baseline |
//! | any | `standard_error`; `p`, of "not as asked" at the margin or gain, and for `not_worse_detected` of "not worse by more"; for slices of such a rule `p_holm` |
//! | any | two-sided p of no difference: `p_mcnemar_exact`, `p_mcnemar_mid`, `p_mcnemar_corrected`, `p_t`, `p_delong`, `p_wilcoxon`, `p_permutation` |
//!
//! Counts from 1 to 4, and sums over so few rows, are left out: no small group is to be read off a certificate. What rests on
//! them cannot be derived again.

use std::collections::BTreeMap;

use crate::measure::{Cell, Method, Ordered, Quantile, Sufficient};

/// Smaller groups are not counted in public.
pub(super) const SMALLEST_CELL: u64 = 5;
/// A table of more cells says more than a certificate should.
const MOST_CELLS: usize = 4096;

/// The statistics as a map.
pub(super) fn flat(sufficient: &Sufficient, standard_error: Option<f64>) -> BTreeMap<String, f64> {
    let mut map = Map(BTreeMap::new());
    if let Some(error) = standard_error {
        map.number("standard_error", error);
    }
    match sufficient {
        Sufficient::Discordant { both, only_baseline, only_candidate, neither } => {
            map.count("both", *both);
            map.count("only_baseline", *only_baseline);
            map.count("only_candidate", *only_candidate);
            map.count("neither", *neither);
        }
        Sufficient::Moments { n, sum, sum_squares, sum_cubes } if *n >= SMALLEST_CELL => {
            map.number("n", *n as f64);
            map.number("sum", *sum);
            map.number("sum_squares", *sum_squares);
            map.number("sum_cubes", *sum_cubes);
        }
        Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 } => {
            map.count("n_pos", *n_pos);
            map.count("n_neg", *n_neg);
            map.number("auc_a", *auc_a);
            map.number("auc_b", *auc_b);
            for (name, triple) in [("s10", s10), ("s01", s01)] {
                for (pair, value) in ["aa", "ab", "bb"].into_iter().zip(triple) {
                    map.number(&format!("{name}_{pair}"), *value);
                }
            }
        }
        Sufficient::Component { n_pos, n_neg, auc, s10, s01 } => {
            map.count("n_pos", *n_pos);
            map.count("n_neg", *n_neg);
            map.number("auc_a", *auc);
            map.number("s10_aa", *s10);
            map.number("s01_aa", *s01);
        }
        Sufficient::Cells { classes, cells } => {
            map.number("classes", f64::from(*classes));
            if cells.len() <= MOST_CELLS {
                for cell in cells {
                    map.count(&format!("cell_{}_{}_{}", cell.truth, cell.candidate, cell.baseline), cell.count);
                }
            }
        }
        Sufficient::Resampled { bias_correction, acceleration, quantiles } => {
            map.number("bias_correction", *bias_correction);
            map.number("acceleration", *acceleration);
            for quantile in quantiles {
                map.number(&format!("quantile_{}", quantile.probability), quantile.value);
            }
        }
        Sufficient::Ordered { candidate, baseline } => {
            for (role, ordered) in [("candidate", Some(candidate)), ("baseline", baseline.as_ref())] {
                let Some(ordered) = ordered else { continue };
                map.number(&format!("{role}_n"), ordered.n as f64);
                for (rank, value) in &ordered.ranks {
                    map.number(&format!("{role}_{rank}"), *value);
                }
            }
        }
        Sufficient::Moments { .. } | Sufficient::None => {}
    }
    map.0
}

struct Map(BTreeMap<String, f64>);

impl Map {
    /// JSON has no other numbers.
    fn number(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn count(&mut self, key: &str, value: u64) {
        if value == 0 || value >= SMALLEST_CELL {
            self.number(key, value as f64);
        }
    }
}

/// The statistics that a certificate recorded for `method`, over `n` rows; none where some were left out.
pub(super) fn read(method: Method, map: &BTreeMap<String, f64>, n: u64) -> Option<Sufficient> {
    let number = |key: &str| map.get(key).copied();
    let count = |key: &str| number(key).and_then(whole);
    let triple = |name: &str| {
        let of = |pair: &str| number(&format!("{name}_{pair}"));
        Some([of("aa")?, of("ab")?, of("bb")?])
    };
    if map.contains_key("bias_correction") {
        return Some(Sufficient::Resampled {
            bias_correction: number("bias_correction")?,
            acceleration: number("acceleration")?,
            quantiles: quantiles(map),
        });
    }
    match method {
        Method::Exact => Some(Sufficient::None),
        Method::McNemar | Method::PairedScore => Some(Sufficient::Discordant {
            both: count("both")?,
            only_baseline: count("only_baseline")?,
            only_candidate: count("only_candidate")?,
            neither: count("neither")?,
        }),
        Method::PairedT | Method::NoneDiffer | Method::StudentT | Method::Influence => Some(Sufficient::Moments {
            n: count("n")?,
            sum: number("sum")?,
            sum_squares: number("sum_squares")?,
            sum_cubes: number("sum_cubes")?,
        }),
        Method::DeLong | Method::ExactPairs | Method::DeLongLogit if map.contains_key("auc_b") => {
            Some(Sufficient::Components {
                n_pos: count("n_pos")?,
                n_neg: count("n_neg")?,
                auc_a: number("auc_a")?,
                auc_b: number("auc_b")?,
                s10: triple("s10")?,
                s01: triple("s01")?,
            })
        }
        Method::DeLong | Method::ExactPairs | Method::DeLongLogit => Some(Sufficient::Component {
            n_pos: count("n_pos")?,
            n_neg: count("n_neg")?,
            auc: number("auc_a")?,
            s10: number("s10_aa")?,
            s01: number("s01_aa")?,
        }),
        Method::Wilson | Method::MoverWilson | Method::Multinomial | Method::MultinomialMover => {
            let cells = cells(map)?;
            let rows = cells.iter().try_fold(0_u64, |rows, cell| rows.checked_add(cell.count))?;
            let classes = u32::try_from(count("classes")?).ok()?;
            (rows == n).then_some(Sufficient::Cells { classes, cells })
        }
        Method::OrderStatistics => {
            Some(Sufficient::Ordered { candidate: ordered(map, "candidate")?, baseline: ordered(map, "baseline") })
        }
        Method::BcaPoisson | Method::PairwiseMover | Method::PairwiseNormal | Method::LogT => None,
    }
}

/// A count that an f64 holds exactly.
fn whole(value: f64) -> Option<u64> {
    ((0.0..9e15).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

fn cells(map: &BTreeMap<String, f64>) -> Option<Vec<Cell>> {
    let cell = |(key, value): (&String, &f64)| {
        let mut parts = key.strip_prefix("cell_")?.split('_').map(|part| part.parse::<u32>().ok());
        let (truth, candidate, baseline) = (parts.next()??, parts.next()??, parts.next()??);
        Some(Cell { truth, candidate, baseline, count: whole(*value)? })
    };
    let found = map.iter().filter(|(key, _)| key.starts_with("cell_"));
    // The order in which they are resampled does not depend on how keys sort as text.
    let mut cells = found.map(cell).collect::<Option<Vec<Cell>>>()?;
    cells.sort_unstable();
    Some(cells)
}

fn quantiles(map: &BTreeMap<String, f64>) -> Vec<Quantile> {
    let read = |(key, value): (&String, &f64)| {
        let probability = key.strip_prefix("quantile_")?.parse().ok()?;
        Some(Quantile { probability, value: *value })
    };
    let mut quantiles: Vec<Quantile> = map.iter().filter_map(read).collect();
    quantiles.sort_by(|a, b| a.probability.total_cmp(&b.probability));
    quantiles
}

fn ordered(map: &BTreeMap<String, f64>, role: &str) -> Option<Ordered> {
    let n = map.get(&format!("{role}_n")).copied().and_then(whole)?;
    let rank = |(key, value): (&String, &f64)| {
        let rank = key.strip_prefix(role)?.strip_prefix('_')?.parse().ok()?;
        Some((rank, *value))
    };
    let mut ranks: Vec<(u64, f64)> = map.iter().filter_map(rank).collect();
    ranks.sort_by_key(|(rank, _)| *rank);
    Some(Ordered { n, ranks })
}
