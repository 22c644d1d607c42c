//! Metadata of the real providers, both ways: theirs is taken from where they publish it and followed through a rotation,
//! and ours is one that they can read.

use chrono::Duration;
use doorward::flows::refresh_metadata::refresh_due;
use serde_json::{Value, json};

use crate::needs;
use crate::support::TestApp;
use crate::support::saml_idp::{SamlIdp, Software};
use crate::support::test_app::Setup;

/// Which of its certificates a connection believes, by number.
fn believed(idp: &SamlIdp, connection: &Value) -> Vec<u8> {
    let pem = |c: &Value| -> String { c["pem"].as_str().unwrap().lines().filter(|l| !l.contains("-----")).collect() };
    let listed: Vec<String> = connection["certificates"].as_array().unwrap().iter().map(pem).collect();
    let of = |number: &u8| listed.contains(&idp.certificate(*number));
    [1, 2].into_iter().filter(of).collect()
}

async fn metadata_is_followed_through_a_rotation(software: Software) {
    let app = TestApp::start_with(Setup {
        settings: json!({"outbound_allow": ["127.0.0.0/8"]}),
        clock: doorward::clock::Clock::manual(doorward::clock::Clock::default().now()),
        ..Setup::default()
    });
    let acme = app.tenant("acme").await;
    let idp = SamlIdp::start(software, json!({}));
    let body = json!({"display_name": "Real", "protocol": "saml", "settings": {"metadata_url": idp.metadata_url}});
    let draft = acme.post("/connections", &body).await.created();
    let path = format!("/connections/{}", draft["id"].as_str().unwrap());
    let active = acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    assert_eq!(active["settings"]["idp_entity_id"], idp.entity_id, "{}", idp.log());
    let locations = |name: &str| -> Vec<String> {
        let list = active["provider_metadata"][name].as_array().unwrap();
        list.iter().map(|e| e["location"].as_str().unwrap().to_owned()).collect()
    };
    assert!(locations("sso").contains(&idp.sign_on_url()) && locations("slo").contains(&idp.logout_url()));
    assert_eq!(believed(&idp, &active), [1]);

    let own = app.browser().get(active["service_provider"]["metadata_url"].as_str().unwrap()).await;
    idp.trust(&own.body);
    assert_eq!(own.status, 200);

    for (rotation, expected) in [("announced", &[1, 2][..]), ("promoted", &[1, 2]), ("over", &[2])] {
        idp.set(json!({"rotation": rotation}));
        app.clock.advance(Duration::hours(25));
        refresh_due(&app.context).await.unwrap();
        let now = acme.get(&path).await.ok();
        assert_eq!(believed(&idp, &now), expected, "{rotation}: {}", now["warnings"]);
    }
    let changes = acme.count_events("connection.certificates_changed").await;
    assert_eq!(changes, 2, "one key came, one went");
}

#[actix_web::test]
async fn row_a10_metadata_of_simplesamlphp_is_followed_through_a_rotation() {
    metadata_is_followed_through_a_rotation(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn row_a10_metadata_of_pysaml2_is_followed_through_a_rotation() {
    metadata_is_followed_through_a_rotation(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}
