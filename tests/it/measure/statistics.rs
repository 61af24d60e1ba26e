//! Metrics as statistics of weighted rows: what a weight means, what a row moves, which intervals there are.

use mlrun::measure::{
    Average, Better, Distance, Method, Metric, MetricSpec, NumberColumn, Pairs, Parameters, Predicted, Rows, Truth,
    Undefined, compare, estimate, point,
};

use super::{Made, keys, sampling, scored, spec};

/// Labels of every kind for the same rows, with predictions to match.
struct Sets {
    made: Made,
    classes: Vec<u32>,
    columns: Vec<Vec<f64>>,
    real: Vec<f64>,
    values: Vec<f64>,
    profit: Vec<f64>,
}

impl Sets {
    fn new(n: usize) -> Self {
        let made = Made::new(n, 0.4, 17);
        let classes: Vec<u32> = made.baseline.iter().map(|x| (x * 2.99) as u32).collect();
        let mut columns = vec![Vec::new(); 3];
        for (row, score) in made.candidate.iter().enumerate() {
            let parts = [1.2 - score, 0.4 + 0.6 * made.baseline[row], 0.1 + score];
            let total: f64 = parts.iter().sum();
            for (column, part) in columns.iter_mut().zip(parts) {
                column.push(part / total);
            }
        }
        let real: Vec<f64> = made.baseline.iter().zip(&made.candidate).map(|(a, b)| 1.0 + 3.0 * a + b).collect();
        let values = made.baseline.iter().map(|x| 1.2 + 3.0 * x).collect();
        let profit = made.candidate.iter().map(|x| 40.0 * x - 9.0).collect();
        Self { made, classes, columns, real, values, profit }
    }

    fn truth(&self, spec: &MetricSpec) -> Truth<'_> {
        let several = spec.parameters.pairs == Some(Pairs::OneVsOne) || spec.parameters.average == Average::Macro;
        match spec.metric.tasks() {
            [first, ..] if first.name() == "regression" => Truth::Real(&self.real),
            [_, _] if several => Truth::Classes { labels: &self.classes, count: 3 },
            _ => Truth::Binary(&self.made.truth),
        }
    }

    fn measured(&self, spec: &MetricSpec, weights: Option<&[f64]>) -> f64 {
        self.with(spec, |truth, predicted| {
            point(spec, &Rows { weights, ..Rows::new(truth, &self.made.keys) }, predicted).unwrap()
        })
    }

    fn with<T>(&self, spec: &MetricSpec, then: impl FnOnce(Truth<'_>, &Predicted<'_>) -> T) -> T {
        let truth = self.truth(spec);
        let columns = [("profit", &self.profit), ("visits", &self.values)]
            .map(|(name, values)| NumberColumn { name: name.into(), values: values.as_slice().into() });
        let several = matches!(truth, Truth::Classes { .. });
        let predicted = Predicted {
            scores: (!several).then_some(self.made.candidate.as_slice()),
            probabilities: several.then_some(self.columns.as_slice()),
            values: Some(&self.values),
            columns: &columns,
            ..Predicted::default()
        };
        then(truth, &predicted)
    }
}

fn with(metric: Metric, set: impl FnOnce(&mut Parameters)) -> MetricSpec {
    let mut spec = spec(metric);
    spec.parameters.pairs = None;
    set(&mut spec.parameters);
    spec
}

/// Every metric whose interval rests on influence values, the averaged ones in several ways.
fn smooth() -> Vec<MetricSpec> {
    let plain = [
        Metric::AveragePrecision,
        Metric::Ks,
        Metric::Ece,
        Metric::D2LogLoss,
        Metric::D2Brier,
        Metric::RootMeanSquaredError,
        Metric::R2,
        Metric::ExplainedVariance,
        Metric::WeightedMape,
        Metric::RootMeanSquaredLogError,
        Metric::D2AbsoluteError,
        Metric::D2Tweedie,
    ];
    let mut specs: Vec<MetricSpec> = plain.into_iter().map(|metric| with(metric, |_| ())).collect();
    specs.push(with(Metric::RocAuc, |p| (p.pairs, p.average) = (Some(Pairs::OneVsOne), Average::Weighted)));
    specs.push(with(Metric::RocAuc, |p| (p.pairs, p.average) = (Some(Pairs::OneVsRest), Average::Macro)));
    specs.push(with(Metric::AveragePrecision, |p| p.average = Average::Macro));
    specs.push(with(Metric::D2Tweedie, |p| p.power = 1.5));
    specs.push(with(Metric::ColumnRatio, |p| p.columns = vec!["profit".to_owned(), "visits".to_owned()]));
    specs
}

/// What scikit-learn's `sample_weight` means wherever it has one.
#[test]
fn a_row_of_weight_two_is_two_rows_and_one_of_weight_zero_is_none() {
    let sets = Sets::new(90);
    let times: Vec<usize> = (0..90).map(|row| [0, 1, 3, 2, 1][row % 5]).collect();
    let repeat = |column: &[f64]| -> Vec<f64> {
        column.iter().zip(&times).flat_map(|(value, times)| std::iter::repeat_n(*value, *times)).collect()
    };
    let weights: Vec<f64> = times.iter().map(|times| *times as f64).collect();
    let repeated = Sets {
        made: Made {
            truth: repeat(&sets.made.truth.iter().map(|y| f64::from(u8::from(*y))).collect::<Vec<_>>())
                .iter()
                .map(|y| *y == 1.0)
                .collect(),
            candidate: repeat(&sets.made.candidate),
            baseline: repeat(&sets.made.baseline),
            keys: keys(times.iter().sum()),
        },
        classes: repeat(&sets.classes.iter().map(|class| f64::from(*class)).collect::<Vec<_>>())
            .iter()
            .map(|class| *class as u32)
            .collect(),
        columns: sets.columns.iter().map(|column| repeat(column)).collect(),
        real: repeat(&sets.real),
        values: repeat(&sets.values),
        profit: repeat(&sets.profit),
    };
    let mut specs = smooth();
    specs.extend(Metric::all().iter().filter(|metric| !["ranking", "text"].contains(&metric.tasks()[0].name())).map(
        |metric| {
            let several = metric.tasks().len() == 1 && metric.tasks()[0].name() == "multiclass";
            with(*metric, |p| p.average = if several { Average::Macro } else { Average::Default })
        },
    ));
    specs.push(with(Metric::ColumnMean, |p| p.columns = vec!["profit".to_owned()]));
    specs.push(with(Metric::ColumnQuantile, |p| (p.columns, p.alpha) = (vec!["profit".to_owned()], 0.9)));
    specs.push(with(Metric::RocAuc, |p| p.max_fpr = Some(0.2)));
    specs.push(with(Metric::Kappa, |p| p.distance = Distance::Quadratic));
    for spec in specs.iter().filter(|spec| spec.metric != Metric::TopKAccuracy) {
        let (weighted, plain) = (sets.measured(spec, Some(&weights)), repeated.measured(spec, None));
        assert!((weighted - plain).abs() <= 1e-12 * plain.abs().max(1.0), "{spec:?}: {weighted}, {plain}");
    }
}

#[test]
fn weights_that_are_none_are_refused() {
    let sets = Sets::new(40);
    let spec = with(Metric::Accuracy, |_| ());
    let found = |weights: &[f64]| {
        sets.with(&spec, |truth, predicted| {
            point(&spec, &Rows { weights: Some(weights), ..Rows::new(truth, &sets.made.keys) }, predicted)
        })
    };
    let mut weights = vec![1.0; 40];
    weights[3] = -1.0;
    assert_eq!(found(&weights), Err(Undefined::Negative { row: 3, value: -1.0 }));
    weights[3] = f64::NAN;
    assert_eq!(found(&weights), Err(Undefined::NotFinite { row: 3 }));
    assert_eq!(found(&[0.0; 40]), Err(Undefined::NoWeight));
    assert_eq!(found(&[1.0; 39]), Err(Undefined::LengthMismatch { expected: 40, found: 39 }));
}

/// The standard error from influence values is that of leaving out one block of rows after the other.
#[test]
fn influence_values_are_those_of_a_jackknife() {
    const N: usize = 20_000;
    const BLOCKS: usize = 16;
    let sets = Sets::new(N);
    for spec in smooth() {
        let found = sets.with(&spec, |truth, predicted| {
            estimate(&spec, &Rows::new(truth, &sets.made.keys), predicted, &sampling(0.95)).unwrap()
        });
        assert_eq!(found.method, Method::Influence, "{spec:?}");
        let without: Vec<f64> = (0..BLOCKS)
            .map(|block| {
                let weights: Vec<f64> = (0..N).map(|row| if row % BLOCKS == block { 0.0 } else { 1.0 }).collect();
                sets.measured(&spec, Some(&weights))
            })
            .collect();
        let mean = without.iter().sum::<f64>() / BLOCKS as f64;
        let squares: f64 = without.iter().map(|value| (value - mean) * (value - mean)).sum();
        let jackknife = (squares * (BLOCKS - 1) as f64 / BLOCKS as f64).sqrt();
        let ratio = found.standard_error.unwrap() / jackknife;
        // Sixteen blocks know a standard error to about a fifth.
        assert!((0.6..1.7).contains(&ratio), "{spec:?}: {ratio}");
    }
}

#[test]
fn a_maximum_has_a_value_and_no_interval() {
    let sets = Sets::new(300);
    let spec = with(Metric::MaxError, |_| ());
    let refused = Undefined::NoInterval { metric: "max_error" };
    sets.with(&spec, |truth, predicted| {
        let rows = Rows::new(truth, &sets.made.keys);
        assert!(point(&spec, &rows, predicted).unwrap() > 0.0);
        assert_eq!(estimate(&spec, &rows, predicted, &sampling(0.95)), Err(refused.clone()));
        let other = Predicted { values: Some(&sets.real), ..*predicted };
        assert_eq!(compare(&spec, &rows, predicted, &other, &sampling(0.95)), Err(refused.clone()));
    });
}

/// A query is one observation, however many documents it has.
#[test]
fn rankings_are_compared_query_by_query() {
    let queries = 60;
    let made = Made::new(queries * 5, 0.4, 5);
    let relevance: Vec<f64> = made.truth.iter().map(|relevant| f64::from(u8::from(*relevant))).collect();
    let groups: Vec<u32> = (0..relevance.len() as u32).map(|row| row / 5).collect();
    let rows = Rows { groups: Some(&groups), ..Rows::new(Truth::Relevance(&relevance), &made.keys) };
    let (a, b) = (scored(&made.candidate), scored(&made.baseline));
    let spec = with(Metric::Ndcg, |p| p.k = Some(3));
    let found = compare(&spec, &rows, &a, &b, &sampling(0.95)).unwrap();
    assert_eq!(found.method, Method::PairedT);
    let per_query = |scores: &[f64], query: usize| {
        let part = query * 5..query * 5 + 5;
        let rows = Rows { groups: Some(&[0; 5]), ..Rows::new(Truth::Relevance(&relevance[part.clone()]), &[]) };
        point(&spec, &rows, &scored(&scores[part])).unwrap()
    };
    let differences: Vec<f64> =
        (0..queries).map(|query| per_query(&made.candidate, query) - per_query(&made.baseline, query)).collect();
    let expected = mlrun::measure::mean(&differences, 0.95).unwrap();
    assert!((found.lower - expected.lower).abs() < 1e-12 && (found.delta - expected.value).abs() < 1e-12);
    // The order of the rows within the file says nothing.
    let scattered: Vec<usize> = (0..relevance.len()).map(|at| at * 7 % relevance.len()).collect();
    let pick = |column: &[f64]| scattered.iter().map(|row| column[*row]).collect::<Vec<_>>();
    let groups: Vec<u32> = scattered.iter().map(|row| groups[*row]).collect();
    let (relevance, scores) = (pick(&relevance), pick(&made.candidate));
    let rows = Rows { groups: Some(&groups), ..Rows::new(Truth::Relevance(&relevance), &[]) };
    let again = point(&spec, &rows, &scored(&scores)).unwrap();
    assert!((again - found.candidate).abs() < 1e-12);
    assert_eq!(point(&spec, &Rows { groups: None, ..rows }, &scored(&scores)), Err(Undefined::GroupsMissing));
}

#[test]
fn columns_have_the_direction_they_are_given() {
    let mut lower = with(Metric::ColumnMean, |p| p.columns = vec!["profit".to_owned()]);
    assert_eq!(lower.better(), Better::Higher);
    lower.parameters.better = Some(Better::Lower);
    assert_eq!(lower.better(), Better::Lower);
    let sets = Sets::new(50);
    let unknown = with(Metric::ColumnMean, |p| p.columns = vec!["cost".to_owned()]);
    sets.with(&unknown, |truth, predicted| {
        let found = point(&unknown, &Rows::new(truth, &sets.made.keys), predicted);
        assert_eq!(found, Err(Undefined::ColumnMissing { column: "cost".to_owned() }));
    });
}
