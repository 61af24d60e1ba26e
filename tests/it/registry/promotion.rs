//! What stands between a version and a stage: every reason, each by itself and all together.

use std::time::Duration;

use mlrun::clock::Clock as _;
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::event::{ActorRecord, AttachedRecord, CaseChangeRecord, EventBody, RulesRecord, StageRulesRecord};
use mlrun::format::snapshot::SamplesRecord;
use mlrun::id::{FileId, SnapshotId};
use mlrun::name::{SetName, Version};
use mlrun::registry::promote::{Obstacle, PromoteRequest, Since, WaiverFlaw, obstacles};
use mlrun::registry::{Decision, JournalError};

use crate::support::clock::time;
use crate::support::journal::{
    BACK, Certificate, Journal, certified_rules, model, open_rules, policy, snapshot, stage,
};

/// v1 in production on a certificate under policy `a`; v2 captured, nothing more.
fn scene() -> Journal {
    let journal = Journal::new();
    journal.snapshot("one");
    journal.snapshot("two");
    journal.certify("one", &journal.pass());
    journal.promote("one", "production", &certified_rules("a")).unwrap().unwrap();
    journal.clock.advance(Duration::from_secs(3600));
    journal
}

fn refused(journal: &Journal, name: &str) -> Vec<Obstacle> {
    journal.promote(name, "production", &certified_rules("a")).unwrap_err()
}

fn block(name: &str, of: Option<&str>) -> EventBody {
    EventBody::Block { snapshot: snapshot(name), stage: of.map(stage), reason: "biased".to_owned() }
}

#[test]
fn a_passing_certificate_against_what_is_there_promotes() {
    let journal = scene();
    let certificate = journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
    let occupant = journal.state().occupant(&stage("production")).unwrap().clone();
    assert_eq!((occupant.version, occupant.certificate), (Version(2), Some(certificate)));
    // Promoting it again changes nothing.
    assert_eq!(journal.promote("two", "production", &certified_rules("a")).unwrap(), None);
}

#[test]
fn no_certificate() {
    assert_eq!(refused(&scene(), "two"), [Obstacle::NoCertificate]);
}

#[test]
fn only_pass_and_waived_count() {
    for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::NotApplicable] {
        let journal = scene();
        let certificate = journal.certify("two", &Certificate { verdict, ..journal.pass() });
        assert_eq!(refused(&journal, "two"), [Obstacle::Verdict { certificate, verdict }]);
    }
    let journal = scene();
    let certificate = journal.certify("two", &Certificate { verdict: Verdict::Waived, ..journal.pass() });
    let found = refused(&journal, "two");
    assert!(
        matches!(&found[..], [Obstacle::Waiver { certificate: id, flaw: WaiverFlaw::Superseded, .. }] if *id == certificate),
        "it names no waiver: {found:?}"
    );
}

/// A waiver counts for a stage if whoever gave it may, if it is the newest of its rule, and as long as it lasts.
#[test]
fn a_waived_certificate_is_as_good_as_its_waivers() {
    let journal = scene();
    let rules = |people: &[&str]| {
        let mut rules = certified_rules("a");
        rules.stage.waivers.insert("risk".to_owned(), people.iter().map(|one| (*one).to_owned()).collect());
        rules
    };
    let ana = ActorRecord { email: Some("ANA@example.org".to_owned()), ..ActorRecord::default() };
    let waive = |seconds: u64| {
        let expires = journal.clock.now().after(std::time::Duration::from_secs(seconds));
        let (rule, reason, signature) = ("auc".to_owned(), "known".to_owned(), None);
        let (version, snapshot) = (Version(2), snapshot("two"));
        let certificate = None;
        let body = EventBody::Waive { version, snapshot, rule, reason, expires, signature, certificate };
        let commit =
            journal.registry.commit::<(), JournalError>(&model(), &ana, |_| Ok(Decision::Append(body.clone(), ())));
        commit.unwrap().event.unwrap().0.seq
    };
    let certify = |waivers: &[u64]| {
        journal.certify("two", &Certificate { verdict: Verdict::Waived, waivers: waivers.to_vec(), ..journal.pass() });
    };
    let flaws = |people: &[&str]| match journal.promote("two", "staging", &rules(people)) {
        Ok(_) => Vec::new(),
        Err(found) => found
            .into_iter()
            .map(|obstacle| match obstacle {
                Obstacle::Waiver { flaw, .. } => flaw,
                other => panic!("{other:?}"),
            })
            .collect(),
    };
    let first = waive(60);
    certify(&[first]);
    let by = Some("ANA@example.org".to_owned());
    assert_eq!(flaws(&[]), [WaiverFlaw::NotAllowed { by: by.clone(), roles: vec!["risk".to_owned()] }]);
    assert_eq!(flaws(&["ben@example.org"]), [WaiverFlaw::NotAllowed { by, roles: vec!["risk".to_owned()] }]);
    let second = waive(120);
    assert_eq!(flaws(&["ana@example.org"]), [WaiverFlaw::Superseded]);
    certify(&[second]);
    journal.clock.advance(std::time::Duration::from_secs(121));
    assert!(matches!(flaws(&["ana@example.org"])[..], [WaiverFlaw::Expired { .. }]));
    let third = waive(60);
    certify(&[third]);
    assert_eq!(flaws(&["ana@example.org"]), []);
}

/// The newest certificate decides, not the best one.
#[test]
fn the_newest_certificate_decides() {
    let journal = scene();
    journal.certify("two", &journal.pass());
    let certificate = journal.certify("two", &Certificate { verdict: Verdict::Fail, ..journal.pass() });
    assert_eq!(refused(&journal, "two"), [Obstacle::Verdict { certificate, verdict: Verdict::Fail }]);
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
}

#[test]
fn an_expired_certificate() {
    let journal = scene();
    let certificate = journal.certify("two", &journal.pass());
    let at = journal.pass().expires;
    journal.clock.set(time("2026-03-31T12:59:59.999Z"));
    let state = journal.state();
    let rules = certified_rules("a");
    let production = stage("production");
    let mut request = PromoteRequest {
        stage: &production,
        snapshot: snapshot("two"),
        proposed: &rules,
        expected: None,
        now: time("2026-03-31T12:59:59.999Z"),
    };
    assert_eq!(obstacles(&state, &request), (vec![], Some(certificate)));
    // At that very moment it has expired.
    request.now = at;
    assert_eq!(obstacles(&state, &request).0, [Obstacle::Expired { certificate, at }]);
    journal.clock.set(at);
    assert_eq!(refused(&journal, "two"), [Obstacle::Expired { certificate, at }]);
}

#[test]
fn other_rules_than_those_in_force() {
    let journal = scene();
    let certificate = journal.certify("two", &Certificate { policy: policy("looser"), ..journal.pass() });
    assert_eq!(refused(&journal, "two"), [Obstacle::OtherRules { certificate }]);
    // Stating the looser rules in the configuration helps nobody: those in force were adopted.
    let looser = journal.promote("two", "production", &certified_rules("looser")).unwrap_err();
    assert_eq!(looser, [Obstacle::OtherRules { certificate }]);
    // One that only tries rules does not take the place of another, and promotes nothing by itself.
    journal.certify("two", &Certificate { proposed: true, ..journal.pass() });
    assert_eq!(refused(&journal, "two"), [Obstacle::OtherRules { certificate }]);
    journal.snapshot("three");
    let proposed = journal.certify("three", &Certificate { proposed: true, ..journal.pass() });
    assert_eq!(refused(&journal, "three"), [Obstacle::OtherRules { certificate: proposed }]);
    assert!(Obstacle::OtherRules { certificate }.is_conflict());
}

/// A configuration that stops to ask for certificates does not make the stage do so; one that begins to, does.
#[test]
fn a_gate_can_be_raised_but_not_lowered_by_a_file() {
    let journal = scene();
    assert_eq!(journal.promote("two", "production", &open_rules()).unwrap_err(), [Obstacle::NoCertificate]);
    let journal = Journal::new();
    journal.snapshot("one");
    journal.snapshot("two");
    journal.release("one");
    assert_eq!(refused(&journal, "two"), [Obstacle::NoCertificate]);
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
    assert!(journal.state().stages[&stage("production")].rules.as_ref().unwrap().stage.certificate);
}

#[test]
fn a_stale_certificate() {
    let journal = scene();
    journal.snapshot("three");
    let certificate = journal.certify("three", &journal.pass());
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
    let stale =
        Obstacle::Stale { certificate, stage: stage("production"), certified: Some(Version(1)), now: Some(Version(2)) };
    assert_eq!(refused(&journal, "three"), std::slice::from_ref(&stale));
    assert!(stale.is_conflict());
}

/// The same version is back, but not by the same event: it was away, and the certificate does not say why it returned.
#[test]
fn a_baseline_that_left_and_came_back_is_another_one() {
    let journal = scene();
    journal.snapshot("three");
    let certificate = journal.certify("three", &journal.pass());
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
    journal.rollback("production", &BACK).unwrap();
    let back =
        Obstacle::Stale { certificate, stage: stage("production"), certified: Some(Version(1)), now: Some(Version(1)) };
    assert_eq!(refused(&journal, "three"), [back]);
}

fn attach(version: u32, name: &str) -> EventBody {
    let samples = SamplesRecord {
        name: SetName::new("latency").unwrap(),
        path: "attached/latency.csv".to_owned(),
        file: FileId::new(Digest::of(b"samples")),
        size: 1,
        column: "ms".to_owned(),
        machine: None,
    };
    let evidence = AttachedRecord::Samples(samples);
    EventBody::Attach { version: Version(version), snapshot: snapshot(name), evidence, reason: None }
}

/// What a certificate could not know: cases that were added, and evidence of either side.
#[test]
fn what_came_after_a_certificate() {
    let change = |first, count| CaseChangeRecord::Add {
        first,
        count,
        set: SetName::new("test").unwrap(),
        cases: Digest::of(b"cases"),
    };
    let add = |first, count| EventBody::Case { change: change(first, count), reason: None };
    let journal = scene();
    journal.snapshot("three");
    journal.append(add(1, 1)).unwrap();
    journal.append(attach(1, "one")).unwrap();
    let certificate = journal.certify("two", &journal.pass());
    // Somebody else's evidence, and cases that count no less than before, change nothing.
    journal.append(attach(3, "three")).unwrap();
    let gone = CaseChangeRecord::Remove { cases: vec![1] };
    journal.append(EventBody::Case { change: gone, reason: Some("mislabelled".to_owned()) }).unwrap();
    let later = [add(2, 3), attach(1, "one"), attach(2, "two")];
    let events = later.map(|body| journal.append(body).unwrap().event.unwrap().0);
    let attached =
        |version, event| Since::Attached { version: Version(version), set: SetName::new("latency").unwrap(), event };
    let since = vec![Since::Cases { count: 3, event: events[0] }, attached(1, events[1]), attached(2, events[2])];
    let outdated = Obstacle::Outdated { certificate, since };
    assert!(outdated.is_conflict());
    assert_eq!(refused(&journal, "two"), [outdated]);
    // One that was issued since knows it all.
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
}

#[test]
fn blocked_by_id_or_by_content_for_a_stage_or_for_all() {
    for (of, files, by) in [
        (None, "two", "two"),
        (Some("production"), "two", "two"),
        (None, "same", "twin"),
        (Some("production"), "same", "twin"),
    ] {
        let journal = Journal::new();
        journal.snapshot_with("two", files);
        journal.snapshot_with("twin", if by == "twin" { files } else { "other" });
        journal.append(block(by, of)).unwrap();
        let obstacle = Obstacle::Blocked { reason: "biased".to_owned(), stage: of.map(stage) };
        assert_eq!(journal.promote("two", "production", &open_rules()).unwrap_err(), [obstacle]);
        // Another stage is open, unless all are closed.
        assert_eq!(journal.promote("two", "staging", &open_rules()).is_ok(), of.is_some());
    }
}

#[test]
fn a_version_must_have_held_the_stage_before() {
    let journal = Journal::new();
    journal.snapshot("one");
    let from = vec![stage("staging"), stage("canary")];
    let rules = RulesRecord {
        policy: None,
        stage: StageRulesRecord { certificate: false, from: from.clone(), valid_for: 0, ..StageRulesRecord::default() },
    };
    assert_eq!(journal.promote("one", "production", &rules).unwrap_err(), [Obstacle::NotFrom { stages: from }]);
    journal.promote("one", "canary", &open_rules()).unwrap().unwrap();
    // Having held it once is enough.
    journal.snapshot("two");
    journal.promote("two", "canary", &open_rules()).unwrap().unwrap();
    journal.promote("one", "production", &rules).unwrap().unwrap();
    assert!(journal.promote("two", "staging", &open_rules()).is_ok());
}

#[test]
fn the_stage_must_hold_what_the_caller_expects() {
    let journal = scene();
    journal.certify("two", &journal.pass());
    let (state, rules, production) = (journal.state(), certified_rules("a"), stage("production"));
    let against = |expected: Option<Option<SnapshotId>>| {
        let request = PromoteRequest {
            stage: &production,
            snapshot: snapshot("two"),
            proposed: &rules,
            expected,
            now: state.time().unwrap(),
        };
        obstacles(&state, &request).0
    };
    assert_eq!(against(None), []);
    assert_eq!(against(Some(Some(snapshot("one")))), []);
    let unexpected = Obstacle::Unexpected { current: Some(Version(1)) };
    assert!(unexpected.is_conflict());
    assert_eq!(against(Some(Some(snapshot("two")))), std::slice::from_ref(&unexpected));
    assert_eq!(against(Some(None)), [unexpected]);
}

/// It was given its time by the stage that it compares with; another one may grant less.
#[test]
fn a_certificate_is_as_fresh_as_each_stage_asks() {
    let journal = scene();
    let certificate = journal.certify("two", &journal.pass());
    let issued = journal.state().time().unwrap();
    let mut fresh = certified_rules("a");
    fresh.stage.valid_for = 60;
    journal.clock.advance(Duration::from_secs(61));
    let expired = Obstacle::Expired { certificate, at: issued.after(Duration::from_secs(60)) };
    assert_eq!(journal.promote("two", "canary", &fresh).unwrap_err(), [expired]);
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
}

/// The refusal lists every reason at once.
#[test]
fn all_reasons_at_once() {
    let journal = Journal::new();
    journal.snapshot("one");
    journal.snapshot("two");
    journal.snapshot("three");
    let strict = RulesRecord {
        policy: Some(policy("a")),
        stage: StageRulesRecord {
            certificate: true,
            from: vec![stage("staging")],
            valid_for: 1,
            ..StageRulesRecord::default()
        },
    };
    journal.promote("one", "staging", &open_rules()).unwrap().unwrap();
    journal.certify("one", &journal.pass());
    journal.promote("one", "production", &strict).unwrap().unwrap();
    let bad = Certificate {
        verdict: Verdict::Fail,
        policy: policy("b"),
        expires: time("2026-03-01T12:00:01Z"),
        ..journal.pass()
    };
    let certificate = journal.certify("two", &bad);
    journal.promote("three", "staging", &open_rules()).unwrap().unwrap();
    journal.certify("three", &journal.pass());
    journal.promote("three", "production", &strict).unwrap().unwrap();
    journal.append(block("two", Some("production"))).unwrap();
    journal.clock.advance(Duration::from_secs(60));
    let (state, production) = (journal.state(), stage("production"));
    let request = PromoteRequest {
        stage: &production,
        snapshot: snapshot("two"),
        proposed: &open_rules(),
        expected: Some(None),
        now: time("2026-03-01T12:01:00Z"),
    };
    let (found, _) = obstacles(&state, &request);
    assert_eq!(
        found,
        [
            Obstacle::Unexpected { current: Some(Version(3)) },
            Obstacle::Blocked { reason: "biased".to_owned(), stage: Some(stage("production")) },
            Obstacle::NotFrom { stages: vec![stage("staging")] },
            Obstacle::Verdict { certificate, verdict: Verdict::Fail },
            Obstacle::Expired { certificate, at: time("2026-03-01T12:00:01Z") },
            Obstacle::OtherRules { certificate },
            Obstacle::Stale {
                certificate,
                stage: production.clone(),
                certified: Some(Version(1)),
                now: Some(Version(3))
            },
        ]
    );
}

/// The first promotion adopts the rules, later ones do not.
#[test]
fn the_first_promotion_adopts() {
    let journal = scene();
    journal.certify("two", &journal.pass());
    journal.promote("two", "production", &certified_rules("a")).unwrap().unwrap();
    let adopts = |seq| match journal.registry.event(&model(), seq).unwrap().unwrap().event.unwrap().body {
        EventBody::Promote { adopts, .. } => adopts,
        other => panic!("{other:?}"),
    };
    assert_eq!(adopts(5), Some(certified_rules("a")));
    assert_eq!(adopts(7), None);
    assert_eq!(journal.state().stages[&stage("production")].rules, Some(certified_rules("a")));
}
