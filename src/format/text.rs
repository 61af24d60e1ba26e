//! Digests, ids, names, versions and times inside records: always as the text a person would type.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::clock::Time;
use crate::digest::Digest;
use crate::id::Id;
use crate::name::{ModelName, SetName, StageName, Version};

impl<Kind> Serialize for Id<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, Kind> Deserialize<'de> for Id<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Digest::deserialize(deserializer).map(Self::new)
    }
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
    Digest, |text| text.parse().map_err(|e: crate::digest::DigestError| e.to_string());
    ModelName, |text| ModelName::new(text).map_err(|e| e.to_string());
    StageName, |text| StageName::new(text).map_err(|e| e.to_string());
    SetName, |text| SetName::new(text).map_err(|e| e.to_string());
    Version, |text| Version::parse(text).ok_or_else(|| format!("`{text}` is not a version such as `v7`"));
    Time, |text| Time::parse_rfc3339(text).map_err(|e| e.to_string());
}
