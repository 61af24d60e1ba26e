//! Times as people give them. One without a zone is refused: it would mean something else on the next machine.

use std::time::Duration;

use mlrun::clock::{Moment, Time, TimeError, describe_age, describe_duration, parse_duration};
use proptest::prelude::*;

use crate::support::clock::time;
use crate::support::{cases, says};

fn now() -> Time {
    time("2026-03-01T12:00:00Z")
}

fn parse(text: &str) -> Result<Moment, TimeError> {
    Moment::parse(text, now())
}

#[test]
fn instants() {
    for (text, expected) in [
        ("now", "2026-03-01T12:00:00.000Z"),
        (" now ", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:01.5Z", "2026-03-01T12:00:01.500Z"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00.000Z"),
        ("2026-03-01 12:00-05:30", "2026-03-01T17:30:00.000Z"),
        ("2026-03-01T12:00+23:59", "2026-02-28T12:01:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("3 days ago", "2026-02-26T12:00:00.000Z"),
        ("1 day ago", "2026-02-28T12:00:00.000Z"),
        ("an hour ago", "2026-03-01T11:00:00.000Z"),
        ("90 minutes ago", "2026-03-01T10:30:00.000Z"),
        ("2 weeks ago", "2026-02-15T12:00:00.000Z"),
        ("0 seconds ago", "2026-03-01T12:00:00.000Z"),
        ("in 2 hours", "2026-03-01T14:00:00.000Z"),
        ("in 1 minute", "2026-03-01T12:01:00.000Z"),
    ] {
        let Ok(Moment::Instant(found)) = parse(text) else { panic!("{text}: {:?}", parse(text)) };
        assert_eq!(found.to_string(), expected, "{text}");
    }
}

/// Minutes, hours below two days, days below two years.
#[test]
fn ages() {
    const DAY: u64 = 86_400;
    for (seconds, words) in [
        (0, "0 min"),
        (59, "0 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (2 * DAY - 1, "47 h"),
        (2 * DAY, "2 d"),
        (730 * DAY - 1, "729 d"),
        (730 * DAY, "2 y"),
        (u64::MAX, "584942417355 y"),
    ] {
        assert_eq!(describe_age(Duration::from_secs(seconds)), words, "{seconds}");
    }
}

/// A day means its end where one instant is asked for: "what was in production on the first" is what was last in it.
#[test]
fn days() {
    let day = parse("2024-02-29").unwrap();
    assert_eq!(day, Moment::Day(time("2024-02-29T00:00:00Z"), time("2024-02-29T23:59:59.999Z")));
    assert_eq!(day.instant(), time("2024-02-29T23:59:59.999Z"));
}

/// Typed twice on one day, they are the same: what is signed in between is still what was meant.
#[test]
fn days_by_their_distance() {
    for (text, date) in [
        ("today", "2026-03-01"),
        ("yesterday", "2026-02-28"),
        ("tomorrow", "2026-03-02"),
        ("in 30 days", "2026-03-31"),
        ("in a week", "2026-03-08"),
        ("in 24 hours", "2026-03-02"),
    ] {
        assert_eq!(parse(text), parse(date), "{text}");
    }
    for bad in ["in", "in ", "in 3", "in -3 days", "in 3 fortnights", "in 99999999999 weeks", "Tomorrow"] {
        assert!(matches!(parse(bad), Err(TimeError::Form { .. })), "{bad}");
    }
}

#[test]
fn a_time_without_a_zone_is_refused_with_what_it_would_mean_here() {
    for text in ["2026-03-01T12:00", "2026-03-01 12:00:00"] {
        let Err(TimeError::Zone { offset, with_offset, .. }) = parse(text) else { panic!("{text}") };
        assert_eq!(offset.len(), 6);
        assert_eq!(with_offset, format!("{text}{offset}"));
        assert!(matches!(parse(&with_offset), Ok(Moment::Instant(_))), "{with_offset}");
    }
}

/// What a zone's name means is in tables that differ from machine to machine, and some times it has twice or never.
#[test]
fn a_zones_name_is_refused_with_its_offset() {
    let Err(TimeError::Named { with_offset, .. }) = parse("2026-07-01T12:00[Europe/Berlin]") else { panic!() };
    assert_eq!(with_offset, "2026-07-01T12:00+02:00");
    for text in ["2026-03-29T02:30[Europe/Berlin]", "2026-10-25T02:30[Europe/Berlin]", "2026-07-01T12:00[Nowhere/None]"]
    {
        assert!(matches!(parse(text), Err(TimeError::Form { .. })), "{text}: {:?}", parse(text));
    }
    // An offset that is none is not taken for a time without one.
    assert!(matches!(parse("2026-03-29T00:45+25:00"), Err(TimeError::Form { .. })));
    let both = parse("2026-07-01T12:00+02:00[Europe/Berlin]");
    assert_eq!(both, Ok(Moment::Instant(time("2026-07-01T10:00:00Z"))));
}

#[test]
fn what_is_no_time() {
    let bad = [
        "2026-03-29T00:45+25:00",
        "2026-03-29 00:45-24:00",
        "2026-03-29T00:45:10.5+2500",
        "",
        "someday",
        "2026-02-30",
        "2026-13-01",
        "2026-3-1",
        "12:00Z",
        "2026-03-01T25:00Z",
        "-1 days ago",
        "x days ago",
        "3 ago",
        "3 fortnights ago",
        "99999999999999999999 days ago",
        "1e3 days ago",
        "9223372036854775807 weeks ago",
    ];
    for text in bad {
        assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn the_far_past_is_the_beginning() {
    assert!(parse("1000000000 days ago").unwrap().instant() < time("-009998-01-01T00:00:00Z"));
}

#[test]
fn durations() {
    for (text, seconds) in [
        ("90s", 90),
        ("15m", 900),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("2w", 1_209_600),
        ("0s", 0),
        (" 1 d ", 86_400),
    ] {
        assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
    }
    for text in ["", "d", "-1d", "1.5h", "1y", "30", "99999999999999999999s", "1000000d", "1é"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
    for (seconds, text) in [
        (0, "moments"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
    ] {
        assert_eq!(describe_duration(Duration::from_secs(seconds)), text);
    }
}

#[test]
fn arithmetic_stays_within_bounds() {
    assert_eq!(now().after(Duration::from_millis(1)).since(now()), Duration::from_millis(1));
    assert_eq!(now().since(now().after(Duration::from_secs(5))), Duration::ZERO);
    let end = now().after(Duration::MAX);
    assert_eq!(end, end.after(Duration::MAX));
    assert!(end.to_string().starts_with("9999-12-"), "{end}");
    assert!(Time::from_milliseconds(i64::MAX).is_none() && Time::from_milliseconds(i64::MIN).is_none());
}

/// `date` agrees on what the milliseconds mean.
#[cfg(target_os = "linux")]
#[test]
fn date_agrees() {
    for text in ["2026-03-01T12:00:00Z", "1969-12-31T23:59:58Z", "2024-02-29T23:59:59+05:45", "0001-01-01T00:00:00Z"] {
        let said = says("date", &["-u", "-d", text, "+%s"], std::path::Path::new("/"));
        assert_eq!(time(text).milliseconds() / 1000, said.trim().parse::<i64>().unwrap(), "{text}");
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn written_and_read_again(ms in -377_705_023_201_000_i64..253_402_207_200_000) {
        let time = Time::from_milliseconds(ms).unwrap();
        prop_assert_eq!(Time::parse_rfc3339(&time.to_string()), Ok(time));
        prop_assert_eq!(Moment::parse(&time.to_string(), now()), Ok(Moment::Instant(time)));
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,30}|[0-9TZ:+. -]{0,30}|[0-9]{1,25} (days?|weeks|hours) ago") {
        let _ = parse(&text);
        let _ = parse_duration(&text);
        let _ = Time::parse_rfc3339(&text);
    }
}
