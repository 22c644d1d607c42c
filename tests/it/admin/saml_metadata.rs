//! A SAML provider's metadata: by text, file or URL, looked at again on a schedule, never taken for more than it is.

use chrono::{DateTime, Duration, Utc};
use doorward::flows::refresh_metadata::refresh_due;
use doorward::protocol::saml::Certificate;
use reqwest::Method;
use serde_json::{Value, json};

use super::id;
use super::saml_connections::draft;
use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::database::lines;
use crate::support::raw_server::RawServer;
use crate::support::saml::ProviderKey;
use crate::support::saml::key::{IDP, MALLORY};
use crate::support::saml::metadata::{self, MetadataServer, provider};

const ENTITY: &str = "https://idp.example/";

async fn put(admin: &Admin, connection: &Value, xml: &str, query: &str) -> Answer {
    let request = admin.request(Method::PUT, &format!("/connections/{}/metadata{query}", id(connection)));
    admin.send(request.header("content-type", "application/samlmetadata+xml").body(xml.to_owned())).await
}

async fn read(admin: &Admin, connection: &Value) -> Value {
    admin.get(&format!("/connections/{}", id(connection))).await.ok()
}

async fn activate(admin: &Admin, connection: &Value) -> Answer {
    admin.post(&format!("/connections/{}/activate", id(connection)), &json!({})).await
}

/// An active connection whose metadata is at this server.
async fn active(admin: &Admin, server: &MetadataServer) -> Value {
    let connection = draft(admin, json!({"metadata_url": server.url})).await;
    activate(admin, &connection).await.ok()
}

/// A while later what is due is looked at.
async fn later(app: &TestApp, hours: i64) {
    app.clock.advance(Duration::hours(hours));
    refresh_due(&app.context).await.unwrap();
}

fn prints(connection: &Value) -> Vec<String> {
    let certificates = connection["certificates"].as_array().unwrap();
    certificates.iter().map(|c| c["sha256"].as_str().unwrap().to_owned()).collect()
}

fn at(time: DateTime<Utc>) -> String {
    time.format("validUntil=\"%Y-%m-%dT%H:%M:%SZ\"").to_string()
}

#[actix_web::test]
async fn row_a10_metadata_is_taken_as_text_as_a_file_and_from_a_url() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let xml = provider(ENTITY, "", &[&IDP.certificate()]);
    let body = json!({"display_name": "Text", "protocol": "saml", "metadata_xml": xml});
    let text = acme.post("/connections", &body).await.created();
    let file = draft(&acme, json!({})).await;
    let file = put(&acme, &file, &xml, "").await.ok();
    let server = MetadataServer::start(&xml);
    let url = active(&acme, &server).await;
    for connection in [&text, &file, &url] {
        assert_eq!(connection["settings"]["idp_entity_id"], ENTITY);
        assert_eq!(prints(connection), [IDP.certificate().sha256()]);
        let sso = &connection["provider_metadata"]["sso"];
        assert_eq!(sso[0], json!({"binding": "redirect", "location": "https://idp.example/sso"}));
        assert_eq!(sso[1]["binding"], "post");
    }
    for connection in [&text, &file] {
        assert_eq!(activate(&acme, connection).await.ok()["status"], "active");
    }
    // What is not XML by its type is not read, and another type of body is none.
    let path = format!("/connections/{}/metadata", id(&file));
    assert_eq!(acme.put_json(&path, &json!({})).await.expect(415).code(), "unsupported_media_type");
    assert_eq!(put(&acme, &file, "<a/>", "").await.expect(422).code(), "saml_metadata_malformed");
}

#[actix_web::test]
async fn s_02_metadata_without_a_usable_signing_certificate_is_refused() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, json!({})).await;
    let with =
        |keys: &str| metadata::entity(ENTITY, "", &format!("{keys}{}", metadata::sign_on("https://idp.example/sso")));
    let good = metadata::one_line(&IDP.certificate());
    for (xml, code) in [
        (with(""), "saml_certificate_missing"),
        (with(&metadata::key("use=\"encryption\"", &good)), "saml_certificate_missing"),
        (with(&metadata::key("use=\"signing\"", "")), "certificate_unreadable"),
    ] {
        assert_eq!(put(&acme, &connection, &xml, "").await.expect(422).code(), code);
        let server = MetadataServer::start(&xml);
        let by_url = draft(&acme, json!({"metadata_url": server.url})).await;
        assert_eq!(activate(&acme, &by_url).await.expect(422).code(), code);
    }
    assert_eq!(read(&acme, &connection).await["provider_metadata"], Value::Null);
    // A certificate by hand is enough, whatever the metadata has.
    let by_hand = draft(&acme, json!({"certificates": [IDP.certificate().pem()]})).await;
    put(&acme, &by_hand, &with(""), "").await.ok();
    assert_eq!(activate(&acme, &by_hand).await.ok()["status"], "active");
}

#[actix_web::test]
async fn s_03_a_key_without_a_use_is_one_to_sign_with() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, json!({})).await;
    let inside =
        metadata::key("", &metadata::one_line(&IDP.certificate())) + &metadata::sign_on("https://idp.example/sso");
    put(&acme, &connection, &metadata::entity(ENTITY, "", &inside), "").await.ok();
    assert_eq!(prints(&activate(&acme, &connection).await.ok()), [IDP.certificate().sha256()]);
}

#[actix_web::test]
async fn c_47_metadata_that_has_run_out_is_refused_and_what_was_good_is_kept_and_marked() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let now = app.clock.now();
    let expired = provider(ENTITY, &at(now - Duration::minutes(1)), &[&IDP.certificate()]);
    let connection = draft(&acme, json!({})).await;
    assert_eq!(put(&acme, &connection, &expired, "").await.expect(422).code(), "saml_metadata_expired");

    let server = MetadataServer::start(&provider(ENTITY, &at(now + Duration::hours(30)), &[&IDP.certificate()]));
    let connection = active(&acme, &server).await;
    assert_eq!(connection["warnings"], json!([]));
    server.say(&expired);
    later(&app, 25).await;
    let refused = read(&acme, &connection).await;
    assert_eq!(refused["warnings"], json!(["saml_metadata_refused"]));
    assert_eq!(acme.last_event("connection.metadata_refused").await["payload"]["reason"], "saml_metadata_expired");
    later(&app, 6).await;
    let stale = read(&acme, &connection).await;
    assert_eq!(stale["warnings"], json!(["saml_metadata_stale", "saml_metadata_refused"]));
    assert_eq!(prints(&stale), prints(&connection), "what was good is kept");
    assert_eq!(acme.count_events("connection.metadata_refused").await, 1, "one reason is told once");
    server.say(&provider(ENTITY, "", &[&IDP.certificate()]));
    later(&app, 2).await;
    assert_eq!(read(&acme, &connection).await["warnings"], json!([]));
}

#[actix_web::test]
async fn c_49_metadata_of_another_entity_is_refused_however_it_comes() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let server = MetadataServer::start(&provider(ENTITY, "", &[&IDP.certificate()]));
    let connection = active(&acme, &server).await;
    let other = provider("https://mallory.example/", "", &[&MALLORY.certificate()]);
    server.say(&other);
    later(&app, 25).await;
    let kept = read(&acme, &connection).await;
    assert_eq!((prints(&kept), &kept["settings"]), (prints(&connection), &connection["settings"]));
    assert_eq!(kept["warnings"], json!(["saml_metadata_refused"]));
    let event = acme.last_event("connection.metadata_refused").await;
    assert_eq!(event["payload"], json!({"id": connection["id"], "reason": "saml_metadata_entity_changed"}));
    for query in ["", "?entity_id=https://mallory.example/"] {
        assert_eq!(put(&acme, &connection, &other, query).await.expect(422).code(), "saml_metadata_entity_changed");
    }
    let patch = acme.patch(&format!("/connections/{}", id(&connection)), &json!({"metadata_xml": other})).await;
    assert_eq!(patch.expect(422).code(), "saml_metadata_entity_changed");
}

#[actix_web::test]
async fn c_50_a_new_key_is_believed_beside_the_old_one_until_that_is_gone_and_both_are_told() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let next = ProviderKey::ec().certificate();
    let old = IDP.certificate();
    let server = MetadataServer::start(&provider(ENTITY, "", &[&old]));
    let connection = active(&acme, &server).await;
    later(&app, 25).await;
    assert_eq!(acme.count_events("connection.certificates_changed").await, 0, "nothing changed yet");
    let told = |added: &[&Certificate], removed: &[&Certificate]| {
        let prints = |list: &[&Certificate]| list.iter().map(|c| c.sha256()).collect::<Vec<_>>();
        json!({"connection_id": connection["id"], "added": prints(added), "removed": prints(removed)})
    };
    server.say(&provider(ENTITY, "", &[&old, &next]));
    later(&app, 25).await;
    assert_eq!(prints(&read(&acme, &connection).await), [old.sha256(), next.sha256()]);
    assert_eq!(acme.last_event("connection.certificates_changed").await["payload"], told(&[&next], &[]));
    // Down for a while: both stay.
    server.fail();
    later(&app, 25).await;
    assert_eq!(prints(&read(&acme, &connection).await).len(), 2);
    server.say(&provider(ENTITY, "", &[&next]));
    later(&app, 2).await;
    assert_eq!(prints(&read(&acme, &connection).await), [next.sha256()]);
    assert_eq!(acme.last_event("connection.certificates_changed").await["payload"], told(&[], &[&old]));
    assert_eq!(acme.count_events("connection.metadata_changed").await, 0);
}

#[actix_web::test]
async fn c_50_a_certificate_by_hand_is_not_outvoted_by_metadata() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let server = MetadataServer::start(&provider(ENTITY, "", &[&MALLORY.certificate()]));
    let settings = json!({"metadata_url": server.url, "certificates": [IDP.certificate().pem()]});
    let connection = draft(&acme, settings).await;
    let active = activate(&acme, &connection).await.ok();
    assert_eq!(prints(&active), [IDP.certificate().sha256()]);
}

#[actix_web::test]
async fn c_51_a_location_that_browsers_must_not_be_sent_to_refuses_the_metadata() {
    let app = TestApp::start_with(crate::support::test_app::Setup {
        settings: json!({"outbound_allow": []}),
        ..Default::default()
    });
    let acme = app.tenant("acme").await;
    let connection = draft(&acme, json!({})).await;
    let keys = metadata::key("use=\"signing\"", &metadata::one_line(&IDP.certificate()));
    for evil in ["javascript:alert(1)", "http://idp.example/sso", "https://10.0.0.1/sso", "https://169.254.169.254/"] {
        let xml = metadata::entity(ENTITY, "", &format!("{keys}{}", metadata::sign_on(evil)));
        let refused = put(&acme, &connection, &xml, "").await.expect(422);
        assert_eq!(refused.code(), "saml_metadata_location_refused", "{evil}");
    }
    assert_eq!(read(&acme, &connection).await["provider_metadata"], Value::Null);
}

#[actix_web::test]
async fn c_52_of_several_entities_one_is_chosen_and_stays_chosen() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let names = ["https://a.example/", "https://b.example/"];
    let two = metadata::group(&names.map(|name| provider(name, "", &[&IDP.certificate()])));
    let connection = draft(&acme, json!({})).await;
    let refused = put(&acme, &connection, &two, "").await.expect(422);
    assert_eq!(refused.code(), "saml_metadata_several_entities");
    assert!(names.iter().all(|name| refused.text.contains(name)), "{}", refused.text);
    let unknown = put(&acme, &connection, &two, "?entity_id=https://c.example/").await;
    assert_eq!(unknown.expect(422).code(), "saml_metadata_entity_unknown");
    let chosen = put(&acme, &connection, &two, "?entity_id=https://b.example/").await.ok();
    assert_eq!(chosen["settings"]["idp_entity_id"], names[1]);
    assert_eq!(put(&acme, &connection, &two, "").await.ok()["settings"]["idp_entity_id"], names[1]);

    let server = MetadataServer::start(&two);
    let by_url = draft(&acme, json!({"metadata_url": server.url})).await;
    assert_eq!(activate(&acme, &by_url).await.expect(422).code(), "saml_metadata_several_entities");
    let by_url = draft(&acme, json!({"metadata_url": server.url, "idp_entity_id": names[0]})).await;
    assert_eq!(activate(&acme, &by_url).await.ok()["provider_metadata"]["entity_id"], names[0]);
}

#[actix_web::test]
async fn c_53_metadata_is_bounded_before_it_is_read() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let huge = format!("<a>{}</a>", "x".repeat(1 << 20));
    let doctype =
        format!("<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/x\">{}", provider(ENTITY, "", &[&IDP.certificate()]));
    let wide = format!("<a>{}</a>", "<b/>".repeat(100_000));
    let server = MetadataServer::start("");
    for (xml, codes) in [
        (&huge, ["saml_metadata_unreachable", "body_too_large"]),
        (&doctype, ["saml_metadata_malformed", "saml_metadata_malformed"]),
        (&wide, ["saml_metadata_too_large", "saml_metadata_too_large"]),
    ] {
        server.say(xml);
        let connection = draft(&acme, json!({"metadata_url": server.url})).await;
        assert_eq!(activate(&acme, &connection).await.expect(422).code(), codes[0]);
        assert_eq!(put(&acme, &connection, xml, "").await.code(), codes[1]);
    }
}

#[actix_web::test]
async fn metadata_is_looked_at_as_often_as_it_wants_within_reason() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let asked = async |attributes: &str| {
        let server = MetadataServer::start(&provider(ENTITY, attributes, &[&IDP.certificate()]));
        active(&acme, &server).await;
        server
    };
    let (minute, hours, week) = (
        asked("cacheDuration=\"PT1M\"").await,
        asked("cacheDuration=\"PT5H\"").await,
        asked("cacheDuration=\"P7D\"").await,
    );
    let counts = || [&minute, &hours, &week].map(MetadataServer::asked);
    assert_eq!(counts(), [1, 1, 1]);
    for (after, expected) in [(30, [1, 1, 1]), (31, [2, 1, 1]), (4 * 60, [3, 2, 1]), (19 * 60, [4, 3, 2])] {
        app.clock.advance(Duration::minutes(after));
        refresh_due(&app.context).await.unwrap();
        assert_eq!(counts(), expected, "after {after} minutes more");
    }
    // What only says that it lasts longer is no news.
    assert_eq!(acme.count_events("connection.metadata_changed").await, 0);
}

#[actix_web::test]
async fn a_certificate_that_expires_is_told_at_each_of_its_thresholds_once() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let ends = app.clock.now() + Duration::days(62);
    let certificate = IDP.certificate_of("200101000000Z", &ends.format("%y%m%d%H%M%SZ").to_string());
    let connection = draft(&acme, json!({})).await;
    put(&acme, &connection, &provider(ENTITY, "", &[&certificate]), "").await.ok();
    activate(&acme, &connection).await.ok();
    let mut told = Vec::new();
    for _ in 0..64 {
        later(&app, 25).await;
        let count = acme.count_events("connection.certificate_expires").await;
        if count > told.len() {
            let payload = acme.last_event("connection.certificate_expires").await["payload"].clone();
            assert_eq!((&payload["connection_id"], &payload["owner"]), (&connection["id"], &json!("provider")));
            assert_eq!(payload["sha256"], certificate.sha256());
            told.push(payload["days_left"].as_i64().unwrap());
        }
    }
    assert_eq!(told.len(), 4, "{told:?}");
    for (left, threshold) in told.iter().zip([60, 30, 7, 1]) {
        assert!(*left <= threshold && *left >= threshold - 2, "{told:?}");
    }
    assert_eq!(read(&acme, &connection).await["warnings"], json!(["saml_certificate_expired"]));
}

#[actix_web::test]
async fn c_50_a_withdrawn_certificate_does_not_come_back_by_a_change_that_was_under_way() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let server = MetadataServer::start(&provider(ENTITY, "", &[&IDP.certificate(), &MALLORY.certificate()]));
    let connection = active(&acme, &server).await;
    assert_eq!(prints(&read(&acme, &connection).await).len(), 2);
    let raw = "SELECT provider_metadata::text AS line FROM connections";
    let mut document: Value = serde_json::from_str(&lines(&mut app.database.superuser(), raw)[0]).unwrap();
    document["certificates"] = json!([IDP.certificate().pem()]);
    let refresh = format!("UPDATE connections SET provider_metadata = '{document}', provider_metadata_at = now()");
    let path = format!("/connections/{}", id(&connection));

    let name = json!({"display_name": "Other"});
    app.database.overtaken(&refresh, acme.patch(&path, &name)).await.ok();
    assert_eq!(prints(&read(&acme, &connection).await), [IDP.certificate().sha256()]);
    // One that asked the provider itself is to be made again: it may have asked before.
    let strict = json!({"settings": {"force_authn": true}});
    assert_eq!(
        app.database.overtaken(&refresh, acme.patch(&path, &strict)).await.expect(412).code(),
        "version_mismatch"
    );
    assert_eq!(prints(&read(&acme, &connection).await), [IDP.certificate().sha256()]);
    let (disable, none) = (format!("{path}/disable"), json!({}));
    app.database.overtaken(&refresh, acme.post(&disable, &none)).await.ok();
    assert_eq!(prints(&read(&acme, &connection).await), [IDP.certificate().sha256()]);
}

#[actix_web::test]
async fn c_54_the_metadata_url_leads_nowhere_else() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let inside = MetadataServer::start(&provider(ENTITY, "", &[&MALLORY.certificate()]));
    let head = "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\nlocation:";
    let redirect = RawServer::with_bytes(format!("{head} {}\r\n\r\n", inside.url).into_bytes());
    let connection = draft(&acme, json!({"metadata_url": redirect.url()})).await;
    assert_eq!(activate(&acme, &connection).await.expect(422).code(), "saml_metadata_unreachable");
    assert_eq!((redirect.connections(), inside.asked()), (1, 0));

    // What was allowed once is asked no more when it is not.
    let connection = active(&acme, &inside).await;
    let strict = crate::support::test_app::Setup {
        settings: json!({"public_url": app.url, "outbound_allow": []}),
        clock: app.clock.clone(),
        database: Some(std::sync::Arc::clone(&app.database)),
    };
    let second = TestApp::start_with(strict);
    let asked = inside.asked();
    later(&second, 25).await;
    assert_eq!(inside.asked(), asked);
    assert_eq!(read(&acme, &connection).await["provider_metadata"]["refused"], "saml_metadata_unreachable");
}

#[actix_web::test]
async fn t_05_an_admin_gives_an_owners_provider_no_other_keys_and_addresses() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let connection = draft(&acme, json!({})).await;
    put(&acme, &connection, &provider(ENTITY, "", &[&IDP.certificate()]), "").await.ok();
    let owner = acme.post("/users", &json!({"email": "ada@acme.example", "role": "owner"})).await.created();
    let link = json!({"connection_id": connection["id"], "subject": "ada"});
    acme.post(&format!("/users/{}/identities", id(&owner)), &link).await.created();
    let evil = provider(ENTITY, "", &[&IDP.certificate(), &MALLORY.certificate()]);
    assert_eq!(put(&admin, &connection, &evil, "").await.expect(403).code(), "role_above_own");
    let path = format!("/connections/{}", id(&connection));
    for settings in [
        json!({"certificates": [MALLORY.certificate().pem()]}),
        json!({"metadata_url": "http://127.0.0.1:9/m"}),
        json!({"sso_url": "https://mallory.example/"}),
        json!({"former_entity_ids": ["https://mallory.example/"]}),
        json!({"require_signed_assertions": false, "require_signed_responses": true}),
        json!({"allow_sha1": true}),
        json!({"idp_initiated": "accept"}),
    ] {
        let refused = admin.patch(&path, &json!({"settings": settings})).await;
        assert_eq!(refused.expect(403).code(), "role_above_own", "{settings}");
    }
    assert_eq!(prints(&read(&acme, &connection).await), [IDP.certificate().sha256()]);
    put(&acme, &connection, &evil, "").await.ok();
}
