//! A section as a table, or as a line.

use super::super::escape;
use super::results::results;
use super::tensors::tensors;
use super::{Lines, SECTION, name, numbers};
use crate::certify::wording::count;
use crate::compare::{
    Change, Command, DataFacts, Diff, FileFacts, Interpreter, Item, Section, Sign, Size, Step, compare_words,
};
use crate::format::scalar::Scalar;

/// What differs in a section.
pub(super) fn section(diff: &Diff, section: Section) -> String {
    match section {
        Section::Metrics => numbers::metrics(diff),
        Section::Params => items(&diff.params, "parameter", Scalar::to_string),
        Section::Seeds => items(&diff.seeds, "seed", Scalar::to_string),
        Section::Files => items(&diff.files, "file", file),
        Section::Results => results(diff),
        Section::Data => items(&diff.data, "data", data) + &numbers::tables(diff.tables.iter()),
        Section::Code => code(diff),
        Section::Environment => environment(diff),
        Section::Command => command(diff),
        Section::Notes => notes(diff),
        Section::Tensors => tensors(&diff.tensors),
        Section::Predictions => numbers::predictions(&diff.predictions),
    }
}

/// How an item is different, in one word.
pub(super) fn change(change: &Change) -> String {
    match change {
        Change::Renamed(from) => format!("was {}", name(from)),
        other => other.name().to_owned(),
    }
}

fn items<T>(items: &[Item<T>], what: &str, show: impl Fn(&T) -> String) -> String {
    let mut lines = Lines::new(SECTION);
    lines.add(format!("| {what} | | was | is |\n|---|---|---|---|\n"));
    let shown = |value: &Option<T>| value.as_ref().map_or_else(String::new, |value| name(&show(value)));
    for item in items {
        lines.add(format!(
            "| {} | {} | {} | {} |\n",
            name(&item.name),
            change(&item.change),
            shown(&item.a),
            shown(&item.b)
        ));
    }
    let many = if what == "data" { what.to_owned() } else { format!("{what}s") };
    lines.text(&many)
}

pub(super) fn file(facts: &FileFacts) -> String {
    let digest = facts.content.get(..12).unwrap_or(&facts.content);
    let executable = if facts.executable { ", executable" } else { "" };
    format!("{digest}, {}{executable}", count(facts.size, "byte"))
}

fn data(facts: &DataFacts) -> String {
    let rows = facts.rows.map_or_else(String::new, |rows| format!("{}, ", count(rows, "row")));
    let digest = facts.sha256.as_deref().or(facts.checksum.as_deref()).unwrap_or("no digest");
    format!("{rows}{}, {}", count(facts.size, "byte"), digest.get(..12).unwrap_or(digest))
}

fn code(diff: &Diff) -> String {
    let mut text = String::new();
    if let Some((a, b)) = &diff.code.commit {
        let short = |commit: &Option<String>| name(commit.as_ref().map_or("none", |c| c.get(..9).unwrap_or(c)));
        text += &format!("Commit {} → {}", short(a), short(b));
    }
    if let Some((_, dirty)) = diff.code.dirty {
        let now = if dirty { "with uncommitted work now" } else { "everything committed now" };
        text += &if text.is_empty() { sentence(now) } else { format!(", {now}") };
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn environment(diff: &Diff) -> String {
    let (mut sorted, of_another) = diff.environment_parts();
    sorted.sort_by(|a, b| a.rank().cmp(&b.rank()).then_with(|| a.name.cmp(&b.name)));
    let mut lines = Lines::new(SECTION);
    lines.add("| | was | is | |\n|---|---|---|---|\n".to_owned());
    for item in sorted {
        let shown = |fact: &Option<crate::compare::EnvironmentFact>| {
            fact.as_ref().map_or_else(String::new, |fact| name(&fact.to_string()))
        };
        let how = match item.step() {
            Some(Step::Up(size)) => size_words(size, ""),
            Some(Step::Down(size)) => size_words(size, ", down"),
            Some(Step::Beside) => "another build".to_owned(),
            None if item.has_other_origin() => "from elsewhere".to_owned(),
            None => item.change.name().to_owned(),
        };
        lines.add(format!("| {} | {} | {} | {how} |\n", name(&item.name), shown(&item.a), shown(&item.b)));
    }
    let text = lines.text("parts of the environment");
    if of_another.is_empty() {
        return text;
    }
    let (ours, theirs) = diff.interpreters.as_ref().map_or((&None, &None), |(ours, theirs)| (ours, theirs));
    let chosen = |known: &Option<Interpreter>| {
        escape::markdown(known.as_ref().map_or("nobody knows which", |known| &known.chosen), 300)
    };
    let packages = count(of_another.len() as u64, "package");
    format!(
        "{text}\n{packages} of another interpreter are not listed. Was: {}. Is: {}.\n",
        chosen(ours),
        chosen(theirs)
    )
}

fn size_words(size: Size, down: &str) -> String {
    if size == Size::Major { format!("**major**{down}") } else { format!("{}{down}", size.name()) }
}

/// What went is struck out, what came is bold.
fn command(diff: &Diff) -> String {
    let Some((a, b)) = &diff.command else { return String::new() };
    let argv = |command: &Option<Command>| command.as_ref().map_or_else(Vec::new, |command| command.argv.clone());
    let mut lines = Lines::new(SECTION);
    for (sign, words) in compare_words(&argv(a), &argv(b)) {
        for word in words {
            let word = escape::markdown(&word, 200);
            lines.add(match sign {
                Sign::Removed => format!("<del>{word}</del> "),
                Sign::Added => format!("<ins>{word}</ins> "),
                Sign::Same | Sign::NoEnd => format!("{word} "),
            });
        }
    }
    let folder = |command: &Option<Command>| {
        name(command.as_ref().and_then(|command| command.folder.as_deref()).unwrap_or("the project"))
    };
    let (from, to) = (folder(a), folder(b));
    let place = if from == to { String::new() } else { format!("\nIn {from} → {to}\n") };
    format!("{}\n{place}", lines.text("words"))
}

fn notes(diff: &Diff) -> String {
    let Some((a, b)) = &diff.notes else { return String::new() };
    let marked = |mark: &str, notes: &Option<String>| -> Vec<String> {
        notes.as_deref().unwrap_or_default().lines().map(|line| format!("{mark}{line}")).collect()
    };
    let mut lines: Vec<String> = [marked("-", a), marked("+", b)].concat();
    let mut room = SECTION;
    let all = lines.len();
    lines.retain(|line| {
        let fits = line.len() <= room;
        room = room.saturating_sub(if fits { line.len() + 1 } else { room });
        fits
    });
    let left_out = all - lines.len();
    let more = if left_out == 0 {
        String::new()
    } else {
        format!("\n{left_out} more of the lines did not fit on this page.\n")
    };
    format!("{}{more}", escape::fenced("diff", &lines))
}
