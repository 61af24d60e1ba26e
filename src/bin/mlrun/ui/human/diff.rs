//! `diff`.

use mlrun::compare::{Change, DataFacts, FileFacts, Item};
use mlrun::format::scalar::Scalar;
use mlrun::ops::ErasedPart;
use mlrun::ops::diff::DiffReport;

use super::super::{Align, Label, Style, Table, bytes, clean};
use super::purge::words;
use super::{count, exact, measured, wrapped};

/// Lines of one section; the rest is counted.
const MOST: usize = 40;

pub fn diff(report: &DiffReport, style: &Style) -> String {
    let (a, b) = (style.paint(Label::Strong, &report.a), style.paint(Label::Strong, &report.b));
    let diff = &report.diff;
    if diff.is_empty() {
        return format!("{a} and {b} are the same\n{}{}", outputs(report), gone(report));
    }
    let mut text = format!("{a} → {b}\n");
    add(&mut text, style, "files", &diff.files, file_line);
    add(&mut text, style, "parameters", &diff.params, value_line);
    add(&mut text, style, "metrics", &diff.metrics, metric_line);
    add(&mut text, style, "data", &diff.data, data_line);
    add(&mut text, style, "results", &diff.results, file_line);
    if !diff.code.is_empty() {
        heading(&mut text, style, "code");
        if let Some((old, new)) = &diff.code.commit {
            let short = |c: &Option<String>| c.as_ref().map_or("none", |c| c.get(..9).unwrap_or(c)).to_owned();
            text += &format!("  commit {} → {}\n", short(old), short(new));
        }
        if let Some((_, dirty)) = diff.code.dirty {
            text += if dirty { "  with uncommitted work now\n" } else { "  everything committed now\n" };
        }
        lines(&mut text, style, &diff.code.files, file_line);
    }
    text += &outputs(report);
    add(&mut text, style, "environment", &diff.environment, text_line);
    add(&mut text, style, "seeds", &diff.seeds, value_line);
    if let Some((old, new)) = &diff.notes {
        heading(&mut text, style, "notes");
        for (mark, notes) in [("-", old), ("+", new)] {
            for line in notes.iter().flat_map(|n| n.lines()) {
                text += &format!("  {mark} {}\n", clean(line));
            }
        }
    }
    text + &gone(report)
}

/// Notebooks that were run again.
fn outputs(report: &DiffReport) -> String {
    let names: Vec<String> = report.diff.code.outputs.iter().map(|name| clean(name)).collect();
    let more = names.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    if names.is_empty() { shown } else { format!("{}\n", wrapped(&format!("only outputs differ in {shown}{more}"))) }
}

/// What was erased from a side, and is not compared but by digest.
fn gone(report: &DiffReport) -> String {
    let line = |(label, part): &(String, ErasedPart)| format!("{}\n", wrapped(&format!("{label} {}", words(part))));
    let lines: String = report.erased.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

fn heading(text: &mut String, style: &Style, title: &str) {
    *text += &format!("\n{}\n", style.paint(Label::Strong, title));
}

fn add<T>(text: &mut String, style: &Style, title: &str, items: &[Item<T>], line: fn(&Item<T>, &Style) -> Vec<String>) {
    if !items.is_empty() {
        heading(text, style, title);
        lines(text, style, items, line);
    }
}

fn lines<T>(text: &mut String, style: &Style, items: &[Item<T>], line: fn(&Item<T>, &Style) -> Vec<String>) {
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Left, Align::Right]);
    for item in items.iter().take(MOST) {
        let mark = match item.change {
            Change::Added => style.paint(Label::Good, "+"),
            Change::Removed => style.paint(Label::Bad, "-"),
            Change::Changed => style.paint(Label::Warning, "~"),
            Change::Renamed(_) => style.paint(Label::Dim, ">"),
        };
        table.row([mark, clean(&item.name)].into_iter().chain(line(item, style)));
    }
    *text += &table.render(2);
    if items.len() > MOST {
        *text += &format!("  … and {} more\n", items.len() - MOST);
    }
}

fn both(a: Option<String>, b: Option<String>) -> Vec<String> {
    match (a, b) {
        (Some(a), Some(b)) => vec![a, "→".to_owned(), b],
        (Some(one), None) | (None, Some(one)) => vec![one],
        (None, None) => Vec::new(),
    }
}

fn file_line(item: &Item<FileFacts>, _: &Style) -> Vec<String> {
    if let Change::Renamed(from) = &item.change {
        return vec![format!("was {}", clean(from))];
    }
    let size = |facts: &Option<FileFacts>| facts.as_ref().map(|f| bytes(f.size));
    both(size(&item.a), size(&item.b))
}

fn value_line(item: &Item<Scalar>, _: &Style) -> Vec<String> {
    both(item.a.as_ref().map(exact), item.b.as_ref().map(exact))
}

fn metric_line(item: &Item<Scalar>, style: &Style) -> Vec<String> {
    let show = |value: &Option<Scalar>| value.as_ref().map(|v| measured(v, style));
    let mut cells = both(show(&item.a), show(&item.b));
    if let (Some(a), Some(b)) = (item.a.as_ref().and_then(Scalar::finite), item.b.as_ref().and_then(Scalar::finite)) {
        let delta = b - a;
        let sign = if delta >= 0.0 { "+" } else { "" };
        cells.push(style.paint(Label::Dim, &format!("({sign}{})", style.number(delta))));
    }
    cells
}

fn data_line(item: &Item<DataFacts>, _: &Style) -> Vec<String> {
    let show = |facts: &Option<DataFacts>| {
        facts.as_ref().map(|f| {
            let declared = || f.checksum.as_deref().unwrap_or("no digest");
            let digest = f.sha256.as_deref().and_then(|d| d.get(..12)).unwrap_or_else(declared);
            f.rows.map_or_else(
                || format!("{} {digest}", bytes(f.size)),
                |rows| format!("{} {digest}", count(rows, "row")),
            )
        })
    };
    let mut cells = both(show(&item.a), show(&item.b));
    if let (Some(a), Some(b)) = (&item.a, &item.b)
        && let (Some(old), Some(new)) = (&a.columns, &b.columns)
        && old != new
    {
        cells.push("columns differ".to_owned());
    }
    if item.same_rows() {
        cells.push("same rows, written otherwise".to_owned());
    }
    cells
}

fn text_line(item: &Item<String>, _: &Style) -> Vec<String> {
    let show = |value: &Option<String>| value.as_ref().map(|v| clean(&v.chars().take(40).collect::<String>()));
    both(show(&item.a), show(&item.b))
}
