//! Why evidence, cases and waivers are refused.

use crate::clock::Time;
use crate::evidence::Defect;
use crate::name::{SetName, StageName, Version};
use crate::nearest::suggestion;

/// What cannot be added to what versions are judged by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificationError {
    /// A version has a set of this name from its snapshot.
    #[error("`{label}` was taken with a set `{set}` of its own, which nothing may replace")]
    OwnSet {
        /// The version.
        label: String,
        /// The set.
        set: SetName,
    },
    /// Nobody said what the columns of a table mean.
    #[error("what the columns of `{set}` mean is not known: `{model}` has no such set in the configuration")]
    NoColumns {
        /// The model.
        model: String,
        /// The set.
        set: SetName,
        /// The sets it has.
        known: Vec<String>,
    },
    /// Some columns were named, others that are needed were not.
    #[error("columns of predictions are {needed}")]
    ColumnsIncomplete {
        /// Which.
        needed: &'static str,
    },
    /// The bytes were erased from a version.
    #[error("this would store again what was of `{label}` and {why}")]
    Erased {
        /// The version.
        label: String,
        /// When, by whom and why.
        why: String,
    },
    /// No version has the evaluation set.
    #[error("no version of `{model}` has a predictions set `{set}`")]
    NoSet {
        /// The model.
        model: String,
        /// The set.
        set: SetName,
        /// The sets its newest version has.
        known: Vec<String>,
    },
    /// Several sets, none named.
    #[error("which set: `{model}` has {}", known.join(", "))]
    WhichSet {
        /// The model.
        model: String,
        /// The sets.
        known: Vec<String>,
    },
    /// No row has the key.
    #[error("`{set}` of `{label}` has no row with the key {key}")]
    NoRow {
        /// The version that was looked into.
        label: String,
        /// The set.
        set: SetName,
        /// The key.
        key: String,
    },
    /// A key is not one value for each of its columns.
    #[error("`{key}` is not a key of `{set}`: it has one value for each of {}", columns.join(", "))]
    Key {
        /// As given.
        key: String,
        /// The set.
        set: SetName,
        /// The columns.
        columns: Vec<String>,
    },
    /// A table of cases, or of evidence, that cannot be used.
    #[error(transparent)]
    Table(#[from] Defect),
    /// A file of cases that cannot be used.
    #[error("`{path}`: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// The row is a case already, on other terms.
    #[error("{key} of `{set}` is a case already: {id}, on other terms")]
    OtherTerms {
        /// The key.
        key: String,
        /// The set.
        set: SetName,
        /// Its id.
        id: String,
    },
    /// A case that never was.
    #[error("`{model}` has no case {id}")]
    NoCase {
        /// The model.
        model: String,
        /// As given.
        id: String,
    },
    /// A rule that is not in the policy.
    #[error("the policy has no rule `{rule}`{}", suggestion(nearest))]
    NoRule {
        /// As given.
        rule: String,
        /// Those there are.
        known: Vec<String>,
        /// Those like it, the likeliest first.
        nearest: Vec<String>,
    },
    /// A waiver that would never count.
    #[error("the waiver would end {}, and it is {} now", expires.for_people(), now.for_people())]
    Past {
        /// Its end.
        expires: Time,
        /// Now.
        now: Time,
    },
    /// Whoever asks may not waive.
    #[error("{who} may not waive a rule for {stage}: {why}")]
    MayNotWaive {
        /// Their address, or that it is not known.
        who: String,
        /// The stage.
        stage: StageName,
        /// Who may.
        why: String,
        /// Whether no address is known.
        unknown: bool,
    },
    /// Whoever asks made what they would excuse.
    #[error("{who} may not waive a rule of {label} for {stage}: {why}")]
    WaivesOwn {
        /// Their address.
        who: String,
        /// The version.
        label: String,
        /// The stage.
        stage: StageName,
        /// Why.
        why: String,
    },
    /// Whoever asks may not remove a case.
    #[error("{who} may not remove a case, which waives it for {stage}: {why}")]
    MayNotRemove {
        /// Their address, or that it is not known.
        who: String,
        /// The stage.
        stage: StageName,
        /// Who may.
        why: String,
        /// Whether no address is known.
        unknown: bool,
    },
    /// Whoever asks may not begin anew where something was retired: what is compared with nothing is excused from every comparison.
    #[error("{who} may not declare a first release to {stage}, whose rules are in force: {why}")]
    MayNotBegin {
        /// Their address, or that it is not known.
        who: String,
        /// The version.
        label: String,
        /// The stage.
        stage: StageName,
        /// Who may.
        why: String,
        /// Whether no address is known.
        unknown: bool,
    },
    /// A first release where something was retired is declared with a signature, where the rules in force ask for those.
    #[error(
        "the rules in force for {stage} ask for signatures, and that {label} is a first release is not signed for: {reason}"
    )]
    BeginsUnsigned {
        /// The version.
        label: String,
        /// The stage.
        stage: StageName,
        /// What is wrong.
        reason: String,
    },
    /// Cases are taken from a version that was dropped.
    #[error("`{model}@{version}` was dropped: its rows are not kept")]
    Dropped {
        /// The model.
        model: String,
        /// The version.
        version: Version,
    },
}
