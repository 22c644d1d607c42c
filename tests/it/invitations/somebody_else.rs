//! Somebody else is signed in: a clear choice, and no error (L-17).

use serde_json::json;

use super::by_provider::{A, Scene, signed_in};
use crate::support::invitations::{invited, now, press, press_with};
use crate::support::sign_in::{is_signed_in, parameter, to_callback};

#[actix_web::test]
async fn l_17_whoever_is_signed_in_as_somebody_else_is_asked_and_stays_unless_they_say_so() {
    let s = Scene::set(json!({})).await;
    let browser = s.app.browser();
    s.person("b-1", "bob@acme.example");
    signed_in(&s.login(&browser).await);
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "admin"})).await;

    let page = browser.get(&link).await;
    assert_eq!((page.status, page.text_of("other").as_deref()), (200, Some("bob@acme.example")), "{}", page.body);
    assert!(page.body.contains("name=\"switch\"") && page.body.contains(&format!("{}/t/acme\"", s.app.url)));
    // Without the choice: 409, and the same choice.
    let asked = press(&browser, &link).await;
    assert_eq!((asked.status, asked.code().as_str()), (409, "invitation_for_another"), "{}", asked.body);
    assert_eq!(asked.set_cookies(), [""; 0]);
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
    let me = browser.get("/v1/tenants/acme/me").await;
    assert!(me.body.contains("bob@acme.example"), "bob is still signed in");

    // With it: the provider is to ask who it is, and the new session takes the old one's place.
    let pressed = press_with(&browser, &link, &[("way", "sso"), ("switch", "true")]).await;
    s.person("a-1", A);
    let to_provider = browser.get(pressed.location().unwrap().as_str()).await.location().unwrap();
    assert_eq!(parameter(&to_provider, "prompt"), "login");
    let back = browser.get(to_provider.as_str()).await.location().unwrap();
    assert!(is_signed_in(&browser.get(back.as_str()).await));
    let me = browser.get("/v1/tenants/acme/me").await;
    assert!(me.body.contains(A) && me.body.contains("\"admin\""), "{}", me.body);
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
    assert_eq!(s.users().await.iter().filter(|user| user["role"] == "member").count(), 1, "bob got nothing of it");
}

#[actix_web::test]
async fn the_invited_person_who_is_signed_in_is_asked_nothing_more() {
    let s = Scene::set(json!({})).await;
    let browser = s.app.browser();
    s.person("a-1", A);
    signed_in(&s.login(&browser).await);
    let (_, link) = invited(&s.app, &s.acme, A, json!({"role": "admin"})).await;
    let page = browser.get(&link).await;
    assert!(page.text_of("other").is_none(), "{}", page.body);
    let pressed = press(&browser, &link).await;
    let callback = to_callback(&browser, pressed.location().unwrap().as_str()).await;
    signed_in(&browser.get(callback.as_str()).await);
    assert_eq!(s.users().await[0]["role"], "admin");
}
