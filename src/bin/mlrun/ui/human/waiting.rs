//! What waits, by whom it waits for, you first: what is to be done, and the command.

use mlrun::clock::describe_age;
use mlrun::name::ModelName;
use mlrun::ops::status::waiting::{Urgency, Waiting};
use mlrun::ops::status::whom::{Group, Whom, by_whom};

use super::super::extent::{shortened, visible_width};
use super::super::{Label, Style, clean, lines, terminal};
use super::wrapped;
use crate::failure;

/// So many of those who could are named.
const NAMED: usize = 3;
/// The widest of their addresses.
const PERSON: usize = 48;
/// Groups of people that are named; of more there is a count.
const GROUPS: usize = 8;
/// Of what waits for less the age is not said, in seconds.
const MINUTE: u64 = 60;
/// So many equal tasks of the same people are one line, and so many of their versions are named.
const MANY: usize = 4;
const LABELS: usize = 6;
/// Behind the mark.
const LEAD: usize = 6;
/// Further lines.
const INDENT: usize = 8;

/// What waits for the one who asks, who has the address `you`, and for others: about `most` of it, of one model or of all.
pub(super) fn waiting(
    all: &[&Waiting],
    you: Option<&str>,
    model: Option<&ModelName>,
    most: usize,
    style: &Style,
) -> String {
    let groups = by_whom(all.iter().copied(), you);
    let named = if groups.len() > GROUPS + 1 && all.len() > most { GROUPS } else { groups.len() };
    let (shown, others) = groups.split_at(named);
    let mut text = String::new();
    let mut left = most;
    for (place, group) in shown.iter().enumerate() {
        // One thing of each of the others is worth more than one more of these.
        let room =
            if all.len() <= most { group.waiting.len() } else { left.saturating_sub(shown.len() - place - 1).max(1) };
        let entries =
            if all.len() <= most { group.waiting.iter().map(|one| vec![*one]).collect() } else { by_kind(group) };
        let count = in_full(entries.len(), room);
        left = left.saturating_sub(count);
        text += &section(group, &entries, you, count, style);
    }
    if !others.is_empty() {
        let things: usize = others.iter().map(|group| group.waiting.len()).sum();
        text += &format!("  … and {} more who are waited for, {things} things\n", others.len());
    }
    if all.len() > most {
        let model = model.map_or_else(String::new, |model| format!(" {model}"));
        let all = format!("  `mlrun status{model} -n {}` shows all of it", all.len());
        text += &format!("{}\n", style.paint(Label::Dim, &all));
    }
    text
}

/// Of so many those that are shown: in the place of a single one nothing is saved by saying that there is one more.
const fn in_full(all: usize, most: usize) -> usize {
    if all <= most + 1 { all } else { most }
}

/// What waits for the same people, equal tasks together in the place of the first where there are many of them. What a stage
/// serves and should not stands by itself.
fn by_kind<'w>(group: &Group<'w>) -> Vec<Vec<&'w Waiting>> {
    let tasks = group.tasks();
    let is_many = |one: &Waiting| {
        one.urgency != Urgency::Serving && tasks.iter().any(|(task, count)| *task == one.task.name() && *count >= MANY)
    };
    let mut entries: Vec<Vec<&Waiting>> = Vec::new();
    for one in &group.waiting {
        let same = |entry: &&mut Vec<&Waiting>| {
            entry.first().is_some_and(|first| first.task.name() == one.task.name() && first.urgency == one.urgency)
        };
        match entries.iter_mut().find(same).filter(|_| is_many(one)) {
            Some(entry) => entry.push(one),
            None => entries.push(vec![one]),
        }
    }
    entries
}

/// Equal tasks: how many, and which.
fn together(all: &[&Waiting], style: &Style) -> String {
    let Some(first) = all.first() else { return String::new() };
    let what = match first.task.name() {
        "renew" => ("renew", "certificates"),
        "look" => ("look at", "places"),
        "waive" => ("waive", "rules"),
        name => (name, "versions"),
    };
    let mut labels: Vec<String> = Vec::new();
    for one in all {
        let label = format!("{}@{}", one.model, one.version);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let named: Vec<&str> = labels.iter().take(LABELS).map(String::as_str).collect();
    let more = if labels.len() > LABELS { " …" } else { "" };
    let (mark, command) = (mark(first.urgency, style), failure::waiting(first).1);
    let said = format!("{} {} {}: {}{more}", what.0, all.len(), what.1, clean(&named.join(", ")));
    let command = style.paint(Label::Dim, &format!("→ {}", clean(&command)));
    let rest = style.paint(Label::Dim, "and so on");
    let indent = " ".repeat(INDENT);
    format!("    {mark} {}\n{indent}{command}\n{indent}{rest}\n", lines::wrapped(&said, LEAD, INDENT))
}

/// Those for whom it waits, and the first `count` of what does.
fn section(group: &Group<'_>, entries: &[Vec<&Waiting>], you: Option<&str>, count: usize, style: &Style) -> String {
    let all = group.waiting.len();
    let people = style.paint(Label::Strong, &address(&group.whom, you));
    let mut text = format!("{}\n", wrapped(&format!("  {people} ({all})")));
    let (shown, rest) = entries.split_at(count.min(entries.len()));
    let one = |entry: &Vec<&Waiting>| match entry.as_slice() {
        [one] => self::entry(one, style),
        several => together(several, style),
    };
    text += &shown.iter().map(one).collect::<String>();
    if !rest.is_empty() {
        let rest = Group { whom: Whom::You, waiting: rest.concat() };
        let tasks: Vec<String> = rest.tasks().iter().map(|(task, n)| format!("{n} {task}")).collect();
        let more = format!("    … and {} more: {}", rest.waiting.len(), tasks.join(", "));
        text += &format!("{}\n", style.paint(Label::Dim, &more));
    }
    text
}

fn entry(one: &Waiting, style: &Style) -> String {
    let (message, command) = failure::waiting(one);
    let said = clean(&message);
    let waited = one.since.map(|since| one.now.since(since)).filter(|waited| waited.as_secs() >= MINUTE);
    let waited = waited.map_or_else(String::new, |waited| format!("(for {})", describe_age(waited)));
    let (age, room) = (style.paint(Label::Dim, &waited), terminal::width());
    let gap = if age.is_empty() { "" } else { " " };
    let command = style.paint(Label::Dim, &format!("→ {}", clean(&command)));
    let mark = mark(one.urgency, style);
    let line = format!("    {mark} {said}{gap}{age}");
    if visible_width(&line) + 2 + visible_width(&command) <= room {
        return format!("{line}  {command}\n");
    }
    // An age is not broken in two, and a command to copy stands on a line of its own.
    let indent = " ".repeat(INDENT);
    let said = lines::wrapped(&said, LEAD, INDENT);
    let last = said.rsplit('\n').next().map_or(0, visible_width) + if said.contains('\n') { 0 } else { LEAD };
    let fits = age.is_empty() || last + gap.len() + visible_width(&age) <= room;
    let gap = if fits { gap.to_owned() } else { format!("\n{indent}") };
    format!("    {mark} {said}{gap}{age}\n{indent}{command}\n")
}

fn mark(urgency: Urgency, style: &Style) -> String {
    let (mark, label) = match urgency {
        Urgency::Serving => ("✗", Label::Bad),
        Urgency::Deadline => ("!", Label::Warning),
        Urgency::Release => ("·", Label::Strong),
        Urgency::Look => ("·", Label::Dim),
    };
    style.paint(label, mark)
}

fn person(address: &str) -> String {
    shortened(&clean(address), PERSON)
}

/// Whom it waits for.
fn address(whom: &Whom, you: Option<&str>) -> String {
    match whom {
        Whom::You => you.map_or_else(|| "you".to_owned(), |you| format!("you, {}", person(you))),
        Whom::Others { roles, who } => {
            let roles = clean(&roles.join(" or "));
            let named: Vec<String> = who.iter().take(NAMED).map(|one| person(one)).collect();
            let more = who.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            match (roles.is_empty(), named.is_empty()) {
                (false, false) => format!("{roles}: {}{more}", named.join(", ")),
                (_, true) => roles,
                (true, false) => format!("{}{more}", named.join(", ")),
            }
        }
    }
}
