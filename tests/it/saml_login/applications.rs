//! An application whose people come by SAML: what it demands of the login, and its sign-out.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;

use super::providers::{connect, forget, tenant};
use super::rig::{Begun, Rig, renamed};
use crate::needs;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::relying_party::{RelyingParty, SIGNED_OUT_URI, answer_of, claims, text};
use crate::support::saml::Forged;
use crate::support::saml_idp::{SamlIdp, Software};
use crate::support::sign_in::{is_signed_in, login_url, nothing_happened, parameter, refused};

/// An application whose people come by this connection alone.
async fn client(acme: &Admin, connection: &Value) -> RelyingParty {
    RelyingParty::register(acme, json!({"allowed_connections": [connection["id"]]})).await
}

/// The code that the application gets after this page of a login.
async fn code(browser: &Browser, page: &Page) -> String {
    assert!(is_signed_in(page), "{}: {}", page.status, page.body);
    let next = page.location().unwrap();
    parameter(&answer_of(&browser.follow(next.as_str()).await), "code")
}

/// The template of a person who authenticated at this moment, signed.
fn authenticated(rig: &Rig, begun: &Begun, id: &str, at: &str) -> Forged {
    let instant = format!("AuthnInstant=\"2026-01-01T{at}Z\"");
    renamed(&rig.response(&begun.request).change("AuthnInstant=\"2026-01-01T11:59:30Z\"", &instant), id).sign(id)
}

#[actix_web::test]
async fn c_20_what_an_application_demands_reaches_the_provider_and_is_held_against_its_answer() {
    let rig = Rig::start(json!({})).await;
    let client = client(&rig.acme, &rig.connection).await;
    let begin = async |browser: &Browser, wants: (&str, &str)| {
        let begin = browser.get(&client.authorize_url(&[wants])).await.location().unwrap();
        // What stands in the address says nothing: the request is looked up.
        rig.begin_at(browser, &format!("{begin}&prompt=none&max_age=9999")).await
    };
    // A minute of skew before what is too old.
    let demands = [("prompt", "login", "11:58:59", "12:00:00"), ("max_age", "600", "11:48:59", "11:50:00")];
    for (events, (name, value, old, _)) in demands.into_iter().enumerate() {
        let browser = rig.app.browser();
        let begun = begin(&browser, (name, value)).await;
        assert!(begun.xml.contains(" ForceAuthn=\"true\""), "{name}: {}", begun.xml);
        let page = rig.post(&browser, &authenticated(&rig, &begun, "_o", old), &begun.relay_state).await;
        refused(&page, 403, "saml_authentication_too_old");
        nothing_happened(&rig.acme, events + 1).await;
    }
    let nothing = ("prompt", "", "", "11:30:00");
    for (number, (name, value, _, at)) in demands.into_iter().chain([nothing]).enumerate() {
        let browser = rig.app.browser();
        let begun = begin(&browser, (name, value)).await;
        assert_eq!(begun.xml.contains("ForceAuthn"), !value.is_empty(), "{}", begun.xml);
        let message = authenticated(&rig, &begun, &format!("_n{number}"), at);
        let code = code(&browser, &rig.post(&browser, &message, &begun.relay_state).await).await;
        let tokens = client.redeem(&code).await.ok();
        let moment: DateTime<Utc> = format!("2026-01-01T{at}Z").parse().unwrap();
        assert_eq!(claims(text(&tokens, "id_token"))["auth_time"], moment.timestamp(), "{name}");
    }
}

/// Who is signed in at the provider already is asked for the password again when the application wants it.
async fn asks_again(software: Software) {
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(software, json!({}));
    let connection = connect(&acme, &idp, json!({})).await;
    let (client, browser) = (client(&acme, &connection).await, app.browser());
    let first = idp.visit(&browser, &client.authorize_url(&[]), "alice").await;
    code(&browser, &first.arrive(&browser).await).await;
    // A name that nobody has: the provider does not ask for one.
    assert!(idp.visit(&browser, login_url(&connection), "").await.field("SAMLResponse").is_some());
    for wants in [("prompt", "login"), ("max_age", "0")] {
        let form = browser.follow(&client.authorize_url(&[wants])).await;
        assert!(form.body.contains("type=\"password\"") || form.body.contains("type=password"), "{}", form.body);
        let again = idp.walk(&browser, form, "alice").await;
        assert!(!code(&browser, &again.arrive(&browser).await).await.is_empty());
    }
}

#[actix_web::test]
async fn simplesamlphp_asks_again_when_an_application_wants_it() {
    asks_again(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn pysaml2_asks_again_when_an_application_wants_it() {
    asks_again(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

/// From the application's sign-out over the provider's, and back to the application.
async fn signs_out_and_returns(software: Software) {
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(software, json!({"want_signed_requests": true}));
    for binding in ["redirect", "post"] {
        idp.set(json!({"logout_binding": binding}));
        let connection = connect(&acme, &idp, json!({"slo_binding": binding})).await;
        let (client, browser) = (client(&acme, &connection).await, app.browser());
        let arrived = idp.visit(&browser, &client.authorize_url(&[]), "alice").await.arrive(&browser).await;
        let tokens = client.redeem(&code(&browser, &arrived).await).await.ok();
        let wish = [
            ("post_logout_redirect_uri", SIGNED_OUT_URI),
            ("id_token_hint", text(&tokens, "id_token")),
            ("state", "s 1"),
        ];
        let sign_out = Url::parse_with_params(&client.at("end_session"), wish).unwrap();
        let answer = idp.visit(&browser, sign_out.as_str(), "").await;
        assert!(answer.url.path().ends_with("/slo"), "{}", answer.url);
        assert!(answer.field("SAMLResponse").is_some() && answer.posted.is_some() == (binding == "post"));
        let target = answer_of(&answer.arrive(&browser).await);
        assert!(target.as_str().starts_with(SIGNED_OUT_URI), "{target}");
        assert_eq!(parameter(&target, "state"), "s 1");
        assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
        assert_eq!(acme.count_events("logout.refused").await, 0);
        assert!(browser.follow(login_url(&connection)).await.body.contains("password"), "over at the provider too");
        forget(&acme, &connection).await;
    }
}

#[actix_web::test]
async fn signing_out_by_an_application_goes_over_simplesamlphp_and_back_to_it() {
    signs_out_and_returns(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn signing_out_by_an_application_goes_over_pysaml2_and_back_to_it() {
    signs_out_and_returns(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}
