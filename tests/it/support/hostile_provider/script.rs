//! What a provider says, and what it was asked.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::clock::Clock;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Claims, somebody};
use crate::support::signing::TestKey;

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    Discovery,
    Jwks,
    Token,
    Userinfo,
    Revocation,
}

/// An answer of the test's choice.
#[derive(Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
}

impl Answer {
    /// 200 with this content type and body.
    pub fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status: 200, headers, body: body.into(), delay: Duration::ZERO }
    }

    /// 200 with JSON.
    pub fn json(body: Value) -> Self {
        Self::new("application/json", body.to_string())
    }

    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before answering.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub headers: HashMap<String, String>,
    pub form: HashMap<String, String>,
}

type Change = Box<dyn Fn(&mut Claims) + Send>;
type Forge = Box<dyn Fn(&Claims) -> Value + Send>;

pub(super) struct Script {
    issuer: String,
    pub(super) person: Claims,
    pub(super) key: TestKey,
    pub(super) published: Vec<Value>,
    pub(super) change_id_token: Change,
    pub(super) change_header: Change,
    pub(super) forge: Option<Forge>,
    pub(super) changes: HashMap<Place, Change>,
    pub(super) answers: HashMap<Place, Answer>,
    pub(super) requests: HashMap<Place, Vec<Recorded>>,
    /// Authorization requests by the code they got.
    codes: HashMap<String, HashMap<String, String>>,
}

impl Script {
    pub(super) fn new(issuer: &str) -> Self {
        let key = TestKey::rsa("key-1");
        Self {
            issuer: issuer.to_owned(),
            person: somebody().as_object().expect("an object").clone(),
            published: vec![key.jwk.clone()],
            key,
            change_id_token: Box::new(|_| ()),
            change_header: Box::new(|_| ()),
            forge: None,
            changes: HashMap::new(),
            answers: HashMap::new(),
            requests: HashMap::new(),
            codes: HashMap::new(),
        }
    }

    pub(super) fn authorize(&mut self, asked: &HashMap<String, String>) -> HashMap<String, String> {
        let code = Uuid::new_v4().to_string();
        self.codes.insert(code.clone(), asked.clone());
        let state = asked.get("state").cloned().unwrap_or_default();
        let back = [("code", code), ("state", state), ("iss", self.issuer.clone())];
        back.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The honest answer of a place, with the test's change.
    pub(super) fn say(&self, place: Place, honest: Value) -> Value {
        let Value::Object(mut members) = honest else {
            return honest;
        };
        if let Some(change) = self.changes.get(&place) {
            change(&mut members);
        }
        Value::Object(members)
    }

    pub(super) fn discovery(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "revocation_endpoint": at("/revoke"),
            "end_session_endpoint": at("/logout"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    /// Redeems a code once.
    pub(super) fn token(&mut self, form: &HashMap<String, String>) -> Result<Value, &'static str> {
        let code = form.get("code").ok_or("invalid_request")?;
        let asked = self.codes.remove(code).ok_or("invalid_grant")?;
        if asked.get("redirect_uri") != form.get("redirect_uri") || !pkce_fits(&asked, form) {
            return Err("invalid_grant");
        }
        let access_token = format!("at-{}", Uuid::new_v4());
        let id_token = self.make_id_token(&asked, &access_token);
        Ok(json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": "rt-1",
            "id_token": id_token,
        }))
    }

    fn make_id_token(&self, asked: &HashMap<String, String>, access_token: &str) -> Value {
        let now = Clock::default().now().timestamp();
        let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
        let mut claims = self.person.clone();
        let protocol = [
            ("iss", json!(self.issuer)),
            ("aud", json!(asked.get("client_id"))),
            ("exp", json!(now + 300)),
            ("iat", json!(now)),
            ("auth_time", json!(now)),
            ("nonce", json!(asked.get("nonce"))),
            ("at_hash", json!(URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]))),
        ];
        claims.extend(protocol.map(|(name, value)| (name.to_owned(), value)));
        (self.change_id_token)(&mut claims);
        if let Some(forge) = &self.forge {
            return forge(&claims);
        }
        let mut header = self.key.header().as_object().expect("an object").clone();
        (self.change_header)(&mut header);
        json!(self.key.sign(&Value::Object(header), &Value::Object(claims)))
    }
}

fn pkce_fits(asked: &HashMap<String, String>, form: &HashMap<String, String>) -> bool {
    let verifier = form.get("code_verifier").map(String::as_str);
    match (asked.get("code_challenge"), asked.get("code_challenge_method").map(String::as_str)) {
        (None, _) => verifier.is_none(),
        (Some(challenge), Some("S256")) => {
            let hash = digest::digest(&digest::SHA256, verifier.unwrap_or_default().as_bytes());
            URL_SAFE_NO_PAD.encode(hash) == *challenge
        }
        (Some(challenge), _) => verifier == Some(challenge),
    }
}
