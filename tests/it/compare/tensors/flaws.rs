//! Files that are called like a format and are broken: what is wrong with them is said.

use super::files::Versions;

/// What is wrong with a header quotes it: of 3 MB of it a line is said.
#[test]
fn of_a_long_header_a_line_is_said() {
    let versions = Versions::new();
    let good = safetensors(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4);
    versions.write(&[("m.safetensors", &good)]).snapshot();
    versions.write(&[("m.safetensors", &safetensors(&format!("\"{}\"", "x".repeat(3_000_000)), 0))]).snapshot();
    let words = versions.diff("v1", Some("v2")).not_compared_words();
    let [told] = &words[..] else { panic!("{} sentences", words.len()) };
    assert!(told.contains("its header: invalid type: string \"xxx") && told.len() < 400, "{} bytes", told.len());
}

/// A header of safetensors as its description has it, and so many bytes behind it.
fn safetensors(header: &str, bytes: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat()
}

#[test]
fn what_is_wrong_with_a_safetensors_file_is_said() {
    let entry = |name: &str, dtype: &str, from: u64, to: u64| {
        let sides = (to - from) / 4;
        format!(r#""{name}":{{"dtype":"{dtype}","shape":[{sides}],"data_offsets":[{from},{to}]}}"#)
    };
    let file = |entries: &[String], bytes: usize| safetensors(&format!("{{{}}}", entries.join(",")), bytes);
    let good = file(&[entry("a", "F32", 0, 8), entry("b", "F32", 8, 16)], 16);
    let overlap = file(&[entry("a", "F32", 0, 8), entry("b", "F32", 4, 12)], 12);
    let beyond = file(&[entry("a", "F32", 0, 8), entry("b", "F32", 8, 20)], 16);
    let no_json = safetensors("{\"a\":", 16);
    let mut too_long = good.clone();
    too_long[..8].copy_from_slice(&1000_u64.to_le_bytes());
    for (bytes, reason) in [
        (overlap, "`a` and `b` overlap"),
        (beyond, "`b` ends 4 bytes beyond the end of the file"),
        (no_json, "its header: EOF while parsing a value at line 1 column 5"),
        (too_long, "its header of 1000 bytes would end beyond the end of the file"),
    ] {
        let versions = Versions::new();
        versions.write(&[("m.safetensors", &good)]).snapshot();
        versions.write(&[("m.safetensors", &bytes)]).snapshot();
        let words = versions.diff("v1", Some("v2")).not_compared_words();
        let expected = format!("model/m.safetensors of b: no tensors can be read from it as safetensors: {reason}");
        assert_eq!(words, [expected]);
    }
}
