//! When our own signing keys are read from the database, and what strangers can make of it.

use std::sync::Arc;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use doorward::context::issuer::Issuer;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::passwords::{PASSWORD, person, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, text};

/// A token of the right shape that names a key which nobody has.
fn with_unknown_key(n: usize) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", part(json!({"alg": "ES256", "kid": format!("k{n}")})), part(json!({"sub": "a"})))
}

async fn signed_in(app: &TestApp, acme: &Admin) -> Browser {
    person(acme, "alice@acme.example").await;
    let browser = app.browser();
    signs_in(&try_password(&browser, "alice@acme.example", PASSWORD).await);
    browser
}

#[actix_web::test]
async fn d_09_tokens_with_unknown_keys_share_one_reading_a_second() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let tenant = app.context.tenant("acme").await.unwrap().unwrap();
    for issuer in [Issuer::Tenant(tenant), Issuer::Installation] {
        app.context.key_ring(&issuer).await.unwrap();
        let begun = Instant::now();
        let asked: Vec<_> = (0..200)
            .map(|_| {
                let (ctx, issuer) = (app.context.clone(), issuer.clone());
                actix_web::rt::spawn(async move { ctx.newest_key_ring(&issuer).await.unwrap() })
            })
            .collect();
        let mut rings = Vec::new();
        for one in asked {
            rings.push(one.await.unwrap());
        }
        let mut readings: Vec<_> = rings.iter().map(|ring| Arc::as_ptr(ring) as usize).collect();
        readings.sort_unstable();
        readings.dedup();
        let most = 1 + usize::try_from(begun.elapsed().as_secs()).unwrap();
        assert!(readings.len() <= most, "{} readings for 200 tokens", readings.len());
    }
}

#[actix_web::test]
async fn p_13_a_token_by_another_instances_newest_key_is_good_at_once_also_in_a_flood_of_unknown_ones() {
    let app = TestApp::start();
    let other = app.second_instance();
    let acme = app.tenant("acme").await;
    let browser = signed_in(&app, &acme).await;
    let first = RelyingParty::register(&acme, json!({})).await;
    let tokens = first.tokens(&browser, &[]).await;
    let there = |client: &RelyingParty| RelyingParty { machine: other.browser(), ..client.clone() };
    there(&first).userinfo(text(&tokens, "access_token")).await.ok();
    let flood: Vec<_> = (0..20)
        .map(|n| {
            let client = there(&first);
            actix_web::rt::spawn(async move { client.userinfo(&with_unknown_key(n)).await.status })
        })
        .collect();
    // A key that never was before signs at once.
    let second = RelyingParty::register(&acme, json!({"signing_algorithm": "EdDSA"})).await;
    let tokens = second.tokens(&browser, &[]).await;
    there(&second).userinfo(text(&tokens, "access_token")).await.ok();
    for one in flood {
        assert_eq!(one.await.unwrap(), 401);
    }
}

#[actix_web::test]
async fn p_13_the_key_set_is_told_without_opening_a_private_key() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let client = RelyingParty::register(&acme, json!({})).await;
    let url = client.at("jwks.json");
    let before = app.browser().get(&url).await;
    assert_eq!(before.status, 200);
    app.database.superuser().batch_execute("UPDATE signing_keys SET private_key = '\\x00'").unwrap();
    let after = app.second_instance().browser().get(&url).await;
    assert_eq!((after.status, &after.body), (200, &before.body));
    assert!(!after.body.contains("\"d\""));
}
