//! Certificates as pages: Markdown for people in pull requests, JUnit for CI systems, SARIF for code scanning; a comparison as
//! Markdown; a version with its whole life as a page of HTML, alone or in a bundle, with charts, and as a model card. Pure text.
//!
//! Names, columns and values in a certificate come from whoever made the model: nothing of them may become markup, a mention
//! or a link.

pub mod case;
pub mod chart;
pub mod diff;
mod escape;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod report;
pub mod sarif;

use std::collections::BTreeMap;

use crate::certify::{FlipSummary, NamedRows};

/// What a certificate does not say of itself, for its page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// What people call the candidate: `fraud@v8`.
    pub candidate: String,
    /// What they call the baseline; none where there is none.
    pub baseline: Option<String>,
    /// The certificate's id.
    pub certificate: Option<String>,
    /// Why it promotes nothing, whatever its verdict.
    pub not_certified: Option<String>,
    /// Until when it counts, as text.
    pub expires: Option<String>,
    /// The policy file, relative to the project; none where the rules came from the store.
    pub policy: Option<String>,
    /// The line of each rule in it.
    pub lines: BTreeMap<String, usize>,
    /// The largest failures by each rule.
    pub rows: Vec<NamedRows>,
    /// How many rows changed sides.
    pub flips: Vec<FlipSummary>,
}
