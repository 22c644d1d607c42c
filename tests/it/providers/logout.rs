//! Signing out through npm oidc-provider, and revoking its tokens.

use serde_json::json;

use super::assert_welcome;
use crate::needs;
use crate::support::TestApp;
use crate::support::oidc_provider::{OidcProvider, follow_on, submit};

#[actix_web::test]
async fn oidc_provider_sign_out_goes_through_the_provider_and_ends_both_sessions() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    let browser = app.browser();
    assert_welcome(&provider.sign_in(&browser, &connection, "alice").await, "Alice Archer");

    let ours = browser.get("/t/acme").await;
    let onward = submit(&browser, &ours, &[]).await;
    assert!(onward.location().unwrap().as_str().starts_with(&provider.issuer), "{:?}", onward.location());
    assert_eq!(browser.get("/t/acme").await.status, 303, "our session is over already");
    let question = follow_on(&browser, onward).await;
    let answered = submit(&browser, &question, &[("logout", "yes")]).await;
    let done = follow_on(&browser, answered).await;
    assert_eq!(done.url.path(), "/t/acme/logout/done", "{} {}", done.url, done.body);
    assert_eq!(done.status, 200);

    let again = browser.follow(connection["login_url"].as_str().unwrap()).await;
    assert!(again.body.contains("password"), "the provider asks again: {}", again.body);
    assert_eq!(acme.count_events("session.ended").await, 1);
}

#[actix_web::test]
async fn oidc_provider_sign_out_stays_here_when_the_connection_says_so() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let local = json!({"settings": {"rp_initiated_logout": false}});
    let connection = provider.connect(&acme, json!({}), local).await;
    let browser = app.browser();
    provider.sign_in(&browser, &connection, "alice").await;
    let done = submit(&browser, &browser.get("/t/acme").await, &[]).await;
    assert_eq!(done.location().unwrap().path(), "/t/acme/logout/done");
}

#[actix_web::test]
async fn oidc_provider_tokens_are_revoked_at_sign_out() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let settings = json!({"settings": {
        "revoke_tokens": true, "prompt": "consent", "additional_scopes": ["groups", "offline_access"],
    }});
    let connection = provider.connect(&acme, json!({}), settings).await;
    let browser = app.browser();
    assert_welcome(&provider.sign_in(&browser, &connection, "alice").await, "Alice Archer");
    let (access, refresh) = tokens(&app, &acme).await;
    assert_eq!(userinfo(&app, &provider, &access).await, 200);

    let onward = submit(&browser, &browser.get("/t/acme").await, &[]).await;
    assert_eq!(onward.status, 303);
    assert_eq!(userinfo(&app, &provider, &access).await, 401, "the access token is worth nothing now");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
    let client = connection["settings"]["client_id"].as_str().unwrap();
    let request = app.browser().client.post(format!("{}/token", provider.issuer));
    let answer = request.basic_auth(client, Some("not asked")).form(&form).send().await.unwrap();
    assert!(answer.status().is_client_error());
}

/// The provider's tokens of the one live session, opened with the server's key.
async fn tokens(app: &TestApp, acme: &crate::support::admin::Admin) -> (String, String) {
    use diesel::prelude::*;
    use doorward::flows::open_session::upstream_place;
    use doorward::schema::sessions;
    use secrecy::ExposeSecret;
    let listed = acme.get("/sessions").await.ok();
    let id: uuid::Uuid = listed["items"][0]["id"].as_str().unwrap().parse().unwrap();
    let mut conn = app.database.superuser();
    let (tenant, sealed): (uuid::Uuid, Option<Vec<u8>>) = sessions::table
        .filter(sessions::id.eq(id))
        .select((sessions::tenant_id, sessions::upstream))
        .first(&mut conn)
        .unwrap();
    let opened = app.context.sealer.open(upstream_place(tenant, id), &sealed.unwrap()).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(opened.expose_secret()).unwrap();
    let text = |name: &str| kept[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn userinfo(app: &TestApp, provider: &OidcProvider, token: &str) -> u16 {
    let request = app.browser().client.get(format!("{}/me", provider.issuer));
    request.bearer_auth(token).send().await.unwrap().status().as_u16()
}
