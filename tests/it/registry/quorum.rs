//! Who fills which role: against every way of giving the approvals to the roles, tried one after the other.

use std::collections::{BTreeMap, BTreeSet};

use mlrun::registry::quorum::{Quorum, Voice, quorum};
use proptest::prelude::*;

use crate::support::cases;

fn voices(all: &[(&str, &str)]) -> Vec<Voice> {
    let voice = |(seq, (role, person)): (u64, &(&str, &str))| Voice {
        seq,
        role: (*role).to_owned(),
        person: (*person).to_owned(),
    };
    (1..).zip(all).map(voice).collect()
}

fn asked(all: &[(&str, u32)]) -> BTreeMap<String, u32> {
    all.iter().map(|(role, count)| ((*role).to_owned(), *count)).collect()
}

/// The most slots that can be filled, by trying everything.
fn most(asked: &BTreeMap<String, u32>, voices: &[Voice]) -> u32 {
    let people: BTreeSet<String> = voices.iter().map(|voice| voice.person.to_lowercase()).collect();
    fn go(people: &[&String], open: &mut BTreeMap<String, u32>, voices: &[Voice]) -> u32 {
        let Some((person, rest)) = people.split_first() else { return 0 };
        let mut best = go(rest, open, voices);
        let roles: BTreeSet<&str> = voices
            .iter()
            .filter(|voice| voice.person.to_lowercase() == **person)
            .map(|voice| voice.role.as_str())
            .collect();
        for role in roles {
            if open.get(role).is_some_and(|left| *left > 0) {
                *open.get_mut(role).unwrap() -= 1;
                best = best.max(1 + go(rest, open, voices));
                *open.get_mut(role).unwrap() += 1;
            }
        }
        best
    }
    go(&people.iter().collect::<Vec<_>>(), &mut asked.clone(), voices)
}

/// What is counted is what it says: one approval for each person, no role over its number, the rest missing.
fn check(asked: &BTreeMap<String, u32>, voices: &[Voice], found: &Quorum) {
    let counted: Vec<&Voice> = voices.iter().filter(|voice| found.counted.contains(&voice.seq)).collect();
    assert_eq!(counted.len(), found.counted.len());
    let people: BTreeSet<String> = counted.iter().map(|voice| voice.person.to_lowercase()).collect();
    assert_eq!(people.len(), counted.len(), "somebody fills two");
    for (role, count) in asked {
        let have = counted.iter().filter(|voice| voice.role == *role).count() as u32;
        assert!(have <= *count);
        assert_eq!(found.missing.get(role).copied().unwrap_or_default(), count - have);
    }
    assert!(counted.iter().all(|voice| asked.contains_key(&voice.role)));
    assert_eq!(counted.len() as u32, most(asked, voices));
}

#[test]
fn who_has_two_roles_takes_the_one_that_nobody_else_has() {
    // Taken as they come, ana would fill `owner`, and `risk` would stay empty.
    let found =
        quorum(&asked(&[("owner", 1), ("risk", 1)]), &voices(&[("owner", "ana"), ("risk", "ana"), ("owner", "ben")]));
    assert_eq!(found, Quorum { counted: vec![2, 3], missing: BTreeMap::new() });
}

#[test]
fn one_person_is_one_however_often_and_however_written() {
    let twice = voices(&[("risk", "Ana@example.org"), ("risk", "ana@example.org"), ("risk", "ANA@EXAMPLE.ORG")]);
    let found = quorum(&asked(&[("risk", 2)]), &twice);
    assert_eq!((found.counted, found.missing), (vec![1], asked(&[("risk", 1)])));
    let both = quorum(&asked(&[("owner", 1), ("risk", 1)]), &voices(&[("owner", "ana"), ("risk", "ana")]));
    assert_eq!((both.counted.len(), both.missing.len()), (1, 1));
}

#[test]
fn nothing_asked_and_far_too_much() {
    assert_eq!(quorum(&asked(&[]), &voices(&[("risk", "ana")])), Quorum::default());
    let found = quorum(&asked(&[("risk", u32::MAX)]), &voices(&[("risk", "ana"), ("risk", "ben")]));
    assert_eq!((found.counted, found.missing), (vec![1, 2], asked(&[("risk", u32::MAX - 2)])));
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn as_many_as_can_be(
        counts in proptest::collection::vec(0_u32..4, 1..5),
        given in proptest::collection::vec((0_usize..5, 0_usize..6), 0..16),
    ) {
        const ROLES: [&str; 5] = ["a", "b", "c", "d", "e"];
        const PEOPLE: [&str; 6] = ["ana", "Ana", "ben", "cyd", "dan", "eve"];
        let asked = asked(&ROLES.into_iter().zip(counts).collect::<Vec<_>>());
        let voices = voices(&given.iter().map(|(role, person)| (ROLES[*role], PEOPLE[*person])).collect::<Vec<_>>());
        check(&asked, &voices, &quorum(&asked, &voices));
    }
}
