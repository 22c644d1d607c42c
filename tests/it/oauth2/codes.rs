//! Codes: for one client, one redirect URI, one verifier, once, and for a minute.

use chrono::Duration;
use serde_json::json;

use super::scene::{Scene, is_told, refused};
use crate::support::TestApp;
use crate::support::admin::Answer;
use crate::support::relying_party::{REDIRECT_URI, RelyingParty, VERIFIER, challenge};

/// Redeems a code; a pair of `change` replaces a field, `""` takes it out.
async fn redeem(client: &RelyingParty, code: &str, change: &[(&str, &str)]) -> Answer {
    let usual = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    let fields: Vec<_> = kept.chain(change.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
    client.form("token", &fields).await
}

#[actix_web::test]
async fn p_03_a_code_is_good_for_its_own_client_and_stays_good_when_another_tries() {
    let scene = Scene::set(json!({})).await;
    let other = RelyingParty::register(&scene.acme, json!({})).await;
    let public = RelyingParty::register(&scene.acme, json!({"token_endpoint_auth_method": "none"})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    for thief in [&other, &public] {
        refused(&redeem(thief, &code, &[]).await, 400, "invalid_grant");
    }
    for changed in [code.to_uppercase(), code[..code.len() - 1].to_owned(), format!("{code}A"), format!("{code} ")] {
        refused(&redeem(&scene.client, &changed, &[]).await, 400, "invalid_grant");
    }
    redeem(&scene.client, &code, &[]).await.ok();
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0, "a thief takes nothing away");
    refused(&redeem(&other, &code, &[]).await, 400, "invalid_grant");
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0, "not even afterwards");
}

#[actix_web::test]
async fn p_03_another_redirect_uri_or_none_uses_the_code_up() {
    let both = json!({"redirect_uris": [REDIRECT_URI, "https://app.example/other"]});
    let scene = Scene::set(both).await;
    for wrong in ["https://app.example/other", "https://app.example/callback/", ""] {
        let code = scene.client.code(&scene.ada, &[]).await;
        refused(&redeem(&scene.client, &code, &[("redirect_uri", wrong)]).await, 400, "invalid_grant");
        refused(&redeem(&scene.client, &code, &[]).await, 400, "invalid_grant");
    }
}

#[actix_web::test]
async fn p_03_a_code_is_good_for_a_minute() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    let in_time = scene.client.code(&scene.ada, &[]).await;
    scene.app.clock.advance(Duration::seconds(59));
    redeem(&scene.client, &in_time, &[]).await.ok();
    let late = scene.client.code(&scene.ada, &[]).await;
    scene.app.clock.advance(Duration::seconds(60));
    refused(&redeem(&scene.client, &late, &[]).await, 400, "invalid_grant");
}

#[actix_web::test]
async fn p_04_without_an_s256_challenge_there_is_no_code_for_any_client() {
    let scene = Scene::set(json!({})).await;
    let public = RelyingParty::register(&scene.acme, json!({"token_endpoint_auth_method": "none"})).await;
    scene.client.code(&scene.ada, &[]).await;
    let (good, short, padded) = (challenge(VERIFIER), "x".repeat(42), format!("{}=", "x".repeat(42)));
    let faults: [&[(&str, &str)]; 8] = [
        &[("code_challenge", ""), ("code_challenge_method", "")],
        &[("code_challenge", "")],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "s256")],
        &[("code_challenge_method", "S512")],
        &[("code_challenge", &short)],
        &[("code_challenge", &padded)],
    ];
    for client in [&scene.client, &public] {
        for fault in faults {
            is_told(&client.answer(&scene.ada, fault).await, client, "invalid_request");
        }
        client.code(&scene.ada, &[("code_challenge", &good)]).await;
    }
}

#[actix_web::test]
async fn p_04_a_verifier_that_is_not_the_one_uses_the_code_up() {
    let scene = Scene::set(json!({})).await;
    let (challenge, another) = (challenge(VERIFIER), VERIFIER.replace('a', "b"));
    for wrong in ["", &another, &challenge, &VERIFIER[1..], &format!("{VERIFIER} ")] {
        let code = scene.client.code(&scene.ada, &[]).await;
        refused(&redeem(&scene.client, &code, &[("code_verifier", wrong)]).await, 400, "invalid_grant");
        refused(&redeem(&scene.client, &code, &[]).await, 400, "invalid_grant");
    }
}

#[actix_web::test]
async fn p_04_a_verifier_that_can_be_guessed_or_is_misspelled_is_none() {
    let scene = Scene::set(json!({})).await;
    let lengths = [(42, false), (43, true), (128, true), (129, false)].map(|(n, good)| ("v".repeat(n), good));
    let spelled = [(format!("{VERIFIER}~._-"), true), (format!("{VERIFIER}+"), false), (format!("{VERIFIER}ä"), false)];
    for (verifier, good) in lengths.into_iter().chain(spelled) {
        let code = scene.client.code(&scene.ada, &[("code_challenge", &challenge(&verifier))]).await;
        let answer = redeem(&scene.client, &code, &[("code_verifier", &verifier)]).await;
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{verifier}: {}", answer.text);
    }
}
