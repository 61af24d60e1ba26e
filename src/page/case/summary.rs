//! What a reader wants to know first: is it good, where is it in its life, what is it.

use std::collections::BTreeMap;

use super::super::html::{Document, Text, Tone, shorten};
use super::{Case, Certified, model, name_of, toned};
use crate::certify::wording::{grouped, significant};
use crate::compare::{Direction, directions};
use crate::format::certificate::{ResultRecord, Verdict};
use crate::format::policy::Severity;

/// Results, metrics, stages that are told of here; the rest stands below.
const MOST: usize = 3;

/// In the words of a page: `description` is what the project says of the model, `others` who holds a stage that it does not, `found` what
/// is known of how good it is where no rules judged it.
pub(in crate::page) fn summary(
    page: &mut Document,
    case: &Case,
    description: Option<&str>,
    others: &[(String, String)],
    found: &[Text],
) {
    page.summary(&[
        ("Is it good?", is_it_good(case, found)),
        ("Where is it?", where_is_it(case, others)),
        ("What is it?", what_is_it(case, description)),
    ]);
}

pub(in crate::page) fn is_it_good(case: &Case, found: &[Text]) -> Vec<Text> {
    let Some(known) = &case.certificate else {
        let none = Text::toned(Tone::Open, "no certificate").then(&Text::plain(": no rules judged it"));
        let known = if found.is_empty() { reported(case) } else { found.to_vec() };
        return [none].into_iter().chain(known).collect();
    };
    let predicate = &known.statement.predicate;
    let mut lines = vec![toned(predicate.verdict).then(&Text::plain(&format!(": {}", came_out(known))))];
    if known.proposed {
        lines.push(Text::toned(Tone::Open, "by rules that are not in force: it promotes nothing"));
    }
    let results = &predicate.results;
    for verdict in [Verdict::Fail, Verdict::Inconclusive] {
        lines.extend(results.iter().filter(|result| result.verdict == verdict).take(MOST).map(decisive));
    }
    lines.extend(measured(results));
    let against = match (&known.baseline, &predicate.baseline.first_release) {
        (Some(baseline), _) => format!("against {baseline} in {}", predicate.baseline.stage),
        (None, Some(_)) => format!("a first release to {}", predicate.baseline.stage),
        (None, None) => format!("with nothing to compare it with in {}", predicate.baseline.stage),
    };
    // What does not pass counts for nothing at any time.
    let until = if known.counts() { format!("; counts until {}", day(known.expires)) } else { String::new() };
    lines.push(Text::toned(Tone::Dim, &format!("Judged {against}{until}.")));
    lines
}

/// `1 of 8 results failed; 2 warnings`: what does not block is told apart.
fn came_out(known: &Certified) -> String {
    let is_warning = |result: &&ResultRecord| result.severity == Severity::Warn;
    let (warnings, results): (Vec<&ResultRecord>, Vec<&ResultRecord>) =
        known.statement.predicate.results.iter().partition(is_warning);
    let open = |result: &&&ResultRecord| matches!(result.verdict, Verdict::Fail | Verdict::Inconclusive);
    let aside = match warnings.iter().filter(open).count() {
        0 => String::new(),
        1 => "; 1 warning, which does not block".to_owned(),
        many => format!("; {} warnings, which do not block", grouped(many as u64)),
    };
    let count = |verdict: Verdict| results.iter().filter(|result| result.verdict == verdict).count();
    let all = results.len();
    let said = [
        (Verdict::Fail, "failed"),
        (Verdict::Inconclusive, "could not be decided"),
        (Verdict::Waived, "waived"),
        (Verdict::NotApplicable, "not applicable"),
    ];
    let said: Vec<String> = said
        .into_iter()
        .filter_map(|(verdict, how)| match count(verdict) {
            0 => None,
            count => Some(format!("{} {how}", grouped(count as u64))),
        })
        .collect();
    let word = if all == 1 { "result" } else { "results" };
    let said = match said.split_first() {
        None => format!("everything that was asked holds, {} {word}", grouped(all as u64)),
        // `1 of 8 results failed, 2 waived`.
        Some((first, rest)) => {
            let first = first.replacen(' ', &format!(" of {} {word} ", grouped(all as u64)), 1);
            [first].into_iter().chain(rest.iter().cloned()).collect::<Vec<_>>().join(", ")
        }
    };
    said + &aside
}

fn decisive(result: &ResultRecord) -> Text {
    let reason = result.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    Text::within("certificate", &name_of(result)).then(&Text::plain(&reason))
}

/// What was measured on all rows: each metric once.
fn measured(results: &[ResultRecord]) -> Vec<Text> {
    let mut seen: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    // A comparison says more than a limit.
    let (compared, alone): (Vec<_>, Vec<_>) = results
        .iter()
        .filter(|result| result.slice.is_none() && result.set.is_some() && result.candidate.is_some())
        .partition(|result| result.baseline.is_some());
    for result in compared.into_iter().chain(alone) {
        if lines.len() == MOST || seen.contains(&result.metric.as_str()) {
            continue;
        }
        seen.push(&result.metric);
        let value = result.candidate.map(significant).unwrap_or_default();
        let before = result.baseline.map_or_else(String::new, |value| format!(" (baseline {})", significant(value)));
        lines.push(
            Text::plain(&format!("{} ", result.metric))
                .then(&Text::strong(&value))
                .then(&Text::toned(Tone::Dim, &before)),
        );
    }
    lines
}

/// What its training says, where nobody measured.
fn reported(case: &Case) -> Vec<Text> {
    let directions = directions(case.record.metrics.keys(), &BTreeMap::new());
    let mut metrics: Vec<(u8, &String, f64)> = case
        .record
        .metrics
        .iter()
        .filter_map(|(name, value)| Some((order(directions.get(name).copied()), name, value.finite()?)))
        .collect();
    // How many epochs it took says nothing of how good it is.
    metrics.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    let line = |(_, name, value): (u8, &String, f64)| {
        Text::plain(&format!("{name} "))
            .then(&Text::strong(&significant(value)))
            .then(&Text::toned(Tone::Dim, " by its training"))
    };
    metrics.into_iter().take(MOST).map(line).collect()
}

/// Metrics of which it is known which way is better stand first, those that only count something last.
pub(in crate::page) const fn order(direction: Option<Direction>) -> u8 {
    match direction {
        Some(Direction::Higher | Direction::Lower) => 0,
        Some(Direction::Unknown) | None => 1,
        Some(Direction::Neutral) => 2,
    }
}

pub(in crate::page) fn where_is_it(case: &Case, others: &[(String, String)]) -> Vec<Text> {
    let mut lines: Vec<Text> = case
        .stays
        .iter()
        .filter(|stay| stay.until.is_none())
        .map(|stay| Text::plain("in ").then(&Text::toned(Tone::Good, &stay.stage)).then(&since(stay.since)))
        .collect();
    if lines.is_empty() {
        lines.push(Text::toned(Tone::Open, "in no stage"));
        let last = case.stays.iter().filter_map(|stay| Some((stay, stay.until?))).max_by_key(|(_, until)| *until);
        lines.extend(last.map(|(stay, until)| {
            let ended = if stay.ended.is_empty() { String::new() } else { format!(": {}", stay.ended) };
            Text::plain(&format!("It was in {} until {}{ended}.", stay.stage, day(until)))
        }));
    }
    let holders = others.iter().take(MOST);
    lines.extend(holders.map(|(stage, version)| Text::toned(Tone::Dim, &format!("{stage} holds {version}"))));
    lines.extend(
        case.blocks.iter().take(MOST).map(|(stage, why, _)| {
            Text::toned(Tone::Bad, "kept out").then(&Text::plain(&format!(" of {stage}: {why}")))
        }),
    );
    lines.push(Text::within("life", "Its life so far"));
    lines
}

fn since(time: crate::clock::Time) -> Text {
    Text::plain(" since ").then(&Text::plain(&day(time)))
}

/// The day is enough here.
fn day(time: crate::clock::Time) -> String {
    time.for_people().get(..10).unwrap_or_default().to_owned()
}

fn what_is_it(case: &Case, description: Option<&str>) -> Vec<Text> {
    let mut lines: Vec<Text> = description.into_iter().map(Text::plain).collect();
    let models = model::files(case).filter(|file| file.class.is_some() || file.tensors.is_some()).take(MOST);
    lines.extend(models.map(|file| {
        let set = model::foremost_words(file);
        let set = if set.is_empty() { set } else { format!("; {set}") };
        Text::plain(&shorten(&format!("{}{set}", model::what_it_holds(file))))
    }));
    lines.extend(case.record.notes.as_ref().map(|notes| Text::plain(&format!("“{notes}”"))));
    let made = case.made.time.map_or_else(String::new, |time| format!("Made {} by {}.", day(time), case.made.who));
    lines.push(Text::plain(&made));
    let data = case.record.data.iter().take(MOST).map(|data| match data.rows {
        Some(rows) => format!("{}, {} rows", data.name, grouped(rows)),
        None => data.name.to_string(),
    });
    let data: Vec<String> = data.collect();
    if !data.is_empty() {
        lines.push(Text::plain(&format!("Data: {}.", data.join("; "))));
    }
    let files = &case.record.model_files;
    let word = if files.files == 1 { "file" } else { "files" };
    lines.push(Text::plain(&format!("{} {word}, {}.", grouped(files.files), size(files.bytes))));
    if !case.missing.is_empty() {
        lines.push(Text::toned(Tone::Open, "Not all of it is kept."));
    }
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// `1.2 MiB`.
fn size(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", significant(value), units.get(unit).copied().unwrap_or_default())
}
