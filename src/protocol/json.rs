//! Strict JSON: an object, no member name twice at any depth (RFC 8725 section 2.4), bounded depth.
//!
//! `serde_json` keeps the last of two equal members where another parser keeps the first; that difference is an attack
//! (J-06). Depth is bounded by `serde_json` itself (128).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes are not a strict JSON object. Carries no input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON object, or a member occurs twice")]
pub struct NotStrictJson;

/// Parses one JSON object and nothing after it.
///
/// # Errors
/// [`NotStrictJson`] for anything else: another type, a repeated member, too deep, numbers out of range, not UTF-8.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, NotStrictJson> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer).map_err(|_| NotStrictJson)?;
    deserializer.end().map_err(|_| NotStrictJson)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(NotStrictJson),
    }
}

/// Builds a [`Value`] like `serde_json` does, but refuses a repeated member.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict)?;
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_may_occur_once_at_any_depth() {
        assert!(parse_object(br#"{"a":1,"b":{"a":[1,{"a":2}]}}"#).is_ok());
        assert_eq!(parse_object(br#"{"a":1,"a":1}"#), Err(NotStrictJson));
        assert_eq!(parse_object(br#"{"b":[{"a":1,"\u0061":2}]}"#), Err(NotStrictJson));
    }

    #[test]
    fn what_is_not_one_finite_shallow_object_is_refused() {
        let deep = [b"{\"a\":".repeat(10_000), b"1".to_vec(), b"}".repeat(10_000)].concat();
        let bad: [&[u8]; 8] =
            [b"", b"[]", b"\"x\"", b"{} {}", b"{\"a\":1e999}", b"{\"a\":\"\xff\"}", b"{\"a\":\"\\ud800\"}", &deep];
        for bytes in bad {
            assert_eq!(parse_object(bytes), Err(NotStrictJson));
        }
    }

    #[test]
    fn values_are_those_of_serde_json() {
        let text = r#"{"s":"\u00e9","n":-3,"u":18446744073709551615,"f":1.5,"t":true,"z":null,"l":[],"o":{}}"#;
        let plain: Map<String, Value> = serde_json::from_str(text).expect("valid JSON");
        assert_eq!(parse_object(text.as_bytes()), Ok(plain));
    }
}
