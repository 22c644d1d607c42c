//! The demo's data: tenant `northwind`, where people have passwords; tenant `acme`, whose identity provider northwind is;
//! and the example application, which signs acme's people in.

use std::error::Error;

use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rest::{Rest, text};
use crate::context::Context;
use crate::flows::manage_operators::{self, OperatorKeyIn};
use crate::model::audit::{Actor, Stamp};
use crate::store::db::DbError;
use crate::store::users;

/// A person of northwind; the password is the name with `-tries-the-demo` behind it.
struct Person {
    name: &'static str,
    given: &'static str,
    family: &'static str,
    proven: bool,
    groups: &'static [&'static str],
}

const PEOPLE: [Person; 3] = [
    Person { name: "alice", given: "Alice", family: "Archer", proven: true, groups: &["engineering", "admins"] },
    Person { name: "bob", given: "Bob", family: "Baker", proven: false, groups: &["engineering"] },
    Person { name: "carol", given: "Çarol", family: "Ünal", proven: true, groups: &[] },
];

/// An application as Doorward knows it.
pub(super) struct Client {
    /// Its id.
    pub(super) id: String,
    /// Its secret.
    pub(super) secret: String,
}

/// What the demo tells about.
pub(super) struct Seeded {
    /// The public URL, without a final slash.
    pub(super) base: String,
    /// The installation's operator's key.
    pub(super) operator_key: SecretString,
    /// The key of acme's admin.
    pub(super) admin_key: SecretString,
    /// The example application.
    pub(super) client: Client,
}

/// Makes everything; the example application will be at `home`.
pub(super) async fn seed(ctx: &Context, home: &str) -> Result<Seeded, Box<dyn Error>> {
    let stamp = Stamp { actor: Actor::System, request_id: None, at: ctx.clock.now() };
    let input = OperatorKeyIn { name: "demo".into(), expires_at: None };
    let (_, key) = manage_operators::create_key(ctx, stamp, input).await?;
    let base = ctx.config.url("");
    let rest = Rest { base: base.clone(), key, lane: ctx.lane(Uuid::nil()) };

    northwind(ctx, &rest).await?;
    let admin_key = acme(&rest).await?;
    connect(&rest).await?;
    let client = application(&rest, "acme", "Hello", &format!("{home}/callback"), &format!("{home}/")).await?;
    Ok(Seeded { base, operator_key: rest.key, admin_key, client })
}

/// People with passwords, and their groups.
async fn northwind(ctx: &Context, rest: &Rest) -> Result<(), Box<dyn Error>> {
    let tenant = json!({"slug": "northwind", "name": "Northwind", "sso": "off"});
    let tenant = rest.post("/v1/tenants", tenant).await?;
    let mut groups = Vec::new();
    for name in ["engineering", "admins"] {
        let group = rest.post("/v1/tenants/northwind/groups", json!({"name": name})).await?;
        groups.push((name, text(&group, "id")?));
    }
    for Person { name, given, family, proven, groups: own } in PEOPLE {
        let user = json!({
            "email": format!("{name}@northwind.example"),
            "name": format!("{given} {family}"), "given_name": given, "family_name": family,
        });
        let user = text(&rest.post("/v1/tenants/northwind/users", user).await?, "id")?;
        let path = format!("/v1/tenants/northwind/users/{user}/password");
        rest.send(Method::PUT, &path, json!({"password": format!("{name}-tries-the-demo")})).await?;
        for (_, group) in groups.iter().filter(|(name, _)| own.contains(name)) {
            let path = format!("/v1/tenants/northwind/groups/{group}/members/{user}");
            rest.send(Method::PUT, &path, Value::Null).await?;
        }
        if proven {
            note_proven(ctx, text(&tenant, "id")?.parse()?, user.parse()?).await?;
        }
    }
    Ok(())
}

/// Notes that somebody has proven their address: who tries the demo has no mailbox, and nobody may say so by the API (L-09).
async fn note_proven(ctx: &Context, tenant: Uuid, user: Uuid) -> Result<(), Box<dyn Error>> {
    let now = ctx.clock.now();
    let noted = ctx.db.tenant(tenant, move |conn| {
        let Some(mut user) = users::find(conn, tenant, user)? else { return Ok::<_, DbError>(0) };
        user.email_verified_at = Some(now);
        Ok(users::save(conn, tenant, &user, user.version)?)
    });
    if noted.await? == 1 { Ok(()) } else { Err("the user is gone".into()) }
}

/// The customer, with groups that follow the provider's, and the key of its admin.
async fn acme(rest: &Rest) -> Result<SecretString, Box<dyn Error>> {
    let tenant = json!({"slug": "acme", "name": "Acme Inc.", "external_id": "customer-1", "sso": "enforced"});
    rest.post("/v1/tenants", tenant).await?;
    for name in ["engineering", "admins"] {
        rest.post("/v1/tenants/acme/groups", json!({"name": name})).await?;
    }
    let account = json!({"name": "demo admin", "role": "admin"});
    let account = rest.post("/v1/tenants/acme/service-accounts", account).await?;
    let key = json!({"name": "demo", "service_account_id": account["id"]});
    Ok(text(&rest.post("/v1/tenants/acme/api-keys", key).await?, "secret")?.into())
}

/// Northwind as acme's identity provider: an application there, a connection here.
async fn connect(rest: &Rest) -> Result<(), Box<dyn Error>> {
    let draft = rest.post("/v1/tenants/acme/connections", json!({"display_name": "Northwind"})).await?;
    let (callback, signed_out) = (text(&draft, "callback_url")?, text(&draft, "post_logout_redirect_url")?);
    let client = application(rest, "northwind", "Acme's Doorward", &callback, &signed_out).await?;
    let issuer = format!("{}/t/northwind", rest.base);
    let settings = json!({"issuer": issuer, "client_id": client.id, "additional_scopes": ["groups"]});
    let path = format!("/v1/tenants/acme/connections/{}", text(&draft, "id")?);
    rest.send(Method::PATCH, &path, json!({"settings": settings, "client_secret": client.secret})).await?;
    rest.post(&format!("{path}/activate"), json!({})).await?;
    Ok(())
}

/// An application of a tenant.
async fn application(
    rest: &Rest,
    tenant: &str,
    name: &str,
    callback: &str,
    signed_out: &str,
) -> Result<Client, Box<dyn Error>> {
    let body = json!({"name": name, "redirect_uris": [callback], "post_logout_redirect_uris": [signed_out]});
    let made = rest.post(&format!("/v1/tenants/{tenant}/applications"), body).await?;
    Ok(Client { id: text(&made, "id")?, secret: text(&made, "client_secret")? })
}
