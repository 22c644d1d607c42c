//! Connections: a draft may lack everything, an active one was checked against its provider.

use serde_json::{Value, json};

use super::{id, lifecycle};
use crate::support::TestApp;
use crate::support::hostile_provider::{Answer, HostileProvider, Place};

fn body(n: usize) -> Value {
    json!({"display_name": format!("Provider {n}")})
}

#[actix_web::test]
async fn connections_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let change = json!({"display_name": "Renamed", "client_secret_expires_at": "2030-01-01T00:00:00Z"});
    lifecycle::check(&acme, lifecycle::Noun { path: "/connections", body, change }).await;
    lifecycle::hostile_names(&acme, "/connections", "display_name", json!({})).await;
    let same = acme.post("/connections", &json!({"display_name": "PROVIDER 1"})).await;
    assert_eq!(same.expect(409).code(), "display_name_taken");
}

/// Every field of the form, none at its default.
fn whole_form() -> Value {
    json!({
        "issuer": "http://127.0.0.1:9/op", "issuer_aliases": ["127.0.0.1:9/op"],
        "allowed_tenant_ids": ["0190a1b2-0000-7000-8000-000000000001"], "discovery": false,
        "endpoints": {"authorization": "http://127.0.0.1:9/a", "token": "http://127.0.0.1:9/t", "userinfo": "http://127.0.0.1:9/u",
            "jwks_uri": "http://127.0.0.1:9/k", "revocation": "http://127.0.0.1:9/r", "end_session": "http://127.0.0.1:9/e"},
        "client_id": "client", "token_endpoint_auth_method": "client_secret_post", "code_challenge_method": "plain",
        "scopes": ["openid", "email"], "additional_scopes": ["groups"], "authorization_parameters": {"hd": "acme.example"},
        "response_mode": "form_post", "claims_source": "userinfo",
        "claim_mapping": {"user_id": ["oid", "sub"], "email": ["mail"], "email_verified": ["mail_ok"], "name": ["display"],
            "given_name": ["first"], "family_name": ["last"], "picture": ["photo"], "groups": ["realm_access.roles"]},
        "signing_algorithms": ["ES256"], "prompt": "login", "forward_login_hint": false, "max_age": 3600,
        "acr_values": ["mfa"], "rp_initiated_logout": false, "revoke_tokens": true
    })
}

#[actix_web::test]
async fn row_a3_the_whole_oidc_form_comes_back_as_it_was_sent_but_for_the_secret() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provisioning = json!({"create_users": false, "default_role": "auditor", "email_trust": "trust_connection",
        "link_existing": "never", "sync_groups": false, "match_groups_by_name": false, "create_missing_groups": true,
        "group_filter": "eng-.*", "removal_guard": {"enabled": false, "free_removals": 1, "max_percent": 10}});
    let body = json!({"display_name": "Whole", "protocol": "oidc", "settings": whole_form(), "provisioning": provisioning,
        "client_secret": "the client's secret", "client_secret_expires_at": "2030-01-01T00:00:00Z"});
    let created = acme.post("/connections", &body).await.expect(201);
    let connection = created.json();
    assert_eq!(connection["settings"], whole_form());
    for field in ["display_name", "protocol", "provisioning", "client_secret_expires_at"] {
        assert_eq!(connection[field], body[field]);
    }
    assert_eq!((&connection["status"], &connection["has_client_secret"]), (&json!("draft"), &json!(true)));
    let sso = format!("{}/t/acme/sso/{}", app.url, id(&connection));
    assert_eq!(connection["callback_url"], format!("{sso}/callback"));
    let path = format!("/connections/{}", id(&connection));
    let read = acme.get(&path).await.expect(200);
    assert_eq!(read.json(), connection);
    for answer in [created.text, read.text, acme.get("/connections").await.text, acme.get("/audit-events").await.text] {
        assert!(!answer.contains("the client's secret"));
    }
    // Merged field by field; null puts one back to its default.
    let patch = json!({"settings": {"max_age": null, "endpoints": {"token": null}, "client_id": "other"}, "client_secret": null});
    let patched = acme.patch(&path, &patch).await.ok();
    let mut expected = whole_form();
    expected["client_id"] = json!("other");
    expected.as_object_mut().unwrap().remove("max_age");
    expected["endpoints"].as_object_mut().unwrap().remove("token");
    assert_eq!((&patched["settings"], &patched["has_client_secret"]), (&expected, &json!(false)));
}

#[actix_web::test]
async fn row_a3_every_fault_of_the_form_is_told_at_once_with_its_field() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let settings = json!({"issuer": "ftp://op.example", "issuer_aliases": [""], "allowed_tenant_ids": ["x"],
        "endpoints": {"token": "http://169.254.169.254/", "jwks_uri": "https://op.example/#x"}, "client_id": "a\nb",
        "scopes": ["a\"b"], "authorization_parameters": {"state": "x"}, "prompt": "none", "max_age": 99_999_999,
        "claim_mapping": {"user_id": [], "email": [], "name": [], "given_name": []}, "signing_algorithms": []});
    let provisioning = json!({"default_role": "admin", "group_filter": "(", "removal_guard": {"max_percent": 101}});
    let body = json!({"display_name": "X", "settings": settings, "provisioning": provisioning});
    let fields = acme.post("/connections", &body).await.expect(422).fields();
    for field in [
        "issuer",
        "issuer_aliases[0]",
        "allowed_tenant_ids[0]",
        "endpoints.token",
        "endpoints.jwks_uri",
        "client_id",
        "scopes",
        "authorization_parameters.state",
        "prompt",
        "max_age",
        "claim_mapping.user_id",
        "claim_mapping.email",
        "claim_mapping.name",
        "signing_algorithms",
    ] {
        assert!(fields.contains(&format!("settings.{field}")), "{field} in {fields:?}");
    }
    for field in ["default_role", "group_filter", "removal_guard.max_percent"] {
        assert!(fields.contains(&format!("provisioning.{field}")), "{field} in {fields:?}");
    }
    for (settings, field) in [
        (json!({"nonsense": 1}), "settings.nonsense"),
        (json!({"signing_algorithms": ["HS256"]}), "settings.signing_algorithms[0]"),
        (json!({"signing_algorithms": ["none"]}), "settings.signing_algorithms[0]"),
        (json!({"code_challenge_method": "S512"}), "settings.code_challenge_method"),
    ] {
        let refused = acme.post("/connections", &json!({"display_name": "X", "settings": settings})).await;
        assert_eq!(refused.expect(422).fields(), [field]);
    }
    for secret in [String::new(), "x".repeat(1025)] {
        let refused = acme.post("/connections", &json!({"display_name": "X", "client_secret": secret})).await;
        assert_eq!(refused.expect(422).fields(), ["client_secret"]);
    }
}

#[actix_web::test]
async fn row_a7_scopes_are_a_list_or_a_text_with_spaces_or_commas() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let wanted = json!(["openid", "profile", "email"]);
    for (n, scopes) in [
        json!(["openid", "profile", "email"]),
        json!("openid profile email"),
        json!("openid,profile, email"),
        json!(" openid  profile,email "),
    ]
    .into_iter()
    .enumerate()
    {
        let settings = json!({"scopes": scopes, "additional_scopes": "groups,roles offline_access"});
        let created =
            acme.post("/connections", &json!({"display_name": n.to_string(), "settings": settings})).await.created();
        assert_eq!(created["settings"]["scopes"], wanted, "{scopes}");
        assert_eq!(created["settings"]["additional_scopes"], json!(["groups", "roles", "offline_access"]));
        let patched = acme
            .patch(&format!("/connections/{}", id(&created)), &json!({"settings": {"scopes": "openid,email"}}))
            .await
            .ok();
        assert_eq!(patched["settings"]["scopes"], json!(["openid", "email"]));
    }
    for bad in [json!(7), json!({"a": 1}), json!([1])] {
        let refused = acme.post("/connections", &json!({"display_name": "X", "settings": {"scopes": bad}})).await;
        assert_eq!(refused.expect(422).fields(), ["settings.scopes"]);
    }
}

#[actix_web::test]
async fn row_a7_s256_is_the_default_and_what_is_weaker_is_warned_about() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let draft = acme.post("/connections", &body(0)).await.created();
    assert_eq!((&draft["settings"]["code_challenge_method"], &draft["warnings"]), (&json!("S256"), &json!([])));
    for (method, warning) in [("plain", "pkce_plain_is_weak"), ("none", "pkce_is_off")] {
        let settings = json!({"settings": {"code_challenge_method": method}});
        let changed = acme.patch(&format!("/connections/{}", id(&draft)), &settings).await.ok();
        assert_eq!(changed["warnings"], json!([warning]));
    }
}

#[actix_web::test]
async fn a_connection_that_is_trusted_for_domains_that_are_not_there_is_warned_about() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let trusting = json!({"display_name": "T", "provisioning": {"email_trust": "trust_connection"}});
    let draft = acme.post("/connections", &trusting).await.created();
    assert_eq!(draft["warnings"], json!(["no_verified_domain"]));
    let other = acme.post("/connections", &body(0)).await.created();
    let domain =
        acme.post("/domains", &json!({"domain": "acme.example", "connection_id": other["id"]})).await.created();
    let domain = format!("/domains/{}", id(&domain));
    let warnings = async || acme.get(&format!("/connections/{}", id(&draft))).await.ok()["warnings"].clone();
    assert_eq!(warnings().await, json!(["no_verified_domain"]), "claimed is not verified");
    app.operator().await.post(&format!("/v1/tenants/acme{domain}/attest"), &json!({})).await.ok();
    assert_eq!(warnings().await, json!(["no_verified_domain"]), "its addresses sign in elsewhere");
    acme.patch(&domain, &json!({"connection_id": null})).await.ok();
    assert_eq!(warnings().await, json!([]));
    let listed = acme.get("/connections").await.ok()["items"].clone();
    assert!(listed.as_array().unwrap().iter().all(|c| c["warnings"] == json!([])), "{listed}");
}

#[actix_web::test]
async fn row_a6_a_connection_without_usable_keys_cannot_be_activated() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let settings = json!({"issuer": provider.issuer, "client_id": "client"});
    let draft = acme.post("/connections", &json!({"display_name": "P", "settings": settings})).await.created();
    let activate = format!("/connections/{}/activate", id(&draft));
    let broken = [
        Answer::json(json!({"keys": []})),
        Answer::json(json!({})),
        Answer::json(json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})),
        Answer::json(json!({"keys": []})).status(500),
    ];
    for answer in broken {
        provider.answer(Place::Jwks, answer);
        let refused = acme.post(&activate, &json!({})).await.expect(422);
        assert!(!refused.code().is_empty(), "{}", refused.text);
        assert_eq!(acme.get(&format!("/connections/{}", id(&draft))).await.ok()["status"], "draft");
    }
    let page = app.browser().follow(draft["login_url"].as_str().unwrap()).await;
    assert_ne!(page.status, 200, "a draft signs nobody in");
    assert_eq!(acme.count_events("connection.activated").await, 0);
    provider.answer_honestly(Place::Jwks);
    assert_eq!(acme.post(&activate, &json!({})).await.ok()["status"], "active");
    // Nor does a change leave an active connection without keys.
    provider.answer(Place::Jwks, Answer::json(json!({"keys": []})));
    let change = json!({"settings": {"client_id": "other"}});
    acme.patch(&format!("/connections/{}", id(&draft)), &change).await.expect(422);
    assert_eq!(acme.get(&format!("/connections/{}", id(&draft))).await.ok()["settings"]["client_id"], "client");
}

#[actix_web::test]
async fn l_03_a_new_issuer_or_user_id_claim_unlinks_only_when_confirmed() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    let connection = acme.get("/connections").await.ok()["items"][0].clone();
    let path = format!("/connections/{}", id(&connection));
    acme.post(&format!("{path}/disable"), &json!({})).await.ok();
    let change = json!({"settings": {"claim_mapping": {"user_id": ["oid"]}}});
    let refused = acme.patch(&path, &change).await.expect(409);
    assert_eq!(refused.code(), "unlink_not_confirmed");
    let identities = format!("/users/{}/identities", id(&user));
    assert_eq!(acme.get(&identities).await.ok()["items"].as_array().unwrap().len(), 1, "a refusal unlinks nobody");
    acme.patch(&format!("{path}?confirm_unlink=true"), &change).await.ok();
    assert_eq!(acme.get(&identities).await.ok()["items"], json!([]));
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
}
