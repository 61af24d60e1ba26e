//! Predictions: rows, answers that changed, where, and which most.

use mlrun::certify::{ChangedAnswers, NumbersChanged, SidesChanged, SliceChange, What};
use mlrun::compare::{Diff, PredictionsDiff, RowsCompared};

use super::super::super::terminal::width;
use super::super::super::{Align, Label, Style, Table, clean};
use super::super::{count, cut, set_in};
use super::items::{mark, room};
use super::metrics::signed;

/// Slices shown; the rest is counted.
const SLICES: usize = 5;
/// The widest name and the widest answer.
const NAME: usize = 34;
const ANSWER: usize = 18;
/// Names of rows are not cut to less.
const LEAST: usize = 16;
/// The table of rows is set in by this.
const INDENT: usize = 5;

pub(super) fn predictions(diff: &Diff, style: &Style) -> String {
    diff.predictions.iter().map(|set| of_set(set, style)).collect()
}

fn of_set(set: &PredictionsDiff, style: &Style) -> String {
    let head = format!("  {}  {}", mark(&set.change, style), set.set);
    match &set.rows {
        None => format!("{head}\n"),
        Some(Err(reason)) => format!("{head}\n{}\n", set_in(&format!("not compared: {}", clean(reason)), 5)),
        Some(Ok(found)) => format!("{head}  {}\n{}", rows(found), answers(found, style)),
    }
}

/// `449 rows in both, 2 only in b, 3 with another label`.
fn rows(found: &RowsCompared) -> String {
    let others =
        [(found.only_a, "only in a"), (found.only_b, "only in b"), (found.relabelled, "in both with another label")];
    let others = others.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!(", {n} {what}"));
    format!("{} in both{}", count(found.both, "row"), others.collect::<String>())
}

fn answers(found: &RowsCompared, style: &Style) -> String {
    let answers = match &found.answers {
        Ok(answers) => answers,
        Err(reason) => return format!("{}\n", set_in(&format!("answers not compared: {}", clean(reason)), 5)),
    };
    let mut lines = Vec::new();
    match &answers.agreement {
        // Of numbers that is what is to be expected, and how far they moved says more.
        Ok(share) if *share == 0.0 => lines.push("no row has the same answer".to_owned()),
        Ok(share) => lines.push(format!("the same answer in {} %", style.fixed(100.0 * share, decimals(*share)))),
        Err(reason) => lines.push(format!("agreement: n/a, {}", clean(reason))),
    }
    match &answers.sides {
        Ok(Some(sides)) => lines.push(changed_sides(sides, style)),
        Ok(None) => {}
        Err(reason) if answers.agreement.is_ok() => lines.push(format!("flips: n/a, {}", clean(reason))),
        Err(_) => {}
    }
    lines.extend(answers.numbers.map(|numbers| changed_numbers(&numbers, answers.rows, style)));
    let mut text: String = lines.iter().map(|line| format!("{}\n", set_in(line, 5))).collect();
    if let Ok(Some(sides)) = &answers.sides {
        text += &slices(sides, style);
    }
    text + &largest(answers, style)
}

/// One that is nearly all of them is not to look like all, nor one that is nearly none like none.
fn decimals(share: f64) -> usize {
    if share < 1.0 && share > 0.999 || share > 0.0 && share < 0.001 { 4 } else { 1 }
}

/// `6 were right and are wrong, 2 the other way round: net −4`.
fn changed_sides(sides: &SidesChanged, style: &Style) -> String {
    let net = i128::from(sides.better) - i128::from(sides.worse);
    let label = match net {
        0 => Label::Dim,
        net if net > 0 => Label::Good,
        _ => Label::Bad,
    };
    let net = style.paint(label, &format!("net {}", signed(net.to_string(), net as f64)));
    match sides.what {
        What::Flips => {
            format!("flips: {} right → wrong, {} wrong → right, {net}", sides.worse, sides.better)
        }
        What::Errors => format!("errors: {} further off, {} closer, {net}", sides.worse, sides.better),
    }
}

fn changed_numbers(numbers: &NumbersChanged, rows: u64, style: &Style) -> String {
    let share = numbers.changed as f64 / rows.max(1) as f64;
    let (share, mean, largest) =
        (style.fixed(100.0 * share, decimals(share)), style.number(numbers.mean), style.number(numbers.largest));
    format!("{}: {share} % changed, by {mean} on average, at most {largest}", numbers.of)
}

/// The worst first; those in which nothing was lost are counted.
fn slices(sides: &SidesChanged, style: &Style) -> String {
    let lost = |slice: &&SliceChange| slice.worse > slice.better;
    let shown: Vec<&SliceChange> = sides.slices.iter().filter(lost).take(SLICES).collect();
    if shown.is_empty() {
        let of = count(sides.slices.len() as u64, "slice");
        let none = format!("{}\n", set_in(&format!("none of {of} lost more rows than it won"), 5));
        return if sides.slices.is_empty() { String::new() } else { none };
    }
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right]);
    table.row(["slices that lost", "worse", "better", "rows"].map(|word| style.paint(Label::Dim, word)));
    for slice in &shown {
        let numbers = [slice.worse, slice.better, slice.rows].map(|n| n.to_string());
        table.row([vec![cut(&clean(&slice.slice), NAME)], numbers.to_vec()].concat());
    }
    let left = sides.slices.len() - shown.len();
    let more = if left > 0 { format!("     … and {left} more\n") } else { String::new() };
    table.render(5) + &more
}

fn largest(answers: &ChangedAnswers, style: &Style) -> String {
    if answers.largest.is_empty() {
        return String::new();
    }
    // A narrow terminal has no room for the label: an answer that is wrong now has its sign.
    let (labelled, plain) = (largest_table(answers, true, style), largest_table(answers, false, style));
    let fits = INDENT + labelled.width() <= width() + 2;
    if fits { labelled.render(INDENT) } else { plain.render(INDENT) }
}

fn largest_table(answers: &ChangedAnswers, labelled: bool, style: &Style) -> Table {
    let mut table = Table::new(&[]);
    let label = |label: String| labelled.then_some(label);
    let dim = |word: &str| style.paint(Label::Dim, word);
    let head = if labelled { "rows that changed most" } else { "changed most" };
    table.row([dim(head)].into_iter().chain(label(dim("label"))).chain(["a", "", "b"].map(dim)));
    for row in &answers.largest {
        let answer = |text: &str| cut(&clean(text), ANSWER);
        let (a, b) = (answer(row.baseline.as_deref().unwrap_or("–")), answer(&row.candidate));
        let arrow = if row.new { style.paint(Label::Bad, "✗") } else { "→".to_owned() };
        let key = cut(&clean(&row.key), if labelled { room(NAME, LEAST) } else { LEAST });
        table.row([key].into_iter().chain(label(answer(&row.label))).chain([a, arrow, b]));
    }
    table
}
