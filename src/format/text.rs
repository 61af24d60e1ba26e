//! Digests, ids, names, versions and times inside records: as the text a person would type, and in caches, which nobody
//! reads, as their bytes.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::clock::Time;
use crate::digest::Digest;
use crate::id::Id;
use crate::name::{ModelName, SetName, StageName, Version};

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.digest().serialize(serializer)
    }
}
impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self::new)
    }
}

macro_rules! as_text_or_bytes {
    ($($type:ty, $parse:expr, $bytes:ty, $to:expr, $from:expr;)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    return serializer.collect_str(self);
                }
                let to: fn(&$type) -> $bytes = $to;
                to(self).serialize(serializer)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    let parse: fn(&str) -> Result<$type, String> = $parse;
                    return parse(&text).map_err(D::Error::custom);
                }
                let from: fn($bytes) -> Option<$type> = $from;
                from(<$bytes>::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("out of range"))
            }
        }
    )*};
}

as_text_or_bytes! {
    Digest, |text| text.parse().map_err(|e: crate::digest::DigestError| e.to_string()),
        [u8; 32], |d| *d.as_bytes(), |bytes| Some(Digest::from_bytes(bytes));
    Version, |text| Version::parse(text).ok_or_else(|| format!("`{text}` is not a version such as `v7`")),
        u32, |v| v.0, |number| Some(Version(number));
    Time, |text| Time::parse_rfc3339(text).map_err(|e| e.to_string()),
        i64, |t| t.milliseconds(), Time::from_milliseconds;
}

macro_rules! as_text {
    ($($type:ty, $parse:expr;)*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                let parse: fn(&str) -> Result<$type, String> = $parse;
                parse(&text).map_err(D::Error::custom)
            }
        }
    )*};
}

as_text! {
    ModelName, |text| ModelName::new(text).map_err(|e| e.to_string());
    StageName, |text| StageName::new(text).map_err(|e| e.to_string());
    SetName, |text| SetName::new(text).map_err(|e| e.to_string());
}

/// Whose journal an event is in: only there the store itself has a name.
pub(super) fn journal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ModelName, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    ModelName::of_journal(&text).map_err(D::Error::custom)
}
