//! Attached evidence, cases, waivers and uses of evaluation sets, as a fold: against a model too small to be wrong in the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mlrun::clock::Clock as _;
use mlrun::digest::Digest;
use mlrun::format::event::{AttachedRecord, CaseChangeRecord, EventBody, UsedSetRecord};
use mlrun::format::snapshot::SamplesRecord;
use mlrun::id::FileId;
use mlrun::name::{SetName, Version};
use mlrun::registry::{JournalError, State};
use proptest::prelude::*;

use crate::support::cases;
use crate::support::journal::{Journal, model, snapshot};

const CONTENTS: [&str; 3] = ["a", "b", "a"];
const SETS: [&str; 2] = ["test", "latency"];
const RULES: [&str; 2] = ["auc", "cases"];

fn set(at: usize) -> SetName {
    SetName::new(SETS[at]).unwrap()
}

fn file(name: u8) -> FileId {
    FileId::new(Digest::of(&[name]))
}

fn used(at: usize) -> UsedSetRecord {
    UsedSetRecord { set: set(at), sha256: rows(at), predictions: None }
}

fn rows(set: usize) -> Digest {
    Digest::of(SETS[set].as_bytes())
}

#[derive(Debug, Clone)]
enum Verb {
    Attach { version: u32, set: usize, file: u8 },
    Waive { version: u32, rule: usize, seconds: u64 },
    Add { count: u32 },
    Remove { number: u32 },
    Use { version: u32, sets: Vec<usize> },
    Forward(u64),
}

fn verb() -> impl Strategy<Value = Verb> {
    let version = || 1_u32..=CONTENTS.len() as u32;
    prop_oneof![
        (version(), 0..SETS.len(), 0..4_u8).prop_map(|(version, set, file)| Verb::Attach { version, set, file }),
        (version(), 0..RULES.len(), 1..100_u64).prop_map(|(version, rule, seconds)| Verb::Waive {
            version,
            rule,
            seconds
        }),
        (1..4_u32).prop_map(|count| Verb::Add { count }),
        (1..12_u32).prop_map(|number| Verb::Remove { number }),
        (version(), prop::collection::vec(0..SETS.len(), 0..3)).prop_map(|(version, sets)| Verb::Use { version, sets }),
        (0..50_u64).prop_map(Verb::Forward),
    ]
}

/// What the journal should amount to.
#[derive(Debug, Default)]
struct Reference {
    attached: BTreeMap<(u32, usize), Vec<u8>>,
    /// By content and rule, the newest: when it ends, in milliseconds.
    waived: BTreeMap<(&'static str, usize), i64>,
    cases: BTreeSet<u32>,
    added: u32,
    uses: BTreeMap<usize, Vec<&'static str>>,
}

fn content(version: u32) -> &'static str {
    CONTENTS[version as usize - 1]
}

fn step(journal: &Journal, reference: &mut Reference, verb: &Verb) -> Result<(), JournalError> {
    let id = |version: u32| snapshot(content(version));
    let body = match verb {
        Verb::Forward(seconds) => {
            journal.clock.advance(Duration::from_secs(*seconds));
            return Ok(());
        }
        Verb::Attach { version, set: at, file: name } => {
            reference.attached.entry((*version, *at)).or_default().push(*name);
            let (path, column) = (format!("attached/{name}.csv"), "ms".to_owned());
            let samples = SamplesRecord { name: set(*at), path, file: file(*name), size: 1, column, machine: None };
            let evidence = AttachedRecord::Samples(samples);
            EventBody::Attach { version: Version(*version), snapshot: id(*version), evidence, reason: None }
        }
        Verb::Waive { version, rule, seconds } => {
            let expires = journal.clock.now().after(Duration::from_secs(*seconds));
            reference.waived.insert((content(*version), *rule), expires.milliseconds());
            let (rule, reason) = (RULES[*rule].to_owned(), "known".to_owned());
            let (version, snapshot) = (Version(*version), id(*version));
            EventBody::Waive { version, snapshot, rule, reason, expires, signature: None, certificate: None }
        }
        Verb::Add { count } => {
            let first = reference.added + 1;
            reference.added += count;
            reference.cases.extend(first..=reference.added);
            let change =
                CaseChangeRecord::Add { first, count: *count, set: set(0), cases: Digest::of(&first.to_le_bytes()) };
            EventBody::Case { change, reason: None }
        }
        Verb::Remove { number } => {
            let known = reference.cases.remove(number);
            let change = CaseChangeRecord::Remove { cases: vec![*number] };
            let done = journal.append(EventBody::Case { change, reason: Some("over".to_owned()) });
            assert_eq!(done.is_ok(), known, "only a case in force can be removed");
            return Ok(());
        }
        Verb::Use { version, sets } => {
            for at in sets {
                let judged = reference.uses.entry(*at).or_default();
                if !judged.contains(&content(*version)) {
                    judged.push(content(*version));
                }
            }
            let used = sets.iter().map(|at| used(*at)).collect();
            let certificate = journal.pass();
            journal.certify(content(*version), &certificate);
            let seq = journal.state().seq();
            let Ok(event) = journal.registry.event(&model(), seq).unwrap().unwrap().event else { return Ok(()) };
            match event.body {
                EventBody::Certify {
                    snapshot,
                    certificate,
                    verdict,
                    stage,
                    baseline,
                    baseline_event,
                    policy,
                    expires,
                    proposed,
                    first_release,
                    waivers,
                    ..
                } => EventBody::Certify {
                    snapshot,
                    certificate,
                    verdict,
                    stage,
                    baseline,
                    baseline_event,
                    policy,
                    expires,
                    proposed,
                    first_release,
                    sets: used,
                    waivers,
                },
                other => other,
            }
        }
    };
    journal.append(body).map(drop)
}

fn compare(journal: &Journal, reference: &Reference, state: &State) {
    for ((version, at), files) in &reference.attached {
        let version = Version(*version);
        let newest = state.attached_set(version, &set(*at)).unwrap();
        assert_eq!(newest.file, file(*files.last().unwrap()));
        let kept: Vec<_> = state.attached_to(version).filter(|row| row.set == set(*at)).map(|row| row.file).collect();
        assert_eq!(kept, files.iter().map(|name| file(*name)).collect::<Vec<_>>(), "nothing is forgotten");
    }
    let now = journal.clock.now();
    for name in ["a", "b"] {
        let found: Vec<_> = state.waivers_in_force(snapshot(name), now).iter().map(|row| row.rule.clone()).collect();
        let in_force = reference.waived.iter().filter(|((of, _), end)| *of == name && **end > now.milliseconds());
        assert_eq!(found, in_force.map(|((_, rule), _)| RULES[*rule].to_owned()).collect::<Vec<_>>());
    }
    let found: BTreeSet<u32> = state.cases.iter().flat_map(|row| row.in_force().map(|(number, _)| number)).collect();
    assert_eq!(found, reference.cases);
    assert_eq!(state.cases_in_force(), reference.cases.len() as u64);
    assert_eq!(state.next_case(), reference.added + 1, "no number is used twice");
    for at in 0..SETS.len() {
        let judged = reference.uses.get(&at).cloned().unwrap_or_default();
        for name in ["a", "b", "new"] {
            let place = judged.iter().position(|known| *known == name).unwrap_or(judged.len());
            assert_eq!(state.use_of(&used(at), snapshot(name)), place as u64 + 1);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_the_journal_tells_of_evidence(verbs in prop::collection::vec(verb(), 1..40)) {
        let journal = Journal::new();
        let mut reference = Reference::default();
        for name in CONTENTS {
            journal.snapshot(name);
        }
        for verb in &verbs {
            step(&journal, &mut reference, verb).unwrap();
        }
        let state = journal.state();
        compare(&journal, &reference, &state);
        compare(&journal, &reference, &State::from_checkpoint(state.to_checkpoint().unwrap()));
        let replayed = journal.registry.replay(&model()).unwrap().unwrap();
        prop_assert_eq!(replayed.to_checkpoint(), state.to_checkpoint());
        prop_assert_eq!(journal.registry.check(&model()).unwrap().problem, None);
    }
}

/// Whoever tries other predictions of the same model tries once more.
#[test]
fn other_predictions_of_a_candidate_are_another_use() {
    let with = |file: &[u8]| UsedSetRecord { predictions: Some(Digest::of(file)), ..used(0) };
    let (first, second, third) = (used(0), with(b"second"), with(b"third"));
    assert_eq!(first.judged(snapshot("a")), snapshot("a").digest(), "as it was always counted");
    let journal = Journal::new();
    for name in ["a", "b"] {
        journal.snapshot(name);
    }
    let certify = |name: &str, set: &UsedSetRecord| {
        let body = EventBody::Certify {
            snapshot: snapshot(name),
            certificate: mlrun::id::CertificateId::new(Digest::of(name.as_bytes())),
            verdict: mlrun::format::certificate::Verdict::Fail,
            stage: crate::support::journal::stage("production"),
            baseline: None,
            baseline_event: None,
            policy: Digest::of(b"policy"),
            expires: journal.clock.now(),
            proposed: false,
            first_release: None,
            sets: vec![set.clone()],
            waivers: Vec::new(),
        };
        journal.append(body).unwrap();
    };
    for (name, set) in [("a", &first), ("a", &second), ("b", &second), ("a", &second), ("a", &first)] {
        certify(name, set);
    }
    for state in [journal.state(), State::from_checkpoint(journal.state().to_checkpoint().unwrap())] {
        let uses = [("a", &first), ("a", &second), ("b", &second), ("a", &third), ("b", &first)];
        assert_eq!(uses.map(|(name, set)| state.use_of(set, snapshot(name))), [1, 2, 3, 4, 4]);
    }
}

#[test]
fn events_about_what_is_not_there_break_a_journal() {
    let journal = Journal::new();
    journal.snapshot("a");
    let broken = |body: EventBody| matches!(journal.append(body), Err(JournalError::Broken { .. }));
    let samples = SamplesRecord {
        name: set(0),
        path: "attached/x.csv".to_owned(),
        file: file(1),
        size: 1,
        column: "ms".to_owned(),
        machine: None,
    };
    let attach = |version, snapshot| EventBody::Attach {
        version,
        snapshot,
        evidence: AttachedRecord::Samples(samples.clone()),
        reason: None,
    };
    assert!(broken(attach(Version(2), snapshot("a"))), "no such version");
    assert!(broken(attach(Version(1), snapshot("b"))), "another record");
    let expires = journal.clock.now();
    let waive = |version| EventBody::Waive {
        version,
        snapshot: snapshot("a"),
        rule: "auc".to_owned(),
        reason: "known".to_owned(),
        expires,
        signature: None,
        certificate: None,
    };
    assert!(broken(waive(Version(9))));
    let add = |first, count| EventBody::Case {
        change: CaseChangeRecord::Add { first, count, set: set(0), cases: Digest::of(b"") },
        reason: None,
    };
    assert!(broken(add(2, 1)) && broken(add(1, 0)), "numbers are dense from 1");
    journal.append(add(1, 2)).unwrap();
    assert!(broken(add(2, 1)) && broken(add(3, u32::MAX)));
    let remove =
        |cases: &[u32]| EventBody::Case { change: CaseChangeRecord::Remove { cases: cases.to_vec() }, reason: None };
    assert!(broken(remove(&[])) && broken(remove(&[3])) && broken(remove(&[1, 1])));
    journal.append(remove(&[1])).unwrap();
    assert!(broken(remove(&[1])));
    assert_eq!(journal.state().cases_in_force(), 1);
}
