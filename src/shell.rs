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

/// Why a line is no program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordsError {
    /// There is nothing on it.
    #[error("it names no program")]
    Empty,
    /// A quote that is not closed, or a backslash with nothing behind it.
    #[error("`{0}` is not closed")]
    Open(char),
    /// Something that only a shell would make anything of.
    #[error("`{0}` means something to a shell only, and none reads it: quote it, or begin with `sh -c`")]
    Special(char),
}

/// The words of a line, as a shell would take them that expands nothing. What a shell would do more than that with is refused:
/// nobody shall wonder why it was not done.
///
/// # Errors
/// A [`WordsError`] if it is not plain words and quotes.
pub fn words(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let inside = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(WordsError::Open(c))? {
                        '\'' => break,
                        other => inside.push(other),
                    }
                }
            }
            '"' => {
                let inside = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or(WordsError::Open(c))? {
                        '"' => break,
                        special @ ('$' | '`') => return Err(WordsError::Special(special)),
                        '\\' => match rest.next().ok_or(WordsError::Open(c))? {
                            escaped @ ('$' | '`' | '"' | '\\') => inside.push(escaped),
                            other => inside.extend(['\\', other]),
                        },
                        other => inside.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(WordsError::Open(c))?),
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' | '\n' | '\r' => {
                return Err(WordsError::Special(c));
            }
            '#' | '~' if word.is_none() => return Err(WordsError::Special(c)),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match words.first() {
        None => Err(WordsError::Empty),
        Some(program) if program.is_empty() => Err(WordsError::Empty),
        Some(_) => Ok(words),
    }
}
