//! Several models in one table: who is where, for how long, on what, and what is wrong there.

use std::collections::BTreeMap;
use std::time::Duration;

use mlrun::clock::describe_age;
use mlrun::format::event::HookOutcome;
use mlrun::name::{ModelName, Version};
use mlrun::ops::observed::Standing;
use mlrun::ops::status::waiting::Urgency;
use mlrun::ops::status::{ModelStatus, StageStatus, StatusReport};

use super::super::table::{clipped, visible_width};
use super::super::{Label, Style, Table, clean, terminal};
use super::count;
use super::fitness::{certificate_words, changed};

/// Columns before that of what is wrong.
const COLUMNS: usize = 5;
/// Names are cut to no less.
const NARROWEST: usize = 10;
/// A stage's name is cut to this.
const STAGE: usize = 12;
/// So much room is left for what is wrong before names are cut.
const OPEN: usize = 15;

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
    let mut bare = Table::new(&[]);
    bare.row(head.clone());
    rows.iter().for_each(|(cells, _)| bare.row(cells.clone()));
    let names = models.iter().map(|status| status.model.as_str().len());
    let longest = names.chain(["model".len()]).max().unwrap_or_default();
    let others = bare.width().saturating_sub(longest);
    let names = terminal::width().saturating_sub(others + OPEN).clamp(NARROWEST, longest.max(NARROWEST));
    let room = terminal::width().saturating_sub(others + longest.min(names)).max(OPEN);
    let mut table = Table::new(&[]);
    table.row(head.into_iter().chain([dim("problems")]));
    for (mut cells, flags) in rows {
        if let Some(name) = cells.first_mut() {
            *name = style.paint(Label::Strong, &middle_cut(name, names));
        }
        table.row(cells.into_iter().chain([fitting(&flags, room, style)]));
    }
    let mut text = table.render(0);
    let more = report.models.len() - models.len();
    if more > 0 {
        let more = count(more as u64, "more model");
        let line = format!("… and {more}; `mlrun status -n {}` shows them", report.models.len());
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
        rows.push((vec![clipped(stage.stage.as_str(), STAGE), holds, certificate], flags(stage)));
    }
    if rows.is_empty() {
        rows.push((vec![none(), String::new(), String::new()], Vec::new()));
    }
    let lead = std::iter::once([status.model.to_string(), newest]);
    let lead = lead.chain(std::iter::repeat([String::new(), String::new()]));
    lead.zip(rows).map(|(lead, (cells, flags))| (lead.into_iter().chain(cells).collect(), flags)).collect()
}

/// A name in so many columns. Names that begin alike end differently. All of its characters are ASCII's.
fn middle_cut(name: &str, columns: usize) -> String {
    let cut = name.len().saturating_sub(columns.max(3));
    let head = columns.max(3) / 2;
    match (name.get(..head), name.get(head + cut + 1..)) {
        (Some(head), Some(tail)) if cut > 0 => format!("{head}…{tail}"),
        _ => name.to_owned(),
    }
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

/// As many as there is room for, and how many more there are.
fn fitting(flags: &[(Label, String)], room: usize, style: &Style) -> String {
    const MORE: usize = " +99".len();
    let (mut text, mut used) = (String::new(), 0);
    for (place, (label, word)) in flags.iter().enumerate() {
        let left = flags.len() - place;
        let reserved = if left > 1 { MORE } else { 0 };
        let gap = if place > 0 { 2 } else { 0 };
        if place > 0 && used + gap + visible_width(word) + reserved > room {
            return format!("{text} +{left}");
        }
        let word = clipped(word, room.saturating_sub(used + gap + reserved));
        used += gap + visible_width(&word);
        text += &format!("{}{}", if place > 0 { ", " } else { "" }, style.paint(*label, &word));
    }
    text
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
        table.row([middle_cut(status.model.as_str(), terminal::width() / 4), changed(found, style)]);
    }
    text += &table.render(2);
    let more = different.len().saturating_sub(most);
    if more > 0 {
        text += &format!("  {}\n", style.paint(Label::Dim, &format!("… and {more} more")));
    }
    text
}
