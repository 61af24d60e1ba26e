//! What model files say of themselves.

use std::io::Cursor;

use mlrun::introspect::{self, Danger};

/// Whatever a file says: what was understood lies in it, names are names, and nothing odd is called known.
pub fn introspect(data: &[u8]) {
    for name in ["", "model.pkl"] {
        let size = data.len() as u64;
        let Some(facts) = introspect::of(&mut Cursor::new(data), size, name).expect("memory can be read") else {
            continue;
        };
        assert!(facts.read <= facts.size, "{facts:?}");
        assert!(facts.params.keys().chain(facts.state.keys()).all(|name| name.len() <= 1024));
        assert!(facts.seeds.keys().all(|name| facts.params.contains_key(name)));
        assert!(facts.danger() != Danger::Known || facts.findings.is_empty());
        assert!(facts.imports.iter().all(|import| import.danger <= facts.danger()));
        for finding in &facts.findings {
            assert!(!finding.to_string().is_empty());
        }
    }
    // A file that is shorter than it was a moment ago, or longer.
    for size in [data.len() as u64 / 2, data.len() as u64 + 1, u64::MAX] {
        let _ = introspect::of(&mut Cursor::new(data), size, "model.pkl");
    }
}
