//! Why somebody's word is not taken for a sign-off.

use std::path::PathBuf;

use crate::digest::Digest;
use crate::format::FormatError;
use crate::format::allowed_signers::SignerFlaw;
use crate::name::{ModelName, StageName};
use crate::signature::sshsig::SshSigError;

/// Why there is no approval, no withdrawal, no signed waiver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// The stage asks for none.
    #[error("`{stage}` of `{model}` asks for no approvals")]
    NoneAsked {
        /// The model.
        model: ModelName,
        /// The stage.
        stage: StageName,
    },
    /// It asks for approvals in other roles.
    #[error("`{stage}` of `{model}` asks for no approval in a role `{role}`")]
    NoRole {
        /// The model.
        model: ModelName,
        /// The stage.
        stage: StageName,
        /// As given.
        role: String,
        /// All there are.
        known: Vec<String>,
    },
    /// Several roles, and none named.
    #[error("in which role? `{stage}` asks for approvals in {}", known.join(", "))]
    WhichRole {
        /// The stage.
        stage: StageName,
        /// All there are.
        known: Vec<String>,
    },
    /// Whoever asks has not that role.
    #[error("{who} does not have the role {role} for {stage}")]
    NotInRole {
        /// Their address, or that they have none.
        who: String,
        /// The role.
        role: String,
        /// The stage.
        stage: StageName,
        /// Whether it is not known who they are.
        unknown: bool,
    },
    /// Nobody approves their own.
    #[error("{who} took {label}, and for {stage} nobody approves their own")]
    Own {
        /// Their address.
        who: String,
        /// The version.
        label: String,
        /// The stage.
        stage: StageName,
    },
    /// Nobody approves their own, and whose it is is not known.
    #[error("who took {label} is not known, and for {stage} nobody approves their own")]
    AuthorUnknown {
        /// The version.
        label: String,
        /// The stage.
        stage: StageName,
    },
    /// There is nothing to rely on.
    #[error("{label} has no certificate that could be relied on: {why}")]
    Uncertified {
        /// The version.
        label: String,
        /// What it has instead.
        why: String,
    },
    /// It must be signed.
    #[error("for {stage} a sign-off must be signed")]
    Unsigned {
        /// The stage.
        stage: StageName,
    },
    /// A signature is not good.
    #[error("the signature does not hold")]
    Signature {
        /// Why.
        source: SshSigError,
    },
    /// A good signature by somebody who may not.
    #[error("the key {fingerprint} does not speak for {who}")]
    NotSigner {
        /// Their address.
        who: String,
        /// The key's.
        fingerprint: String,
        /// Why.
        source: SignerFlaw,
    },
    /// A good signature that could be that of several people.
    #[error("the key {fingerprint} speaks for {}", people.join(" and for "))]
    WhichPerson {
        /// The key's.
        fingerprint: String,
        /// Their addresses.
        people: Vec<String>,
    },
    /// A good signature with a key that somebody else has used for the same.
    #[error("with the key {fingerprint} {of} has approved it already")]
    SameKey {
        /// The key's.
        fingerprint: String,
        /// Whose approval it made.
        of: String,
    },
    /// The same statement was withdrawn, or counted for rules that are not in force any more.
    #[error("{who} has signed the same before, and it was withdrawn or used")]
    Again {
        /// Their address.
        who: String,
    },
    /// The same waiver was signed before, and another took its place.
    #[error("the same waiver of `{rule}` was given before, and another replaced it")]
    Replaced {
        /// The rule.
        rule: String,
    },
    /// The rules that are named are not those the project states.
    #[error("the rules `{asked}` are not those that the project states for {stage}: these are {}", stated.map_or_else(|| "none".to_owned(), |sha256| sha256.to_string()))]
    OtherRules {
        /// As given.
        asked: String,
        /// The stage.
        stage: StageName,
        /// Those the project states.
        stated: Option<Digest>,
    },
    /// Nothing was approved by them.
    #[error("{who} has approved nothing there in the role {role}")]
    NotGiven {
        /// Their address, or that they have none.
        who: String,
        /// The role.
        role: String,
    },
    /// Rules or the certificate changed meanwhile.
    #[error("what would be approved changed meanwhile")]
    Changed,
    /// A file of signers is none.
    #[error("`{}` cannot be used as a list of signers", path.display())]
    Signers {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// Git signs with no SSH key, and none was named.
    #[error("no key is named, and git is not told to sign with an SSH key")]
    NoKey,
    /// The program that signs is not there.
    #[error("cannot run `ssh-keygen`")]
    NoProgram {
        /// The system's reason.
        source: std::io::Error,
    },
    /// The program that signs did not.
    #[error("`ssh-keygen` made no signature{}{}", if *timed_out { " in the time it was given" } else { "" }, if said.is_empty() { String::new() } else { format!(": {said}") })]
    NotMade {
        /// Its words.
        said: String,
        /// Whether it was ended.
        timed_out: bool,
    },
    /// A signal came.
    #[error("interrupted by signal {signal} before anything was signed")]
    Interrupted {
        /// Which.
        signal: i32,
    },
}
