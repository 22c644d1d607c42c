//! A whole round: an application asks, a person signs in at their own provider, the application gets tokens.

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{RelyingParty, claims, header, text};
use crate::support::sign_in::parameter;

#[actix_web::test]
async fn an_application_gets_tokens_about_who_signed_in_at_their_own_provider() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    provider.person(json!({
        "sub": "u-1", "email": "alice@acme.example", "email_verified": true, "name": "Alice", "acr": "gold", "amr": ["otp"]
    }));
    let connection = acme.connect(&provider, json!({})).await;
    let client = RelyingParty::register(&acme, json!({})).await;

    let browser = app.browser();
    let straight = [("connection", connection["id"].as_str().unwrap())];
    let answer = client.answer(&browser, &straight).await;
    assert_eq!(parameter(&answer, "state"), "the-state");
    assert_eq!(parameter(&answer, "iss"), client.issuer);
    let tokens = client.redeem(&parameter(&answer, "code")).await.ok();

    assert_eq!((text(&tokens, "token_type"), &tokens["expires_in"]), ("Bearer", &json!(600)));
    let (access, id) = (claims(text(&tokens, "access_token")), claims(text(&tokens, "id_token")));
    assert_eq!(header(text(&tokens, "access_token"))["typ"], "at+jwt");
    assert_eq!((&id["aud"], &id["nonce"]), (&json!(client.client_id), &json!("the-nonce")));
    assert_eq!((&id["email"], &id["name"]), (&json!("alice@acme.example"), &json!("Alice")));
    assert_eq!((&id["acr"], &id["amr"], &id["tenant_slug"]), (&json!("gold"), &json!(["otp"]), &json!("acme")));
    assert_eq!((&access["sub"], &access["client_id"]), (&id["sub"], &json!(client.client_id)));

    let userinfo = client.userinfo(text(&tokens, "access_token")).await.ok();
    assert_eq!((&userinfo["sub"], &userinfo["email_verified"]), (&id["sub"], &json!(true)));
    let renewed = client.refresh(text(&tokens, "refresh_token")).await.ok();
    assert_ne!(renewed["refresh_token"], tokens["refresh_token"]);
    assert_eq!(client.introspect(text(&renewed, "access_token")).await["active"], true);
    let event = acme.last_event("grant.created").await;
    assert_eq!(event["payload"]["client_id"], json!(client.client_id));

    // A second application in the same browser needs no second login.
    let another = RelyingParty::register(&acme, json!({"signing_algorithm": "RS256"})).await;
    let tokens = another.tokens(&browser, &[]).await;
    assert_eq!(header(text(&tokens, "id_token"))["alg"], "RS256");
    let keys = another.send(another.machine.request(Method::GET, &another.at("jwks.json"))).await.ok();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys}");
}
