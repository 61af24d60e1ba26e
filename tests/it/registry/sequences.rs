//! Ten thousand random sequences of verbs. What must come of each is read off the plain list of what happened, from its
//! beginning and every time anew: slow, and nothing like the fold.

use std::collections::BTreeMap;
use std::time::Duration;

use mlrun::clock::Time;
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::checkpoint;
use mlrun::format::event::{
    AttachedRecord, CaseChangeRecord, EventBody, EventRecord, EventRef, RulesRecord, StageRulesRecord, SubjectRecord,
};
use mlrun::format::snapshot::SamplesRecord;
use mlrun::id::{CertificateId, EventId, FileId, ObservationId};
use mlrun::name::{SetName, StageName, Version};
use mlrun::registry::promote::{Obstacle, PromoteRequest, obstacles, raises};
use mlrun::registry::rollback::{RollbackPlan, RollbackRefusal, RollbackRequest, plan};
use mlrun::registry::{State, at};
use proptest::prelude::*;

use crate::support::cases;
use crate::support::journal::{actor, model, policy, snapshot, stage, tree};

const CONTENTS: [&str; 4] = ["a", "b", "c", "d"];
const STAGES: [&str; 2] = ["staging", "production"];
const STAGING: usize = 0;
const PRODUCTION: usize = 1;
/// Who may waive a rule.
const LEAD: &str = "lead@example.org";

/// Two of the contents have the same model files.
fn files(content: usize) -> usize {
    if content == 3 { 0 } else { content }
}

/// What somebody types.
#[derive(Debug, Clone)]
enum Verb {
    Snapshot(usize),
    Certify { content: usize, verdict: usize, other_rules: bool, days: u64 },
    Promote { content: usize, to: usize, certified: bool },
    Force { content: usize, to: usize },
    Rollback { of: usize, from: Option<usize>, to: Option<usize>, block: bool, unblock: bool },
    Retire { of: usize, content: usize },
    Block { content: usize, of: Option<usize> },
    Unblock { content: usize, of: Option<usize> },
    Drop(usize),
    Attach(usize),
    Waive { content: usize, rule: usize, by_lead: bool, days: u64 },
    AddCases(u32),
    RemoveCase(u32),
    Adopt { of: usize, certified: bool },
    Approve(usize),
    Withdraw(u64),
    Wait(u64),
    SetBack(u64),
}

fn verb() -> impl Strategy<Value = Verb> {
    let content = || 0..CONTENTS.len();
    let one = || 0..STAGES.len();
    let any_stage = || prop::option::of(0..STAGES.len());
    let days = || prop_oneof![1 => Just(0_u64), 4 => 1..40_u64];
    prop_oneof![
        3 => content().prop_map(Verb::Snapshot),
        5 => (content(), 0..4_usize, prop::bool::weighted(0.1), days())
            .prop_map(|(content, verdict, other_rules, days)| Verb::Certify { content, verdict, other_rules, days }),
        6 => (content(), one(), prop::bool::weighted(0.25)).prop_map(|(content, to, certified)| Verb::Promote { content, to, certified }),
        1 => (content(), one()).prop_map(|(content, to)| Verb::Force { content, to }),
        6 => (one(), prop::option::weighted(0.3, content()), prop::option::weighted(0.3, content()), prop::bool::weighted(0.3), any::<bool>())
            .prop_map(|(of, from, to, block, unblock)| Verb::Rollback { of, from, to, block, unblock }),
        2 => (one(), content()).prop_map(|(of, content)| Verb::Retire { of, content }),
        2 => (content(), any_stage()).prop_map(|(content, of)| Verb::Block { content, of }),
        1 => (content(), any_stage()).prop_map(|(content, of)| Verb::Unblock { content, of }),
        1 => content().prop_map(Verb::Drop),
        1 => content().prop_map(Verb::Attach),
        2 => (content(), 0..2_usize, prop::bool::weighted(0.7), days())
            .prop_map(|(content, rule, by_lead, days)| Verb::Waive { content, rule, by_lead, days }),
        1 => (0..3_u32).prop_map(Verb::AddCases),
        1 => (0..5_u32).prop_map(Verb::RemoveCase),
        1 => (one(), any::<bool>()).prop_map(|(of, certified)| Verb::Adopt { of, certified }),
        1 => content().prop_map(Verb::Approve),
        2 => (0..3_u64).prop_map(Verb::Withdraw),
        3 => prop_oneof![1..30_u64, 1..4000_u64].prop_map(Verb::Wait),
        1 => (1..100_000_u64).prop_map(Verb::SetBack),
    ]
}

/// Most begin with every content captured, and two of them in both stages.
fn sequence() -> impl Strategy<Value = Vec<Verb>> {
    (0..4_u8, prop::collection::vec(verb(), 1..30)).prop_map(|(begun, verbs)| {
        let captured = (0..CONTENTS.len()).map(Verb::Snapshot).filter(|_| begun > 0);
        let release =
            |content| STAGES.iter().enumerate().map(move |(to, _)| Verb::Promote { content, to, certified: false });
        let released = (0..2).flat_map(release).filter(|_| begun > 1);
        captured.chain(released).chain(verbs).collect()
    })
}

/// What happened, as little of it as is needed to say what follows.
#[derive(Debug, Clone)]
enum Fact {
    Created,
    Snapshot(usize),
    Certified {
        content: usize,
        verdict: Verdict,
        other_rules: bool,
        baseline: Option<u64>,
        held: Option<usize>,
        expires: Time,
        waivers: Vec<u64>,
    },
    /// A stage was moved to a version; a rollback says what it blocked and let in.
    Moved {
        to: usize,
        version: usize,
        back: bool,
        blocks: Vec<usize>,
        unblocks: Vec<usize>,
        certified: Option<bool>,
        forced: bool,
    },
    Retired(usize),
    Blocked(usize, Option<usize>),
    Unblocked(usize, Option<usize>),
    Dropped(usize),
    Attached(usize),
    Waived {
        content: usize,
        rule: usize,
        by_lead: bool,
        expires: Time,
    },
    CasesAdded(u32),
    CaseRemoved(u32),
    Adopted(usize, bool),
    Approved,
    Withdrawn(u64),
}

/// The list, and nothing else.
#[derive(Default)]
struct List(Vec<(Time, Fact)>);

impl List {
    fn facts(&self) -> impl DoubleEndedIterator<Item = (u64, Time, &Fact)> + Clone {
        self.0.iter().enumerate().map(|(at, (time, fact))| (at as u64 + 1, *time, fact))
    }

    /// The contents of all versions, in order.
    fn versions(&self) -> Vec<usize> {
        self.facts()
            .filter_map(|(_, _, fact)| if let Fact::Snapshot(content) = fact { Some(*content) } else { None })
            .collect()
    }

    /// The newest version with a content, counted from 1.
    fn version_of(&self, content: usize) -> Option<usize> {
        self.versions().iter().rposition(|known| *known == content).map(|at| at + 1)
    }

    fn is_dropped(&self, version: usize) -> bool {
        self.facts().any(|(_, _, fact)| matches!(fact, Fact::Dropped(dropped) if *dropped == version))
    }

    /// Every time in a stage: event, time and version.
    fn held(&self, of: usize) -> Vec<(u64, Time, usize)> {
        let moves = self.facts().filter_map(|(seq, time, fact)| match fact {
            Fact::Moved { to, version, .. } if *to == of => Some((seq, time, *version)),
            _ => None,
        });
        moves.collect()
    }

    fn retired(&self, of: usize) -> Option<u64> {
        let last = self.facts().rev().find(|(_, _, fact)| match fact {
            Fact::Moved { to, .. } => *to == of,
            Fact::Retired(stage) => *stage == of,
            _ => false,
        });
        last.and_then(|(seq, _, fact)| matches!(fact, Fact::Retired(_)).then_some(seq))
    }

    /// Who holds a stage: event and version.
    fn holds(&self, of: usize) -> Option<(u64, usize)> {
        self.held(of).last().filter(|_| self.retired(of).is_none()).map(|(seq, _, version)| (*seq, *version))
    }

    fn content(&self, version: usize) -> usize {
        self.versions()[version - 1]
    }

    fn has_held(&self, content: usize, of: usize) -> bool {
        self.held(of).iter().any(|(_, _, version)| self.content(*version) == content)
    }

    /// Whether a content was promoted to a stage by its rules, and may be there still.
    fn has_passed(&self, content: usize, of: usize) -> bool {
        let promoted = |fact: &Fact| match fact {
            Fact::Moved { to, version, back: false, forced: false, .. } => {
                *to == of && self.content(*version) == content
            }
            _ => false,
        };
        self.facts().any(|(_, _, fact)| promoted(fact)) && !self.is_blocked(content, of)
    }

    /// The stack of a stage, as numbers of events: what came forward lies on top, going back takes off whatever lies above.
    fn stack(&self, of: usize) -> Vec<u64> {
        let mut stack: Vec<(u64, usize)> = Vec::new();
        for (seq, _, fact) in self.facts() {
            let Fact::Moved { to, version, back, .. } = fact else { continue };
            if *to != of {
                continue;
            }
            let content = self.content(*version);
            if *back {
                let lower = stack.iter().rposition(|(_, below)| *below == content);
                stack.truncate(lower.unwrap_or(stack.len().saturating_sub(1)));
            }
            stack.push((seq, content));
        }
        stack.into_iter().map(|(seq, _)| seq).collect()
    }

    /// Whether something keeps a content out of a stage.
    fn is_blocked(&self, content: usize, of: usize) -> bool {
        let mut blocks: Vec<(usize, Option<usize>)> = Vec::new();
        for (_, _, fact) in self.facts() {
            match fact {
                Fact::Blocked(content, of) => blocks.push((*content, *of)),
                Fact::Unblocked(lifted, of) => {
                    blocks.retain(|(known, at)| files(*known) != files(*lifted) || of.is_some() && at != of);
                }
                Fact::Moved { to, blocks: more, unblocks, .. } => {
                    blocks.extend(more.iter().map(|content| (*content, Some(*to))));
                    blocks.retain(|(known, at)| {
                        !unblocks.iter().any(|let_in| files(*let_in) == files(*known)) || at.is_some_and(|at| at != *to)
                    });
                }
                _ => {}
            }
        }
        blocks.iter().any(|(known, at)| files(*known) == files(content) && at.is_none_or(|at| at == of))
    }

    /// Whether a stage asks for a certificate by the rules in force; none before its first promotion.
    fn asks(&self, of: usize) -> Option<bool> {
        self.facts().rev().find_map(|(_, _, fact)| match fact {
            Fact::Moved { to, certified: Some(certified), .. } if *to == of => Some(*certified),
            Fact::Adopted(stage, certified) if *stage == of => Some(*certified),
            _ => None,
        })
    }

    fn waiver(&self, seq: u64) -> Option<(usize, usize, bool, Time)> {
        match self.0.get(seq as usize - 1) {
            Some((_, Fact::Waived { content, rule, by_lead, expires })) => Some((*content, *rule, *by_lead, *expires)),
            _ => None,
        }
    }

    /// How many reasons there are against a promotion.
    fn against(&self, content: usize, to: usize, certified: bool, now: Time) -> usize {
        let mut reasons = usize::from(self.is_blocked(content, to));
        reasons += usize::from(to == PRODUCTION && !self.has_passed(content, STAGING));
        // A project may begin to ask for a certificate; what it cannot do is stop.
        if !certified && self.asks(to) != Some(true) {
            return reasons;
        }
        let newest = self.facts().rev().find_map(|(seq, _, fact)| match fact {
            Fact::Certified { content: about, verdict, other_rules, baseline, held, expires, waivers }
                if *about == content =>
            {
                Some((seq, *verdict, *other_rules, *baseline, *held, *expires, waivers))
            }
            _ => None,
        });
        let Some((seq, verdict, other_rules, baseline, held, expires, waivers)) = newest else { return reasons + 1 };
        reasons += usize::from(!matches!(verdict, Verdict::Pass | Verdict::Waived));
        reasons += usize::from(expires <= now);
        reasons += usize::from(other_rules);
        reasons += usize::from(baseline != self.holds(PRODUCTION).map(|(seq, _)| seq));
        if verdict == Verdict::Waived {
            reasons += usize::from(waivers.is_empty());
            for waiver in waivers {
                let (about, rule, by_lead, expires) = self.waiver(*waiver).unwrap();
                let newer = self.facts().any(|(seq, _, fact)| {
                    seq > *waiver && matches!(fact, Fact::Waived { content, rule: other, .. } if *content == about && *other == rule)
                });
                reasons += usize::from(newer || expires <= now) + usize::from(!by_lead);
            }
        }
        // Cases that are all gone again, and evidence for others, change nothing.
        let mut first = 1;
        let mut outdated = false;
        for (when, _, fact) in self.facts() {
            match fact {
                Fact::CasesAdded(count) => {
                    let left = (first..first + count).any(|number| !self.is_removed(number));
                    outdated |= when > seq && left;
                    first += count;
                }
                Fact::Attached(version) => {
                    let about = self.content(*version);
                    outdated |= when > seq && (about == content || Some(about) == held);
                }
                _ => {}
            }
        }
        reasons + usize::from(outdated)
    }

    fn is_removed(&self, number: u32) -> bool {
        self.facts().any(|(_, _, fact)| matches!(fact, Fact::CaseRemoved(removed) if *removed == number))
    }

    fn cases(&self) -> u32 {
        self.facts().map(|(_, _, fact)| if let Fact::CasesAdded(count) = fact { *count } else { 0 }).sum()
    }

    /// When a stage last went back, if what it went back to is still there.
    fn went_back(&self, of: usize) -> Option<Time> {
        let newest = self.facts().rev().find(|(_, _, fact)| matches!(fact, Fact::Moved { to, .. } if *to == of));
        newest.and_then(|(_, time, fact)| matches!(fact, Fact::Moved { back: true, .. }).then_some(time))
    }
}

fn rules(certified: bool, of: usize) -> RulesRecord {
    let lead = BTreeMap::from([("lead".to_owned(), vec![LEAD.to_owned()])]);
    let stage = StageRulesRecord {
        certificate: certified,
        from: if of == PRODUCTION { vec![stage(STAGES[STAGING])] } else { Vec::new() },
        valid_for: 30 * 86_400,
        waivers: lead,
        ..StageRulesRecord::default()
    };
    RulesRecord { policy: certified.then(|| policy("a")), stage }
}

/// The state, the list beside it, and the clock.
struct Run {
    state: State,
    events: Vec<(EventRecord, EventId)>,
    list: List,
    clock: i64,
    counts: BTreeMap<&'static str, u32>,
}

const START: i64 = 1_772_000_000_000;

/// A state as the next process reads it from a checkpoint that has `room` for rows; the others are in the tables beside it.
fn resume(state: &State, tables: &mut Vec<u8>, room: usize) -> State {
    let files = checkpoint::files(&state.to_checkpoint().unwrap(), room).unwrap();
    if let Some((_, new)) = files.tables {
        *tables = new;
    }
    let beside = tables.clone();
    State::from_checkpoint(checkpoint::open(files.checkpoint, |_, _| Some(Box::new(beside))).unwrap())
}

impl Run {
    fn of(verbs: &[Verb]) -> Self {
        let mut run = Self {
            state: State::before_creation(model()),
            events: Vec::new(),
            list: List::default(),
            clock: START,
            counts: BTreeMap::new(),
        };
        assert!(run.append(EventBody::Create { repository: "r".to_owned() }, Fact::Created, None));
        verbs.iter().for_each(|verb| run.step(verb));
        run
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// The time an event gets now: the clock's, or that of the newest where it is later.
    fn now(&self) -> Time {
        let clock = Time::from_milliseconds(self.clock).unwrap();
        self.list.0.iter().map(|(time, _)| *time).fold(clock, Time::max)
    }

    /// Offers an event to the state; whether it was taken.
    fn append(&mut self, body: EventBody, fact: Fact, email: Option<&str>) -> bool {
        let time = self.now();
        let mut actor = actor();
        actor.email = email.map(str::to_owned);
        let seq = self.events.len() as u64 + 1;
        let clock = Time::from_milliseconds(self.clock).unwrap();
        let record = EventRecord {
            format: mlrun::format::event::FORMAT.to_owned(),
            model: model(),
            seq,
            prev: self.events.last().map(|(_, id)| *id),
            time,
            clock: (clock != time).then_some(clock),
            actor,
            body,
        };
        let id = EventId::new(Digest::of(&seq.to_le_bytes()));
        let mut next = self.state.clone();
        let taken = next.apply(&record, id).is_ok();
        if taken {
            self.state = next;
            self.events.push((record, id));
            self.list.0.push((time, fact));
        }
        taken
    }

    /// Offers an event that the list says is sound, or is not.
    fn offer(&mut self, what: &'static str, sound: bool, body: EventBody, fact: Fact) {
        let taken = self.append(body, fact, None);
        assert_eq!(taken, sound, "{what}");
        self.count(if taken { what } else { "refused by the fold" });
    }

    fn reference(&self, seq: u64) -> EventRef {
        EventRef { seq, id: self.events[seq as usize - 1].1 }
    }

    fn step(&mut self, verb: &Verb) {
        let days = |days: u64| Duration::from_secs(days * 86_400);
        match *verb {
            Verb::Wait(minutes) => self.clock += minutes as i64 * 60_000,
            Verb::SetBack(minutes) => self.clock -= minutes as i64 * 60_000,
            Verb::Snapshot(content) => {
                let body = EventBody::Snapshot {
                    version: Version(self.list.versions().len() as u32 + 1),
                    snapshot: snapshot(CONTENTS[content]),
                    parent: None,
                    observation: ObservationId::new(Digest::of(b"o")),
                    model_tree: tree(CONTENTS[files(content)]),
                };
                self.offer("snapshot", true, body, Fact::Snapshot(content));
            }
            Verb::Certify { content, verdict, other_rules, days: valid } => {
                if self.list.version_of(content).is_none() {
                    return;
                }
                let verdict = [Verdict::Pass, Verdict::Pass, Verdict::Waived, Verdict::Fail][verdict];
                let expires = self.now().after(days(valid));
                let baseline = self.list.holds(PRODUCTION);
                let held = baseline.map(|(_, version)| self.list.content(version));
                let waivers = match verdict {
                    Verdict::Waived => self.waivers(content),
                    _ => Vec::new(),
                };
                let body = EventBody::Certify {
                    snapshot: snapshot(CONTENTS[content]),
                    certificate: CertificateId::new(Digest::of(&self.events.len().to_le_bytes())),
                    verdict,
                    stage: stage(STAGES[PRODUCTION]),
                    baseline: held.map(|held| snapshot(CONTENTS[held])),
                    baseline_event: baseline.map(|(seq, _)| self.reference(seq)),
                    policy: policy(if other_rules { "b" } else { "a" }),
                    expires,
                    proposed: false,
                    first_release: None,
                    sets: Vec::new(),
                    waivers: waivers.clone(),
                };
                let baseline = baseline.map(|(seq, _)| seq);
                let fact = Fact::Certified { content, verdict, other_rules, baseline, held, expires, waivers };
                self.offer("certify", true, body, fact);
            }
            Verb::Promote { content, to, certified } => self.promote(content, to, certified),
            Verb::Force { content, to } => self.force(content, to),
            Verb::Rollback { of, from, to, block, unblock } => self.rollback(of, [from, to], [block, unblock]),
            Verb::Retire { of, content } => {
                let holds = self.list.holds(of).is_some_and(|(_, version)| self.list.content(version) == content);
                let body = EventBody::Retire {
                    stage: stage(STAGES[of]),
                    version: Version(1),
                    snapshot: snapshot(CONTENTS[content]),
                    reason: "not used".to_owned(),
                };
                self.offer("retire", holds, body, Fact::Retired(of));
            }
            Verb::Block { content, of } => {
                let (snapshot, of_stage) = (snapshot(CONTENTS[content]), of.map(|of| stage(STAGES[of])));
                if self.list.version_of(content).is_some() {
                    let body = EventBody::Block { snapshot, stage: of_stage, reason: "biased".to_owned() };
                    self.offer("block", true, body, Fact::Blocked(content, of));
                }
            }
            Verb::Unblock { content, of } => {
                let (snapshot, of_stage) = (snapshot(CONTENTS[content]), of.map(|of| stage(STAGES[of])));
                if self.list.version_of(content).is_some() {
                    let body = EventBody::Unblock { snapshot, stage: of_stage, reason: None };
                    self.offer("unblock", true, body, Fact::Unblocked(content, of));
                }
            }
            Verb::Drop(content) => {
                let version = self.list.version_of(content);
                let held = (0..STAGES.len()).any(|of| self.list.has_held(content, of));
                let number = version.unwrap_or(7);
                let body = EventBody::Drop {
                    version: Version(number as u32),
                    snapshot: snapshot(CONTENTS[content]),
                    reason: "diverged".to_owned(),
                };
                self.offer("drop", version.is_some() && !held, body, Fact::Dropped(number));
            }
            Verb::Attach(content) => {
                let version = self.list.version_of(content);
                let number = version.unwrap_or(7);
                let evidence = AttachedRecord::Samples(SamplesRecord {
                    name: SetName::new("latency").unwrap(),
                    path: "ms.csv".to_owned(),
                    file: FileId::new(Digest::of(b"ms")),
                    size: 2,
                    column: "ms".to_owned(),
                    machine: None,
                });
                let body = EventBody::Attach {
                    version: Version(number as u32),
                    snapshot: snapshot(CONTENTS[content]),
                    evidence,
                    reason: None,
                };
                self.offer("attach", version.is_some(), body, Fact::Attached(number));
            }
            Verb::Waive { content, rule, by_lead, days: valid } => {
                let Some(version) = self.list.version_of(content) else { return };
                let expires = self.now().after(days(valid));
                let body = EventBody::Waive {
                    version: Version(version as u32),
                    snapshot: snapshot(CONTENTS[content]),
                    rule: ["auc", "p95"][rule].to_owned(),
                    reason: "known".to_owned(),
                    expires,
                    signature: None,
                    certificate: None,
                };
                let by = if by_lead { LEAD } else { "ana@example.org" };
                assert!(self.append(body, Fact::Waived { content, rule, by_lead, expires }, Some(by)));
                self.count("waive");
            }
            Verb::AddCases(count) => {
                let first = self.list.cases() + 1;
                let set = SetName::new("test").unwrap();
                let change = CaseChangeRecord::Add { first, count, set, cases: Digest::of(b"cases") };
                self.offer("cases", count > 0, EventBody::Case { change, reason: None }, Fact::CasesAdded(count));
            }
            Verb::RemoveCase(number) => {
                let there = (1..=self.list.cases()).contains(&number) && !self.list.is_removed(number);
                let change = CaseChangeRecord::Remove { cases: vec![number] };
                self.offer("case removed", there, EventBody::Case { change, reason: None }, Fact::CaseRemoved(number));
            }
            Verb::Adopt { of, certified } => {
                let body = EventBody::Adopt {
                    stage: stage(STAGES[of]),
                    rules: rules(certified, of),
                    approvals: Vec::new(),
                    reason: "agreed".to_owned(),
                };
                self.offer("adopt", self.list.asks(of).is_some(), body, Fact::Adopted(of, certified));
            }
            Verb::Approve(content) => {
                let version = self.list.version_of(content);
                let subject = SubjectRecord::Version {
                    version: Version(version.unwrap_or(7) as u32),
                    snapshot: snapshot(CONTENTS[content]),
                };
                let body = EventBody::Approve {
                    subject,
                    stage: stage(STAGES[PRODUCTION]),
                    role: "risk".to_owned(),
                    person: LEAD.to_owned(),
                    certificate: None,
                    statement: Digest::of(b"statement"),
                    signature: None,
                };
                self.offer("approve", version.is_some(), body, Fact::Approved);
            }
            Verb::Withdraw(number) => {
                let approvals = self.list.facts().filter(|(_, _, fact)| matches!(fact, Fact::Approved));
                let seq = approvals.map(|(seq, _, _)| seq).nth(number as usize).unwrap_or(number);
                let given = self.list.facts().any(|(at, _, fact)| at == seq && matches!(fact, Fact::Approved));
                let taken_back =
                    self.list.facts().any(|(_, _, fact)| matches!(fact, Fact::Withdrawn(of) if *of == seq));
                let body = EventBody::Withdraw { approval: seq, reason: None };
                self.offer("withdraw", given && !taken_back, body, Fact::Withdrawn(seq));
            }
        }
    }

    /// The newest waiver of each rule that counts now, as a certificate names them.
    fn waivers(&self, content: usize) -> Vec<u64> {
        let named = |wanted: usize| {
            let mut all = self.list.facts().filter_map(|(seq, _, fact)| match fact {
                Fact::Waived { content: about, rule, expires, .. } if *about == content && *rule == wanted => {
                    Some((seq, *expires))
                }
                _ => None,
            });
            all.next_back().filter(|(_, expires)| *expires > self.now()).map(|(seq, _)| seq)
        };
        let expected: Vec<u64> = (0..2).filter_map(named).collect();
        let found = self.state.waivers_in_force(snapshot(CONTENTS[content]), self.now());
        assert_eq!(found.iter().map(|row| row.event.seq).collect::<Vec<_>>(), expected);
        expected
    }

    fn promote(&mut self, content: usize, to: usize, certified: bool) {
        let Some(version) = self.list.version_of(content) else { return };
        let holds = self.list.holds(to);
        if self.list.is_dropped(version) || holds.is_some_and(|(_, held)| self.list.content(held) == content) {
            return;
        }
        let (target, proposed, now) = (stage(STAGES[to]), rules(certified, to), self.now());
        let request = PromoteRequest {
            stage: &target,
            snapshot: snapshot(CONTENTS[content]),
            proposed: &proposed,
            expected: None,
            now,
        };
        let (against, certificate) = obstacles(&self.state, &request);
        assert_eq!(against.len(), self.list.against(content, to, certified, now), "{against:?}");
        if !against.is_empty() {
            return self.count(if against.iter().any(Obstacle::is_conflict) {
                "promotion stale"
            } else {
                "promotion refused"
            });
        }
        let in_force = self.list.asks(to);
        let adopts = in_force.is_none() || in_force == Some(false) && certified;
        let known = self.state.stages.get(&target).and_then(|row| row.rules.as_ref());
        assert_eq!(known.is_none_or(|known| raises(known, &proposed)), adopts);
        let body = EventBody::Promote {
            stage: target,
            version: Version(version as u32),
            snapshot: snapshot(CONTENTS[content]),
            replaces: holds.map(|(_, held)| snapshot(CONTENTS[self.list.content(held)])),
            certificate,
            adopts: adopts.then_some(proposed),
            approvals: Vec::new(),
            no_hooks: false,
            after: Vec::new(),
            reason: None,
        };
        let certified = adopts.then_some(certified);
        let fact = Fact::Moved {
            to,
            version,
            back: false,
            blocks: Vec::new(),
            unblocks: Vec::new(),
            certified,
            forced: false,
        };
        self.offer("promotion", true, body, fact);
    }

    /// Against whatever there is to say; a dropped version cannot be had back, and a stage is moved from what it holds.
    fn force(&mut self, content: usize, to: usize) {
        let (version, holds) = (self.list.version_of(content), self.list.holds(to));
        let number = version.unwrap_or(7);
        let sound = version.is_some_and(|version| !self.list.is_dropped(version));
        let body = EventBody::Force {
            stage: stage(STAGES[to]),
            version: Version(number as u32),
            snapshot: snapshot(CONTENTS[content]),
            replaces: holds.map(|(_, held)| snapshot(CONTENTS[self.list.content(held)])),
            certificate: None,
            approvals: Vec::new(),
            overruled: vec!["blocked".to_owned()],
            no_hooks: false,
            after: Vec::new(),
            reason: "the old one is worse".to_owned(),
        };
        let (blocks, unblocks, version) = (Vec::new(), Vec::new(), number);
        let fact = Fact::Moved { to, version, back: false, blocks, unblocks, certified: None, forced: true };
        self.offer("force", sound, body, fact);
    }

    fn rollback(&mut self, of: usize, [from, to]: [Option<usize>; 2], [block, unblock]: [bool; 2]) {
        let id = |content: Option<usize>| content.map(|content| snapshot(CONTENTS[content]));
        let request = RollbackRequest { from: id(from), to: id(to), block, unblock };
        let planned = plan(&self.state, &stage(STAGES[of]), &request, self.now(), &|_| None);
        let expected = self.expected_rollback(of, [from, to], [block, unblock]);
        match (planned, expected) {
            (Err(refusal), Err(what)) => {
                let said = match refusal {
                    RollbackRefusal::Empty { .. } => "empty",
                    RollbackRefusal::NothingLeft { .. } => "nothing left",
                    RollbackRefusal::Guarded { .. } => "guarded",
                    RollbackRefusal::NeverHeld { .. } => "never held",
                    RollbackRefusal::Same { .. } => "the same",
                    RollbackRefusal::GoneElsewhere { .. } => "gone elsewhere",
                    RollbackRefusal::Blocked { .. } => "blocked",
                    other => panic!("{other:?}"),
                };
                assert_eq!(said, what);
                self.count(what);
            }
            (Ok(RollbackPlan::AlreadyGone { .. }), Ok(None)) => self.count("already gone"),
            (Ok(RollbackPlan::AlreadyThere), Ok(None)) => self.count("already there"),
            (Ok(RollbackPlan::Move { flees, target, version, skipped, blocks, unblocks }), Ok(Some(expected))) => {
                assert_eq!(version.0 as usize, expected);
                let fled = self.list.holds(of).map(|(_, version)| self.list.content(version));
                assert_eq!(flees.as_ref().map(|fled| fled.snapshot), id(fled));
                let content = self.list.content(expected);
                let kept_out = fled.filter(|fled| block && files(*fled) != files(content));
                let let_in = self.list.is_blocked(content, of).then_some(content);
                assert_eq!((blocks.first().copied(), unblocks.first().copied()), (id(kept_out), id(let_in)));
                let body = EventBody::Rollback {
                    stage: stage(STAGES[of]),
                    version,
                    snapshot: target,
                    replaces: id(fled),
                    reason: "slow".to_owned(),
                    blocks,
                    unblocks,
                    skipped,
                    no_hooks: false,
                    after: Vec::new(),
                };
                let (blocks, unblocks) = (kept_out.into_iter().collect(), let_in.into_iter().collect());
                let fact = Fact::Moved {
                    to: of,
                    version: expected,
                    back: true,
                    blocks,
                    unblocks,
                    certified: None,
                    forced: false,
                };
                self.offer("rollback", true, body, fact);
            }
            (planned, expected) => panic!("{planned:?}, not {expected:?}"),
        }
    }

    /// The version that a rollback goes to; none if there is nothing to do.
    fn expected_rollback(
        &self,
        of: usize,
        [from, to]: [Option<usize>; 2],
        [block, unblock]: [bool; 2],
    ) -> Result<Option<usize>, &'static str> {
        let list = &self.list;
        let newest =
            |content: usize| list.held(of).iter().rev().map(|held| held.2).find(|v| list.content(*v) == content);
        let open = |content: usize| if list.is_blocked(content, of) && !unblock { Err("blocked") } else { Ok(()) };
        let holds = list.holds(of).map(|(_, version)| list.content(version));
        if list.held(of).is_empty() {
            return Err("empty");
        }
        if let Some(from) = from.filter(|from| Some(*from) != holds) {
            return match to {
                _ if !list.has_held(from, of) => Err("never held"),
                Some(_) if to != holds => Err("gone elsewhere"),
                _ => Ok(None),
            };
        }
        let Some(current) = holds else {
            let to = to.ok_or("empty")?;
            let version = newest(to).ok_or("never held")?;
            return open(to).map(|()| Some(version));
        };
        let back = list.went_back(of).filter(|_| from.is_none() && to.is_none());
        if back.is_some_and(|back| self.now().since(back) < Duration::from_secs(900)) {
            return Err("guarded");
        }
        if let Some(to) = to {
            if to == current {
                let more = from.is_some() || (unblock && list.is_blocked(to, of));
                return if more { Err("the same") } else { Ok(None) };
            }
            let version = newest(to).ok_or("never held")?;
            return open(to).map(|()| Some(version));
        }
        let stack = list.stack(of);
        let below = stack.iter().rev().skip(1).map(|seq| match &list.0[*seq as usize - 1].1 {
            Fact::Moved { version, .. } => *version,
            other => panic!("{other:?}"),
        });
        let fits = |version: &usize| {
            let content = list.content(*version);
            let fled = if block { files(content) == files(current) } else { content == current };
            !fled && !list.is_blocked(content, of)
        };
        below.into_iter().find(fits).map(Some).ok_or("nothing left")
    }

    /// What the state says at the end, against the list; and the same state by every other way.
    fn finish(&self) {
        let state = &self.state;
        assert_eq!(state.seq() as usize, self.list.0.len());
        self.compare(state);
        let again = |state: &State| {
            let bytes = checkpoint::encode(&state.to_checkpoint().unwrap()).unwrap();
            State::from_checkpoint(checkpoint::decode(bytes).unwrap())
        };
        assert_eq!(again(state).to_checkpoint(), state.to_checkpoint());
        // As processes that come one after the other see it: from checkpoints with tables beside them, and without.
        let quarter = (self.events.len() / 4).max(1);
        let (mut resumed, mut tables) = (State::before_creation(model()), Vec::new());
        for (index, (record, id)) in self.events.iter().enumerate() {
            if index > 0 && index % quarter == 0 {
                let room = if index / quarter == 2 { usize::MAX } else { 0 };
                resumed = resume(&resumed, &mut tables, room);
            }
            resumed.apply(record, *id).unwrap();
        }
        self.compare(&resumed);
        assert_eq!(resumed.to_checkpoint(), state.to_checkpoint());
        assert_eq!(resume(&resumed, &mut tables, 0).to_checkpoint(), state.to_checkpoint());
    }

    fn compare(&self, state: &State) {
        let list = &self.list;
        let versions: Vec<_> = state.versions.iter().map(|row| (row.snapshot, row.dropped.is_some())).collect();
        let expected: Vec<_> = list
            .versions()
            .iter()
            .zip(1..)
            .map(|(c, version)| (snapshot(CONTENTS[*c]), list.is_dropped(version)))
            .collect();
        assert_eq!(versions, expected);
        for (of, name) in STAGES.iter().enumerate() {
            let name: StageName = stage(name);
            let row = state.stages.get(&name);
            let held: Vec<_> = row
                .into_iter()
                .flat_map(|row| &row.timeline)
                .map(|o| (o.event.seq, o.since, o.version.0 as usize))
                .collect();
            assert_eq!(held, list.held(of));
            assert_eq!(state.occupant(&name).map(|o| o.event.seq), list.holds(of).map(|(seq, _)| seq));
            let stack: Vec<u64> = row
                .into_iter()
                .flat_map(|row| row.stack.iter().map(|at| row.timeline[*at as usize].event.seq))
                .collect();
            assert_eq!(stack, list.stack(of));
            let asks = row.and_then(|row| row.rules.as_ref()).map(|rules| rules.stage.certificate);
            assert_eq!(asks, list.asks(of));
            for content in (0..CONTENTS.len()).filter(|content| list.version_of(*content).is_some()) {
                let blocked = state.block(snapshot(CONTENTS[content]), Some(tree(CONTENTS[files(content)])), &name);
                assert_eq!(blocked.is_some(), list.is_blocked(content, of), "{} in {name}", CONTENTS[content]);
            }
            // At every instant that something happened at, and a moment before: the newest event that is not later tells.
            let Some(row) = row else { continue };
            let moments = list.0.iter().step_by(4).flat_map(|(time, _)| [time.milliseconds() - 1, time.milliseconds()]);
            for time in moments {
                let time = Time::from_milliseconds(time).unwrap();
                let past = List(list.0.iter().filter(|(when, _)| *when <= time).cloned().collect());
                assert_eq!(at(row, time).map(|o| o.event.seq), past.holds(of).map(|(seq, _)| seq), "{name} at {time}");
            }
        }
        let given: Vec<_> = state.approvals.iter().map(|row| (row.event.seq, row.withdrawn.is_some())).collect();
        let taken_back = |seq: u64| list.facts().any(|(_, _, fact)| matches!(fact, Fact::Withdrawn(of) if *of == seq));
        let approvals = list.facts().filter(|(_, _, fact)| matches!(fact, Fact::Approved));
        assert_eq!(given, approvals.map(|(seq, _, _)| (seq, taken_back(seq))).collect::<Vec<_>>());
        let left = (1..=list.cases()).filter(|number| !list.is_removed(*number)).count();
        assert_eq!(state.cases_in_force(), left as u64);
    }
}

proptest! {
    #![proptest_config(cases(10_000))]

    #[test]
    fn the_state_is_what_the_list_says(verbs in sequence()) {
        Run::of(&verbs).finish();
    }
}

/// The sequences reach every outcome; otherwise they would show little.
#[test]
fn every_outcome_is_reached() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::new(cases(1));
    let mut total: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..1000 {
        let verbs = sequence().new_tree(&mut runner).unwrap().current();
        Run::of(&verbs).counts.into_iter().for_each(|(what, n)| *total.entry(what).or_default() += n);
    }
    let outcomes = [
        "snapshot",
        "certify",
        "promotion",
        "promotion refused",
        "promotion stale",
        "force",
        "rollback",
        "retire",
        "block",
        "unblock",
        "drop",
        "attach",
        "waive",
        "cases",
        "case removed",
        "adopt",
        "approve",
        "withdraw",
        "empty",
        "nothing left",
        "guarded",
        "never held",
        "the same",
        "blocked",
        "already gone",
        "already there",
        "gone elsewhere",
        "refused by the fold",
    ];
    for outcome in outcomes {
        assert!(total.get(outcome).is_some_and(|n| *n >= 5), "{outcome}: {total:?}");
    }
}
