//! What a rule rests on, in words: what has to be there for it to decide.

use super::rows_rule::RowsRule;
use super::slices::LABEL;
use super::wording::count;
use crate::format::policy::{
    Check, DataCheck, DataCheckRecord, MeasureRecord, Origin, PolicyRecord, Quantity, RuleRecord, Surrounding,
};
use crate::name::SetName;

/// One by one.
pub(super) fn needed(rule: &RuleRecord, policy: &PolicyRecord) -> Vec<String> {
    let mut needs = on_rows(rule);
    needs.extend(of_measure(&rule.measure));
    if rule.evidence == Some(Origin::Measured) {
        needs.push("evidence that this program made itself".to_owned());
    }
    if rule.ratchet {
        needs.push(format!("the same of every version that was in {}", policy.baseline));
    }
    if rule.is_comparison() || compares(&rule.measure) {
        needs.push(format!("a baseline in {}", policy.baseline));
    }
    needs
}

fn predictions(set: Option<&SetName>) -> String {
    set.map_or_else(|| "predictions".to_owned(), |set| format!("predictions `{set}`"))
}

fn columns(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("column `{name}`")).collect()
}

fn on_rows(rule: &RuleRecord) -> Vec<String> {
    let Some(rows) = RowsRule::of(rule) else { return Vec::new() };
    let mut needs = vec![predictions(rows.set)];
    let sliced = rows.only.keys().chain(rows.each).chain(rows.over).filter(|column| *column != LABEL);
    needs.extend(sliced.map(|column| format!("column `{column}`")));
    needs
}

/// Whether what is counted is a difference to the baseline's.
fn compares(measure: &MeasureRecord) -> bool {
    match measure {
        MeasureRecord::Drift(_) | MeasureRecord::Shift(_) | MeasureRecord::Surrounding(_) => true,
        MeasureRecord::Data(DataCheckRecord { data: DataCheck::Schema, .. }) => true,
        MeasureRecord::Data(DataCheckRecord { data: DataCheck::Categories, allowed, .. }) => allowed.is_empty(),
        _ => false,
    }
}

fn of_measure(measure: &MeasureRecord) -> Vec<String> {
    const RUN: &str = "a command that predicts (`evidence.predict`)";
    match measure {
        MeasureRecord::Metric { columns: of, .. } => of.iter().map(|name| format!("numbers in `{name}`")).collect(),
        MeasureRecord::Flips { .. } => Vec::new(),
        MeasureRecord::MustNotFlip { keys, .. } => vec![format!("its {}", count(keys.len() as u64, "row"))],
        MeasureRecord::Reported { name, .. } => vec![format!("metric `{name}`")],
        MeasureRecord::Quantile { of, .. } => vec![format!("samples `{of}`")],
        MeasureRecord::Provenance { check } => vec![of_check(*check).to_owned()],
        MeasureRecord::Measured { quantity: Quantity::Size, .. } => vec!["the model's files".to_owned()],
        MeasureRecord::Measured { quantile, .. } => {
            let calls = quantile.map(|_| "the times of its calls (`{timings}`), or those of whole runs".to_owned());
            [RUN.to_owned()].into_iter().chain(calls).collect()
        }
        MeasureRecord::Parity { set, .. } => vec![RUN.to_owned(), predictions(Some(set))],
        MeasureRecord::Command { command, set, .. } => {
            let mut needs = vec!["its command to print a number".to_owned()];
            if command.contains("{predictions}") {
                needs.push(predictions(set.as_ref()));
            }
            needs
        }
        MeasureRecord::Drift(record) => {
            let mut needs = vec![format!("data `{}` and its profile", record.of)];
            needs.extend(columns(&record.columns));
            if !record.approximate {
                needs.push("its rows, where the profile does not hold enough".to_owned());
            }
            needs
        }
        MeasureRecord::Shift(record) => vec![predictions(record.set.as_ref())],
        MeasureRecord::Data(record) => of_data(record),
        MeasureRecord::Leakage(record) => {
            let mut needs =
                vec![format!("the rows of `{}`", record.leakage), format!("the rows of data `{}`", record.of)];
            needs.extend(columns(&record.key));
            needs
        }
        MeasureRecord::Surrounding(record) => vec![
            match record.environment {
                Surrounding::Packages => "the installed packages",
                Surrounding::Python => "the interpreter",
                Surrounding::Hardware => "the machine",
                Surrounding::Signature => "a signature: of the model's files or of its predictions",
            }
            .to_owned(),
        ],
        MeasureRecord::Report(record) => {
            let mut needs = vec![format!("report `{}`", record.report)];
            needs.extend(record.require.iter().map(|check| format!("check `{check}` in it")));
            needs
        }
    }
}

fn of_data(record: &DataCheckRecord) -> Vec<String> {
    let of = &record.of;
    let mut needs = match record.data {
        DataCheck::Unique | DataCheck::Freshness => vec![format!("the rows of data `{of}`")],
        _ => vec![format!("data `{of}` and its profile")],
    };
    needs.extend(columns(&record.columns));
    needs.extend(record.last.map(|last| format!("earlier versions with other data: of at most {last} of them")));
    needs
}

const fn of_check(check: Check) -> &'static str {
    match check {
        Check::Contradictions => "parameters, in files and in the model itself",
        Check::DangerousImports | Check::UnknownImports => "a model file whose imports can be read",
        Check::UncommittedCode => "code in git",
        Check::UnpushedCommit => "code in git, with a remote",
        Check::MissingSeed => "parameters, or the model's own",
        Check::MissingNotes => "notes",
        Check::NotCaptured => "a snapshot",
    }
}
