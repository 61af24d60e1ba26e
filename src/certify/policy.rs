//! The policy: read as people write it, checked, and resolved to the record it is judged by.
//!
//! | key | goes with |
//! |---|---|
//! | `set` | a metric computed from rows, a command |
//! | `where`, `each` | a metric computed from rows |
//! | `threshold` | a metric that counts predicted classes, of a binary task |
//! | `metric = { name = …, … }` | what the metric can be told: see below |
//! | `gap`, `worst` | a metric computed from rows: how far its values in the slices are apart, and the worst of them |
//! | `min_rows` | `each`, `gap`, `worst`; 100 unless said |
//! | `prove` (`margin` or `margin_rel`, `gain`) | a metric computed from rows |
//! | `ratchet` | `prove`: against the best version that was ever in the stage |
//! | `against` | `prove`: `"constant"` compares with a model that says the same of every row, instead of the baseline |
//! | `max_drop` | a reported number, a command's |
//! | `max_ratio` | a quantile of samples; latency, throughput, memory, size as measured |
//! | `min_ratio` | `worst`: the smallest ratio to the value on all rows; `gap`: the smallest group's to the largest's; latency, throughput, memory, size as measured |
//! | `evidence` | what a run of the model can show, not data, surroundings, reports, provenance: `measured` insists that this program made it |
//! | `min` (`on`) | a metric, a reported number, a quantile, a command's, what is measured; without `on`: the number of rows |
//! | `max` (`on`) | anything; what is counted has no `on`, and 0 where nothing is said |
//!
//! | `metric = …` | measures |
//! |---|---|
//! | `"roc_auc"` | a metric of the rows of a predictions set |
//! | `{ reported = "valid.auc", better = "higher" }` | a number the trainer wrote down |
//! | `{ quantile = 0.99, of = "latency" }` | a quantile of samples |
//! | `{ measured = "size" }` | bytes of the model's files, known without running it; `latency` (`quantile`), `throughput`, `peak_memory`, `exit_status` are seen while it runs |
//! | `{ name = "negative_flip_rate", match = "contains" }`, `{ must_not_flip = […], match = … }` | of answers in words, when one is right: `exact` (unless said), `contains`, `numeric`, with what that metric can be told |
//! | `{ check = "uncommitted_code" }` | what the provenance lacks, counted |
//! | `{ drift = "psi", of = "train" }` | the distance of the column that is furthest from the baseline's: `psi`, `js` (base 2), `chi2` (Cramér's V), `chi2_corrected` (without its bias), `ks`, `wasserstein` (in standard deviations). A distance above `max` fails if it is more than chance after Benjamini-Hochberg over the columns, else it is inconclusive. `columns = ["age"]`: only these |
//! | `{ drift = "psi", of = "train", above = 0.2 }` | the share of columns that are further away than `above`, and not by chance |
//! | `{ drift = …, approximate = true }` | accepts an estimate from the profile's deciles where rows are not kept |
//! | `{ shift = "psi" }` | how far the scores (values, classes) of a predictions set are from the baseline's: `psi`, `js`, `ks`, `wasserstein`, `moved` (share of rows that moved by more than `by`, 0.1), `positive_rate` |
//! | `{ data = "null_share", of = "train", column = "age" }` | the share of missing cells (null, NaN) of the column, or of the worst |
//! | `{ data = "rows", of = "train" }` | rows; with `last = 10` the distance to the median of so many earlier tables in robust standard deviations (1.4826 · MAD), 3 unless said |
//! | `{ data = "schema", of = "train" }` | columns of the baseline's that are missing or of another type, counted; new ones are remarked |
//! | `{ data = "range", of = "train", column = "age", low = 0, high = 120 }` | limits that are not kept, counted |
//! | `{ data = "categories", of = "train", column = "country" }` | categories of the baseline's that are missing, counted, new ones are remarked; with `allowed = [ … ]` those that are none of these |
//! | `{ data = "unique", of = "train", key = ["id"] }` | rows that repeat a key, counted |
//! | `{ data = "freshness", of = "train", column = "day" }` | days from the newest value to the snapshot |
//! | `{ leakage = "test", of = "train" }` | evaluation rows that were trained on, counted: by the key of the predictions set `test`, by `key = [ … ]`, or whole rows where `test` is data |
//! | `{ environment = "packages" }` | differences to the baseline's, counted: `packages` (`only = ["numpy"]`), `python`, `hardware`, `signature` of inputs and outputs |
//! | `{ report = "quality" }` | checks that failed in a report of Great Expectations, Soda or pandera, counted; `count = "warned"` counts warnings, too; `require = ["…"]` names checks that must have been made |
//!
//! `metric = "equalized_odds"` with `gap` and `max` is the larger of the gaps of `recall` and `fpr`; demographic parity is the `gap` of
//! `positive_rate`.
//!
//! `each`, `where`, `gap` and `worst` name columns of the set, or `(label)`: the class a row really has.
//!
//! | metric | parameters |
//! |---|---|
//! | `precision`, `recall`, `f1`, `jaccard`; `fbeta` | `average` (`macro`, `micro`, `weighted`, `none`), `labels`; `beta` |
//! | `balanced_accuracy`; `kappa` | `adjusted`; `weights` (`linear`, `quadratic`) |
//! | `roc_auc` | `max_fpr`; of several classes `multi_class` (`ovr`, `ovo`) and `average` |
//! | `average_precision` | of several classes `average` |
//! | `recall_at_precision`; `precision_at_k`, `top_k_accuracy`; `lift`, `gain` | `precision`; `k`; `share` |
//! | `brier`; `ece` | `scale_by_half`; `bins` |
//! | `tweedie_deviance`, `d2_tweedie`; `pinball`, `d2_pinball` | `power`; `alpha` |
//! | `ndcg`, `dcg`; `map`, `mrr`, `hit_rate` | `k`, `gain` (`linear`, `exp`), `empty` (`zero`, `one`, `skip`); `k`, `empty` |
//! | `exact_match`, `contains`; `numeric_match` | `ignore_case`, `ignore_punctuation`, `ignore_numbers`, `regexes_to_ignore`; `tolerance`, `relative` |
//! | `pass_at_k`, `pass_hat_k` (attempts at the problems that the column `group` names) | `k`, and what `exact_match` takes |
//!
//! `{ mean = "column", better = … }`, `{ ratio = ["over", "under"], better = … }` and `{ quantile = 0.95, column = …, better = … }`
//! measure columns of numbers beside the predictions. scikit-learn's names (`roc_auc_score`, `neg_log_loss`) are understood and
//! recorded as ours; a negated one goes with no `min` or `max`.
//!
//! `[stats]` holds `confidence`, `power`, `resamples` and `method`: `"auto"`, or `"bootstrap"` to resample every interval.
//!
//! `[evidence]` holds `min_coverage`: the share of the larger set's rows that must be in both models' predictions, 1.0 unless said. What
//! is in one only is judged by nobody; how many rows that are stands in the certificate.
//!
//! `[holdout]` says how often an evaluation set may be used to choose: `max_uses` (20), `adaptive` (`"none"`, or `"bonferroni"`: each
//! bound on rows at 1 − α / `max_uses`, wherever that makes a rule harder to pass), `on_exhausted` (`"warn"` or `"fail"`).
//!
//! Few rows prove little, and below some number nothing: resampled bounds (of RMSE, R², AP, ECE and the like) need 50 rows, those of
//! one AUC 30 rows of either class, of two AUCs 20, a quantile of timed calls 10 calls on either side of it. With fewer a rule is
//! INCONCLUSIVE and names the number. Models that agree on all of n rows are taken to differ on at most 1 − α^(1/n) of all rows,
//! 3/n at 95 %.
//!
//! A rule asks exactly one thing. `margin` alone means `prove = "non_inferior"`. `min` is held against the lower bound and
//! `max` against the upper one unless `on` says otherwise, whichever direction is better: what must be shown is that the
//! limit is kept.

mod columns;
mod data;
mod demand;
mod error;
mod flips;
mod keys;
mod measure;
mod measured;
pub(in crate::certify) mod parameters;
mod refuse;
mod resolve;
mod rows;

pub use error::PolicyError;
pub use resolve::resolve;
pub(in crate::certify) use resolve::{CONFIDENCE, RESAMPLES};

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::format::policy::{FORMAT, KeysFile, MetricFile, PolicyFile, PolicyRecord};
use crate::format::{FormatError, canonical};

/// Reads a policy file.
///
/// # Errors
/// What is not TOML, a key nobody knows, or a value of the wrong kind; each with its line.
pub fn parse(text: &str) -> Result<PolicyFile, PolicyError> {
    keys::check(text)?;
    toml::from_str(text).map_err(|error| keys::malformed(text, &error))
}

/// The lists of rows that a policy keeps in tables beside it, with the rules they belong to: to be read and put in their place.
pub fn listed(file: &mut PolicyFile) -> impl Iterator<Item = (&str, &mut KeysFile)> {
    file.rule.iter_mut().filter_map(|rule| match &mut rule.metric {
        MetricFile::MustNotFlip(listed) if matches!(listed.must_not_flip, KeysFile::Table(_)) => {
            Some((rule.id.as_str(), &mut listed.must_not_flip))
        }
        _ => None,
    })
}

/// The line of each rule in a policy file, by its id.
pub fn lines(text: &str) -> BTreeMap<String, usize> {
    keys::lines(text)
}

/// A resolved policy's bytes and their SHA-256: two policies are the same rules when these are the same.
///
/// # Errors
/// Only on a defect in the record's definition.
pub fn digest(record: &PolicyRecord) -> Result<(Vec<u8>, Digest), FormatError> {
    let bytes = canonical::encode(FORMAT, record)?;
    let digest = Digest::of(&bytes);
    Ok((bytes, digest))
}
