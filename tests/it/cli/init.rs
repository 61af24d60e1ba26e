//! The policy that `init` proposes, on what models of scikit-learn predicted: `predicted/predicted.py` wrote the tables.

use std::path::Path;

use serde_json::Value;

use super::harness::Project;

fn table(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli/predicted").join(name)).unwrap()
}

/// A project with these predictions, begun.
fn begun(table: &[u8], metrics: &str) -> Project {
    let project = Project::empty();
    project.write("model/w", "w").write("out/predictions.csv", table).write("metrics.json", metrics);
    project.ok("init --model m").says(&["out/predictions.csv"]);
    project
}

#[test]
fn the_task_is_read_off_the_rows() {
    let today: Value = serde_json::from_slice(&table("today.json")).unwrap();
    for (name, task, rules) in [
        ("binary.csv", "binary", "auc balanced-accuracy log-loss auc-floor"),
        ("binary_words.csv", "binary", "accuracy balanced-accuracy accuracy-floor"),
        ("multiclass.csv", "multiclass", "accuracy macro-f1 accuracy-floor"),
        ("digits.csv", "multiclass", "accuracy macro-f1 log-loss accuracy-floor"),
        ("regression.csv", "regression", "mae rmse mae-ceiling"),
        ("counts.csv", "regression", "mae rmse mae-ceiling"),
        ("ranking.csv", "ranking", "ndcg mrr ndcg-floor"),
        ("text.csv", "text", "exact-match token-f1 exact-match-floor"),
    ] {
        // The names of metrics say something else.
        let project = begun(&table(name), "{\"accuracy\": 0.9, \"log_loss\": 0.3}");
        let policy = project.read("policy/m.toml");
        assert!(policy.contains(&format!("task = \"{task}\"\n")), "{name}: {policy}");
        project.ok("snapshot");
        let certificate = project.json("certify m@v1 --first-release --reason begin", 3);
        let found: Vec<&str> =
            certificate["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), rules, "{name}");
        // Nothing but the floor is open, and its value is scikit-learn's.
        let (floor, others) = certificate["rules"].as_array().unwrap().split_last().unwrap();
        assert!(others.iter().all(|rule| rule["verdict"] == "NOT_APPLICABLE"), "{name}: {others:#?}");
        let (value, expected) = (floor["candidate"].as_f64().unwrap(), today[name].as_f64().unwrap());
        assert!((value - expected).abs() <= 1e-12 * expected.max(1.0), "{name}: {value} is not {expected}");
        let comment = policy.split("today: ").nth(1).unwrap().split(',').next().unwrap();
        assert!((comment.parse::<f64>().unwrap() - expected).abs() <= 1e-3 * expected, "{name}: {comment}");
        // A person sets the floor where the bound is, and it passes; of the same model, nothing is worse.
        let (limit, bound) = if policy.contains("max = \"unset\"") { ("max", "upper") } else { ("min", "lower") };
        let open = floor[bound].as_f64().unwrap();
        let set = if limit == "min" { open - 0.001 } else { open + 0.001 };
        project.edit("policy/m.toml", &format!("{limit} = \"unset\""), &format!("{limit} = {set}"));
        project.ok("certify m@v1 --first-release --reason begin");
        project.ok("promote m@v1 --to production");
        // The same model, predicted again.
        let again = project.read("out/predictions.csv").replace('\n', "\r\n");
        project.write("out/predictions.csv", again).ok("snapshot");
        // 150 rows on which classes agree may be too few to show that nothing is worse; they never show that something is.
        let again = project.mlrun("certify m@v2 --json").object();
        assert!(["PASS", "INCONCLUSIVE"].contains(&again["verdict"].as_str().unwrap()), "{name}: {again:#}");
    }
}

#[test]
fn slices_are_proposed_and_work() {
    let project = begun(&table("binary.csv"), "{}");
    let (config, policy) = (project.read("mlrun.toml"), project.read("policy/m.toml"));
    assert!(config.contains("\nkey = [\"row_id\"]\nlabel = \"y\"\nscore = \"p\"\npositive = 1"), "{config}");
    assert!(config.contains("# slices = [\"clinic\"]"), "{config}");
    let mut uncommented = String::new();
    let mut inside = false;
    for line in policy.lines() {
        inside = line.starts_with("# Each slice") || inside && line.starts_with("# ");
        uncommented += if inside && !line.starts_with("# Each") { line.trim_start_matches("# ") } else { line };
        uncommented += "\n";
    }
    project.write("policy/m.toml", uncommented.replace("min_rows = 100", "min_rows = 50"));
    project.ok("snapshot");
    let certificate = project.json("certify m@v1 --first-release --reason begin", 3);
    assert!(certificate["rules"].as_array().unwrap().iter().any(|rule| rule["id"] == "slices"), "{certificate:#}");
}

#[test]
fn positive_is_the_class_with_the_higher_scores() {
    let rows: String =
        (0..40).map(|row| format!("{row},{},0.{}\n", ["ham", "spam"][row % 2], row % 2 * 8 + 1)).collect();
    let project = begun(format!("id,label,score\n{rows}").as_bytes(), "{}");
    assert!(project.read("mlrun.toml").contains("positive = \"spam\""), "{}", project.read("mlrun.toml"));
    let project = begun(format!("id,label,score\n{}", rows.replace("spam", "a spam")).as_bytes(), "{}");
    assert!(project.read("mlrun.toml").contains("positive = \"a spam\""), "{}", project.read("mlrun.toml"));
}

/// Whatever lies there, a project can be begun; what is not understood is said.
#[test]
fn a_strange_table_keeps_nobody_from_beginning() {
    let metrics = "{\"ndcg\": 0.5, \"perplexity\": 812.5}";
    for bytes in [
        &b""[..],
        b"\n\n\n",
        b"a,b\n1,2\n",
        b"y,yhat\n1,1\n1,1\n",
        b"id,y,yhat\n1,,2\n2,1,1\n",
        b"id,y,p\n1,1,NaN\n2,0,inf\n",
        b"\x00\xff\xfe,\n\"",
        b"id,id,y,p\n1,1,1,1\n",
        b"id,y,yhat\n",
    ] {
        let project = Project::empty();
        project.write("model/w", "w").write("out/predictions.csv", bytes).write("metrics.json", metrics);
        project.write("pred\n# x.parquet", "PAR1").ok("init --model m");
        let (config, policy) = (project.read("mlrun.toml"), project.read("policy/m.toml"));
        assert!(policy.contains("task = \"ranking\"") && policy.contains("reported"), "{policy}");
        assert!(policy.contains("max_drop = 0.01 ") && policy.contains("max_drop = 8.0 "), "{policy}");
        assert!(config.contains("# [model.m.predictions.test]"), "{config}");
        project.ok("snapshot");
    }
}

/// As many projects lie: everything a trainer wrote in one folder.
#[test]
fn results_in_a_folder_are_found() {
    let project = Project::empty();
    let slices = "row_id,label,score,country\n".to_owned()
        + &(0..40)
            .map(|row| format!("r{row},{},0.{},{}\n", row % 2, row % 2 * 8 + 1, ["DE", "IT"][row / 2 % 2]))
            .collect::<String>();
    project.write("model/w", "w").write("results/predictions.csv", slices);
    project.write("results/metrics.json", "{\"accuracy\": 0.9}").write("results/latency.csv", "ms\n1.5\n2.5\n");
    project.write("data/train.csv", "customer_id,plan_id,age\nC1,a,30\nC2,a,31\n");
    project.ok("init --model m").says(&["results/metrics.json", "results/latency.csv", "results/predictions.csv"]);
    let config = project.read("mlrun.toml");
    for line in [
        "metrics = [\"results/metrics.json\"]",
        "[model.m.samples.latency]\npath = \"results/latency.csv\"\ncolumn = \"ms\"",
        "# slices = [\"country\"]",
        "path = \"data/train.csv\"\n# key = [\"customer_id\"] ",
    ] {
        assert!(config.contains(line), "{line}: {config}");
    }
    project.edit("mlrun.toml", "# key = [", "key = [");
    project.ok("snapshot");
    project.ok("show m@v1").says(&["accuracy", "latency"]);
    // Texts are no measurements.
    let other = Project::empty();
    other.write("model/w", "w").write("results/latency.csv", "ms\nfast\n").ok("init --model m");
    assert!(other.read("mlrun.toml").contains("# [model.m.samples.latency]"));
}
