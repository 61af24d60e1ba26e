//! JSON files of any length, as trees of bounded size: the lists of a model's trees are counted, not kept.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::stream::{Halt, Reading, Stream};

/// Bytes of the texts that are kept, and of what holds them.
const MAX_KEPT: usize = 100 << 20;
const EACH: usize = 64;
/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;
/// Classes that are noted, at most.
const MAX_CLASSES: usize = 64 << 10;

/// A tree in the making.
pub(super) struct Outline {
    /// Keys whose values are only counted.
    pub(super) counted: &'static [&'static str],
    /// The keys of the outermost object; any where there are none.
    pub(super) keys: &'static [&'static str],
    left: usize,
    /// Pairs of `__module__` and `__class__` that stand in one object, wherever.
    pub(super) classes: BTreeSet<(String, String)>,
    /// Whether anything was left out because there was too much.
    pub(super) cut: bool,
}

impl Outline {
    pub(super) const fn new(counted: &'static [&'static str], keys: &'static [&'static str]) -> Self {
        Self { counted, keys, left: MAX_KEPT, classes: BTreeSet::new(), cut: false }
    }

    pub(super) fn room(&mut self, length: usize) -> bool {
        let fits = self.left >= length.saturating_add(EACH);
        if fits {
            self.left -= length + EACH;
        }
        self.cut |= !fits;
        fits
    }

    /// JSON that ends where the stream does.
    pub(super) fn json(&mut self, stream: &mut Stream<'_>) -> Reading<Value> {
        let mut json = serde_json::Deserializer::from_reader(Buffered {
            stream,
            buffer: Vec::new(),
            at: 0,
            text: None,
            escaped: false,
        });
        let tree = Node { outline: self, counted: false, outermost: true }.deserialize(&mut json);
        let tree = tree.and_then(|tree| json.end().map(|()| tree));
        tree.map_err(|error| match error.io_error_kind() {
            Some(kind) => Halt::from(std::io::Error::from(kind)),
            None if error.is_eof() => Halt::Ended,
            None => Halt::Broken("no JSON"),
        })
    }

    /// Whether the outermost object may have it.
    pub(super) fn is_key(&self, name: &str) -> bool {
        self.keys.is_empty() || self.keys.contains(&name)
    }

    fn class(&mut self, object: &Map<String, Value>) {
        if let (Some(Value::String(module)), Some(Value::String(name))) =
            (object.get("__module__"), object.get("__class__"))
            && self.classes.len() < MAX_CLASSES
        {
            self.classes.insert((module.clone(), name.clone()));
        }
    }
}

/// serde asks for one byte after the other, and would hold a text of any length.
struct Buffered<'a, 's> {
    stream: &'a mut Stream<'s>,
    buffer: Vec<u8>,
    at: usize,
    /// Bytes since the text began that is being read.
    text: Option<usize>,
    escaped: bool,
}

impl Buffered<'_, '_> {
    fn follow(&mut self, byte: u8) -> std::io::Result<()> {
        match (self.text, byte) {
            (None, b'"') => self.text = Some(0),
            (None, _) => {}
            (Some(_), b'"') if !self.escaped => self.text = None,
            (Some(MAX_KEPT), _) => return Err(std::io::ErrorKind::InvalidData.into()),
            (Some(length), _) => {
                self.escaped = byte == b'\\' && !self.escaped;
                self.text = Some(length + 1);
            }
        }
        Ok(())
    }
}

impl Read for Buffered<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        if self.at == self.buffer.len() {
            self.buffer.resize(BUFFER, 0);
            let read = self.stream.read(&mut self.buffer)?;
            self.buffer.truncate(read);
            self.at = 0;
        }
        let Some(byte) = self.buffer.get(self.at) else { return Ok(0) };
        *first = *byte;
        self.at += 1;
        self.follow(*first)?;
        Ok(1)
    }
}

/// One value of JSON.
struct Node<'a> {
    outline: &'a mut Outline,
    counted: bool,
    outermost: bool,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(if self.outline.room(value.len()) { Value::String(value.to_owned()) } else { Value::Null })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        if self.counted {
            let mut count = 0_u64;
            while all.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
            }
            return Ok(count.into());
        }
        let mut list = Vec::new();
        while let Some(value) =
            all.next_element_seed(Node { outline: self.outline, counted: false, outermost: false })?
        {
            if self.outline.room(0) {
                list.push(value);
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = all.next_key::<String>()? {
            if self.outermost && !self.outline.is_key(&name) {
                return Err(serde::de::Error::custom("another file"));
            }
            let counted = self.counted || self.outline.counted.contains(&name.as_str());
            let value = all.next_value_seed(Node { outline: self.outline, counted, outermost: false })?;
            if !self.counted && self.outline.room(name.len()) {
                map.insert(name, value);
            }
        }
        self.outline.class(&map);
        Ok(Value::Object(map))
    }
}
