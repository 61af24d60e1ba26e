//! What became of answers between two versions, set by set: how often the same, who changed sides, where, which rows most.

use super::super::html::{Document, Text, Tone, number, shorten, words};
use crate::certify::wording::{grouped, significant};
use crate::certify::{ChangedAnswers, SliceChange, What};
use crate::compare::{PredictionsDiff, RowsCompared};

/// Slices that are shown of a set.
const MOST: usize = 20;

/// The table; without a set that is different, nothing. Then of each set the slices that lost and the rows that changed most.
pub(super) fn section(page: &mut Document, sets: &[PredictionsDiff]) {
    let columns = [
        words("Set"),
        number("Rows in both"),
        number("Same answer"),
        number("Worse"),
        number("Better"),
        words("What is counted"),
    ];
    page.table("Answers to the same rows", &columns, &sets.iter().map(row).collect::<Vec<_>>());
    for set in sets {
        let Some(Ok(RowsCompared { answers: Ok(found), .. })) = &set.rows else { continue };
        slices(page, set.set.as_str(), found);
        largest(page, set.set.as_str(), found);
    }
}

fn row(set: &PredictionsDiff) -> Vec<Text> {
    let none = Text::default;
    let cells = match &set.rows {
        None => vec![none(), none(), none(), none(), Text::plain(set.change.name())],
        Some(Err(why)) => vec![none(), none(), none(), none(), not_compared(why)],
        Some(Ok(rows)) => {
            let both = Text::plain(&grouped(rows.both));
            let [same, worse, better, said] = match &rows.answers {
                Ok(found) => of_answers(found),
                Err(why) => [none(), none(), none(), not_compared(why)],
            };
            vec![both, same, worse, better, said.then(&Text::plain(&beside(rows)))]
        }
    };
    std::iter::once(Text::code(set.set.as_str())).chain(cells).collect()
}

/// Rows that are not counted.
fn beside(rows: &RowsCompared) -> String {
    let counts = [(rows.only_a, "only before"), (rows.only_b, "only now"), (rows.relabelled, "with another label")];
    let said: Vec<String> =
        counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", grouped(n))).collect();
    if said.is_empty() { String::new() } else { format!("; not counted: {}", said.join(", ")) }
}

fn not_compared(why: &str) -> Text {
    Text::toned(Tone::Open, &shorten(&format!("not compared: {why}")))
}

fn of_answers(found: &ChangedAnswers) -> [Text; 4] {
    let same = match &found.agreement {
        Ok(share) => Text::plain(&format!("{} %", significant(100.0 * share))),
        Err(_) => Text::default(),
    };
    let numbers = found.numbers.map_or_else(String::new, |numbers| {
        format!(
            "; {} of {} changed, by {} in the mean and {} at most",
            grouped(numbers.changed),
            numbers.of,
            significant(numbers.mean),
            significant(numbers.largest)
        )
    });
    match &found.sides {
        Ok(Some(sides)) => {
            let what = match sides.what {
                What::Flips => "right before and wrong now, and the other way round",
                What::Errors => "further off than before, and closer",
            };
            let (worse, better) = (grouped(sides.worse), grouped(sides.better));
            [same, Text::plain(&worse), Text::plain(&better), Text::plain(&format!("{what}{numbers}"))]
        }
        Ok(None) => [same, Text::default(), Text::default(), Text::plain(numbers.trim_start_matches("; "))],
        Err(why) => [same, Text::default(), Text::default(), not_compared(why)],
    }
}

/// Slices of which more rows are worse than better.
fn slices(page: &mut Document, set: &str, found: &ChangedAnswers) {
    let Ok(Some(sides)) = &found.sides else { return };
    let lost = sides.slices.iter().filter(|slice| slice.worse > slice.better);
    let row = |slice: &SliceChange| {
        let cells = [slice.rows, slice.worse, slice.better].map(|n| Text::plain(&grouped(n)));
        std::iter::once(Text::plain(&shorten(&slice.slice))).chain(cells).collect()
    };
    let rows: Vec<Vec<Text>> = lost.map(row).collect();
    let columns = [words("Slice"), number("Rows"), number("Worse"), number("Better")];
    page.long_table(&format!("Slices that lost, {set}"), &columns, &rows, MOST);
}

fn largest(page: &mut Document, set: &str, found: &ChangedAnswers) {
    let rows: Vec<Vec<Text>> = found
        .largest
        .iter()
        .map(|row| {
            let cut = |text: &str| Text::plain(&shorten(text));
            let worse = if row.new { Text::toned(Tone::Bad, "worse") } else { Text::default() };
            let before = row.baseline.as_deref().map_or_else(Text::default, cut);
            vec![Text::code(&shorten(&row.key)), cut(&row.label), before, cut(&row.candidate), worse]
        })
        .collect();
    let columns = [words("Row"), words("Label"), words("Was"), words("Is"), words("")];
    page.table(&format!("Rows that changed most, {set}"), &columns, &rows);
}
