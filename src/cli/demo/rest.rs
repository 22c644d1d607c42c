//! REST with an operator's key: what the demo makes by it, anybody can make by curl.

use std::error::Error;

use http::{Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::outbound::{Lane, MAX_BODY};

/// A caller of the API.
pub(super) struct Rest {
    /// The public URL, without a final slash.
    pub(super) base: String,
    /// An operator's key.
    pub(super) key: SecretString,
    /// How it calls.
    pub(super) lane: Lane,
}

impl Rest {
    /// Posts an object; gives the answer.
    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
        self.send(Method::POST, path, body).await
    }

    /// Sends a request that must succeed; gives the answer, `null` where it is empty.
    pub(super) async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key.expose_secret()))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&body)?)?;
        let answer: Response<Vec<u8>> = self.lane.send(request, MAX_BODY).await?;
        if !answer.status().is_success() {
            return Err(format!("{path}: {}", String::from_utf8_lossy(answer.body())).into());
        }
        if answer.body().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(answer.body())?) }
    }
}

/// A text of an answer.
pub(super) fn text(answer: &Value, field: &str) -> Result<String, Box<dyn Error>> {
    Ok(answer[field].as_str().ok_or_else(|| format!("the answer has no {field}"))?.to_owned())
}
