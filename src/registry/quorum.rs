//! Who fills which role. Everybody fills one at most, however many they have: so that as many as possible are filled, it is found
//! out by augmenting paths (Kuhn, 1955; `O(roles × approvals)` for the few there are), not by taking the first that fits.

use std::collections::{BTreeMap, BTreeSet};

/// An approval that is good in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// The event that gave it.
    pub seq: u64,
    /// In which role.
    pub role: String,
    /// Whose it is.
    pub person: String,
}

/// How far it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quorum {
    /// The approvals that count, by the numbers of their events.
    pub counted: Vec<u64>,
    /// How many are missing in each role that is not full.
    pub missing: BTreeMap<String, u32>,
}

/// Lets `voices` fill what is `asked` for: of each role, by how many different people.
pub fn quorum(asked: &BTreeMap<String, u32>, voices: &[Voice]) -> Quorum {
    let person = |voice: &Voice| voice.person.to_lowercase();
    let people: Vec<String> = voices.iter().map(person).collect::<BTreeSet<_>>().into_iter().collect();
    // The first approval by each person in each role.
    let mut given: BTreeMap<(&str, usize), u64> = BTreeMap::new();
    for voice in voices {
        if let Ok(whose) = people.binary_search(&person(voice)) {
            let first = given.entry((voice.role.as_str(), whose)).or_insert(voice.seq);
            *first = voice.seq.min(*first);
        }
    }
    // No role takes more people than there are, whatever is asked.
    let slots: Vec<&str> = asked
        .iter()
        .flat_map(|(role, count)| {
            std::iter::repeat_n(role.as_str(), usize::try_from(*count).unwrap_or(usize::MAX).min(people.len()))
        })
        .collect();
    let mut filled_by: Vec<Option<usize>> = vec![None; people.len()];
    for slot in 0..slots.len() {
        let mut seen = vec![false; people.len()];
        fill(slot, &slots, &given, &mut filled_by, &mut seen);
    }
    let filled: Vec<(&str, usize)> =
        filled_by.iter().enumerate().filter_map(|(whose, slot)| Some((slots[(*slot)?], whose))).collect();
    let mut counted: Vec<u64> = filled.iter().filter_map(|key| given.get(key)).copied().collect();
    counted.sort_unstable();
    let missing = asked.iter().filter_map(|(role, count)| {
        let have = u32::try_from(filled.iter().filter(|(of, _)| of == role).count()).unwrap_or(u32::MAX);
        Some((role.clone(), count.saturating_sub(have))).filter(|(_, missing)| *missing > 0)
    });
    Quorum { missing: missing.collect(), counted }
}

/// Finds somebody for a slot, moving others to other slots where that makes room.
fn fill(
    slot: usize,
    slots: &[&str],
    given: &BTreeMap<(&str, usize), u64>,
    filled_by: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for whose in 0..filled_by.len() {
        if seen[whose] || !given.contains_key(&(slots[slot], whose)) {
            continue;
        }
        seen[whose] = true;
        let free = match filled_by[whose] {
            None => true,
            Some(other) => fill(other, slots, given, filled_by, seen),
        };
        if free {
            filled_by[whose] = Some(slot);
            return true;
        }
    }
    false
}
