//! Numbers and reasons in words. They are part of the certificate, so nothing here depends on place or machine.

/// Figures that tell a person enough.
const FIGURES: i32 = 4;
/// What is no further from nothing than that differs from it by rounding only.
const NOTHING: f64 = 1e-12;
/// So many more decimals are shown for a number that would look like nothing.
const MORE_PLACES: i32 = 2;

/// Four significant figures, without trailing zeros: `0.8124`, `31250`, `1.2e-7`.
pub(crate) fn significant(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let magnitude = magnitude(value);
    if !(-5..15).contains(&magnitude) {
        let text = format!("{value:.3e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return minus(&format!("{}e{exponent}", trimmed(mantissa)));
    }
    minus(trimmed(&fixed(value, FIGURES - 1 - magnitude)))
}

/// `6,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1st`, `2nd`, `3rd`, `11th`, `1,002nd`.
pub(crate) fn nth(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    grouped(number) + ending
}

/// `1 row`, `6,000 rows`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(number)) }
}

/// `31,000`: two significant figures, rounded up; more would be pretence.
pub(super) fn about(number: u64) -> String {
    let mut unit: u64 = 1;
    while number / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    grouped(number.div_ceil(unit).saturating_mul(unit))
}

/// `−0.0011 [−0.0041, +0.0019]`.
pub(super) fn difference(value: f64, bounds: Option<(f64, f64)>, limit: Option<f64>) -> String {
    let places = places(value, bounds, limit);
    let signed = |value: f64| {
        let text = minus(&fixed(value, places));
        if value > NOTHING { format!("+{text}") } else { text }
    };
    interval(value, bounds, signed)
}

/// `0.771 [0.765, 0.777]`.
pub(super) fn level(value: f64, bounds: Option<(f64, f64)>, limit: Option<f64>) -> String {
    let places = places(value, bounds, limit);
    interval(value, bounds, |value| minus(&fixed(value, places)))
}

/// `first, second and 3 more`.
pub(crate) fn some(items: &[String], shown: usize) -> String {
    let list = items.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > shown { format!("{list} and {} more", grouped((items.len() - shown) as u64)) } else { list }
}

fn interval(value: f64, bounds: Option<(f64, f64)>, text: impl Fn(f64) -> String) -> String {
    match bounds {
        Some((lower, upper)) => format!("{} [{}, {}]", text(value), text(lower), text(upper)),
        None => text(value),
    }
}

/// Decimals that give the interval's width two figures, and more until no number looks like the limit it is not, or like nothing: on
/// which side of that a bound lies is what it is read for.
fn places(value: f64, bounds: Option<(f64, f64)>, limit: Option<f64>) -> i32 {
    let numbers = [Some(value), bounds.map(|b| b.0), bounds.map(|b| b.1)];
    let width = bounds.map_or(0.0, |(lower, upper)| upper - lower);
    let mut places = if width > 0.0 { 1 - magnitude(width) } else { FIGURES - 1 - magnitude(value) }.clamp(0, 12);
    let looks_like_limit = |places: i32| {
        numbers.into_iter().flatten().any(|number| {
            limit.is_some_and(|limit| {
                // 0.87 − 0.82 is the limit 0.05 but for rounding: no decimals would tell them apart.
                (number.abs() - limit.abs()).abs() > NOTHING
                    && fixed(number.abs(), places) == fixed(limit.abs(), places)
            })
        })
    };
    let looks_like_nothing = |places: i32| {
        numbers.into_iter().flatten().any(|number| number.abs() > NOTHING && is_zero(&fixed(number, places)))
    };
    // Where they do not help, the sign alone has to tell.
    places = (places..=(places + MORE_PLACES).min(12)).find(|places| !looks_like_nothing(*places)).unwrap_or(places);
    while places < 12 && looks_like_limit(places) {
        places += 1;
    }
    places
}

fn magnitude(value: f64) -> i32 {
    // From the printed exponent: a logarithm may round across a power of ten, and differs between platforms.
    let text = format!("{:.3e}", value.abs());
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

fn fixed(value: f64, places: i32) -> String {
    let places = usize::try_from(places).unwrap_or(0);
    let text = format!("{value:.places$}");
    // What is nothing but for rounding has no sign; what is only little keeps it.
    if value.abs() <= NOTHING && is_zero(&text) { text.replace('-', "") } else { text }
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn minus(text: &str) -> String {
    text.replacen('-', "−", 1)
}
