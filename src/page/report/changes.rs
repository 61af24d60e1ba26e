//! What is different from another version, part by part.

mod data;
mod model;
mod results;

use super::super::diff::{cells as cells_of, difference};
use super::super::html::{Document, Text, Tone, number, shorten, words};
use super::{Changes, answers, metrics as measured};
use crate::certify::wording::{grouped, significant};
use crate::compare::{
    Change, CodeDiff, Command, Diff, EnvironmentFact, FileFacts, Inside, Item, Sign, Size, Step, TextHunk, Verdict,
    compare_words,
};
use crate::format::scalar::Scalar;

/// Rows of a table; the rest is counted.
const MOST: usize = 100;
/// Files of code that are looked into.
const MOST_FILES: usize = 50;

pub(super) fn section(page: &mut Document, changes: Option<&Changes>) {
    page.section("changes", "What changed");
    match changes {
        Some(changes) => one(page, changes),
        None => page.paragraph(&Text::plain("There is no version before it, or it cannot be compared.")),
    }
}

/// Everything that is different from one version.
fn one(page: &mut Document, changes: &Changes) {
    if is_different(page, changes) {
        metrics(page, &changes.diff);
        for set in &changes.diff.measured {
            measured::of_set(page, (&changes.before, "this version"), set);
        }
        rest(page, &changes.diff);
    }
}

/// The same without metrics, which stand in a section of their own where several versions are told of.
pub(super) fn beside_metrics(page: &mut Document, changes: &Changes) {
    if is_different(page, changes) {
        rest(page, &changes.diff);
    }
}

/// Says what it is held against; whether anything is different.
fn is_different(page: &mut Document, changes: &Changes) -> bool {
    page.paragraph(&Text::plain(&format!("Against {}.", changes.before)));
    for note in &changes.notes {
        page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&cut(note)));
    }
    if changes.diff.is_empty() {
        let nothing = if changes.notes.is_empty() {
            "Nothing is different."
        } else {
            "Nothing is different in what was compared."
        };
        page.paragraph(&Text::plain(nothing));
    }
    !changes.diff.is_empty()
}

fn rest(page: &mut Document, diff: &Diff) {
    if let Some((was, is)) = &diff.notes {
        let said =
            |notes: &Option<String>| notes.as_ref().map_or_else(|| Text::toned(Tone::Dim, "none"), |text| cut(text));
        page.facts(&[("Notes were", said(was)), ("Notes are", said(is))]);
    }
    answers::section(page, &diff.predictions);
    model::settings(page, &diff.tensors.settings);
    table(page, "Parameters", &diff.params, |value| cut_code(&value.to_string()));
    table(page, "Seeds", &diff.seeds, |value| cut_code(&value.to_string()));
    code(page, &diff.code);
    command(page, diff);
    environment(page, diff);
    data::tables(page, diff);
    table(page, "The model's files", &diff.files, file);
    results::section(page, diff);
}

fn cut(text: &str) -> Text {
    Text::plain(&shorten(text))
}

fn cut_code(text: &str) -> Text {
    Text::code(&shorten(text))
}

fn how(change: &Change) -> Text {
    match change {
        Change::Renamed(from) => Text::plain("was ").then(&cut_code(from)),
        other => Text::plain(other.name()),
    }
}

fn table<T>(page: &mut Document, caption: &str, items: &[Item<T>], show: impl Fn(&T) -> Text) {
    let shown = |value: &Option<T>| value.as_ref().map_or_else(Text::default, &show);
    let rows: Vec<Vec<Text>> = items
        .iter()
        .map(|item| vec![cut_code(&item.name), how(&item.change), shown(&item.a), shown(&item.b)])
        .collect();
    page.long_table(caption, &[words("Name"), words("How"), words("Was"), words("Is")], &rows, MOST);
}

fn metrics(page: &mut Document, diff: &Diff) {
    let finite = |value: &Option<Scalar>| value.as_ref().and_then(Scalar::finite);
    let shown = |value: &Option<Scalar>| match (finite(value), value) {
        (Some(number), _) => Text::plain(&significant(number)),
        (None, Some(other)) => cut(&other.to_string()),
        (None, None) => Text::default(),
    };
    let row = |item: &Item<Scalar>| {
        let delta = item.difference().map_or_else(String::new, |delta| difference(&delta));
        let told = diff.verdict(item).filter(|(verdict, _)| matches!(verdict, Verdict::Better | Verdict::Worse));
        let verdict = told.map_or_else(Text::default, measured::of_written);
        vec![cut_code(&item.name), shown(&item.a), shown(&item.b), Text::plain(&delta), verdict]
    };
    let rows: Vec<Vec<Text>> = diff.metrics.iter().map(row).collect();
    let columns = [words("Metric"), number("Was"), number("Is"), number("Difference"), words("")];
    page.long_table("Metrics, as training reported them", &columns, &rows, MOST);
}

fn file(facts: &FileFacts) -> Text {
    Text::plain(&format!("{} bytes, ", grouped(facts.size))).then(&Text::shortened(&facts.content))
}

fn environment(page: &mut Document, diff: &Diff) {
    let mut sorted: Vec<&Item<EnvironmentFact>> = diff.environment.iter().collect();
    sorted.sort_by(|a, b| a.rank().cmp(&b.rank()).then_with(|| a.name.cmp(&b.name)));
    let shown =
        |fact: &Option<EnvironmentFact>| fact.as_ref().map_or_else(Text::default, |fact| cut_code(&fact.to_string()));
    let rows = sorted.into_iter().map(|item| {
        let step = match item.step() {
            Some(Step::Up(Size::Major)) => Text::toned(Tone::Open, "major, up"),
            Some(Step::Up(size)) => Text::plain(&format!("{}, up", size.name())),
            Some(Step::Down(size)) => Text::toned(Tone::Open, &format!("{}, down", size.name())),
            Some(Step::Beside) => Text::plain("another build"),
            None if item.has_other_origin() => Text::plain("from elsewhere"),
            None => Text::plain(item.change.name()),
        };
        vec![cut_code(&item.name), shown(&item.a), shown(&item.b), step]
    });
    let columns = [words("Name"), words("Was"), words("Is"), words("How")];
    page.long_table("Environment", &columns, &rows.collect::<Vec<_>>(), MOST);
}

fn command(page: &mut Document, diff: &Diff) {
    let Some((a, b)) = &diff.command else { return };
    let argv = |command: &Option<Command>| command.as_ref().map_or_else(Vec::new, |command| command.argv.clone());
    let mut line = Text::default();
    for (sign, words) in compare_words(&argv(a), &argv(b)) {
        let (mark, tone) = match sign {
            Sign::Removed => ("−", Some(Tone::Bad)),
            Sign::Added => ("+", Some(Tone::Good)),
            Sign::Same | Sign::NoEnd => ("", None),
        };
        for word in words {
            let word = format!("{mark}{}", shorten(&word));
            line = line
                .then(&tone.map_or_else(|| Text::plain(&word), |tone| Text::toned(tone, &word)))
                .then(&Text::plain(" "));
        }
    }
    page.facts(&[("Command", line)]);
}

fn code(page: &mut Document, diff: &CodeDiff) {
    let commit =
        |commit: &Option<String>| commit.as_ref().map_or_else(|| "none".to_owned(), |id| id.chars().take(9).collect());
    let commits = diff.commit.as_ref().map_or_else(Text::default, |(was, is)| {
        Text::code(&commit(was)).then(&Text::plain(" → ")).then(&Text::code(&commit(is)))
    });
    let dirty = match diff.dirty {
        Some((_, true)) => "there is uncommitted work now",
        Some((_, false)) => "everything is committed now",
        None => "",
    };
    page.facts(&[("Commit", commits), ("Work", Text::plain(dirty))]);
    for item in diff.files.iter().take(MOST_FILES) {
        let inside = diff.inside.get(&item.name);
        if !look_inside(page, &item.name, inside) {
            let why = match inside {
                Some(Inside::Opaque(why)) => format!(": {why}"),
                _ => String::new(),
            };
            let name = cut_code(&item.name);
            page.paragraph(&name.then(&Text::plain(" ")).then(&how(&item.change)).then(&cut(&why)));
        }
    }
    if !diff.outputs.is_empty() {
        let named = Text::list(diff.outputs.iter().take(MOST_FILES).map(|path| cut_code(path)));
        page.paragraph(&Text::plain("Of these notebooks only outputs are different: ").then(&named));
    }
    if let Some(more @ 1..) = diff.files.len().checked_sub(MOST_FILES) {
        page.paragraph(&Text::toned(Tone::Dim, &format!("{} more files of code are different.", grouped(more as u64))));
    }
}

/// The lines that are different in a file, folded away; whether there are any.
fn look_inside(page: &mut Document, name: &str, inside: Option<&Inside>) -> bool {
    let (head, lines): (String, Vec<String>) = match inside {
        Some(Inside::Text(text)) => {
            let head = format!("+{} −{} lines", grouped(text.added), grouped(text.removed));
            (head, text.hunks.iter().flat_map(hunk).collect())
        }
        Some(Inside::Notebook(notebook)) => {
            let cells = notebook.cells.iter().flat_map(|cell| {
                let place = cell.b.or(cell.a).unwrap_or_default();
                let head = format!("@@ cell {place}, {}, {} @@", cell.kind, cell.name());
                std::iter::once(head).chain(cell.lines.hunks.iter().flat_map(lines))
            });
            (cells_of(notebook), cells.collect())
        }
        Some(Inside::Opaque(_)) | None => return false,
    };
    if !lines.is_empty() {
        let head = format!("{} ({head})", shorten(name));
        page.folded(&head, |page| page.preformatted(&lines.join("\n")));
    }
    !lines.is_empty()
}

fn hunk(hunk: &TextHunk) -> Vec<String> {
    std::iter::once(hunk.head.clone()).chain(lines(hunk)).collect()
}

fn lines(hunk: &TextHunk) -> Vec<String> {
    hunk.lines.iter().map(|(sign, line)| format!("{}{line}", sign.mark())).collect()
}
