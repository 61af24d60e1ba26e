//! Evidence and a policy in, a certificate out. Pure: no files, no clock, no environment; the same case gives the same bytes.
//!
//! [`policy`] reads what people write; [`needs()`] says which evidence that asks for; [`certify`] judges it. One rule holds
//! everywhere: nothing undefined ever passes. What is missing, not a number, mismatched or too little is INCONCLUSIVE; every
//! test for PASS and for FAIL is written so that NaN satisfies neither.
//!
//! | demand | PASS | FAIL | otherwise |
//! |---|---|---|---|
//! | non-inferior | L > −margin | U < −margin | INCONCLUSIVE |
//! | non-inferior, relative | L > −margin · baseline | U < −margin · baseline | INCONCLUSIVE; also of a baseline not above 0 |
//! | superior | L > gain | U < gain | INCONCLUSIVE |
//! | not worse detected | U ≥ −margin | U < −margin, of several slices by Holm | – |
//! | floor on a bound | the bound ≥ limit | U < limit | INCONCLUSIVE |
//! | ceiling on a bound | the bound ≤ limit | L > limit | INCONCLUSIVE |
//! | smallest ratio of the worst slice to all rows, of groups | L ≥ limit | U < limit | INCONCLUSIVE |
//! | largest drop, two numbers | drop ≤ limit | drop > limit | – |
//! | largest drop, two lists | L ≥ −limit | U < −limit | INCONCLUSIVE |
//! | largest ratio | U ≤ limit | L > limit | INCONCLUSIVE |
//! | smallest ratio | L ≥ limit | U < limit | INCONCLUSIVE |
//!
//! | largest drift of a column | all ≤ limit | one > limit, more than chance by Benjamini-Hochberg | INCONCLUSIVE |
//!
//! L and U are one-sided bounds of the difference, its sign turned so that more is better; a certificate records them unturned,
//! as candidate minus baseline. Scores and values that are the same number for number, with at least 10 different ones among them,
//! differ by exactly nothing: they are non-inferior even at margin 0, and never superior. Classes and answers that agree on every row
//! are rows of which none was seen to differ, which bounds how many there are.
//!
//! Three things come from the journal. Regression [cases](CASES) are an implicit rule that always blocks; an evaluation set that
//! has judged more candidates than it may is [another](HOLDOUT), if the policy says so; a waiver turns what a rule does not pass into
//! WAIVED, never into PASS.
//!
//! Tour: `judge` goes through the rules; `metric_rule` (with `remarked`, over `rows_rule`, `rows`, `slices`, `measured`, `holm`; `gap_rule`, `odds_rule`,
//! `worst_rule` and `ratchet` for what takes several slices or versions), `flips_rule`, `reported_rule`, `quantile_rule`,
//! `provenance_rule`, of what this program ran itself `runs_rule`, `parity_rule` and `command_rule`, and on [`Facts`] `drift_rule`
//! (over `columns`), `shift_rule`, `data_rule`, `surrounding_rule` and `report_rule` measure, many by what is `counted`; `rightness`
//! says when a row is right; `limit` and `decision` decide; `waivers` excuses what was `waived`, where `effect` tells worse from
//! better; `outcome`, `sufficient` and `wording` write it down.
//!
//! Beside the certificate: `rows_named` (over `row_losses`) and `flip_summary` say which rows are behind it, `lint` what is odd about the
//! rules, `explain` (over `needed`, `equal_model`,
//! `equal_evidence`) what each of them does here. `side_by_side` has the same numbers
//! for two models that nobody judges, and how far their training data is apart.

mod case;
mod columns;
mod command_rule;
mod counted;
mod data_rule;
mod decision;
mod distributions;
mod drift_rule;
mod effect;
mod equal_evidence;
mod equal_model;
mod error;
mod explain;
mod facts;
mod flip_summary;
mod flips_rule;
mod gap_rule;
mod holdout;
mod holm;
mod judge;
mod limit;
mod lint;
mod measured;
mod metric_rule;
mod needed;
mod needs;
mod odds_rule;
mod outcome;
mod parity_rule;
mod parts;
pub mod policy;
mod provenance_rule;
mod quantile_rule;
mod ratchet;
pub mod recheck;
mod regression_cases;
mod remarked;
mod report_rule;
mod reported_rule;
mod rightness;
mod row_losses;
mod rows;
mod rows_named;
mod rows_rule;
mod runs_rule;
mod shift_rule;
mod side_by_side;
mod slices;
mod spec;
mod sufficient;
mod surrounding_rule;
mod waived;
mod waivers;
pub(crate) mod wording;
mod worst_rule;

pub use case::{Case, CaseRows, History, Lacking, PastRows, Samples, of_another};
pub use columns::rows_wanted;
pub use error::CertifyError;
pub use explain::{EqualModels, ExplainedRule, Explanation, explain};
pub use facts::{Facts, Leak, VersionFacts, profiled};
pub use flip_summary::{FlipSummary, SliceFlips, flip_summaries};
pub use judge::{STATISTICS, certify, is_telling, overall, says_the_same};
pub use limit::limit_of_difference;
pub use lint::{Warning, lint};
pub use needs::{Needs, needs};
pub use rows_named::{NamedRow, NamedRows, named_rows};
pub use runs_rule::half_width;
pub use side_by_side::{
    ChangedAnswers, ColumnDrift, ComparedMetric, DataDrift, Interval, NumbersChanged, Shape, SidesChanged, SliceChange,
    SliceValues, SlicedColumn, SlicedMetric, Terms, What, changed_answers, compared_metrics, data_drift, sliced_metric,
};
pub use waived::Waived;

/// The rule that all regression cases are judged by: no file names it.
pub const CASES: &str = "cases";
/// The rule of a set that is used up: no file names it.
pub const HOLDOUT: &str = "holdout";
/// Before the number of a case that was wrong, among what a result rests on: `wrong_c17`.
const WRONG: &str = "wrong_";
/// The same of one of which nobody can tell.
const UNKNOWN: &str = "unknown_";
/// What a waiver names that excuses a version from being compared, where something was released before: no rule is called so.
pub const FIRST_RELEASE: &str = "first-release";
