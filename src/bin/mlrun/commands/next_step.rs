//! What somebody types after a certificate.

use std::path::Path;

use mlrun::format::certificate::Verdict;
use mlrun::ops::certify::CertifyReport;

/// The hints that belong below a certificate; `folder` is where its reader is.
pub fn after(report: &CertifyReport, exit: u8, folder: &Path) -> Vec<String> {
    let label = &report.label;
    let baseline = &report.statement.predicate.baseline;
    let stage = &baseline.stage;
    let certify = match (report.check, label.as_str()) {
        (true, "workspace") => "mlrun certify --check".to_owned(),
        (true, label) => format!("mlrun certify {label} --check"),
        (false, label) => format!("mlrun certify {label}"),
    };
    let first = " --first-release --reason …";
    if report.verdict().counts() && exit == 0 && !report.check {
        let promote = format!("`mlrun promote {label} --to {stage}`");
        if report.takes_force {
            return vec![format!(
                "{stage} has been held, and its rules name nobody in `waivers` who may excuse this from being compared: `mlrun promote {label} --to {stage} --force --reason …`"
            )];
        }
        return match &report.block {
            None => vec![format!("next: {promote}")],
            Some(block) => {
                let place = block.stage.as_ref().map_or_else(String::new, |stage| format!(" --stage {stage}"));
                vec![format!("it is blocked; first: `mlrun unblock {label}{place}`"), format!("then: {promote}")]
            }
        };
    }
    let hint = if report.baseline.is_none() && baseline.first_release.is_none() {
        format!("if nothing has been in {stage} yet: `{certify}{first}`")
    } else if let (Some(set), Some(baseline)) = (report.baseline_lacks.first(), &report.baseline) {
        format!("next: `mlrun attach {baseline} --set {set} FILE` gives the baseline what it lacks")
    } else if let Some(file) = report.policy_file.as_ref().filter(|_| undecided(report)) {
        let file = file.strip_prefix(folder).unwrap_or(file).display();
        let first = if report.baseline.is_none() { first } else { "" };
        format!("next: set the limits that are `unset` in {file}, then `{certify}{first}`")
    } else if report.proposed.is_some() {
        let model = &report.statement.predicate.model;
        format!(
            "`mlrun policy adopt {model} --stage {stage} --reason …` puts these rules in force; `--check` tries rules without a certificate"
        )
    } else if report.verdict() == Verdict::Inconclusive && !report.check {
        "next: see to what the reasons name, then `mlrun snapshot` and certify that version".to_owned()
    } else if let Some(baseline) = report.baseline.as_ref().filter(|_| !report.check) {
        format!("next: `mlrun diff {baseline} {}` shows what changed", report.label)
    } else {
        return Vec::new();
    };
    vec![hint]
}

/// Not decided, for want of a limit that a person must set.
fn undecided(report: &CertifyReport) -> bool {
    report.verdict() == Verdict::Inconclusive && report.has_unset_limit()
}
