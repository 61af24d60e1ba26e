//! Evidence: what is wrong with a predictions set, what two of them have in common, samples.

mod evaluation;
mod join;
mod predictions;
mod samples;
mod tables;

use mlrun::evidence::{Defect, PredictionTable, read_predictions};
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;

/// Key `k`, label `y`, and for each further column what it is: `score`, `prediction`, or the class it is the score of.
fn columns(further: &[(&str, &str)]) -> PredictionColumns {
    let mut columns = PredictionColumns { key: vec!["k".to_owned()], label: "y".to_owned(), ..Default::default() };
    for (column, meaning) in further {
        match *meaning {
            "score" => columns.score = Some((*column).to_owned()),
            "prediction" => columns.prediction = Some((*column).to_owned()),
            "slice" => columns.slices.push((*column).to_owned()),
            class => drop(columns.scores.insert(class.to_owned(), (*column).to_owned())),
        }
    }
    columns
}

fn read(csv: &str, columns: &PredictionColumns, task: Task) -> Result<PredictionTable, Defect> {
    read_predictions(csv.as_bytes().to_vec(), "p.csv", columns, task, &[])
}

fn binary(csv: &str) -> Result<PredictionTable, Defect> {
    read(csv, &columns(&[("p", "score")]), Task::Binary)
}
