//! The pages of reports: nothing that is put in becomes markup, in any of their forms; charts have words and tables.

use std::collections::BTreeSet;

use mlrun::certify::{ChangedAnswers, NamedRow, NumbersChanged, SidesChanged, SliceChange, What};
use mlrun::clock::Time;
use mlrun::compare::tensors::SettingItem;
use mlrun::compare::tensors::extent::Extent;
use mlrun::compare::{
    Change, CodeDiff, ColumnChange, Command, DataFacts, Diff, Direction, EnvironmentFact, EnvironmentKind, FileFacts,
    Inside, Item, PredictionsDiff, ResultsDiff, RowsCompared, RowsDiff, SampleFacts, SamplesDiff, SchemaChange, Sign,
    TableDiff, TextDiff, TextHunk,
};
use mlrun::evidence::RowChanges;
use mlrun::format::certificate::Verdict;
use mlrun::format::scalar::Scalar;
use mlrun::name::SetName;
use mlrun::page::case::Beside;
use mlrun::page::chart::{Lane, Stretch};
use mlrun::page::report::site::{Holder, Model, index, listing, model, unread, version};
use mlrun::page::report::{
    Bounded, Changes, ColumnDrift, ColumnShape, Curve, CurveKind, CurveLine, DataTable, History, HistoryRow,
    LayerChange, Life, MARKS, Quality, SampleLine, Samples, SetUse, SliceRow, SliceValue, Sliced, Tensors, Version,
    html, markdown,
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
        numbers: if place == 0 { vec![("AUC", 0.9), ("AP", 0.8)] } else { Vec::new() },
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
        own: (number == 2).then_some(0),
        page: Some(w()),
    };
    let stretch = |day: u32, until: Option<u32>| Stretch {
        name: w(),
        since: time(day),
        until: until.map(time),
        own: (day == 2).then_some(0),
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
        lists_all: false,
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
        quality: vec![Quality {
            set: w(),
            rows: 3,
            notes: vec![w()],
            curves: kinds.map(curve).to_vec(),
            slices: vec![sliced_of(words)],
        }],
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
            instead: None,
            layers: vec![
                LayerChange { layer: w(), file: w(), tensors: 3, changed: 2, extent: Extent::Relative(0.1), note: w() },
                LayerChange { layer: w(), file: w(), tensors: 1, changed: 1, extent: Extent::NotFinite(1), note: w() },
            ],
        }),
        reproducibility: vec![(w(), true, w()), (w(), false, w())],
        stale: vec![w()],
        changes: Some(Changes { before: w(), diff: diff_of(words), notes: vec![w()] }),
        uses: vec![SetUse { set: w(), ordinal: 2, candidates: 3 }],
        description: Some(w()),
    }
}

/// Everything that can be different.
fn diff_of(words: &str) -> Diff {
    fn item<T: Clone>(words: &str, fact: T) -> Item<T> {
        let change = Change::Renamed(words.to_owned());
        Item { name: words.to_owned(), change, a: Some(fact.clone()), b: Some(fact) }
    }
    let w = || words.to_owned();
    let file = || FileFacts { content: w(), size: 1000, executable: false };
    let hunk = TextHunk { head: w(), lines: vec![(Sign::Added, w())] };
    let fact = EnvironmentFact { kind: EnvironmentKind::Package, language: Some(w()), value: w(), origin: None };
    let data = DataFacts { sha256: Some(w()), rows: Some(3), size: 9, columns: None, checksum: None, logical: None };
    Diff {
        files: vec![item(words, file())],
        params: vec![item(words, Scalar::Text(w()))],
        metrics: vec![item(words, Scalar::Float(0.5))],
        seeds: vec![item(words, Scalar::Text(w()))],
        data: vec![item(words, data)],
        environment: vec![item(words, fact)],
        results: vec![item(words, file())],
        code: CodeDiff {
            commit: Some((Some(w()), None)),
            files: vec![item(words, file())],
            inside: [(w(), Inside::Text(TextDiff { added: 1, removed: 0, hunks: vec![hunk] }))].into(),
            ..CodeDiff::default()
        },
        command: Some((Some(Command { argv: vec![w()], folder: None }), None)),
        notes: Some((Some(w()), None)),
        ..Diff::default()
    }
}

/// A slice that is known, and one that is not.
fn sliced_of(words: &str) -> Sliced {
    let w = || words.to_owned();
    let bounded = |value: f64| Bounded { value, lower: value - 0.1, upper: value + 0.1 };
    let row = |slice: Option<String>, found: Result<f64, String>| SliceRow {
        slice,
        values: (0..2)
            .map(|place| SliceValue { model: w(), place, rows: 30, value: found.clone().map(bounded) })
            .collect(),
        difference: Some(found.map(|value| bounded(value - 0.5))),
    };
    Sliced {
        metric: w(),
        column: w(),
        is_higher_better: true,
        confidence: 0.95,
        rows: vec![row(None, Ok(0.8)), row(Some(w()), Ok(0.2)), row(Some(w()), Err(w()))],
        left_out: (2, 7),
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

const HOSTILE: [&str; 13] = [
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
    // To be read by machines alone.
    "\u{e0041}\u{e0042}\u{200b}\u{2060}\u{feff}",
];

#[test]
fn hostile_words_stay_words_on_every_page() {
    let shape = |page: &str| -> Vec<(String, Vec<String>)> {
        // Of a long name that it is one.
        let is_said = |name: &str, key: &str| name == "code" && key == "class";
        let of = |(name, all): (String, Vec<(String, String)>)| {
            let keys = all.into_iter().map(|(key, _)| key).filter(|key| !is_said(&name, key)).collect();
            (name, keys)
        };
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
                !page.contains([
                    '\0',
                    '\u{1b}',
                    '\u{202e}',
                    '\u{200f}',
                    '\u{fffe}',
                    '\u{e0041}',
                    '\u{200b}',
                    '\u{2060}',
                    '\u{feff}'
                ]),
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
    // Six curves, two metrics of which one has numbers, a timeline, samples, drift, layers; the slices' forests: of a rule, of predictions, of their difference.
    let one = html(&[version_of("harmless")]);
    let figures = elements(&one).into_iter().filter(|(name, _)| name == "figure").count();
    assert_eq!(figures, 6 + 1 + 1 + 1 + 1 + 1 + 3, "charts of one version");
    assert_eq!(one, html(&[version_of("harmless")]), "the same every time");
}

/// Above everything else: whether it is good, where it is, what it is; and what keeps it out.
#[test]
fn a_page_begins_with_what_people_ask() {
    let mut version = version_of("x");
    version.case.label = "fraud@v3".to_owned();
    version.description = Some("card payments".to_owned());
    version.case.blocks = vec![("production".to_owned(), "it burns".to_owned(), time(3))];
    let page = html(std::slice::from_ref(&version));
    let (head, _) = page.split_once("<nav").unwrap();
    for words in
        ["Is it good?", "Where is it?", "What is it?", "card payments", "kept out", "it burns", "1 of 1 result failed"]
    {
        assert!(head.contains(words), "{words}\n{head}");
    }
    let card = markdown(&[version.clone()]);
    let (head, _) = card.split_once("\n## ").unwrap();
    assert!(head.contains("card payments") && head.contains("**Kept out of production:** it burns"), "{head}");
    // Without a certificate there are the numbers of its training, called so.
    version.case.certificate = None;
    version.changes = None;
    version.stale.clear();
    version.case.record.metrics = [("auc".to_owned(), serde_json::from_str("0.875").unwrap())].into();
    version.case.stays.clear();
    let page = html(&[version]);
    let (head, _) = page.split_once("<nav").unwrap();
    for words in ["no certificate", "in no stage", "<strong>0.875</strong>", "by its training"] {
        assert!(head.contains(words), "{words}\n{head}");
    }
}

/// Lines of code, which way a metric went, and no more of a long value than anybody reads.
#[test]
fn what_changed_is_told_and_not_only_by_digests() {
    let mut version = version_of("x");
    let long = "L".repeat(20_000);
    let mut diff = diff_of("train.py");
    diff.params[0].b = Some(Scalar::Text(long.clone()));
    diff.metrics[0] = Item {
        name: "log_loss".to_owned(),
        change: Change::Changed,
        a: Some(Scalar::Float(0.5)),
        b: Some(Scalar::Float(0.75)),
    };
    diff.directions = [("log_loss".to_owned(), Direction::Lower)].into();
    diff.files[0].a = Some(FileFacts { content: "ab".repeat(32), size: 12_345, executable: false });
    let package = |value: &str| EnvironmentFact {
        kind: EnvironmentKind::Package,
        language: Some("python".to_owned()),
        value: value.to_owned(),
        origin: None,
    };
    diff.environment[0] = Item {
        name: "numpy".to_owned(),
        change: Change::Changed,
        a: Some(package("1.26.4")),
        b: Some(package("2.1.0")),
    };
    version.changes = Some(Changes { before: "fraud@v1".to_owned(), diff, notes: Vec::new() });
    let page = html(std::slice::from_ref(&version));
    for words in [
        "Against fraud@v1.",
        "train.py (+1 −0 lines)",
        "<td class=\"number\">+0.25</td><td>looks worse</td>",
        "major, up",
        "12,345 bytes, <code title=\"abab",
        "(20,000 characters)",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains(&long[..300]));
    // Of several versions each is told against the one before it.
    let several = html(&[version_of("y"), version]);
    assert!(several.contains("Against fraud@v1.") && several.contains("id=\"changes\""));
}

/// Each of the versions of a page is told apart in the stages of their model; the others are in the background.
#[test]
fn versions_side_by_side_have_colours_of_their_own() {
    let version = |number: u32| {
        let mut version = version_of("x");
        version.case.label = format!("fraud@v{number}");
        let stretch = |number: u32| Stretch {
            name: format!("v{number}"),
            since: time(number),
            until: Some(time(number + 1)),
            own: None,
        };
        version.life.lanes = vec![Lane { name: "production".to_owned(), stretches: [1, 2, 3].map(stretch).to_vec() }];
        version
    };
    let page = html(&[version(1), version(3)]);
    let (_, chart) = page.split_once("Stages of fraud over time</title>").unwrap();
    let (chart, _) = chart.split_once("</svg>").unwrap();
    let bars = |colour: &str| chart.matches(&format!("fill=\"{colour}\"")).count();
    // On its stage, and in the key above; the second is an outline, so that it is another one without colours, too.
    assert_eq!((bars("#0B57B0"), bars("#A8480B"), bars("#C9CDD2")), (2, 2, 1), "{chart}");
    assert_eq!(bars("#FFFFFF"), 2 + 1, "the insides of the outlines, and a name on the solid one\n{chart}");
}

/// Two were read on the rows that both have; where nothing can be read of the second, the first is drawn, and why not both.
#[test]
fn predictions_of_two_versions_stand_once() {
    let (first, mut second) = (version_of("first"), version_of("second"));
    second.quality[0].set = "first".to_owned();
    let titles = |page: &str| -> Vec<String> {
        let all = page.split("<figcaption>").skip(1);
        all.map(|rest| rest.split('<').next().unwrap().to_owned()).filter(|title| title.starts_with("ROC")).collect()
    };
    assert_eq!(titles(&html(&[first.clone(), second.clone()])), ["ROC curve of second, first"]);
    second.quality[0] =
        Quality { set: "first".to_owned(), notes: vec!["second: its table is gone".to_owned()], ..Quality::default() };
    let page = html(&[first.clone(), second.clone()]);
    assert_eq!(titles(&page), ["ROC curve of first, first"]);
    assert!(page.contains("second: its table is gone"));
    second.quality.clear();
    assert_eq!(titles(&html(&[first, second])), ["ROC curve of first, first"]);
}

/// A rule on slices that came out without numbers is a rule on slices.
#[test]
fn a_rule_on_slices_without_numbers_is_not_passed_over() {
    let mut version = version_of("x");
    let predicate = &mut version.case.certificate.as_mut().unwrap().statement.predicate;
    let text =
        "schema = 1\ntask = \"binary\"\n[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\nmin = 0.5\neach = [\"country\"]\n";
    let parsed = mlrun::certify::policy::parse(text).unwrap();
    predicate.policy = mlrun::certify::policy::resolve(&parsed).unwrap();
    for result in &mut predicate.results {
        (result.slice, result.parts) = (None, Vec::new());
    }
    let page = html(&[version]);
    assert!(page.contains("Rules of its certificate look at slices, and found no numbers for them."));
    assert!(!page.contains("No rule of its certificate"));
}

/// Which way is better is for the metric to say; a difference that may be none is neither.
#[test]
fn slices_say_whether_they_are_better_or_worse() {
    let bounded = |value: f64| Bounded { value, lower: value - 0.1, upper: value + 0.1 };
    let row = |name: &str, difference: f64| SliceRow {
        slice: Some(name.to_owned()),
        values: [("fraud@v2", 0.5 + difference), ("fraud@v1", 0.5)]
            .into_iter()
            .enumerate()
            .map(|(place, (model, value))| SliceValue {
                model: model.to_owned(),
                place,
                rows: 40,
                value: Ok(bounded(value)),
            })
            .collect(),
        difference: Some(Ok(bounded(difference))),
    };
    let mut version = version_of("x");
    let sliced = |is_higher_better: bool| Sliced {
        metric: "mae".to_owned(),
        column: "plan".to_owned(),
        is_higher_better,
        confidence: 0.95,
        rows: vec![row("plan=de", 0.3), row("plan=fr", 0.05), row("plan=it", -0.3)],
        left_out: (0, 0),
    };
    let mut page = |is_higher_better: bool| {
        version.quality[0].slices = vec![sliced(is_higher_better)];
        html(std::slice::from_ref(&version))
    };
    let higher = page(true);
    let descriptions: Vec<&str> = higher.split("<desc>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
    assert!(higher.contains("<desc>Better in plan=de (40); worse in plan=it (40).</desc>"), "{descriptions:?}");
    assert!(page(false).contains("<desc>Better in plan=it (40); worse in plan=de (40).</desc>"));
    for words in [
        "v2: 0.8",
        "v1: 0.5",
        "not clear",
        "mae (v2 minus v1)",
        "mae (more is better)",
        "<td class=\"number\">0.8 (0.7 to 0.9)</td>",
        "3 slices. fraud@v2: from 0.2 in plan=it to 0.8 in plan=de.",
    ] {
        assert!(higher.contains(words), "{words}");
    }
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
        "No column beside its predictions says which slice a row is in",
        "As of event 9 of its journal",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("id=\"tensors\""), "nobody looked");
}

#[test]
fn a_card_is_front_matter_and_harmless_markdown() {
    let text = markdown(&[version_of("harmless")]);
    assert!(text.starts_with("---\n# Written by mlrun report\ntags:\n- mlrun\n"), "{text}");
    for words in ["# harmless\n", "## Parameters", "## Hashes to check", "## Can it be made again?", "| PSI |"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    for words in HOSTILE {
        let text = markdown(&[version_of(words)]);
        assert_eq!(text.lines().filter(|line| *line == "---").count(), 2, "front matter ends once\n{text}");
        let (_, body) = text[4..].split_once("\n---\n").unwrap();
        for bad in ["<script", "<svg", "<iframe", "<!--", "](http://", "http://", "\u{1b}", "\u{202e}", "\n# d"] {
            assert!(!body.contains(bad), "{bad}: {words:?}\n{body}");
        }
        let spans = body.matches('`').count() - body.matches("\\`").count();
        assert_eq!(spans % 2, 0, "{words:?}");
    }
    // Another program reads the front matter, hostile or not.
    let Some(python) = crate::support::python_with("yaml") else { return };
    for words in HOSTILE.iter().chain(&["harmless"]) {
        let text = markdown(&[version_of(words)]);
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

/// One document: each thing once, with a column for each version; what changed is told from the first on.
#[test]
fn several_versions_are_one_document_of_markdown() {
    let labelled = |number: u32, auc: &str| {
        let mut version = version_of("x");
        version.case.label = format!("fraud@v{number}");
        version.case.record.metrics = [("auc".to_owned(), serde_json::from_str(auc).unwrap())].into();
        version
    };
    let (first, mut second, third) = (labelled(1, "0.5"), labelled(2, "0.75"), labelled(3, "{\"float\":\"nan\"}"));
    let changes = second.changes.as_mut().unwrap();
    changes.before = "fraud@v1".to_owned();
    changes.diff.directions = [("auc".to_owned(), Direction::Higher)].into();
    let text = markdown(&[first.clone(), second.clone()]);
    for words in [
        "<!-- Written by mlrun report -->\n\n# fraud@v1, fraud@v2\n",
        "|  | fraud@v1 | fraud@v2 |\n|---|---|---|\n| certificate | ",
        "\n| auc | 0.5 | 0.75 | +0.25 | looks better |\n",
        "\n## fraud@v1 → fraud@v2\n",
        "\n### parameters\n",
        "\n## Where they come from\n",
        "\n| snapshot | ",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    for once in ["# fraud@v1, fraud@v2\n", "| auc |", "Where they come from", "| snapshot |", "### parameters"] {
        assert_eq!(text.matches(once).count(), 1, "{once}\n{text}");
    }
    assert!(!text.contains("### metrics"), "they stand above");
    let text = markdown(&[first, second, third]);
    assert!(text.contains("\n| auc | 0.5 | 0.75 | +0.25 | looks better | nan |  |  |\n"), "{text}");
    assert_eq!(text.matches("\n### parameters\n").count(), 2, "each against the first");
    for words in HOSTILE {
        let text = markdown(&[version_of(words), version_of(words)]);
        // In a fence every word is a word; nothing in it ends it.
        let mut fenced = false;
        let lines = text.lines().skip(1).filter(|line| {
            fenced ^= line.starts_with("```");
            !fenced
        });
        let body = lines.collect::<Vec<_>>().join("\n");
        assert!(!fenced, "{words:?}");
        for bad in ["<script", "<svg", "<iframe", "<!--", "](http://", "http://", "\u{1b}", "\u{202e}", "\n# d"] {
            assert!(!body.contains(bad), "{bad}: {words:?}\n{body}");
        }
        // A row has as many cells as its head: nothing foreign begins another.
        let mut cells = None;
        for line in body.lines() {
            let count = line.replace("\\|", "").matches('|').count();
            match cells {
                Some(expected) if line.starts_with('|') => assert_eq!(count, expected, "{words:?}\n{line}"),
                _ => cells = line.starts_with('|').then_some(count),
            }
        }
    }
}

/// What is said of two versions, on the page of both.
#[test]
fn metrics_of_two_versions_stand_with_their_difference() {
    let labelled = |number: u32, metrics: &str| {
        let mut version = version_of("x");
        version.case.label = format!("fraud@v{number}");
        version.case.record.metrics = serde_json::from_str(metrics).unwrap();
        version
    };
    let first =
        labelled(1, "{\"auc\": 0.5, \"loss\": 0.25, \"same\": 1, \"gone\": 3, \"n\": {\"int\": \"9007199254740993\"}}");
    let mut second = labelled(
        2,
        "{\"auc\": 0.75, \"loss\": {\"float\": \"nan\"}, \"same\": 1, \"n\": {\"int\": \"9007199254740992\"}}",
    );
    second.changes.as_mut().unwrap().diff.directions = [("auc".to_owned(), Direction::Lower)].into();
    let page = html(&[first, second]);
    let (_, table) = page.split_once("<caption>As their training reported them").unwrap();
    let row = |name: &str| {
        table.split(&format!("<tr><td><code>{name}</code></td>")).nth(1).unwrap().split("</tr>").next().unwrap()
    };
    let number = |cell: &str| format!("<td class=\"number\">{cell}</td>");
    let (dash, nan) = ("<span class=\"dim\">–</span>", "<span class=\"open\">NaN</span>");
    let word = |tone: &str, word: &str| format!("<td><span class=\"{tone}\">{word}</span></td>");
    assert_eq!(
        row("auc"),
        [number("0.5"), number("0.75"), number("+0.25"), "<td>looks worse</td>".to_owned()].concat()
    );
    assert_eq!(row("same"), [number("1"), number("1"), number("0"), word("dim", "the same")].concat());
    assert!(row("n").contains(&number("-1")), "every digit: {}", row("n"));
    assert_eq!(row("gone"), [number("3"), number(dash), number(""), "<td></td>".to_owned()].concat());
    assert_eq!(
        row("loss"),
        [number("0.25"), number(nan), number(""), "<td></td>".to_owned()].concat(),
        "it was reported"
    );
}

/// Over versions, too, NaN is what somebody reported.
#[test]
fn a_metric_that_is_nan_is_told_from_one_that_was_never_reported() {
    let page = html(&[version_of("x")]);
    let (_, table) = page.split_once("newest first (–: no number reported)</caption>").unwrap();
    let (table, _) = table.split_once("</table>").unwrap();
    assert_eq!(table.matches("<span class=\"open\">NaN</span>").count(), 1, "{table}");
    assert_eq!(table.matches("<span class=\"dim\">–</span>").count(), 3, "{table}");
}

#[test]
fn long_names_fill_no_screen() {
    let mut version = version_of("x");
    let long = "L".repeat(3000);
    version.history.metrics = vec![long.clone(), long.clone()];
    version.samples[0].set.clone_from(&long);
    version.data[0].name.clone_from(&long);
    version.quality[0].slices[0].column.clone_from(&long);
    for page in [html(std::slice::from_ref(&version)), html(&[version.clone(), version.clone()])] {
        for tag in ["<caption>", "<figcaption>", "<summary>", "<th scope=\"col\" class=\"number\">", "aria-label=\""] {
            let longest = page.split(tag).skip(1).map(|rest| rest.find(['<', '"']).unwrap()).max().unwrap();
            assert!(longest < 260, "{tag}: {longest}");
        }
        assert!(page.contains(&format!("{}… (3,000 characters)</th>", "L".repeat(80))));
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

#[test]
fn a_layer_that_became_nan_is_not_said_to_have_changed_by_nothing() {
    let layer = |name: &str, extent| LayerChange { layer: name.to_owned(), extent, ..LayerChange::default() };
    let mut version = version_of("x");
    let layers = vec![layer("broken", Extent::NotFinite(3)), layer("moved", Extent::Relative(0.25))];
    version.tensors = Some(Tensors { against: "m@v1".to_owned(), layers, instead: None });
    let page = html(std::slice::from_ref(&version));
    let row = |name: &str| page.find(&format!("<code>{name}</code>")).unwrap();
    assert!(row("broken") < row("moved"), "in the order of all listings");
    assert!(page[row("broken")..row("moved")].contains("NaN/inf"), "no number");
    assert!(page.contains("Most changed: moved by 0.25"), "a chart of what can be measured");
    let command = Some("mlrun diff m@v1 m@v2 --only tensors".to_owned());
    version.tensors = Some(Tensors { instead: command, ..Tensors::default() });
    let page = html(&[version]);
    assert!(page.contains("mlrun diff m@v1 m@v2 --only tensors"), "what was not read can be compared");
    assert!(!page.contains("No tensor is different"));
}

/// A version of a logistic regression that a forest took the place of.
fn replaced() -> Version {
    let mut version = version_of("x");
    version.case.label = "churn@v2".to_owned();
    version.case.certificate = None;
    version.case.observation.found = Some(
        serde_json::from_value(serde_json::json!({"files": [{
            "path": "model/churn.joblib", "sha256": null, "format": "sklearn-joblib", "class": "sklearn.pipeline.Pipeline",
            "library": {"name": "scikit-learn", "version": "1.9.1"},
            "params": {"steps": [["pre", "<sklearn.preprocessing._data.StandardScaler>"], ["clf", "<sklearn.ensemble._forest.RandomForestClassifier>"]],
                       "clf__max_depth": 6, "clf__class_weight": null, "clf__verbose": 0, "clf__criterion": "gini", "pre__copy": true},
            "seeds": {"clf__random_state": 7},
            "tensors": {"count": 2, "elements": 23, "dtypes": {"<f4": 2}, "sha256": "0".repeat(64)},
        }]}))
        .unwrap(),
    );
    let setting = |name: &str, a: &str, b: &str| SettingItem {
        file: "model/churn.joblib".to_owned(),
        item: Item {
            name: name.to_owned(),
            change: Change::Changed,
            a: Some(Scalar::Text(a.to_owned())),
            b: Some(Scalar::Text(b.to_owned())),
        },
    };
    let mut diff = Diff::default();
    diff.tensors.settings = vec![
        setting("clf", "<sklearn.linear_model.LogisticRegression>", "<sklearn.ensemble.RandomForestClassifier>"),
        setting("clf__tol", "0.1", "0.2"),
    ];
    let sides = SidesChanged {
        what: What::Flips,
        worse: 9,
        better: 4,
        slices: vec![
            SliceChange { slice: "country=DE".to_owned(), rows: 70, worse: 8, better: 1 },
            SliceChange { slice: "country=FR".to_owned(), rows: 30, worse: 1, better: 3 },
        ],
    };
    let named = NamedRow {
        key: "row_id=17".to_owned(),
        label: "1".to_owned(),
        candidate: "0.2".to_owned(),
        baseline: Some("0.9".to_owned()),
        new: true,
    };
    let answers = ChangedAnswers {
        rows: 100,
        agreement: Ok(0.87),
        sides: Ok(Some(sides)),
        numbers: Some(NumbersChanged { of: "scores", changed: 99, mean: 0.125, largest: 0.75 }),
        largest: vec![named],
    };
    let rows = RowsCompared { both: 100, only_a: 2, only_b: 0, relabelled: 0, answers: Ok(answers) };
    let set: SetName = "test".parse().unwrap();
    diff.predictions = vec![PredictionsDiff { set, change: Change::Changed, task: None, rows: Some(Ok(rows)) }];
    let facts = |rows: u64| DataFacts {
        sha256: Some("ab".repeat(32)),
        rows: Some(rows),
        size: 9,
        columns: None,
        checksum: None,
        logical: None,
    };
    diff.data =
        vec![Item { name: "train".to_owned(), change: Change::Changed, a: Some(facts(3_000)), b: Some(facts(3_400)) }];
    let table = TableDiff {
        schema: vec![SchemaChange { column: "income".to_owned(), change: ColumnChange::Added("float".to_owned()) }],
        rows: Ok(RowsDiff {
            key: vec!["customer_id".to_owned()],
            without: Vec::new(),
            doubt: None,
            changes: RowChanges { added: 400, removed: 0, changed: Some(2_999) },
        }),
        drift: Err("no profile".to_owned()),
        moves: Default::default(),
    };
    diff.tables = [("train".to_owned(), table)].into();
    let side = |n: u64, p99: f64| Some(Ok(SampleFacts { n, quantiles: [10.0, 20.0, p99] }));
    diff.of_results = ResultsDiff {
        files: Some(vec![Item {
            name: "results/plot.png".to_owned(),
            change: Change::Added,
            a: None,
            b: Some(FileFacts { content: "cd".repeat(32), size: 7, executable: false }),
        }]),
        elsewhere: vec![(
            Item { name: "results/p.csv".to_owned(), change: Change::Changed, a: None, b: None },
            "predictions.test".to_owned(),
        )],
        samples: vec![SamplesDiff {
            set: "latency".to_owned(),
            column: "ms".to_owned(),
            change: Change::Changed,
            a: side(600, 30.0),
            b: side(600, 36.0),
        }],
        ..ResultsDiff::default()
    };
    version.stale = vec!["`test` is churn@v1's, byte for byte, although the model is another".to_owned()];
    version.changes = Some(Changes { before: "churn@v1".to_owned(), diff, notes: Vec::new() });
    version
}

/// The class, what it is set to, what came in its place, which answers and rows changed: on the page and in the card.
#[test]
fn what_the_model_is_and_what_changed_in_it_is_told() {
    let version = replaced();
    let page = html(std::slice::from_ref(&version));
    let (head, body) = page.split_once("<nav").unwrap();
    for words in [
        "Pipeline: StandardScaler → RandomForestClassifier, scikit-learn 1.9.1, 2 tensors with 23 numbers (&lt;f4)",
        "max_depth 6, criterion gini",
        "although the model is another",
    ] {
        assert!(head.contains(words), "{words}\n{head}");
    }
    let row = |cells: &[&str]| {
        let cell = |cell: &&str| match cell.strip_prefix('#') {
            Some(number) => format!("<td class=\"number\">{number}</td>"),
            None => format!("<td>{cell}</td>"),
        };
        format!("<tr>{}</tr>", cells.iter().map(cell).collect::<String>())
    };
    for cells in [
        vec!["country=DE", "#70", "#8", "#1"],
        vec!["<code>row_id=17</code>", "1", "0.9", "0.2", "<span class=\"bad\">worse</span>"],
        vec!["p99", "#30", "#36", "#+6", "#+20 %"],
        vec!["<code>clf__tol</code>", "changed", "<code>0.1</code>", "<code>0.2</code>"],
        vec!["<code>clf__random_state</code>", "<code>7</code>", "<code>model/churn.joblib</code>"],
        vec!["income added (float)"],
    ] {
        assert!(body.contains(&row(&cells)), "{cells:?}\n{body}");
    }
    for words in [
        "sklearn.ensemble.RandomForestClassifier&gt;",
        "<td class=\"number\">87 %</td><td class=\"number\">9</td><td class=\"number\">4</td>",
        "not counted: 2 only before",
        "400 only now, 0 only before, 2,999 changed; by customer_id",
        "<code>results/p.csv</code> (predictions.test)",
        "<code>results/plot.png</code></td><td>added",
    ] {
        assert!(body.contains(words), "{words}\n{body}");
    }
    assert!(!body.contains("country=FR"), "it won");
    let card = markdown(&[version]);
    for words in [
        "| model/churn.joblib | Pipeline: StandardScaler → RandomForestClassifier, scikit-learn 1.9.1, 2 tensors",
        "LogisticRegression",
        "flips: 9 right → wrong, 4 wrong → right",
        "| p99 | 30 | 36 | +6 | +20 % |",
        "although the model is another",
    ] {
        assert!(card.contains(words), "{words}\n{card}");
    }
}

/// A column of few values has a bar for each, as wide as every other: nothing lies between 0 and 1.
#[test]
fn a_column_of_few_values_is_no_density() {
    let mut version = version_of("x");
    let column = &mut version.data[0].columns[0];
    column.categories = vec![("0".to_owned(), 250), ("1".to_owned(), 750)];
    column.lists_all = true;
    let page = html(&[version]);
    let (_, spark) = page.split_once("<title>Rows with each value of x: 0: 250, 1: 750</title>").unwrap();
    let bars = elements(&format!(
        "<!DOCTYPE html>\n<svg>{}</svg>",
        spark.split("</svg>").next().unwrap().split_once("</desc>").unwrap().1
    ));
    let of = |bar: &(String, Vec<(String, String)>), wanted: &str| -> f64 {
        bar.1.iter().find(|(key, _)| key == wanted).unwrap().1.parse().unwrap()
    };
    let bars: Vec<_> = bars.iter().filter(|(name, _)| name == "rect").collect();
    assert_eq!(bars.len(), 2);
    assert_eq!(of(bars[0], "width"), of(bars[1], "width"));
    assert!((of(bars[1], "height") / of(bars[0], "height") - 3.0).abs() < 0.1, "{bars:?}");
}
