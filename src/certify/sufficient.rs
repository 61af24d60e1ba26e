//! Statistics from which bounds follow again without the rows, as a certificate's flat map of numbers.
//!
//! | method | keys |
//! |---|---|
//! | mcnemar, paired_score | `both`, `only_baseline`, `only_candidate`, `neither` |
//! | paired_t, influence | `n`, `sum`, `sum_squares`, `sum_cubes`; the last two about the mean |
//! | delong | `n_pos`, `n_neg`, `auc_a`, `auc_b`, and `s10_`, `s01_` with `aa`, `ab`, `bb`; a is the candidate |
//! | multinomial_bca, multinomial_bca_mover_wilson | `classes`, and `cell_T_A_B`: rows of label T that the candidate calls A and the baseline B |
//! | poisson_bca | `bias_correction`, `acceleration`, and `quantile_P` for each probability P |
//! | any | `standard_error`; `p`, of "not as asked" at the margin or gain, and for `not_worse_detected` of "not worse by more"; for slices of such a rule `p_holm` |
//! | any | two-sided p of no difference: `p_mcnemar_exact`, `p_mcnemar_mid`, `p_mcnemar_corrected`, `p_t`, `p_delong`, `p_wilcoxon`, `p_permutation` |
//!
//! Counts from 1 to 4, and sums over so few rows, are left out: no small group is to be read off a certificate.

use std::collections::BTreeMap;

use crate::measure::Sufficient;

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
