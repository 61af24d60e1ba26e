//! Charts of numbers that are odd: nothing panics, nothing hangs, what cannot be drawn is no chart.

use mlrun::clock::Time;
use mlrun::page::chart::{
    Axis, Chart, Forest, ForestRow, Guide, Hue, Lane, Mark, Plot, Series, Spark, Stretch, Timeline,
};
use mlrun::page::html::{Document, Text};

fn plot(points: Vec<(f64, f64)>, mark: Mark) -> Option<Chart> {
    let series = vec![Series { name: "a".to_owned(), hue: Hue::Nth(0), mark, points }];
    let (title, description) = ("t".to_owned(), "d".to_owned());
    let (x, y) = (Axis::numbers("x"), Axis::numbers("y"));
    Plot { title, description, x, y, series, guide: Guide::Diagonal }.chart()
}

#[test]
fn odd_numbers_make_charts_or_none() {
    for mark in [Mark::Line, Mark::Dots, Mark::Both, Mark::Large] {
        for points in [
            vec![(0.0, 0.0)],
            vec![(5.0, 7.0), (5.0, 7.0)],
            vec![(1e16, 1e16), (1e16 + 2.0, 1e16)],
            vec![(1e-300, 1e-300), (2e-300, 3e-300)],
            vec![(-1e299, 1e299), (1e299, -1e299)],
            vec![(f64::MIN_POSITIVE, 0.1), (0.2, f64::NAN), (f64::INFINITY, 1.0)],
            (0..5000).map(|i| (f64::from(i), f64::from(i % 7))).collect(),
        ] {
            assert!(plot(points.clone(), mark).is_some(), "{points:?}");
        }
        for points in [vec![], vec![(f64::NAN, 1.0)], vec![(f64::INFINITY, f64::NEG_INFINITY)], vec![(1e308, 1e308)]] {
            assert!(plot(points.clone(), mark).is_none(), "{points:?}");
        }
    }
}

#[test]
fn odd_intervals_make_a_forest_or_none() {
    let forest = |rows: Vec<ForestRow>| {
        let (title, description, axis) = ("t".to_owned(), "d".to_owned(), "x".to_owned());
        Forest { title, description, axis, against: Some(0.0), limits: vec![0.1], rows }.chart()
    };
    let row = |value: Option<f64>, bounds: Option<(f64, f64)>| ForestRow {
        name: "slice".to_owned(),
        value,
        bounds,
        limit: Some(f64::NAN),
        hue: Hue::Bad,
        note: "FAIL".to_owned(),
    };
    assert!(forest(vec![]).is_none());
    assert!(forest(vec![row(None, None)]).is_none() && forest(vec![row(Some(f64::NAN), None)]).is_none());
    assert!(forest(vec![row(Some(0.0), Some((f64::NEG_INFINITY, f64::NAN)))]).is_some());
    assert!(forest(vec![row(Some(1.0), Some((2.0, -3.0))), row(None, None)]).is_some());
    assert!(forest((0..500).map(|i| row(Some(f64::from(i)), None)).collect()).is_some());
}

/// Who sees no colours tells models apart by dashes, by the shape of dots, and by outlines.
#[test]
fn colour_is_not_all_that_tells_models_apart() {
    let shape = |svg: &str, colour: &str| {
        let of = |line: &&str| {
            line.contains(&format!("fill=\"{colour}\"")) && line.starts_with('<') && !line.starts_with("<text")
        };
        let corners = |line: &str| {
            line.split_once("points=\"").map_or(0, |(_, rest)| rest.split('"').next().unwrap().matches(',').count())
        };
        svg.lines()
            .filter(of)
            .map(|line| (line.split(' ').next().unwrap().to_owned(), corners(line)))
            .collect::<Vec<_>>()
    };
    let colours = ["#0B57B0", "#A8480B", "#0F6B2F", "#8A2BA6", "#00707A", "#9B1C4B"];
    let series = |place: usize| Series {
        name: format!("v{place}"),
        hue: Hue::Nth(place),
        mark: Mark::Large,
        points: vec![(place as f64, 1.0)],
    };
    let (title, description) = (String::new(), String::new());
    let (x, y) = (Axis::numbers("x"), Axis::numbers("y"));
    let plot = Plot { title, description, x, y, series: (0..6).map(series).collect(), guide: Guide::None };
    let page = page_with(plot.chart().unwrap());
    let mut seen = Vec::new();
    for colour in colours {
        let found = shape(&page, colour);
        // In the chart and in its key.
        assert_eq!(found.len(), 2, "{colour}: {found:?}");
        assert_eq!(found[0], found[1], "{colour}");
        seen.push(found[0].clone());
    }
    assert_eq!(seen[0].0, "<circle");
    assert_eq!(seen.iter().map(|(_, corners)| *corners).collect::<Vec<_>>(), [0, 4, 3, 4, 3, 12], "{seen:?}");
    let time = |milliseconds: i64| Time::from_milliseconds(milliseconds).unwrap();
    let stretch = |place: usize| Stretch {
        name: format!("v{place}"),
        since: time(place as i64 * 3_600_000),
        until: Some(time((place as i64 + 1) * 3_600_000)),
        own: Some(place),
    };
    let lanes = vec![Lane { name: "production".to_owned(), stretches: (0..2).map(stretch).collect() }];
    let (title, description) = (String::new(), String::new());
    let page = page_with(Timeline { title, description, lanes, until: time(8_000_000) }.chart().unwrap());
    assert_eq!(shape(&page, "#0B57B0").len(), 2, "its time and the key");
    assert_eq!(shape(&page, "#A8480B").len(), 2);
    assert_eq!(
        page.lines().filter(|line| line.starts_with("<rect") && line.contains("fill=\"#FFFFFF\"")).count(),
        2,
        "the second is hollow"
    );
    // Lines of one colour are dashed by the page's style.
    for colour in &colours[1..] {
        assert!(page.contains(&format!("polyline[stroke=\"{colour}\"]{{stroke-dasharray:")), "{colour}");
    }
}

fn page_with(chart: Chart) -> String {
    let mut page = Document::new("charts");
    page.charts(&[chart]);
    page.finish(&Text::default())
}

#[test]
fn odd_times_and_shapes() {
    let time = |milliseconds: i64| Time::from_milliseconds(milliseconds).unwrap();
    let timeline = |stretches: Vec<Stretch>, until: Time| {
        let lanes = vec![Lane { name: "production".to_owned(), stretches }];
        Timeline { title: "t".to_owned(), description: String::new(), lanes, until }.chart()
    };
    let stretch = |since: i64, until: Option<i64>| Stretch {
        name: "v1".to_owned(),
        since: time(since),
        until: until.map(time),
        own: Some(0),
    };
    assert!(timeline(vec![], time(0)).is_none());
    // A clock that went back, a moment, the beginning of time.
    for (stretches, until) in [
        (vec![stretch(0, None)], time(0)),
        (vec![stretch(5_000, Some(1_000)), stretch(1_000, None)], time(10)),
        (vec![stretch(-60_000_000_000_000, Some(0)), stretch(0, None)], time(1_800_000_000_000)),
    ] {
        assert!(timeline(stretches.clone(), until).is_some(), "{stretches:?}");
    }
    let spark = |edges: Vec<f64>, counts: Vec<u64>| Spark { title: "t".to_owned(), edges, counts }.chart();
    assert!(spark(vec![0.0, 1.0, 1.0, 2.0], vec![1, 5, 2]).is_some());
    assert!(spark(vec![1.0, 1.0], vec![3]).is_none() && spark(vec![], vec![]).is_none());
    assert!(spark(vec![0.0, f64::NAN], vec![3]).is_none() && spark(vec![0.0, 1.0], vec![0]).is_none());
    assert!(spark(vec![-1e308, 1e308], vec![3]).is_none());
}
