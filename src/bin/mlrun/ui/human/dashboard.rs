//! Several models in one table: who is where, for how long, on what, and what is wrong there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mlrun::clock::describe_age;
use mlrun::format::event::HookOutcome;
use mlrun::name::{ModelName, Version};
use mlrun::ops::observed::Standing;
use mlrun::ops::status::waiting::Urgency;
use mlrun::ops::status::{ModelStatus, StageStatus, StatusReport};

use super::super::{Align, Label, Style, Table, clean};
use super::count;
use super::fitness::{certificate_words, changed};

/// Columns before that of what is wrong.
const COLUMNS: usize = 5;

/// The cells of a row, and what is wrong there.
type Row = (Vec<String>, Vec<(Label, String)>);

/// The first `most` models by name; where there are more, those where something waits before the others.
pub(super) fn dashboard(report: &StatusReport, most: usize, style: &Style) -> String {
    let models = first(report, most);
    let mut rows: Vec<Row> = Vec::new();
    for status in &models {
        rows.extend(of_model(status, style));
    }
    let dim = |word: &str| style.paint(Label::Dim, word);
    let head = ["model", "newest", "stage", "holds", "certificate"].map(dim);
    aligned(&mut rows);
    let mut table = Table::new(&[Align::Left, Align::Whole, Align::Left, Align::Whole, Align::Whole, Align::Left]);
    table.head(head.into_iter().chain([dim("problems")]));
    for (mut cells, flags) in rows {
        if let Some(name) = cells.first_mut() {
            *name = style.paint(Label::Strong, name);
        }
        let flags: Vec<String> = flags.iter().map(|(label, word)| style.paint(*label, word)).collect();
        table.row(cells.into_iter().chain([flags.join(", ")]));
    }
    let mut text = table.render(0);
    let more = report.models.len() - models.len();
    if more > 0 {
        let waits = match unseen(report, &models) {
            0 => String::new(),
            n => format!(" ({n} with something to do)"),
        };
        let more = count(more as u64, "more model");
        let line = format!("… and {more}{waits}; `mlrun status -n {}` shows them", report.models.len());
        text += &format!("{}\n", dim(&line));
    }
    text + &workspaces(report, most, style)
}

fn first(report: &StatusReport, most: usize) -> Vec<&ModelStatus> {
    let mut models: Vec<&ModelStatus> = report.models.iter().collect();
    if models.len() > most {
        let mut urgent: BTreeMap<&ModelName, Urgency> = BTreeMap::new();
        for one in &report.waiting {
            urgent.entry(&one.model).or_insert(one.urgency);
        }
        models.sort_by_key(|status| urgent.get(&status.model).map_or((true, None), |urgency| (false, Some(*urgency))));
        models.truncate(most);
    }
    models
}

/// For how many of those that are not shown something waits.
fn unseen(report: &StatusReport, shown: &[&ModelStatus]) -> usize {
    let shown: BTreeSet<&ModelName> = shown.iter().map(|status| &status.model).collect();
    let waited: BTreeSet<&ModelName> = report.waiting.iter().map(|one| &one.model).collect();
    waited.difference(&shown).count()
}

/// A row for each stage that is held, one for a model that holds none: the cells, and what is wrong.
fn of_model(status: &ModelStatus, style: &Style) -> Vec<Row> {
    let none = || style.paint(Label::Dim, "–");
    let newest = status.latest.map_or_else(none, |l| aged(l.version, status.now.since(l.time)));
    let mut rows = Vec::new();
    for stage in &status.stages {
        let Some(occupant) = &stage.occupancy else { continue };
        let certificate = stage.certificate.as_ref().map_or_else(String::new, |certificate| {
            let (label, words) = certificate_words(certificate, status.now);
            style.paint(label, &words)
        });
        let holds = aged(occupant.version, status.now.since(occupant.since));
        rows.push((vec![stage.stage.to_string(), holds, certificate], flags(stage)));
    }
    if rows.is_empty() {
        rows.push((vec![none(), String::new(), String::new()], Vec::new()));
    }
    let lead = std::iter::once([status.model.to_string(), newest]);
    let lead = lead.chain(std::iter::repeat([String::new(), String::new()]));
    lead.zip(rows).map(|(lead, (cells, flags))| (lead.into_iter().chain(cells).collect(), flags)).collect()
}

/// Version and age, to be set below each other.
fn aged(version: Version, age: Duration) -> String {
    format!("{version}\t{}", describe_age(age))
}

/// Sets versions and ages below each other.
fn aligned(rows: &mut [Row]) {
    for column in 0..COLUMNS {
        let parts = |(cells, _): &Row| {
            let (version, age) = cells.get(column)?.split_once('\t')?;
            Some((version.len(), age.len()))
        };
        let widest = rows.iter().filter_map(parts);
        let (version, age) = widest.fold((0, 0), |(a, b), (version, age)| (a.max(version), b.max(age)));
        for (cells, _) in rows.iter_mut() {
            if let Some(cell) = cells.get_mut(column)
                && let Some((left, right)) = cell.split_once('\t')
            {
                *cell = format!("{left:<version$}  {right:>age$}");
            }
        }
    }
}

/// What is wrong with what a stage holds or serves, the worst first.
fn flags(stage: &StageStatus) -> Vec<(Label, String)> {
    let mut found = Vec::new();
    let mut flag = |label, word: String| found.push((label, word));
    if stage.damaged.is_some() {
        flag(Label::Bad, "damaged".to_owned());
    }
    if stage.blocked.is_some() {
        flag(Label::Bad, "blocked".to_owned());
    }
    if let Some(hook) = stage.open_hooks.first() {
        let (label, word) = match (hook.outcome, hook.may_run_until) {
            (Some(HookOutcome::Skipped), _) => (Label::Warning, "hook skipped"),
            (None, Some(_)) => (Label::Warning, "hook running"),
            (None, None) => (Label::Bad, "hook not run"),
            (Some(_), _) => (Label::Bad, "hook failed"),
        };
        let behind = stage.open_hooks.len() - 1;
        flag(label, if behind == 0 { word.to_owned() } else { format!("{word} (+{behind})") });
    }
    for (row, standing) in &stage.observed {
        let served = row.version.map_or_else(|| "unknown".to_owned(), |version| version.to_string());
        match standing {
            Some(Standing::Other) => flag(Label::Bad, format!("{} serves {served}", clean(&row.place))),
            Some(Standing::Before) => flag(Label::Dim, format!("{} not looked at", clean(&row.place))),
            Some(Standing::Same) | None => {}
        }
    }
    if !stage.erased.is_empty() {
        flag(Label::Warning, "erased".to_owned());
    }
    found
}

/// What the files of the models here differ in from their newest versions.
fn workspaces(report: &StatusReport, most: usize, style: &Style) -> String {
    let here: Vec<_> = report.models.iter().filter_map(|status| Some((status, status.workspace.as_ref()?))).collect();
    let is_changed = |(_, found): &&(&ModelStatus, &Result<Vec<_>, _>)| !found.as_ref().is_ok_and(Vec::is_empty);
    let different: Vec<_> = here.iter().filter(is_changed).collect();
    if here.is_empty() {
        return String::new();
    }
    if different.is_empty() {
        return format!("\n{}\n", style.paint(Label::Dim, "workspace: nothing changed since the newest versions"));
    }
    let mut text = format!("\n{}\n", style.paint(Label::Dim, "workspace, since the newest versions"));
    let mut table = Table::new(&[]);
    for (status, found) in different.iter().take(most) {
        table.row([status.model.to_string(), changed(found, style)]);
    }
    text += &table.render(2);
    let more = different.len().saturating_sub(most);
    if more > 0 {
        text += &format!("  {}\n", style.paint(Label::Dim, &format!("… and {more} more")));
    }
    text
}
