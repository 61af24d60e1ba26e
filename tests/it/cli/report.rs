//! Reports: what they tell is what is stored, the same bytes every time; nobody's file is in danger; and a real browser shows them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::harness::{Bad, Project};
use super::scene::{CONFIG, rows, table};
use crate::support;

/// The model of [`Project::succeeded`], with training data whose columns drift.
fn scene() -> Project {
    let project = Project::empty();
    let config =
        CONFIG.replace("[stage.production]", "[model.fraud.data.train]\npath = \"data/train.csv\"\n[stage.production]");
    let policy = format!(
        "{}[[rule]]\nid = \"by-country\"\nmetric = \"roc_auc\"\nprove = \"non_inferior\"\nmargin = 0.1\neach = [\"country\"]\n",
        super::scene::POLICY
    );
    project.write("mlrun.toml", config).write("policy.toml", policy).write("train.py", "print('train')\n");
    project.write("data/train.csv", data(0));
    project.ok("init");
    let first = project.version(0.60);
    project.release(&first);
    project.write("data/train.csv", data(20));
    project.version(0.65);
    project.ok("certify fraud@v2");
    project
}

fn data(shift: u32) -> String {
    let line = |i: u32| format!("{},{}\n", 20 + shift + i * 7 % 50, ["lisbon", "oslo", "rome"][(i % 3) as usize]);
    "age,city\n".to_owned() + &(0..300).map(line).collect::<String>()
}

#[test]
fn a_report_tells_what_is_stored() {
    let project = scene();
    let made = project.json("report fraud@v2 -o report.html", 0);
    assert_eq!((&made["schema"], &made["versions"][0]["version"]), (&"mlrun/report/1".into(), &"v2".into()));
    let page = project.read("report.html");
    assert_eq!(made["sha256"], support::sha256sum(page.as_bytes()));
    let shown = project.json("show fraud@v2", 0);
    let certificate = project.json("certify fraud@v2", 0);
    let head = project.events().last().unwrap().clone();
    for stored in [
        shown["id"].as_str().unwrap(),
        shown["files"][0]["sha256"].as_str().unwrap(),
        certificate["certificate"].as_str().unwrap(),
        head["id"].as_str().unwrap(),
    ] {
        assert!(page.contains(stored), "{stored}");
    }
    assert!(page.contains(&format!("As of event {} of its journal", head["seq"])), "no clock is in it");
    // The same in both places: the difference of a slice as the certificate has it.
    assert!(page.contains("roc_auc by country, test") && page.contains("v2: ") && page.contains("v1: "));
    assert!(page.contains("It is the 2nd candidate judged on the set test, one of 2 by event"));
    // Every rule and why; curves of both models; slices; samples; drift; how to make and check it.
    for words in
        ["by-country [country=de]", "country=it (", "fraud@v1: AUC ", "fraud@v2: AUC ", "fraud@v2: AP ", "p95 "]
    {
        assert!(page.contains(words), "{words}");
    }
    for words in [
        "Drift of train against fraud@v1",
        "Distribution of latency",
        "mlrun reproduce fraud@v2",
        "mlrun verify fraud@v2",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert_eq!(project.json("report fraud@v2 -o report.html", 0)["unchanged"], true);
    project.ok("report fraud@v2 -o again.html");
    assert_eq!(page, project.read("again.html"), "the same bytes");
    let printed = project.ok("report fraud@v2 -o -").stdout;
    assert_eq!(page, printed);
    // What it was then: nothing of v2, nobody in production.
    let then = project.events()[1]["time"].as_str().unwrap().to_owned();
    project.ok(&format!("report fraud@v1 --at {then} -o then.html"));
    let then = project.read("then.html");
    assert!(then.contains("As of event 2 ") && then.contains("It never held a stage.") && !then.contains("fraud@v2"));
    let card = project.ok("report fraud@v2 --format markdown").stdout;
    assert!(card.starts_with("---\n# Written by mlrun report\n") && card.contains("## PASS: fraud@v2"), "{card}");
    project.ok("report fraud@v2 --format markdown -o MODEL_CARD.md");
    assert_eq!(card, project.read("MODEL_CARD.md"));
    project.ok("report fraud@v2 fraud@production -o side.html");
    let side = project.read("side.html");
    assert!(
        side.contains("<title>fraud@v2, fraud@v1</title>")
            && side.contains("Parameters: what differs (1) stands under ")
    );
    // A first release is compared with nothing: in words.
    assert!(side.contains(">not applicable</") && !side.contains("NOT_APPLICABLE"), "{side}");
}

/// The same sections as of one version and its baseline, from the first on; the numbers are those of a comparison.
#[test]
fn two_versions_are_told_from_the_first_on() {
    let project = scene();
    let made = project.json("report fraud@production fraud@v2 -o side.html", 0);
    assert_eq!((&made["versions"][0]["version"], &made["versions"][1]["version"]), (&"v1".into(), &"v2".into()));
    let page = project.read("side.html");
    for words in [
        "<title>fraud@v1, fraud@v2</title>",
        // Nobody holds production but one of the two.
        "in <span class=\"good\">production</span>",
        "From the predictions of the set test on the rows that both have: fraud@v1 and fraud@v2",
        "Against fraud@v1.",
        "roc_auc by country, test",
        "Difference in roc_auc by country, test",
        "roc_auc (v2 minus v1)",
        "Drift of train against fraud@v1",
        "fraud@v1: AUC ",
        "fraud@v2: AUC ",
        "Stages of fraud over time",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for once in
        ["<h2 id=\"slices\"", "ROC curve, test</title>", "Drift of train against fraud@v1</title>", "id=\"changes\""]
    {
        assert_eq!(page.matches(once).count(), 1, "{once}: no section stands twice");
    }
    let (_, latency) = page.split_once("Distribution of latency</title>").unwrap();
    let (latency, _) = latency.split_once("</svg>").unwrap();
    assert_eq!(latency.matches("fraud@v1: median ").count(), 2, "described once, drawn once");
    for words in ["Answers to the same rows", "Parameters: what differs (1) stands under <a href=\"#changes\">"] {
        assert!(page.contains(words), "{words}");
    }
    let text = project.ok("report fraud@v1 fraud@v2 --format markdown").stdout;
    assert!(text.starts_with("<!-- Written by mlrun report -->\n\n# fraud@v1, fraud@v2\n"), "{text}");
    for words in [
        "| in | production | no stage |",
        "## Metrics from the predictions of test",
        "## fraud@v1 → fraud@v2",
        "| snapshot | `",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    project.ok("report fraud@v1 fraud@v2 --format markdown -o both.md");
    project.ok("report fraud@v1 --format markdown -o both.md");
    // The other way round is another question.
    let page = project.ok("report fraud@v2 fraud@v1 -o -").stdout;
    assert!(page.contains("Against fraud@v2.") && page.contains("roc_auc (v1 minus v2)"));
}

/// The area in the legend against scikit-learn's, from the stored file.
#[test]
fn the_curves_are_scikit_learns() {
    let project = scene();
    project.ok("report fraud@v2 -o report.html");
    let page = project.read("report.html");
    let Some(python) = support::python_with("sklearn.metrics") else { return };
    let script = "import csv, sys\nfrom sklearn.metrics import *\nr = list(csv.DictReader(sys.stdin))\ny = [int(x['y']) for x in r]; p = [float(x['p']) for x in r]\nprint(float(f'{roc_auc_score(y, p):.4g}'), float(f'{average_precision_score(y, p):.4g}'))";
    let mut child = Command::new(python)
        .args(["-c", script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), table(&rows(0.65)).as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let (auc, ap) = said.trim().split_once(' ').unwrap();
    assert!(page.contains(&format!("fraud@v2: AUC {auc}")) && page.contains(&format!("fraud@v2: AP {ap}")), "{said}");
}

#[test]
fn nobodys_file_is_in_danger() {
    let project = scene();
    project.write("mine.html", "<html>mine</html>").write("full/notes.txt", "mine");
    let exists = Bad { exit: 1, message: &["mine.html", "no report of mlrun"], hint: &["--force"] };
    project.fails("report fraud@v1 -o mine.html", &exists);
    let not_a_site = Bad { exit: 1, message: &["full", "holds other files"], hint: &["--force"] };
    project.fails("report --all -o full", &not_a_site);
    let in_store = Bad { exit: 2, message: &["would lie in the store"], hint: &["outside the store"] };
    project.fails("report fraud@v1 -o .mlrun/report.html", &in_store);
    project.fails("report --all -o .mlrun/site", &in_store);
    project.fails("report fraud@v9 -o x.html", &Bad { exit: 6, message: &["v9"], hint: &[] });
    project.fails("report fraud@v1", &Bad { exit: 2, message: &["--output"], hint: &[] });
    project.fails("report fraud@v1 -o nowhere/x.html", &Bad { exit: 6, message: &["nowhere"], hint: &[] });
    let many = "report v1 v1 v1 v1 v1 v1 v1 -o x.html";
    project.fails(many, &Bad { exit: 2, message: &["6 versions"], hint: &["mlrun list"] });
    project.leaves_alone("report fraud@v1 -o new.html --dry-run", 0);
    project.leaves_alone("report --all -o new --dry-run", 0);
    assert!(!project.path("new.html").exists() && !project.path("new").exists());
    project.ok("report fraud@v1 -o mine.html --force");
    // A report takes the place of a report, in either form; what is around a site stays.
    project.ok("report fraud@v2 -o mine.html");
    project.ok("report --all -o full --force");
    assert_eq!(project.read("full/notes.txt"), "mine");
    project.ok("report --all -o full");
    assert!(
        fs::read_dir(project.path("")).unwrap().all(|e| !e
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".reporting"))
    );
}

#[test]
fn a_site_is_brought_up_to_date() {
    let project = scene();
    let made = project.json("report --all -o site", 0);
    assert_eq!((&made["pages"], &made["written"]), (&4.into(), &5.into()), "{made}");
    assert_eq!(project.json("report --all -o site", 0)["unchanged"], true);
    project.version(0.7);
    project.write("site/models/fraud/v9.html", project.read("site/models/fraud/v2.html"));
    project.write("site/models/fraud/other.html", "mine");
    let list = project.read("site/mlrun-site.txt");
    project.write(
        "site/mlrun-site.txt",
        format!("{list}models/fraud/v9.html\nmodels/fraud/other.html\n../mlrun.toml\n/etc/hostname\n"),
    );
    let made = project.json("report --all -o site", 0);
    assert_eq!((&made["pages"], &made["removed"]), (&5.into(), &1.into()), "{made}");
    assert!(
        !project.path("site/models/fraud/v9.html").exists() && project.path("site/models/fraud/other.html").exists()
    );
    assert!(project.path("mlrun.toml").exists());
    for (page, words) in [
        ("site/index.html", "./models/fraud/index.html"),
        ("site/models/fraud/index.html", "./v3.html"),
        ("site/models/fraud/v2.html", "./../../index.html"),
    ] {
        assert!(project.read(page).contains(&format!("href=\"{words}\"")), "{page}");
    }
}

#[test]
fn what_was_erased_is_said_and_not_shown() {
    let project = scene();
    project.run(&["purge", "fraud@v2", "--field", "notes", "--reason", "a name"]);
    project.run(&["purge", "fraud@v2", "--path", "out/predictions.csv", "--reason", "people"]).exits(0);
    project.ok("report fraud@v2 -o report.html");
    let page = project.read("report.html");
    assert!(page.contains("people") && page.contains("What is not kept") && !page.contains("fraud@v2: AUC"), "{page}");
}

/// Several classes, many classes, numbers, rankings: by the columns alone where no rules say what they are.
#[test]
fn every_task_has_its_curves() {
    let project = Project::empty();
    let classes = |count: usize| (0..count).map(|c| format!("c{c} = \"p{c}\"")).collect::<Vec<_>>().join(", ");
    let section = |name: &str, columns: &str| {
        format!(
            "[model.{name}]\nfiles = [\"model/\"]\n[model.{name}.predictions.test]\npath = \"{name}.csv\"\nkey = [\"id\"]\n{columns}\n"
        )
    };
    let config = [
        section("pets", &format!("label = \"y\"\nscores = {{ {} }}", classes(3))),
        section("digits", &format!("label = \"y\"\nscores = {{ {} }}", classes(6))),
        section("price", "label = \"y\"\nprediction = \"yhat\""),
        section("search", "label = \"y\"\nscore = \"s\"\ngroup = \"q\""),
    ];
    project.write("mlrun.toml", format!("schema = 1\n{}", config.join(""))).write("model/w", "w");
    let scores = |count: usize| {
        let head = (0..count).map(|c| format!(",p{c}")).collect::<String>();
        let row = |i: usize| {
            let class = i * 7 % count;
            let weights: Vec<usize> = (0..count).map(|c| 1 + (i * (c + 3)) % 5 + 3 * usize::from(c == class)).collect();
            let all: usize = weights.iter().sum();
            let cells: String = weights.iter().map(|w| format!(",{}", *w as f64 / all as f64)).collect();
            format!("{i},c{class}{cells}\n")
        };
        format!("id,y{head}\n{}", (0..200).map(row).collect::<String>())
    };
    project.write("pets.csv", scores(3)).write("digits.csv", scores(6));
    let price = |i: u32| format!("{i},{}.5,{},{}\n", i, i + i % 7, ["hill", "plain"][(i % 2) as usize]);
    project.write("price.csv", format!("id,y,yhat,region\n{}", (0..500).map(price).collect::<String>()));
    let search = |i: u32| format!("{i},{},{},{}\n", i % 3, i % 11, i / 10);
    project.write("search.csv", format!("id,y,s,q\n{}", (0..100).map(search).collect::<String>()));
    project.ok("init");
    for (model, words) in [
        (
            "pets",
            [
                "ROC curve of c0, test",
                "Precision and recall of c2, test",
                "Calibration of the predicted class, test",
                "No column beside its predictions",
            ],
        ),
        (
            "digits",
            [
                "ROC curve of the mean class, each against the rest, test",
                "mean AUC ",
                "Precision and recall of all classes, each against the rest, test",
                "macro AP ",
            ],
        ),
        // Nobody said that rows are in regions: a column of few values beside the predictions does.
        (
            "price",
            ["How large errors are, test", "Residuals of price@v1, test", "mae by region, test", "region=hill (250)"],
        ),
        ("search", ["no curve is drawn of a ranking task", "100 rows.", "Set <code>test</code>", "No column beside"]),
    ] {
        project.ok(&format!("snapshot {model}"));
        let page = project.ok(&format!("report {model}@v1 -o -")).stdout;
        for words in words {
            assert!(page.contains(words), "{model}: {words}\n{page}");
        }
    }
}

fn chromium() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    // Where `tests/all.sh` could not have one it says so itself.
    if found.is_none() && std::env::var_os("MLRUN_TESTS_LACK_A_BROWSER").is_none() {
        support::lacking("no chromium here: pages were not looked at in a browser");
    }
    found.map(PathBuf::from)
}

/// Light, dark, narrow, printed; names that are an attack among them.
#[test]
fn a_real_browser_shows_them() {
    let project = scene();
    let attack = "<img src=x onerror=\"window.polluted=1\"></script><script>window.polluted=1</script>]]> \u{202e} [x](http://evil)";
    project.write("params.yaml", format!("\"{}\": 1\nseed: 7\n", attack.replace('"', "\\\"")));
    let rows = table(&rows(0.7)).replace(",de\n", ",<script>window.polluted=1</script>\n");
    project.write("out/predictions.csv", rows).write("model/weights.bin", "attacked");
    project.write(
        "data/train.csv",
        data(5).replace("oslo", "\"<svg/onload=window.polluted=1>\"").replace("age", "<b>age"),
    );
    project.run(&["snapshot", "fraud", "-m", attack]).exits(0);
    project.mlrun("certify fraud@v3");
    project.ok("report fraud@v2 -o report.html");
    project.ok("report fraud@v3 -o hostile.html");
    project.ok("report fraud@v1 fraud@v2 fraud@v3 -o side.html");
    project.ok("report --all -o site");
    let Some(chromium) = chromium() else { return };
    let Some(python) = support::python_with("json") else { return };
    let pages = [
        "report.html",
        "hostile.html",
        "side.html",
        "site/index.html",
        "site/models/fraud/index.html",
        "site/models/fraud/v3.html",
    ];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/page/browser.py");
    let output = Command::new(python).arg(script).arg(chromium).arg(project.path("")).args(pages).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for page in pages {
        assert_eq!(found[page]["wrong"], serde_json::json!([]), "{page}: {:#}", found[page]);
    }
    assert!(found["report.html"]["charts"].as_u64().unwrap() >= 8, "{found:#}");
    assert_eq!(found["report.html"]["title"], "fraud@v2");
    // Every rule and slice says how it came out, at every width; something is wide enough to be scrolled.
    assert!(found["report.html"]["reasons"].as_u64().unwrap() >= 5, "{found:#}");
    assert!(found["report.html"]["scrolls"].as_u64().unwrap() >= 1, "{found:#}");
}
