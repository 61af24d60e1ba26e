//! Words for a shell, checked against one.

use std::process::Command;

use mlrun::shell;

const WORDS: [&str; 12] =
    ["train.py", "", "it's; rm -rf /", "--seed=1", "=ls", "~", "$HOME `id` \\", "a\nb", "*", "Größe", "#", "!x{a,b}"];

#[test]
fn plain_words_are_left_alone() {
    assert_eq!(shell::line(&["python", "a/b.py", "--name=x", "größe"]), "python a/b.py --name=x größe");
    assert_eq!(shell::line(&["a=b", "c d"]), "'a=b' 'c d'");
    assert_eq!((shell::word(""), shell::word("it's")), ("''".to_owned(), r"'it'\''s'".to_owned()));
}

#[test]
#[cfg(unix)]
fn a_shell_reads_the_words_again() {
    let line = shell::line(&[&["printf", r"%s\0"], &WORDS[..]].concat());
    let said = Command::new("sh").args(["-c", &line]).output().unwrap().stdout;
    let expected: String = WORDS.iter().map(|word| format!("{word}\0")).collect();
    assert_eq!(String::from_utf8(said).unwrap(), expected);
    // By its name only a command is started; an assignment would be none.
    let said = Command::new("sh").args(["-c", &shell::line(&["a=b"])]).output().unwrap();
    assert_eq!(said.status.code(), Some(127));
}

/// What this takes apart is what a shell would have, wherever it says anything at all.
#[test]
#[cfg(unix)]
fn a_line_has_the_words_a_shell_finds() {
    let lines = [
        "a b\tc",
        "  a   b ",
        "'a b' c",
        "\"a b\"c 'd'\"e\"",
        r"a\ b \'c",
        r#""a\"b\\c\d" x"#,
        "a '' \"\" b",
        "a{model}b",
        "a~ b#c",
        "a=b c",
        "'$HOME `id` | & ; < > ( ) * ? [ # ~ \\'",
        r"\$HOME \* \|",
        "größe 'ß'",
        r#""it's" '"'"#,
    ];
    for line in lines {
        let ours: String = shell::words(line).unwrap().iter().map(|word| format!("{word}\0")).collect();
        let script = format!(r"printf '%s\0' {line}");
        let said = Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
        assert_eq!(ours, String::from_utf8(said).unwrap(), "{line}");
    }
    // And what it wrote itself, it reads.
    let line = shell::line(&[&["printf"], &WORDS[..]].concat());
    assert_eq!(shell::words(&line).unwrap()[1..], WORDS.map(str::to_owned));
}

#[test]
fn what_only_a_shell_understands_is_no_line() {
    use mlrun::shell::WordsError::{Empty, Open, Special};
    let bad = [
        ("", Empty),
        ("  ", Empty),
        ("''", Empty),
        ("a 'b", Open('\'')),
        ("a \"b", Open('"')),
        ("a\\", Open('\\')),
        ("a | b", Special('|')),
        ("a && b", Special('&')),
        ("a; b", Special(';')),
        ("a > b", Special('>')),
        ("a < b", Special('<')),
        ("(a)", Special('(')),
        ("a $B", Special('$')),
        ("a \"$B\"", Special('$')),
        ("a `b`", Special('`')),
        ("a *.py", Special('*')),
        ("~/a", Special('~')),
        ("a #b", Special('#')),
        ("a\nb", Special('\n')),
    ];
    for (line, why) in bad {
        assert_eq!(shell::words(line), Err(why), "{line}");
    }
}
