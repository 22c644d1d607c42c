//! Another tenant's object is as absent as one that never was: the same status and the same bytes (T-01).

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Somebody, TABLE, call};
use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::hostile_provider::HostileProvider;

/// What a caller can tell two answers apart by.
fn visible(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    // `connection: close` says whether the body had arrived when the answer was ready.
    let chance = ["x-request-id", "date", "connection"];
    let headers = answer.headers.iter().filter(|(name, _)| !chance.contains(&name.as_str()));
    let mut headers: Vec<_> = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
    headers.sort();
    (answer.status, answer.text.clone(), headers)
}

/// One object of every noun: the noun in the path and the id.
async fn objects(app: &TestApp, admin: &Admin) -> Vec<(&'static str, String)> {
    let id = |value: &serde_json::Value| value["id"].as_str().unwrap().to_owned();
    let provider = HostileProvider::start();
    let connection = admin.connect(&provider, json!({})).await;
    app.browser().follow(connection["login_url"].as_str().unwrap()).await;
    let user = id(&admin.get("/users").await.ok()["items"][0]);
    let identity = id(&admin.get(&format!("/users/{user}/identities")).await.ok()["items"][0]);
    let group = id(&admin.post("/groups", &json!({"name": "Staff"})).await.created());
    admin.put(&format!("/groups/{group}/members/{user}")).await.expect(204);
    let mapping = json!({"group_id": group, "pattern": "x"});
    let mapping = id(&admin.post("/group-mappings", &mapping).await.created());
    let domain = id(&admin.post("/domains", &json!({"domain": "globex.example"})).await.created());
    let invitation = id(&admin.post("/invitations", &json!({"email": "x@globex.example"})).await.created());
    let account = json!({"name": "robot", "role": "member"});
    let account = id(&admin.post("/service-accounts", &account).await.created());
    let key = json!({"name": "key", "service_account_id": account});
    let key = id(&admin.post("/api-keys", &key).await.created());
    let application = json!({"name": "app", "redirect_uris": ["https://app.example/callback"]});
    let application = admin.post("/applications", &application).await.created();
    let saml = id(&admin.post("/connections", &json!({"display_name": "SAML", "protocol": "saml"})).await.created());
    let saml_key = id(&admin.get(&format!("/connections/{saml}/keys")).await.ok()["items"][0]);
    let session = id(&admin.get("/sessions").await.ok()["items"][0]);
    let event = id(&admin.get("/audit-events").await.ok()["items"][0]);
    vec![
        ("connections", id(&connection)),
        ("users", user),
        ("identities", identity),
        ("groups", group),
        ("group-mappings", mapping),
        ("domains", domain),
        ("invitations", invitation),
        ("service-accounts", account),
        ("api-keys", key),
        ("applications", id(&application)),
        ("secrets", id(&application["secrets"][0])),
        ("keys", saml_key),
        ("sessions", session),
        ("audit-events", event),
    ]
}

/// The route's path in `slug` with ids from `objects`, or random ones.
fn with_ids(pattern: &str, slug: &str, objects: Option<&[(&str, String)]>) -> String {
    let mut noun = "";
    let parts = pattern.split('/').map(|part| {
        let kind = match part {
            "{tenant}" => return slug.to_owned(),
            "{user}" => "users",
            "{identity}" => "identities",
            "{connection}" => "connections",
            "{secret}" => "secrets",
            id if id.starts_with('{') => noun,
            word => {
                noun = word;
                return word.to_owned();
            }
        };
        let known = objects.and_then(|all| all.iter().find(|(n, _)| *n == kind));
        known.map_or_else(|| Uuid::now_v7().to_string(), |(_, id)| id.clone())
    });
    parts.collect::<Vec<_>>().join("/")
}

#[actix_web::test]
async fn t_01_another_tenants_object_and_one_that_never_was_are_told_with_the_same_bytes() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    let theirs = objects(&app, &globex).await;
    let before = globex.get("/audit-events?limit=200").await.text;
    let owner = Somebody { who: "owner", admin: Some(acme), slug: "acme" };
    let mut compared = 0;
    for (method, pattern, _) in TABLE.iter().filter(|(_, p, _)| p.contains("{tenant}") && p.contains("id}")) {
        let found = call(&app, &owner, method, pattern, &with_ids(pattern, "acme", Some(&theirs))).await;
        let never = call(&app, &owner, method, pattern, &with_ids(pattern, "acme", None)).await;
        assert_eq!(found.status, 404, "{method} {pattern}: {}", found.text);
        assert_eq!(visible(&found), visible(&never), "{method} {pattern}");
        compared += 1;
    }
    assert!(compared > 35, "{compared}");
    assert_eq!(globex.get("/audit-events?limit=200").await.text, before, "nothing happened to them");
}

#[actix_web::test]
async fn t_01_another_tenants_paths_and_those_of_no_tenant_are_told_with_the_same_bytes() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let theirs = objects(&app, &app.tenant("globex").await).await;
    let owner = Somebody { who: "owner", admin: Some(acme.clone()), slug: "globex" };
    for (method, pattern, _) in TABLE.iter().filter(|(_, p, _)| p.starts_with("/v1/tenants/{tenant}")) {
        let found = call(&app, &owner, method, pattern, &with_ids(pattern, "globex", Some(&theirs))).await;
        let never = call(&app, &owner, method, pattern, &with_ids(pattern, "never-was", Some(&theirs))).await;
        assert_eq!(found.status, 404, "{method} {pattern}: {}", found.text);
        assert_eq!(visible(&found), visible(&never), "{method} {pattern}");
    }
    // Nobody can tell a tenant's paths from those of no tenant either.
    for slug in ["globex", "never-was"] {
        let answer = acme.browser.request(Method::GET, &format!("/v1/tenants/{slug}/users"));
        let answer = acme.send(answer).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthenticated"), "{slug}");
    }
}
