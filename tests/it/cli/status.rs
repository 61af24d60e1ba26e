//! `status` as people and scripts see it: several models in a table, one in full, what waits for whom.

use mlrun::format::certificate::Verdict;
use mlrun::format::event::{EventBody, HookOutcome, HookWhen};
use mlrun::name::Version;
use serde_json::Value;

use crate::support::board::{Board, days};
use crate::support::journal::{certified_rules, stage};
use crate::support::project::{Output, output};

const BOTH: &str = "[stage.staging]\ncertificate = \"none\"\n[stage.production]\n";

/// Four models: one whose newest version waits for approvals and whose server lags behind, one that is all right, one whose hook failed
/// and whose certificate has expired, one that has no version in any stage.
fn scene() -> Board {
    let board = Board::new(BOTH, &["acme/pricing-of-household-insurance", "churn", "fraud", "ranking"]);
    let mut rules = certified_rules("a");
    rules.stage.approvals = [("risk".to_owned(), 1)].into();
    let people = ["ana@example.org", "bo@example.org"].map(str::to_owned).to_vec();
    rules.stage.people = [("risk".to_owned(), people)].into();
    // Of who takes a snapshot in this process nothing is known.
    rules.stage.self_approval = true;
    board.version("fraud").certify("fraud", 1, Verdict::Pass, 40).promote_by("fraud", 1, "production", &rules, &[]);
    board.version("churn").certify("churn", 1, Verdict::Pass, 30);
    board.promote_by("churn", 1, "production", &certified_rules("a"), &["./push.sh --to 'all regions'"]);
    board.append("churn", |state| EventBody::Hook {
        stage: stage("production"),
        version: Version(1),
        when: HookWhen::After,
        of: state.occupant(&stage("production")).map(|o| o.event.seq),
        command: "./push.sh --to 'all regions'".to_owned(),
        outcome: HookOutcome::Failed,
        exit: Some(3),
        milliseconds: 1,
        said: None,
    });
    board.wait(days(12)).live("fraud").release("fraud", 2, "staging").wait(days(10)).live("ranking");
    board
        .wait(days(10))
        .version("acme/pricing-of-household-insurance")
        .seen("fraud", "web-1", Some(1))
        .version("fraud");
    board.certify("fraud", 3, Verdict::Pass, 30).wait(days(3));
    // Ages are counted to the newest event.
    board.seen("churn", "web-1", Some(1)).seen("ranking", "web-1", Some(1)).seen("fraud", "web-2", Some(2));
    board
}

/// Standard output, without the place of the store.
#[track_caller]
fn shown(board: &Board, line: &str, exit: i32) -> String {
    let Output { status, stdout, stderr } =
        output(board.repo.command(&line.split(' ').collect::<Vec<_>>()).env("COLUMNS", "80"));
    assert_eq!((status, stderr.as_str()), (Some(exit), ""), "{stdout}");
    let store = board.repo.path().join(".mlrun").display().to_string();
    assert!(line.ends_with("--json") || stdout.contains(&store), "{stdout}");
    stdout.replace(&store, "STORE")
}

/// No line is wider than a terminal, but where a command stands alone.
#[track_caller]
fn fits(text: &str) {
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.iter().all(|line| line.trim_start().starts_with("→ mlrun ")), "{wide:#?}");
}

#[test]
fn several_models_in_one_table() {
    let board = scene();
    let text = shown(&board, "status", 0);
    fits(&text);
    insta::assert_snapshot!(text, @r"
    model          newest     stage       holds     certificate      problems
    acme…nsurance  v1  0 min  –
    churn          v1   35 d  production  v1  35 d  expired 5 d ago  hook failed
    fraud          v3    3 d  production  v2  23 d  expires in 7 d   web-1 serves v1
                              staging     v2  23 d  expires in 7 d
    ranking        v1   13 d  production  v1  13 d  PASS

    workspace: nothing changed since the newest versions

    what waits for whom (6)
      you (5)
        ✗ hook `./push.sh --to 'all regions'` failed after churn@v1 moved to
            production (for 35 d)
            → mlrun promote churn@v1 --to production
        ✗ web-1 serves v1, production of fraud says v2 (for 3 d)
            → mlrun verify fraud --deployed DIR --stage production --where web-1 --record
        ! expired 5 d ago: re-certify churn@v1, which holds production
            → mlrun certify churn@v1
        ! expires in 7 d: re-certify fraud@v2, which holds production
            → mlrun certify fraud@v2
        · certify acme/pricing-of-household-insurance@v1 for production: it has no
            certificate
            → mlrun certify acme/pricing-of-household-insurance@v1 --policy FILE --first-release --reason …
      risk: ana@example.org, bo@example.org (1)
        · approve fraud@v3 for production (for 3 d)
            → mlrun approve fraud@v3 --role risk --for production

    store STORE; no copy of it is known anywhere else
    ");
}

#[test]
fn one_model_in_full() {
    let board = scene();
    let text = shown(&board, "status fraud", 0);
    fits(&text);
    insta::assert_snapshot!(text, @r"
    fraud  v3, taken 3 d ago, 2099-02-02 12:00:00.000Z
      workspace    unchanged
      certificate  PASS, expires in 27 d, 2099-03-04 12:00:00.000Z
      production   v2 for 23 d, since 2099-01-13 12:00:00.000Z
                   PASS, expires in 7 d ██▍; rollback → v1
                   web-1 DIFFERS: it serves v1, seen 2099-02-02 12:00:00.000Z
                   web-2 serves v2, seen 2099-02-05 12:00:00.000Z
      staging      v2 for 23 d, since 2099-01-13 12:00:00.000Z
                   PASS, expires in 7 d ██▍; nothing to go back to
      between v3 and production, 1 thing:
        it has 0 of 1 approvals as risk; it takes ana@example.org or bo@example.org
            mlrun approve fraud@v3 --role risk --for production

    what else waits (2)
      you (2)
        ✗ web-1 serves v1, production of fraud says v2 (for 3 d)
            → mlrun verify fraud --deployed DIR --stage production --where web-1 --record
        ! expires in 7 d: re-certify fraud@v2, which holds production
            → mlrun certify fraud@v2

    store STORE; no copy of it is known anywhere else
    ");
    let text = shown(&board, "status churn", 0);
    fits(&text);
    insta::assert_snapshot!(text, @r"
    churn  v1, taken 35 d ago, 2099-01-01 12:00:00.000Z
      workspace    unchanged
      certificate  PASS, expired 5 d ago, 2099-01-31 12:00:00.000Z
      production   v1 for 35 d, since 2099-01-01 12:00:00.000Z
                   PASS, expired 5 d ago; nothing to go back to
                   hook `./push.sh --to 'all regions'` failed
                   mlrun promote churn@v1 --to production
                   web-1 serves v1, seen 2099-02-05 12:00:00.000Z
      staging      empty

    what waits for whom (2)
      you (2)
        ✗ hook `./push.sh --to 'all regions'` failed after churn@v1 moved to
            production (for 35 d)
            → mlrun promote churn@v1 --to production
        ! expired 5 d ago: re-certify churn@v1, which holds production
            → mlrun certify churn@v1

    store STORE; no copy of it is known anywhere else
    ");
}

#[test]
fn what_is_beyond_a_screen_is_counted() {
    let board = scene();
    let text = shown(&board, "status -n 1", 0);
    fits(&text);
    insta::assert_snapshot!(text, @r"
    model  newest    stage       holds     certificate      problems
    churn  v1  35 d  production  v1  35 d  expired 5 d ago  hook failed
    … and 3 more models (2 with something to do); `mlrun status -n 4` shows them

    workspace: nothing changed since the newest versions

    what waits for whom (6)
      you (5)
        ✗ hook `./push.sh --to 'all regions'` failed after churn@v1 moved to
            production (for 35 d)
            → mlrun promote churn@v1 --to production
        … and 4 more: 2 renew, 1 serve, 1 certify
      risk: ana@example.org, bo@example.org (1)
        · approve fraud@v3 for production (for 3 d)
            → mlrun approve fraud@v3 --role risk --for production
      `mlrun status -n 6` shows all of it

    store STORE; no copy of it is known anywhere else
    ");
}

#[test]
fn a_script_is_told_that_something_waits() {
    let board = scene();
    let object: Value = serde_json::from_str(&shown(&board, "status --exit-code --json", 1)).unwrap();
    let waiting = object["waiting"].as_array().unwrap();
    let what: Vec<String> =
        waiting.iter().map(|one| format!("{} {}", one["urgency"], one["what"]).replace('"', "")).collect();
    let expected =
        ["serving deploy", "serving serve", "deadline renew", "deadline renew", "release approve", "release certify"];
    assert_eq!(what, expected, "{object:#}");
    let approve = &waiting[4];
    assert_eq!(approve["who"], serde_json::json!(["ana@example.org", "bo@example.org"]));
    assert_eq!(approve["roles"], serde_json::json!(["risk"]));
    assert_eq!(approve["command"], "mlrun approve fraud@v3 --role risk --for production");
    assert_eq!(
        (&approve["since"], &approve["until"]),
        (&"2099-02-02T12:00:00.000Z".into(), &"2099-03-04T12:00:00.000Z".into())
    );
    for key in ["model", "version", "stage", "message"] {
        assert!(approve[key].is_string(), "{key}: {approve}");
    }
    let model = &object["models"][2];
    assert_eq!((&model["model"], &model["now"]), (&"fraud".into(), &"2099-02-05T12:00:00.000Z".into()));
    let production = &model["stages"][0];
    assert_eq!((&production["certificate"]["state"], &production["blocked"]), (&"expiring".into(), &Value::Null));
    // Whoever is calm stays calm.
    let calm = Board::new(BOTH, &["fraud", "churn"]);
    calm.live("fraud").live("churn");
    let text = shown(&calm, "status --exit-code", 0);
    assert!(text.contains("\nnothing waits for anybody\n"), "{text}");
}

/// As `init` leaves it where it finds no model.
#[test]
fn a_model_without_files_is_told_what_it_lacks() {
    let project = super::harness::Project::tiny();
    project.edit("mlrun.toml", "files = [\"model/\"]\n", "");
    project.ok("status").says(&["`fraud` has no `files` in mlrun.toml"]);
    let refused = project.mlrun("snapshot fraud").exits(2);
    refused.says(&["`fraud` has no `files` in mlrun.toml", "hint: set `files` below `[model.fraud]`"]);
}

/// What somebody else's program wrote into a journal neither steers the terminal nor looks like another line.
#[test]
fn hostile_words_are_shown_and_not_obeyed() {
    const HOSTILE: &str = "web\u{1b}[2J\u{1b}]0;t\u{7}\u{202e}1\nproduction\r\u{200b}";
    for models in [&["fraud"][..], &["churn", "fraud"]] {
        let board = Board::new(BOTH, models);
        board.live("fraud").live("fraud").seen("fraud", HOSTILE, Some(1)).append("fraud", |state| EventBody::Block {
            snapshot: state.versions[1].snapshot,
            stage: None,
            reason: HOSTILE.to_owned(),
        });
        let text = shown(&board, "status", 0);
        let bad = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
        assert!(!text.contains(bad), "{text:?}");
        assert!(text.contains("\\u{1b}[2J") && !text.lines().any(|line| line.starts_with("production")), "{text}");
        let object: Value = serde_json::from_str(&shown(&board, "status --json", 0)).unwrap();
        assert_eq!(object["waiting"][1]["what"], "serve", "{object:#}");
    }
}

/// Equal tasks of one person are one line, and what somebody else must do does not stand below "you".
#[test]
fn equal_tasks_of_the_same_people_are_one_line() {
    let names: Vec<String> = (10..40).map(|number| format!("model-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let board = Board::new("[stage.production]\n", &names);
    for name in &names {
        board.live(name);
    }
    board.wait(days(25));
    // Ages are counted to the newest event of a model.
    for name in &names {
        board.seen(name, "web-1", if *name == "model-13" { None } else { Some(1) });
    }
    let text = shown(&board, "status", 0);
    fits(&text);
    let waits = text.split("what waits for whom").nth(1).unwrap();
    assert!(waits.contains("renew 30 certificates: model-10@v1, model-11@v1,"), "{text}");
    assert_eq!(waits.matches("→ mlrun certify").count(), 1, "{text}");
    // What is not as it should be stands by itself.
    assert_eq!(waits.matches("✗ web-1 serves no known version").count(), 1, "{text}");
    let all = shown(&board, "status -n 31", 0);
    assert_eq!(all.matches("→ mlrun certify").count(), 30, "{all}");
}
