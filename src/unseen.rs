//! Characters that nobody sees on a screen: what steers it, turns the writing around, or has no shape at all. Two names that differ in
//! nothing else look alike, and a sentence can be hidden in letters that are none.

/// The characters of `text`, and of each whether it would not be seen.
///
/// A joiner and the choice between picture and text are seen where they belong: right behind a letter of a script that joins, or a
/// picture.
pub fn characters(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let mut before = ' ';
    text.chars().map(move |c| {
        let is_seen = match c {
            '\u{fe0e}' | '\u{fe0f}' => joins(before),
            '\u{200c}' | '\u{200d}' => joins(before) || matches!(before, '\u{fe0e}' | '\u{fe0f}'),
            c => !is_unseen(c),
        };
        // What hides lets nothing else hide behind it.
        before = if is_seen { c } else { ' ' };
        (c, !is_seen)
    })
}

/// No ASCII, no Latin letter, no blank.
const fn joins(c: char) -> bool {
    c > '\u{2ff}' && !is_unseen(c) && !matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}')
}

/// Control characters, the ends of lines, and what Unicode calls a default ignorable code point (`DerivedCoreProperties.txt`): marks of
/// direction, joiners, selectors, fillers and tags.
pub const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
