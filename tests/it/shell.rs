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
