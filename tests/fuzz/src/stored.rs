//! A store whose files were changed.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use mlrun::format::tree::{EntryKind, TreeEntry, TreeRecord};
use mlrun::id::{FileId, TreeId};
use mlrun::progress::Silent;
use mlrun::store::memory::Memory;
use mlrun::store::{Depth, Store};

/// A store without a fault: its files by name, what was stored, and the folder that holds it.
type Sound = (BTreeMap<String, Vec<u8>>, Vec<(FileId, Vec<u8>)>, TreeId);

static SOUND: LazyLock<Sound> = LazyLock::new(|| {
    let memory = Arc::new(Memory::default());
    let store = Store::create(Arc::clone(&memory) as _, "7c1e3b52-6a0f-4d7a-9f0e-2b9d4c6a1e55").expect("a store");
    let ramp: Vec<u8> = (0..3000_u32).flat_map(|n| (n as f32 * 0.01).to_le_bytes()).collect();
    let files = [b"few".to_vec(), vec![7; 900], ramp];
    let mut writer = store.writer();
    let mut stored = Vec::new();
    for bytes in files {
        let file = writer.put_bytes(&bytes, &Silent).expect("stored");
        writer.keep(&[file]).expect("kept");
        stored.push((file.id, bytes));
    }
    let entry = |(at, (id, bytes)): (usize, &(FileId, Vec<u8>))| TreeEntry {
        name: at.to_string(),
        kind: EntryKind::File,
        id: Some(id.digest()),
        size: bytes.len() as u64,
        target: None,
    };
    let tree = TreeRecord::new(stored.iter().enumerate().map(entry).collect());
    let tree = writer.put_tree(&tree).expect("stored");
    writer.finish().expect("durable");
    (memory.contents(), stored, tree)
});

/// Bytes of packs, segments and the description are changed: what is read is what was stored, or an error.
pub fn store(data: &[u8]) {
    let _ = changed(&mut Unstructured::new(data));
}

fn changed(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let (sound, files, tree) = &*SOUND;
    let mut contents = sound.clone();
    let names: Vec<String> = contents.keys().cloned().collect();
    for _ in 0..input.int_in_range(1..=4)? {
        let name = input.choose(&names)?;
        let Some(bytes) = contents.get_mut(name) else { continue };
        let at = input.int_in_range(0..=bytes.len().saturating_sub(1))?;
        match input.int_in_range(0..=4)? {
            0 => bytes.truncate(at),
            1 => {
                contents.remove(name);
            }
            2 => bytes.insert(at, input.arbitrary()?),
            _ if bytes.is_empty() => {}
            _ => bytes[at] ^= input.int_in_range(1..=255)?,
        }
    }
    let Ok(store) = Store::open(Arc::new(Memory::with_contents(contents))) else { return Ok(()) };
    for (id, plain) in files {
        if let Ok(found) = store.file(*id, 1 << 20) {
            assert!(found == *plain, "other bytes than were stored");
        }
        let _ = (store.has_file(*id), store.missing_part(*id), store.parts(*id), store.recipe(*id));
        let mut out = Vec::new();
        if store.copy_file(*id, &mut out, &Silent).is_ok() {
            assert!(out == *plain, "other bytes than were stored");
        }
        if let Ok(mut reader) = store.open_file(*id) {
            let _ = io::copy(&mut reader, &mut io::sink());
        }
    }
    if let Ok(found) = store.tree(*tree) {
        assert_eq!(found.entries.len(), files.len());
    }
    let _ = store.check(Depth::Full, &Silent);
    Ok(())
}
