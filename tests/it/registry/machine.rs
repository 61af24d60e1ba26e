//! Random sequences of verbs on the real journal and on a model of it that is too small to be wrong in the same way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mlrun::clock::{Clock, Time};
use mlrun::format::certificate::Verdict;
use mlrun::format::event::{EventBody, RulesRecord};
use mlrun::registry::promote::Obstacle;
use mlrun::registry::rollback::{RollbackRefusal, RollbackRequest};
use mlrun::registry::{State, at};
use mlrun::store::memory::Memory;
use proptest::prelude::*;

use crate::support::cases;
use crate::support::journal::{Certificate, Journal, certified_rules, model, open_rules, policy, snapshot, stage};

const CONTENTS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const STAGES: [&str; 2] = ["production", "staging"];

/// Two of the contents have the same model files.
fn files(content: usize) -> &'static str {
    if content == 5 { CONTENTS[0] } else { CONTENTS[content] }
}

#[derive(Debug, Clone)]
enum Verb {
    Snapshot(usize),
    Certify { content: usize, pass: bool, other_policy: bool },
    Promote { content: usize, stage: usize, certified: bool },
    Rollback { stage: usize, from: Option<usize>, to: Option<usize>, block: bool, unblock: bool },
    Block { content: usize, stage: Option<usize> },
    Unblock { content: usize, stage: Option<usize> },
    Forward(u64),
    Jump(i64),
}

/// The weights are set so that `every_outcome_is_reached` holds: a blocked target has to have been held, blocked since,
/// asked for by name, and not be unblocked.
fn verb() -> impl Strategy<Value = Verb> {
    let content = || 0..CONTENTS.len();
    let stage = || prop_oneof![3 => Just(0_usize), 1 => Just(1)];
    let maybe = || prop::option::of(0..STAGES.len());
    prop_oneof![
        3 => content().prop_map(Verb::Snapshot),
        3 => (content(), prop::bool::weighted(0.8), prop::bool::weighted(0.1))
            .prop_map(|(content, pass, other_policy)| Verb::Certify { content, pass, other_policy }),
        6 => (content(), stage(), prop::bool::weighted(0.08))
            .prop_map(|(content, stage, certified)| Verb::Promote { content, stage, certified }),
        4 => (stage(), prop::option::weighted(0.3, content()), prop::option::weighted(0.4, content()), prop::bool::weighted(0.6), prop::bool::weighted(0.3))
            .prop_map(|(stage, from, to, block, unblock)| Verb::Rollback { stage, from, to, block, unblock }),
        2 => (content(), maybe()).prop_map(|(content, stage)| Verb::Block { content, stage }),
        2 => (content(), maybe()).prop_map(|(content, stage)| Verb::Unblock { content, stage }),
        3 => (0..40_u64).prop_map(|minutes| Verb::Forward(minutes * 60_000)),
        1 => (-90_000_000..90_000_000_i64).prop_map(Verb::Jump),
    ]
}

/// Some begin with nothing, most with everything captured and something released.
fn verbs() -> impl Strategy<Value = Vec<Verb>> {
    (0_usize..4, prop::collection::vec(verb(), 1..60)).prop_map(|(begin, verbs)| {
        let captured = (0..CONTENTS.len()).map(Verb::Snapshot);
        let released = (0..begin).map(|content| Verb::Promote { content, stage: 0, certified: false });
        let before = captured.chain(released).filter(|_| begin > 0);
        before.chain(verbs).collect()
    })
}

/// A promotion or rollback that happened: when, which version, which content, at which event.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    since: Time,
    version: u32,
    content: usize,
    seq: u64,
}

#[derive(Debug, Clone, Default)]
struct Stage {
    held: Vec<Held>,
    /// What is below and at the top, oldest first.
    stack: Vec<Held>,
    rolled_back: Option<Time>,
    /// Whether a certificate is asked for; none before the first promotion.
    gated: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Certified {
    pass: bool,
    other_policy: bool,
    baseline: Option<u64>,
    expires: Time,
}

/// What the journal should amount to.
#[derive(Debug)]
struct Reference {
    seq: u64,
    time: Time,
    versions: Vec<usize>,
    stages: [Stage; 2],
    /// Content and stage; no stage is all of them.
    blocks: Vec<(usize, Option<usize>)>,
    certificates: BTreeMap<usize, Certified>,
}

impl Reference {
    /// An event at `clock`.
    fn tick(&mut self, clock: Time) -> (u64, Time) {
        if self.seq == 0 {
            self.seq = 1;
            self.time = clock;
        }
        self.seq += 1;
        self.time = self.time.max(clock);
        (self.seq, self.time)
    }

    /// The number of the newest version with this content.
    fn version_of(&self, content: usize) -> Option<u32> {
        self.versions.iter().rposition(|c| *c == content).map(|at| at as u32 + 1)
    }

    fn blocked(&self, content: usize, stage: usize) -> bool {
        self.blocks.iter().any(|(c, s)| files(*c) == files(content) && s.is_none_or(|s| s == stage))
    }

    fn top(&self, stage: usize) -> Option<Held> {
        self.stages[stage].held.last().copied()
    }

    /// How many reasons there are against a promotion.
    fn against(&self, content: usize, stage: usize, certified: bool, now: Time) -> usize {
        let gated = certified || self.stages[stage].gated == Some(true);
        let mut reasons = usize::from(self.blocked(content, stage));
        if gated {
            reasons += match self.certificates.get(&content) {
                None => 1,
                Some(c) => {
                    let baseline = self.top(0).map(|h| h.seq);
                    [!c.pass, c.expires <= now, c.other_policy, c.baseline != baseline]
                        .iter()
                        .filter(|bad| **bad)
                        .count()
                }
            };
        }
        reasons
    }
}

fn rules(certified: bool) -> RulesRecord {
    if certified { certified_rules("a") } else { open_rules() }
}

struct Run {
    journal: Journal,
    reference: Reference,
    counts: BTreeMap<&'static str, u32>,
}

impl Run {
    fn new() -> Self {
        let journal = Journal::on(Arc::new(Memory::default()));
        let reference = Reference {
            seq: 0,
            time: journal.clock.now(),
            versions: Vec::new(),
            stages: [Stage::default(), Stage::default()],
            blocks: Vec::new(),
            certificates: BTreeMap::new(),
        };
        Self { journal, reference, counts: BTreeMap::new() }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn step(&mut self, verb: &Verb) {
        let clock = self.journal.clock.now();
        match verb {
            Verb::Forward(ms) => self.journal.clock.advance(Duration::from_millis(*ms)),
            Verb::Jump(ms) => self.journal.clock.set(Time::from_milliseconds(clock.milliseconds() + ms).unwrap()),
            Verb::Snapshot(content) => {
                self.reference.tick(clock);
                self.reference.versions.push(*content);
                let version = self.journal.snapshot_with(CONTENTS[*content], files(*content));
                assert_eq!(version.0 as usize, self.reference.versions.len(), "versions are dense");
                self.count("snapshot");
            }
            Verb::Certify { content, pass, other_policy } => self.certify(*content, *pass, *other_policy, clock),
            Verb::Promote { content, stage, certified } => self.promote(*content, *stage, *certified, clock),
            Verb::Rollback { stage, from, to, block, unblock } => {
                self.rollback(*stage, [*from, *to], [*block, *unblock], clock);
            }
            Verb::Block { content, stage: of } => {
                if self.reference.version_of(*content).is_none() {
                    return;
                }
                self.reference.tick(clock);
                self.reference.blocks.push((*content, *of));
                let body = EventBody::Block {
                    snapshot: snapshot(CONTENTS[*content]),
                    stage: of.map(|s| stage(STAGES[s])),
                    reason: "biased".to_owned(),
                };
                self.journal.append(body).unwrap();
                self.count("block");
            }
            Verb::Unblock { content, stage: of } => {
                if self.reference.version_of(*content).is_none() {
                    return;
                }
                self.reference.tick(clock);
                self.reference.blocks.retain(|(c, s)| files(*c) != files(*content) || of.is_some() && s != of);
                let snapshot = snapshot(CONTENTS[*content]);
                let body = EventBody::Unblock { snapshot, stage: of.map(|s| stage(STAGES[s])), reason: None };
                self.journal.append(body).unwrap();
                self.count("unblock");
            }
        }
    }

    fn certify(&mut self, content: usize, pass: bool, other_policy: bool, clock: Time) {
        if self.reference.version_of(content).is_none() {
            return;
        }
        let expires = clock.after(Duration::from_secs(7200));
        let certificate = Certificate {
            verdict: if pass { Verdict::Pass } else { Verdict::Inconclusive },
            policy: policy(if other_policy { "b" } else { "a" }),
            stage: stage(STAGES[0]),
            expires,
            proposed: false,
            waivers: Vec::new(),
        };
        self.reference.tick(clock);
        let baseline = self.reference.top(0).map(|h| h.seq);
        self.reference.certificates.insert(content, Certified { pass, other_policy, baseline, expires });
        self.journal.certify(CONTENTS[content], &certificate);
        self.count("certify");
    }

    fn promote(&mut self, content: usize, to: usize, certified: bool, clock: Time) {
        let Some(version) = self.reference.version_of(content) else { return };
        let result = self.journal.promote(CONTENTS[content], STAGES[to], &rules(certified));
        if self.reference.top(to).is_some_and(|h| h.content == content) {
            assert_eq!(result, Ok(None), "it is there already");
            return self.count("promoted already");
        }
        let reasons = self.reference.against(content, to, certified, self.reference.time.max(clock));
        match result {
            Err(obstacles) => {
                assert_eq!(obstacles.len(), reasons, "{obstacles:?}");
                self.count(if obstacles.iter().any(Obstacle::is_conflict) {
                    "promotion stale"
                } else {
                    "promotion refused"
                });
            }
            Ok(event) => {
                assert_eq!(reasons, 0);
                let (seq, since) = self.reference.tick(clock);
                assert_eq!(event.unwrap().seq, seq);
                let held = Held { since, version, content, seq };
                let stage = &mut self.reference.stages[to];
                stage.held.push(held);
                stage.stack.push(held);
                stage.gated = Some(certified || stage.gated == Some(true));
                stage.rolled_back = None;
                self.count("promotion");
            }
        }
    }

    fn rollback(&mut self, of: usize, [from, to]: [Option<usize>; 2], [block, unblock]: [bool; 2], clock: Time) {
        let id = |content: Option<usize>| content.map(|c| snapshot(CONTENTS[c]));
        let request = RollbackRequest { from: id(from), to: id(to), block, unblock };
        if self.reference.seq == 0 {
            return;
        }
        let result = self.journal.rollback(STAGES[of], &request);
        let Some(top) = self.reference.top(of) else {
            assert!(matches!(result, Err(RollbackRefusal::Empty { .. })), "{result:?}");
            return;
        };
        if let Some(from) = from.filter(|from| *from != top.content) {
            if !self.reference.stages[of].held.iter().any(|held| held.content == from) {
                assert!(matches!(result, Err(RollbackRefusal::NeverHeld { .. })), "{result:?}");
                return self.count("never held");
            }
            if to.is_some_and(|to| to != top.content) {
                assert!(matches!(result, Err(RollbackRefusal::GoneElsewhere { .. })), "{result:?}");
                return self.count("gone elsewhere");
            }
            assert_eq!(result, Ok(None));
            return self.count("already gone");
        }
        let since = self.reference.stages[of].rolled_back;
        let now = self.reference.time.max(clock);
        if from.is_none() && to.is_none() && since.is_some_and(|at| now.since(at) < Duration::from_secs(900)) {
            assert!(matches!(result, Err(RollbackRefusal::Guarded { .. })), "{result:?}");
            return self.count("guarded");
        }
        let stage = &self.reference.stages[of];
        let target = match to {
            Some(to) if to == top.content => {
                if from.is_some() || (unblock && self.reference.blocked(to, of)) {
                    assert!(matches!(result, Err(RollbackRefusal::Same { .. })), "{result:?}");
                } else {
                    assert_eq!(result, Ok(None));
                }
                return self.count("to the same");
            }
            Some(to) => {
                let Some(held) = stage.held.iter().rev().find(|h| h.content == to) else {
                    assert!(matches!(result, Err(RollbackRefusal::NeverHeld { .. })), "{result:?}");
                    return self.count("never held");
                };
                if self.reference.blocked(to, of) && !unblock {
                    assert!(matches!(result, Err(RollbackRefusal::Blocked { .. })), "{result:?}");
                    return self.count("to a blocked one");
                }
                *held
            }
            None => {
                let below = &stage.stack[..stage.stack.len() - 1];
                let open = |h: &&Held| {
                    let fled = if block { files(h.content) == files(top.content) } else { h.content == top.content };
                    !fled && !self.reference.blocked(h.content, of)
                };
                let Some(held) = below.iter().rev().find(open) else {
                    assert!(matches!(result, Err(RollbackRefusal::NothingLeft { .. })), "{result:?}");
                    return self.count("nothing left");
                };
                *held
            }
        };
        assert_eq!(result.unwrap().map(|v| v.0), Some(target.version));
        let (seq, now) = self.reference.tick(clock);
        let blocked = self.reference.blocked(target.content, of);
        if block && files(target.content) != files(top.content) {
            self.reference.blocks.push((top.content, Some(of)));
        }
        if blocked {
            // Lifted where it stood in the way: for this stage, and for all.
            self.reference.blocks.retain(|(c, s)| files(*c) != files(target.content) || s.is_some_and(|s| s != of));
        }
        let held = Held { since: now, seq, ..target };
        let stage = &mut self.reference.stages[of];
        stage.rolled_back = Some(now);
        stage.held.push(held);
        match stage.stack.iter().rposition(|h| h.content == target.content) {
            Some(place) => stage.stack.truncate(place),
            None => drop(stage.stack.pop()),
        }
        stage.stack.push(held);
        self.count(if to.is_some() { "rollback to" } else { "rollback" });
    }

    /// The real state says what the reference says.
    fn compare(&self) {
        let Some(state) = self.journal.registry.state(&model()).unwrap() else {
            assert_eq!(self.reference.seq, 0);
            return;
        };
        assert_eq!(state.seq(), self.reference.seq);
        assert_eq!(state.time(), Some(self.reference.time));
        let versions: Vec<_> = state.versions.iter().map(|v| v.snapshot).collect();
        let expected: Vec<_> = self.reference.versions.iter().map(|c| snapshot(CONTENTS[*c])).collect();
        assert_eq!(versions, expected);
        for (at, name) in STAGES.iter().enumerate() {
            let expected = &self.reference.stages[at];
            let row = state.stages.get(&stage(name));
            assert_eq!(row.is_some(), !expected.held.is_empty());
            let Some(row) = row else { continue };
            let found: Vec<Held> = row
                .timeline
                .iter()
                .map(|o| {
                    let content = CONTENTS.iter().position(|c| snapshot(c) == o.snapshot).unwrap();
                    Held { since: o.since, version: o.version.0, content, seq: o.event.seq }
                })
                .collect();
            assert_eq!(found, expected.held);
            let stack: Vec<Held> = row.stack.iter().map(|i| found[*i as usize]).collect();
            assert_eq!(stack, expected.stack);
            assert!(row.timeline.iter().is_sorted_by_key(|held| held.since), "time runs forward");
            assert_eq!(row.rules.as_ref().map(|r| r.stage.certificate), expected.gated);
        }
        for (content, _) in CONTENTS.iter().enumerate() {
            for (at, name) in STAGES.iter().enumerate() {
                let Some(row) = state.version_of(snapshot(CONTENTS[content])) else { continue };
                let blocked = state.block(row.snapshot, Some(row.model_tree), &stage(name)).is_some();
                assert_eq!(blocked, self.reference.blocked(content, at), "{content} in {name}");
            }
        }
    }

    /// At the end: `at` any instant is the fold of the events up to it; the chain holds; every way to the state is the same.
    fn finish(&self) {
        let Some(state) = self.journal.registry.state(&model()).unwrap() else { return };
        let check = self.journal.registry.check(&model()).unwrap();
        assert_eq!((check.events, check.problem), (state.seq(), None));
        let replayed = self.journal.registry.replay(&model()).unwrap().unwrap();
        assert_eq!(replayed.to_checkpoint(), state.to_checkpoint());
        let copy = State::from_checkpoint(state.to_checkpoint().unwrap());
        assert_eq!(copy.to_checkpoint(), state.to_checkpoint());

        let mut past = State::before_creation(model());
        let mut seq = 1;
        let mut instants = Vec::new();
        while let Some(file) = self.journal.registry.event(&model(), seq).unwrap() {
            instants.push((file.event.unwrap().time, seq));
            seq += 1;
        }
        assert!(instants.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        for (at_event, (instant, _)) in instants.iter().enumerate() {
            let file = self.journal.registry.event(&model(), at_event as u64 + 1).unwrap().unwrap();
            past.apply(&file.event.unwrap(), file.id).unwrap();
            // The last of several in one millisecond is the one that counts.
            if instants.get(at_event + 1).is_some_and(|next| next.0 == *instant) {
                continue;
            }
            let next = instants.get(at_event + 1).map_or(i64::MAX / 2, |n| n.0.milliseconds());
            for ms in [instant.milliseconds(), instant.milliseconds() + 1, next - 1] {
                let Some(time) = Time::from_milliseconds(ms).filter(|_| ms < next) else { continue };
                for name in STAGES {
                    let then = state.stages.get(&stage(name)).and_then(|row| at(row, time));
                    assert_eq!(then, past.occupant(&stage(name)), "{name} at {time}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(1200))]

    #[test]
    fn the_journal_does_what_a_small_model_does(verbs in verbs()) {
        let mut run = Run::new();
        for verb in &verbs {
            run.step(verb);
            run.compare();
        }
        run.finish();
    }
}

/// The sequences above reach every outcome; otherwise they would show little.
#[test]
fn every_outcome_is_reached() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::new(cases(1));
    let mut total: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..400 {
        let verbs = verbs().new_tree(&mut runner).unwrap().current();
        let mut run = Run::new();
        verbs.iter().for_each(|verb| run.step(verb));
        run.counts.into_iter().for_each(|(what, n)| *total.entry(what).or_default() += n);
    }
    let outcomes = [
        "snapshot",
        "certify",
        "block",
        "unblock",
        "promotion",
        "promoted already",
        "promotion refused",
        "promotion stale",
        "rollback",
        "rollback to",
        "already gone",
        "gone elsewhere",
        "guarded",
        "to the same",
        "never held",
        "to a blocked one",
        "nothing left",
    ];
    for outcome in outcomes {
        assert!(total.get(outcome).is_some_and(|n| *n >= 20), "{outcome}: {total:?}");
    }
}
