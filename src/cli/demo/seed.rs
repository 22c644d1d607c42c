//! The demo's data, made through the REST API: what this does, anybody with an operator's key can do by curl.

use std::error::Error;

use http::{Method, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{self, Client, Provider};
use crate::context::Context;
use crate::flows::manage_operators::{self, OperatorKeyIn};
use crate::model::audit::{Actor, Stamp};
use crate::outbound::{Lane, MAX_BODY};
use crate::secrets::token;

/// What the demo tells about.
pub(super) struct Seeded {
    /// The public URL, without a final slash.
    pub(super) base: String,
    /// The key of the tenant's admin.
    pub(super) admin_key: SecretString,
    /// The running provider.
    pub(super) provider: Provider,
}

/// REST with an operator's key.
struct Rest {
    base: String,
    key: SecretString,
    lane: Lane,
}

impl Rest {
    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, Box<dyn Error>> {
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
        Ok(serde_json::from_slice(answer.body())?)
    }
}

/// Makes tenant, groups, admin key and connection, and starts the provider in between, which must know where to send
/// browsers back to.
pub(super) async fn seed(ctx: &Context) -> Result<Seeded, Box<dyn Error>> {
    let stamp = Stamp { actor: Actor::System, request_id: None, at: ctx.clock.now() };
    let input = OperatorKeyIn { name: "demo".into(), expires_at: None };
    let (_, key) = manage_operators::create_key(ctx, stamp, input).await?;
    let base = ctx.config.url("");
    let rest = Rest { base: base.clone(), key, lane: ctx.lane(Uuid::nil()) };
    let post = |path: &'static str, body: Value| rest.send(Method::POST, path, body);

    post("/v1/tenants", json!({"slug": "acme", "name": "Acme Inc.", "external_id": "customer-1"})).await?;
    for name in ["engineering", "admins"] {
        post("/v1/tenants/acme/groups", json!({"name": name})).await?;
    }
    let account = post("/v1/tenants/acme/service-accounts", json!({"name": "demo admin", "role": "admin"})).await?;
    let key = json!({"name": "demo", "service_account_id": account["id"]});
    let key = post("/v1/tenants/acme/api-keys", key).await?;
    let admin_key = text(&key, "secret")?;

    let draft = post("/v1/tenants/acme/connections", json!({"display_name": "Acme ID"})).await?;
    let client = Client {
        id: "doorward".into(),
        secret: token::random(),
        redirect_uri: text(&draft, "callback_url")?,
        post_logout_uri: text(&draft, "post_logout_redirect_url")?,
    };
    let provider = provider::start(ctx.config.listen.ip(), &client).await?;
    let settings = json!({"issuer": provider.issuer, "client_id": client.id, "additional_scopes": ["groups"]});
    let path = format!("/v1/tenants/acme/connections/{}", text(&draft, "id")?);
    rest.send(Method::PATCH, &path, json!({"settings": settings, "client_secret": client.secret})).await?;
    rest.send(Method::POST, &format!("{path}/activate"), json!({})).await?;
    Ok(Seeded { base, admin_key: admin_key.into(), provider })
}

fn text(answer: &Value, field: &str) -> Result<String, Box<dyn Error>> {
    Ok(answer[field].as_str().ok_or_else(|| format!("the answer has no {field}"))?.to_owned())
}
