//! skops' files: a zip whose `schema.json` says of every object which class it is of and what is in it; arrays are members
//! of their own.
//!
//! A node's `content` is JSON in a text (`JsonNode`), nodes by key (`DictNode`), a list of nodes, or the node of a state
//! (`ObjectNode`). What was written before stands there as its number (`CachedNode`). Source: skops' `io` package.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::pickle::value::{EMPTY, Id, NONE, OPAQUE, Object, Value, Values};
use super::stream::Halt;

/// Nodes in nodes, at most: JSON is not read to more.
const MAX_DEPTH: usize = 128;

/// The values of a schema.
pub(super) struct Schema<'a> {
    pub(super) values: Values,
    known: HashMap<i64, Id>,
    /// What lies in a member of this name.
    array: &'a mut dyn FnMut(&str) -> Option<Value>,
}

impl<'a> Schema<'a> {
    pub(super) fn new(array: &'a mut dyn FnMut(&str) -> Option<Value>) -> Self {
        Self { values: Values::default(), known: HashMap::new(), array }
    }

    /// The value of a node.
    pub(super) fn node(&mut self, node: &Json, depth: usize) -> Result<Id, Halt> {
        let number = node.get("__id__").and_then(Json::as_i64);
        if let Some(id) = number.and_then(|number| self.known.get(&number)) {
            return Ok(*id);
        }
        let (Some(loader), true) = (text(node, "__loader__"), depth < MAX_DEPTH) else { return Ok(OPAQUE) };
        let content = node.get("content").unwrap_or(&Json::Null);
        let class = (text(node, "__module__").unwrap_or_default(), text(node, "__class__").unwrap_or_default());
        let value = match loader {
            "JsonNode" => {
                let text = content.as_str().unwrap_or_default();
                match (text, serde_json::from_str(text)) {
                    (_, Ok(json)) => scalar(&json),
                    // Python's JSON has these.
                    ("NaN" | "Infinity" | "-Infinity", _) => text.parse().map_or(Value::Opaque, Value::Float),
                    _ => Value::Opaque,
                }
            }
            "DictNode" | "DefaultDictNode" | "OrderedDictNode" => Value::Dict(self.pairs(node, content, depth)?),
            "ListNode" => Value::List(self.all(content, depth)?),
            "TupleNode" => Value::Tuple(self.all(content, depth)?),
            "SetNode" => Value::Set(self.all(content, depth)?),
            "FunctionNode" | "TypeNode" | "PartialFunctionNode" => {
                Value::Global(Box::new((class.0.to_owned(), class.1.to_owned())))
            }
            "NdArrayNode" => match text(node, "file").and_then(|file| (self.array)(file)) {
                Some(value) => value,
                None => self.object(class, None)?,
            },
            "ObjectNode" if content.is_object() => {
                let state = self.node(content, depth + 1)?;
                self.object(class, Some(state))?
            }
            _ => self.object(class, None)?,
        };
        let id = if value == Value::None { NONE } else { self.values.add(value)? };
        if let Some(number) = number {
            self.known.insert(number, id);
        }
        Ok(id)
    }

    fn object(&mut self, class: (&str, &str), state: Option<Id>) -> Result<Value, Halt> {
        let callable = self.values.add(Value::Global(Box::new((class.0.to_owned(), class.1.to_owned()))))?;
        let states = state.into_iter().collect();
        let object = Object { callable, arguments: EMPTY, states, items: Vec::new(), pairs: Vec::new() };
        Ok(Value::Object(Box::new(object)))
    }

    fn all(&mut self, content: &Json, depth: usize) -> Result<Vec<Id>, Halt> {
        let nodes = content.as_array().map(Vec::as_slice).unwrap_or_default();
        nodes.iter().map(|node| self.node(node, depth + 1)).collect()
    }

    /// Keys are texts in JSON; the types they had stand beside them, in their order.
    fn pairs(&mut self, node: &Json, content: &Json, depth: usize) -> Result<Vec<(Id, Id)>, Halt> {
        let types = node.get("key_types").and_then(|types| types.get("content")).and_then(Json::as_array);
        let mut pairs = Vec::new();
        for (place, (key, value)) in content.as_object().into_iter().flatten().enumerate() {
            let kind = types.and_then(|types| types.get(place)).and_then(|kind| text(kind, "__class__"));
            let key = match kind {
                Some("int") => key.parse().map(Value::Int).ok(),
                Some("float") => key.parse().map(Value::Float).ok(),
                Some("bool") => Some(Value::Bool(key == "True" || key == "true")),
                _ => None,
            }
            .unwrap_or_else(|| Value::Text(key.as_str().into()));
            let key = self.values.add(key)?;
            pairs.push((key, self.node(value, depth + 1)?));
        }
        Ok(pairs)
    }
}

fn text<'a>(node: &'a Json, name: &str) -> Option<&'a str> {
    node.get(name)?.as_str()
}

fn scalar(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::Text(text.as_str().into()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Value::Int(integer),
            (None, Some(float)) if number.is_f64() => Value::Float(float),
            _ => Value::Big(number.to_string().into()),
        },
        Json::Array(_) | Json::Object(_) => Value::Opaque,
    }
}
