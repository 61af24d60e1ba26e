//! Every view for people on terminals of three widths, with names, values and people that are long: no line is wider than the terminal,
//! what is cut says so, and off a terminal nothing is. How wide a line is, Python's tables of Unicode say.

use super::harness::{Project, Shown, shown};

const MODEL: &str = "fraud-of-the-subsidiary-in-the-north";
const JOB: &str = "ci[bot] https://ci.example.org/acme/a-very-long-organisation-name/actions/runs/1234567890123456789";
const PERSON: &str = "a.very.long.address.of.the.department.of.risk@subsidiary.of.the.company.example.org";

/// The columns of each line, as the East Asian Width of its characters says.
const MEASURE: &str = "
import sys, unicodedata
for line in sys.stdin.buffer.read().decode().split('\\n'):
    wide = lambda c: 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
    print(sum(map(wide, line)))
";

fn run(project: &Project, columns: Option<usize>, arguments: &[&str]) -> Shown {
    let mut command = project.command(arguments);
    if let Some(columns) = columns {
        command.env("COLUMNS", columns.to_string());
    }
    for role in ["AUTHOR", "COMMITTER"] {
        command.env_remove(format!("GIT_{role}_NAME")).env_remove(format!("GIT_{role}_EMAIL"));
    }
    shown(command.env("GIT_CONFIG_GLOBAL", project.path("identity")))
}

/// Two versions, the second with an approval, a block and a certificate that says no.
fn project() -> Project {
    let project = Project::tiny();
    let config = project.read("mlrun.toml");
    let config = config.replace("[model.fraud", &format!("[model.{MODEL}"));
    let roles = format!("\n[stage.staging]\ncertificate = \"none\"\n[roles]\nrisk = [\"{PERSON}\", \"b{PERSON}\"]\n");
    let config = config.replace("[stage.production]", "[stage.production]\napprovals = { risk = 1 }");
    project.write("mlrun.toml", config + &roles);
    project.write("identity", format!("[user]\nname = \"{JOB}\"\nemail = \"{PERSON}\"\n"));
    let metrics: Vec<String> =
        (0..20).map(|n| format!("\"metric-{n}-東京都の精度\": {}", f64::from(n) / 7.0)).collect();
    project.write("metrics.json", format!("{{\"auc\": 0.9, {}, \"{}\": 1e307}}", metrics.join(", "), "m".repeat(200)));
    let params: String =
        (0..4).map(|n| format!("a.parameter.of.a.long.name.{n}: \"{}{n}\"\n", "値".repeat(60))).collect();
    project.write("params.yaml", format!("{params}seed: 7\n"));
    let notes = format!("notes that go on and on {}, and on and on and on, 日本語のノートも長いです", "x".repeat(150));
    run(&project, None, &["snapshot", MODEL, "-m", &notes]).exits(0);
    project.write("params.yaml", format!("{}seed: 8\n", params.replace('値', "価")));
    run(&project, None, &["snapshot", MODEL]).exits(0);
    let (v1, v2) = (format!("{MODEL}@v1"), format!("{MODEL}@v2"));
    run(&project, None, &["promote", &v1, "--to", "staging"]).exits(0);
    run(&project, None, &["certify", &v1, "--first-release", "--reason", "begin"]).says(&["PASS"]);
    run(&project, None, &["block", &v2, "--reason", &"a reason that is long ".repeat(12)]).exits(0);
    project
}

#[test]
fn no_view_is_wider_than_the_terminal() {
    let project = project();
    let (v1, v2) = (format!("{MODEL}@v1"), format!("{MODEL}@v2"));
    let metrics: Vec<String> = (0..20).map(|n| format!("metric-{n}-東京都の精度")).chain(["m".repeat(200)]).collect();
    let metrics = metrics.join(",");
    let views: Vec<Vec<&str>> = vec![
        vec!["status"],
        vec!["status", MODEL],
        vec!["list"],
        vec!["list", MODEL],
        vec!["list", MODEL, "--metrics", &metrics, "--trend"],
        vec!["log"],
        vec!["show", &v1],
        vec!["show", &v2],
        vec!["at"],
        vec!["at", "--since", "1 day ago"],
        vec!["diff", &v1, &v2],
        vec!["diff", &v1, &v2, "--stat"],
        vec!["policy", "show", MODEL, "--stage", "staging"],
        vec!["policy", "diff", MODEL, "--stage", "staging"],
        vec!["promote", &v2, "--to", "production"],
        vec!["promote", &v2, "--to", "staging", "--dry-run"],
        vec!["approve", &v1, "--role", "risk", "--for", "production", "--dry-run"],
        vec!["rollback", MODEL, "--stage", "staging", "--reason", "slow", "--dry-run"],
        vec!["doctor"],
        vec!["verify"],
        vec!["case", "list", MODEL],
        vec!["drop", &v2, "--reason", "a reason", "--dry-run"],
        vec!["purge", &v1, "--field", "params.seed", "--reason", "a reason", "--dry-run"],
        vec!["gc", "--dry-run"],
        vec!["certify", &v2, "--first-release", "--reason", "again"],
    ];
    let mut all = String::new();
    let mut whose: Vec<(usize, String, String)> = Vec::new();
    for view in &views {
        for columns in [80, 60, 40] {
            let shown = run(&project, Some(columns), view);
            assert!(shown.code != Some(2) && !shown.stderr.contains("panicked"), "{shown}");
            for line in shown.stdout.lines() {
                all += &format!("{line}\n");
                whose.push((columns, line.to_owned(), view.join(" ")));
            }
        }
    }
    project.write("measure.py", MEASURE).write("lines", &all);
    let measured = shown(project.other("sh").args(["-c", "python3 measure.py < lines"])).exits(0).stdout;
    let widths: Vec<usize> = measured.lines().map(|line| line.parse().unwrap()).collect();
    assert!(whose.len() > 500 && widths.len() > whose.len());
    let is_copied = |line: &str| {
        let line = line.trim_start();
        let command = line.starts_with("→ mlrun ") || line.starts_with("mlrun ") || line.starts_with('`');
        command || line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let measured = whose.iter().zip(&widths);
    let wide: Vec<_> = measured.filter(|((columns, line, _), width)| *width > columns && !is_copied(line)).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn what_is_cut_says_so_and_numbers_never_are() {
    let project = project();
    let metrics: Vec<String> = (0..20).map(|n| format!("metric-{n}-東京都の精度")).collect();
    let list = |columns| run(&project, columns, &["list", MODEL, "--metrics", &metrics.join(",")]).exits(0).stdout;
    let rounded = |n: u32| format!("{:.4}", f64::from(n) / 7.0);
    for columns in [Some(80), Some(60), Some(40), None] {
        let text = list(columns);
        // 0, 1 and 2 are written without decimals.
        let missing: Vec<u32> = (0..20).filter(|n| n % 7 != 0 && !text.contains(&rounded(*n))).collect();
        assert!(missing.is_empty(), "{columns:?}: {missing:?}\n{text}");
        assert!(text.contains("blocked"), "what stands in the way is never left out\n{text}");
    }
    // Off a terminal a version is a line, whatever is in it.
    let piped = list(None);
    assert_eq!(piped.lines().count(), 3, "{piped}");
    assert!(metrics.iter().all(|name| piped.lines().next().unwrap().contains(name.as_str())), "{piped}");
    assert!(piped.contains(&"x".repeat(150)), "{piped}");
    let log = run(&project, None, &["log"]).exits(0).stdout;
    assert!(log.lines().all(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit())), "{log}");
    assert!(log.lines().all(|line| line.contains(JOB)), "{log}");
    let narrow = run(&project, Some(40), &["log"]).exits(0).stdout;
    let unbroken: String = narrow.split_whitespace().collect();
    assert!(unbroken.contains(&JOB.replace(' ', "")), "an actor is broken, and whole\n{narrow}");
}
