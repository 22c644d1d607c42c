//! Many at one invitation (L-19, R-24).

use serde_json::{Value, json};

use super::by_provider::{A, Scene};
use crate::support::TestApp;
use crate::support::invitations::{invited, now, press, press_with};
use crate::support::passwords::PASSWORD;
use crate::support::sign_in::{id, is_signed_in, to_callback};

#[actix_web::test]
async fn l_19_one_invitation_accepted_fifty_times_at_once_makes_one_user() {
    let s = Scene::set(json!({"create_users": false})).await;
    let other = s.app.second_instance();
    let group = s.acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "auditor", "group_ids": [id(&group)]})).await;
    s.person("a-1", A);
    let mut ready = Vec::new();
    for n in 0..50 {
        let browser = if n % 2 == 0 { s.app.browser() } else { other.browser() };
        let pressed = press(&browser, &link).await;
        let callback = to_callback(&browser, pressed.location().unwrap().as_str()).await;
        ready.push((browser, callback));
    }
    let logins = ready
        .into_iter()
        .map(|(browser, callback)| actix_web::rt::spawn(async move { browser.get(callback.as_str()).await }));
    for login in logins.collect::<Vec<_>>() {
        let page = login.await.unwrap();
        assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
    }
    let users = s.users().await;
    assert_eq!((users.len(), &users[0]["role"]), (1, &json!("auditor")));
    let groups = s.acme.get(&format!("/users/{}/groups", id(&users[0]))).await.ok();
    assert_eq!(groups["items"].as_array().unwrap().len(), 1);
    assert_eq!(s.acme.count_events("invitation.accepted").await, 1);
    assert_eq!(now(&s.acme, &made).await["accepted_by"], users[0]["id"]);
}

#[actix_web::test]
async fn l_19_different_people_with_one_link_at_once_make_one_user() {
    let s = Scene::set(json!({"create_users": false})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({})).await;
    let mut ready = Vec::new();
    for n in 0..8 {
        // Two subjects with the same address: two people, as far as anybody can tell.
        s.person(&format!("a-{}", n % 2), A);
        let browser = s.app.browser();
        let pressed = press(&browser, &link).await;
        let callback = to_callback(&browser, pressed.location().unwrap().as_str()).await;
        ready.push((browser, callback));
    }
    let logins = ready
        .into_iter()
        .map(|(browser, callback)| actix_web::rt::spawn(async move { browser.get(callback.as_str()).await }));
    let mut inside = 0;
    for login in logins.collect::<Vec<_>>() {
        inside += usize::from(is_signed_in(&login.await.unwrap()));
    }
    assert!(inside > 0);
    let users = s.users().await;
    assert_eq!(users.len(), 1);
    let identities = s.acme.get(&format!("/users/{}/identities", id(&users[0]))).await.ok();
    assert_eq!(identities["items"].as_array().unwrap().len(), 1, "one of the two");
    assert_eq!(s.acme.count_events("invitation.accepted").await, 1);
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn l_19_of_many_passwords_chosen_at_once_by_one_link_one_counts() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, link) = invited(&app, &acme, A, json!({})).await;
    let tries = (0..8).map(|n| {
        let (browser, link) = (app.browser(), link.clone());
        actix_web::rt::spawn(async move {
            let password = format!("{PASSWORD} {n}");
            press_with(&browser, &link, &[("way", "password"), ("password", &password)]).await
        })
    });
    let mut inside = 0;
    for done in tries.collect::<Vec<_>>() {
        let page = done.await.unwrap();
        if is_signed_in(&page) {
            inside += 1;
        } else {
            assert!(matches!(page.status, 403 | 410 | 503), "{}: {}", page.status, page.body);
        }
    }
    assert_eq!(inside, 1);
    let users = acme.get("/users").await.ok();
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.count_events("invitation.accepted").await, 1);
}

#[actix_web::test]
async fn l_19_an_invitation_is_accepted_or_revoked_and_never_both() {
    let s = Scene::set(json!({"create_users": false})).await;
    let (mut accepted, mut revoked) = (0, 0);
    for n in 0..10 {
        let email = format!("u{n}@acme.example");
        let (made, link) = invited(&s.app, &s.acme, &email, json!({})).await;
        s.person(&format!("s-{n}"), &email);
        let browser = s.app.browser();
        let pressed = press(&browser, &link).await;
        let callback = to_callback(&browser, pressed.location().unwrap().as_str()).await;
        let (acme, path) = (s.acme.clone(), format!("/invitations/{}", id(&made)));
        let revoke = actix_web::rt::spawn(async move { acme.delete(&path).await.status });
        let page = browser.get(callback.as_str()).await;
        let taken_back = revoke.await.unwrap();
        let known = s.acme.get(&format!("/users?email={email}")).await.ok();
        let known = known["items"].as_array().unwrap().len();
        let state: Value = now(&s.acme, &made).await["state"].clone();
        match (is_signed_in(&page), taken_back) {
            (true, 409) => {
                accepted += 1;
                assert_eq!((known, state), (1, json!("accepted")));
            }
            (false, 204) => {
                revoked += 1;
                assert_eq!(page.code(), "invitation_revoked");
                assert_eq!((known, state), (0, json!("revoked")));
            }
            other => panic!("{other:?}: {}", page.body),
        }
    }
    assert_eq!(accepted + revoked, 10);
}

#[actix_web::test]
async fn l_19_an_acceptance_that_waits_for_a_revocation_finds_it() {
    let s = Scene::set(json!({"create_users": false})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({})).await;
    s.person("a-1", A);
    let browser = s.app.browser();
    let pressed = press(&browser, &link).await;
    let callback = to_callback(&browser, pressed.location().unwrap().as_str()).await;
    let revoke = format!("UPDATE invitations SET state = 'revoked' WHERE id = '{}'", id(&made));
    let page = s.app.database.overtaken(&revoke, browser.get(callback.as_str())).await;
    assert_eq!((page.status, page.code().as_str()), (410, "invitation_revoked"), "{}", page.body);
    assert!(s.users().await.is_empty());
}
