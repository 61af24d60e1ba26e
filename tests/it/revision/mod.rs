//! What people may write: revisions, names, times, digests.

mod names;
mod times;

use mlrun::name::{ModelName, Version};
use mlrun::revision::{Revision, Target};
use proptest::prelude::*;

use crate::support::cases;

/// Only `fraud` and `payments/fraud` are models.
fn parse(text: &str) -> Result<Revision, String> {
    let known = |name: &ModelName| matches!(name.as_str(), "fraud" | "payments/fraud");
    Revision::parse(text, &known).map_err(|e| e.to_string())
}

/// A name may have two dots in it: what is there is meant, and all else is a range.
#[test]
fn a_model_that_is_called_like_a_range_can_be_named() {
    let known = |name: &ModelName| name.as_str() == "fraud..eu";
    for (text, target) in [("fraud..eu", Target::Model), ("fraud..eu@latest", Target::Latest)] {
        let found = Revision::parse(text, &known).unwrap();
        assert_eq!((found.model.unwrap().as_str(), found.target), ("fraud..eu", target), "{text}");
    }
    for text in ["v1..v2", "fraud..uk", "fraud..uk@v1", "fraud..eu@v1..v2", "v1...v2", "fraud@v1..fraud@v2", "v1..v2~1"]
    {
        let told = Revision::parse(text, &known).unwrap_err().to_string();
        assert!(told.contains("a range as in git"), "{text}: {told}");
    }
}

#[test]
fn what_each_form_means() {
    let table = [
        ("latest", "- latest - 0"),
        ("workspace", "- workspace - 0"),
        ("v7", "- v7 - 0"),
        ("v4294967295", "- v4294967295 - 0"),
        ("production", "- stage production - 0"),
        ("3fa9", "- id 3fa9 - 0"),
        ("decade", "- id decade - 0"),
        ("fraud", "fraud model - 0"),
        ("fraud~2", "fraud model - 2"),
        ("fraud@{3 days ago}", "fraud model 3 days ago 0"),
        ("payments/fraud", "payments/fraud model - 0"),
        ("fraud@latest", "fraud latest - 0"),
        ("fraud@production@{2026-03-01T12:00Z}", "fraud stage production 2026-03-01T12:00Z 0"),
        ("fraud@production@{2026-03-01T12:00Z}~3", "fraud stage production 2026-03-01T12:00Z 3"),
        ("payments/fraud@v2", "payments/fraud v2 - 0"),
        ("production~0", "- stage production - 0"),
        ("production~12", "- stage production - 12"),
        ("unknown@production", "unknown stage production - 0"),
        ("v7x", "- stage v7x - 0"),
        ("ab", "- stage ab - 0"),
    ];
    for (text, expected) in table {
        let found = parse(text).unwrap();
        let target = match &found.target {
            Target::Latest => "latest".to_owned(),
            Target::Workspace => "workspace".to_owned(),
            Target::Version(version) => version.to_string(),
            Target::Stage(stage) => format!("stage {stage}"),
            Target::Id(prefix) => format!("id {prefix}"),
            Target::Model => "model".to_owned(),
        };
        let model = found.model.as_ref().map_or("-".to_owned(), ToString::to_string);
        let time = found.time.as_deref().unwrap_or("-");
        assert_eq!(format!("{model} {target} {time} {}", found.back), expected, "{text}");
    }
}

#[test]
fn what_is_none_and_why() {
    for (text, why) in [
        ("", "empty"),
        ("fraud@", "empty"),
        ("@production", "is not a name"),
        ("~1", "empty"),
        ("production~", "`~` wants a number"),
        ("production~x", "`~` wants a number"),
        ("production~-1", "`~` wants a number"),
        ("production~99999999999", "`~` wants a number"),
        ("production@{}", "`@{` wants a time"),
        ("production@{2026", "`@{` wants a time"),
        ("production@{2026}x", "`@{` wants a time"),
        ("3f", "at least 4"),
        ("Fraud", "is not a name"),
        ("v0", "version number"),
        ("v007", "version number"),
        ("workspace~1", "no past"),
        ("fraud@workspace@{now}", "no past"),
        ("a b", "is not a name"),
        ("fraud@v2@v3", "is not a name"),
        ("con", "device"),
        ("../x", "is not a name"),
        (&"3".repeat(65), "not a name"),
        (&"s".repeat(65), "not a name"),
    ] {
        let said = parse(text).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
        assert!(said.len() < 400);
    }
}

/// The word for a model is taken for one only where there is one.
#[test]
fn a_word_is_a_model_only_where_there_is_one() {
    let none = |_: &ModelName| false;
    assert!(matches!(Revision::parse("fraud", &none).unwrap().target, Target::Stage(_)));
    let all = |_: &ModelName| true;
    assert_eq!(Revision::parse("production", &all).unwrap().target, Target::Model);
    // What reads as something else cannot be the name of one.
    for fixed in ["latest", "v7", "3fa9"] {
        assert_ne!(Revision::parse(fixed, &all).unwrap().target, Target::Model);
    }
    assert_eq!(Revision::parse("v7", &all).unwrap().target, Target::Version(Version(7)));
}

proptest! {
    #![proptest_config(cases(1500))]

    /// What is understood is written as it was read, and read again the same.
    #[test]
    fn written_and_read_again(
        model in prop::option::of(prop_oneof![Just("fraud"), Just("payments/fraud"), Just("other")]),
        target in prop_oneof!["latest", "v[1-9][0-9]{0,6}", "[a-z][a-z0-9._-]{0,10}x", "[0-9a-f]{4,64}"],
        time in prop::option::of("[^{}]{1,20}"),
        back in 0_u32..50,
    ) {
        let mut text = model.map_or_else(String::new, |m| format!("{m}@"));
        text += &target;
        if let Some(time) = time {
            text += &format!("@{{{time}}}");
        }
        if back > 0 {
            text += &format!("~{back}");
        }
        if let Ok(revision) = parse(&text) {
            prop_assert_eq!(revision.to_string(), text.clone());
            prop_assert_eq!(parse(&text), Ok(revision));
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,40}|[a-f0-9v@{}~. /]{0,30}") {
        let _ = parse(&text);
    }
}
