//! ID token and userinfo become one set of claims.

use serde_json::{Map, Value};

use crate::model::claims::is_true;
use crate::model::connection::oidc::ClaimsSource;

type Claims = Map<String, Value>;

/// The claims that count: one source, or both with the ID token winning.
///
/// `email_verified` is special (O-35). Where the two disagree, the weaker counts, whatever the source. And it speaks about
/// the address in its own document only: userinfo's flag is dropped when userinfo has another address than the ID token.
pub(super) fn merge(source: ClaimsSource, id_token: Claims, userinfo: Option<Claims>) -> Claims {
    let Some(mut userinfo) = userinfo else { return id_token };
    let denied = |claims: &Claims| claims.get("email_verified").is_some_and(|flag| !is_true(flag));
    let weaker = denied(&id_token) || denied(&userinfo);
    let mut claims = match source {
        ClaimsSource::IdToken => id_token,
        ClaimsSource::Userinfo => userinfo,
        ClaimsSource::Both => {
            if id_token.get("email").is_some_and(|email| Some(email) != userinfo.get("email")) {
                userinfo.remove("email_verified");
            }
            userinfo.extend(id_token);
            userinfo
        }
    };
    if weaker {
        claims.insert("email_verified".to_owned(), Value::Bool(false));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn both(id_token: Value, userinfo: Value) -> Value {
        let object = |value: Value| value.as_object().cloned().expect("an object");
        Value::Object(merge(ClaimsSource::Both, object(id_token), Some(object(userinfo))))
    }

    #[test]
    fn the_id_token_wins_and_userinfo_adds() {
        let merged = both(json!({"sub": "1", "name": "A"}), json!({"sub": "1", "name": "B", "groups": ["g"]}));
        assert_eq!(merged, json!({"sub": "1", "name": "A", "groups": ["g"]}));
    }

    #[test]
    fn o_35_the_weaker_email_verified_counts() {
        for (id_token, userinfo) in [(json!(false), json!(true)), (json!(true), json!("false"))] {
            let merged = both(
                json!({"email": "a@x.example", "email_verified": id_token}),
                json!({"email": "a@x.example", "email_verified": userinfo}),
            );
            assert_eq!(merged["email_verified"], json!(false));
        }
    }

    #[test]
    fn o_35_a_flag_never_travels_to_another_address() {
        let merged =
            both(json!({"email": "victim@x.example"}), json!({"email": "mine@y.example", "email_verified": true}));
        assert_eq!(merged, json!({"email": "victim@x.example"}));
        let same = both(json!({"email": "a@x.example"}), json!({"email": "a@x.example", "email_verified": "true"}));
        assert_eq!(same["email_verified"], json!("true"));
    }
}
