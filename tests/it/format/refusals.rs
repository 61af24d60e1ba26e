//! What is refused: newer versions by name, fields nobody knows, other spellings, anything cut or changed. Always as an
//! error that says which, never as a panic, never as something half understood.

use mlrun::format::certificate::StatementRecord;
use mlrun::format::event;
use mlrun::format::index::Segment;
use mlrun::format::pack::{self, HEADER, ObjectHeader, Trailer};
use mlrun::format::recipe::Recipe;
use mlrun::format::tree::{EntryKind, TreeRecord};
use mlrun::format::{FormatError, checkpoint};
use serde_json::Value;

use super::{JSON, event_files, event_of, golden, understood};
use crate::support::noise::next;

/// A golden record as JSON, changed, and encoded canonically again.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(&golden(name)).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn a_newer_version_is_named() {
    for (name, format, again) in JSON {
        let kind = format.strip_suffix("/1").unwrap();
        let text = String::from_utf8(golden(name)).unwrap();
        let newer = text.replace(&format!("\"{format}\""), &format!("\"{kind}/7\""));
        assert_ne!(text, newer);
        let expected = FormatError::Newer { kind: kind.to_owned(), found: 7, known: 1 };
        assert_eq!(again(newer.as_bytes()).unwrap_err(), expected, "{name}");
    }
}

/// Even where nothing else of it can be understood.
#[test]
fn a_newer_version_is_named_before_anything_else_is_looked_at() {
    for (_, format, again) in JSON.iter().filter(|(name, _, _)| *name != "certificate.json") {
        let kind = format.strip_suffix("/1").unwrap();
        let text = format!("{{ \"new\": [1.0], \"format\": \"{kind}/2\" }}");
        assert!(matches!(again(text.as_bytes()), Err(FormatError::Newer { found: 2, known: 1, .. })), "{format}");
    }
}

#[test]
fn a_newer_event_can_be_shown_but_not_understood() {
    let text = String::from_utf8(golden("event-08-block.txt")).unwrap();
    let line = text.lines().next().unwrap();
    let newer = event::decode(&event_of(&line.replace("mlrun/event/1", "mlrun/event/2"))).unwrap();
    assert_eq!(newer.value["reason"], "biased");
    assert_eq!(newer.event.unwrap_err(), FormatError::Newer { kind: "mlrun/event".to_owned(), found: 2, known: 1 });
    let unknown = event::decode(&event_of(&line.replace("\"kind\":\"block\"", "\"kind\":\"canonise\""))).unwrap();
    assert!(matches!(unknown.event, Err(FormatError::Newer { ref kind, .. }) if kind == "event `canonise`"));
}

#[test]
fn newer_binary_kinds_are_named() {
    let set = |name: &str, at: usize| {
        let mut bytes = golden(name);
        let at = if at == usize::MAX { bytes.len() - 1 } else { at };
        bytes[at] = 9;
        bytes
    };
    let newer = |e: FormatError| matches!(e, FormatError::Newer { found: 9, known: 1 | 2, .. });
    assert!(newer(Recipe::decode(&set("recipe.bin", 4)).unwrap_err()));
    assert!(newer(Segment::decode(&set("index-2.bin", 7)).unwrap_err()));
    let pack = set("pack.bin", usize::MAX);
    assert!(newer(Trailer::locate(&pack[pack.len() - pack::FOOTER..], pack.len() as u64).unwrap_err()));
}

#[test]
fn another_kind_is_not_read_as_this_one() {
    for (name, _, _) in JSON {
        for (_, format, again) in JSON {
            if !String::from_utf8(golden(name)).unwrap().contains(format) {
                assert!(again(&golden(name)).is_err(), "{name} as {format}");
            }
        }
    }
    assert!(matches!(
        TreeRecord::decode(&golden("format.json")),
        Err(FormatError::Kind { expected: "mlrun/tree/1", ref found }) if found == "mlrun/store/1"
    ));
}

/// Puts `value` under `zzz` into the n-th object of a document; whether there was one.
fn insert(document: &mut Value, n: &mut usize, value: &Value) -> bool {
    match document {
        Value::Object(map) => {
            if *n == 0 {
                map.insert("zzz".to_owned(), value.clone());
                return true;
            }
            *n -= 1;
            map.values_mut().any(|below| insert(below, n, value))
        }
        Value::Array(items) => items.iter_mut().any(|below| insert(below, n, value)),
        _ => false,
    }
}

/// An object of lists is a value in no record, so that a map of free keys cannot take it in either.
#[test]
fn unknown_fields_are_refused_at_every_depth() {
    let stranger = serde_json::json!({"zzz": [1]});
    let mut tried = 0;
    let mut every = |name: &str, read: &dyn Fn(&[u8]) -> Result<(), FormatError>, document: &Value| {
        for at in 0.. {
            let mut changed = document.clone();
            if !insert(&mut changed, &mut at.clone(), &stranger) {
                break;
            }
            let bytes = mlrun::format::canonical::encode("test", &changed).unwrap();
            assert!(matches!(read(&bytes), Err(FormatError::Malformed { .. })), "{name}: {changed}");
            tried += 1;
        }
    };
    for (name, _, again) in JSON {
        let document = serde_json::from_slice(&golden(name)).unwrap();
        every(name, &|bytes| again(bytes).map(|_| ()), &document);
    }
    for bytes in event_files() {
        let document = event::decode(&bytes).unwrap().value;
        let read = |json: &[u8]| understood(&event_of(std::str::from_utf8(json).unwrap())).map(|_| ());
        every("event", &read, &document);
    }
    assert!(tried > 80, "{tried}");
}

/// What came later, or may be absent.
const OPTIONAL: [(&str, &str); 6] = [
    ("snapshot-exec.json", "cwd"),
    ("observation-exec.json", "execution"),
    ("observation-profiles.json", "profiles"),
    ("profile.json", "logical"),
    ("profile.json", "redactions"),
    ("waiver-certificate.json", "certificate"),
];

/// A field that is left out is as wrong as one too many.
#[test]
fn missing_fields_are_refused() {
    for (name, _, again) in JSON {
        let document: Value = serde_json::from_slice(&golden(name)).unwrap();
        let optional = |key: &String| key == "format" || OPTIONAL.contains(&(name, key.as_str()));
        for key in document.as_object().unwrap().keys().filter(|key| !optional(key)) {
            let bytes = changed(name, |v| drop(v.as_object_mut().unwrap().remove(key)));
            assert!(again(&bytes).is_err(), "{name} without {key}");
        }
    }
}

#[test]
fn only_the_canonical_spelling_is_read() {
    for (name, _, again) in JSON {
        let text = String::from_utf8(golden(name)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut spellings = vec![
            format!("{text}\n"),
            format!(" {text}"),
            text.replacen(':', ": ", 1),
            serde_json::to_string_pretty(&document).unwrap(),
            text.replacen("mlrun/", "mlrun\\/", 1),
            text.replacen("\"format\"", "\"f\\u006frmat\"", 1),
            format!("{}{}", text.replacen('}', ",\"format\":\"x\"}", 1), ""),
        ];
        if name == "tree.json" {
            spellings.push(text.replace("\"size\":3", "\"size\":3.0"));
            spellings.push(text.replace("ü", "\\u00fc"));
            spellings.push(text.replace("\"size\":0", "\"size\":-0"));
        }
        if name == "policy.json" {
            spellings.push(text.replace("0.95", "0.950"));
            spellings.push(text.replace("0.95", "9.5e-1"));
            spellings.push(text.replace("0.95", "0.94999999999999995559"));
            spellings.push(text.replace("\"resamples\":2000", "\"resamples\":2e3"));
        }
        for spelling in spellings {
            assert_ne!(spelling, text);
            assert!(again(spelling.as_bytes()).is_err(), "{name}: {spelling}");
        }
        // Fields in another order.
        if let Some((first, rest)) = text[1..text.len() - 1].split_once(",\"format\"") {
            let turned = format!("{{\"format\"{rest},{first}}}");
            assert!(again(turned.as_bytes()).is_err(), "{name}: {turned}");
        }
    }
    let text = String::from_utf8(golden("event-08-block.txt")).unwrap();
    let line = text.lines().next().unwrap();
    for spelling in [line.replacen(':', ": ", 1), line.replacen("\"kind\"", "\"k\\u0069nd\"", 1), format!("{line} ")] {
        assert!(understood(&event_of(&spelling)).is_err(), "{spelling}");
    }
}

#[test]
fn nothing_cut_is_read() {
    for (name, _, again) in JSON {
        let bytes = golden(name);
        for length in 0..bytes.len() {
            assert!(again(&bytes[..length]).is_err(), "{name} cut to {length}");
        }
    }
    for bytes in event_files() {
        for length in 0..bytes.len() {
            assert!(event::decode(&bytes[..length]).is_err(), "event cut to {length}");
        }
    }
    let cut = |name: &str, reads: &dyn Fn(&[u8]) -> bool| {
        let bytes = golden(name);
        for length in 0..bytes.len() {
            assert!(!reads(&bytes[..length]), "{name} cut to {length}");
        }
        assert!(reads(&bytes), "{name}");
        assert!(!reads(&[bytes.as_slice(), b"\0"].concat()), "{name} and a byte");
    };
    cut("recipe.bin", &|b| Recipe::decode(b).is_ok());
    cut("recipe-empty.bin", &|b| Recipe::decode(b).is_ok());
    cut("index-2.bin", &|b| Segment::decode(b).is_ok());
    cut("checkpoint-8.bin", &|b| checkpoint::decode(b.to_vec()).is_some());
    cut("pack.bin", &|b| trailer_of(b).is_ok());
}

/// A pack's trailer, found from its end.
fn trailer_of(pack: &[u8]) -> Result<Trailer, FormatError> {
    let footer = &pack[pack.len().saturating_sub(pack::FOOTER)..];
    let (offset, size) = Trailer::locate(footer, pack.len() as u64)?;
    Trailer::decode(&pack[offset as usize..offset as usize + size])
}

/// Every single bit of every binary kind.
#[test]
fn no_flipped_bit_goes_unnoticed() {
    let flips = |name: &str, from: usize, reads: &dyn Fn(&[u8]) -> bool| {
        let mut bytes = golden(name);
        for bit in from * 8..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!reads(&bytes), "{name}: bit {} of byte {}", bit % 8, bit / 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    };
    flips("recipe.bin", 0, &|b| Recipe::decode(b).is_ok());
    flips("index-2.bin", 0, &|b| Segment::decode(b).is_ok());
    flips("checkpoint-8.bin", 0, &|b| checkpoint::decode(b.to_vec()).is_some());
    flips("event-10-rollback.txt", 0, &|b| event::decode(b).is_ok());
    let trailer = golden("pack.bin").len() - trailer_of(&golden("pack.bin")).unwrap().encode(0).len();
    flips("pack.bin", trailer, &|b| trailer_of(b).is_ok());
}

/// An object's own header is not checksummed, the trailer's copy is: a flipped bit makes it another one, or none.
#[test]
fn no_flipped_bit_in_an_objects_header_leaves_it_as_it_was() {
    let pack = golden("pack.bin");
    let mut bytes = pack[8..8 + HEADER].to_vec();
    let whole = ObjectHeader::decode(&bytes).unwrap();
    for bit in 0..HEADER * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(ObjectHeader::decode(&bytes).ok(), Some(whole), "bit {} of byte {}", bit % 8, bit / 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for length in 0..HEADER {
        assert!(matches!(ObjectHeader::decode(&bytes[..length]), Err(FormatError::Truncated { .. })));
    }
}

/// Sizes and counts that lie are errors before anything is allocated for them.
#[test]
fn numbers_that_lie_are_refused() {
    let seal = |mut body: Vec<u8>| {
        let sum = blake3::hash(&body);
        body.extend_from_slice(sum.as_bytes());
        body
    };
    let body = |name: &str| {
        let bytes = golden(name);
        bytes[..bytes.len() - 32].to_vec()
    };
    for (at, with) in [
        (48, u32::MAX),
        (48, 1),
        (48, 3),
        (40, 2399),
        (44, 1),
        (88, 0),
        (88, 1201),
        (88, (4 << 20) + 1),
        (52, 3),
        (52, 1),
        (52, u32::MAX),
        (128, 2400),
        (136, 2401),
    ] {
        let mut recipe = body("recipe.bin");
        recipe[at..at + 4].copy_from_slice(&with.to_le_bytes());
        assert!(Recipe::decode(&seal(recipe)).is_err(), "{with} at {at} of the recipe");
    }
    // One pack at 16, one page at 56, the head's sum at 120, two entries from 152 on.
    for (at, with) in [(8, u32::MAX), (8, 0), (8, 2), (12, u32::MAX), (12, 1), (56, 0), (152 + 32, 1), (152 + 36, 9)] {
        let mut index = golden("index-2.bin");
        index[at..at + 4].copy_from_slice(&with.to_le_bytes());
        let page = *blake3::hash(&index[152..]).as_bytes();
        index[88..120].copy_from_slice(&page);
        let head = *blake3::hash(&index[..120]).as_bytes();
        index[120..152].copy_from_slice(&head);
        assert!(Segment::decode(&index).is_err(), "{with} at {at} of the index");
    }
    let pack = golden("pack-two-records.bin");
    let footer = &pack[pack.len() - pack::FOOTER..];
    for (offset, count) in [(u64::MAX, 2), (118, u64::MAX), (118, u64::MAX / 56), (0, 2), (7, 2), (118, 1), (118, 3)] {
        let mut lying = footer.to_vec();
        lying[..8].copy_from_slice(&offset.to_le_bytes());
        lying[8..16].copy_from_slice(&count.to_le_bytes());
        assert!(Trailer::locate(&lying, pack.len() as u64).is_err(), "{count} objects before {offset}");
    }
    // A trailer that is whole and names bytes outside the pack, or an object nothing can hold.
    let good = trailer_of(&pack).unwrap();
    for change in [0, 1, 2] {
        let mut trailer = good.clone();
        match change {
            0 => trailer.objects[0].0 = 118,
            1 => trailer.objects[1].0 = u64::MAX,
            _ => trailer.objects[1].1.stored_length = pack::MAX_OBJECT + 1,
        }
        assert!(Trailer::decode(&trailer.encode(118)).is_err(), "{change}");
    }
}

/// What a tree may not hold, although it is canonical.
#[test]
fn hostile_trees_are_refused() {
    type Change = fn(&mut TreeRecord);
    let changes: [(&str, Change); 16] = [
        ("order", |t| t.entries.reverse()),
        ("twice", |t| t.entries[1].name = "B".to_owned()),
        ("empty", |t| t.entries[0].name = String::new()),
        ("dot", |t| t.entries[0].name = ".".to_owned()),
        ("dots", |t| t.entries[0].name = "..".to_owned()),
        ("slash", |t| t.entries[0].name = "A/b".to_owned()),
        ("backslash", |t| t.entries[0].name = "A\\b".to_owned()),
        ("nul", |t| t.entries[0].name = "A\0".to_owned()),
        ("a line break", |t| t.entries[0].name = "A\n".to_owned()),
        ("an escape", |t| t.entries[0].name = "A\u{1b}[2J".to_owned()),
        ("long", |t| t.entries[0].name = "A".repeat(256)),
        ("no id", |t| t.entries[0].id = None),
        ("a target", |t| t.entries[0].target = Some("x".to_owned())),
        ("a link with an id", |t| t.entries[3].id = t.entries[0].id),
        ("a link without a target", |t| t.entries[3].target = None),
        ("a folder without an id", |t| (t.entries[1].kind, t.entries[1].id) = (EntryKind::Folder, None)),
    ];
    let whole = TreeRecord::decode(&golden("tree.json")).unwrap();
    for (what, change) in changes {
        let mut tree = whole.clone();
        change(&mut tree);
        assert!(matches!(tree.encode(), Err(FormatError::Malformed { .. })), "{what}");
        let bytes = mlrun::format::canonical::encode("tree", &tree).unwrap();
        assert!(matches!(TreeRecord::decode(&bytes), Err(FormatError::Malformed { .. })), "{what}");
    }
}

/// A certificate is about its candidate and nothing else.
#[test]
fn a_certificate_about_another_snapshot_is_none() {
    for change in [
        |v: &mut Value| v["subject"][0]["digest"]["sha256"] = Value::from("0".repeat(64)),
        |v: &mut Value| v["subject"] = Value::Array(Vec::new()),
        |v: &mut Value| {
            let one = v["subject"][0].clone();
            v["subject"].as_array_mut().unwrap().push(one);
        },
        |v: &mut Value| v["predicate"]["candidate"] = Value::from("0".repeat(64)),
        |v: &mut Value| v["_type"] = Value::from("https://in-toto.io/Statement/v0.1"),
        |v: &mut Value| v["predicateType"] = Value::from("https://example.org/other"),
    ] {
        assert!(StatementRecord::decode(&changed("certificate.json", change)).is_err());
    }
}

/// Two lines that agree, and nothing else.
#[test]
fn an_event_is_exactly_two_lines() {
    let whole = golden("event-08-block.txt");
    let text = String::from_utf8(whole.clone()).unwrap();
    let (line, sum) = text.trim_end().split_once('\n').unwrap();
    for other in [
        format!("{line}\n{sum}"),
        format!("{line}\n{sum}\n\n"),
        format!("{line}\n{}\n", sum.to_uppercase()),
        format!("{line}\r\n{sum}\r\n"),
        format!("\n{line}\n{sum}\n"),
        format!("{line}\n{sum}  event\n"),
        sum.to_owned(),
        String::new(),
    ] {
        assert!(event::decode(other.as_bytes()).is_err(), "{other:?}");
    }
}

/// Garbage is an error, whatever it is.
#[test]
fn garbage_never_panics() {
    let mut state = 3;
    for round in 0..3000_usize {
        let mut bytes = crate::support::noise::noise(next(&mut state), round % 700);
        let start: &[u8] = match round % 6 {
            0 => b"MLRR\x01\0\0\0",
            1 => b"MLRINDX\x01\x01\0\0\0\x01\0\0\0",
            2 => b"{\"format\":\"mlrun/tree/1\",",
            3 => b"MLRO\x01\0\0\0",
            _ => b"",
        };
        let n = start.len().min(bytes.len());
        bytes[..n].copy_from_slice(&start[..n]);
        assert!(Recipe::decode(&bytes).is_err());
        assert!(Segment::decode(&bytes).is_err());
        assert!(Trailer::decode(&bytes).is_err());
        assert!(event::decode(&bytes).is_err());
        assert!(checkpoint::decode(bytes.clone()).is_none());
        let _ = ObjectHeader::decode(&bytes);
        let _ = Trailer::locate(&bytes[..bytes.len().min(pack::FOOTER)], bytes.len() as u64);
        for (_, _, again) in JSON {
            assert!(again(&bytes).is_err());
        }
    }
}

/// A note of a collection under way, with any bit wrong or cut anywhere, is none.
#[test]
fn a_note_of_a_collection_that_is_not_whole() {
    use mlrun::format::collection::{self, CollectionRecord, GoingPack};
    let record = CollectionRecord {
        seq: 7,
        grace: 86_400,
        at_once: true,
        erased: 12,
        packs: vec![GoingPack { name: [9; 32], objects: 3, freed: 1 << 40 }],
        trash: vec![("trash/0000000000000001/x.pack".to_owned(), 4)],
    };
    let bytes = collection::encode(&record).unwrap();
    assert_eq!(collection::decode(&bytes), Some(record));
    for bit in 0..bytes.len() * 8 {
        let mut wrong = bytes.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(collection::decode(&wrong), None, "bit {bit}");
    }
    assert!((0..bytes.len()).all(|length| collection::decode(&bytes[..length]).is_none()));
}
