//! What became of answers between two versions, set by set.

use super::super::html::{Document, Text, Tone, number, words};
use crate::certify::wording::grouped;
use crate::certify::{ChangedAnswers, What};
use crate::compare::PredictionsDiff;

/// The table; without a set that is different, nothing.
pub(super) fn table(page: &mut Document, sets: &[PredictionsDiff]) {
    let row = |set: &PredictionsDiff| {
        let counted = match &set.rows {
            None => vec![Text::default(), Text::default(), Text::default(), Text::plain(set.change.name())],
            Some(Err(why)) => vec![Text::default(), Text::default(), Text::default(), not_compared(why)],
            Some(Ok(rows)) => {
                let both = Text::plain(&grouped(rows.both));
                let answers = rows.answers.as_ref().map_or_else(|why| none(not_compared(why)), sides);
                std::iter::once(both).chain(answers).collect()
            }
        };
        std::iter::once(Text::code(set.set.as_str())).chain(counted).collect()
    };
    let columns = [words("Set"), number("Rows in both"), number("Worse"), number("Better"), words("Counted")];
    page.table("Answers to the same rows", &columns, &sets.iter().map(row).collect::<Vec<_>>());
}

fn none(why: Text) -> [Text; 3] {
    [Text::default(), Text::default(), why]
}

fn not_compared(why: &str) -> Text {
    Text::toned(Tone::Open, &format!("not compared: {why}"))
}

fn sides(found: &ChangedAnswers) -> [Text; 3] {
    match &found.sides {
        Ok(Some(sides)) => {
            let what = match sides.what {
                What::Flips => "right before and wrong now, and the other way round",
                What::Errors => "further off than before, and closer",
            };
            [Text::plain(&grouped(sides.worse)), Text::plain(&grouped(sides.better)), Text::plain(what)]
        }
        Ok(None) => none(Text::default()),
        Err(why) => none(not_compared(why)),
    }
}
