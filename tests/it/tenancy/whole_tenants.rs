//! Tenants that are suspended or gone.

use serde_json::json;

use super::id;
use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;

#[actix_web::test]
async fn t_13_a_suspended_tenant_signs_nobody_in_and_its_keys_and_sessions_rest() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let private_key = json!({"settings": {"token_endpoint_auth_method": "private_key_jwt"}});
    let connection = acme.connect(&provider, private_key).await;
    let login = connection["login_url"].as_str().unwrap();
    let browser = app.browser();
    assert_eq!(browser.follow(login).await.status, 200);
    let jwks = connection["jwks_url"].as_str().unwrap();
    assert!(browser.get(jwks).await.body.contains("kty"));
    let under_way = app.browser();
    let to_provider = under_way.get(login).await.location().unwrap();

    operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    assert_eq!(acme.get("/me").await.expect(403).code(), "tenant_suspended");
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 403);
    assert_eq!(browser.get("/t/acme").await.status, 303, "nobody is signed in");
    for page in [app.browser().get("/t/acme/login").await, app.browser().get(login).await] {
        assert_eq!((page.status, page.code().as_str()), (403, "tenant_suspended"));
    }
    assert_eq!(browser.get(jwks).await.status, 404);
    let sessions = operator.get("/v1/tenants/acme/sessions").await.ok()["items"].as_array().unwrap().len();
    let refused = under_way.follow(to_provider.as_str()).await;
    assert_eq!(refused.status, 403, "a login that was under way: {}", refused.body);
    assert_eq!(operator.get("/v1/tenants/acme/sessions").await.ok()["items"].as_array().unwrap().len(), sessions);

    operator.patch("/v1/tenants/acme", &json!({"status": "active"})).await.ok();
    acme.get("/me").await.expect(200);
}

#[actix_web::test]
async fn t_13_of_a_deleted_tenant_nothing_is_there_any_more() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let login = connection["login_url"].as_str().unwrap();
    let browser = app.browser();
    assert_eq!(browser.follow(login).await.status, 200);
    operator.delete("/v1/tenants/acme").await.expect(204);
    acme.get("/me").await.expect(404);
    operator.get("/v1/tenants/acme").await.expect(404);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    for page in ["/t/acme", "/t/acme/login", login, connection["jwks_url"].as_str().unwrap()] {
        assert_eq!(browser.get(page).await.status, 404, "{page}");
    }
    let left = crate::support::database::lines(
        &mut app.database.superuser(),
        "SELECT 'users' AS line FROM users UNION ALL SELECT 'connections' FROM connections
         UNION ALL SELECT 'sessions' FROM sessions UNION ALL SELECT 'api_keys' FROM api_keys
         UNION ALL SELECT 'identities' FROM federated_identities UNION ALL SELECT 'attempts' FROM login_attempts",
    );
    assert_eq!(left, [""; 0]);
}

#[actix_web::test]
async fn t_14_a_slug_is_never_given_out_again_and_reserved_ones_never_at_all() {
    let app = TestApp::start();
    let operator = app.operator().await;
    app.tenant("acme").await;
    operator.delete("/v1/tenants/acme").await.expect(204);
    let again = json!({"slug": "acme", "name": "A"});
    assert_eq!(operator.post("/v1/tenants", &again).await.expect(409).code(), "slug_taken");
    for reserved in ["admin", "api", "v1", "login", "www", "oauth2", "scim", "Acme", "a--b", "acme-", "аcme"] {
        let refused = operator.post("/v1/tenants", &json!({"slug": reserved, "name": "A"})).await;
        assert_eq!(refused.expect(422).fields(), ["slug"], "{reserved}");
    }
    let renamed = app.tenant("globex").await.patch("", &json!({"slug": "acme"})).await;
    assert_eq!(renamed.expect(422).fields(), ["slug"]);
}

#[actix_web::test]
async fn t_14_a_domain_of_a_deleted_tenant_counts_for_nobody_until_it_is_attested_again() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let attest = |slug: &str, id: &str| format!("/v1/tenants/{slug}/domains/{id}/attest");
    let old = acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    operator.post(&attest("acme", id(&old)), &json!({})).await.ok();
    operator.delete("/v1/tenants/acme").await.expect(204);
    let new = globex.post("/domains", &json!({"domain": "acme.example"})).await.created();
    assert_eq!(new["status"], "pending");
    assert_eq!(operator.post(&attest("globex", id(&new)), &json!({})).await.ok()["status"], "verified");
}
