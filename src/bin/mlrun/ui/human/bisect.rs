//! `bisect`. The last line names the first bad version.

use mlrun::clock::describe_run;
use mlrun::ops::bisect::{BisectReport, Tested};

use super::super::{Label, Style, Table, clean};
use super::{count, wrapped};

pub fn bisect(report: &BisectReport, style: &Style) -> String {
    let mut table = Table::new(&[]);
    for one in &report.tested {
        let word = match one.good {
            Some(true) => style.paint(Label::Good, "good"),
            Some(false) => style.paint(Label::Bad, "bad"),
            None => style.paint(Label::Warning, "skipped"),
        };
        table.row([one.version.to_string(), word, told_by(one, style)]);
    }
    let mut text = table.render(2);
    for (version, reason) in &report.skipped {
        text += &format!("{}\n", wrapped(&format!("  {version} was skipped: {}", clean(reason))));
    }
    let names = |versions: &[mlrun::name::Version]| -> String {
        versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    if !report.good_again.is_empty() {
        text += &format!("{}\n", wrapped(&format!("  good again: {}", names(&report.good_again))));
    }
    let label = |version| style.paint(Label::Strong, &format!("{}@{version}", report.model));
    let runs = match report.runs() {
        0 => String::new(),
        runs => format!(", found in {}", count(u64::from(runs), "run")),
    };
    text + &match (&report.first_bad, report.suspects.as_slice()) {
        (None, _) => "no version is bad\n".to_owned(),
        (Some(first), []) => format!("{} is the first bad version{runs}\n", label(first.version)),
        (Some(first), some) => {
            format!("the first bad version is one of {}, {}{runs}\n", names(some), label(first.version))
        }
    }
}

fn told_by(one: &Tested, style: &Style) -> String {
    let value = one.value.map(|value| style.number(value));
    let took = one.took.map_or_else(String::new, |took| format!(" after {}", describe_run(took)));
    value.or_else(|| one.exit.map(|exit| format!("exit {exit}{took}"))).unwrap_or_default()
}
