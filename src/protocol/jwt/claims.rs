//! Reading registered claims (RFC 7519 section 4.1) with the type the specification gives them, and nothing converted.

use serde_json::{Map, Value};

use super::error::JwtError;

/// Difference between our clock and a provider's that is forgiven, in seconds.
pub const SKEW: i64 = 60;
/// 9999-12-31T23:59:59Z: beyond it a date is nonsense.
const LAST_DATE: i64 = 253_402_300_799;

/// A string claim; `None` when absent or null.
///
/// # Errors
/// [`JwtError::ClaimMalformed`] for any other type.
pub fn text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwtError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwtError::ClaimMalformed(name)),
    }
}

/// A NumericDate in whole seconds since 1970; `None` when absent.
///
/// # Errors
/// [`JwtError::ClaimMalformed`] for a string, a fraction, a negative number or one beyond the year 9999 (O-28, O-29).
pub fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, JwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds @ 0..=LAST_DATE) => Ok(Some(seconds)),
            _ => Err(JwtError::ClaimMalformed(name)),
        },
    }
}

/// The audiences: `aud` as a string or an array of at most 64 strings; empty when absent.
///
/// # Errors
/// [`JwtError::ClaimMalformed`] for anything else.
pub fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, JwtError> {
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(many)) if many.len() <= 64 => {
            many.iter().map(Value::as_str).collect::<Option<_>>().ok_or(JwtError::ClaimMalformed("aud"))
        }
        Some(_) => Err(JwtError::ClaimMalformed("aud")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn a_date_is_a_whole_number_of_seconds_in_range() {
        assert_eq!(date(&claims(json!({"exp": 1_700_000_000})), "exp"), Ok(Some(1_700_000_000)));
        assert_eq!(date(&claims(json!({})), "exp"), Ok(None));
        for bad in [json!("1700000000"), json!(1.5), json!(-1), json!(u64::MAX), json!(1e300), json!(null), json!([1])]
        {
            assert_eq!(date(&claims(json!({"exp": bad})), "exp"), Err(JwtError::ClaimMalformed("exp")));
        }
    }

    #[test]
    fn an_audience_is_a_string_or_a_bounded_array_of_strings() {
        assert_eq!(audiences(&claims(json!({"aud": "a"}))), Ok(vec!["a"]));
        assert_eq!(audiences(&claims(json!({"aud": ["a", "b"]}))), Ok(vec!["a", "b"]));
        assert_eq!(audiences(&claims(json!({}))), Ok(vec![]));
        for bad in [json!(1), json!(["a", 1]), json!({"a": 1}), json!(vec!["a"; 65])] {
            assert_eq!(audiences(&claims(json!({"aud": bad}))), Err(JwtError::ClaimMalformed("aud")));
        }
    }
}
