//! Where a version is in its life: stages over time.

use super::super::case;
use super::super::chart::{Chart, Lane, Timeline};
use super::super::html::{Document, Text, words};
use super::{Life, Version, model_of};
use crate::certify::wording::count;

pub(super) fn section(page: &mut Document, version: &Version) {
    page.section("life", "Where it is in its life");
    page.charts(&chart(&version.life, &format!("Stages of {} over time", model_of(&version.case.label))));
    case::stays(page, &version.case);
    folded(page, &version.life);
}

/// Stages that another version holds, and which.
pub(super) fn holders(life: &Life) -> Vec<(String, String)> {
    let holder = |lane: &Lane| {
        let last = lane.stretches.last().filter(|stretch| stretch.until.is_none() && stretch.own.is_none())?;
        Some((lane.name.clone(), last.name.clone()))
    };
    life.lanes.iter().filter_map(holder).collect()
}

/// Who held which stage, as a chart.
pub(super) fn chart(life: &Life, title: &str) -> Vec<Chart> {
    let stretches: usize = life.lanes.iter().map(|lane| lane.stretches.len()).sum();
    let now: Vec<String> = life
        .lanes
        .iter()
        .filter_map(|lane| {
            let last = lane.stretches.last().filter(|stretch| stretch.until.is_none())?;
            Some(format!("{} holds {}", lane.name, last.name))
        })
        .collect();
    let held = if now.is_empty() { "no stage is held at the end".to_owned() } else { now.join(", ") };
    let timeline = Timeline {
        title: title.to_owned(),
        description: format!(
            "{} in {}; {held}.",
            count(stretches as u64, "time"),
            count(life.lanes.len() as u64, "stage")
        ),
        lanes: life.lanes.clone(),
        until: life.until,
    };
    timeline.chart().into_iter().collect()
}

/// The same as a table, folded away.
pub(super) fn folded(page: &mut Document, life: &Life) {
    let rows: Vec<Vec<Text>> = life
        .lanes
        .iter()
        .flat_map(|lane| {
            lane.stretches.iter().map(|stretch| {
                vec![
                    Text::plain(&lane.name),
                    Text::plain(&stretch.name),
                    Text::time(stretch.since),
                    stretch.until.map_or_else(|| Text::plain("still there"), Text::time),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let columns = [words("Stage"), words("Version"), words("Since"), words("Until")];
    page.folded("Who held which stage", |page| page.table("Every time in a stage, oldest first", &columns, &rows));
}
