//! Every route of the URL map, called by everybody who must not and by those who may (design 3).
//!
//! Ids in the paths are random and `If-Match` names a version that never was, so nothing is changed on the way: who may
//! call gets 404 or 412 where an object is needed, who may not never gets so far.

use doorward::routes::MAP;
use reqwest::{Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::admin::{Admin, Answer};
use crate::support::{Browser, TestApp};
use Rule::{AdminOnly, Auditors, Members, Operators, Owners, Public};

mod events;
mod objects;

/// Who may call, and the status that they get.
#[derive(Clone, Copy)]
enum Rule {
    /// Everybody, with or without a key; the second status is that of a suspended tenant.
    Public(u16, u16),
    /// Whoever belongs to the tenant.
    Members(u16),
    /// Auditors and above.
    Auditors(u16),
    /// Admins and above.
    AdminOnly(u16),
    /// Owners, and operators.
    Owners(u16),
    /// Operators; for a tenant's keys these paths are not there.
    Operators(u16),
}

/// Every route. One that is missing here fails the test.
const TABLE: &[(&str, &str, Rule)] = &[
    ("GET", "/healthz", Public(200, 200)),
    ("GET", "/readyz", Public(200, 200)),
    ("GET", "/openapi.json", Public(200, 200)),
    ("GET", "/docs", Public(308, 308)),
    ("GET", "/assets/doorward.css", Public(200, 200)),
    ("GET", "/demo/letters", Public(404, 404)),
    ("GET", "/t/{tenant}", Public(303, 303)),
    ("GET", "/t/{tenant}/invitation", Public(404, 403)),
    ("POST", "/t/{tenant}/invitation", Public(403, 403)),
    ("GET", "/t/{tenant}/login", Public(200, 403)),
    ("POST", "/t/{tenant}/login", Public(403, 403)),
    ("POST", "/t/{tenant}/login/password", Public(403, 403)),
    ("POST", "/t/{tenant}/login/code", Public(403, 403)),
    ("POST", "/t/{tenant}/login/new-password", Public(403, 403)),
    ("GET", "/t/{tenant}/login/forgot", Public(200, 403)),
    ("POST", "/t/{tenant}/login/forgot", Public(403, 403)),
    ("GET", "/t/{tenant}/login/reset", Public(404, 403)), // without a token
    ("POST", "/t/{tenant}/login/reset", Public(403, 403)),
    ("GET", "/t/{tenant}/account/email", Public(303, 303)),
    ("POST", "/t/{tenant}/account/email", Public(403, 403)),
    ("GET", "/t/{tenant}/account/email/confirm", Public(200, 200)), // without a session
    ("POST", "/t/{tenant}/account/email/confirm", Public(403, 403)),
    ("GET", "/t/{tenant}/login/verify", Public(404, 404)), // without a token
    ("POST", "/t/{tenant}/login/verify", Public(403, 403)),
    ("GET", "/t/{tenant}/login/verify/{attempt}", Public(404, 404)),
    ("POST", "/t/{tenant}/login/verify/{attempt}", Public(403, 403)),
    ("POST", "/t/{tenant}/login/verify/{attempt}/again", Public(403, 403)),
    ("GET", "/t/{tenant}/login/break-glass", Public(303, 303)),
    ("POST", "/t/{tenant}/login/break-glass", Public(403, 403)),
    ("GET", "/t/{tenant}/login/{connection}", Public(404, 403)),
    ("GET", "/t/{tenant}/sso/{connection}/callback", Public(400, 400)),
    ("POST", "/t/{tenant}/sso/{connection}/callback", Public(400, 400)),
    ("POST", "/t/{tenant}/sso/{connection}/acs", Public(400, 400)),
    ("GET", "/t/{tenant}/sso/{connection}/slo", Public(404, 403)),
    ("POST", "/t/{tenant}/sso/{connection}/slo", Public(404, 403)),
    ("GET", "/t/{tenant}/sso/{connection}/resume/{attempt}", Public(400, 400)),
    ("GET", "/t/{tenant}/sso/{connection}/jwks.json", Public(404, 404)),
    ("GET", "/t/{tenant}/sso/{connection}/metadata", Public(404, 404)),
    ("GET", "/t/{tenant}/account", Public(303, 303)),
    ("POST", "/t/{tenant}/account/profile", Public(403, 403)),
    ("POST", "/t/{tenant}/account/password", Public(403, 403)),
    ("POST", "/t/{tenant}/account/sessions", Public(403, 403)),
    ("POST", "/t/{tenant}/account/identities", Public(403, 403)),
    ("POST", "/t/{tenant}/account/totp", Public(403, 403)),
    ("POST", "/t/{tenant}/account/totp/confirm", Public(403, 403)),
    ("POST", "/t/{tenant}/account/totp/remove", Public(403, 403)),
    ("POST", "/t/{tenant}/account/recovery-codes", Public(403, 403)),
    ("POST", "/t/{tenant}/account/break-glass", Public(403, 403)),
    ("POST", "/t/{tenant}/account/break-glass/withdraw", Public(403, 403)),
    ("GET", "/t/{tenant}/logout", Public(200, 200)),
    ("POST", "/t/{tenant}/logout", Public(403, 403)),
    ("GET", "/t/{tenant}/logout/done", Public(200, 200)),
    ("GET", "/assets/submit.js", Public(200, 200)),
    ("GET", "/.well-known/openid-configuration", Public(200, 200)),
    ("GET", "/.well-known/oauth-authorization-server", Public(200, 200)),
    ("GET", "/.well-known/oauth-authorization-server/t/{tenant}", Public(200, 200)),
    ("GET", "/oauth2/jwks.json", Public(200, 200)),
    ("GET", "/oauth2/authorize", Public(400, 400)),
    ("POST", "/oauth2/authorize", Public(303, 303)),
    ("POST", "/oauth2/organization", Public(403, 403)),
    ("POST", "/oauth2/token", Public(401, 401)),
    ("GET", "/oauth2/userinfo", Public(401, 401)),
    ("POST", "/oauth2/userinfo", Public(401, 401)),
    ("POST", "/oauth2/introspect", Public(401, 401)),
    ("POST", "/oauth2/revoke", Public(401, 401)),
    ("GET", "/oauth2/end_session", Public(200, 200)),
    ("POST", "/oauth2/end_session", Public(303, 303)),
    ("GET", "/t/{tenant}/.well-known/openid-configuration", Public(200, 200)),
    ("GET", "/t/{tenant}/oauth2/jwks.json", Public(200, 200)),
    ("GET", "/t/{tenant}/oauth2/authorize", Public(400, 400)),
    ("POST", "/t/{tenant}/oauth2/authorize", Public(303, 303)),
    ("GET", "/t/{tenant}/oauth2/continue/{request}", Public(404, 404)),
    ("GET", "/t/{tenant}/oauth2/consent/{request}", Public(404, 404)),
    ("POST", "/t/{tenant}/oauth2/consent/{request}", Public(403, 403)),
    ("POST", "/t/{tenant}/oauth2/token", Public(401, 401)),
    ("GET", "/t/{tenant}/oauth2/userinfo", Public(401, 401)),
    ("POST", "/t/{tenant}/oauth2/userinfo", Public(401, 401)),
    ("POST", "/t/{tenant}/oauth2/introspect", Public(401, 401)),
    ("POST", "/t/{tenant}/oauth2/revoke", Public(401, 401)),
    ("GET", "/t/{tenant}/oauth2/end_session", Public(200, 200)),
    ("POST", "/t/{tenant}/oauth2/end_session", Public(303, 303)),
    ("GET", "/v1/operator/keys", Operators(200)),
    ("POST", "/v1/operator/keys", Operators(201)),
    ("DELETE", "/v1/operator/keys/{id}", Operators(404)),
    ("GET", "/v1/operator/audit-events", Operators(200)),
    ("GET", "/v1/applications", Operators(200)),
    ("POST", "/v1/applications", Operators(201)),
    ("GET", "/v1/applications/{id}", Operators(404)),
    ("PATCH", "/v1/applications/{id}", Operators(404)),
    ("DELETE", "/v1/applications/{id}", Operators(404)),
    ("POST", "/v1/applications/{id}/secrets", Operators(404)),
    ("DELETE", "/v1/applications/{id}/secrets/{secret}", Operators(404)),
    ("GET", "/v1/signing-keys", Operators(200)),
    ("POST", "/v1/signing-keys/rotate", Operators(200)),
    ("DELETE", "/v1/signing-keys/{id}", Operators(404)),
    ("GET", "/v1/tenants", Operators(200)),
    ("POST", "/v1/tenants", Operators(201)),
    ("GET", "/v1/tenants/{tenant}", Auditors(200)),
    ("PATCH", "/v1/tenants/{tenant}", AdminOnly(412)),
    ("DELETE", "/v1/tenants/{tenant}", Operators(412)),
    ("GET", "/v1/tenants/{tenant}/me", Members(200)),
    ("PUT", "/v1/tenants/{tenant}/me/email", Members(403)), // for sessions
    ("PATCH", "/v1/tenants/{tenant}/me", Members(404)),     // a service account has no profile
    ("GET", "/v1/tenants/{tenant}/me/identities", Members(404)),
    ("DELETE", "/v1/tenants/{tenant}/me/identities/{id}", Members(404)),
    ("DELETE", "/v1/tenants/{tenant}/me/sessions", Members(403)),
    ("PUT", "/v1/tenants/{tenant}/me/password", Members(403)), // a key has none
    ("GET", "/v1/tenants/{tenant}/me/totp", Members(403)),     // nor has it any of these
    ("POST", "/v1/tenants/{tenant}/me/totp", Members(403)),
    ("DELETE", "/v1/tenants/{tenant}/me/totp", Members(403)),
    ("POST", "/v1/tenants/{tenant}/me/totp/confirm", Members(403)),
    ("POST", "/v1/tenants/{tenant}/me/recovery-codes", Members(403)),
    ("GET", "/v1/tenants/{tenant}/me/break-glass-codes", Owners(404)), // a service account has none
    ("POST", "/v1/tenants/{tenant}/me/break-glass-codes", Owners(403)),
    ("DELETE", "/v1/tenants/{tenant}/me/break-glass-codes", Owners(403)),
    ("GET", "/v1/tenants/{tenant}/me/sessions", Members(404)), // a service account has none
    ("DELETE", "/v1/tenants/{tenant}/me/sessions/{id}", Members(404)),
    ("GET", "/v1/tenants/{tenant}/connections", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/connections", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/connections/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/connections/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/connections/{id}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/connections/{id}/activate", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/connections/{id}/disable", AdminOnly(404)),
    ("PUT", "/v1/tenants/{tenant}/connections/{id}/metadata", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/connections/{id}/keys", Auditors(404)),
    ("POST", "/v1/tenants/{tenant}/connections/{id}/keys", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/connections/{id}/keys/{key}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/connections/{id}/keys/{key}/activate", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/users", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/users", AdminOnly(201)),
    ("POST", "/v1/tenants/{tenant}/users/import", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/users/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/users/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/users/{id}", AdminOnly(404)),
    ("PUT", "/v1/tenants/{tenant}/users/{id}/password", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/users/{id}/password", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/users/{id}/totp", Auditors(404)),
    ("DELETE", "/v1/tenants/{tenant}/users/{id}/totp", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/users/{id}/groups", Auditors(404)),
    ("GET", "/v1/tenants/{tenant}/users/{id}/identities", Auditors(404)),
    ("POST", "/v1/tenants/{tenant}/users/{id}/identities", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/users/{id}/identities/{identity}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/invitations", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/invitations", AdminOnly(201)),
    ("POST", "/v1/tenants/{tenant}/invitations/import", AdminOnly(200)),
    ("GET", "/v1/tenants/{tenant}/invitations/{id}", Auditors(404)),
    ("DELETE", "/v1/tenants/{tenant}/invitations/{id}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/invitations/{id}/resend", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/groups", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/groups", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/groups/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/groups/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/groups/{id}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/groups/{id}/members", Auditors(404)),
    ("PUT", "/v1/tenants/{tenant}/groups/{id}/members/{user}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/groups/{id}/members/{user}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/group-mappings", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/group-mappings", AdminOnly(422)), // of a group that is not there
    ("GET", "/v1/tenants/{tenant}/group-mappings/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/group-mappings/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/group-mappings/{id}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/unmatched-groups", Auditors(200)),
    ("GET", "/v1/tenants/{tenant}/held-group-removals", Auditors(200)),
    ("DELETE", "/v1/tenants/{tenant}/held-group-removals/{id}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/held-group-removals/{id}/apply", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/domains", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/domains", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/domains/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/domains/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/domains/{id}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/domains/{id}/attest", Operators(404)),
    ("GET", "/v1/tenants/{tenant}/service-accounts", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/service-accounts", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/service-accounts/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/service-accounts/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/service-accounts/{id}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/api-keys", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/api-keys", AdminOnly(422)), // of a user who is not there
    ("GET", "/v1/tenants/{tenant}/api-keys/{id}", Auditors(404)),
    ("DELETE", "/v1/tenants/{tenant}/api-keys/{id}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/applications", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/applications", AdminOnly(201)),
    ("GET", "/v1/tenants/{tenant}/applications/{id}", Auditors(404)),
    ("PATCH", "/v1/tenants/{tenant}/applications/{id}", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/applications/{id}", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/applications/{id}/secrets", AdminOnly(404)),
    ("DELETE", "/v1/tenants/{tenant}/applications/{id}/secrets/{secret}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/signing-keys", Auditors(200)),
    ("POST", "/v1/tenants/{tenant}/signing-keys/rotate", Owners(200)),
    ("DELETE", "/v1/tenants/{tenant}/signing-keys/{id}", Owners(404)),
    ("GET", "/v1/tenants/{tenant}/sessions", Auditors(200)),
    ("GET", "/v1/tenants/{tenant}/sessions/{id}", Auditors(404)),
    ("DELETE", "/v1/tenants/{tenant}/sessions/{id}", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/deliveries", Auditors(200)),
    ("GET", "/v1/tenants/{tenant}/deliveries/{id}", Auditors(404)),
    ("POST", "/v1/tenants/{tenant}/deliveries/{id}/retry", AdminOnly(404)),
    ("POST", "/v1/tenants/{tenant}/deliveries/{id}/cancel", AdminOnly(404)),
    ("GET", "/v1/tenants/{tenant}/audit-events", Auditors(200)),
    ("GET", "/v1/tenants/{tenant}/audit-events/{id}", Auditors(404)),
];

/// Somebody who calls, and of which tenant they call the paths.
struct Somebody {
    who: &'static str,
    admin: Option<Admin>,
    slug: &'static str,
}

impl Rule {
    fn expected(self, who: &str) -> u16 {
        let (least, may) = match self {
            Public(open, suspended) => return if who == "suspended admin" { suspended } else { open },
            Operators(may) => {
                return match who {
                    "nobody" => 401,
                    "operator" => may,
                    _ => 404,
                };
            }
            Members(may) => (0, may),
            Auditors(may) => (1, may),
            AdminOnly(may) => (2, may),
            Owners(may) => (3, may),
        };
        let role = match who {
            "nobody" => return 401,
            "other's admin" | "other's owner" => return 404,
            "suspended admin" => return 403,
            "member" => 0,
            "auditor" => 1,
            "admin" => 2,
            "owner" | "operator" => 3,
            other => panic!("{other}"),
        };
        if role >= least { may } else { 403 }
    }
}

/// A body that the path would take.
fn body(path: &str) -> Value {
    let (unique, nobody) = (Uuid::now_v7().simple().to_string(), Uuid::now_v7());
    match path.trim_start_matches("/v1/tenants").trim_start_matches("/{tenant}") {
        "" => json!({"slug": format!("t{}", &unique[16..]), "name": "New"}),
        "/connections" => json!({"display_name": unique}),
        "/users" => json!({"external_id": unique}),
        "/users/import" => json!({"users": [{"external_id": unique}]}),
        "/invitations" => json!({"email": format!("{unique}@acme.example")}),
        "/invitations/import" => json!({"invitations": [{"email": format!("{unique}@acme.example")}]}),
        "/users/{id}/password" => json!({"password": "a good long password"}),
        "/me/email" => json!({"email": format!("{unique}@acme.example")}),
        "/me/password" => json!({"current_password": "a password", "new_password": "a good long password"}),
        "/me/totp/confirm" => json!({"code": "000000"}),
        "/users/{id}/identities" => json!({"connection_id": nobody, "subject": "s"}),
        "/connections/{id}/metadata" => json!("<none/>"),
        "/groups" | "/v1/operator/keys" => json!({"name": unique}),
        "/group-mappings" => json!({"group_id": nobody, "pattern": "x"}),
        "/domains" => json!({"domain": format!("{unique}.example")}),
        "/service-accounts" => json!({"name": unique, "role": "member"}),
        "/applications" | "/v1/applications" => {
            json!({"name": unique, "redirect_uris": ["https://app.example/callback"]})
        }
        "/api-keys" => json!({"name": "x", "user_id": nobody}),
        // By hand again and again: who comes second finds a successor that waits.
        "/signing-keys/rotate" | "/v1/signing-keys/rotate" => json!({"at_once": true}),
        _ => json!({}),
    }
}

/// The request of this route as this caller would send it.
fn request(
    browser: &Browser,
    somebody: &Somebody,
    method: &str,
    pattern: &str,
    path: &str,
    body: &Value,
) -> RequestBuilder {
    let name: Method = method.parse().unwrap();
    let mut request = browser.request(name.clone(), path);
    if let Some(admin) = &somebody.admin {
        request = request.bearer_auth(admin.key.expose_secret());
    }
    match (name, !pattern.starts_with("/v1/")) {
        (Method::POST, true) => request.form(&[("state", "never-was")]),
        (Method::POST | Method::PATCH, _) => request.json(body),
        (Method::PUT, _) if pattern.ends_with("/password") || pattern.ends_with("/email") => request.json(body),
        (Method::PUT, _) if pattern.ends_with("/metadata") => {
            request.header("content-type", "application/xml").body(body.as_str().unwrap_or_default().to_owned())
        }
        _ => request,
    }
}

/// The answer to this caller, whose `If-Match` names a version that never was and whose PATCH changes nothing.
async fn call(app: &TestApp, somebody: &Somebody, method: &str, pattern: &str, path: &str) -> Answer {
    let (browser, sent) = (app.browser(), if method == "PATCH" { json!({}) } else { body(pattern) });
    let request = request(&browser, somebody, method, pattern, path, &sent).header("if-match", "\"999999\"");
    Admin::new(browser, "", String::new().into()).send(request).await
}

/// The path with the tenant's slug and random ids.
fn filled(pattern: &str, slug: &str) -> String {
    let parts = pattern.split('/').map(|part| match part {
        "{tenant}" => slug.to_owned(),
        id if id.starts_with('{') => Uuid::now_v7().to_string(),
        word => word.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn everybody(app: &TestApp) -> Vec<Somebody> {
    let operator = app.operator().await;
    let owner = app.tenant("acme").await;
    let other_owner = app.tenant("globex").await;
    app.tenant("initech").await;
    let key = async |slug, role| Some(app.key(&operator, slug, role).await);
    let somebody = |who, admin, slug| Somebody { who, admin, slug };
    let all = vec![
        somebody("nobody", None, "acme"),
        somebody("member", key("acme", "member").await, "acme"),
        somebody("auditor", key("acme", "auditor").await, "acme"),
        somebody("admin", key("acme", "admin").await, "acme"),
        somebody("owner", Some(owner), "acme"),
        somebody("other's admin", key("globex", "admin").await, "acme"),
        somebody("other's owner", Some(other_owner), "acme"),
        somebody("suspended admin", key("initech", "admin").await, "initech"),
        somebody("operator", Some(operator.clone()), "acme"),
    ];
    operator.patch("/v1/tenants/initech", &json!({"status": "suspended"})).await.ok();
    all
}

#[test]
fn every_route_stands_in_the_table_once() {
    let served: Vec<_> = MAP.iter().flat_map(|(path, methods)| methods.iter().map(move |m| (*m, *path))).collect();
    let told: Vec<_> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
    for route in &served {
        assert_eq!(told.iter().filter(|t| *t == route).count(), 1, "{route:?} must stand in TABLE once");
    }
    for route in &told {
        assert!(served.contains(route), "{route:?} is no route any more");
    }
}

#[actix_web::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    let app = TestApp::start();
    let mut wrong = Vec::new();
    for somebody in everybody(&app).await {
        for (method, pattern, rule) in TABLE {
            let answer = call(&app, &somebody, method, pattern, &filled(pattern, somebody.slug)).await;
            let expected = rule.expected(somebody.who);
            if answer.status != expected {
                wrong.push(format!(
                    "{} {method} {pattern}: {} instead of {expected}: {:.200}",
                    somebody.who, answer.status, answer.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
