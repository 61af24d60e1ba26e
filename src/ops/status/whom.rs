//! What waits, by whom it waits for: what the one who asks can do, and what others are waited for with.

use super::waiting::Waiting;

/// For whom something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The one who asks, by name or because anybody can.
    You,
    /// Others.
    Others {
        /// Their roles.
        roles: Vec<String>,
        /// Their addresses; empty: they are not known by name.
        who: Vec<String>,
    },
}

/// What waits for the same people.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'w> {
    /// The people.
    pub whom: Whom,
    /// What waits for them, in the order in which it was given.
    pub waiting: Vec<&'w Waiting>,
}

impl Group<'_> {
    /// How many things of each kind there are, the most frequent first.
    pub fn tasks(&self) -> Vec<(&'static str, usize)> {
        let mut tasks: Vec<(&'static str, usize)> = Vec::new();
        for name in self.waiting.iter().map(|one| one.task.name()) {
            match tasks.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => tasks.push((name, 1)),
            }
        }
        tasks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        tasks
    }
}

/// Whether the one with the address `you` can do it: it names them, or neither a person nor a role.
pub fn is_yours(one: &Waiting, you: Option<&str>) -> bool {
    // Who may waive is said by a role alone.
    let is_anybodys = one.who.is_empty() && one.roles.is_empty();
    let is_named = you.is_some_and(|you| one.who.iter().any(|person| person.eq_ignore_ascii_case(you.trim())));
    is_anybodys || is_named
}

/// All of it: yours first, then what is most urgent, then those for whom most waits.
pub fn by_whom<'w>(all: impl IntoIterator<Item = &'w Waiting>, you: Option<&str>) -> Vec<Group<'w>> {
    let mut groups: Vec<Group<'w>> = Vec::new();
    for one in all {
        let whom = if is_yours(one, you) {
            Whom::You
        } else {
            Whom::Others { roles: one.roles.clone(), who: one.who.clone() }
        };
        match groups.iter_mut().find(|group| group.whom == whom) {
            Some(group) => group.waiting.push(one),
            None => groups.push(Group { whom, waiting: vec![one] }),
        }
    }
    let urgency = |group: &Group<'_>| group.waiting.iter().map(|one| one.urgency).min();
    groups.sort_by_key(|group| (group.whom != Whom::You, urgency(group), std::cmp::Reverse(group.waiting.len())));
    groups
}
