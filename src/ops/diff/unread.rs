//! What cannot be compared because an input of the workspace cannot be read: left out, and told.

use super::Looked;
use crate::compare::tensors::TensorDiff;
use crate::compare::{Diff, Section, Sections};

/// An input that one side's files do not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The section it belongs to.
    pub section: Section,
    /// Which: `metrics`, `predictions.test`, `data.train`.
    pub input: String,
    /// Why.
    pub reason: String,
}

/// Takes out of `diff` what would be said to be gone, although nobody could read it; returns what is to be told of these sections.
pub(super) fn leave_out(diff: &mut Diff, sides: [&Looked; 2], sections: &Sections) -> Vec<Unread> {
    let mut told: Vec<Unread> = Vec::new();
    for (input, reason) in sides.into_iter().flat_map(|side| &side.unread) {
        let section = section_of(input);
        let name = input.split_once('.').map_or("", |(_, name)| name);
        match section {
            Section::Files => {
                diff.files.clear();
                diff.tensors = TensorDiff::default();
            }
            // Seeds may stand among the parameters.
            Section::Params => {
                diff.params.clear();
                diff.seeds.clear();
            }
            Section::Metrics => {
                diff.metrics.clear();
                diff.directions.clear();
            }
            Section::Predictions => {
                diff.predictions.retain(|known| known.set.as_str() != name);
                diff.measured.retain(|known| known.set.as_str() != name);
            }
            Section::Data => {
                diff.data.retain(|known| known.name != name);
                diff.tables.remove(name);
            }
            Section::Environment => {
                diff.environment.clear();
                diff.interpreters = None;
            }
            Section::Notes => diff.notes = None,
            _ if input == "results" => {
                diff.of_results.files = None;
                diff.of_results.inside.clear();
                diff.of_results.elsewhere.clear();
            }
            _ => diff.of_results.samples.retain(|known| input.as_str() != format!("samples.{}", known.set)),
        }
        diff.results.retain(|known| known.name != *input);
        let own = Unread { section, input: input.clone(), reason: reason.clone() };
        if is_asked(section, sections) && !told.contains(&own) {
            told.push(own);
        }
    }
    told
}

/// Where an input is compared.
fn section_of(input: &str) -> Section {
    match input.split('.').next() {
        Some("files") => Section::Files,
        Some("params") => Section::Params,
        Some("metrics") => Section::Metrics,
        Some("predictions") => Section::Predictions,
        Some("data") => Section::Data,
        Some("environment") => Section::Environment,
        Some("notes") => Section::Notes,
        _ => Section::Results,
    }
}

/// Whether somebody asked for a section that an input says something of.
fn is_asked(section: Section, sections: &Sections) -> bool {
    let also: &[Section] = match section {
        Section::Files => &[Section::Tensors],
        Section::Params => &[Section::Seeds],
        Section::Predictions => &[Section::Metrics, Section::Results],
        _ => &[],
    };
    sections.has(section) || also.iter().any(|also| sections.has(*also))
}
