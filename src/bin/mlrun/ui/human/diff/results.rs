//! Results: files by name, notebooks by cell, samples by their quantiles.

use mlrun::compare::{Change, Diff, FileFacts, Inside, Item, SamplesDiff};

use super::super::super::extent::visible_width;
use super::super::super::lines::wrapped as wrapped_at;
use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{count, cut, set_in, shortened, wrapped};
use super::code::{added_and_removed, cells_of, of_notebook};
use super::files::file_line;
use super::items::{MOST, mark, more};
use super::metrics::signed;

/// The widest name of a file.
const NAME: usize = 32;
/// The longest reason why a file is not looked into.
const WHY: usize = 120;
/// Columns that its mark and its sizes take.
const BEHIND_NAME: usize = 34;
/// Cells of two sizes and an arrow.
const SIZES: usize = 3;
/// What continues the words behind them is set in.
const INDENT: usize = 9;
/// Lines from one notebook; the rest is counted.
const MOST_LINES: usize = 40;
/// Files named that are compared elsewhere.
const ELSEWHERE: usize = 5;

pub(super) fn results(diff: &Diff, sides: (&str, &str), style: &Style) -> String {
    let found = &diff.of_results;
    let others = diff.other_results();
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left, Align::Right]);
    let name = |item: &Item<FileFacts>| shortened(&clean(&item.name), NAME);
    let shown: Vec<&Item<FileFacts>> = found.files().iter().chain(&others).take(MOST).collect();
    let behind = shown.iter().map(|item| visible_width(&name(item))).max().unwrap_or(0) + BEHIND_NAME;
    for item in shown {
        let inside = found.inside.get(&item.name).map(|inside| said(item, inside, style)).unwrap_or_default();
        let mut cells = file_line(item, style);
        if !inside.is_empty() && matches!(item.change, Change::Changed) {
            // What is different says more than two digests.
            cells.truncate(SIZES);
            cells.push(wrapped_at(&inside, behind, INDENT));
        }
        table.row([mark(&item.change, style), name(item)].into_iter().chain(cells));
    }
    let mut text = table.render(2) + &more(found.files().len() + others.len());
    text += &elsewhere(&found.elsewhere);
    for item in found.files().iter().filter(|item| item.change == Change::Changed).take(MOST) {
        if let Some(Inside::Notebook(notebook)) = found.inside.get(&item.name) {
            text += &notebook_lines(item, of_notebook(notebook, style), sides, style);
        }
    }
    for set in &found.samples {
        let blank = if text.is_empty() { "" } else { "\n" };
        text += &format!("{blank}{}", samples(set, style));
    }
    text
}

/// What stands behind a file's sizes. Of one that is all new or all gone they say enough.
fn said(item: &Item<FileFacts>, inside: &Inside, style: &Style) -> String {
    match inside {
        Inside::Notebook(notebook) => cells_of(notebook),
        Inside::Text(text) if item.change == Change::Changed => added_and_removed(text.added, text.removed, style),
        Inside::Opaque(why) if why != "binary" => shortened(&clean(why), WHY),
        Inside::Text(_) | Inside::Opaque(_) => String::new(),
    }
}

fn notebook_lines(item: &Item<FileFacts>, lines: Vec<String>, (a, b): (&str, &str), style: &Style) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let hidden = lines.len().saturating_sub(MOST_LINES);
    let head = style.paint(Label::Strong, &clean(&item.name));
    let text = format!("\n  {head}\n{}", lines.into_iter().take(MOST_LINES).collect::<String>());
    if hidden == 0 {
        return text;
    }
    let more = format!("  … {} more: `mlrun diff {a} {b} --only results --json` has all", count(hidden as u64, "line"));
    format!("{text}{}\n", wrapped(&more))
}

/// Files that are read as something else are compared as that.
fn elsewhere(files: &[(Item<FileFacts>, String)]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let named: Vec<String> = files
        .iter()
        .take(ELSEWHERE)
        .map(|(item, what)| format!("{} ({})", shortened(&clean(&item.name), NAME), clean(what)))
        .collect();
    let more = match files.len().saturating_sub(ELSEWHERE) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("{}\n", set_in(&format!("compared by what is in them: {}{more}", named.join(", ")), 2))
}

/// `latency, ms`, then how many there are and how long they take.
fn samples(set: &SamplesDiff, style: &Style) -> String {
    let (name, column) = (cut(&clean(&set.set), 24), cut(&clean(&set.column), 16));
    let head = format!("samples.{name}, {column}");
    let [a, b] = set.known();
    let (mut text, known) = match (a, b) {
        (None, None) => (format!("  {}  {head}\n", mark(&set.change, style)), false),
        _ => (String::new(), true),
    };
    if known {
        let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
        let mut table = Table::new(&align);
        let dim = |word: &str| style.paint(Label::Dim, word);
        table.row([dim(&head), dim("a"), dim("b"), dim("Δ")]);
        let places = places(set);
        let shown = |value: f64| places.map_or_else(|| style.number(value), |places| style.fixed(value, places));
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
        let size = |side: Option<u64>| side.map_or_else(|| "–".to_owned(), |n| n.to_string());
        table.row(["n".to_owned(), size(a.map(|a| a.n)), size(b.map(|b| b.n))]);
        for quantile in set.quantiles() {
            let mut cells = vec![quantile.name(), number(quantile.a), number(quantile.b)];
            cells.extend(quantile.delta().map(|delta| match places {
                Some(places) => style.signed(delta, places),
                None => signed(style.number(delta), delta),
            }));
            cells.extend(quantile.relative().map(|part| format!("{} %", style.signed(100.0 * part, 1))));
            table.row(cells);
        }
        text += &table.render(2);
    }
    for reason in set.reasons() {
        text += &format!("{}\n", set_in(&format!("not compared: {}", clean(reason)), 5));
    }
    text
}

/// So many decimals that the least quantile has four figures; none where that would be long.
fn places(set: &SamplesDiff) -> Option<usize> {
    let values = set.quantiles().into_iter().flat_map(|quantile| [quantile.a, quantile.b]).flatten();
    let magnitudes: Vec<f64> = values.filter(|value| *value != 0.0).map(|value| value.abs().log10().floor()).collect();
    let least = magnitudes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = magnitudes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least >= -5.0 && most <= 9.0).then(|| (3.0 - least).clamp(0.0, 8.0) as usize)
}
