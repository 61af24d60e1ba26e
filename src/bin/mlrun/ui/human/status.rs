//! `status`: one model in full, several as a dashboard; then what waits for whom.

use mlrun::clock::{Time, describe_age, describe_expiry};
use mlrun::ops::status::waiting::{Task, Waiting};
use mlrun::ops::status::{CertificateState, ModelStatus, StageCertificate, StageStatus, StatusReport};

use super::super::spark::bar;
use super::super::{Label, Style, Table, clean, time};
use super::fitness::{certificate_words, changed};
use super::{count, dashboard, deployed, event, hooks, verdict, waiting};
use crate::failure::obstacle;

/// Columns of what is left of a certificate's time.
const BAR: usize = 10;

/// Of many models, and of many things that wait, the first `most`.
pub fn status(report: &StatusReport, most: usize, style: &Style) -> String {
    let mut text = match report.models.as_slice() {
        [] => "no models yet; `mlrun snapshot NAME --files PATH` makes the first version of one\n".to_owned(),
        [only] => model(only, style),
        _ => dashboard::dashboard(report, most, style),
    };
    // What stands between the newest version and its stage is in the full view already.
    let is_new = |one: &&Waiting| match report.models.as_slice() {
        [only] => !stands_between(only, one),
        _ => true,
    };
    let rest: Vec<&Waiting> = report.waiting.iter().filter(is_new).collect();
    text.push('\n');
    if !rest.is_empty() {
        let what = if rest.len() < report.waiting.len() { "what else waits" } else { "what waits for whom" };
        text += &style.paint(Label::Dim, &format!("{what} ({})\n", rest.len()));
        let only = if let [only] = report.models.as_slice() { Some(&only.model) } else { None };
        text += &waiting::waiting(&rest, report.you.as_deref(), only, most, style);
        text.push('\n');
    } else if report.waiting.is_empty() && !report.models.is_empty() {
        text += &format!("{}\n\n", style.paint(Label::Good, "nothing waits for anybody"));
    }
    text + &style.paint(Label::Dim, &format!("store {}; no copy of it is known anywhere else\n", clean(&report.store)))
}

fn stands_between(status: &ModelStatus, one: &Waiting) -> bool {
    let is_next = status
        .next
        .as_ref()
        .zip(status.latest)
        .is_some_and(|((stage, _), latest)| *stage == one.stage && latest.version == one.version);
    is_next && matches!(one.task, Task::Certify { .. } | Task::Approve { .. } | Task::Clear { .. } | Task::Promote)
}

fn model(status: &ModelStatus, style: &Style) -> String {
    let newest = status.latest.map_or_else(
        || "no version yet".to_owned(),
        |l| format!("{}, taken {} ago, {}", l.version, describe_age(status.now.since(l.time)), time(l.time)),
    );
    let mut text = format!("{}  {newest}\n", style.paint(Label::Strong, status.model.as_str()));
    let mut table = Table::new(&[]);
    if let Some(workspace) = &status.workspace {
        table.row(["workspace".to_owned(), changed(workspace, style)]);
    }
    if let Some(c) = &status.certificate {
        let until = format!(", {}, {}", describe_expiry(c.expires, status.now), time(c.expires));
        // What no promotion counts cannot expire.
        let until = if c.verdict.counts() { until } else { String::new() };
        let words = format!("{}{until}", verdict(c.verdict, style));
        table.row(["certificate".to_owned(), words]);
    }
    for stage in &status.stages {
        for (row, words) in in_stage(status, stage, style).into_iter().enumerate() {
            table.row([if row == 0 { stage.stage.to_string() } else { String::new() }, words]);
        }
    }
    text += &table.render(2);
    text + &between(status, style)
}

/// Lines about a stage; the first says who holds it.
fn in_stage(status: &ModelStatus, stage: &StageStatus, style: &Style) -> Vec<String> {
    let Some(o) = &stage.occupancy else { return vec!["empty".to_owned()] };
    let how = match o.kind.as_str() {
        "rollback" => " by rollback".to_owned(),
        "force" => format!(", {}", style.paint(Label::Bad, "FORCED")),
        _ => String::new(),
    };
    let version = style.paint(Label::Good, &o.version.to_string());
    let age = describe_age(status.now.since(o.since));
    let mut lines = vec![format!("{version} for {age}, since {}{how}", time(o.since))];
    let back = stage.rollback_to.map_or_else(|| "nothing to go back to".to_owned(), |v| format!("rollback → {v}"));
    let certificate = stage.certificate.as_ref().and_then(|certificate| standing(certificate, status.now, style));
    lines.push(certificate.into_iter().chain([back]).collect::<Vec<_>>().join("; "));
    if o.kind == "force" {
        lines.push(event::forced(o, style));
    }
    if let Some(reason) = &stage.damaged {
        lines.push(format!("{}: {}", style.paint(Label::Bad, "damaged"), clean(reason)));
    }
    if let Some(block) = &stage.blocked {
        lines.push(format!("{} from it: {}", style.paint(Label::Bad, "blocked"), clean(&block.reason)));
    }
    lines.extend(stage.open_hooks.iter().map(|hook| hooks::open(hook, style)));
    if !stage.open_hooks.is_empty() {
        let again = format!("mlrun promote {}@{} --to {}", status.model, o.version, stage.stage);
        lines.push(style.paint(Label::Dim, &again));
    }
    lines.extend(stage.observed.iter().map(|(row, standing)| deployed::observed(row, *standing, style)));
    if let [first, more @ ..] = stage.erased.as_slice() {
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let words = format!("it lost {}{more} for good", clean(first));
        lines.push(format!("{}; {words}", style.paint(Label::Warning, "erased")));
    }
    lines
}

/// `PASS, expires in 12 d ████▏`; none where there is none and none is asked for.
fn standing(certificate: &StageCertificate, now: Time, style: &Style) -> Option<String> {
    let (label, words) = certificate_words(certificate, now);
    let Some(row) = &certificate.row else {
        return (certificate.state == CertificateState::Missing).then(|| style.paint(label, "no certificate"));
    };
    let verdict = verdict(row.verdict, style);
    let left = row.expires.since(now).as_secs_f64() / row.expires.since(row.issued).as_secs_f64();
    let drawn = if row.expires > now { format!(" {}", bar(left, BAR).trim_end()) } else { String::new() };
    let expiry = describe_expiry(row.expires, now);
    Some(match certificate.state {
        CertificateState::Stale | CertificateState::Outdated | CertificateState::OtherRules => {
            format!("{verdict}, {}, {expiry}{drawn}", style.paint(label, &words))
        }
        CertificateState::Expired | CertificateState::Expiring => {
            format!("{verdict}, {}{drawn}", style.paint(label, &expiry))
        }
        _ if !row.verdict.counts() => verdict,
        _ => format!("{verdict}, {expiry}{drawn}"),
    })
}

/// What stands between the newest version and its stage.
fn between(status: &ModelStatus, style: &Style) -> String {
    let (Some((stage, against)), Some(latest)) = (&status.next, status.latest) else { return String::new() };
    let label = format!("{}@{}", status.model, latest.version);
    let mut text = if against.is_empty() {
        let version = latest.version;
        format!("  nothing stands between {version} and {stage}:\n    mlrun promote {label} --to {stage}\n")
    } else {
        format!("  between {} and {stage}, {}:\n", latest.version, count(against.len() as u64, "thing"))
    };
    for one in against {
        let (_, message, cure) = obstacle(one, &label, stage.as_str(), status.needed);
        // A command to copy stands on a line of its own.
        text += &super::set_in(&clean(&message), 4);
        text += &format!("\n        {}\n", style.paint(Label::Dim, &clean(&cure)));
    }
    if !status.checks.is_empty() {
        let checks: Vec<String> = status.checks.iter().map(|check| format!("`{}`", clean(check))).collect();
        text += &format!("    then {} must agree\n", checks.join(" and "));
    }
    text
}
