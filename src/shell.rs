//! Commands as a person would type them: words as a POSIX shell takes them (XCU 2.2, Quoting).

/// `word` as a shell takes it for one word.
pub fn word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,@%+".contains(c);
    // zsh looks up what a leading `=` names.
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
        return word.to_owned();
    }
    quoted(word)
}

/// A program and what it is given, on one line.
pub fn line<S: AsRef<str>>(words: &[S]) -> String {
    let mut line = String::new();
    for (place, given) in words.iter().map(AsRef::as_ref).enumerate() {
        if place > 0 {
            line.push(' ');
        }
        // A program whose name has a `=` would be an assignment.
        line += &if place == 0 && given.contains('=') { quoted(given) } else { word(given) };
    }
    line
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
