//! Time: the only place that reads the clock, and the only place that reads or writes a time as text.
//!
//! Times are RFC 3339 in UTC with milliseconds. A time without a zone is refused, because it would mean
//! something else on the next machine.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z; between the years −9999 and 9999.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A date and time of day, but no zone.
    #[error("`{text}` has no time zone; this machine is at {offset}, so it would mean `{with_offset}` here")]
    Zone {
        /// What was given.
        text: String,
        /// This machine's offset at that time, such as `+02:00`.
        offset: String,
        /// The same text with it.
        with_offset: String,
    },
    /// A zone's name where an offset is needed: what it means depends on tables that differ from machine to machine.
    #[error("`{text}` names a zone: say its offset, `{with_offset}`")]
    Named {
        /// What was given.
        text: String,
        /// The same time with its offset.
        with_offset: String,
    },
    /// Not a time at all.
    #[error(
        "`{text}` is not a time: use `2026-03-01T12:00Z`, `2026-03-01`, `now`, `yesterday`, `3 days ago` or `in 3 days`"
    )]
    Form {
        /// What was given, cut to 80 characters.
        text: String,
    },
}

impl Time {
    /// The instant `milliseconds` after the epoch.
    pub fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        Timestamp::from_millisecond(milliseconds).ok().map(|_| Self(milliseconds))
    }

    /// Milliseconds since the epoch.
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 time with its offset; more than milliseconds are cut.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        let form = || TimeError::Form { text: text.chars().take(80).collect() };
        timestamp(text).map(|t| Self(t.as_millisecond())).ok_or_else(form)
    }

    /// This instant and `duration` more.
    pub fn after(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(milliseconds).min(Timestamp::MAX.as_millisecond()))
    }

    /// The time between `earlier` and this instant; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// As people read it: `2026-03-01 12:00:00.000Z`. It is understood where a time is asked for, and means the same instant.
    pub fn for_people(self) -> String {
        format!("{:.3}", self.timestamp()).replace('T', " ")
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:.3}", self.timestamp()))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(0))
    }
}

/// A time as a person gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// An instant.
    Instant(Time),
    /// A whole day in UTC: its first and last millisecond.
    Day(Time, Time),
}

impl Moment {
    /// The instant meant: a day's is its end.
    pub const fn instant(self) -> Time {
        match self {
            Self::Instant(time) | Self::Day(_, time) => time,
        }
    }

    /// Reads a time: `2026-03-01T12:00Z`, a bare date, `now`, `3 days ago`; `today`, `yesterday` and `tomorrow` are dates in UTC, as is a
    /// day to come, `in 3 days`: whoever says it again the same day means the same.
    pub fn parse(text: &str, now: Time) -> Result<Self, TimeError> {
        let text = text.trim();
        let form = || TimeError::Form { text: text.chars().take(80).collect() };
        if text == "now" {
            return Ok(Self::Instant(now));
        }
        if let Some(ago) = text.strip_suffix(" ago") {
            let earlier = length(ago).ok_or_else(form)?;
            return Ok(Self::Instant(Time(now.0.saturating_sub(earlier).max(Timestamp::MIN.as_millisecond()))));
        }
        if let Some(days) = ["yesterday", "today", "tomorrow"].iter().position(|day| *day == text) {
            return Self::day_of(now.0.saturating_add((days as i64 - 1) * DAY)).ok_or_else(form);
        }
        if let Some(ahead) = text.strip_prefix("in ") {
            let later = length(ahead).ok_or_else(form)?;
            let then = now.0.saturating_add(later);
            let moment =
                if later % DAY == 0 { Self::day_of(then) } else { Time::from_milliseconds(then).map(Self::Instant) };
            return moment.ok_or_else(form);
        }
        if let Some(timestamp) = timestamp(text) {
            return Ok(Self::Instant(Time(timestamp.as_millisecond())));
        }
        if text.len() == 10
            && let Ok(date) = text.parse::<Date>()
        {
            let start = date.to_zoned(TimeZone::UTC).map_err(|_| form())?.timestamp().as_millisecond();
            return Ok(Self::Day(Time(start), Time(start + DAY - 1)));
        }
        if text.ends_with(']') {
            return Err(with_offset(text).unwrap_or_else(form));
        }
        // What has an offset that is none would be read as if it had none.
        let has_offset = text.get(11..).is_some_and(|clock| clock.contains(['+', '-']));
        if !has_offset
            && let Ok(civil) = text.parse::<jiff::civil::DateTime>()
            && let Ok(here) = civil.to_zoned(TimeZone::system())
        {
            let offset = offset_text(here.offset().seconds());
            return Err(TimeError::Zone { text: text.to_owned(), with_offset: format!("{text}{offset}"), offset });
        }
        Err(form())
    }

    /// The day in UTC that an instant is in; none if that is none that a clock can show.
    fn day_of(milliseconds: i64) -> Option<Self> {
        let start = Time::from_milliseconds(milliseconds.div_euclid(DAY) * DAY)?;
        Time::from_milliseconds(start.0 + (DAY - 1)).map(|end| Self::Day(start, end))
    }
}

/// The instant that `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` means in UTC, or else on this machine; none where it means none.
pub fn calendar(digits: &str, utc: bool) -> Option<Time> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || ![8, 12, 14].contains(&digits.len()) {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |part| part.parse::<i16>().ok());
    let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
    let date = Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
    let civil = date.to_datetime(jiff::civil::Time::new(small(8)?, small(10)?, small(12)?, 0).ok()?);
    let zone = if utc { TimeZone::UTC } else { TimeZone::system() };
    civil.to_zoned(zone).ok().map(|zoned| Time(zoned.timestamp().as_millisecond()))
}

fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// An instant with its offset: one of RFC 3339, which is less than a day. A slip in it must not be another day.
fn timestamp(text: &str) -> Option<Timestamp> {
    let (_, clock) = text.split_once(['T', 't', ' '])?;
    // A zone's name may stand behind it.
    let clock = clock.split('[').next()?;
    let hours = clock.rfind(['+', '-']).and_then(|sign| clock.get(sign + 1..sign + 3));
    match hours.and_then(|hours| hours.parse::<u32>().ok()) {
        Some(24..) => None,
        _ => text.parse().ok(),
    }
}

/// What to say instead of `2026-03-01T12:00[Europe/Berlin]`; none where that is no time, or two.
fn with_offset(text: &str) -> Option<TimeError> {
    let (local, _) = text.split_once('[')?;
    let zoned: jiff::Zoned = text.parse().ok()?;
    if zoned.time_zone().to_ambiguous_zoned(zoned.datetime()).is_ambiguous() || timestamp(local).is_some() {
        return None;
    }
    let civil: jiff::civil::DateTime = local.parse().ok()?;
    let offset = offset_text(zoned.offset().seconds());
    (civil == zoned.datetime())
        .then(|| TimeError::Named { text: text.to_owned(), with_offset: format!("{local}{offset}") })
}

/// Reads `3 days`, in milliseconds.
fn length(text: &str) -> Option<i64> {
    let (count, unit) = text.trim().split_once(' ')?;
    let count: i64 = if matches!(count, "a" | "an" | "one") { 1 } else { count.parse().ok()? };
    if count < 0 {
        return None;
    }
    let seconds = match unit.trim().strip_suffix('s').unwrap_or(unit.trim()) {
        "second" | "sec" => 1,
        "minute" | "min" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 7 * 86_400,
        _ => return None,
    };
    count.checked_mul(seconds * 1000)
}

/// Reads a length of time such as `30d`, `12h`, `15m`, `90s`, `2w`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let count: u64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    count.checked_mul(seconds).filter(|s| *s <= 100 * 366 * 86_400).map(Duration::from_secs)
}

/// A length of time as people read it: `3 days`, `2 hours`, `just now` below a second.
pub fn describe_duration(duration: Duration) -> String {
    let seconds = SignedDuration::try_from(duration).map_or(i64::MAX, |d| d.as_secs());
    let (count, unit) = match seconds {
        0 => return "moments".to_owned(),
        s if s < 120 => (s, "second"),
        s if s < 2 * 3600 => (s / 60, "minute"),
        s if s < 2 * 86_400 => (s / 3600, "hour"),
        s => (s / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// An age in the fewest characters that people read without thinking: `0 min`, `12 min`, `5 h`, `3 d`, `2 y`. From two days on it
/// is days, from two years on years of 365 days.
pub fn describe_age(age: Duration) -> String {
    const DAY: u64 = 86_400;
    match age.as_secs() {
        s @ 0..3600 => format!("{} min", s / 60),
        s if s < 2 * DAY => format!("{} h", s / 3600),
        s if s < 2 * 365 * DAY => format!("{} d", s / DAY),
        s => format!("{} y", s / (365 * DAY)),
    }
}

/// What is left of something that counts until `expires`: `expires in 3 d`, `expired 3 d ago`.
pub fn describe_expiry(expires: Time, now: Time) -> String {
    if expires <= now {
        format!("expired {} ago", describe_age(now.since(expires)))
    } else {
        format!("expires in {}", describe_age(expires.since(now)))
    }
}

/// How long a run took, as people read it: `850ms`, `12.3s`, `2m10s`, `1h02m`.
pub fn describe_run(took: Duration) -> String {
    let seconds = took.as_secs();
    match seconds {
        0 => format!("{}ms", took.as_millis()),
        1..60 => format!("{seconds}.{}s", took.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}
