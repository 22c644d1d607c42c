//! Which browser, which request, how often: what binds a response to the login that it answers.

use chrono::Duration;
use diesel::connection::SimpleConnection as _;
use serde_json::json;

use super::rig::{Rig, connect, own, post, renamed, response};
use crate::support::saml::forge::{SUBJECT, Sealing};
use crate::support::saml::key::{IDP, MALLORY, ProviderKey};
use crate::support::saml::{Forged, Signing};
use crate::support::sign_in::{cookie_pair, id, is_signed_in, nothing_happened, refused};

#[actix_web::test]
async fn an_honest_response_signs_in_and_is_told_in_the_audit_log() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let page = rig.sign_in(&browser).await;
    assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
    let event = rig.acme.last_event("login.succeeded").await;
    assert_eq!((&event["payload"]["method"], &event["payload"]["outcome"]), (&json!("saml"), &json!("created")));
    let users = rig.acme.get("/users").await.ok();
    let identities = rig.acme.get(&format!("/users/{}/identities", id(&users["items"][0]))).await.ok();
    assert_eq!(identities["items"][0]["subject"], SUBJECT);
}

#[actix_web::test]
async fn s_01_at_http_nobody_is_signed_in_by_what_the_provider_did_not_sign() {
    let rig = Rig::start(json!({})).await;
    let forged: [fn(&Forged) -> Forged; 4] = [
        |honest| honest.clone(),
        |honest| honest.sign_with("_a", &Signing::by(&MALLORY)),
        |honest| honest.sign("_a").change_last(SUBJECT, "admin@tenant.example"),
        |honest| {
            let evil = honest.assertion().replace("_a", "_evil").replace(SUBJECT, "admin@tenant.example");
            let signed = honest.sign("_a");
            let at = signed.0.find("<saml:Assertion ").unwrap();
            Forged(format!("{}{evil}{}", &signed.0[..at], &signed.0[at..]))
        },
    ];
    for (events, spoil) in forged.into_iter().enumerate() {
        let browser = rig.app.browser();
        let begun = rig.begin(&browser).await;
        let page = rig.post(&browser, &spoil(&rig.response(&begun.request)), &begun.relay_state).await;
        let code = if events == 3 { "saml_structure_refused" } else { "saml_not_trusted" };
        refused(&page, 403, code);
        nothing_happened(&rig.acme, events + 1).await;
    }
}

#[actix_web::test]
async fn s_24_every_failure_of_the_cryptography_looks_the_same_from_outside() {
    let rig = Rig::start(json!({"allow_cbc": true})).await;
    let (ours, stranger) = (ProviderKey::rsa(), ProviderKey::rsa());
    let mut pages = Vec::new();
    let sealed = [
        Sealing {
            spoil: |mut bytes| {
                bytes[20] ^= 1;
                bytes
            },
            ..Sealing::to(&ours)
        },
        Sealing { spoil: |bytes| bytes[..7].to_vec(), ..Sealing::to(&ours) },
        Sealing { key_length: Some(3), ..Sealing::to(&ours) },
        Sealing::to(&stranger),
    ];
    for how in &sealed {
        let browser = rig.app.browser();
        let begun = rig.begin(&browser).await;
        let page = rig.post(&browser, &rig.response(&begun.request).encrypt(how), &begun.relay_state).await;
        refused(&page, 403, "saml_not_trusted");
        let event = page.text_of("event").unwrap();
        pages.push(page.body.replace(&event, "EVENT"));
    }
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let page = rig.post(&browser, &rig.response(&begun.request), &begun.relay_state).await;
    refused(&page, 403, "saml_not_trusted");
    pages.push(page.body.replace(&page.text_of("event").unwrap(), "EVENT"));
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    nothing_happened(&rig.acme, 5).await;
}

#[actix_web::test]
async fn c_21_a_response_to_another_request_signs_nobody_in() {
    let rig = Rig::start(json!({})).await;
    let other = connect(&rig.acme, &json!({})).await;
    let browser = rig.app.browser();
    // Unknown; and of another browser, whose own login is still open.
    let elsewhere = rig.begin(&rig.app.browser()).await;
    for (events, request) in ["_unknown", &elsewhere.request].into_iter().enumerate() {
        let begun = rig.begin(&browser).await;
        let page = rig.post(&browser, &rig.response(request).sign("_a"), &begun.relay_state).await;
        refused(&page, 403, "saml_in_response_to_mismatch");
        nothing_happened(&rig.acme, events + 1).await;
    }
    // Of another browser, RelayState and all: ours has a cookie of another login only.
    let page = rig.post(&browser, &rig.response(&elsewhere.request).sign("_a"), &elsewhere.relay_state).await;
    let resume = page.location().expect("kept for the browser that has the cookie");
    refused(&browser.get(resume.as_str()).await, 400, "browser_mismatch");
    // Of another connection, at that one's address.
    let begun = rig.begin(&browser).await;
    let honest = response(&other, &begun.request).sign("_a");
    let page = post(&browser, &own(&other, "acs_url"), &honest, &begun.relay_state).await;
    refused(&page, 400, "connection_mismatch");
    // Of another tenant: there the state means nothing.
    let globex = rig.app.tenant("globex").await;
    let theirs = connect(&globex, &json!({})).await;
    let begun = rig.begin(&browser).await;
    let honest = response(&theirs, &begun.request).sign("_a");
    refused(&post(&browser, &own(&theirs, "acs_url"), &honest, &begun.relay_state).await, 400, "state_unknown");
    nothing_happened(&globex, 0).await;
}

#[actix_web::test]
async fn c_25_of_fifty_posts_of_one_response_over_two_instances_one_signs_in() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let second = rig.app.second_instance();
    let honest = rig.unsolicited().sign("_a");
    let (instances, acs) = ([rig.app.browser(), second.browser()], own(&rig.connection, "acs_url"));
    let posts = (0..50).map(|n| {
        let (browser, honest, acs) = (instances[n % 2].another(), honest.clone(), acs.clone());
        actix_web::rt::spawn(async move { post(&browser, &acs, &honest, "").await })
    });
    let mut won = 0;
    for one in posts.collect::<Vec<_>>() {
        let page = one.await.unwrap();
        if is_signed_in(&page) {
            won += 1;
        } else {
            refused(&page, 403, "saml_replayed");
        }
    }
    assert_eq!(won, 1);
    assert_eq!(rig.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn c_26_an_assertion_that_was_used_signs_nobody_in_again_whatever_is_around_it() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let honest = rig.unsolicited().sign("_a");
    assert!(is_signed_in(&rig.post(&rig.app.browser(), &honest, "").await));
    let around = honest.change("ID=\"_r\"", "ID=\"_another\"").change("<samlp:Status>", "<samlp:Status> ");
    let second = rig.app.second_instance();
    for (app, message) in [(&rig.app, &honest), (&rig.app, &around), (&second, &honest)] {
        refused(&rig.post(&app.browser(), message, "").await, 403, "saml_replayed");
    }
    assert_eq!(rig.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(rig.acme.count_events("login.refused").await, 3);
    let other = renamed(&rig.unsolicited(), "_b").sign("_b");
    assert!(is_signed_in(&rig.post(&rig.app.browser(), &other, "").await), "another assertion is another login");
}

#[actix_web::test]
async fn c_28_an_assertion_of_one_connection_signs_nobody_in_at_another_with_the_same_provider() {
    let rig = Rig::start(json!({})).await;
    let other = connect(&rig.acme, &json!({})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let for_other = response(&other, &begun.request).sign("_a");
    refused(&rig.post(&browser, &for_other, &begun.relay_state).await, 403, "saml_destination_mismatch");
    nothing_happened(&rig.acme, 1).await;
}

#[actix_web::test]
async fn c_29_nobody_signs_in_by_a_connection_or_tenant_that_is_switched_off() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let (honest, alone) = (rig.response(&begun.request).sign("_a"), rig.unsolicited().sign("_a"));
    rig.acme.post(&format!("/connections/{}/disable", id(&rig.connection)), &json!({})).await.ok();
    refused(&rig.post(&browser, &honest, &begun.relay_state).await, 403, "connection_not_active");
    refused(&rig.post(&browser, &alone, "").await, 403, "connection_not_active");
    nothing_happened(&rig.acme, 1).await;

    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let begun = rig.begin(&browser).await;
    let operator = rig.app.operator().await;
    operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    for relay_state in [begun.relay_state.as_str(), ""] {
        let page = rig.post(&browser, &rig.response(&begun.request).sign("_a"), relay_state).await;
        assert!(page.status == 403 || page.status == 303, "{}", page.body);
        assert!(cookie_pair(&page, "dw_s_").is_none());
    }
}

#[actix_web::test]
async fn c_20_a_login_that_must_be_new_is_not_an_old_one() {
    let rig = Rig::start(json!({"force_authn": true})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    assert!(begun.xml.contains(" ForceAuthn=\"true\""), "{}", begun.xml);
    let old = rig
        .response(&begun.request)
        .change("AuthnInstant=\"2026-01-01T11:59:30Z\"", "AuthnInstant=\"2026-01-01T11:58:59Z\"");
    refused(&rig.post(&browser, &old.sign("_a"), &begun.relay_state).await, 403, "saml_authentication_too_old");
    nothing_happened(&rig.acme, 1).await;
    assert!(is_signed_in(&rig.sign_in(&browser).await));
}

#[actix_web::test]
async fn c_19_a_session_ends_when_the_providers_does_and_never_later_than_ours() {
    let rig = Rig::start(json!({})).await;
    for (ends, minutes) in [("2026-01-01T12:30:00Z", 30), ("2126-01-01T12:00:00Z", i64::MAX)] {
        let browser = rig.app.browser();
        let begun = rig.begin(&browser).await;
        let index = format!("SessionIndex=\"_s\" SessionNotOnOrAfter=\"{ends}\"");
        let honest =
            renamed(&rig.response(&begun.request).change("SessionIndex=\"_s\"", &index), &format!("_{minutes}"));
        let page = rig.post(&browser, &honest.sign(&format!("_{minutes}")), &begun.relay_state).await;
        assert!(is_signed_in(&page), "{}", page.body);
        let event = rig.acme.last_event("login.succeeded").await;
        let session = event["payload"]["session_id"].as_str().unwrap().to_owned();
        let session = rig.acme.get(&format!("/sessions/{session}")).await.ok();
        let until: chrono::DateTime<chrono::Utc> = session["expires_at"].as_str().unwrap().parse().unwrap();
        let longest = Duration::hours(rig.app.context.config.session_max_hours);
        let expected = if minutes == i64::MAX { longest } else { Duration::minutes(minutes) };
        assert_eq!(until - rig.app.clock.now(), expected);
    }
}

#[actix_web::test]
async fn s_18_a_login_by_a_certificate_out_of_its_dates_says_so_in_the_audit_log() {
    for (from, to, warning) in [
        ("200101000000Z", "250101000000Z", Some("saml_certificate_expired")),
        ("300101000000Z", "400101000000Z", Some("saml_certificate_not_yet_valid")),
        ("200101000000Z", "400101000000Z", None),
    ] {
        let rig = Rig::start(json!({"certificates": [IDP.certificate_of(from, to).pem()]})).await;
        assert!(is_signed_in(&rig.sign_in(&rig.app.browser()).await), "{warning:?}");
        let event = rig.acme.last_event("login.succeeded").await;
        let told = event["payload"]["warnings"].as_array().cloned().unwrap_or_default();
        assert_eq!(told, warning.into_iter().map(|code| json!(code)).collect::<Vec<_>>(), "{event}");
    }
}

#[actix_web::test]
async fn c_50_a_certificate_that_was_withdrawn_meanwhile_signs_nobody_in() {
    let rig = Rig::start(json!({})).await;
    let mut database = rig.app.database.superuser();
    let said = |certificate: &str, valid_until: &str| {
        let document = json!({"entity_id": "x", "sso": [], "slo": [], "certificates": [certificate],
            "refused_certificates": 0, "want_authn_requests_signed": false, "name_id_formats": [],
            "valid_until": valid_until});
        format!("UPDATE connections SET provider_metadata = '{document}'")
    };
    database.batch_execute(&said("one", "2030-01-01T00:00:00Z")).unwrap();
    rig.app.context.caches.forget_all();
    let post = async |name: &str, sql: &str| {
        let browser = rig.app.browser();
        let begun = rig.begin(&browser).await;
        let message = renamed(&rig.response(&begun.request), name).sign(name);
        rig.app.database.overtaken(sql, rig.post(&browser, &message, &begun.relay_state)).await
    };
    let page = post("_a", &said("one", "2031-01-01T00:00:00Z")).await;
    assert!(is_signed_in(&page), "the same certificates for longer are no news: {}", page.body);
    let page = post("_b", &said("other", "2031-01-01T00:00:00Z")).await;
    refused(&page, 403, "connection_not_active");
}
