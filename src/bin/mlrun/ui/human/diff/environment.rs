//! The environment: what is farthest apart first.

use mlrun::compare::{Change, Diff, EnvironmentFact, EnvironmentKind, Interpreter, Item, Step};

use super::super::super::{Label, Style, Table, clean};
use super::super::{count, cut, wrapped};
use super::items::mark;

/// Lines; the rest is counted.
const MOST: usize = 25;
/// Characters of a value.
const WIDEST: usize = 24;

/// Of the sides with these names.
pub(super) fn environment(diff: &Diff, (a, b): (&str, &str), style: &Style) -> String {
    let (mut sorted, of_another) = diff.environment_parts();
    sorted.sort_by(|a, b| a.rank().cmp(&b.rank()).then_with(|| a.name.cmp(&b.name)));
    let mut table = Table::new(&[]);
    for item in sorted.iter().take(MOST) {
        table.row(row(item, style));
    }
    let mut text = table.render(2);
    if let Some(rest @ [_, ..]) = sorted.get(MOST..) {
        text += &format!("  … and {} more: {}\n", rest.len(), kinds(rest));
    }
    if !of_another.is_empty() {
        let (packages, kinds) = (count(of_another.len() as u64, "package"), kinds(&of_another));
        let (ours, theirs) = diff.interpreters.as_ref().map_or((&None, &None), |(ours, theirs)| (ours, theirs));
        let (ours, theirs) = (looked_at(a, ours.as_ref()), looked_at(b, theirs.as_ref()));
        let line = format!(
            "  {packages} ({kinds}) are not listed: another interpreter was looked at. {ours}. {theirs}. In mlrun.toml, \
             `python` below `[environment]` names the one to look at"
        );
        text += &format!("{}\n", wrapped(&line));
    }
    text
}

/// Which interpreter it was.
fn looked_at(side: &str, interpreter: Option<&Interpreter>) -> String {
    let chosen = interpreter.map_or_else(|| "nobody knows which".to_owned(), |known| clean(&known.chosen));
    format!("{}: {chosen}", clean(side))
}

fn row(item: &Item<EnvironmentFact>, style: &Style) -> Vec<String> {
    let shown = |fact: &Option<EnvironmentFact>| fact.as_ref().map(value).unwrap_or_default();
    let (a, b) = (shown(&item.a), shown(&item.b));
    let arrow = if item.change == Change::Changed { "→" } else { "" };
    vec![mark(&item.change, style), cut(&clean(&item.name), 40), a, arrow.to_owned(), b, note(item, style)]
}

fn value(fact: &EnvironmentFact) -> String {
    match fact.kind {
        EnvironmentKind::Lock => fact.value.chars().take(12).collect(),
        _ => cut(&clean(&fact.value), WIDEST),
    }
}

/// How far it went, and where it comes from if that is another place now.
fn note(item: &Item<EnvironmentFact>, style: &Style) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(step) = item.step() {
        parts.push(match step {
            Step::Up(size) if word(item) == "major" => style.paint(Label::Warning, size.name()),
            Step::Up(size) => style.paint(Label::Dim, size.name()),
            Step::Down(size) => style.paint(Label::Warning, &format!("{}, down", size.name())),
            Step::Beside => style.paint(Label::Dim, "another build"),
        });
    }
    if item.has_other_origin() {
        let origin = |fact: &Option<EnvironmentFact>| {
            let origin = fact.as_ref().and_then(|fact| fact.origin.as_deref());
            cut(&clean(origin.unwrap_or("an index")), WIDEST)
        };
        parts.push(format!("from {} → {}", origin(&item.a), origin(&item.b)));
    }
    parts.join(", ")
}

/// How an item is counted.
pub(super) fn word(item: &Item<EnvironmentFact>) -> &'static str {
    match (item.step().and_then(Step::size), &item.change) {
        (_, Change::Added | Change::Removed | Change::Renamed(_)) => item.change.name(),
        (Some(size), _) => size.name(),
        (None, Change::Changed) if item.has_other_origin() => "of another origin",
        (None, Change::Changed) => "other",
    }
}

/// `2 minor, 14 patch`.
pub(super) fn kinds(items: &[&Item<EnvironmentFact>]) -> String {
    let words = ["major", "minor", "patch", "rest", "added", "removed", "of another origin", "other"];
    let number = |wanted: &str| items.iter().filter(|item| word(item) == wanted).count();
    let parts = words.iter().map(|word| (number(word), word)).filter(|(n, _)| *n > 0);
    parts.map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}
