//! What an evaluation set is: its keys and labels, in any order, whatever models say of them.

use mlrun::evidence::{JoinedRows, join};
use mlrun::format::policy::Task;
use mlrun::name::SetName;

use super::{columns, read};

fn rows(task: Task, meaning: &str, csv: &str) -> JoinedRows {
    let table = read(csv, &columns(&[("p", meaning)]), task).unwrap();
    join(&SetName::new("test").unwrap(), task, table, None).unwrap()
}

fn digest(task: Task, meaning: &str, csv: &str) -> String {
    rows(task, meaning, csv).evaluation().to_string()
}

/// As Python computes them with `blake3` for the keys and `hashlib` for the rest, from the layout that is documented.
#[test]
fn it_is_what_python_computes() {
    let binary = digest(Task::Binary, "score", "k,y,p\n1,0,0.25\nb,1,0.5\nc,1,1\n");
    assert_eq!(binary, "efcf7890a2884c29f61c252c63fbfd058387af544ba886b445a5c56a87eb8904");
    let real = digest(Task::Regression, "prediction", "k,y,p\n1,0.5,0.25\nb,-0.0,0.5\nc,2.0,1\n");
    assert_eq!(real, "de0a7d7ee3177f28eb2d2e9ccf070cf7e1340a71d37163086054daf884640454");
    let classes = digest(Task::Multiclass, "prediction", "k,y,p\n1,dog,cat\nb,cat,cat\nc,dog,ant\n");
    assert_eq!(classes, "50f2ae86dd3d176fb25474e63cef90cf91d857fa8794c2aacc9e9d3b97c35f18");
}

#[test]
fn only_keys_and_labels_tell() {
    let one = digest(Task::Multiclass, "prediction", "k,y,p\n1,dog,cat\nb,cat,cat\nc,dog,ant\n");
    // Another order, other predictions, classes that are only predicted.
    assert_eq!(digest(Task::Multiclass, "prediction", "k,y,p\nc,dog,dog\n1,dog,zebra\nb,cat,aardvark\n"), one);
    assert_ne!(
        digest(Task::Multiclass, "prediction", "k,y,p\n1,dog,cat\nb,dog,cat\nc,dog,ant\n"),
        one,
        "another label"
    );
    assert_ne!(digest(Task::Multiclass, "prediction", "k,y,p\n2,dog,cat\nb,cat,cat\nc,dog,ant\n"), one, "another key");
    assert_ne!(digest(Task::Multiclass, "prediction", "k,y,p\n1,dog,cat\nb,cat,cat\n"), one, "a row less");
}

#[test]
fn some_rows_of_it() {
    let all = rows(Task::Binary, "score", "k,y,p\n1,0,0.25\nb,1,0.5\nc,1,1\n");
    let key = |text: &str| vec![text.to_owned()];
    assert!(all.place(&key("x")).is_none());
    let some = all.only(&[key("c"), key("x"), key("1"), key("c")]);
    assert_eq!(some.keys.len(), 2);
    let score = |text: &str| some.candidate.scores.as_ref().unwrap()[some.place(&key(text)).unwrap()];
    assert_eq!((score("1"), score("c"), some.place(&key("b"))), (0.25, 1.0, None));
}
