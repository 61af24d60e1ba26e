//! How dates, times and decimals are written. Values beyond the calendar are written as the numbers they are stored as.

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::Offset;

const DAY: i64 = 86_400;

/// A single with the digits numpy and polars give it in a csv: where two shortest numbers are equally near, the even one.
/// The standard library takes the larger, which as a double is another number.
pub(super) fn single(out: &mut String, value: f32) -> fmt::Result {
    let value = value + 0.0;
    let shortest = format!("{value:e}");
    let digits = shortest.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
    let nearest = format!("{value:.*e}", digits.saturating_sub(1));
    match (nearest.parse::<f32>(), nearest.parse::<f64>()) {
        // Few enough digits that the double is printed with the same ones.
        (Ok(same), Ok(double)) if same == value => write!(out, "{double}"),
        _ => write!(out, "{value}"),
    }
}

/// `2024-01-31`.
pub(super) fn date(out: &mut String, days: i32) -> fmt::Result {
    match Timestamp::from_second(i64::from(days) * DAY) {
        Ok(midnight) => write!(out, "{}", Offset::UTC.to_datetime(midnight).date()),
        Err(_) => write!(out, "{days}"),
    }
}

/// `2024-01-31T12:30:00.5`, with `Z` for an instant.
pub(super) fn date_time(out: &mut String, ticks: i64, per_second: i64, utc: bool) -> fmt::Result {
    let nanoseconds = ticks.rem_euclid(per_second) * (1_000_000_000 / per_second);
    match Timestamp::new(ticks.div_euclid(per_second), nanoseconds as i32) {
        Ok(moment) => write!(out, "{}{}", Offset::UTC.to_datetime(moment), if utc { "Z" } else { "" }),
        Err(_) => write!(out, "{ticks}"),
    }
}

/// `12:30:00`.
pub(super) fn time(out: &mut String, nanoseconds: i64) -> fmt::Result {
    match Timestamp::from_nanosecond(nanoseconds.into()) {
        Ok(moment) if (0..DAY * 1_000_000_000).contains(&nanoseconds) => {
            write!(out, "{}", Offset::UTC.to_datetime(moment).time())
        }
        _ => write!(out, "{nanoseconds}"),
    }
}

/// A decimal without needless zeros: 1.50 is `1.5`, 2.00 is `2`.
pub(super) fn decimal(out: &mut String, unscaled: i128, scale: usize) -> fmt::Result {
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    write!(out, "{sign}{whole}{point}{fraction}")
}
