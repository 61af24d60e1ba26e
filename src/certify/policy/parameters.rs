//! What is set about a metric: from the words of a policy to settings, and back to the fewest words that say the same.

use std::collections::BTreeMap;

use crate::format::policy::Task;
use crate::format::scalar::{Scalar, is_safe};
use crate::measure::{Average, Distance, EmptyQuery, Metric, Pairs, Parameters, Patterns, RelevanceGain};

/// A metric's settings; classes still by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::certify) struct Settings {
    pub parameters: Parameters,
    /// The classes that count.
    pub labels: Vec<Scalar>,
}

/// Why words are no settings.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::certify) enum Problem {
    /// The metric has no such parameter.
    Unknown(String),
    /// It cannot have this value.
    Value { key: String, value: String, expected: &'static str },
    /// It is needed.
    Missing(&'static str),
}

/// Reads what is set about `metric` under a task; keys no metric has are unknown.
pub(in crate::certify) fn read(
    metric: Metric,
    task: Task,
    words: &BTreeMap<String, Scalar>,
) -> Result<Settings, Problem> {
    let mut settings = Settings::default();
    if matches!(metric, Metric::TopKAccuracy) {
        settings.parameters.k = Some(2);
    }
    for (key, value) in words {
        if !names(metric, task).any(|name| name == key) {
            return Err(Problem::Unknown(key.clone()));
        }
        let set = Word { key, value };
        set.set(metric, task, &mut settings)?;
    }
    needed(metric, task, &settings)?;
    Ok(settings)
}

/// What can be set about a metric under a task.
pub(super) fn names(metric: Metric, task: Task) -> impl Iterator<Item = &'static str> {
    let several = task == Task::Multiclass;
    Parameters::names(metric).iter().copied().filter(move |name| match (metric, *name) {
        (Metric::RocAuc, "max_fpr") => !several,
        (Metric::RocAuc | Metric::AveragePrecision, _) | (_, "labels") => several,
        _ => true,
    })
}

/// The words that say what is not so anyway: two ways to write the same settings are the same record.
pub(super) fn written(metric: Metric, task: Task, words: &BTreeMap<String, Scalar>) -> BTreeMap<String, Scalar> {
    let Ok(all) = read(metric, task, words) else { return words.clone() };
    let mut fewest = words.clone();
    for key in words.keys() {
        let mut without = fewest.clone();
        without.remove(key);
        if read(metric, task, &without).as_ref() == Ok(&all) {
            fewest = without;
        }
    }
    fewest.into_iter().map(|(key, value)| (key, one_way(value))).collect()
}

/// `2.0` as `2`: one number is written one way.
fn one_way(value: Scalar) -> Scalar {
    match value {
        Scalar::Float(number) if number.fract() == 0.0 && is_safe(number as i128) => Scalar::Int(number as i128),
        Scalar::List(values) => Scalar::List(values.into_iter().map(one_way).collect()),
        other => other,
    }
}

fn needed(metric: Metric, task: Task, settings: &Settings) -> Result<(), Problem> {
    let parameters = &settings.parameters;
    let several = task == Task::Multiclass;
    let missing = match metric {
        Metric::FBeta if parameters.beta.is_none() => "beta",
        Metric::RecallAtPrecision if parameters.precision.is_none() => "precision",
        Metric::PrecisionAtK | Metric::HitRate | Metric::PassAtK | Metric::PassHatK if parameters.k.is_none() => "k",
        Metric::Lift | Metric::Gain if parameters.share.is_none() => "share",
        Metric::RocAuc if several && parameters.pairs.is_none() => "multi_class",
        Metric::Precision | Metric::Recall | Metric::F1 | Metric::FBeta | Metric::Jaccard if several => {
            match parameters.average {
                Average::Default => "average",
                Average::None if settings.labels.is_empty() => "labels",
                _ => return Ok(()),
            }
        }
        _ => return Ok(()),
    };
    Err(Problem::Missing(missing))
}

/// One key and its value.
struct Word<'a> {
    key: &'a str,
    value: &'a Scalar,
}

impl Word<'_> {
    fn set(&self, metric: Metric, task: Task, settings: &mut Settings) -> Result<(), Problem> {
        let parameters = &mut settings.parameters;
        match self.key {
            "average" => parameters.average = self.average(metric, task)?,
            "labels" => settings.labels = self.labels()?,
            "beta" => parameters.beta = Some(self.number(|x| x > 0.0, "a number above 0")?),
            "weights" => {
                let of = [("linear", Distance::Linear), ("quadratic", Distance::Quadratic)];
                parameters.distance = self.one_of(&of, "`linear` or `quadratic`")?;
            }
            "adjusted" => parameters.adjusted = self.flag()?,
            "max_fpr" => {
                let most = self.number(|x| x > 0.0 && x <= 1.0, "a number above 0, at most 1")?;
                parameters.max_fpr = (most < 1.0).then_some(most);
            }
            "multi_class" => {
                let of = [("ovr", Pairs::OneVsRest), ("ovo", Pairs::OneVsOne)];
                parameters.pairs = Some(self.one_of(&of, "`ovr` or `ovo`")?);
            }
            "precision" => {
                parameters.precision = Some(self.number(|x| x > 0.0 && x <= 1.0, "a number above 0, at most 1")?);
            }
            "k" => parameters.k = Some(self.whole()?),
            "share" => parameters.share = Some(self.number(|x| x > 0.0 && x <= 1.0, "a number above 0, at most 1")?),
            "scale_by_half" => {
                parameters.halved = match self.value {
                    Scalar::Text(word) if word == "auto" => None,
                    _ => Some(self.flag()?),
                }
            }
            "bins" => {
                let bins = self.whole()?;
                parameters.bins = u32::try_from(bins).map_err(|_| self.wrong("a whole number, 1 or more"))?;
            }
            "power" => {
                parameters.power = self.number(|x| x <= 0.0 || x >= 1.0, "a number at most 0, or 1 or more")?;
            }
            "alpha" => parameters.alpha = self.number(|x| (0.0..=1.0).contains(&x), "a number from 0 to 1")?,
            "gain" => {
                let of = [("linear", RelevanceGain::Linear), ("exp", RelevanceGain::Exponential)];
                parameters.gain = self.one_of(&of, "`linear` or `exp`")?;
            }
            "empty" => {
                let of = [("zero", EmptyQuery::Zero), ("one", EmptyQuery::One), ("skip", EmptyQuery::Skip)];
                parameters.empty = self.one_of(&of, "`zero`, `one` or `skip`")?;
            }
            "ignore_case" => parameters.ignore.case = self.flag()?,
            "ignore_punctuation" => parameters.ignore.punctuation = self.flag()?,
            "regexes_to_ignore" => parameters.patterns = self.patterns()?,
            "ignore_numbers" => parameters.ignore.numbers = self.flag()?,
            "tolerance" => parameters.tolerance = self.number(|x| x >= 0.0, "a number, 0 or more")?,
            "relative" => parameters.relative = self.number(|x| x >= 0.0, "a number, 0 or more")?,
            _ => return Err(Problem::Unknown(self.key.to_owned())),
        }
        Ok(())
    }

    fn average(&self, metric: Metric, task: Task) -> Result<Average, Problem> {
        let (macro_, weighted) = (("macro", Average::Macro), ("weighted", Average::Weighted));
        if matches!(metric, Metric::RocAuc | Metric::AveragePrecision) {
            // Their mean over classes is what they are anyway.
            return self.one_of(&[("macro", Average::Default), weighted], "`macro` or `weighted`");
        }
        let micro = ("micro", Average::Micro);
        if task == Task::Multiclass {
            let of = [macro_, micro, weighted, ("none", Average::None)];
            return self.one_of(&of, "`macro`, `micro`, `weighted` or `none`");
        }
        self.one_of(
            &[("binary", Average::Default), macro_, micro, weighted],
            "`binary`, `macro`, `micro` or `weighted`",
        )
    }

    /// Each class once.
    fn labels(&self) -> Result<Vec<Scalar>, Problem> {
        let expected = "a list of classes, each once";
        let Scalar::List(labels) = self.value else { return Err(self.wrong(expected)) };
        let twice = labels.iter().enumerate().any(|(at, label)| labels[..at].contains(label));
        let named =
            |label: &Scalar| matches!(label, Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_) | Scalar::Text(_));
        if labels.is_empty() || twice || !labels.iter().all(named) {
            Err(self.wrong(expected))
        } else {
            Ok(labels.clone())
        }
    }

    fn patterns(&self) -> Result<Vec<String>, Problem> {
        let expected = "a list of regular expressions, at most 32, without look-around and references to groups";
        let Scalar::List(values) = self.value else { return Err(self.wrong(expected)) };
        let text = |value: &Scalar| match value {
            Scalar::Text(pattern) => Some(pattern.clone()),
            _ => None,
        };
        let patterns: Option<Vec<String>> = values.iter().map(text).collect();
        patterns.filter(|patterns| Patterns::new(patterns).is_ok()).ok_or_else(|| self.wrong(expected))
    }

    fn number(&self, sound: impl Fn(f64) -> bool, expected: &'static str) -> Result<f64, Problem> {
        self.value
            .finite()
            .filter(|number| sound(*number))
            .map(|number| number + 0.0)
            .ok_or_else(|| self.wrong(expected))
    }

    fn whole(&self) -> Result<u64, Problem> {
        let expected = "a whole number, 1 or more";
        let number = self.number(|x| (1.0..=9e15).contains(&x) && x.fract() == 0.0, expected)?;
        Ok(number as u64)
    }

    fn flag(&self) -> Result<bool, Problem> {
        match self.value {
            Scalar::Bool(flag) => Ok(*flag),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn one_of<T: Copy>(&self, of: &[(&str, T)], expected: &'static str) -> Result<T, Problem> {
        let Scalar::Text(word) = self.value else { return Err(self.wrong(expected)) };
        of.iter().find(|(name, _)| name == word).map(|(_, value)| *value).ok_or_else(|| self.wrong(expected))
    }

    fn wrong(&self, expected: &'static str) -> Problem {
        let value: String = self.value.to_string().chars().take(80).collect();
        Problem::Value { key: self.key.to_owned(), value: format!("`{value}`"), expected }
    }
}
