//! What waits for whom, one entry each: an address, what is to be done, the command.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use mlrun::clock::describe_age;
use mlrun::name::ModelName;
use mlrun::ops::status::waiting::{Task, Urgency, Waiting};

use super::super::table::visible_width;
use super::super::{Align, Label, Style, Table, clean, lines, terminal};
use super::shortened;
use crate::failure;

/// So many of those who could are named.
const NAMED: usize = 3;
/// Of what waits for less the age is not said, in seconds.
const MINUTE: u64 = 60;
/// Lines that say for whom how much waits, and the widest name there.
const MOST_PEOPLE: usize = 8;
const PERSON: usize = 40;
/// Behind the mark.
const LEAD: usize = 4;
/// Further lines.
const INDENT: usize = 6;

/// The first `most` of what waits, and how many more there are, of one model or of all.
pub(super) fn waiting(all: &[&Waiting], model: Option<&ModelName>, most: usize, style: &Style) -> String {
    let mut text: String = all.iter().take(most).map(|one| entry(one, style)).collect();
    let more = all.len().saturating_sub(most);
    if more > 0 {
        let model = model.map_or_else(String::new, |model| format!(" {model}"));
        let all = format!("  … and {more} more; `mlrun status{model} -n {}` shows them", all.len());
        text += &format!("{}\n", style.paint(Label::Dim, &all));
    }
    text
}

/// For whom how much waits, those for whom most does first: where one list of it would not fit a screen.
pub(super) fn by_whom(all: &[&Waiting], style: &Style) -> String {
    let mut whom: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    for one in all {
        let address = address(one).unwrap_or_else(|| "whoever can".to_owned());
        *whom.entry(address).or_default().entry(one.task.name()).or_default() += 1;
    }
    let sum = |tasks: &BTreeMap<&str, u64>| tasks.values().sum::<u64>();
    let mut whom: Vec<_> = whom.into_iter().collect();
    whom.sort_by_key(|(_, tasks)| Reverse(sum(tasks)));
    let mut table = Table::new(&[Align::Left, Align::Right]);
    for (address, tasks) in whom.iter().take(MOST_PEOPLE) {
        let mut tasks_named: Vec<_> = tasks.iter().collect();
        tasks_named.sort_by_key(|(_, n)| Reverse(**n));
        let what: Vec<String> = tasks_named.iter().map(|(task, n)| format!("{n} {task}")).collect();
        let address = style.paint(Label::Strong, &shortened(&clean(address), PERSON));
        table.row([address, sum(tasks).to_string(), style.paint(Label::Dim, &what.join(", "))]);
    }
    let more = whom.len().saturating_sub(MOST_PEOPLE);
    table.render(2) + &if more > 0 { format!("  … and {more} more\n\n") } else { "\n".to_owned() }
}

fn entry(one: &Waiting, style: &Style) -> String {
    let (mark, label) = match one.urgency {
        Urgency::Serving => ("✗", Label::Bad),
        Urgency::Deadline => ("!", Label::Warning),
        Urgency::Release => ("·", Label::Strong),
        Urgency::Look => ("·", Label::Dim),
    };
    let (message, command) = failure::waiting(one);
    let address = address(one).map(|address| format!("{}: ", style.paint(Label::Strong, &clean(&address))));
    let said = format!("{}{}", address.unwrap_or_default(), clean(&message));
    let waited = one.since.map(|since| one.now.since(since)).filter(|waited| waited.as_secs() >= MINUTE);
    let waited = waited.map_or_else(String::new, |waited| format!("(for {})", describe_age(waited)));
    let (age, room) = (style.paint(Label::Dim, &waited), terminal::width());
    let gap = if age.is_empty() { "" } else { " " };
    let command = style.paint(Label::Dim, &format!("→ {}", clean(&command)));
    let mark = style.paint(label, mark);
    let line = format!("  {mark} {said}{gap}{age}");
    if visible_width(&line) + 2 + visible_width(&command) <= room {
        return format!("{line}  {command}\n");
    }
    // An age is not broken in two, and a command to copy stands on a line of its own.
    let indent = " ".repeat(INDENT);
    let said = lines::wrapped(&said, LEAD, INDENT);
    let last = said.rsplit('\n').next().map_or(0, visible_width) + if said.contains('\n') { 0 } else { LEAD };
    let fits = age.is_empty() || last + gap.len() + visible_width(&age) <= room;
    let gap = if fits { gap.to_owned() } else { format!("\n{indent}") };
    format!("  {mark} {said}{gap}{age}\n{indent}{command}\n")
}

/// Whom it waits for; none where the words begin with what is wrong.
fn address(one: &Waiting) -> Option<String> {
    let roles = one.roles.join(" or ");
    let people = match one.who.len().saturating_sub(NAMED) {
        0 => one.who.join(", "),
        more => format!("{} and {more} more", one.who.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ")),
    };
    match (roles.is_empty(), people.is_empty()) {
        (false, false) => Some(format!("{roles} ({people})")),
        (false, true) => Some(roles),
        (true, false) => Some(people),
        (true, true) => match one.task {
            Task::Certify { .. } | Task::Clear { .. } | Task::Promote | Task::Look { .. } => Some("you".to_owned()),
            _ => None,
        },
    }
}
