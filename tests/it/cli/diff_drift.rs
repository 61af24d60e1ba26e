//! Drift of training data is one thing: `diff` in every format and `report` say the same numbers of the same columns.

use super::harness::Project;
use super::scene::{CONFIG, POLICY};

/// A v2 that was certified against v1, with data of which profiles do not list every value.
fn scene() -> Project {
    let project = Project::empty();
    let data = "[model.fraud.data.train]\npath = \"train.csv\"\nkey = [\"id\"]\n\n[stage.production]";
    let rule = "[[rule]]\nid = \"drift\"\nmetric = { drift = \"psi\", of = \"train\" }\nmax = 99\n";
    project
        .write("mlrun.toml", CONFIG.replace("[stage.production]", data))
        .write("policy.toml", format!("{POLICY}{rule}"));
    project.write("train.py", "print('train')\n").write("train.csv", table(0, 600));
    project.ok("init");
    let first = project.version(0.60);
    project.release(&first);
    project.write("train.csv", table(150, 900));
    project.version(0.65);
    project.ok("certify fraud@v2");
    project
}

fn table(from: u64, to: u64) -> String {
    let row = |row: u64| {
        let (amount, age) = (row * 7919 % 1009 + row / 3, 18 + row * row % 47);
        format!(
            "{row},{}.{},{age},city{},{}\n",
            amount / 10,
            amount % 10,
            (row * 13 + row / 7) % 31,
            ["DE", "FR"][(row / 200 % 2) as usize]
        )
    };
    (from..to).map(row).fold("id,amount,age,city,country\n".to_owned(), |text, row| text + &row)
}

/// The number behind `word` in what follows `name`, up to `end`.
fn number(text: &str, name: &str, word: &str, end: &str) -> f64 {
    let row = text.split_once(name).unwrap_or_else(|| panic!("no {name} in\n{text}")).1;
    let row = row.split(end).next().unwrap();
    let number = row.split_once(word).unwrap_or_else(|| panic!("no {word} in {row}")).1;
    let number = number.trim_start_matches("about ").trim_start_matches("≈ ");
    let digits: String = number.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    digits.parse().unwrap_or_else(|_| panic!("{number}"))
}

#[test]
fn every_page_has_the_same_numbers_of_the_same_columns() {
    let project = scene();
    let diff = project.json("diff v1 v2 --only data", 0)["data"][0].clone();
    assert_eq!(diff["drift"], serde_json::json!({ "source": "profiles", "left_out": ["id"] }));
    let markdown = project.ok("diff v1 v2 --only data --format markdown").stdout.replace('\u{200b}', "");
    let page = project.ok("report fraud@v2 -o -").stdout;
    let columns = page.split_once("Columns of train").unwrap().1;
    let card = project.ok("report fraud@v2 --format markdown").stdout.replace('\u{200b}', "");
    let card = card.split_once("## Drift of train against").unwrap().1;
    let names: Vec<&str> = diff["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for column in diff["columns"].as_array().unwrap() {
        let (name, psi) = (column["name"].as_str().unwrap(), column["psi"].as_f64().unwrap());
        // As people are shown numbers: four figures.
        let expected: f64 = format!("{psi:.3e}").parse().unwrap();
        let found = number(columns, &format!(">{name}</code>"), "PSI ", "</tr>");
        assert_eq!(found, expected, "{name} in the report's page");
        assert_eq!(number(card, &format!("| {name} "), "| ", "\n"), expected, "{name} in the card");
        assert_eq!(number(&markdown, &format!("| {name} "), "| ", "\n"), expected, "{name} in Markdown");
        assert_eq!(column["approximate"], name != "country", "{column}");
        // Of an estimate nobody knows how much of it is chance.
        match name {
            "country" => assert!((0.0..=1.0).contains(&column["p"].as_f64().unwrap()), "{column}"),
            _ => assert!(column["p"].is_null(), "{column}"),
        }
    }
    // The key is of none of them, and that is said.
    let key = columns.split_once(">id</code>").unwrap().1.split("</tr>").next().unwrap();
    assert!(key.contains("it tells rows apart") && !key.contains("PSI"), "{key}");
    project
        .ok("diff v1 v2 --only data")
        .says(&["psi from profiles; ≈ is estimated", "without id, which tells rows apart"]);
    assert!(markdown.contains("without id, by which rows are told apart"), "{markdown}");
    // The column that drifted furthest is what a line says most with.
    let furthest = &diff["columns"][0];
    let (name, psi) = (furthest["name"].as_str().unwrap(), furthest["psi"].as_f64().unwrap());
    let stat = project.ok("diff v1 v2 --only data --stat").stdout;
    let words = stat.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("of 4 columns drifted, most {name} (psi {psi:.2})")), "{stat}");
    // The certificate's rule read the rows: its numbers are others, and the page says why.
    assert!(page.contains("read the rows, and has exact numbers where these are estimated"), "{page}");
    let certified = project.json("certify fraud@v2", 0);
    let rule = certified["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "drift").unwrap().clone();
    assert!(!rule["method"].as_str().unwrap().contains("estimated"), "{rule}");
}

/// Of texts and dates nobody can say how far they drifted; that cells are missing now is what a join leaves that found nothing.
#[test]
fn missing_cells_are_told_where_there_is_no_index() {
    let project = Project::tiny();
    project.edit(
        "mlrun.toml",
        "[stage.production]",
        "[model.fraud.data.train]\npath = \"train.csv\"\n\n[stage.production]",
    );
    let table = |lost: u64| {
        let name = |row: u64| if row < lost { String::new() } else { format!("person {row}") };
        (0..400).fold("age,name\n".to_owned(), |text, row| text + &format!("{},{}\n", row % 50, name(row)))
    };
    project.write("train.csv", table(0)).ok("snapshot fraud");
    project.write("train.csv", table(150)).ok("snapshot fraud");
    let column = project.json("diff v1 v2 --only data", 0)["data"][0]["columns"].clone();
    let column = column.as_array().unwrap().iter().find(|column| column["name"] == "name").unwrap().clone();
    assert_eq!(column["psi"], serde_json::Value::Null, "{column}");
    let words = |line: &str| project.ok(line).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words("diff v1 v2 --only data").contains("name – 0 → 150"), "{}", words("diff v1 v2 --only data"));
    assert!(words("diff v1 v2 --only data --stat").contains("nulls of name 0 → 150"), "{}", words("diff v1 v2 --stat"));
    assert!(words("diff v1 v2 --format markdown").contains("| name | – | | 0 → 150 |"));
}

/// A label, a rare flag, a column that is mostly nothing: where one value fills whole deciles, how often it occurs is all there is to see.
#[test]
fn a_frequent_value_is_not_lost_between_deciles() {
    let project = Project::empty();
    let data = "[model.fraud.data.train]\npath = \"train.csv\"\n\n[stage.production]";
    let rule = |metric: &str| {
        format!("[[rule]]\nid = \"{metric}\"\nmetric = {{ drift = \"{metric}\", of = \"train\" }}\nmax = 0.25\n")
    };
    let rules: String = ["psi", "js", "chi2"].map(rule).concat();
    project
        .write("mlrun.toml", CONFIG.replace("[stage.production]", data))
        .write("policy.toml", format!("{POLICY}{rules}"));
    // Of 1,000 rows: how many are 1; 0, 1, 2; 1; 0, else one of fifty numbers.
    let table = |ones: u64, flags: [u64; 2], mostly: u64, zeros: u64| {
        let row = |row: u64| {
            let flag = if row < flags[0] { 0 } else { 1 + u64::from(row >= flags[0] + flags[1]) };
            let amount = if row < zeros { 0 } else { 1 + row % 50 };
            format!("{},{},{flag},{},{amount}\n", u64::from(row < ones), row < ones, u64::from(row < mostly))
        };
        (0..1000).map(row).fold("label,said,flag,mostly,amount\n".to_owned(), |text, row| text + &row)
    };
    project.write("train.py", "print('train')\n").write("train.csv", table(100, [800, 100], 950, 950)).ok("init");
    let first = project.version(0.60);
    project.release(&first);
    project.write("train.csv", table(900, [100, 800], 50, 500));
    project.version(0.65);
    let diff = project.json("diff v1 v2 --only data", 0)["data"][0].clone();
    // Σ (q − p) · ln(q / p), by hand: a bin for each value, and for what is above zero.
    let expected = [
        ("label", 1.6 * 9_f64.ln()),
        ("said", 1.6 * 9_f64.ln()),
        ("flag", 1.4 * 8_f64.ln()),
        ("mostly", 1.8 * 19_f64.ln()),
        ("amount", 0.45 * 19_f64.ln()),
    ];
    for (name, psi) in expected {
        let column = diff["columns"].as_array().unwrap().iter().find(|column| column["name"] == name).unwrap();
        assert!((column["psi"].as_f64().unwrap() - psi).abs() < 1e-9, "{column}, not {psi}");
    }
    let refused = project.json("certify v2", 1);
    for metric in ["psi", "js", "chi2"] {
        let result = refused["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == metric).unwrap();
        assert_eq!(result["verdict"], "FAIL", "{result:#}");
        let reason = result["reason"].as_str().unwrap();
        assert!(reason.contains("5 of 5 columns drifted"), "{reason}");
    }
}
