//! The page in a pull request.

use mlrun::certify::{NamedRow, NamedRows, flip_summaries, named_rows};
use mlrun::name::SetName;
use mlrun::page::Context;
use mlrun::page::markdown::certificate;

use super::{context, hostile, many, mixed};
use crate::certify::scene::{Scene, outcomes};

#[test]
fn verdict_table_and_reasons() {
    let page = certificate(&mixed(), &context());
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(lines[0], "## FAIL: fraud@v8");
    assert!(lines[2].starts_with("compared with fraud@v7 in production · policy "), "{}", lines[2]);
    assert!(lines[2].ends_with(" · certificate 3fa9c2d41b7e"), "{}", lines[2]);
    assert_eq!(lines[4], "| rule | verdict | metric | candidate | baseline | difference | limit | n |");
    assert_eq!(lines[6], "| ok | PASS | accuracy | 0.91 | 0.925 | −0.015 \\[−0.0247, −0.0053\\] | 0.05 | 1,000 |");
    assert!(lines[7].starts_with("| floor | INCONCLUSIVE | accuracy | 0.91 \\["), "{}", lines[7]);
    assert!(lines[9].starts_with("| hint | FAIL (does not block) |"), "{}", lines[9]);
    assert_eq!(lines[10], "");
    assert!(lines[11].starts_with("- INCONCLUSIVE **floor**: the limit is unset; today's value is"), "{}", lines[11]);
    assert!(lines[12].starts_with("- FAIL **better**: Δ "), "{}", lines[12]);
    assert!(lines[13].starts_with("- FAIL (does not block) **hint**: "), "{}", lines[13]);
    assert_eq!(lines.len(), 14);
}

#[test]
fn a_first_release_says_why() {
    let mut statement = mixed();
    statement.predicate.baseline.first_release = Some("pilot".to_owned());
    let page = certificate(&statement, &Context { candidate: "fraud@v1".to_owned(), ..Context::default() });
    assert!(page.contains("\nfirst release to production: pilot · policy "), "{page}");
}

#[test]
fn foreign_words_stay_words() {
    let words = "a|b `c` <img src=x onerror=alert(1)> &amp; [x](javascript:1) **b** _i_ @team http://evil.example \
                 www.evil.example\n## h\r\n| x |\u{202e}\u{7}\u{0}\u{e0041}\u{2063}";
    let page = certificate(&hostile(words), &context());
    // Only our own lines: the head, one row, one reason, one note.
    let lines: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 7, "{page}");
    let row = lines[4];
    let cells = row.replace("\\|", "").matches('|').count();
    assert_eq!(cells, 9, "{row}");
    assert!(
        !page.contains('<')
            && !page.contains('\u{202e}')
            && !page.contains(['\u{7}', '\u{0}', '\u{e0041}', '\u{2063}'])
    );
    for raw in [" `c`", "[x](java", "@team", "://", "www.e", " **b**", " _i_"] {
        assert!(!page.contains(raw), "{raw} in {page}");
    }
    assert!(page.contains("&amp;amp;"));
}

#[test]
fn what_does_not_fit_is_left_out_by_severity() {
    let statement = many(2000);
    let page = certificate(&statement, &context());
    assert!(page.len() <= 65_536, "{}", page.len());
    assert!(page.len() > 60_000, "{}", page.len());
    for at in 1997..2000 {
        assert!(page.contains(&format!("country=0{at}")), "{at}");
        assert!(page.contains(&format!("- FAIL **ok**, country=0{at}: worse")), "{at}");
    }
    assert!(page.contains("more rules did not fit on this page."), "{}", &page[page.len() - 300..]);
    assert!(!certificate(&many(20), &context()).contains("did not fit"));
}

#[test]
fn no_page_is_too_long() {
    let mut statement = many(3000);
    for result in &mut statement.predicate.results {
        result.reason = Some("|".repeat(5000));
        result.verdict = mlrun::format::certificate::Verdict::Fail;
    }
    statement.predicate.remarks = vec!["é".repeat(5000); 500];
    let context = Context {
        candidate: "c".repeat(100_000),
        baseline: Some("|".repeat(100_000)),
        certificate: Some("<".repeat(100_000)),
        expires: Some("&".repeat(100_000)),
        ..Context::default()
    };
    let page = certificate(&statement, &context);
    assert!(page.len() <= 65_536, "{}", page.len());
    assert!(page.contains("more notes did not fit"));
}

/// Rows behind what is not passed, with how many changed sides; a PASS has a few of its own.
#[test]
fn rows_and_flips_are_named() {
    let text = "[[rule]]\nid = \"lost\"\nmetric = \"accuracy\"\nmargin = 0.001\n\
                [[rule]]\nid = \"floor\"\nmetric = \"accuracy\"\nmin = 0.5\n";
    let page = |rules: &str| {
        let scene = Scene::on(outcomes(900, 25, 10, 65), rules);
        let statement = scene.judge();
        let rows = named_rows(&scene.case(), &statement.predicate.results).unwrap();
        certificate(&statement, &Context { rows, flips: flip_summaries(&scene.case()), ..context() })
    };
    let found = page(text);
    assert!(found.contains("\n**lost**: rows of test\n\n| | key | label |"), "{found}");
    assert_eq!(found.matches("\n| new |").count(), 5, "{found}");
    assert!(!found.contains("**floor**: "), "{found}");
    let flips = "\n- Flips: 25 of 1,000 rows of test were right and are wrong, 10 the other way round\n";
    assert!(found.contains(flips), "{found}");
    let passed = page(&text[text.find("[[rule]]\nid = \"floor\"").unwrap()..]);
    assert!(passed.contains("\n**floor**: largest failures of test\n"), "{passed}");
    assert_eq!(passed.matches("\n| new |").count(), 3, "{passed}");
}

#[test]
fn rows_that_do_not_fit_are_counted() {
    let row = NamedRow {
        key: "k".repeat(90),
        label: "l".repeat(90),
        candidate: "c".repeat(90),
        baseline: Some("b".repeat(90)),
        new: true,
    };
    let named = |at: usize| NamedRows {
        rule: format!("rule-{at}"),
        set: SetName::new("test").unwrap(),
        slice: None,
        open: true,
        rows: vec![row.clone(); 10],
    };
    let page = certificate(&mixed(), &Context { rows: (0..50).map(named).collect(), ..context() });
    assert!(page.len() <= 65_536 && page.len() > 50_000, "{}", page.len());
    assert!(page.contains(" more rows did not fit on this page."), "{}", &page[page.len() - 300..]);
}
