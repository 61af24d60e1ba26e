//! A value of a parameter or a metric, as it stands in records.
//!
//! JSON as such, except where JSON has no number for it: integers beyond ±2⁵³ are `{"int":"9007199254740993"}`,
//! and non-finite floats `{"float":"nan"}`, `{"float":"inf"}`, `{"float":"-inf"}`; a value that was erased is
//! `{"erased":"for good"}`. A parameter is never a map (keys are dotted), so these cannot be confused with a value. The
//! empty map is `{}`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The largest integer a JSON number carries without loss: 2⁵³ − 1.
pub const SAFE_INTEGER: i128 = (1 << 53) - 1;
/// What stands behind the tag of an erased value.
const FOR_GOOD: &str = "for good";

/// One value.
#[derive(Debug, Clone)]
pub enum Scalar {
    /// `null`, `~` or an empty value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number, as written.
    Int(i128),
    /// Any other number; NaN and infinities are kept.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Scalar>),
    /// A map without entries, which has no dotted key of its own.
    EmptyMap,
    /// A value that was erased from the record.
    Erased,
}

/// Whether a JSON number carries an integer without loss.
pub const fn is_safe(value: i128) -> bool {
    -SAFE_INTEGER <= value && value <= SAFE_INTEGER
}

impl Scalar {
    /// The finite number it is, if it is one.
    pub fn finite(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) if value.is_finite() => Some(*value),
            _ => None,
        }
    }

    /// The number it is, NaN and infinities included.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            _ => self.finite(),
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "an integer",
            Self::Float(value) if value.is_finite() => "a number",
            Self::Float(_) => "not finite",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::EmptyMap => "an empty map",
            Self::Erased => "erased",
        }
    }
}

/// Two values are equal when the same bytes would be recorded: NaN equals NaN, `1` differs from `"1"`,
/// and `1` equals `1.0`, which canonical JSON writes alike.
impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::EmptyMap, Self::EmptyMap) | (Self::Erased, Self::Erased) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || a.is_nan() && b.is_nan(),
            (Self::Int(i), Self::Float(f)) | (Self::Float(f), Self::Int(i)) => is_safe(*i) && *i as f64 == *f,
            _ => false,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.pad("null"),
            Self::Bool(value) => f.pad(&value.to_string()),
            Self::Int(value) => f.pad(&value.to_string()),
            Self::Float(value) => f.pad(&float_text(*value)),
            Self::Text(value) => f.pad(value),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                f.pad(&format!("[{}]", items.join(", ")))
            }
            Self::EmptyMap => f.pad("{}"),
            Self::Erased => f.pad("erased"),
        }
    }
}

fn float_text(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else {
        value.to_string()
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tagged = |serializer: S, tag: &str, text: String| {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(tag, &text)?;
            map.end()
        };
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) if is_safe(*value) => serializer.serialize_i64(*value as i64),
            Self::Int(value) => tagged(serializer, "int", value.to_string()),
            Self::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float(value) => tagged(serializer, "float", float_text(*value)),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => items.serialize(serializer),
            Self::EmptyMap => serializer.serialize_map(Some(0))?.end(),
            Self::Erased => tagged(serializer, "erased", FOR_GOOD.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Digits without a tag: beyond the safe integers they are a float that is printed without its point, such as 1e16.
fn bare_number(value: i128) -> Scalar {
    if is_safe(value) { Scalar::Int(value) } else { Scalar::Float(value as f64) }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, `{\"int\":…}` or `{\"float\":…}`")
    }
    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(bare_number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(bare_number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Scalar::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar, A::Error> {
        let Some((tag, text)) = entries.next_entry::<String, String>()? else {
            return Ok(Scalar::EmptyMap);
        };
        let refused = || de::Error::custom(format!("`{tag}`: `{text}` is no value of that form"));
        match tag.as_str() {
            "int" => text.parse().map(Scalar::Int).map_err(|_| refused()),
            "float" => match text.as_str() {
                "nan" => Ok(Scalar::Float(f64::NAN)),
                "inf" => Ok(Scalar::Float(f64::INFINITY)),
                "-inf" => Ok(Scalar::Float(f64::NEG_INFINITY)),
                _ => Err(refused()),
            },
            "erased" if text == FOR_GOOD => Ok(Scalar::Erased),
            _ => Err(refused()),
        }
    }
}
