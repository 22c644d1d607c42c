//! SAML connections: what may be saved of one, and what may sign people in (row A10).

use std::process::Command;

use doorward::context::provider::Speaks;
use reqwest::Method;
use serde_json::{Value, json};

use super::id;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::saml::ProviderKey;
use crate::support::saml::key::IDP;
use crate::support::test_app::Setup;

/// A draft with these settings.
pub async fn draft(admin: &Admin, settings: Value) -> Value {
    let name = format!("Provider {}", uuid::Uuid::now_v7());
    admin.post("/connections", &json!({"display_name": name, "protocol": "saml", "settings": settings})).await.created()
}

/// Settings that are enough, all by hand.
pub fn by_hand() -> Value {
    json!({"idp_entity_id": "https://idp.example/", "sso_url": "https://idp.example/sso",
        "certificates": [IDP.certificate().pem()]})
}

async fn activate(admin: &Admin, connection: &Value) -> crate::support::admin::Answer {
    admin.post(&format!("/connections/{}/activate", id(connection)), &json!({})).await
}

#[actix_web::test]
async fn row_a10_a_draft_lacks_everything_and_has_its_names_already() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, json!({})).await;
    let sso = format!("{}/t/acme/sso/{}", app.url, id(&connection));
    assert_eq!((&connection["status"], &connection["protocol"]), (&json!("draft"), &json!("saml")));
    let named = json!({"entity_id": format!("{sso}/metadata"), "acs_url": format!("{sso}/acs"),
        "slo_url": format!("{sso}/slo"), "metadata_url": format!("{sso}/metadata")});
    assert_eq!(connection["service_provider"], named);
    assert_eq!(connection["login_url"], format!("{}/t/acme/login/{}", app.url, id(&connection)));
    for absent in ["callback_url", "jwks_url", "post_logout_redirect_url"] {
        assert!(connection.get(absent).is_none(), "{absent} is of OIDC");
    }
    let page = app.browser().get(&format!("{sso}/metadata")).await;
    assert_eq!((page.status, page.headers["content-type"].to_str().unwrap()), (200, "application/samlmetadata+xml"));
    let inside = [
        format!("entityID=\"{sso}/metadata\""),
        format!("Location=\"{sso}/acs\""),
        format!("Location=\"{sso}/slo\""),
        "AuthnRequestsSigned=\"true\"".to_owned(),
        "use=\"signing\"".to_owned(),
        "use=\"encryption\"".to_owned(),
    ];
    for part in inside {
        assert!(page.body.contains(&part), "{part} in {}", page.body);
    }
}

/// Every field of the form, none at its default.
fn whole_form() -> Value {
    json!({
        "idp_entity_id": "http://adfs.acme.example/adfs/services/trust",
        "metadata_url": "http://127.0.0.1:9/metadata.xml", "sso_url": "http://127.0.0.1:9/sso", "sso_binding": "post",
        "slo_url": "http://127.0.0.1:9/slo", "slo_binding": "redirect",
        "certificates": [IDP.certificate().pem(), ProviderKey::rsa().certificate().pem()],
        "former_acs_urls": ["https://old.example/saml/acs"], "former_entity_ids": ["https://old.example/saml", "old-product"],
        "require_signed_assertions": false, "require_signed_responses": true, "sign_requests": false,
        "request_signature": "ecdsa-sha256", "want_encrypted_assertions": true,
        "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "force_authn": true,
        "requested_authn_contexts": ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"],
        "clock_skew_seconds": 180, "allow_sha1": true, "allow_cbc": true, "idp_initiated": "accept",
        "claim_mapping": {"user_id": ["objectGUID"], "email": ["mail"], "email_verified": ["mail_ok"], "name": ["cn"],
            "given_name": ["first"], "family_name": ["last"], "picture": ["photo"], "groups": ["memberOf"]},
        "group_format": "distinguished_names"
    })
}

#[actix_web::test]
async fn row_a10_the_whole_saml_form_comes_back_as_it_was_sent() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, whole_form()).await;
    assert_eq!(connection["settings"], whole_form_like(&connection));
    let path = format!("/connections/{}", id(&connection));
    assert_eq!(acme.get(&path).await.ok(), connection);
    let weak =
        json!(["saml_sha1_allowed", "saml_cbc_allowed", "saml_idp_initiated_accepted", "saml_requests_unsigned"]);
    assert_eq!(connection["warnings"], weak);
    let shown = connection["certificates"].as_array().unwrap();
    assert_eq!(shown[0]["sha256"], IDP.certificate().sha256());
    assert_eq!((&shown[0]["algorithm"], &shown[1]["algorithm"]), (&json!("EC P-256"), &json!("RSA 2048")));
    assert_eq!(shown[0]["not_after"], "2040-01-01T00:00:00Z");
    assert!(shown[0]["days_left"].as_i64().unwrap() > 4000 && shown[0]["subject"] == "CN=idp.example");

    // `null` puts a field back to its default.
    let patch = json!({"settings": {"allow_sha1": null, "slo_url": null, "clock_skew_seconds": null}});
    let patched = acme.patch(&path, &patch).await.ok();
    assert_eq!(
        (&patched["settings"]["allow_sha1"], &patched["settings"]["clock_skew_seconds"]),
        (&json!(false), &json!(60))
    );
    assert!(patched["settings"].get("slo_url").is_none());
}

/// The form again, with the certificates that this connection was made with (one is new each time).
fn whole_form_like(connection: &Value) -> Value {
    let mut form = whole_form();
    form["certificates"][1] = connection["settings"]["certificates"][1].clone();
    form
}

#[actix_web::test]
async fn row_a10_every_field_that_cannot_be_taken_is_named() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    let home = format!("{}/t/globex/sso/x", app.url);
    let settings = json!({
        "idp_entity_id": "", "metadata_url": "ftp://idp.example/", "sso_url": "javascript:alert(1)",
        "slo_url": "https://idp.example/#x", "certificates": ["no certificate"], "former_acs_urls": ["/acs", home],
        "former_entity_ids": [home, ""], "require_signed_assertions": false, "clock_skew_seconds": 181,
        "name_id_format": transient, "requested_authn_contexts": ["a\nb"],
    });
    let refused =
        acme.post("/connections", &json!({"display_name": "X", "protocol": "saml", "settings": settings})).await;
    let fields = refused.expect(422).fields();
    for field in [
        "idp_entity_id",
        "metadata_url",
        "sso_url",
        "slo_url",
        "certificates[0]",
        "former_acs_urls[0]",
        "former_acs_urls[1]",
        "former_entity_ids[0]",
        "former_entity_ids[1]",
        "require_signed_assertions",
        "clock_skew_seconds",
        "claim_mapping.user_id",
        "requested_authn_contexts[0]",
    ] {
        assert!(fields.contains(&format!("settings.{field}")), "{field} in {fields:?}");
    }
    for (settings, field) in [
        (json!({"nonsense": 1}), "settings.nonsense"),
        (json!({"client_id": "x"}), "settings.client_id"),
        (json!({"request_signature": "rsa-sha1"}), "settings.request_signature"),
        (json!({"sso_binding": "artifact"}), "settings.sso_binding"),
        (json!({"idp_initiated": "yes"}), "settings.idp_initiated"),
    ] {
        let body = json!({"display_name": "X", "protocol": "saml", "settings": settings});
        assert_eq!(acme.post("/connections", &body).await.expect(422).fields(), [field]);
    }
    // With an attribute for the user id a transient NameID is no obstacle.
    draft(&acme, json!({"name_id_format": transient, "claim_mapping": {"user_id": ["uid"]}})).await;
}

#[actix_web::test]
async fn c_51_urls_that_browsers_must_not_be_sent_to_are_refused() {
    let settings = json!({"outbound_allow": []});
    let app = TestApp::start_with(Setup { settings, ..Setup::default() });
    let acme = app.tenant("acme").await;
    for field in ["sso_url", "slo_url", "metadata_url"] {
        for evil in [
            "javascript:alert(1)",
            "http://idp.example/sso",
            "https://10.0.0.1/sso",
            "https://[::1]/sso",
            "data:text/html,x",
        ] {
            let settings = json!({ field: evil });
            let body = json!({"display_name": "X", "protocol": "saml", "settings": settings});
            let refused = acme.post("/connections", &body).await;
            assert_eq!(refused.expect(422).fields(), [format!("settings.{field}")], "{evil}");
        }
    }
    draft(&acme, json!({"sso_url": "https://idp.example/sso"})).await;
}

#[actix_web::test]
async fn s_02_what_has_no_usable_signing_certificate_is_not_activated() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let mut settings = by_hand();
    settings["certificates"] = json!([]);
    let connection = draft(&acme, settings).await;
    assert_eq!(activate(&acme, &connection).await.expect(422).code(), "saml_certificate_missing");
    let path = format!("/connections/{}", id(&connection));
    assert_eq!(acme.get(&path).await.ok()["status"], "draft");
    for (lacks, code) in [("sso_url", "connection_incomplete"), ("idp_entity_id", "connection_incomplete")] {
        let mut settings = by_hand();
        settings[lacks] = Value::Null;
        let connection = draft(&acme, settings).await;
        let refused = activate(&acme, &connection).await.expect(422);
        assert_eq!(refused.code(), code);
        assert!(refused.text.contains(lacks), "{}", refused.text);
    }

    let whole = draft(&acme, by_hand()).await;
    assert_eq!(activate(&acme, &whole).await.ok()["status"], "active");
    // An active one is not robbed of its last certificate either.
    let path = format!("/connections/{}", id(&whole));
    let robbed = acme.patch(&path, &json!({"settings": {"certificates": []}})).await;
    assert_eq!(robbed.expect(422).code(), "saml_certificate_missing");
    assert_eq!(acme.get(&path).await.ok()["settings"]["certificates"], json!([IDP.certificate().pem()]));
}

#[actix_web::test]
async fn s_02_a_row_that_lost_its_certificates_signs_nobody_in() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    activate(&acme, &connection).await.ok();
    let tenant = app.context.tenant("acme").await.unwrap().unwrap();
    let connection_id = id(&connection).parse().unwrap();
    assert!(app.context.provider(&tenant, connection_id).await.unwrap().is_some());
    let emptied = "UPDATE connections SET settings = jsonb_set(settings, '{certificates}', '[]')";
    diesel::RunQueryDsl::execute(diesel::sql_query(emptied), &mut app.database.superuser()).unwrap();
    app.context.caches.forget_all();
    let tenant = app.context.tenant("acme").await.unwrap().unwrap();
    let refused = app.context.provider(&tenant, connection_id).await.unwrap_err();
    assert!(refused.to_string().contains("no usable signing certificate"), "{refused}");
}

/// A certificate by openssl.
fn openssl(arguments: &[&str]) -> (String, String) {
    let folder = std::env::temp_dir().join(format!("doorward-x509-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=idp.example", "-keyout", "key", "-out", "crt"]);
    let made = command.args(arguments).current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let pair = (read("key"), read("crt"));
    std::fs::remove_dir_all(&folder).unwrap();
    pair
}

#[actix_web::test]
async fn s_15_weak_and_unknown_keys_are_refused_with_the_reason() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for (arguments, word) in [
        (&["-newkey", "rsa:1024"][..], "weak"),
        (&["-newkey", "ed25519"], "neither RSA nor EC"),
        (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "neither RSA nor EC"),
    ] {
        let settings = json!({"certificates": [IDP.certificate().pem(), openssl(arguments).1]});
        let body = json!({"display_name": "X", "protocol": "saml", "settings": settings});
        let refused = acme.post("/connections", &body).await.expect(422);
        assert_eq!(refused.fields(), ["settings.certificates[1]"]);
        assert!(refused.text.contains(word), "{}", refused.text);
    }
    let base64: String = IDP.certificate().pem().lines().filter(|line| !line.starts_with('-')).collect();
    let connection = draft(&acme, json!({"certificates": [base64]})).await;
    assert_eq!(connection["settings"]["certificates"], json!([IDP.certificate().pem()]), "kept in one form");
}

#[actix_web::test]
async fn s_20_private_keys_and_several_certificates_are_refused_and_neither_kept_nor_told() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (pem, certificate) = (IDP.pem(), IDP.certificate().pem());
    let secret = pem.lines().nth(1).unwrap().to_owned();
    for (text, word) in [
        (pem.clone(), "private key"),
        (format!("{certificate}{pem}"), "private key"),
        (format!("{certificate}{certificate}"), "more than one"),
        (String::new(), "not an X.509 certificate"),
    ] {
        let body = json!({"display_name": "X", "protocol": "saml", "settings": {"certificates": [text]}});
        let refused = acme.post("/connections", &body).await.expect(422);
        assert_eq!(refused.fields(), ["settings.certificates[0]"]);
        assert!(refused.text.contains(word) && !refused.text.contains(&secret), "{}", refused.text);
    }
    let twice =
        json!({"display_name": "X", "protocol": "saml", "settings": {"certificates": [certificate, certificate]}});
    assert_eq!(acme.post("/connections", &twice).await.expect(422).fields(), ["settings.certificates[1]"]);
    assert!(acme.get("/connections").await.ok()["items"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn s_18_a_certificate_out_of_its_dates_is_taken_and_warned_about() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let mut settings = by_hand();
    settings["certificates"] = json!([IDP.certificate_of("200101000000Z", "210101000000Z").pem()]);
    let connection = draft(&acme, settings).await;
    let active = activate(&acme, &connection).await.ok();
    assert_eq!(active["warnings"], json!(["saml_certificate_expired"]));
    assert!(active["certificates"][0]["days_left"].as_i64().unwrap() < -1000);
}

#[actix_web::test]
async fn c_55_two_tenants_may_have_providers_of_one_name_and_neither_meets_the_others() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let mut theirs = by_hand();
    theirs["certificates"] = json!([ProviderKey::ec().certificate().pem()]);
    let (ours, theirs) = (draft(&acme, by_hand()).await, draft(&globex, theirs).await);
    activate(&acme, &ours).await.ok();
    activate(&globex, &theirs).await.ok();
    assert_ne!(ours["service_provider"]["entity_id"], theirs["service_provider"]["entity_id"]);
    // The other tenant's connection is not there under our name.
    let (a, b) = (id(&ours), id(&theirs));
    for path in [format!("/t/acme/sso/{b}/metadata"), format!("/t/globex/sso/{a}/metadata")] {
        assert_eq!(app.browser().get(&path).await.status, 404);
    }
    let tenant = app.context.tenant("acme").await.unwrap().unwrap();
    assert!(app.context.provider(&tenant, b.parse().unwrap()).await.unwrap().is_none());
    let provider = app.context.provider(&tenant, a.parse().unwrap()).await.unwrap().unwrap();
    let Speaks::Saml(saml) = &provider.speaks else { panic!("it speaks SAML") };
    assert_eq!(saml.idp_entity_id, "https://idp.example/");
    assert_eq!(saml.audiences, [ours["service_provider"]["entity_id"].as_str().unwrap()]);
}

#[actix_web::test]
async fn l_03_another_saml_provider_or_user_id_asks_first_and_then_unlinks() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let user = acme.post("/users", &json!({"email": "ada@acme.example"})).await.created();
    let identities = format!("/users/{}/identities", id(&user));
    let link = json!({"connection_id": id(&connection), "subject": "ada"});
    let linked = acme.post(&identities, &link).await.created();
    assert_eq!(linked["issuer"], "https://idp.example/");
    let path = format!("/connections/{}", id(&connection));
    for settings in [json!({"idp_entity_id": "https://other.example/"}), json!({"claim_mapping": {"user_id": ["uid"]}})]
    {
        let refused = acme.patch(&path, &json!({"settings": settings})).await;
        assert_eq!(refused.expect(409).code(), "unlink_not_confirmed");
    }
    let patch = json!({"settings": {"idp_entity_id": "https://other.example/"}});
    acme.send(acme.request(Method::PATCH, &format!("{path}?confirm_unlink=true")).json(&patch)).await.ok();
    assert!(acme.get(&identities).await.ok()["items"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn t_05_an_admin_demands_no_less_of_an_owners_provider() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let (mfa, password) = ("https://refeds.org/profile/mfa", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
    let strict = json!({"idp_entity_id": "https://idp.example/", "sso_url": "https://idp.example/sso",
        "certificates": [IDP.certificate().pem()], "require_signed_responses": true, "want_encrypted_assertions": true,
        "force_authn": true, "requested_authn_contexts": [mfa, "urn:x"]});
    let connection = draft(&acme, strict).await;
    let owner = acme.post("/users", &json!({"email": "ada@acme.example", "role": "owner"})).await.created();
    let link = json!({"connection_id": connection["id"], "subject": "ada"});
    acme.post(&format!("/users/{}/identities", id(&owner)), &link).await.created();
    let path = format!("/connections/{}", id(&connection));
    for settings in [
        json!({"slo_url": "https://mallory.example/"}),
        json!({"slo_binding": "post"}),
        json!({"require_signed_assertions": false}),
        json!({"require_signed_responses": false}),
        json!({"want_encrypted_assertions": false}),
        json!({"force_authn": false}),
        json!({"requested_authn_contexts": null}),
        json!({"requested_authn_contexts": [mfa, password]}),
    ] {
        let refused = admin.patch(&path, &json!({"settings": settings})).await;
        assert_eq!(refused.expect(403).code(), "role_above_own", "{settings}");
    }
    // To demand more is no danger to the owner.
    admin.patch(&path, &json!({"settings": {"requested_authn_contexts": [mfa]}})).await.ok();
}
