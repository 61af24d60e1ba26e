//! Evidence that cannot be judged: refused before anything is written, or a certificate that says INCONCLUSIVE.

use super::harness::{Bad, Project};
use super::scene::{REPORTED, ROWS, rows, rows_of, table};

/// A project with v1 in production and a second training that is better.
fn scene() -> Project {
    let project = Project::rated();
    let first = project.version(0.60);
    project.release(&first);
    project.train(0.65);
    project
}

/// Takes a snapshot, certifies it: inconclusive, written, with this reason, and it does not promote.
#[track_caller]
fn inconclusive(project: &Project, words: &[&str]) {
    let version = project.ok("snapshot fraud").stdout.trim_end().to_owned();
    let before = project.events().len();
    let certificate = project.json(&format!("certify {version}"), 3);
    assert_eq!(certificate["verdict"], "INCONCLUSIVE");
    let rule = &certificate["rules"][0];
    assert_eq!(rule["verdict"], "INCONCLUSIVE", "{rule:#}");
    let reason = rule["reason"].as_str().unwrap();
    for word in words {
        assert!(reason.contains(word), "`{word}` is not in: {reason}");
    }
    let event = project.events().pop().unwrap();
    assert_eq!(project.events().len(), before + 1, "the certificate is an event");
    assert_eq!((&event["kind"], &event["certificate"]), (&"certify".into(), &certificate["certificate"]));
    project.ok(&format!("show --raw {}", certificate["certificate"].as_str().unwrap()));
    project.mlrun(&format!("certify {version}")).exits(3).says(&["INCONCLUSIVE"]);
    let refused = project.json(&format!("promote {version} --to production"), 1);
    assert_eq!(refused["reasons"][0]["code"], "verdict");
    assert_eq!(project.production(), "v1");
}

#[test]
fn a_column_that_is_missing() {
    let project = scene();
    let good = project.read("out/predictions.csv");
    for (column, other) in [("row_id", "id"), ("y,", "truth,"), (",p,", ",score,"), ("country", "land")] {
        project.write("out/predictions.csv", good.replacen(column, other, 1));
        let name = column.trim_matches(',');
        let missing = format!("no column `{name}`");
        let bad = Bad { exit: 2, message: &["predictions.test", "out/predictions.csv", &missing, "it has"], hint: &[] };
        project.fails("snapshot fraud", &bad);
    }
    project.write("out/predictions.csv", good).write("out/latency.csv", "seconds\n1\n");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["samples.latency", "no column `ms`"], hint: &[] });
    project.write("out/latency.csv", "");
    project.fails("snapshot fraud", &Bad { exit: 2, message: &["samples.latency", "out/latency.csv"], hint: &[] });
}

#[test]
fn a_table_of_no_known_kind() {
    let project = scene();
    project.write("out/predictions.xlsx", "PK").edit("mlrun.toml", "predictions.csv", "predictions.xlsx");
    let bad = Bad { exit: 2, message: &["predictions.test", "neither csv nor parquet"], hint: &[] };
    project.fails("snapshot fraud", &bad);
    project.write("out/predictions.parquet", "PAR1 no").edit("mlrun.toml", "predictions.xlsx", "predictions.parquet");
    project.fails(
        "snapshot fraud",
        &Bad { exit: 2, message: &["predictions.test", "out/predictions.parquet"], hint: &[] },
    );
}

#[test]
fn duplicate_keys() {
    let project = scene();
    let mut rows = rows(0.65);
    rows[9].id = 3;
    project.write("out/predictions.csv", table(&rows));
    inconclusive(&project, &["row_id", "3", "rows 4 and 10"]);
}

#[test]
fn labels_that_disagree() {
    let project = scene();
    let mut rows = rows(0.65);
    rows[5].label = 1 - rows[5].label;
    rows[8].label = 1 - rows[8].label;
    project.write("out/predictions.csv", table(&rows));
    inconclusive(&project, &["2 rows have another label", "5"]);
    rows[8].label = 1 - rows[8].label;
    project.write("out/predictions.csv", table(&rows));
    inconclusive(&project, &["1 row has another label", "5"]);
}

/// Every row would have another label: that is not what is wrong.
#[test]
fn the_other_class_is_positive() {
    let project = scene();
    project.edit("mlrun.toml", "positive = 1", "positive = 0");
    inconclusive(&project, &["the candidate's positive label is `0`, the baseline's is `1`"]);
}

/// Labels that are turned round with the positive one agree in every row, and ask another question.
#[test]
fn the_labels_are_turned_round_too() {
    let project = scene();
    let mut rows = rows(0.65);
    rows.iter_mut().for_each(|row| row.label = 1 - row.label);
    project.write("out/predictions.csv", table(&rows).replacen(",y,", ",good,", 1));
    project.edit("mlrun.toml", "positive = 1", "positive = 0").edit("mlrun.toml", "label = \"y\"", "label = \"good\"");
    inconclusive(&project, &["the candidate's positive label is `0`, the baseline's is `1`"]);
}

/// Whoever could name a column of weights alone would choose which rows count.
#[test]
fn a_weight_of_one_side_only() {
    let project = scene();
    for role in ["weight", "cluster", "group"] {
        let config = project.read("mlrun.toml");
        project.edit("mlrun.toml", "score = \"p\"", &format!("score = \"p\"\n{role} = \"w\""));
        let rows = rows(0.65);
        let line = |row: &super::scene::Row| {
            format!("{},{},{:.6},{},{}\n", row.id, row.label, row.score, row.country, row.label)
        };
        let lines: String = rows.iter().map(line).collect();
        project.write("out/predictions.csv", format!("row_id,y,p,country,w\n{lines}"));
        inconclusive(
            &project,
            &["only the candidate's `test`", &format!("`{role}` (`w`)"), "for both, or for neither"],
        );
        project.write("mlrun.toml", config);
    }
    // The truth is nothing that a model says, nor what a row counts.
    for (line, key, what) in
        [("score = \"y\"", "score", "`y` is the label"), ("weight = \"row_id\"", "weight", "`row_id` is the key")]
    {
        let config = project.read("mlrun.toml");
        let more = if key == "score" { line.to_owned() } else { format!("score = \"p\"\n{line}") };
        project.edit("mlrun.toml", "score = \"p\"", &more);
        project.fails("status", &Bad { exit: 2, message: &[&format!("predictions.test.{key}"), what], hint: &[] });
        project.write("mlrun.toml", config);
    }
}

/// The same truth under another name is compared, and the name is said.
#[test]
fn a_label_by_another_name() {
    let project = scene();
    project.write("out/predictions.csv", table(&rows(0.65)).replacen(",y,", ",truth,", 1));
    project.edit("mlrun.toml", "label = \"y\"", "label = \"truth\"");
    project.ok("snapshot fraud");
    let certificate = project.json("certify v2", 0);
    let said = certificate["remarks"].to_string();
    assert!(said.contains("in `test` the label is `truth`, the baseline's `y`"), "{said}");
}

/// The parent's predictions in another order are the parent's predictions.
#[test]
fn the_parents_rows_in_another_order() {
    let project = scene();
    let mut rows = rows(0.60);
    rows.reverse();
    project.write("out/predictions.csv", table(&rows));
    inconclusive(&project, &["evidence not refreshed", "says what that of the baseline says"]);
    // Those of another version that was judged are nobody else's either.
    project.version(0.65);
    project.ok("certify v3");
    let mut better = super::scene::rows(0.65);
    better.reverse();
    project.train(0.66).write("out/predictions.csv", table(&better));
    inconclusive(&project, &["evidence not refreshed", "says what that of fraud@v3 says"]);
    // It may be certified again whatever was made of it since.
    project.ok("certify v3");
    // Of the very same model they say what it says.
    rows.rotate_left(1);
    project
        .train(0.60)
        .write("out/predictions.csv", table(&rows))
        .write("out/latency.csv", super::scene::latency(10.0, 5));
    let version = project.ok("snapshot fraud").stdout.trim_end().to_owned();
    let certificate = project.json(&format!("certify {version}"), 0);
    assert!(certificate["remarks"].to_string().contains("equal the baseline's"));
}

#[test]
fn scores_that_are_no_numbers() {
    for (bad, word) in [("NaN", "NaN"), ("inf", "inf"), ("", "empty"), ("high", "high")] {
        let project = scene();
        let text = table(&rows(0.65));
        let line = text.lines().nth(7).unwrap();
        let cells: Vec<_> = line.split(',').collect();
        project.edit("out/predictions.csv", line, &format!("{},{},{bad},{}", cells[0], cells[1], cells[3]));
        inconclusive(&project, &["out/predictions.csv", "row 7", "`p`", word]);
    }
}

#[test]
fn no_row_in_common() {
    let project = scene();
    let mut rows = rows(0.65);
    rows.iter_mut().for_each(|row| row.id += 1_000_000);
    project.write("out/predictions.csv", table(&rows));
    inconclusive(&project, &["only 0 of", &ROWS.to_string(), "both"]);
}

#[test]
fn too_few_rows_in_common() {
    let project = scene();
    let rows = rows(0.65);
    project.write("out/predictions.csv", table(&rows[..600]));
    inconclusive(&project, &["only 600 of 1200 rows"]);
}

#[test]
fn no_rows_and_a_single_class() {
    let project = scene();
    project.write("out/predictions.csv", "row_id,y,p,country\n");
    inconclusive(&project, &["no rows"]);
    let project = Project::rated();
    let mut negative = rows(0.6);
    negative.iter_mut().skip(1).for_each(|row| row.label = 0);
    negative[0].label = 1;
    project.train(0.6).write("out/predictions.csv", table(&negative));
    project.ok("snapshot fraud");
    let certificate = project.json("certify v1 --first-release --reason begin", 3);
    assert_eq!(certificate["rules"][1]["verdict"], "INCONCLUSIVE");
}

#[test]
fn the_wrong_positive_class() {
    let project = scene();
    project.edit("mlrun.toml", "positive = 1", "positive = \"yes\"");
    inconclusive(&project, &["no row has the positive label `yes`", "0, 1"]);
}

#[test]
fn evidence_that_was_not_refreshed() {
    let project = scene();
    let old = table(&rows(0.60));
    project.write("out/predictions.csv", old);
    let shown = project.ok("snapshot fraud").says(&["warning: evidence not refreshed: `test`"]);
    assert_eq!(shown.stdout, "fraud@v2\n");
    let certificate = project.json("certify v2", 3);
    assert_eq!(certificate["rules"][0]["verdict"], "INCONCLUSIVE");
    project.mlrun("certify v2").exits(3).says(&["the parent's"]);
}

#[test]
fn a_baseline_without_the_set() {
    let project = Project::rated();
    let config = project.read("mlrun.toml");
    let rules = project.read("policy.toml");
    project.write(
        "mlrun.toml",
        config.split("[model.fraud.predictions").next().unwrap().to_owned()
            + "[stage.production]\ncertificate = \"none\"\n",
    );
    project.version(0.60);
    project.ok("promote v1 --to production");
    project.write("mlrun.toml", config).write("policy.toml", rules).version(0.65);
    let certificate = project.json("certify v2", 3);
    assert_eq!(certificate["rules"][0]["verdict"], "INCONCLUSIVE");
    assert!(certificate["rules"][0]["reason"].as_str().unwrap().contains("the baseline has no predictions set `test`"));
    assert_eq!(certificate["rules"][1]["verdict"], "PASS", "a floor needs no baseline");
}

#[test]
fn a_candidate_without_the_set() {
    let project = scene();
    let text = project.read("mlrun.toml");
    let cut = text.find("[model.fraud.predictions").unwrap()..text.find("[model.fraud.samples").unwrap();
    project.write("mlrun.toml", text.replace(&text[cut], ""));
    inconclusive(&project, &["no predictions set"]);
}

#[test]
fn metrics_that_are_nan_or_text_never_pass_a_gate() {
    for (metrics, word) in [
        ("{\"auc\": NaN}", "NaN"),
        ("{\"auc\": Infinity}", "inf"),
        ("{\"auc\": \"0.99\"}", "text"),
        ("{\"auc\": null}", "null"),
        ("{\"other\": 1}", "not reported"),
        ("{\"auc\": []}", "empty"),
        ("{\"auc\": [0.9, NaN]}", "list"),
    ] {
        let project = Project::tiny();
        project.write("policy.toml", REPORTED);
        let first = project.reported("{\"auc\": 0.9}");
        project.release(&first);
        project.reported(metrics);
        let certificate = project.json("certify v2", 3);
        assert_eq!((certificate["verdict"].as_str(), certificate["exit"].as_u64()), (Some("INCONCLUSIVE"), Some(3)));
        for rule in certificate["rules"].as_array().unwrap() {
            assert_eq!(rule["verdict"], "INCONCLUSIVE", "{metrics}: {rule}");
            let reason = rule["reason"].as_str().unwrap().to_lowercase();
            assert!(reason.contains(&word.to_lowercase()), "{metrics}: {reason}");
        }
        project.mlrun("promote v2 --to production").exits(1).says(&["INCONCLUSIVE"]);
    }
}

/// Weights count, or nothing is judged by them: never is the unweighted number passed off as the one asked for.
#[test]
fn weights_and_clusters_are_not_ignored() {
    let project = scene();
    project.ok("snapshot fraud");
    let plain = project.json("certify v2", 0);
    for (at, column) in [(3, "weight = \"p\""), (4, "cluster = \"country\"")] {
        project.edit("mlrun.toml", "slices = [\"country\"]", &format!("slices = [\"country\"]\n{column}"));
        project.ok("snapshot fraud");
        let certificate = project.mlrun(&format!("certify v{at} --json")).object();
        let (rule, plain) = (&certificate["rules"][0], &plain["rules"][0]);
        assert!(rule["verdict"] == "INCONCLUSIVE" || rule["lower"] != plain["lower"], "{column}: {rule:#}");
        project.edit("mlrun.toml", &format!("\n{column}"), "");
    }
    // What they may not be is found whatever a metric makes of them.
    let text = project.read("out/predictions.csv").replace(",p,", ",w,").replacen("row_id", "p,row_id", 1);
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == 0 { line.to_owned() } else { format!("0.5,{line}") })
        .collect();
    project.edit("mlrun.toml", "slices = [\"country\"]", "slices = [\"country\"]\nweight = \"w\"");
    project.write("out/predictions.csv", lines.join("\n") + "\n");
    let line = project.read("out/predictions.csv").lines().nth(7).unwrap().to_owned();
    let cells: Vec<_> = line.split(',').collect();
    project.edit("out/predictions.csv", &line, &format!("{},{},{},-1,{}", cells[0], cells[1], cells[2], cells[4]));
    inconclusive(&project, &["row 7", "`w` is `-1`, not a weight"]);
}

#[test]
fn the_price_of_certainty_is_named() {
    let project = Project::rated();
    let first = project.version(0.30);
    project.release(&first);
    // As good, but right about other rows: so few of them cannot decide.
    project.train(0.31).write("out/predictions.csv", table(&rows_of(0.30, 99)));
    project.ok("snapshot fraud");
    let certificate = project.json("certify v2", 3);
    let rule = &certificate["rules"][0];
    assert_eq!(rule["verdict"], "INCONCLUSIVE", "{rule:#}");
    assert!(rule["rows_needed"].as_u64().unwrap() > ROWS, "{rule:#}");
    let reason = rule["reason"].as_str().unwrap();
    for word in ["Δ", "[", "margin 0.02", "n 1,200", "rows would decide"] {
        assert!(reason.contains(word), "`{word}` is not in: {reason}");
    }
}

/// The frame of `evidence/tables.py`: whatever is wrong with it is inconclusive, the same in a csv and in a parquet.
#[test]
fn tables_of_either_format_are_refused_alike() {
    let files: [(&str, &[u8]); 2] = [
        ("csv", include_bytes!("../evidence/fixtures/table.csv")),
        ("parquet", include_bytes!("../evidence/fixtures/table.parquet")),
    ];
    for (format, bytes) in files {
        let project = Project::empty();
        let config = |format: &str, columns: &str| {
            format!(
                "schema = 1\n[model.m]\nfiles = [\"model.bin\"]\npolicy = \"policy.toml\"\n[model.m.predictions.test]\npath = \"table.{format}\"\n{columns}\n[stage.production]\ncertificate = \"none\"\n"
            )
        };
        let rule = "[[rule]]\nid = \"auc\"\nmetric = \"roc_auc\"\nprove = \"non_inferior\"\nmargin = 0.9\n";
        project.write("policy.toml", format!("schema = 1\ntask = \"binary\"\n{rule}")).write("model.bin", "first");
        // What the baseline has may be in a third format.
        project
            .write(&format!("table.{format}"), bytes)
            .write("table.jsonl", include_bytes!("../evidence/fixtures/table.jsonl"));
        project.write("mlrun.toml", config("jsonl", "key = [\"k\"]\nlabel = \"y\"\nscore = \"p_other\""));
        project.ok("init");
        project.ok("snapshot m");
        project.ok("promote m@v1 --to production");
        project.write("model.bin", "second");
        let judged = |columns: &str, code: i32| {
            project.write("mlrun.toml", config(format, columns));
            project.json("certify --check", code)["rules"][0].clone()
        };
        for key in ["k", "k_text"] {
            let rule = judged(&format!("key = [\"{key}\"]\nlabel = \"y\"\nscore = \"p\""), 0);
            assert_eq!((rule["verdict"].as_str(), rule["n"].as_u64()), (Some("PASS"), Some(60)), "{format}: {rule:#}");
        }
        for (key, label, score, reason) in [
            ("k", "y", "p_nan", "row 6: `p_nan` is NaN"),
            ("k", "y", "p_inf", "row 2: `p_inf` is -inf"),
            ("k", "y", "p_null", "row 9: `p_null` is empty"),
            ("k", "y", "p_comma", "row 3: `p_comma` is `0,85`, not a number with a decimal point"),
            ("k", "y", "s", "row 1: `s` is `north`, not a number"),
            ("k_dup", "y", "p", "has the key k_dup=9007199254740995 in rows 3 and 10"),
            ("k_null", "y", "p", "row 5: `k_null` is empty"),
            ("k_half", "y", "p", "only 30 of 60 rows of `test` are in both models' predictions"),
            ("k", "y_other", "p", "2 rows have another label"),
            ("k", "y_null", "p", "row 7: `y_null` is empty"),
            ("k", "y_mixed", "p", "has 3 labels; a binary task has two"),
        ] {
            let rule = judged(&format!("key = [\"{key}\"]\nlabel = \"{label}\"\nscore = \"{score}\""), 3);
            assert_eq!(rule["verdict"], "INCONCLUSIVE");
            assert!(rule["reason"].as_str().unwrap().contains(reason), "{format}: {reason}: {rule:#}");
        }
        // Both models of one class, and of one positive row.
        for (label, reason) in [("y_one", "single class"), ("y_few", "1 positive rows, 2 needed")] {
            let columns = |score: &str| format!("key = [\"k\"]\nlabel = \"{label}\"\nscore = \"{score}\"");
            project.write("mlrun.toml", config("jsonl", &columns("p_other")));
            let version = project.ok("snapshot m").stdout.trim_end().to_owned();
            project.ok(&format!("promote {version} --to production"));
            let rule = judged(&columns("p"), 3);
            assert_eq!(rule["verdict"], "INCONCLUSIVE");
            assert!(rule["reason"].as_str().unwrap().contains(reason), "{format}: {reason}: {rule:#}");
        }
    }
}

/// What the baseline was never asked to write down keeps nobody from slicing by it, and what it wrote down it has a say in.
#[test]
fn a_slice_column_that_only_the_candidate_has() {
    use super::scene::{rows, table};
    let with = |skill: f64, plan: &dyn Fn(usize) -> &'static str| -> String {
        let text = table(&rows(skill));
        let line = |(at, line): (usize, &str)| format!("{line},{}\n", if at == 0 { "plan" } else { plan(at) });
        text.lines().enumerate().map(line).collect()
    };
    let half = |at: usize| if at.is_multiple_of(2) { "pro" } else { "free" };
    let rule = "\n[[rule]]\nid = \"plans\"\nmetric = \"accuracy\"\neach = [\"plan\"]\nmin_rows = 10\nmargin = 0.5\n";
    let project = Project::rated();
    project.version(0.60);
    project.release("fraud@v1");
    project.write("policy.toml", project.read("policy.toml") + rule);
    project.train(0.65).write("out/predictions.csv", with(0.65, &half)).ok("snapshot fraud");
    let judged = project.json("certify v2", 5);
    let slices: Vec<_> = judged["rules"].as_array().unwrap().iter().filter(|rule| rule["id"] == "plans").collect();
    let found: Vec<_> = slices.iter().map(|rule| (rule["slice"].as_str(), rule["verdict"].as_str())).collect();
    assert_eq!(found, [(Some("plan=free"), Some("PASS")), (Some("plan=pro"), Some("PASS"))], "{judged:#}");
    let remarks = judged["remarks"].to_string();
    assert!(remarks.contains("only the candidate's `test` has the column `plan`"), "{remarks}");
    // A column that nobody has is still the policy's mistake.
    project.edit("policy.toml", "each = [\"plan\"]", "each = [\"plam\"]");
    project.fails("certify v2", &super::harness::Bad { exit: 2, message: &["no column `plam`"], hint: &[] });
    project.edit("policy.toml", "each = [\"plam\"]", "each = [\"plan\"]");
    // Where the baseline has it, nobody sorts its rows anew.
    let two = Project::rated();
    two.train(0.60).write("out/predictions.csv", with(0.60, &half)).ok("snapshot fraud");
    two.release("fraud@v1");
    two.write("policy.toml", two.read("policy.toml") + rule);
    two.train(0.65).write("out/predictions.csv", with(0.65, &|_| "pro")).ok("snapshot fraud");
    let judged = two.json("certify v2", 5);
    let plans = judged["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "plans").unwrap();
    assert_eq!(plans["verdict"], "INCONCLUSIVE");
    assert!(plans["reason"].as_str().unwrap().contains("another `plan` in the baseline's"), "{plans}");
}
