//! The pages of reports: nothing that is put in becomes markup, in any of their forms; charts have words and tables.

use std::collections::BTreeSet;

use mlrun::clock::Time;
use mlrun::format::certificate::Verdict;
use mlrun::page::case::Beside;
use mlrun::page::chart::{Lane, Stretch};
use mlrun::page::report::site::{Holder, Model, index, listing, model, unread, version};
use mlrun::page::report::{
    ColumnDrift, ColumnShape, Curve, CurveKind, CurveLine, DataTable, History, HistoryRow, LayerChange, Life, MARKS,
    Quality, SampleLine, Samples, Tensors, Version, card, html,
};

use super::case::{case_of, elements};

fn time(day: u32) -> Time {
    Time::parse_rfc3339(&format!("2026-03-{day:02}T12:00:00Z")).unwrap()
}

/// A version with everything a report can tell, of which every word is this.
fn version_of(words: &str) -> Version {
    let w = || words.to_owned();
    let line = |place: usize, points: Vec<(f64, f64)>| CurveLine {
        model: w(),
        place,
        points,
        number: (place == 0).then_some(("AUC", 0.9)),
    };
    let curve = |kind: CurveKind| Curve {
        kind,
        of: Some(w()),
        lines: vec![
            line(0, vec![(0.0, 0.0), (0.1, 0.8), (1.0, 1.0)]),
            line(1, vec![(0.0, 0.0), (0.5, 0.6), (1.0, 1.0)]),
        ],
    };
    let kinds = [
        CurveKind::Roc,
        CurveKind::PrecisionRecall,
        CurveKind::Calibration,
        CurveKind::Errors,
        CurveKind::Predicted,
        CurveKind::Residuals,
    ];
    let history = |number: u32| HistoryRow {
        number,
        label: w(),
        made: time(number),
        stages: vec![w()],
        verdict: Some(Verdict::Pass),
        values: vec![Some(0.8 + 0.01 * f64::from(number)), (number == 2).then_some(f64::NAN)],
        is_own: number == 2,
        page: Some(w()),
    };
    let stretch = |day: u32, until: Option<u32>| Stretch {
        name: w(),
        since: time(day),
        until: until.map(time),
        is_own: day == 2,
    };
    let column = |drift: Result<ColumnDrift, String>| ColumnShape {
        name: w(),
        kind: w(),
        missing: 0.1,
        distinct: Some(3),
        mean: Some(1.5),
        sd: Some(0.5),
        ends: None,
        shape: Some(((0..11).map(f64::from).collect(), vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
        categories: vec![(w(), 3)],
        before: Some((0.0, Some(1.0))),
        drift: Some(drift),
    };
    let mut case = case_of(words);
    case.beside = Beside::Nothing;
    case.files.iter_mut().for_each(|file| file.entry = None);
    Version {
        case,
        life: Life {
            lanes: vec![Lane { name: w(), stretches: vec![stretch(1, Some(2)), stretch(2, None)] }],
            until: time(20),
        },
        history: History { metrics: vec![w(), w()], versions: (1..5).map(history).collect(), older: 1 },
        quality: vec![Quality { set: w(), rows: 3, notes: vec![w()], curves: kinds.map(curve).to_vec() }],
        samples: vec![Samples {
            set: w(),
            column: w(),
            notes: vec![w()],
            lines: vec![SampleLine {
                model: w(),
                place: 0,
                n: 3,
                points: vec![(1.0, 0.5), (2.0, 1.0)],
                quantiles: vec![(0.5, 1.0), (0.95, 2.0)],
            }],
        }],
        data: vec![DataTable {
            name: w(),
            rows: 30,
            against: Some(w()),
            note: None,
            is_same: false,
            columns: vec![
                column(Ok(ColumnDrift { psi: 0.2, p: 0.01, is_estimated: true })),
                ColumnShape { ends: Some((w(), w())), shape: None, ..column(Err(w())) },
            ],
        }],
        tensors: Some(Tensors {
            against: w(),
            layers: vec![
                LayerChange { layer: w(), tensors: 3, changed: 2, relative: Some(0.1), note: w() },
                LayerChange { layer: w(), tensors: 1, changed: 1, relative: None, note: w() },
            ],
        }),
        reproducibility: vec![(w(), true, w()), (w(), false, w())],
    }
}

fn model_of(words: &str) -> Model {
    let Version { life, history, .. } = version_of(words);
    let w = || words.to_owned();
    let stages = vec![Holder { stage: w(), version: w(), since: time(1), verdict: Some(Verdict::Fail) }];
    let newest = Some((w(), time(2)));
    Model { name: w(), description: Some(w()), life, stages, newest, history, head: (9, w()) }
}

/// Every page there is, by what it is.
fn pages_of(words: &str) -> Vec<(&'static str, String)> {
    let one = version_of(words);
    vec![
        ("one", html(std::slice::from_ref(&one))),
        ("side by side", html(&[one.clone(), one.clone()])),
        ("site", index(&[model_of(words)])),
        ("model", model(&model_of(words))),
        ("version", version(words, &one)),
        ("unread", unread(words, words, words)),
    ]
}

const HOSTILE: [&str; 12] = [
    "<script>window.polluted=1</script>",
    "\"><svg onload=alert(1)>",
    "'onmouseover='alert(1)",
    "</title></desc></svg></style></table><iframe src=//evil>",
    "<!-- ",
    "]]>",
    "javascript:alert(1)",
    "//evil.example/x?y#z",
    "&lt;b&gt; &amp; &#x3c; #0B57B0 \"#FFFFFF\"",
    "\u{202e}gnp.exe\u{200f} \u{0}\u{1b}[31m \u{fffe}\u{ffff}\u{e0041}a\u{200b}b\u{feff}",
    "=HYPERLINK(\"http://evil\")|[x](http://evil) ![y](http://evil) @ana `id`",
    "a\nb\tc\n# d\n---\ntags: [evil]",
];

#[test]
fn hostile_words_stay_words_on_every_page() {
    let shape = |page: &str| -> Vec<(String, Vec<String>)> {
        let of = |(name, all): (String, Vec<(String, String)>)| (name, all.into_iter().map(|(key, _)| key).collect());
        elements(page).into_iter().map(of).collect()
    };
    let harmless = pages_of("harmless");
    for words in HOSTILE {
        for ((kind, page), (_, expected)) in pages_of(words).iter().zip(&harmless) {
            assert!(shape(page) == shape(expected), "{kind}: {words:?}");
            for (name, attributes) in elements(page) {
                for (key, value) in attributes {
                    assert!(key != "href" || value.starts_with('#') || value.starts_with("./"), "{name} {key}={value}");
                    assert!(!["src", "style"].contains(&key.as_str()) && !key.starts_with("on"), "{name} {key}");
                }
            }
            assert!(
                !page.contains(['\0', '\u{1b}', '\u{202e}', '\u{200f}', '\u{fffe}', '\u{e0041}', '\u{feff}']),
                "{kind}: {words:?}"
            );
        }
    }
}

#[test]
fn pages_need_nothing_and_have_words_for_every_chart() {
    for (kind, page) in pages_of("harmless") {
        let elements = elements(&page);
        let none =
            ["script", "img", "iframe", "object", "embed", "link", "form", "base", "image", "use", "foreignobject"];
        assert!(elements.iter().all(|(name, _)| !none.contains(&name.as_str())), "{kind}");
        assert!(!page.contains("url(") && !page.contains("@import") && !page.contains("://"), "{kind}: no network");
        let count = |wanted: &str| elements.iter().filter(|(name, _)| name == wanted).count();
        let charts = count("svg");
        assert_eq!(
            (count("title"), count("desc")),
            (charts + 1, charts),
            "{kind}: one for each chart, one for the page"
        );
        assert_eq!(count("figure"), count("figcaption"), "{kind}");
        assert_eq!(count("table"), count("caption"), "{kind}");
        let is_image = |all: &[(String, String)]| all.iter().any(|(key, value)| key == "role" && value == "img");
        assert!(elements.iter().filter(|(name, _)| name == "svg").all(|(_, all)| is_image(all)), "{kind}");
        let ids: Vec<&String> =
            elements.iter().flat_map(|(_, all)| all.iter().filter(|(key, _)| key == "id").map(|(_, id)| id)).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{kind}");
        for (_, all) in elements.iter().filter(|(name, _)| name == "a") {
            let link = &all.iter().find(|(key, _)| key == "href").unwrap().1;
            assert!(link.strip_prefix('#').is_none_or(|id| ids.iter().any(|known| *known == id)), "{kind}: {link}");
        }
        let levels: Vec<u32> = elements.iter().filter_map(|(name, _)| name.strip_prefix('h')?.parse().ok()).collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{kind}: {levels:?}");
        // So that the next report may take its place.
        assert!(MARKS.iter().any(|mark| page[..1024.min(page.len())].contains(mark)), "{kind}");
    }
    // Six curves, two metrics of which one has numbers, a timeline, samples, drift, layers; the slices' forest.
    let one = html(&[version_of("harmless")]);
    let figures = elements(&one).into_iter().filter(|(name, _)| name == "figure").count();
    assert_eq!(figures, 6 + 1 + 1 + 1 + 1 + 1 + 1, "charts of one version");
    assert_eq!(one, html(&[version_of("harmless")]), "the same every time");
}

#[test]
fn what_is_not_known_is_said() {
    let mut version = version_of("x");
    version.quality.clear();
    version.samples.clear();
    version.tensors = None;
    version.history = History::default();
    version.life.lanes.clear();
    version.case.certificate = None;
    version.case.stays.clear();
    let page = html(&[version]);
    for words in [
        "No predictions are kept with it.",
        "No samples are kept with it.",
        "No metric was recorded with it.",
        "It has none: nobody compared it with anything by rules.",
        "It never held a stage.",
        "No rule of its certificate looks at slices.",
        "As of event 9 of its journal",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("id=\"tensors\""), "nobody looked");
}

#[test]
fn a_card_is_front_matter_and_harmless_markdown() {
    let text = card::markdown(&[version_of("harmless")]);
    assert!(text.starts_with("---\n# Written by mlrun report\ntags:\n- mlrun\n"), "{text}");
    for words in ["# harmless\n", "## Parameters", "## Hashes to check", "## Can it be made again?", "| PSI |"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    for words in HOSTILE {
        let text = card::markdown(&[version_of(words)]);
        assert_eq!(text.lines().filter(|line| *line == "---").count(), 2, "front matter ends once\n{text}");
        let (_, body) = text[4..].split_once("\n---\n").unwrap();
        for bad in ["<script", "<svg", "<iframe", "<!--", "](http://", "http://", "\u{1b}", "\u{202e}", "\n# d"] {
            assert!(!body.contains(bad), "{bad}: {words:?}\n{body}");
        }
        let spans = body.matches('`').count() - body.matches("\\`").count();
        assert_eq!(spans % 2, 0, "{words:?}");
    }
    let several = card::markdown(&[version_of("a"), version_of("b")]);
    assert!(
        several.starts_with("<!-- Written by mlrun report -->\n\n# a\n") && several.contains("\n---\n\n# b\n"),
        "{several}"
    );
    // Another program reads the front matter, hostile or not.
    let Some(python) = crate::support::python_with("yaml") else { return };
    for words in HOSTILE.iter().chain(&["harmless"]) {
        let text = card::markdown(&[version_of(words)]);
        let script = "import sys, yaml; d = yaml.safe_load(sys.stdin.read().split('\\n---\\n')[0][4:]); assert d['tags'] == ['mlrun'], d";
        let mut child = std::process::Command::new(&python)
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{words:?}");
    }
}

#[test]
fn a_sites_pages_lead_to_each_other() {
    let version_page = version("fraud/eu", &version_of("fraud/eu@v3"));
    assert!(version_page.contains("href=\"./../../index.html\"") && version_page.contains("href=\"./index.html\""));
    let mut one = model_of("x");
    one.name = "fraud/eu".to_owned();
    one.stages[0].version = "v3".to_owned();
    assert!(index(&[one.clone()]).contains("href=\"./models/fraud%2Beu/v3.html\""), "no folder in a folder");
    assert!(model(&one).contains("href=\"./v3.html\""));
    let listed = listing(&BTreeSet::from(["index.html".to_owned()]));
    assert!(listed.starts_with("mlrun site") && listed.ends_with("\nindex.html\n"), "{listed}");
    // Every version is listed: one that is not could not be found.
    let row = one.history.versions[0].clone();
    one.history.versions = (1..=1500).map(|number| HistoryRow { number, ..row.clone() }).collect();
    assert_eq!(model(&one).matches("<time").count(), 1500 + 1 + 3, "versions, a stage, times in it");
}
