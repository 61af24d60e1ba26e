//! Seeds that follow from one number: as Python derives them, with `hashlib` and `cryptography`, by the formula of the help.

use mlrun::measure::seed::derive;
use mlrun::ops::seed::seeds;

#[test]
fn as_python_derives_them() {
    let golden = [
        (42, "numpy", 3_014_799_124),
        (42, "torch", 3_587_361_428),
        (0, "numpy", 3_401_541_777),
        (u64::MAX, "numpy", 2_116_546_361),
        (42, "Zufall für Größe", 1_389_197_144),
        (42, "n", 2_090_542_278),
    ];
    for (root, name, seed) in golden {
        assert_eq!(derive(root, name), seed, "{root} {name}");
    }
}

#[test]
fn names_are_told_apart() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(seeds(42, &names(&["torch", "numpy"])).unwrap()[1], ("numpy".to_owned(), 3_014_799_124));
    for refused in [&["a", "b", "a"][..], &[""], &["a\nb"]] {
        assert!(seeds(42, &names(refused)).is_err(), "{refused:?}");
    }
}
