//! Who proves itself by a signed assertion (`private_key_jwt`).

use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::clients::{JWT_BEARER, is_nobody, redeem_with};
use super::scene::{Scene, refused};
use crate::support::TestApp;
use crate::support::admin::Answer;
use crate::support::relying_party::RelyingParty;
use crate::support::signing::TestKey;

/// The claims of a good assertion, with these instead.
fn assertion(client: &RelyingParty, now: i64, change: Value) -> Value {
    let mut claims = json!({"iss": client.client_id, "sub": client.client_id, "aud": client.issuer, "iat": now,
        "exp": now + 60, "jti": Uuid::now_v7()});
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

async fn redeem_by(client: &RelyingParty, code: &str, assertion: &str) -> Answer {
    redeem_with(client, code, &[("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)]).await
}

#[actix_web::test]
async fn p_11_an_assertion_is_the_clients_own_for_us_alone_fresh_and_signed() {
    let key = TestKey::ec("a");
    let by_key = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.jwk]}});
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), by_key.clone()).await;
    let mut namesake = by_key;
    namesake["allowed_connections"] = json!(null);
    let other = RelyingParty::register(&scene.acme, namesake).await;
    let (client, now) = (&scene.client, scene.app.clock.now().timestamp());
    let code = client.code(&scene.ada, &[]).await;
    let (tokens_at, globex) = (client.at("token"), format!("{}/t/globex", scene.app.url));
    let bad = [
        json!({"aud": globex}),
        json!({"aud": scene.app.url}),
        json!({"aud": format!("{}/", client.issuer)}),
        json!({"aud": client.at("introspect")}),
        json!({"aud": [client.issuer, globex]}),
        json!({"aud": [client.issuer, tokens_at]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"iss": other.client_id}),
        json!({"iss": null}),
        json!({"sub": other.client_id}),
        json!({"exp": now - 61}),
        json!({"exp": now + 3600}),
        json!({"exp": null}),
        json!({"nbf": now + 120}),
        json!({"jti": null}),
        json!({"jti": ""}),
    ];
    for change in bad {
        let forged = key.sign(&key.header(), &assertion(client, now, change.clone()));
        let answer = redeem_by(client, &code, &forged).await;
        assert_eq!(answer.status, 401, "{change}: {}", answer.text);
        is_nobody(&answer);
    }
    let good = assertion(client, now, json!({}));
    let stranger = TestKey::ec("a");
    let unsigned = stranger.sign(&json!({"alg": "none"}), &good);
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    let by_secret = stranger.sign(&json!({"alg": "HS256", "kid": "a"}), &good);
    for forged in [unsigned, by_secret, stranger.sign(&stranger.header(), &good), "x.y.z".into()] {
        is_nobody(&redeem_by(client, &code, &forged).await);
    }
    let of_other = key.sign(&key.header(), &assertion(&other, now, json!({})));
    refused(&redeem_by(client, &code, &of_other).await, 400, "invalid_grant");
    let signed = key.sign(&key.header(), &assertion(client, now, json!({"aud": tokens_at})));
    redeem_by(client, &code, &signed).await.ok();
}

#[actix_web::test]
async fn p_11_an_assertion_is_good_once_on_all_instances_together() {
    let key = TestKey::ec("a");
    let by_key = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.jwk]}});
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), by_key).await;
    let b = scene.app.second_instance();
    let used = key.sign(&key.header(), &assertion(&scene.client, scene.app.clock.now().timestamp(), json!({})));
    let tries = (0..20).map(|n| {
        let (client, used) = (scene.client.via([scene.app.port, b.port][n % 2]), used.clone());
        actix_web::rt::spawn(async move { redeem_by(&client, "no code", &used).await.status })
    });
    let mut known = 0;
    for one in tries.collect::<Vec<_>>() {
        known += usize::from(one.await.unwrap() == 400); // who it is was believed, the code was not
    }
    assert_eq!(known, 1);
    scene.app.clock.advance(Duration::seconds(90));
    is_nobody(&redeem_by(&scene.client, "no code", &used).await);
}
