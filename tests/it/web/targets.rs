//! URLs that must not be asked are refused when an admin saves them, with the field named (attack group F over REST).
//! That they are refused again at the fetch is tested at the outbound client.

use serde_json::json;

use crate::support::TestApp;
use crate::support::sign_in::id;
use crate::support::test_app::Setup;

/// Endpoints of a connection that an admin can write by hand.
const ENDPOINTS: [&str; 6] = ["authorization", "token", "userinfo", "jwks_uri", "revocation", "end_session"];

/// As strict as in production, under the name `sso.example`.
fn strict() -> TestApp {
    TestApp::start_with(Setup {
        settings: json!({"outbound_allow": [], "public_url": "https://sso.example"}),
        ..Setup::default()
    })
}

/// Each of `urls` is refused as issuer and as every endpoint, at creation and at a change, and only that field is named.
async fn refused(urls: &[&str]) {
    let app = strict();
    let acme = app.tenant("acme").await;
    let good = json!({"display_name": "Good", "settings": {"issuer": "https://op.example"}});
    let path = format!("/connections/{}", id(&acme.post("/connections", &good).await.created()));
    let before = acme.get(&path).await.text;
    for url in urls {
        let settings = json!({"issuer": url});
        let answer = acme.post("/connections", &json!({"display_name": "C", "settings": settings})).await;
        assert!(answer.fields().contains(&"settings.issuer".to_owned()), "{url}: {}", answer.text);
        let answer = acme.patch(&path, &json!({"settings": settings})).await.expect(422);
        assert!(answer.fields().contains(&"settings.issuer".to_owned()), "{url}: {}", answer.text);
        for endpoint in ENDPOINTS {
            let mut endpoints = json!({});
            endpoints[endpoint] = json!(url);
            let settings = json!({"endpoints": endpoints});
            let answer = acme.patch(&path, &json!({"settings": settings})).await.expect(422);
            assert_eq!(answer.fields(), [format!("settings.endpoints.{endpoint}")], "{url}");
        }
    }
    assert_eq!(acme.get(&path).await.text, before);
}

#[actix_web::test]
async fn f_01_loopback_is_not_saved() {
    refused(&[
        "http://127.0.0.1",
        "https://127.0.0.1/x",
        "https://localhost",
        "https://0.0.0.0",
        "https://[::]",
        "https://[::1]",
    ])
    .await;
}

#[actix_web::test]
async fn f_02_cloud_metadata_services_are_not_saved() {
    refused(&[
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254",
        "https://[fd00:ec2::254]",
        "https://metadata.google.internal",
        "https://100.100.100.200",
    ])
    .await;
}

#[actix_web::test]
async fn f_03_private_and_special_networks_are_not_saved() {
    refused(&[
        "https://10.0.0.1",
        "https://172.16.0.1",
        "https://192.168.0.1",
        "https://100.64.0.1",
        "https://198.18.0.1",
        "https://192.0.0.1",
        "https://224.0.0.1",
        "https://240.0.0.1",
        "https://[fc00::1]",
        "https://[fe80::1]",
    ])
    .await;
}

#[actix_web::test]
async fn f_04_other_spellings_of_ipv4_addresses_are_not_saved() {
    refused(&[
        "https://2130706433",
        "https://0177.0.0.1",
        "https://0x7f.1",
        "https://127.1",
        "https://010.8.8.8",
        "https://0x08080808",
    ])
    .await;
}

#[actix_web::test]
async fn f_05_ipv4_inside_ipv6_is_not_saved() {
    refused(&[
        "https://[::ffff:169.254.169.254]",
        "https://[::127.0.0.1]",
        "https://[64:ff9b::a9fe:a9fe]",
        "https://[2002:7f00:1::]",
    ])
    .await;
}

#[actix_web::test]
async fn f_06_urls_that_parsers_read_differently_are_not_saved() {
    refused(&[
        "https://[fe80::1%25eth0]",
        "https://good.example@127.0.0.1",
        "https://user:password@op.example",
        "https://op.example\\@127.0.0.1",
        "https://op.example\t",
        "https://op.\r\nexample",
        "https://127\u{3002}0\u{3002}0\u{3002}1",
        "HTTPS://LOCALHOST",
        "https://op.example.",
        "https://localhost.",
        "https:op.example",
        "https:/op.example",
        "https:///op.example",
        "//op.example",
        "",
    ])
    .await;
}

#[actix_web::test]
async fn f_09_other_schemes_are_not_saved() {
    refused(&[
        "http://op.example",
        "file:///etc/passwd",
        "gopher://op.example",
        "ftp://op.example",
        "javascript:x",
        "data:,x",
        "unix:/run/x",
    ])
    .await;
}

#[actix_web::test]
async fn f_10_other_ports_are_not_saved() {
    refused(&[
        "https://op.example:22",
        "https://op.example:25",
        "https://op.example:5432",
        "https://op.example:6379",
        "https://op.example:80",
    ])
    .await;
}

#[actix_web::test]
async fn f_11_our_own_host_is_not_saved() {
    refused(&[
        "https://sso.example",
        "https://sso.example/t/other",
        "https://SSO.EXAMPLE/t/acme/sso/x/callback",
        "https://sso.example.",
    ])
    .await;
}
