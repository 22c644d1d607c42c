//! Key pairs of our own: made with the connection, rotated with overlap, pasted as openssl makes them, never told.

use std::process::Command;

use doorward::context::provider::{Provider, Speaks};
use doorward::protocol::saml::key::SpKey;
use doorward::protocol::saml::{Certificate, Verifier};
use serde_json::{Value, json};

use super::id;
use super::saml_connections::{by_hand, draft};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::saml::metadata;

async fn keys(admin: &Admin, connection: &Value) -> Vec<Value> {
    let page = admin.get(&format!("/connections/{}/keys", id(connection))).await.ok();
    page["items"].as_array().unwrap().clone()
}

/// Certificates of this use in our metadata, in its order.
async fn published(app: &TestApp, connection: &Value, usage: &str) -> Vec<String> {
    let url = connection["service_provider"]["metadata_url"].as_str().unwrap();
    let page = app.browser().get(url).await;
    let parts = page.body.split("<md:KeyDescriptor ").filter(|part| part.starts_with(&format!("use=\"{usage}\"")));
    let inside = |part: &str| {
        let begun = part.split_once("X509Certificate>").unwrap().1;
        Certificate::parse(begun.split_once('<').unwrap().0).unwrap().sha256()
    };
    parts.map(inside).collect()
}

fn print(key: &Value) -> String {
    key["certificate"]["sha256"].as_str().unwrap().to_owned()
}

/// The connection as logins use it.
async fn loaded(app: &TestApp, connection: &Value) -> std::sync::Arc<Provider> {
    let tenant = app.context.tenant("acme").await.unwrap().unwrap();
    app.context.provider(&tenant, id(connection).parse().unwrap()).await.unwrap().unwrap()
}

async fn signs_with(app: &TestApp, connection: &Value) -> (String, &'static str) {
    let provider = loaded(app, connection).await;
    let Speaks::Saml(saml) = &provider.speaks else { panic!("it speaks SAML") };
    (saml.signing_key.certificate().sha256(), saml.signing_key.algorithm())
}

#[actix_web::test]
async fn row_a10_a_key_is_published_before_it_signs_and_after() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    let first = keys(&acme, &connection).await;
    let told: Vec<_> = first.iter().map(|k| (k["usage"].as_str().unwrap(), k["status"].as_str().unwrap())).collect();
    assert_eq!(told, [("signing", "current"), ("encryption", "current")]);
    assert_eq!(signs_with(&app, &connection).await.0, print(&first[0]));

    let next = acme.post(&format!("{path}/keys"), &json!({})).await.created();
    assert_eq!((&next["usage"], &next["status"]), (&json!("signing"), &json!("next")));
    assert_eq!(published(&app, &connection, "signing").await, [print(&first[0]), print(&next)]);
    assert_eq!(signs_with(&app, &connection).await.0, print(&first[0]), "not yet");
    assert_eq!(acme.post(&format!("{path}/keys"), &json!({})).await.expect(409).code(), "rotation_pending");

    let used = acme.post(&format!("{path}/keys/{}/activate", id(&next)), &json!({})).await.ok();
    assert_eq!(used["status"], "current");
    assert_eq!(published(&app, &connection, "signing").await, [print(&next), print(&first[0])]);
    assert_eq!(signs_with(&app, &connection).await.0, print(&next));
    let in_use = acme.delete(&format!("{path}/keys/{}", id(&next))).await;
    assert_eq!(in_use.expect(409).code(), "saml_key_in_use");
    let back = acme.post(&format!("{path}/keys/{}/activate", id(&first[0])), &json!({})).await;
    assert_eq!(back.expect(409).code(), "saml_key_not_next");
    acme.delete(&format!("{path}/keys/{}", id(&first[0]))).await.expect(204);
    assert_eq!(published(&app, &connection, "signing").await, [print(&next)]);

    // Encryption keys likewise; of the two each is good for a while.
    let other = acme.post(&format!("{path}/keys"), &json!({"usage": "encryption"})).await.created();
    assert_eq!(published(&app, &connection, "encryption").await, [print(&first[1]), print(&other)]);
    for event in ["saml_key.created", "saml_key.activated", "saml_key.deleted"] {
        assert_eq!(acme.last_event(event).await["payload"]["owner_id"], connection["id"], "{event}");
    }
}

/// A certificate and its key, as the commands of many manuals make them.
fn openssl(arguments: &[&str], traditional: bool) -> (String, String) {
    let folder = std::env::temp_dir().join(format!("doorward-pair-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let run = |arguments: &[&str]| {
        let made = Command::new("openssl").args(arguments).current_dir(&folder).output().unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    let head = ["req", "-x509", "-nodes", "-days", "9", "-subj", "/CN=sp.example", "-keyout", "key", "-out", "crt"];
    run(&[&head[..], arguments].concat());
    if traditional {
        run(&["pkey", "-in", "key", "-traditional", "-out", "other"]);
        std::fs::rename(folder.join("other"), folder.join("key")).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let pair = (read("key"), read("crt"));
    std::fs::remove_dir_all(&folder).unwrap();
    pair
}

#[actix_web::test]
async fn row_a10_pairs_of_openssl_are_taken_in_each_of_their_forms() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}/keys", id(&connection));
    let rsa_sha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let ec = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..];
    for (arguments, traditional, head, algorithm) in [
        (&["-newkey", "rsa:2048"][..], false, "BEGIN PRIVATE KEY", rsa_sha256),
        (&["-newkey", "rsa:2048"], true, "BEGIN RSA PRIVATE KEY", rsa_sha256),
        (ec, false, "BEGIN PRIVATE KEY", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    ] {
        let (key, certificate) = openssl(arguments, traditional);
        assert!(key.contains(head), "{head}");
        let pasted = acme.post(&path, &json!({"certificate": certificate, "private_key": key})).await.created();
        acme.post(&format!("{path}/{}/activate", id(&pasted)), &json!({})).await.ok();
        assert_eq!(signs_with(&app, &connection).await, (print(&pasted), algorithm));
        assert_eq!(pasted["certificate"]["sha256"], Certificate::parse(&certificate).unwrap().sha256());
    }
}

#[actix_web::test]
async fn s_20_what_is_no_pair_is_refused_and_no_answer_shows_a_private_key() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}/keys", id(&connection));
    let (key, certificate) = openssl(&["-newkey", "rsa:2048"], false);
    let (other_key, _) = openssl(&["-newkey", "rsa:2048"], false);
    let (weak_key, weak) = openssl(&["-newkey", "rsa:1024"], false);
    let (ec_key, ec) = openssl(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], false);
    for (body, field) in [
        (json!({"certificate": certificate}), "private_key"),
        (json!({"private_key": key}), "certificate"),
        (json!({"certificate": certificate, "private_key": other_key}), "certificate"),
        (json!({"certificate": certificate, "private_key": certificate}), "private_key"),
        (json!({"certificate": key, "private_key": key}), "certificate"),
        (json!({"certificate": ec, "private_key": ec_key, "usage": "encryption"}), "certificate"),
    ] {
        let refused = acme.post(&path, &body).await.expect(422);
        assert_eq!(refused.fields(), [field], "{}", refused.text);
    }
    acme.post(&path, &json!({"certificate": weak, "private_key": weak_key})).await.expect(422);
    assert_eq!(keys(&acme, &connection).await.len(), 2, "nothing was kept");
    let pasted = acme.post(&path, &json!({"certificate": certificate, "private_key": key})).await.expect(201);
    let listed = acme.get(&path).await;
    let line = key.lines().nth(3).unwrap();
    for text in [&pasted.text, &listed.text, &acme.get("/audit-events").await.text] {
        assert!(!text.contains("PRIVATE") && !text.contains("private_key") && !text.contains(line), "{text}");
    }
}

#[actix_web::test]
async fn s_21_what_a_provider_says_about_algorithms_changes_nothing_of_ours() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, json!({})).await;
    let path = format!("/connections/{}", id(&connection));
    let idp = crate::support::saml::key::IDP.certificate();
    let sha1 = "<md:Extensions xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\">\
                <alg:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>\
                <alg:SigningMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/></md:Extensions>";
    let inside = format!(
        "{sha1}{}{}",
        metadata::key("", &metadata::one_line(&idp)),
        metadata::sign_on("https://idp.example/sso")
    );
    let xml = metadata::entity("https://idp.example/", "", &inside);
    acme.patch(&path, &json!({"metadata_xml": xml})).await.ok();
    acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    assert_eq!(signs_with(&app, &connection).await.1, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
}

#[actix_web::test]
async fn row_a10_another_kind_of_signature_brings_a_key_of_its_kind() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    let ecdsa = json!({"settings": {"request_signature": "ecdsa-sha256"}});
    acme.patch(&path, &ecdsa).await.ok();
    let (_, algorithm) = signs_with(&app, &connection).await;
    assert_eq!(algorithm, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "a draft signs nothing yet");
    acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    acme.patch(&path, &json!({"settings": {"request_signature": "rsa-sha256"}})).await.ok();
    let listed = keys(&acme, &connection).await;
    let next: Vec<_> = listed.iter().filter(|key| key["status"] == "next").collect();
    assert_eq!(next.len(), 1);
    assert_eq!(next[0]["certificate"]["algorithm"], "RSA 2048");
    assert_eq!(signs_with(&app, &connection).await.1, algorithm, "the provider does not know the new one yet");
}

#[actix_web::test]
async fn row_a10_another_kind_of_signature_takes_no_published_key_away_in_silence() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let ecdsa = json!({"settings": {"request_signature": "ecdsa-sha256"}});
    // In a draft the key makes room at once, and both are told.
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    let first = keys(&acme, &connection).await[0].clone();
    acme.patch(&path, &ecdsa).await.ok();
    assert_eq!(acme.last_event("saml_key.deleted").await["payload"]["id"], first["id"]);
    let made = keys(&acme, &connection).await.into_iter().find(|key| key["usage"] == "signing").unwrap();
    assert_eq!(acme.last_event("saml_key.created").await["payload"]["id"], made["id"]);

    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    let next = acme.post(&format!("{path}/keys"), &json!({})).await.created();
    assert_eq!(acme.patch(&path, &ecdsa).await.expect(409).code(), "rotation_pending");
    assert!(keys(&acme, &connection).await.iter().any(|key| key["id"] == next["id"]), "it stays");
    assert_eq!(acme.get(&path).await.ok()["settings"]["request_signature"], "rsa-sha256", "and nothing was saved");
    acme.delete(&format!("{path}/keys/{}", id(&next))).await.expect(204);
    acme.patch(&path, &ecdsa).await.ok();
    let made = keys(&acme, &connection).await.into_iter().find(|key| key["status"] == "next").unwrap();
    assert_eq!(acme.last_event("saml_key.created").await["payload"]["id"], made["id"]);
    // Of this kind there is one now, whatever else is changed.
    acme.patch(&path, &json!({"settings": {"request_signature": "rsa-sha256"}})).await.ok();
    assert_eq!(keys(&acme, &connection).await.len(), 3);
}

#[actix_web::test]
async fn keys_are_imported_once_however_often_the_tenants_cache_is_dropped() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    let imported = |provider: std::sync::Arc<Provider>| {
        let Speaks::Saml(saml) = &provider.speaks else { panic!("it speaks SAML") };
        (std::sync::Arc::clone(&saml.verifier), std::sync::Arc::clone(&saml.signing_key))
    };
    type Imported = (std::sync::Arc<Verifier>, std::sync::Arc<SpKey>);
    let same = |a: &Imported, b: &Imported| (std::sync::Arc::ptr_eq(&a.0, &b.0), std::sync::Arc::ptr_eq(&a.1, &b.1));
    // Many at once, before anything is known of it.
    let (tenant, wanted) = (app.context.tenant("acme").await.unwrap().unwrap(), id(&connection).parse().unwrap());
    let asking = (0..20).map(|_| {
        let (context, tenant) = (app.context.clone(), std::sync::Arc::clone(&tenant));
        actix_web::rt::spawn(async move { context.provider(&tenant, wanted).await.unwrap().unwrap() })
    });
    let mut many = Vec::new();
    for one in asking.collect::<Vec<_>>() {
        many.push(imported(one.await.unwrap()));
    }
    assert!(many.iter().all(|one| same(one, &many[0]) == (true, true)));
    app.context.caches.forget(tenant.tenant.id);
    let known = loaded(&app, &connection).await;
    assert!(!known.is_active());
    assert_eq!(same(&imported(known), &many[0]), (true, true));
    // What it is made of is what counts: neither a name nor the status is, a certificate, a rule or a key is.
    acme.patch(&path, &json!({"display_name": "Other"})).await.ok();
    acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    let known = loaded(&app, &connection).await;
    assert!(known.is_active() && known.connection.display_name == "Other");
    let mut before = imported(known);
    assert_eq!(same(&before, &many[0]), (true, true));
    let pem = crate::support::saml::key::MALLORY.certificate().pem();
    for settings in [json!({"certificates": [pem]}), json!({"allow_sha1": true}), json!({"clock_skew_seconds": 61})] {
        acme.patch(&path, &json!({"settings": settings})).await.ok();
        let now = imported(loaded(&app, &connection).await);
        assert_eq!(same(&now, &before), (false, false), "{settings}");
        before = now;
    }
    acme.post(&format!("{path}/keys"), &json!({"usage": "encryption"})).await.created();
    assert_eq!(same(&imported(loaded(&app, &connection).await), &before), (false, false));
}

#[actix_web::test]
async fn our_own_certificate_is_told_to_expire_too_once_the_key_is_in_use_or_next() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let path = format!("/connections/{}", id(&connection));
    acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    let (key, certificate) = openssl(&["-newkey", "rsa:2048"], false);
    let pasted = acme.post(&format!("{path}/keys"), &json!({"certificate": certificate, "private_key": key})).await;
    let pasted = pasted.created();
    app.clock.advance(chrono::Duration::hours(25));
    doorward::flows::refresh_metadata::refresh_due(&app.context).await.unwrap();
    let event = acme.last_event("connection.certificate_expires").await["payload"].clone();
    assert_eq!((&event["owner"], &event["sha256"]), (&json!("own"), &pasted["certificate"]["sha256"]));
    assert_eq!((&event["connection_id"], &event["days_left"]), (&connection["id"], &json!(7)));
    assert_eq!(acme.count_events("connection.certificate_expires").await, 1);
}

#[actix_web::test]
async fn k_02_private_keys_are_sealed_and_follow_the_sealing_keys() {
    use crate::support::test_app::{SEALING_KEY, Setup};
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, by_hand()).await;
    let first = signs_with(&app, &connection).await;
    let new = "t2:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let with = |keys: String| {
        let settings = json!({"public_url": app.url, "sealing_keys": keys});
        TestApp::start_with(Setup {
            settings,
            database: Some(std::sync::Arc::clone(&app.database)),
            ..Setup::default()
        })
    };
    let both = with(format!("{new},{SEALING_KEY}"));
    assert!(doorward::flows::rotate_secrets::rotate(&both.context).await.unwrap() >= 2, "two key pairs at least");
    let only_new = with(new.to_owned());
    assert_eq!(signs_with(&only_new, &connection).await, first);
    let raw = "SELECT encode(private_key, 'hex') AS line FROM saml_keys";
    let sealed = crate::support::database::lines(&mut app.database.superuser(), raw);
    assert!(sealed.len() == 2 && sealed.iter().all(|line| !line.contains("2a864886f70d010101")), "no PKCS#8 of RSA");
}

#[actix_web::test]
async fn keys_are_for_connections_that_speak_saml() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let oidc = acme.post("/connections", &json!({"display_name": "OIDC"})).await.created();
    let path = format!("/connections/{}/keys", id(&oidc));
    assert_eq!(acme.post(&path, &json!({})).await.expect(409).code(), "connection_not_saml");
    assert!(keys(&acme, &oidc).await.is_empty());
    assert_eq!(app.browser().get(&format!("/t/acme/sso/{}/metadata", id(&oidc))).await.status, 404);
    let refused = acme.patch(&format!("/connections/{}", id(&oidc)), &json!({"metadata_xml": "<a/>"})).await;
    assert_eq!(refused.expect(422).fields(), ["metadata_xml"]);
}
