//! The inputs of `scikit_learn.py`, drawn alike.

use mlrun::measure::{
    Average, Distance, EmptyQuery, Ignored, MetricSpec, Pairs, Parameters, Predicted, RelevanceGain, Rows, Truth,
};

use super::super::mix;

const SIZES: [usize; 9] = [1, 2, 3, 4, 6, 9, 15, 24, 40];
const WEIGHTS: [f64; 7] = [0.0, 0.25, 0.5, 1.0, 1.0, 2.0, 3.0];

const PATTERNS: [&[&str]; 6] = [&[], &[], &["the "], &[r"\d+[,.]?", r"[aA]n?\b"], &[r"(?i)\bcat|dog\.$"], &[r"\s+"]];

/// Numbers named by kind, case, stream and place.
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(kind: u64, case: u64) -> Self {
        Self(mix((kind << 40 | case).wrapping_add(0x9e37_79b9_7f4a_7c15)))
    }

    pub(super) fn below(&self, bound: u64, stream: u64, place: u64) -> u64 {
        let name =
            stream.wrapping_mul(0xd1b5_4a32_d192_ed03).wrapping_add((place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        ((mix(self.0.wrapping_add(name)) >> 32) * bound) >> 32
    }

    pub(super) fn pick<T: Clone>(&self, of: &[T], stream: u64, place: u64) -> T {
        of[self.below(of.len() as u64, stream, place) as usize].clone()
    }

    fn weights(&self, n: usize) -> Option<Vec<f64>> {
        (self.below(2, 20, 0) == 1).then(|| (0..n as u64).map(|row| self.pick(&WEIGHTS, 21, row)).collect())
    }
}

/// Every setting, whether a metric has it or not.
pub(super) struct Settings {
    pub threshold: f64,
    /// The classes' average, as the script names it.
    pub average: &'static str,
    pub parameters: Parameters,
}

impl Settings {
    fn new(d: &Draws) -> Self {
        let ignored = |place| d.below(2, 17, place) == 1;
        let parameters = Parameters {
            beta: Some(d.pick(&[0.5, 1.0, 2.0], 3, 0)),
            distance: d.pick(&[Distance::None, Distance::Linear, Distance::Quadratic], 4, 0),
            adjusted: d.pick(&[false, true], 5, 0),
            max_fpr: Some(d.pick(&[0.125, 0.25, 0.5, 1.0], 6, 0)),
            pairs: Some(d.pick(&[Pairs::OneVsRest, Pairs::OneVsOne], 7, 0)),
            precision: Some(d.pick(&[0.25, 0.5, 0.75, 1.0], 8, 0)),
            k: Some(d.pick(&[1, 2, 3, 5], 9, 0)),
            share: Some(d.pick(&[0.125, 0.25, 0.5, 1.0], 10, 0)),
            halved: d.pick(&[None, Some(false), Some(true)], 11, 0),
            bins: d.pick(&[1, 2, 5, 10, 15], 12, 0),
            power: d.pick(&[-1.0, 0.0, 1.0, 1.5, 2.0, 3.0], 13, 0),
            alpha: d.pick(&[0.125, 0.5, 0.75], 14, 0),
            gain: d.pick(&[RelevanceGain::Linear, RelevanceGain::Exponential], 15, 0),
            empty: d.pick(&[EmptyQuery::Zero, EmptyQuery::One, EmptyQuery::Skip], 16, 0),
            ignore: Ignored { case: ignored(0), punctuation: ignored(1), numbers: ignored(2) },
            tolerance: d.pick(&[0.0, 0.5], 18, 0),
            relative: d.pick(&[0.0, 0.125], 19, 0),
            patterns: d.pick(&PATTERNS, 22, 0).iter().map(|pattern| (*pattern).to_owned()).collect(),
            ..Parameters::default()
        };
        Self {
            threshold: d.pick(&[0.5, 0.25, 0.75, 0.0, 1.0], 1, 0),
            average: d.pick(&["macro", "micro", "weighted", "none", "labels"], 2, 0),
            parameters,
        }
    }

    fn averaged(&self) -> Average {
        match self.average {
            "macro" => Average::Macro,
            "micro" => Average::Micro,
            "weighted" => Average::Weighted,
            _ => Average::Default,
        }
    }
}

pub(super) struct Binary {
    pub settings: Settings,
    truth: Vec<bool>,
    scores: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Binary {
    pub(super) fn new(case: u64) -> Self {
        Self::of_size(case, Draws::new(1, case).pick(&SIZES, 30, 0))
    }

    pub(super) fn of_size(case: u64, n: usize) -> Self {
        let d = Draws::new(1, case);
        let share = d.pick(&[0, 1, 3, 5, 8, 11, 15, 16], 31, 0);
        let levels = d.pick(&[4, 16, 1024], 32, 0);
        let truth: Vec<bool> = (0..n as u64).map(|row| d.below(16, 33, row) < share).collect();
        let score = |row: u64| {
            let other = if truth[row as usize] { d.below(levels + 1, 35, row) } else { 0 };
            d.below(levels + 1, 34, row).max(other) as f64 / levels as f64
        };
        let scores = (0..n as u64).map(score).collect();
        Self { settings: Settings::new(&d), weights: d.weights(n), truth, scores }
    }

    pub(super) fn average(&self) -> Average {
        self.settings.averaged()
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { weights: self.weights.as_deref(), ..Rows::new(Truth::Binary(&self.truth), &[]) }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { scores: Some(&self.scores), ..Predicted::default() }
    }
}

pub(super) struct Multiclass {
    pub settings: Settings,
    classes: u32,
    truth: Vec<u32>,
    columns: Vec<Vec<f64>>,
    weights: Option<Vec<f64>>,
}

impl Multiclass {
    pub(super) fn new(case: u64) -> Self {
        let d = Draws::new(2, case);
        let n = d.pick(&SIZES, 30, 0);
        let classes = d.pick(&[3_u32, 4, 5], 31, 0);
        let constant = d.below(8, 32, 0) == 0;
        let label = |row| if constant { 0 } else { d.below(classes.into(), 33, row) as u32 };
        let truth: Vec<u32> = (0..n as u64).map(label).collect();
        let mut columns = vec![Vec::new(); classes as usize];
        for row in 0..n as u64 {
            let mut parts: Vec<u64> = (0..u64::from(classes)).map(|c| d.below(64, 34, row * 8 + c) + 1).collect();
            parts[truth[row as usize] as usize] += d.pick(&[0, 128], 35, row);
            let total: u64 = parts.iter().sum();
            for (column, part) in columns.iter_mut().zip(parts) {
                column.push(part as f64 / total as f64);
            }
        }
        Self { settings: Settings::new(&d), weights: d.weights(n), classes, truth, columns }
    }

    /// Average and classes.
    pub(super) fn choose(&self, spec: &mut MetricSpec) {
        let parameters = &mut spec.parameters;
        parameters.average = self.settings.averaged();
        let probabilistic = ["roc_auc", "average_precision"].contains(&spec.metric.name());
        parameters.labels = match self.settings.average {
            _ if probabilistic => None,
            "none" => {
                parameters.average = Average::None;
                Some(vec![parameters.k.unwrap() as u32 % self.classes])
            }
            "labels" => {
                parameters.average = Average::Macro;
                Some(vec![0, self.classes - 1])
            }
            _ => None,
        };
        // Macro F1 is what its name says.
        if spec.metric.name() == "macro_f1" {
            parameters.labels = None;
        }
        // Up to a false positive rate there are two classes.
        parameters.max_fpr = None;
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        let truth = Truth::Classes { labels: &self.truth, count: self.classes };
        Rows { weights: self.weights.as_deref(), ..Rows::new(truth, &[]) }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { probabilities: Some(&self.columns), ..Predicted::default() }
    }
}

pub(super) struct Real {
    pub settings: Settings,
    truth: Vec<f64>,
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Real {
    pub(super) fn new(case: u64) -> Self {
        Self::of_size(case, Draws::new(3, case).pick(&SIZES, 30, 0))
    }

    pub(super) fn of_size(case: u64, n: usize) -> Self {
        let d = Draws::new(3, case);
        let (constant, scale) = (d.below(8, 31, 0) == 0, d.pick(&[0.0, 1.0, 8.0], 32, 0));
        let label = |row| if constant { 13.0 / 8.0 } else { (d.below(2001, 33, row) as f64 - 1000.0) / 8.0 };
        let truth: Vec<f64> = (0..n as u64).map(label).collect();
        let value = |(row, y): (u64, &f64)| y + scale * (d.below(401, 34, row) as f64 - 200.0) / 16.0;
        let values = (0..).zip(&truth).map(value).collect();
        Self { settings: Settings::new(&d), weights: d.weights(n), truth, values }
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { weights: self.weights.as_deref(), ..Rows::new(Truth::Real(&self.truth), &[]) }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { values: Some(&self.values), ..Predicted::default() }
    }
}

pub(super) struct Positive {
    pub settings: Settings,
    truth: Vec<f64>,
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
}

impl Positive {
    pub(super) fn new(case: u64) -> Self {
        let d = Draws::new(4, case);
        let n = d.pick(&SIZES, 30, 0);
        let least = d.pick(&[0, 1, 1], 31, 0);
        let truth = (0..n as u64).map(|row| (d.below(64, 33, row) + least) as f64 / 8.0).collect();
        let mut values: Vec<f64> = (0..n as u64).map(|row| (d.below(64, 34, row) + 1) as f64 / 8.0).collect();
        if d.below(16, 35, 0) == 0 {
            values[d.below(n as u64, 36, 0) as usize] = -1.0;
        }
        Self { settings: Settings::new(&d), weights: d.weights(n), truth, values }
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { weights: self.weights.as_deref(), ..Rows::new(Truth::Real(&self.truth), &[]) }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { values: Some(&self.values), ..Predicted::default() }
    }
}

pub(super) struct Ranking {
    pub settings: Settings,
    relevance: Vec<f64>,
    scores: Vec<f64>,
    weights: Option<Vec<f64>>,
    groups: Vec<u32>,
}

impl Ranking {
    pub(super) fn new(case: u64) -> Self {
        let d = Draws::new(5, case);
        let queries = d.pick(&[1, 2, 3, 4], 30, 0);
        let (fewest, grades) = (d.pick(&[1, 2, 2, 2], 31, 0), d.pick(&[2, 4], 32, 0));
        let weighted = d.below(2, 20, 0) == 1;
        let mut made = Self {
            settings: Settings::new(&d),
            relevance: vec![],
            scores: vec![],
            weights: weighted.then(Vec::new),
            groups: vec![],
        };
        for query in 0..queries {
            let none = d.below(6, 34, query) == 0;
            for place in (0..fewest + d.below(5, 33, query)).map(|document| query * 8 + document) {
                made.relevance.push(if none { 0.0 } else { d.below(grades, 35, place) as f64 });
                made.scores.push(d.below(4, 36, place) as f64 / 4.0);
                made.groups.push(query as u32);
                if let Some(weights) = &mut made.weights {
                    weights.push(d.pick(&WEIGHTS, 21, query));
                }
            }
        }
        made
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            weights: self.weights.as_deref(),
            groups: Some(&self.groups),
            ..Rows::new(Truth::Relevance(&self.relevance), &[])
        }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { scores: Some(&self.scores), ..Predicted::default() }
    }
}

const WORDS: [&str; 16] = [
    "the", "a", "An", "Cat", "cat", "dog.", "Dog", "42", "3.5", "-7", "1,000", "x1", "it's", "(red)", "Blue,", "theme",
];
const NUMBERS: [&str; 6] = ["42", "3.5", "-7", "1,000", "1,000.25", "42.5"];

pub(super) struct Texts {
    pub settings: Settings,
    references: Vec<String>,
    answers: Vec<String>,
    weights: Option<Vec<f64>>,
    problems: Vec<u32>,
}

impl Texts {
    pub(super) fn new(case: u64) -> Self {
        let d = Draws::new(6, case);
        let n = d.pick(&[1, 2, 3, 6, 9], 30, 0);
        let numbered = d.below(4, 37, 0) != 0;
        let (mut references, mut answers) = (Vec::new(), Vec::new());
        for row in 0..n as u64 {
            let words = |count: u64, stream: u64| -> Vec<&str> {
                (0..count).map(|at| d.pick(&WORDS, stream, row * 8 + at)).collect()
            };
            let mut reference = words(d.below(4, 32, row), 31);
            if numbered {
                reference.push(d.pick(&NUMBERS, 38, row));
            }
            let extra = words(d.below(3, 35, row), 34);
            let answer = match d.below(3, 33, row) {
                1 => [extra, reference.clone()].concat(),
                2 => reference.clone(),
                _ => extra,
            };
            references.push(reference.join(" "));
            let text = answer.join(" ");
            answers.push(if d.below(6, 36, row) == 0 { text.to_uppercase() } else { text });
        }
        let problems = d.pick(&[1, 1, 2], 39, 0);
        let problems = (0..n as u32).map(|row| row % problems).collect();
        Self { settings: Settings::new(&d), weights: d.weights(n), references, answers, problems }
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            weights: self.weights.as_deref(),
            groups: Some(&self.problems),
            ..Rows::new(Truth::Texts(&self.references), &[])
        }
    }

    pub(super) fn predicted(&self) -> Predicted<'_> {
        Predicted { texts: Some(&self.answers), ..Predicted::default() }
    }
}
