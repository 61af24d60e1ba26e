//! A walk over XML that insists on well-formedness, for documents of elements and attributes only.

use std::collections::BTreeMap;

/// An element: name, attributes, and how deep it lies.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub depth: usize,
}

/// Every element in order. Panics on anything that is not well-formed.
pub fn elements(text: &str) -> Vec<Element> {
    assert!(
        text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)),
        "not XML characters"
    );
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a declaration").trim_start();
    let (mut open, mut found) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (inside, after) = rest.strip_prefix('<').expect("an element").split_once('>').expect("its end");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
        } else {
            let (inside, empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
            assert!(!open.is_empty() || found.is_empty(), "a second root");
            found.push(Element { name: name.to_owned(), attributes: read(attributes), depth: open.len() });
            if !empty {
                open.push(name.to_owned());
            }
        }
        // Between elements there is white space only.
        rest = after.trim_start();
    }
    assert!(open.is_empty(), "{open:?} never ends");
    found
}

fn read(mut text: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    while !text.trim_start().is_empty() {
        let (name, after) = text.trim_start().split_once("=\"").expect("an attribute");
        let (value, after) = after.split_once('"').expect("its end");
        assert!(!value.contains('<'), "{value}");
        assert!(attributes.insert(name.to_owned(), plain(value)).is_none(), "{name} twice");
        text = after;
    }
    attributes
}

fn plain(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';').expect("an entity");
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => panic!("unknown entity {entity}"),
        });
        out.push_str(after);
    }
    out
}
