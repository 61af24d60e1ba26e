//! The page of a bundle: nothing that is put in becomes markup, and it needs nothing but itself.

use mlrun::clock::Time;
use mlrun::format::certificate::Verdict;
use mlrun::format::observation::ObservationRecord;
use mlrun::format::snapshot::SnapshotRecord;
use mlrun::page::case::{Approval, Beside, Case, Certified, Changes, Happening, Stay, StoredFile, Waiver, html};
use serde_json::json;

use super::hostile;

fn time() -> Time {
    Time::parse_rfc3339("2026-03-01T12:00:00Z").unwrap()
}

/// A page whose every word is this.
fn page_of(words: &str) -> String {
    html(&case_of(words))
}

/// A version of which every word is this.
pub fn case_of(words: &str) -> Case {
    let w = || words.to_owned();
    let record: SnapshotRecord = serde_json::from_value(json!({
        "format": "mlrun/snapshot/1", "model": "fraud", "argv": [words], "cwd": words, "notes": words,
        "code": {"commit": words, "dirty": true, "kind": "git", "left_out": [{"path": words, "size": null, "reason": words}],
                 "patch": null, "prefix": words, "scope": [words], "tree": null, "untracked": [words]},
        "data": [{"declared": null, "files": 1, "kind": "file", "name": "train", "not_stored": words, "path": words,
                  "rows": 3, "schema": null, "sha256": null, "size": 9, "stored": null}],
        "environment": {"image": words, "locks": [], "runtimes": [{"language": words, "packages": {words: words}, "version": words}],
                        "variables": {words: words}},
        "metrics": {words: words}, "metrics_files": null,
        "model_files": {"bytes": 1, "files": 1, "tree": "0".repeat(64)}, "not_captured": [{"part": words, "reason": words}],
        "params": {words: [words]}, "params_files": null, "predictions": [], "redactions": [], "results": null, "samples": [],
        "seeds": [{"name": words, "source": "given", "value": words}],
    }))
    .unwrap();
    let observation: ObservationRecord = serde_json::from_value(json!({
        "branch": words, "commit_on_remote": false, "format": "mlrun/observation/1", "ignored": [], "interpreter": words,
        "machine": {"architecture": words, "cpu": words, "cpu_features": [], "cpus": 2, "host": words, "kernel": words,
                    "memory": 1, "os": words, "container": words, "gpus": [{"vendor": words, "model": words, "bus": words, "driver": null}]},
        "paths": {}, "remote": words, "tool": words,
    }))
    .unwrap();
    let happening = Happening { seq: 2, id: w(), time: Some(time()), kind: w(), who: w(), what: w() };
    Case {
        label: w(),
        repository: w(),
        snapshot: w(),
        record,
        observation,
        made: happening.clone(),
        origin: vec![("Bundle", w())],
        stays: vec![Stay {
            stage: w(),
            since: time(),
            until: None,
            kind: "force".to_owned(),
            who: w(),
            ended: w(),
            certificate: Some(w()),
            approvals: vec![3],
            overruled: vec![w()],
            reason: Some(w()),
            event: 4,
        }],
        certificate: Some(Certified {
            id: w(),
            statement: hostile(words),
            baseline: Some(w()),
            issued: time(),
            expires: time(),
            proposed: true,
            signatures: vec![(w(), w())],
        }),
        others: vec![(w(), time(), Verdict::Fail)],
        approvals: vec![Approval {
            event: 3,
            time: time(),
            subject: w(),
            stage: w(),
            role: w(),
            person: w(),
            certificate: Some(w()),
            withdrawn: Some(time()),
            statement: Some(w()),
            signature: Some((w(), Some("mlrun".to_owned()))),
        }],
        waivers: vec![Waiver { event: 5, rule: w(), reason: w(), expires: time(), who: w(), is_signed: false }],
        blocks: vec![(w(), w(), time())],
        changes: Some(Changes { before: w(), items: vec![[w(), w(), w(), w(), w()]] }),
        files: vec![StoredFile { entry: Some(w()), path: w(), sha256: w(), size: 1 }],
        kept: 1,
        patch: Some(w()),
        events: vec![happening],
        head: (9, w()),
        missing: vec![(w(), w())],
        beside: Beside::Bundle,
    }
}

/// Names of elements with their attributes, in order. Panics on anything that is not well-formed XML.
pub fn elements(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>\n").expect("a document type");
    let (mut open, mut found) = (Vec::new(), Vec::new());
    while let Some((text, behind)) = rest.split_once('<') {
        check_text(text);
        let (tag, after) = behind.split_once('>').expect("the end of a tag");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "in {tag}");
        } else {
            let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "<{tag}>");
            let mut all = Vec::new();
            while let Some((key, value)) = attributes.split_once("=\"") {
                let (value, after) = value.split_once('"').expect("the end of a value");
                check_text(value);
                all.push((key.trim().to_owned(), value.to_owned()));
                attributes = after;
            }
            assert_eq!(attributes.trim(), "", "<{tag}>");
            found.push((name.to_owned(), all));
            if !is_empty {
                open.push(name.to_owned());
            }
        }
        rest = after;
    }
    check_text(rest);
    assert!(open.is_empty(), "{open:?} never ends");
    found
}

/// Every `&` begins one of the five entities, and nothing ends a tag that none began.
fn check_text(text: &str) {
    assert!(!text.contains('>'), "{text}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(known.iter().any(|name| entity.starts_with(name)), "&{entity}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let harmless = elements(&page_of("harmless"));
    let shape = |elements: &[(String, Vec<(String, String)>)]| -> Vec<String> {
        elements
            .iter()
            // Of a long name that it is one.
            .map(|(name, all)| {
                (name, all.iter().map(|(key, _)| key).filter(move |key| name != "code" || *key != "class"))
            })
            .map(|(name, keys)| format!("{name} {:?}", keys.collect::<Vec<_>>()))
            .collect()
    };
    for words in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'onmouseover='alert(1)",
        "</style></title></pre></table><iframe src=//evil>",
        "<!-- ",
        "]]>",
        "javascript:alert(1)",
        "//evil.example/x?y#z",
        "&lt;b&gt; &amp; &#x3c;",
        "\u{202e}gnp.exe\u{200f} \u{0}\u{1b}[31m",
        "a\nb\tc",
        "${IFS}`id`$(id)",
    ] {
        let page = page_of(words);
        assert_eq!(shape(&elements(&page)), shape(&harmless), "{words:?}");
        for (name, attributes) in elements(&page) {
            for (key, value) in attributes {
                assert!(key != "href" || value.starts_with('#') || value.starts_with("./"), "{name} {key}={value}");
                assert!(!["src", "style"].contains(&key.as_str()) && !key.starts_with("on"), "{name} {key}");
            }
        }
        assert!(!page.contains(['\0', '\u{1b}', '\u{202e}', '\u{200f}']), "{words:?}");
    }
}

#[test]
fn it_needs_nothing_and_can_be_read_by_everybody() {
    let page = page_of("harmless");
    let elements = elements(&page);
    let none = ["script", "img", "iframe", "object", "embed", "link", "form", "base", "svg", "audio", "video"];
    assert!(elements.iter().all(|(name, _)| !none.contains(&name.as_str())));
    assert!(!page.contains("url(") && !page.contains("@import") && !page.contains("://"), "no network");
    for wanted in [
        "<html lang=\"en\">",
        "default-src 'none'",
        "prefers-color-scheme:dark",
        "@media print",
        "<main id=\"main\">",
        "href=\"#main\"",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    let count = |wanted: &str| elements.iter().filter(|(name, _)| name == wanted).count();
    assert_eq!((count("h1"), count("title"), count("main")), (1, 1, 1));
    assert_eq!(count("table"), count("caption"), "every table says what it is");
    let heads = elements.iter().filter(|(name, _)| name == "th");
    assert!(
        heads.clone().count() > 20
            && heads.into_iter().all(|(_, all)| all.iter().any(|(key, value)| key == "scope" && value == "col"))
    );
    // Every link in the page leads to something that is there, and every name is used once.
    let ids: Vec<&String> =
        elements.iter().flat_map(|(_, all)| all.iter().filter(|(key, _)| key == "id").map(|(_, id)| id)).collect();
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len());
    for (_, all) in elements.iter().filter(|(name, _)| name == "a") {
        let link = &all.iter().find(|(key, _)| key == "href").unwrap().1;
        assert!(link.strip_prefix('#').is_none_or(|id| ids.iter().any(|known| *known == id)), "{link}");
    }
    // Headings go down one step at a time.
    let levels: Vec<u32> = elements.iter().filter_map(|(name, _)| name.strip_prefix('h')?.parse().ok()).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
}

/// Colours of the style sheet against its background, by the formula of WCAG 2.1: at least 4.5, light and dark.
#[test]
fn words_stand_out_from_the_page() {
    let page = page_of("x");
    let luminance = |hex: &str| {
        let digits: Vec<char> = hex.chars().collect();
        let full: String =
            if digits.len() == 3 { digits.iter().flat_map(|c| [*c, *c]).collect() } else { hex.to_owned() };
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&full[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let blocks: Vec<&str> = page.split(":root{").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert_eq!(blocks.len(), 3, "light, dark, print");
    for block in blocks {
        let colour = |name: &str| {
            let rest = block.split(&format!("--{name}:#")).nth(1).unwrap();
            luminance(&rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>())
        };
        for name in ["text", "dim", "link", "good", "bad", "open"] {
            for ground in ["page", "box"] {
                let (a, b) = (colour(name), colour(ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{name} on {ground}: {contrast:.2} in {block}");
            }
        }
    }
}
