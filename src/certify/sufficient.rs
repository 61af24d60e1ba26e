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
//! | satterthwaite_t, satterthwaite_logit | `freedom`, beside `standard_error` |
//! | order_statistics, of two samples | `p_mann_whitney`, `larger` (the chance that a sample of the candidate's is the larger one), `shift` (Hodges and Lehmann's) with `shift_lower` and `shift_upper`: nothing follows from them |
//! | order_statistics | `candidate_n` and `candidate_K`, the value of rank K; the same of the baseline |
//! | log_t, hodges_lehmann | `candidate_run_K`, the number of the K-th timed run, from 1; the same of the baseline |
//! | any | `standard_error`; `p`, of "not as asked" at the margin or gain, and for `not_worse_detected` of "not worse by more"; for slices of such a rule `p_holm` |
//! | any | two-sided p of no difference: `p_mcnemar_exact`, `p_mcnemar_mid`, `p_mcnemar_corrected`, `p_t`, `p_delong`, `p_wilcoxon`, `p_permutation` |
//!
//! Counts from 1 to 4, and sums over so few rows, are left out: no small group is to be read off a certificate. The other counts
//! of such a table go with them, for n, the two values and all counts but one give that one; and of slices that make up a whole the
//! smallest other table goes, too, for the whole less the rest is a slice. The bounds of such a result cannot be derived again; its
//! verdict can, by the bounds, which stay. They stay as they are: whoever tries every table that has these values and bounds may find
//! the one that it was. Rounding them would judge by other numbers than those that were measured.

use std::collections::BTreeMap;

use crate::measure::{Cell, MOST_RECORDED, Method, Ordered, Quantile, Sufficient};

/// Smaller groups are not counted in public.
pub(super) const SMALLEST_CELL: u64 = 5;
/// Stands where a table was left out.
const SUPPRESSED: &str = "suppressed";
/// Rows by which of two models is right.
const DISCORDANT: [&str; 4] = ["both", "only_baseline", "only_candidate", "neither"];
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
            let counts = [both, only_baseline, only_candidate, neither];
            if counts.iter().all(|count| is_public(**count)) {
                for (key, count) in DISCORDANT.into_iter().zip(counts) {
                    map.number(key, *count as f64);
                }
            } else {
                map.number(SUPPRESSED, 1.0);
            }
        }
        Sufficient::Moments { n, sum, sum_squares, sum_cubes } if *n >= SMALLEST_CELL => {
            map.number("n", *n as f64);
            map.number("sum", *sum);
            map.number("sum_squares", *sum_squares);
            map.number("sum_cubes", *sum_cubes);
        }
        Sufficient::Components { n_pos, n_neg, .. } | Sufficient::Component { n_pos, n_neg, .. }
            if ![n_pos, n_neg].into_iter().all(|count| is_public(*count)) =>
        {
            map.number(SUPPRESSED, 1.0);
        }
        Sufficient::Components { n_pos, n_neg, auc_a, auc_b, s10, s01 } => {
            map.number("n_pos", *n_pos as f64);
            map.number("n_neg", *n_neg as f64);
            map.number("auc_a", *auc_a);
            map.number("auc_b", *auc_b);
            for (name, triple) in [("s10", s10), ("s01", s01)] {
                for (pair, value) in ["aa", "ab", "bb"].into_iter().zip(triple) {
                    map.number(&format!("{name}_{pair}"), *value);
                }
            }
        }
        Sufficient::Component { n_pos, n_neg, auc, s10, s01 } => {
            map.number("n_pos", *n_pos as f64);
            map.number("n_neg", *n_neg as f64);
            map.number("auc_a", *auc);
            map.number("s10_aa", *s10);
            map.number("s01_aa", *s01);
        }
        Sufficient::Cells { classes, cells } => {
            map.number("classes", f64::from(*classes));
            if !cells.iter().all(|cell| is_public(cell.count)) {
                map.number(SUPPRESSED, 1.0);
            } else if cells.len() <= MOST_CELLS {
                map.number("cells", cells.len() as f64);
                for cell in cells {
                    map.number(&format!("cell_{}_{}_{}", cell.truth, cell.candidate, cell.baseline), cell.count as f64);
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
        Sufficient::Runs { candidate, baseline } => {
            for (role, runs) in [("candidate", candidate), ("baseline", baseline)] {
                for (number, value) in (1..).zip(runs) {
                    let number: u32 = number;
                    map.number(&format!("{role}_run_{number}"), *value);
                }
            }
        }
        Sufficient::Student { freedom } => map.number("freedom", *freedom),
        Sufficient::Moments { .. } => map.number(SUPPRESSED, 1.0),
        Sufficient::None => {}
    }
    map.0
}

/// Of tables that make up a whole, each with its rows: where just one is left out, the smallest other goes, too. `left_out`: so is
/// one that is not among them.
pub(super) fn shield<'a>(tables: impl Iterator<Item = (u64, &'a mut BTreeMap<String, f64>)>, left_out: bool) {
    const OF_TABLE: [&str; 4] = ["both", "n_pos", "sum", "cells"];
    let tables: Vec<(u64, &mut BTreeMap<String, f64>)> = tables.collect();
    let hidden = tables.iter().filter(|(_, table)| table.contains_key(SUPPRESSED)).count();
    if hidden + usize::from(left_out) != 1 {
        return;
    }
    let shown = tables.into_iter().filter(|(_, table)| OF_TABLE.iter().any(|key| table.contains_key(*key)));
    let Some((_, table)) = shown.min_by_key(|(rows, _)| *rows) else { return };
    // The tests that nothing is decided by go with what they were made from; what a verdict follows from stays.
    let stays = |key: &str| ["standard_error", "p", "p_holm", "effective"].contains(&key) || key.starts_with("label_");
    table.retain(|key, _| stays(key));
    table.insert(SUPPRESSED.to_owned(), 1.0);
}

/// As [`flat`], of numbers that are no rows: a trainer's folds or runs are nobody's secret, however few.
pub(super) fn of_numbers(sufficient: &Sufficient, standard_error: Option<f64>) -> BTreeMap<String, f64> {
    let mut map = flat(sufficient, standard_error);
    map.remove(SUPPRESSED);
    if let Sufficient::Moments { n, sum, sum_squares, sum_cubes } = *sufficient {
        let numbers = [("n", n as f64), ("sum", sum), ("sum_squares", sum_squares), ("sum_cubes", sum_cubes)];
        let finite = numbers.into_iter().filter(|(_, number)| number.is_finite());
        map.extend(finite.map(|(key, number)| (key.to_owned(), number)));
    }
    map
}

struct Map(BTreeMap<String, f64>);

impl Map {
    /// JSON has no other numbers.
    fn number(&mut self, key: &str, value: f64) {
        if value.is_finite() {
            self.0.insert(key.to_owned(), value);
        }
    }
}

/// Whether a count may be read off a certificate.
pub(super) const fn is_public(count: u64) -> bool {
    count == 0 || count >= SMALLEST_CELL
}

/// Whether everything the method's bounds follow from is recorded, sound or not: what cannot be read then is a contradiction, not
/// left out.
pub(super) fn is_whole(method: Method, map: &BTreeMap<String, f64>) -> bool {
    let keys: &[&str] = match method {
        Method::McNemar | Method::PairedScore => &DISCORDANT,
        Method::PairedT | Method::StudentT | Method::Influence => &["n", "sum", "sum_squares", "sum_cubes"],
        Method::DeLong | Method::ExactPairs | Method::DeLongLogit => &["n_pos", "n_neg", "auc_a", "s10_aa", "s01_aa"],
        Method::Wilson | Method::MoverWilson | Method::Multinomial | Method::MultinomialMover => &["classes", "cells"],
        Method::OrderStatistics => &["candidate_n"],
        _ => return false,
    };
    !map.contains_key(SUPPRESSED) && keys.iter().all(|key| map.contains_key(*key))
}

/// Why a certificate may lack the statistics of `method`; none where it has to have them.
pub(super) fn left_out(method: Method, map: &BTreeMap<String, f64>, n: u64) -> Option<&'static str> {
    if map.contains_key(SUPPRESSED) {
        return Some("suppressed: a count below 5 is not recorded");
    }
    let none_of = |key: &str| !map.keys().any(|known| known.contains(key));
    match method {
        Method::Wilson | Method::MoverWilson | Method::Multinomial | Method::MultinomialMover => {
            let classes = map.get("classes").copied().unwrap_or_default();
            let too_large = classes.powi(3) > MOST_CELLS as f64 && none_of("cell");
            too_large.then_some("a table too large to be recorded")
        }
        Method::OrderStatistics => none_of("_n").then_some("too many order statistics to be recorded"),
        Method::LogT | Method::HodgesLehmann => {
            let too_many = n > MOST_RECORDED as u64 && none_of("_run_");
            too_many.then_some("too many runs to be recorded")
        }
        Method::PairwiseMover | Method::PairwiseNormal => Some("of several groups at once nothing is recorded"),
        _ => None,
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
        Method::Satterthwaite | Method::SatterthwaiteLogit => Some(Sufficient::Student { freedom: number("freedom")? }),
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
            if number("cells").is_some_and(|known| known != cells.len() as f64) {
                return None;
            }
            let rows = cells.iter().try_fold(0_u64, |rows, cell| rows.checked_add(cell.count))?;
            let classes = u32::try_from(count("classes")?).ok()?;
            (rows == n).then_some(Sufficient::Cells { classes, cells })
        }
        Method::OrderStatistics => {
            Some(Sufficient::Ordered { candidate: ordered(map, "candidate")?, baseline: ordered(map, "baseline") })
        }
        Method::LogT | Method::HodgesLehmann => {
            let (candidate, baseline) = (runs(map, "candidate", n)?, runs(map, "baseline", n)?);
            let whole = !candidate.is_empty() && [0, candidate.len()].contains(&baseline.len());
            whole.then_some(Sufficient::Runs { candidate, baseline })
        }
        Method::BcaPoisson | Method::PairwiseMover | Method::PairwiseNormal => None,
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

/// `n` runs of one model in their order, or none at all.
fn runs(map: &BTreeMap<String, f64>, role: &str, n: u64) -> Option<Vec<f64>> {
    let number = |key: &String| key.strip_prefix(role)?.strip_prefix("_run_")?.parse::<u64>().ok();
    let mut found: Vec<(u64, f64)> = map.iter().filter_map(|(key, value)| Some((number(key)?, *value))).collect();
    found.sort_by_key(|(number, _)| *number);
    let all = found.len() as u64 == n && found.iter().zip(1..).all(|((number, _), place)| *number == place);
    (all || found.is_empty()).then(|| found.into_iter().map(|(_, value)| value).collect())
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
