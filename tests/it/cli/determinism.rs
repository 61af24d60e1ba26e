//! The same evidence gives the same numbers, bit for bit: whatever the number of threads, the order of the rows, the format of
//! the file. Every metric of a task, as an absolute and as a paired rule, on all rows and by slice.

use std::fmt::Write as _;
use std::io::Write as _;

use mlrun::certify::policy;
use mlrun::measure::{Better, Metric, Task};
use polars::prelude::{Column, DataFrame, NamedFrom as _, ParquetWriter, Series};

use super::harness::Project;
use super::scene::Draw;

const ROWS: usize = 1500;

/// One model's table: names and cells of each column.
struct Table {
    whole: Vec<(&'static str, Vec<i64>)>,
    real: Vec<(&'static str, Vec<f64>)>,
    text: Vec<(&'static str, Vec<String>)>,
}

impl Table {
    /// The rows' truth is the same for every `model`.
    fn new(model: u64) -> Self {
        let (mut truth, mut draw) = (Draw::new(5), Draw::new(11 + model));
        let mut table = Self {
            whole: ["id", "y", "said", "query", "grade"].map(|name| (name, Vec::new())).into(),
            real: ["p", "q", "a", "b", "c", "target", "guess"].map(|name| (name, Vec::new())).into(),
            text: ["kind", "segment", "reference", "answer"].map(|name| (name, Vec::new())).into(),
        };
        for row in 0..ROWS {
            let hidden = truth.unit();
            let kind = (hidden * 3.0) as usize;
            // Rounded, so that scores are tied.
            let p = ((0.7 * hidden + 0.3 * draw.unit()) * 500.0).round() / 500.0;
            let y = i64::from(hidden > 0.6);
            let weights = [0, 1, 2].map(|class| draw.unit() + f64::from(u8::from(class == kind)));
            let sum: f64 = weights.iter().sum();
            let whole = [row as i64 * 7919, y, i64::from(p > 0.55), row as i64 / 10, (hidden * 4.0) as i64];
            let (a, b) = (weights[0] / sum, weights[1] / sum);
            let target = hidden * 20.0 + 1.0;
            let real = [p, 1.0 - p, a, b, 1.0 - a - b, target, target + draw.unit() - 0.5];
            let answer = if draw.unit() < 0.7 { kind } else { 2 };
            let text = [
                format!("k{kind}"),
                ["north", "south", "öst"][(truth.bits() % 3) as usize].to_owned(),
                format!("the answer is {kind}"),
                format!("the answer is {answer}"),
            ];
            table.whole.iter_mut().zip(whole).for_each(|(column, cell)| column.1.push(cell));
            table.real.iter_mut().zip(real).for_each(|(column, cell)| column.1.push(cell));
            table.text.iter_mut().zip(text).for_each(|(column, cell)| column.1.push(cell));
        }
        table
    }

    /// The places of the rows; `mixed`: in another order.
    fn order(mixed: bool) -> Vec<usize> {
        let mut draw = Draw::new(99);
        let mut order: Vec<(u64, usize)> = (0..ROWS).map(|row| (if mixed { draw.bits() } else { 0 }, row)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, row)| row).collect()
    }

    /// The file's bytes.
    fn written(&self, format: &str, mixed: bool) -> Vec<u8> {
        if let Some(format) = format.strip_suffix(".gz") {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&self.written(format, mixed)).unwrap();
            return packed.finish().unwrap();
        }
        let order = Self::order(mixed);
        if format == "parquet" {
            return self.parquet(&order);
        }
        let names =
            self.whole.iter().map(|c| c.0).chain(self.real.iter().map(|c| c.0)).chain(self.text.iter().map(|c| c.0));
        let names: Vec<&str> = names.collect();
        let mut text = if format == "csv" { names.join(",") + "\n" } else { String::new() };
        for row in order {
            let numbers =
                self.whole.iter().map(|c| c.1[row].to_string()).chain(self.real.iter().map(|c| c.1[row].to_string()));
            let cells: Vec<String> = numbers.chain(self.text.iter().map(|c| format!("\"{}\"", c.1[row]))).collect();
            if format == "csv" {
                writeln!(text, "{}", cells.join(",")).unwrap();
            } else {
                let members: Vec<String> =
                    names.iter().zip(&cells).map(|(name, cell)| format!("\"{name}\": {cell}")).collect();
                writeln!(text, "{{{}}}", members.join(", ")).unwrap();
            }
        }
        text.into_bytes()
    }

    fn parquet(&self, order: &[usize]) -> Vec<u8> {
        fn series<T: Clone>(cells: &[T], order: &[usize]) -> Vec<T> {
            order.iter().map(|row| cells[*row].clone()).collect()
        }
        let mut columns: Vec<Column> = Vec::new();
        columns.extend(self.whole.iter().map(|(name, cells)| Series::new((*name).into(), series(cells, order)).into()));
        columns.extend(self.real.iter().map(|(name, cells)| Series::new((*name).into(), series(cells, order)).into()));
        columns.extend(self.text.iter().map(|(name, cells)| Series::new((*name).into(), series(cells, order)).into()));
        let mut bytes = Vec::new();
        let mut frame = DataFrame::new(ROWS, columns).unwrap();
        ParquetWriter::new(&mut bytes).with_row_group_size(Some(400)).finish(&mut frame).unwrap();
        bytes
    }
}

/// Every metric of the task that a policy can name without more words, each as four rules.
fn rules(task: Task) -> String {
    let head = format!("schema = 1\ntask = \"{}\"\n[stats]\nresamples = 200\n", task.name());
    let mut text = head.clone();
    let metrics = Metric::all().iter().filter(|metric| metric.tasks().contains(&task));
    let mut count = 0;
    for metric in metrics {
        let name = metric.name();
        let limit = if metric.better() == Better::Higher { "min = 0.1" } else { "max = 9.0" };
        let rule = |id: &str, rest: &str| {
            format!("[[rule]]\nid = \"{id}-{}\"\nmetric = \"{name}\"\n{rest}\n", name.replace('_', "-"))
        };
        let four = [
            rule("gap", "prove = \"non_inferior\"\nmargin = 0.05"),
            rule(
                "level",
                &format!("{limit}\non = \"{}\"", if metric.better() == Better::Higher { "lower" } else { "upper" }),
            ),
            rule("each", "prove = \"not_worse_detected\"\nmargin = 0.05\neach = [\"segment\"]\nmin_rows = 100"),
            rule("some", "prove = \"non_inferior\"\nmargin = 0.05\nwhere = { segment = [\"north\"] }"),
        ];
        let accepted =
            |rule: &&String| policy::parse(&format!("{head}{rule}")).is_ok_and(|file| policy::resolve(&file).is_ok());
        let accepted: Vec<&String> = four.iter().filter(accepted).collect();
        count += usize::from(accepted.len() == 4);
        text.extend(accepted.into_iter().map(String::as_str));
    }
    assert!(count >= 4 || !matches!(task, Task::Binary | Task::Multiclass | Task::Regression), "{text}");
    text
}

/// Judges the workspace against the same version from several files; every time the same results.
#[track_caller]
fn same_numbers(task: Task, columns: &str) {
    if !Metric::all().iter().any(|metric| metric.tasks().contains(&task)) {
        return;
    }
    let project = Project::empty();
    let config = |format: &str| {
        format!(
            "schema = 1\n[model.m]\nfiles = [\"model.bin\"]\npolicy = \"policy.toml\"\n[model.m.predictions.test]\npath = \"table.{format}\"\nkey = [\"id\"]\nslices = [\"segment\"]\n{columns}\n[stage.production]\ncertificate = \"none\"\n"
        )
    };
    project.write("mlrun.toml", config("csv")).write("policy.toml", rules(task)).write("model.bin", "first");
    project.write("table.csv", Table::new(0).written("csv", false));
    project.ok("init");
    project.ok("snapshot m");
    project.ok("promote m@v1 --to production");
    let candidate = Table::new(1);
    let judged = |format: &str, mixed: bool, threads: &str| {
        project.write("mlrun.toml", config(format)).write("model.bin", "second");
        project.write(&format!("table.{format}"), candidate.written(format, mixed));
        let mut command = project.command(&["certify", "--check", "--json"]);
        command.env("RAYON_NUM_THREADS", threads).env("POLARS_MAX_THREADS", threads);
        let certificate = super::harness::shown(&mut command).object();
        (certificate["rules"].clone(), certificate["verdict"].clone())
    };
    let first = judged("csv", false, "1");
    let rules = first.0.as_array().unwrap();
    let measured = rules.iter().filter(|rule| rule["lower"].is_number()).count();
    assert!(2 * measured >= rules.len(), "{measured} of {} rules were measured: {:#}", rules.len(), first.0);
    for (format, mixed, threads) in [
        ("csv", true, "7"),
        ("parquet", false, "2"),
        ("jsonl", true, "2"),
        ("csv.gz", true, "3"),
        ("parquet", true, "1"),
    ] {
        let other = judged(format, mixed, threads);
        assert_eq!(
            other,
            first,
            "{format}, {threads} threads, {}",
            if mixed { "another order" } else { "the same order" }
        );
    }
}

#[test]
fn of_binary_labels() {
    same_numbers(Task::Binary, "label = \"y\"\nscore = \"p\"\nprediction = \"said\"");
}

#[test]
fn of_classes() {
    same_numbers(Task::Multiclass, "label = \"kind\"\nscores = { k0 = \"a\", k1 = \"b\", k2 = \"c\" }");
}

#[test]
fn of_numbers() {
    same_numbers(Task::Regression, "label = \"target\"\nprediction = \"guess\"");
}

#[test]
fn of_rankings() {
    same_numbers(Task::Ranking, "label = \"grade\"\nscore = \"p\"\ngroup = \"query\"");
}

#[test]
fn of_answers() {
    same_numbers(Task::Text, "label = \"reference\"\nprediction = \"answer\"");
}
