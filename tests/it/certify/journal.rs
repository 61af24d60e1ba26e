//! What the journal adds to a case: regression cases, waivers, uses of a set. Nothing undefined is right.

use mlrun::certify::{CaseRows, Waived};
use mlrun::clock::Time;
use mlrun::digest::Digest;
use mlrun::evidence::{JoinedRows, PredictedColumns, TruthColumn, join, read_predictions};
use mlrun::format::cases::{CaseRecord, CasesRecord, Match, NumberedCaseRecord};
use mlrun::format::certificate::{ResultRecord, Verdict, WaiverRecord};
use mlrun::format::event::EventRef;
use mlrun::format::policy::Task;
use mlrun::format::snapshot::PredictionColumns;
use mlrun::id::EventId;

use super::scene::{Scene, outcomes, reason, rules, set};

const FLOOR: &str = "[[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.1\n";

fn one(number: u32, key: &str, expected: &str) -> NumberedCaseRecord {
    let (key, expected, reason) = (vec![key.to_owned()], expected.to_owned(), format!("reason {number}"));
    let case = CaseRecord { key, expected, threshold: None, tolerance: None, answers: None, reason };
    NumberedCaseRecord { number, set: set("test"), columns: vec!["k".to_owned()], case }
}

/// Rows with the keys a, b, c and these labels.
fn rows(task: Task, labels: [&str; 3]) -> JoinedRows {
    let columns = PredictionColumns {
        key: vec!["k".to_owned()],
        label: "y".to_owned(),
        prediction: Some("y".to_owned()),
        ..PredictionColumns::default()
    };
    let csv = format!("k,y\na,{}\nb,{}\nc,{}\n", labels[0], labels[1], labels[2]);
    let table = read_predictions(csv.into_bytes(), "p.csv", &columns, task, &[]).unwrap();
    let joined = join(&set("test"), task, table, None).unwrap();
    JoinedRows { candidate: PredictedColumns::default(), ..joined }
}

fn judged(mut scene: Scene, joined: JoinedRows, cases: Vec<NumberedCaseRecord>) -> (Verdict, ResultRecord) {
    scene.history.case_rows.insert(set("test"), CaseRows { rows: Ok(joined), positive: None });
    scene.history.cases = cases;
    let predicate = scene.judge().predicate;
    let result = predicate.results.into_iter().find(|result| result.rule == "cases").unwrap();
    (predicate.verdict, result)
}

/// Three cases that are right if the scores are.
pub fn three() -> Vec<NumberedCaseRecord> {
    vec![one(1, "a", "1"), one(2, "b", "0"), one(3, "c", "1")]
}

pub fn binary(scores: [f64; 3], cases: Vec<NumberedCaseRecord>) -> (Verdict, ResultRecord) {
    of_two(Some(scores), None, cases)
}

/// The same of scores, of classes that were predicted, or of both.
pub fn of_two(
    scores: Option<[f64; 3]>,
    classes: Option<[u32; 3]>,
    cases: Vec<NumberedCaseRecord>,
) -> (Verdict, ResultRecord) {
    fn sorted<T: Copy + Default>(joined: &JoinedRows, of: [T; 3]) -> Vec<T> {
        let mut sorted = vec![T::default(); 3];
        let place = |key: &str| joined.place(&[key.to_owned()]).unwrap();
        ["a", "b", "c"].into_iter().zip(of).for_each(|(key, one)| sorted[place(key)] = one);
        sorted
    }
    let joined = rows(Task::Binary, ["1", "0", "1"]);
    let candidate = PredictedColumns {
        scores: scores.map(|scores| sorted(&joined, scores)),
        classes: classes.map(|classes| sorted(&joined, classes)),
        ..PredictedColumns::default()
    };
    judged(Scene::on(outcomes(80, 3, 7, 10), FLOOR), JoinedRows { candidate, ..joined }, cases)
}

#[test]
fn a_case_is_right_wrong_or_not_known() {
    let all = three;
    let (verdict, result) = binary([0.5, 0.49, 0.9], all());
    assert_eq!((verdict, result.verdict, result.n), (Verdict::Pass, Verdict::Pass, 3));
    let (verdict, result) = binary([0.4, 0.6, 0.9], all());
    assert_eq!((verdict, result.verdict, result.candidate), (Verdict::Fail, Verdict::Fail, Some(2.0)));
    assert_eq!(
        reason(&result),
        "2 of 3 wrong: c1 k=a: predicted `negative`, right is `1` (reason 1), c2 k=b: predicted `positive`, right is `0` (reason 2)"
    );
    // NaN is on neither side of the threshold.
    let (verdict, result) = binary([f64::NAN, 0.2, 0.9], all());
    assert_eq!((verdict, result.verdict), (Verdict::Inconclusive, Verdict::Inconclusive));
    assert!(reason(&result).contains("c1 k=a: its score is not a number"), "{}", reason(&result));
    // What is wrong decides, and what is not known is said.
    let (verdict, result) = binary([f64::NAN, 0.6, 0.9], all());
    assert_eq!(verdict, Verdict::Fail);
    assert!(reason(&result).contains("1 of 3 wrong") && reason(&result).contains("1 of 3 cannot be told"));
    assert_eq!((result.sufficient["wrong"], result.sufficient["unknown"]), (1.0, 1.0));
}

#[test]
fn classes_numbers_and_answers() {
    let classes = rows(Task::Multiclass, ["cat", "dog", "emu"]);
    let at = |joined: &JoinedRows, key: &str| joined.place(&[key.to_owned()]).unwrap();
    let mut probabilities = vec![vec![0.4; 3], vec![0.4; 3], vec![0.2; 3]];
    let scene = || {
        let mut scene = Scene::new(rules("multiclass", FLOOR));
        scene.candidate_sets.push(set("other"));
        scene
    };
    let mut check = |cases: Vec<NumberedCaseRecord>, change: &dyn Fn(&mut Vec<Vec<f64>>)| {
        change(&mut probabilities);
        let candidate = PredictedColumns { probabilities: Some(probabilities.clone()), ..PredictedColumns::default() };
        judged(scene(), JoinedRows { candidate, ..classes.clone() }, cases).1
    };
    // Of equal maxima the first counts, as numpy says.
    assert_eq!(check(vec![one(1, "a", "cat")], &|_| {}).verdict, Verdict::Pass);
    assert!(reason(&check(vec![one(1, "b", "dog")], &|_| {})).contains("predicted `cat`, right is `dog`"));
    let (a, nan) = (at(&classes, "a"), f64::NAN);
    assert_eq!(check(vec![one(1, "a", "cat")], &|p| p[1][a] = nan).verdict, Verdict::Inconclusive);

    let numbers = rows(Task::Regression, ["1", "2.5", "3"]);
    let b = at(&numbers, "b");
    let near = |value: f64, tolerance: Option<f64>| {
        let mut values = vec![0.0; 3];
        values[b] = value;
        let candidate = PredictedColumns { values: Some(values), ..PredictedColumns::default() };
        let mut case = one(1, "b", "2.5");
        case.case.tolerance = tolerance;
        let floor = "[[rule]]\nid = \"mae\"\nmetric = \"mae\"\nmax = 9.0\n";
        judged(Scene::new(rules("regression", floor)), JoinedRows { candidate, ..numbers.clone() }, vec![case])
            .1
            .verdict
    };
    assert_eq!((near(3.0, Some(0.5)), near(3.1, Some(0.5))), (Verdict::Pass, Verdict::Fail));
    assert_eq!((near(f64::NAN, Some(0.5)), near(2.5, None)), (Verdict::Inconclusive, Verdict::Inconclusive));
    assert_eq!((near(2.5, Some(f64::NAN)), near(f64::INFINITY, Some(0.5))), (Verdict::Inconclusive, Verdict::Fail));
}

#[test]
fn no_rows_no_right() {
    let mut scene = Scene::on(outcomes(80, 3, 7, 10), FLOOR);
    scene.history.cases = vec![one(1, "a", "1")];
    let results = scene.judge().predicate.results;
    assert_eq!((results[1].rule.as_str(), results[1].verdict), ("cases", Verdict::Inconclusive));
    // Evidence that is the parent's is no evidence of this model.
    let joined = rows(Task::Binary, ["1", "0", "1"]);
    let candidate = PredictedColumns { scores: Some(vec![0.5; 3]), ..PredictedColumns::default() };
    let mut scene = Scene::on(outcomes(80, 3, 7, 10), FLOOR);
    scene.stale.push("test".to_owned());
    let (_, result) = judged(scene, JoinedRows { candidate, ..joined }, vec![one(1, "a", "1")]);
    assert!(reason(&result).contains("the parent's, byte for byte"));
    assert!(matches!(rows(Task::Binary, ["1", "0", "1"]).truth, TruthColumn::Binary(_)));
}

#[test]
fn a_waiver_excuses_its_rule_and_no_more() {
    let event = EventRef { seq: 9, id: EventId::new(Digest::of(b"waiver")) };
    let waiver = |rule: &str| WaiverRecord {
        rule: rule.to_owned(),
        reason: "known".to_owned(),
        approver: "ana@example.org".to_owned(),
        expires: Time::from_milliseconds(4_000_000_000_000).unwrap(),
        event,
        signature: None,
    };
    let policy = "[[rule]]\nid = \"a\"\nmetric = \"accuracy\"\nmin = 0.99\n[[rule]]\nid = \"b\"\nmetric = \"accuracy\"\nmin = 0.98\n\
                  [[rule]]\nid = \"c\"\nmetric = \"accuracy\"\nmin = 0.5\n";
    let with = |waived: &[&str]| {
        let mut scene = Scene::on(outcomes(80, 3, 7, 10), policy);
        scene.history.waivers = waived.iter().map(|rule| waiver(rule)).collect();
        scene.judge().predicate
    };
    assert_eq!(with(&[]).verdict, Verdict::Fail);
    assert_eq!(with(&["a"]).verdict, Verdict::Fail, "the worst of what is left");
    let both = with(&["a", "b", "c"]);
    let verdicts: Vec<_> = both.results.iter().map(|result| (result.verdict, result.waived)).collect();
    let waived = (Verdict::Waived, Some(Verdict::Fail));
    assert_eq!((both.verdict, verdicts), (Verdict::Waived, vec![waived, waived, (Verdict::Pass, None)]));
    let named: Vec<_> = both.waivers.iter().map(|waiver| waiver.rule.as_str()).collect();
    assert_eq!(named, ["a", "b"], "what passes needs none");
    assert!(
        reason(&both.results[0])
            .contains("waived by ana@example.org until 2096-10-02 07:06:40.000Z: known; without that FAIL")
    );
}

#[test]
fn an_answer_is_right_as_its_case_says() {
    let joined = rows(Task::Text, ["Rome", "42", "no number"]);
    let by_key = |key: &str| joined.place(&[key.to_owned()]).unwrap();
    let mut answers = vec![String::new(); 3];
    for (key, answer) in [("a", "It is Rome."), ("b", "about 42.4"), ("c", "no number")] {
        answers[by_key(key)] = answer.to_owned();
    }
    let candidate = PredictedColumns { texts: Some(answers), ..PredictedColumns::default() };
    let judge = |key: &str, expected: &str, answers: Option<Match>, tolerance: Option<f64>| {
        let mut case = one(1, key, expected);
        (case.case.answers, case.case.tolerance) = (answers, tolerance);
        let floor = "[[rule]]\nid = \"f1\"\nmetric = \"token_f1\"\nmin = 0.0\n";
        let joined = JoinedRows { candidate: candidate.clone(), ..joined.clone() };
        judged(Scene::new(rules("text", floor)), joined, vec![case]).1
    };
    let verdict = |key, expected, answers, tolerance| judge(key, expected, answers, tolerance).verdict;
    assert_eq!(verdict("a", "Rome", None, None), Verdict::Fail);
    assert_eq!(verdict("a", "Rome", Some(Match::Contains), None), Verdict::Pass);
    assert_eq!(verdict("b", "42", Some(Match::Numeric), None), Verdict::Fail);
    assert_eq!(verdict("b", "42", Some(Match::Numeric), Some(0.5)), Verdict::Pass);
    assert_eq!(verdict("c", "no number", None, None), Verdict::Pass);
    let open = judge("c", "no number", Some(Match::Numeric), None);
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!(reason(&open).contains("what is right is not defined"), "{}", reason(&open));
    // A list made before there was a choice is read as it was, and made again it is the same bytes.
    let before = br#"{"cases":[{"expected":"Rome","key":["a"],"reason":"r"}],"columns":["k"],"format":"mlrun/cases/1","set":"test"}"#;
    let list = CasesRecord::decode(before).unwrap();
    assert_eq!((list.cases[0].answers, list.encode().unwrap().as_slice()), (None, &before[..]));
}

/// What was waived is excused, and nothing that is worse or another thing.
#[test]
fn a_waiver_is_for_what_was_seen() {
    let event = EventRef { seq: 9, id: EventId::new(Digest::of(b"waiver")) };
    let waiver = WaiverRecord {
        rule: "r".to_owned(),
        reason: "known".to_owned(),
        approver: "ana@example.org".to_owned(),
        expires: Time::from_milliseconds(4_000_000_000_000).unwrap(),
        event,
        signature: None,
    };
    let rule = "[[rule]]\nid = \"r\"\nmetric = \"accuracy\"\n";
    let close = || outcomes(900, 12, 10, 78);
    let worse = || outcomes(800, 112, 10, 78);
    let given = Waived::of(&Scene::on(close(), &format!("{rule}margin = 0.002\n")).judge().predicate, "r");
    assert!(given.is_some());
    assert_eq!(Waived::of(&Scene::on(close(), &format!("{rule}margin = 0.1\n")).judge().predicate, "r"), None);
    let judged = |rows: JoinedRows, text: &str, change: &dyn Fn(&mut Scene)| {
        let mut scene = Scene::on(rows, &format!("{rule}{text}\n"));
        scene.history.waivers = vec![waiver.clone()];
        scene.history.waived.insert(9, Ok(given.clone().unwrap()));
        scene.history.label = Some("fraud@v8".to_owned());
        change(&mut scene);
        let statement = scene.judge();
        let result = statement.predicate.results[0].clone();
        assert_eq!(statement.predicate.waivers.len(), usize::from(result.verdict == Verdict::Waived));
        (result.verdict, result.reason.unwrap_or_default())
    };
    let same = judged(close(), "margin = 0.002", &|_| {});
    assert_eq!(same.0, Verdict::Waived, "{}", same.1);
    let (verdict, said) = judged(worse(), "margin = 0.002", &|_| {});
    assert_eq!(verdict, Verdict::Fail);
    assert!(said.contains("does not excuse this: it was given for INCONCLUSIVE"), "{said}");
    assert!(said.contains("`mlrun waive fraud@v8 --rule r`"), "{said}");
    let (verdict, said) = judged(close(), "margin = 0.002", &|scene| {
        scene.baseline.snapshot = Some(mlrun::id::SnapshotId::new(Digest::of(b"another")));
    });
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(said.contains("another baseline"), "{said}");
    let slices = |scene: &mut Scene| {
        let rows = scene.sets.get_mut(&set("test")).unwrap().as_mut().unwrap();
        rows.slices.insert("country".to_owned(), super::scene::slice_column(&[("DE", 500), ("FR", 500)]));
    };
    let (verdict, said) = judged(close(), "margin = 0.002\neach = [\"country\"]", &slices);
    assert_ne!(verdict, Verdict::Waived, "{said}");
    assert!(said.contains("not given for `country=DE`"), "{said}");
    // Nobody can say what it was for.
    let (verdict, said) = judged(close(), "margin = 0.002", &|scene| {
        scene.history.waived.insert(9, Err("it is gone".to_owned()));
    });
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(said.contains("it is gone"), "{said}");
}

/// Somebody saw that much of a loss, and excused no larger one; of what is measured anew some is chance.
#[test]
fn a_waiver_is_for_a_loss_of_that_size() {
    let waiver = WaiverRecord {
        rule: "r".to_owned(),
        reason: "known".to_owned(),
        approver: "ana@example.org".to_owned(),
        expires: Time::from_milliseconds(4_000_000_000_000).unwrap(),
        event: EventRef { seq: 9, id: EventId::new(Digest::of(b"waiver")) },
        signature: None,
    };
    let policy = |metric: &str| format!("[[rule]]\nid = \"r\"\nmetric = \"{metric}\"\nmargin = 0.002\n");
    let lost = |rows: usize| outcomes(910 - rows, rows + 10, 10, 70);
    let seen = Scene::on(lost(50), &policy("accuracy")).judge().predicate;
    assert_eq!(seen.verdict, Verdict::Fail);
    assert!((seen.results[0].delta.unwrap() + 0.05).abs() < 1e-12);
    let given = Waived::of(&seen, "r").unwrap();
    let judged = |scene: Scene| {
        let mut scene = scene;
        scene.history.waivers = vec![waiver.clone()];
        scene.history.waived.insert(9, Ok(given.clone()));
        let result = scene.judge().predicate.results.remove(0);
        (result.verdict, result.reason.unwrap_or_default())
    };
    let of = |rows: usize| judged(Scene::on(lost(rows), &policy("accuracy")));
    for rows in [40, 50, 55] {
        assert_eq!(of(rows).0, Verdict::Waived, "{rows}");
    }
    let (verdict, said) = of(70);
    assert_eq!(verdict, Verdict::Fail);
    assert!(said.contains("it was given for −0.05, at worst −0.06") && said.contains("it is −0.07 now"), "{said}");
    let (verdict, said) = judged(Scene::on(lost(50), &policy("recall")));
    assert_ne!(verdict, Verdict::Waived);
    assert!(said.contains("it was given for accuracy"), "{said}");
    // What is not known any more is not what was seen.
    let mut scene = Scene::on(lost(50), &policy("accuracy"));
    scene.stale.push("test".to_owned());
    let (verdict, said) = judged(scene);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(said.contains("nothing is measured now"), "{said}");
}

/// Less is better of a ceiling, more of a floor, and what is counted has no bounds.
#[test]
fn worse_is_on_the_bad_side_of_each_demand() {
    let waiver = WaiverRecord {
        rule: "r".to_owned(),
        reason: "known".to_owned(),
        approver: "ana@example.org".to_owned(),
        expires: Time::from_milliseconds(4_000_000_000_000).unwrap(),
        event: EventRef { seq: 9, id: EventId::new(Digest::of(b"waiver")) },
        signature: None,
    };
    let right = |rows: usize| outcomes(rows - 10, 10, 10, 990 - rows);
    let verdict = |rule: &str, before: usize, now: usize| {
        let policy = format!("[[rule]]\nid = \"r\"\n{rule}\n");
        let given = Waived::of(&Scene::on(right(before), &policy).judge().predicate, "r").unwrap();
        let mut scene = Scene::on(right(now), &policy);
        scene.history.waivers = vec![waiver.clone()];
        scene.history.waived.insert(9, Ok(given));
        scene.judge().predicate.results[0].verdict
    };
    let floor = "metric = \"accuracy\"\nmin = 0.95";
    assert_eq!((verdict(floor, 800, 850), verdict(floor, 800, 700)), (Verdict::Waived, Verdict::Fail));
    let point = "metric = \"accuracy\"\nmin = 0.95\non = \"point\"";
    assert_eq!(
        (verdict(point, 800, 800), verdict(point, 800, 790)),
        (Verdict::Waived, Verdict::Waived),
        "within its bounds"
    );
    let ceiling = "metric = \"brier\"\nmax = 0.01";
    assert_eq!((verdict(ceiling, 800, 850), verdict(ceiling, 800, 700)), (Verdict::Waived, Verdict::Fail));
    let flips = "metric = \"negative_flip_rate\"\nmax = 0.001";
    assert_eq!(verdict(flips, 800, 850), Verdict::Waived);
}
