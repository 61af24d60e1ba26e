//! What waits for whom: each kind, what makes it go away, and in which order they stand.

use std::fs;
use std::time::Duration;

use mlrun::format::certificate::Verdict;
use mlrun::format::event::{EventBody, HookOutcome, HookWhen};
use mlrun::name::Version;
use mlrun::ops::status::waiting::Task;
use mlrun::ops::status::whom::{Group, Whom, by_whom};
use mlrun::ops::status::{CertificateState, SOON};
use mlrun::registry::promote::Obstacle;

use crate::support::board::{Board, days};
use crate::support::journal::{certified_rules, open_rules, stage};

const STAGES: &str = "[stage.production]\n";
const BOTH: &str = "[stage.staging]\ncertificate = \"none\"\n[stage.production]\nfrom = [\"staging\"]\n";

/// v1 is in production on a fresh certificate.
fn live() -> Board {
    let board = Board::new(STAGES, &["fraud"]);
    board.live("fraud");
    board
}

fn block(board: &Board, version: u32) {
    board.append("fraud", |state| EventBody::Block {
        snapshot: state.version(Version(version)).unwrap().snapshot,
        stage: Some(stage("production")),
        reason: "false alarms".to_owned(),
    });
}

#[test]
fn nothing_waits() {
    assert!(Board::new(STAGES, &[]).waiting().is_empty());
    assert!(Board::new(STAGES, &["fraud"]).waiting().is_empty(), "no version yet");
    assert!(live().waiting().is_empty());
}

#[test]
fn a_version_is_certified_then_promoted() {
    let board = live();
    board.wait(days(1)).version("fraud");
    let taken = board.now();
    board.wait(days(2));
    assert_eq!(board.waits(), ["release certify fraud@v2 production"]);
    let [one] = &board.waiting()[..] else { panic!() };
    assert_eq!(one.task, Task::Certify { because: vec![Obstacle::NoCertificate] });
    assert_eq!((one.since, one.until, one.now), (Some(taken), None, board.now()));
    assert!(one.who.is_empty() && one.roles.is_empty() && !one.needed.first_release);
    board.certify("fraud", 2, Verdict::Pass, 30);
    assert_eq!(board.waits(), ["release promote fraud@v2 production"]);
    let [one] = &board.waiting()[..] else { panic!() };
    assert_eq!((one.since, one.until), (Some(board.now()), Some(board.now().after(days(30)))));
    board.promote("fraud", 2, "production");
    assert!(board.waiting().is_empty());
}

/// A gate that says no has done its work: that is at the end of the list.
#[test]
fn a_version_that_failed() {
    let board = live();
    board.version("fraud").certify("fraud", 2, Verdict::Fail, 30);
    assert_eq!(board.waits(), ["look certify fraud@v2 production"]);
    board.certify("fraud", 2, Verdict::Inconclusive, 30);
    assert_eq!(board.waits(), ["release certify fraud@v2 production"]);
}

#[test]
fn a_baseline_that_moved() {
    let board = live();
    board.version("fraud").version("fraud").certify("fraud", 2, Verdict::Pass, 30).certify(
        "fraud",
        3,
        Verdict::Pass,
        30,
    );
    board.promote("fraud", 2, "production");
    let [one] = &board.waiting()[..] else { panic!("{:?}", board.waits()) };
    let Task::Certify { because } = &one.task else { panic!("{one:?}") };
    assert!(matches!(because[..], [Obstacle::Stale { .. }]), "{because:?}");
}

#[test]
fn approvals_wait_for_those_who_can_give_them() {
    let board = Board::new(STAGES, &["fraud"]);
    let mut rules = certified_rules("a");
    rules.stage.approvals = [("risk".to_owned(), 2)].into();
    rules.stage.people = [("risk".to_owned(), ["ana@x.org", "bo@x.org"].map(str::to_owned).to_vec())].into();
    // Of who takes a snapshot in this process nothing is known.
    rules.stage.self_approval = true;
    board.version("fraud").certify("fraud", 1, Verdict::Pass, 30).promote_by("fraud", 1, "production", &rules, &[]);
    board.version("fraud");
    // Nobody is asked to approve what nobody has certified.
    assert_eq!(board.waits(), ["release certify fraud@v2 production"]);
    board.certify("fraud", 2, Verdict::Pass, 9);
    assert_eq!(board.waits(), ["release approve fraud@v2 production"]);
    let [one] = &board.waiting()[..] else { panic!() };
    assert_eq!(
        (&one.roles[..], &one.who[..]),
        (&["risk".to_owned()][..], &["ana@x.org", "bo@x.org"].map(str::to_owned)[..])
    );
    assert_eq!(one.until, Some(board.now().after(days(9))));
}

#[test]
fn what_is_decided_waits_for_nobody() {
    // Blocked.
    let board = live();
    board.version("fraud").certify("fraud", 2, Verdict::Pass, 30);
    block(&board, 2);
    assert!(board.waiting().is_empty());
    // Let go of.
    let board = live();
    board.version("fraud").append("fraud", |state| EventBody::Drop {
        version: Version(2),
        snapshot: state.versions[1].snapshot,
        reason: "diverged".to_owned(),
    });
    assert!(board.waiting().is_empty());
    // Taken out of the stage, without a block.
    let board = live();
    board.version("fraud").certify("fraud", 2, Verdict::Pass, 30).promote("fraud", 2, "production");
    board.append("fraud", |state| EventBody::Rollback {
        stage: stage("production"),
        version: Version(1),
        snapshot: state.versions[0].snapshot,
        replaces: Some(state.versions[1].snapshot),
        reason: "slip".to_owned(),
        blocks: Vec::new(),
        unblocks: Vec::new(),
        skipped: Vec::new(),
        no_hooks: false,
        after: Vec::new(),
    });
    assert!(board.waiting().is_empty(), "{:?}", board.waits());
}

#[test]
fn certificates_run_out() {
    let board = live();
    let expires = board.now().after(days(30));
    board.wait(days(30) - SOON - Duration::from_secs(1));
    assert!(board.waiting().is_empty());
    board.wait(Duration::from_secs(1));
    assert_eq!(board.waits(), ["deadline renew fraud@v1 production"]);
    let [one] = &board.waiting()[..] else { panic!() };
    assert_eq!((&one.task, one.until), (&Task::Renew { expires, expired: false }, Some(expires)));
    board.wait(SOON);
    let [one] = &board.waiting()[..] else { panic!() };
    assert_eq!(one.task, Task::Renew { expires, expired: true });
    // Certified again, under whatever number.
    board.certify("fraud", 1, Verdict::Pass, 30);
    assert!(board.waiting().is_empty());
    // One that counts for two days is not due from the first moment on.
    board.certify("fraud", 1, Verdict::Pass, 2).wait(days(1));
    assert!(board.waiting().is_empty());
    board.wait(days(1) - Duration::from_secs(12 * 3600));
    assert_eq!(board.waits(), ["deadline renew fraud@v1 production"]);
    // Of a stage that asks for none nobody renews one.
    let board = Board::new(STAGES, &["fraud"]);
    board.version("fraud").certify("fraud", 1, Verdict::Pass, 2).release("fraud", 1, "production").wait(days(9));
    assert!(board.waiting().is_empty());
}

#[test]
fn what_is_served_and_should_not_be() {
    let board = live();
    board.wait(days(1)).live("fraud").wait(days(1));
    // A newer certificate says no.
    board.certify("fraud", 2, Verdict::Fail, 30);
    assert_eq!(board.waits(), ["serving judge fraud@v2 production"]);
    // Blocked where it is; v1 is the way back.
    block(&board, 2);
    assert_eq!(board.waits(), ["serving leave fraud@v2 production", "serving judge fraud@v2 production"]);
    let Task::Leave { back, .. } = &board.waiting()[0].task else { panic!() };
    assert_eq!(*back, Some(Version(1)));
    block(&board, 1);
    let Task::Leave { back, reason } = &board.waiting()[0].task else { panic!() };
    assert_eq!((*back, reason.as_str()), (None, "false alarms"));
}

#[test]
fn servers_that_hold_something_else() {
    let board = live();
    board.seen("fraud", "web-1", Some(1)).wait(days(1)).live("fraud");
    // Nobody has looked since.
    let moved = board.now();
    board.wait(days(1));
    let [one] = &board.waiting()[..] else { panic!("{:?}", board.waits()) };
    assert_eq!(one.task, Task::Look { place: "web-1".to_owned(), found: Some(Version(1)) });
    assert_eq!(one.since, Some(moved));
    board.seen("fraud", "web-1", None).seen("fraud", "web-2", Some(1));
    let served: Vec<_> = board.waiting().into_iter().map(|one| (one.urgency.name(), one.task)).collect();
    let serves = |place: &str, found| ("serving", Task::Serve { place: place.to_owned(), found });
    assert_eq!(served, [serves("web-1", None), serves("web-2", Some(Version(1)))]);
    board.seen("fraud", "web-1", Some(2)).seen("fraud", "web-2", Some(2));
    assert!(board.waiting().is_empty());
}

#[test]
fn hooks_that_did_not_do_what_they_should() {
    let board = Board::new("[stage.production]\nhook_timeout = \"5m\"\n", &["fraud"]);
    board.version("fraud").promote_by("fraud", 1, "production", &open_rules(), &["./push.sh", "./tell.sh"]);
    // It may still run.
    assert!(board.waiting().is_empty());
    board.wait(Duration::from_secs(311));
    let task = || match &board.waiting()[..] {
        [one] => match &one.task {
            Task::Deploy { hook, behind } => (one.urgency.name(), hook.command.clone(), hook.outcome, *behind),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(task(), ("serving", "./push.sh".to_owned(), None, 1));
    let ended = |command: &str, outcome| {
        board.append("fraud", |state| EventBody::Hook {
            stage: stage("production"),
            version: Version(1),
            when: HookWhen::After,
            of: state.occupant(&stage("production")).map(|o| o.event.seq),
            command: command.to_owned(),
            outcome,
            exit: None,
            milliseconds: 1,
            said: None,
        });
    };
    ended("./push.sh", HookOutcome::Failed);
    assert_eq!(task(), ("serving", "./push.sh".to_owned(), Some(HookOutcome::Failed), 1));
    ended("./push.sh", HookOutcome::Succeeded);
    ended("./tell.sh", HookOutcome::Skipped);
    assert_eq!(task(), ("look", "./tell.sh".to_owned(), Some(HookOutcome::Skipped), 0));
    ended("./tell.sh", HookOutcome::Succeeded);
    assert!(board.waiting().is_empty());
}

/// v2 went through staging, v3 is an experiment.
#[test]
fn what_is_in_the_stage_before_waits_too() {
    let board = Board::new(BOTH, &["fraud"]);
    let mut rules = certified_rules("a");
    rules.stage.from = vec![stage("staging")];
    board.version("fraud").release("fraud", 1, "staging").certify("fraud", 1, Verdict::Pass, 30);
    board.promote_by("fraud", 1, "production", &rules, &[]);
    assert!(board.waiting().is_empty(), "it holds both: {:?}", board.waits());
    board.version("fraud").release("fraud", 2, "staging").certify("fraud", 2, Verdict::Pass, 30).version("fraud");
    let mut waits = board.waits();
    waits.sort();
    let expected = [
        "release certify fraud@v3 production",
        "release promote fraud@v2 production",
        // It has not held staging.
        "release promote fraud@v3 production",
    ];
    assert_eq!(waits, expected);
    let status = board.status().models.remove(0);
    let staging = status.stages.iter().find(|one| one.stage == stage("staging")).unwrap();
    assert_eq!(staging.certificate.as_ref().unwrap().state, CertificateState::InForce);
}

/// What has to hold another stage first is not to be approved yet.
#[test]
fn nobody_approves_what_cannot_go_there_yet() {
    let board = Board::new(BOTH, &["fraud"]);
    let mut rules = certified_rules("a");
    rules.stage.from = vec![stage("staging")];
    rules.stage.approvals = [("risk".to_owned(), 1)].into();
    board.version("fraud").release("fraud", 1, "staging").certify("fraud", 1, Verdict::Pass, 30);
    board.promote_by("fraud", 1, "production", &rules, &[]);
    board.version("fraud").certify("fraud", 2, Verdict::Pass, 30);
    assert_eq!(board.waits(), ["release promote fraud@v2 production"]);
    board.release("fraud", 2, "staging");
    assert_eq!(board.waits(), ["release approve fraud@v2 production"]);
}

#[test]
fn files_that_are_not_there() {
    let board = live();
    for pack in fs::read_dir(board.repo.path().join(".mlrun/packs")).unwrap() {
        fs::remove_file(pack.unwrap().path()).unwrap();
    }
    assert_eq!(board.waits(), ["serving repair fraud@v1 production"]);
    assert!(board.status().models[0].stages[0].damaged.is_some());
}

#[test]
fn forced_is_said_whatever_a_certificate_says() {
    let board = live();
    board.version("fraud").append("fraud", |state| EventBody::Force {
        stage: stage("production"),
        version: Version(2),
        snapshot: state.versions[1].snapshot,
        replaces: Some(state.versions[0].snapshot),
        certificate: None,
        approvals: Vec::new(),
        overruled: vec!["no-certificate".to_owned()],
        no_hooks: false,
        after: Vec::new(),
        reason: "hurry".to_owned(),
    });
    let state = || board.status().models[0].stages[0].certificate.clone().unwrap().state;
    assert_eq!(state(), CertificateState::Forced);
    board.certify("fraud", 2, Verdict::Pass, 1).wait(days(3));
    assert_eq!(state(), CertificateState::Forced);
    assert!(board.waiting().is_empty(), "what was decided by name waits for nobody");
}

/// What is served, then what runs out, the first first; then releases, the oldest first; then what to look at. In many models, looked
/// at side by side, as in few.
#[test]
fn the_most_urgent_first() {
    let names: Vec<String> = (10..30).map(|n| format!("m{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let board = Board::new(STAGES, &names);
    board.live("m10").live("m11").live("m12").live("m13");
    board.wait(days(24)).certify("m11", 1, Verdict::Pass, 4).certify("m12", 1, Verdict::Pass, 30);
    board.certify("m13", 1, Verdict::Pass, 30).wait(days(3)).version("m14").wait(days(1)).version("m15").version("m13");
    board.certify("m13", 2, Verdict::Fail, 30).seen("m12", "web-1", None);
    let expected = [
        "serving serve m12@v1 production",
        "deadline renew m11@v1 production",
        "deadline renew m10@v1 production",
        "release certify m14@v1 production",
        "release certify m15@v1 production",
        "look certify m13@v2 production",
    ];
    assert_eq!(board.waits(), expected);
    let models = board.status().models;
    assert_eq!(models.iter().map(|one| one.model.as_str()).collect::<Vec<_>>(), names);
    assert!(models.iter().all(|one| one.workspace.as_ref().is_some_and(Result::is_ok)));
    assert!(board.waiting()[3].needed.first_release, "{:?}", board.waiting()[3]);
}

/// What the one who asks can do comes first, by name or because anybody can; then others, the most urgent first.
#[test]
fn what_waits_for_you_comes_first() {
    let board = Board::new(STAGES, &["churn", "fraud", "ranking"]);
    let rules = |role: &str, people: &[&str]| {
        let mut rules = certified_rules("a");
        rules.stage.approvals = [(role.to_owned(), 1)].into();
        rules.stage.people = [(role.to_owned(), people.iter().map(|&one| one.to_owned()).collect())].into();
        rules.stage.self_approval = true;
        rules
    };
    for (model, rules) in [
        ("churn", rules("risk", &["ana@x.org", "bo@x.org"])),
        ("fraud", rules("law", &["cy@x.org"])),
        ("ranking", rules("law", &["cy@x.org"])),
    ] {
        board.version(model).certify(model, 1, Verdict::Pass, 90).promote_by(model, 1, "production", &rules, &[]);
        board.version(model).certify(model, 2, Verdict::Pass, 90);
    }
    board.seen("fraud", "web-1", None);
    let all = board.waiting();
    assert_eq!(all.len(), 4);
    let told = |you: Option<&str>| -> Vec<String> {
        let whom = |group: &Group<'_>| match &group.whom {
            Whom::You => "you".to_owned(),
            Whom::Others { roles, who } => format!("{}: {}", roles.join(" "), who.join(" ")),
        };
        let line = |group: &Group<'_>| format!("{} {:?}", whom(group), group.tasks());
        by_whom(&all, you).iter().map(line).collect()
    };
    let (risk, law) = ("risk: ana@x.org bo@x.org [(\"approve\", 1)]", "law: cy@x.org [(\"approve\", 2)]");
    assert_eq!(told(None), ["you [(\"serve\", 1)]", law, risk]);
    assert_eq!(told(Some("nobody@x.org")), told(None));
    assert_eq!(told(Some(" Bo@x.org")), ["you [(\"serve\", 1), (\"approve\", 1)]", law]);
    assert_eq!(told(Some("cy@x.org")), ["you [(\"approve\", 2), (\"serve\", 1)]", risk]);
}
