//! Invitations by way of SAML: they survive the form post that brings no cookie, and the whole story at a real provider.

use serde_json::json;

use super::providers::{connect, tenant};
use super::rig::Rig;
use crate::needs;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::invitations::{invited, now, press};
use crate::support::saml_idp::{SamlIdp, Software};
use crate::support::sign_in::{id, is_signed_in, refused};

#[actix_web::test]
async fn journey_invite_by_email_saml_at_a_real_provider() {
    let python = Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"));
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(python, json!({}));
    let connection = connect(&acme, &idp, json!({})).await;
    let only_known = json!({"provisioning": {"create_users": false}});
    acme.patch(&format!("/connections/{}", id(&connection)), &only_known).await.ok();
    let browser = app.browser();
    let (made, link) = mail.invited(&acme, "alice@acme.example.com", json!({"role": "admin"})).await;
    let pressed = press(&browser, &link).await;
    let answer = idp.visit(&browser, pressed.location().unwrap().as_str(), "alice").await;
    let page = answer.arrive(&browser).await;
    assert!(is_signed_in(&page), "{}: {}\n{}", page.status, page.body, idp.log());
    assert_eq!(now(&acme, &made).await["state"], "accepted");
    assert_eq!(browser.get("/v1/tenants/acme/users").await.status, 200, "an admin");
    assert_eq!(acme.last_event("invitation.accepted").await["payload"]["id"], made["id"]);
}

#[actix_web::test]
async fn l_17_a_saml_provider_that_says_another_address_accepts_nothing() {
    let rig = Rig::start(json!({})).await;
    let (made, link) = invited(&rig.app, &rig.acme, "somebody@acme.example", json!({})).await;
    let browser = rig.app.browser();
    let pressed = press(&browser, &link).await;
    let begun = rig.begin_at(&browser, pressed.location().unwrap().as_str()).await;
    let page = rig.post(&browser, &rig.response(&begun.request).sign("_a"), &begun.relay_state).await;
    refused(&page, 409, "invitation_email_mismatch");
    assert_eq!(now(&rig.acme, &made).await["state"], "pending");
    assert_eq!(rig.acme.get("/users").await.ok()["items"], json!([]));
}
