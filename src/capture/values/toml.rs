//! TOML documents, read by the `toml` crate.

use ::toml::{Table, Value};

use crate::format::scalar::Scalar;

use super::tree::{Budget, Node, check_depth};
use super::{Reason, ValuesError};

/// Reads the document.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<Node, ValuesError> {
    let table: Table = text.parse().map_err(|error: ::toml::de::Error| {
        let reason = match error.message() {
            "duplicate key" => {
                let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
                Reason::Duplicate { key: key.to_owned() }
            }
            message => Reason::Syntax(message.to_owned()),
        };
        match error.span() {
            Some(span) => reason.at(text, span.start),
            None => reason.nowhere(),
        }
    })?;
    table_node(table, 0, budget).map_err(Reason::nowhere)
}

fn table_node(table: Table, depth: usize, budget: &mut Budget) -> Result<Node, Reason> {
    check_depth(depth)?;
    budget.value(0)?;
    let entry = |(key, value): (String, Value)| {
        budget.key(&key)?;
        Ok((key, node(value, depth + 1, budget)?))
    };
    table.into_iter().map(entry).collect::<Result<_, _>>().map(Node::map)
}

fn node(value: Value, depth: usize, budget: &mut Budget) -> Result<Node, Reason> {
    let scalar = match value {
        Value::Table(table) => return table_node(table, depth, budget),
        Value::Array(items) => {
            check_depth(depth)?;
            budget.value(0)?;
            let items = items.into_iter().map(|item| node(item, depth + 1, budget));
            return items.collect::<Result<_, _>>().map(Node::list);
        }
        Value::String(text) => Scalar::Text(text),
        Value::Integer(value) => Scalar::Int(value.into()),
        Value::Float(value) => Scalar::Float(value),
        Value::Boolean(value) => Scalar::Bool(value),
        Value::Datetime(value) => Scalar::Text(value.to_string()),
    };
    budget.value(if let Scalar::Text(text) = &scalar { text.len() } else { 0 })?;
    Ok(Node::scalar(scalar))
}
