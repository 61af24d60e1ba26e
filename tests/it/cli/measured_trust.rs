//! What a candidate brings along to be measured better than it is: rows, labels, scores, and hands that reach too far.

use std::fs;

use serde_json::Value;

use super::harness::shown;
use super::measured::{PREDICT, RULES, Rig, config, held_out, reason, rule};
use super::scene::{Row, latency, rows_of, table};

/// Answers for the rows it is given, no others.
const LOOKUP: &str = "awk -F, 'NR == FNR { asked[$1]; next } $1 in asked' \"$2\" \"$1/table.csv\" > \"$3\"\n";
const KEYS: &str = "runs = 2\nwarmup = 0";

fn sha256(rig: &Rig, path: &str) -> String {
    shown(rig.other("sha256sum").arg(path)).exits(0).stdout[..64].to_owned()
}

/// A version that answers like this.
fn take(rig: &Rig, seed: u64, rows: &[Row], recorded: &[Row]) -> String {
    rig.write("model/table.csv", table(rows)).write("out/predictions.csv", table(recorded));
    rig.write("params.yaml", format!("seed: {seed}\n")).write("metrics.json", "{}\n");
    rig.write("out/latency.csv", latency(10.0, seed));
    rig.ok("snapshot fraud").stdout.trim_end().to_owned()
}

#[test]
fn a_candidate_brings_no_test_set_of_its_own() {
    let rig = Rig::of(RULES, KEYS, LOOKUP);
    rig.release("v1");
    let before = sha256(&rig, "data/test.csv");
    // Worse, but for the rows it leaves: those it gets right.
    let rows = rows_of(0.2, 2);
    let (right, _): (Vec<Row>, Vec<Row>) =
        rows_of(0.2, 2).into_iter().partition(|row| (row.score >= 0.5) == (row.label == 1));
    rig.write("data/test.csv", held_out(&right));
    let v2 = take(&rig, 2, &rows, &right);
    let object = rig.certify(&format!("{v2} --json"), 3).object();
    let cut = sha256(&rig, "data/test.csv");
    for id in ["auc", "auc-floor"] {
        assert_eq!(rule(&object, id)["verdict"], "INCONCLUSIVE", "{object}");
        for word in ["they are not the baseline's", &before, &cut, "another name as `input` and as `set`"] {
            assert!(reason(&object, id).contains(word), "{object}");
        }
    }
    // One more column for a model to look at makes no other test set.
    let wider: String = held_out(&rows)
        .lines()
        .enumerate()
        .map(|(at, line)| format!("{line},{}\n", if at == 0 { "x" } else { "1" }))
        .collect();
    rig.write("data/test.csv", &wider);
    let good = rows_of(0.6, 3);
    let v3 = take(&rig, 3, &good, &good);
    let object = rig.certify(&format!("{v3} --json"), 0).object();
    let remarks = object["remarks"].to_string();
    assert!(remarks.contains("same keys and labels") && remarks.contains(&before), "{object}");

    // Another test set on purpose: another name, which is a rule, and what the baseline says of it.
    let others: Vec<Row> = rows_of(0.6, 9).into_iter().take(900).collect();
    rig.write("data/fresh.csv", held_out(&others)).write("out/fresh.csv", table(&others));
    let more = "[model.fraud.data.fresh]\npath = \"data/fresh.csv\"\n\n[model.fraud.predictions.fresh]\n\
                path = \"out/fresh.csv\"\nkey = [\"row_id\"]\nlabel = \"y\"\nscore = \"p\"\n\n[model.fraud.evidence.predict]\n\
                input = \"fresh\"\nset = \"fresh\"";
    rig.edit("mlrun.toml", "[model.fraud.evidence.predict]", more);
    rig.write("policy.toml", RULES.replace("metric = \"roc_auc\"", "metric = \"roc_auc\"\nset = \"fresh\""));
    let v4 = take(&rig, 4, &rows_of(0.6, 9), &good);
    let judged = || {
        let arguments = ["certify", v4.as_str(), "--check", "--json"];
        let object = shown(rig.command(&arguments).env("TMPDIR", rig.beside("tmp"))).object();
        (rule(&object, "auc")["verdict"].clone(), reason(&object, "auc").to_owned())
    };
    let (verdict, why) = judged();
    assert_eq!(verdict, "INCONCLUSIVE");
    assert!(why.contains("fraud@v1 has recorded none of that name"), "{why}");
    rig.ok("attach v1 --set fresh out/fresh.csv");
    assert_eq!(judged().0, "PASS", "{}", judged().1);
}

#[test]
fn labels_are_not_the_models_to_say() {
    // It turns every label into what it said.
    let liar = "awk -F, -v OFS=, 'NR > 1 { $2 = ($3 >= 0.5) ? 1 : 0 } 1' \"$1/table.csv\" > \"$3\"\n";
    let rows = rows_of(0.6, 7);
    let bare = "row_id\n".to_owned() + &rows.iter().map(|row| format!("{}\n", row.id)).collect::<String>();
    let gap = held_out(&rows).replace(&format!("\n7,{}\n", rows[7].label), "\n7,\n");
    for (held_out, predict, words) in [
        (gap.as_str(), PREDICT, Some("of the held-out rows, `test.csv` row 8: `y` is empty")),
        (&gap, liar, Some("`y` is empty")),
        (&bare, liar, Some("another label than was recorded")),
        (&bare, PREDICT, None),
    ] {
        let rig = Rig::on(RULES, &config(KEYS), predict, &[("data/test.csv", held_out)]);
        let code = if words.is_some() { 3 } else { 0 };
        let object = rig.certify("v1 --first-release --reason begin --json", code).object();
        match words {
            Some(words) => assert!(reason(&object, "auc-floor").contains(words), "{object}"),
            None => assert_eq!(rule(&object, "auc-floor")["verdict"], "PASS"),
        }
    }
}

#[test]
fn both_models_are_scored_by_one_copy_of_the_code() {
    // The share of rows that are right, from the model's own table.
    let honest = "if [ \"$1\" = score ]; then awk -F, 'NR > 1 { n++; r += ($3 >= 0.5) == $2 } \
                  END { printf \"{\\\"value\\\": %f}\", r / n }' \"$2/table.csv\"; exit; fi\n";
    let scored = "\n[[rule]]\nid = \"own\"\nmax_drop = 0.01\n\
                  metric = { command = \"sh predict.sh score {model}\", better = \"higher\", timeout = 60 }\n";
    let rig = Rig::of(&format!("{RULES}{scored}"), KEYS, &format!("{honest}{PREDICT}"));
    rig.release("v1");
    // A model that is worse, and says that it is not.
    rig.write("predict.sh", format!("[ \"$1\" = score ] && {{ echo '{{\"value\": 0.99}}'; exit; }}\n{PREDICT}"));
    let rows = rows_of(0.2, 2);
    let v2 = take(&rig, 2, &rows, &rows);
    let object = rig.certify(&format!("{v2} --json"), 1).object();
    let own = rule(&object, "own");
    assert_eq!(own["verdict"], "FAIL", "{own}");
    let right = |rows: &[Row]| rows.iter().filter(|row| (row.score >= 0.5) == (row.label == 1)).count() as f64 / 1200.0;
    assert!((own["candidate"].as_f64().unwrap() - right(&rows)).abs() < 2e-3, "{own}");
    let remarks = object["remarks"].to_string();
    assert!(remarks.contains("ran the code of fraud@v1") && remarks.contains("`predict.sh`"), "{remarks}");
    // Where it runs there is no model but the one it is given: nobody takes one for the other.
    rig.edit("policy.toml", "sh predict.sh score {model}", "sh predict.sh score model");
    let arguments = ["certify", v2.as_str(), "--check", "--json"];
    let object = shown(rig.command(&arguments).env("TMPDIR", rig.beside("tmp"))).object();
    assert_eq!(rule(&object, "own")["verdict"], "INCONCLUSIVE", "{object}");
}

#[test]
fn a_model_that_reaches_into_the_others_folder_proves_nothing() {
    let rig = Rig::new(RULES, "runs = 3\nwarmup = 0");
    // It makes the other one as bad as itself; and again so that all is as it was in the end.
    let over = "for f in ../../*/baseline/model/table.csv; do if [ -f \"$f\" ]; then";
    let once = format!("{over} cp \"$1/table.csv\" \"$f\"; fi; done\n{PREDICT}");
    let back = format!(
        "{over} if [ -f \"$f.0\" ]; then mv \"$f.0\" \"$f\"; else cp \"$f\" \"$f.0\"; cp \"$1/table.csv\" \"$f\"; fi; fi; done\n{PREDICT}"
    );
    for (seed, script) in [(2, &once), (3, &back)] {
        rig.write("predict.sh", script);
        let rows = rows_of(0.2, seed);
        let version = take(&rig, seed, &rows, &rows);
        let object = rig.certify(&format!("{version} --json"), 3).object();
        let why = reason(&object, "auc");
        assert!(why.contains("the baseline could not be measured: its file `model/table.csv` was changed"), "{object}");
    }
    // A guess leads nowhere, and what a run adds to its own folder is its own business.
    rig.write(
        "predict.sh",
        format!("[ ! -e ../baseline ] && [ ! -e ../../baseline ] && echo x > cache || exit 9\n{PREDICT}"),
    );
    let v4 = rig.version(4);
    rig.certify(&v4, 0);
}

#[test]
fn a_folder_of_held_out_rows_is_watched_too() {
    let config = config(KEYS).replace("data/test.csv", "data/test/");
    let rows = held_out(&rows_of(0.6, 7));
    let files = [("data/test/a.csv", rows.as_str()), ("data/test/b/c.txt", "notes\n")];
    let rig = Rig::on(RULES, &config, PREDICT, &files);
    rig.certify("v1 --first-release --reason begin", 0);
    for script in ["echo more > \"$2/d.txt\"", "rm \"$2/b/c.txt\"", "echo other > \"$2/b/c.txt\""] {
        rig.write("predict.sh", format!("{PREDICT}{script}\n"));
        let object = rig.certify("--check --first-release --reason begin --json", 3).object();
        assert!(reason(&object, "auc-floor").contains("it wrote to the held-out rows"), "{script}: {object}");
    }
    assert_eq!(fs::read_to_string(rig.path("data/test/b/c.txt")).unwrap(), "notes\n");
}

#[test]
fn code_that_was_left_out_is_named() {
    let config = config(KEYS).replace("[\"train.py\", \"predict.sh\"]", "[\"train.py\"]");
    let rig = Rig::on(RULES, &config, PREDICT, &[("data/test.csv", &held_out(&rows_of(0.6, 7)))]);
    let object: Value = rig.certify("v1 --first-release --reason begin --json", 3).object();
    let why = reason(&object, "auc-floor");
    assert!(
        why.contains("`predict.sh` is not in the code it was restored with") && why.contains("code = […]"),
        "{why}"
    );
}
