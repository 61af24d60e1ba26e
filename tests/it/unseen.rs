//! What nobody sees, checked against Unicode's own tables.

use mlrun::unseen::{characters, is_unseen};
use regex::Regex;

#[test]
fn every_character_that_unicode_does_not_show() {
    let tables =
        Regex::new(r"^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u{FFF9}-\u{FFFB}]$").unwrap();
    for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
        assert_eq!(is_unseen(c), tables.is_match(&c.to_string()), "U+{:04X}", u32::from(c));
    }
}

#[test]
fn a_joiner_is_seen_where_it_belongs() {
    let unseen = |text: &str| characters(text).filter(|(_, unseen)| *unseen).count();
    for text in [
        "می\u{200c}خواهم",
        "👩\u{200d}💻",
        "⚠\u{fe0f} careful",
        "क्\u{200d}ष",
        "❤\u{fe0f}\u{200d}🔥",
        "naïve Größe 日本 🦀",
    ] {
        assert_eq!(unseen(text), 0, "{text}");
    }
    // Behind letters that join with nothing, behind nothing, and a second time it hides.
    for (text, n) in
        [("au\u{200d}c", 1), ("\u{200c}x", 1), ("é\u{200c}", 1), ("⚠\u{fe0f}\u{fe0f}", 1), ("a\u{e0041}\u{e007f}", 2)]
    {
        assert_eq!(unseen(text), n, "{text:?}");
    }
}
