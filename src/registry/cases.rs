//! The regression cases in force, as the journal tells of them. What each asks stands in the list that it was added by.

use super::State;
use crate::format::checkpoint::CasesRow;
use crate::format::event::{CaseChangeRecord, EventRecord, EventRef};

impl State {
    /// The number that the next case gets.
    pub fn next_case(&self) -> u32 {
        self.cases.last().map_or(1, |row| row.first.saturating_add(row.count))
    }

    /// How many cases are in force.
    pub fn cases_in_force(&self) -> u64 {
        self.cases.iter().map(|row| u64::from(row.count).saturating_sub(row.removed.len() as u64)).sum()
    }

    pub(super) fn change_cases(
        &mut self,
        change: &CaseChangeRecord,
        event: &EventRecord,
        reference: EventRef,
    ) -> Result<(), &'static str> {
        match change {
            CaseChangeRecord::Add { first, count, set, cases } => {
                if *first != self.next_case() || *count == 0 || first.checked_add(*count).is_none() {
                    return Err("its first number is not the next one");
                }
                self.cases.push(CasesRow {
                    first: *first,
                    count: *count,
                    set: set.clone(),
                    cases: *cases,
                    removed: Vec::new(),
                    actor: event.actor.name.clone(),
                    event: reference,
                    time: event.time,
                });
            }
            CaseChangeRecord::Remove { cases } => {
                if cases.is_empty() {
                    return Err("it removes no case");
                }
                for number in cases {
                    let row = self.cases.iter_mut().find(|row| row.is_in_force(*number));
                    row.ok_or("it removes a case that is not in force")?.removed.push(*number);
                }
            }
        }
        Ok(())
    }
}

impl CasesRow {
    /// Whether the case with this number is of this list, and was not removed.
    pub fn is_in_force(&self, number: u32) -> bool {
        self.numbers().any(|known| known == number)
    }

    /// The numbers of its cases in force, and each one's place in the list.
    pub fn in_force(&self) -> impl Iterator<Item = (u32, usize)> {
        (self.first..self.first.saturating_add(self.count)).zip(0..).filter(|(n, _)| !self.removed.contains(n))
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        self.in_force().map(|(number, _)| number)
    }
}
