//! Answers in words against a reference: one number from 0 to 1 for each row.
//!
//! Exact match is Hugging Face's `exact_match` (strings equal after what is ignored is taken out: first the matches of regular
//! expressions, then case, punctuation and digits), token F1 SQuAD's (lower
//! case, without punctuation and articles, words counted with multiplicity).

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use super::metric::Metric;
use super::settings::{Ignored, MetricSpec, Parameters, within};
use super::undefined::Undefined;

/// Most expressions of one metric, and bytes of one of them.
const MOST_PATTERNS: usize = 32;
const LONGEST_PATTERN: usize = 1_000;

/// Bytes of memory one expression may take, compiled, and again while it is searched for.
const COMPILED: usize = 1 << 20;

/// How right each answer is.
pub(super) fn scores(spec: &MetricSpec, references: &[String], answers: &[String]) -> Result<Vec<f64>, Undefined> {
    let parameters = &spec.parameters;
    let patterns = Patterns::new(&parameters.patterns)?;
    let plain = |text: &str| without(&patterns.cut(text), parameters.ignore);
    let pairs = references.iter().zip(answers);
    Ok(match spec.metric {
        Metric::ExactMatch => exact(parameters, references, answers)?.into_iter().map(flag).collect(),
        Metric::Contains => pairs
            .map(|(r, a)| {
                let (reference, answer) = (plain(r), plain(a));
                // Everything contains nothing; that would be no test.
                flag(if reference.is_empty() { answer.is_empty() } else { answer.contains(&reference) })
            })
            .collect(),
        Metric::TokenF1 => pairs.map(|(r, a)| token_f1(&words(r), &words(a))).collect(),
        _ => {
            let tolerance = within(parameters.tolerance, parameters.tolerance >= 0.0, "tolerance")?;
            let relative = within(parameters.relative, parameters.relative >= 0.0, "relative")?;
            let mut scores = Vec::with_capacity(references.len());
            for (row, (reference, answer)) in pairs.enumerate() {
                let wanted = last_number(reference).ok_or(Undefined::NoNumber { row })?;
                let near = |found: f64| (found - wanted).abs() <= tolerance + relative * wanted.abs();
                scores.push(flag(last_number(answer).is_some_and(near)));
            }
            scores
        }
    })
}

/// Which answers equal their reference, after what is ignored is taken out of both.
pub(super) fn exact(
    parameters: &Parameters,
    references: &[String],
    answers: &[String],
) -> Result<Vec<bool>, Undefined> {
    let patterns = Patterns::new(&parameters.patterns)?;
    let plain = |text: &str| without(&patterns.cut(text), parameters.ignore);
    Ok(references.iter().zip(answers).map(|(reference, answer)| plain(reference) == plain(answer)).collect())
}

/// Regular expressions whose matches are taken out, one after another. They are searched for in linear time; what needs
/// backtracking (look-around, references to groups) is no expression here.
pub struct Patterns(Vec<Regex>);

impl Patterns {
    /// Compiles them.
    ///
    /// # Errors
    /// [`Undefined::InvalidPattern`]: what is no expression, or more or larger ones than are searched for.
    pub fn new(patterns: &[String]) -> Result<Self, Undefined> {
        let compile = |(at, pattern): (usize, &String)| {
            let bounded = at < MOST_PATTERNS && pattern.len() <= LONGEST_PATTERN;
            let compiled = RegexBuilder::new(pattern).size_limit(COMPILED).dfa_size_limit(COMPILED).build();
            compiled
                .ok()
                .filter(|_| bounded)
                .ok_or_else(|| Undefined::InvalidPattern { pattern: pattern.chars().take(80).collect() })
        };
        patterns.iter().enumerate().map(compile).collect::<Result<_, _>>().map(Self)
    }

    fn cut<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.0.iter().fold(Cow::Borrowed(text), |text, pattern| match pattern.replace_all(&text, "") {
            Cow::Borrowed(_) => text,
            Cow::Owned(cut) => Cow::Owned(cut),
        })
    }
}

fn flag(right: bool) -> f64 {
    f64::from(u8::from(right))
}

fn without(text: &str, ignored: Ignored) -> String {
    let text = if ignored.case { text.to_lowercase() } else { text.to_owned() };
    let kept = |c: &char| !(ignored.punctuation && c.is_ascii_punctuation() || ignored.numbers && c.is_ascii_digit());
    text.chars().filter(kept).collect()
}

/// SQuAD's words, sorted.
fn words(text: &str) -> Vec<String> {
    let text: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    // Articles go where they stand between what is no letter or digit, as `\b` has it.
    let mut bare = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() {
            run.push(c);
            continue;
        }
        bare.push_str(if matches!(run.as_str(), "a" | "an" | "the") { " " } else { &run });
        run.clear();
        bare.push(c);
    }
    let mut words: Vec<String> = bare.split_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words
}

fn token_f1(reference: &[String], answer: &[String]) -> f64 {
    if reference.is_empty() || answer.is_empty() {
        return flag(reference == answer);
    }
    let (mut a, mut b, mut same) = (0, 0, 0_usize);
    while a < reference.len() && b < answer.len() {
        match reference[a].cmp(&answer[b]) {
            std::cmp::Ordering::Less => a += 1,
            std::cmp::Ordering::Greater => b += 1,
            std::cmp::Ordering::Equal => {
                same += 1;
                a += 1;
                b += 1;
            }
        }
    }
    2.0 * same as f64 / (reference.len() + answer.len()) as f64
}

/// The last number of a text; commas between digits are thousands.
fn last_number(text: &str) -> Option<f64> {
    let digits: Vec<char> = text.chars().collect();
    let digit = |at: usize| digits.get(at).is_some_and(char::is_ascii_digit);
    let mut found = None;
    let mut at = 0;
    while at < digits.len() {
        let sign = matches!(digits[at], '-' | '+') && (at == 0 || !digits[at - 1].is_alphanumeric());
        let first = at + usize::from(sign);
        let point = digits.get(first) == Some(&'.') && digit(first + 1);
        if !(digit(first) || point) {
            at += 1;
            continue;
        }
        let mut number: String = digits[at..first].iter().filter(|c| **c == '-').collect();
        let (mut next, mut fraction) = (first, false);
        loop {
            if digit(next) {
                number.push(digits[next]);
            } else if digits.get(next) == Some(&'.') && !fraction && digit(next + 1) {
                fraction = true;
                number.push('.');
            } else if !(digits.get(next) == Some(&',') && !fraction && digit(next + 1)) {
                break;
            }
            next += 1;
        }
        if matches!(digits.get(next), Some('e' | 'E')) {
            let signed = usize::from(matches!(digits.get(next + 1), Some('-' | '+')));
            if digit(next + 1 + signed) {
                number.extend(&digits[next..=next + signed]);
                next += 1 + signed;
                while digit(next) {
                    number.push(digits[next]);
                    next += 1;
                }
            }
        }
        found = number.parse().ok().filter(|number: &f64| number.is_finite()).or(found);
        at = next;
    }
    found
}
