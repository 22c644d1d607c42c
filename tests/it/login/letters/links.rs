//! The link in such a letter: good once, for one sign-in of one person (L-10, L-11).

use serde_json::json;

use super::{ADA, ME, Scene, press};
use crate::support::mailbox::{link_to, token_of};
use crate::support::passwords::{PASSWORD, set, signs_in, try_password};
use crate::support::sign_in::{id, is_signed_in, refused};

#[actix_web::test]
async fn l_10_a_link_is_good_once_in_its_time_at_its_tenant_and_of_many_at_once_one_succeeds() {
    let s = Scene::set().await;
    s.app.tenant("globex").await;
    let browser = s.app.browser();
    let waiting = s.waits(&browser, "ada", ADA).await;
    let link = link_to(&s.app, ADA).await;
    let token = token_of(&link);
    for (path, token) in [
        ("/t/globex/login/verify", token.as_str()),
        ("/t/acme/login/reset", token.as_str()),
        ("/t/acme/login/verify", &token[..42]),
        ("/t/acme/login/verify", "guessed"),
        ("/t/acme/login/verify", ""),
        ("/t/acme/login/verify", "x\0"),
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        let page = browser.get(&format!("{path}?token={encoded}")).await;
        assert!(matches!(page.status, 404 | 422), "{path} {token:?}: {}", page.status);
        let fields = [("token", token), ("password", PASSWORD)];
        let fields = if path.ends_with("reset") { &fields[..] } else { &fields[..1] };
        let page = browser.post(path, fields).await;
        assert!(matches!(page.status, 404 | 422), "{path} {token:?}: {}", page.status);
    }
    let presses: Vec<_> = (0..20)
        .map(|_| {
            let (browser, link) = (browser.clone(), link.clone());
            actix_web::rt::spawn(async move { press(&browser, &link).await })
        })
        .collect();
    let mut pages = Vec::new();
    for one in presses {
        pages.push(one.await.unwrap());
    }
    assert_eq!(pages.iter().filter(|page| is_signed_in(page)).count(), 1);
    assert!(pages.iter().all(|page| is_signed_in(page) || page.status == 410), "the others are told that it was used");
    assert_eq!((s.users().await.len(), s.sessions().await), (1, 1));
    refused(&browser.get(&link).await, 410, "link_void");
    assert_eq!(browser.get(&waiting).await.status, 404);

    // In its time.
    let late = s.app.browser();
    let waiting = s.waits(&late, "bob", "bob@acme.example").await;
    s.app.clock.advance(chrono::Duration::minutes(60));
    let link = link_to(&s.app, "bob@acme.example").await;
    refused(&late.get(&link).await, 410, "link_void");
    refused(&press(&late, &link).await, 410, "link_void");
    refused(&late.post(&waiting, &[]).await, 410, "link_void");
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn l_10_a_link_is_void_once_the_users_address_is_another_one() {
    let s = Scene::set().await;
    let user = s.acme.post("/users", &json!({"email": ADA})).await.created();
    let path = format!("/users/{}", id(&user));
    for change in [json!({"email": "other@acme.example"}), json!({"email": null, "external_id": "x"})] {
        let browser = s.app.browser();
        s.waits(&browser, "ada", ADA).await;
        s.acme.patch(&path, &change).await.ok();
        refused(&press(&browser, &link_to(&s.app, ADA).await).await, 410, "link_void");
        assert_eq!((s.identities(&user).await, s.users().await.len()), (0, 1), "and nobody new has it");
        s.acme.patch(&path, &json!({"email": ADA})).await.ok();
    }
    // There and back again: what was mailed before is void all the same.
    let browser = s.app.browser();
    s.waits(&browser, "ada", ADA).await;
    s.acme.patch(&path, &json!({"email": "other@acme.example"})).await.ok();
    s.acme.patch(&path, &json!({"email": ADA})).await.ok();
    refused(&press(&browser, &link_to(&s.app, ADA).await).await, 410, "link_void");
    // A user who is gone takes their links along.
    let browser = s.app.browser();
    s.waits(&browser, "ada", ADA).await;
    s.acme.delete(&path).await.expect(204);
    refused(&press(&browser, &link_to(&s.app, ADA).await).await, 404, "not_found");
}

#[actix_web::test]
async fn l_11_a_proof_serves_no_second_account_of_the_same_provider() {
    let s = Scene::set().await;
    let victim = s.app.browser();
    s.waits(&victim, "ada", ADA).await;
    let link = link_to(&s.app, ADA).await;
    // Proven elsewhere, for the subject `ada`. Another subject with the same address has to wait, and for its own letter.
    assert_eq!(press(&s.app.browser(), &link).await.status, 200);
    let mallory = s.app.browser();
    let waiting = s.waits(&mallory, "mallory", ADA).await;
    assert_eq!(mallory.post(&waiting, &[]).await.status, 409);
    // The victim's link in the second account's browser signs nobody in there.
    assert_eq!(press(&mallory, &link).await.status, 200);
    assert_eq!((mallory.get(ME).await.status, s.users().await.len()), (401, 0));
    assert!(is_signed_in(&s.begin(&victim, "ada", ADA).await));
    // The address is the victim's now; mallory's own letter, had they the mailbox, proves it for nobody who has it.
    let user = s.users().await.remove(0);
    assert_eq!(s.identities(&user).await, 1);
    refused(&press(&mallory, &link_to(&s.app, ADA).await).await, 410, "link_void");
    assert_eq!((s.identities(&user).await, s.users().await.len()), (1, 1));
}

#[actix_web::test]
async fn l_11_a_link_confirmed_elsewhere_takes_over_nobody_who_has_been_here() {
    let s = Scene::set().await;
    let domain = s.acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    let path = format!("/v1/tenants/acme/domains/{}/attest", id(&domain));
    s.app.operator().await.post(&path, &json!({})).await.ok();
    let user = s.acme.post("/users", &json!({"email": ADA})).await.created();
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    signs_in(&try_password(&s.app.browser(), ADA, PASSWORD).await);
    // Mallory begins with Ada's address, and Ada, who did not, presses the button.
    let (mallory, ada) = (s.app.browser(), s.app.browser());
    let waiting = s.waits(&mallory, "mallory", ADA).await;
    let link = link_to(&s.app, ADA).await;
    refused(&ada.get(&link).await, 403, "confirmed_elsewhere");
    refused(&press(&ada, &link).await, 403, "confirmed_elsewhere");
    assert_eq!(mallory.post(&waiting, &[]).await.status, 409);
    assert_eq!(s.identities(&user).await, 0);
    // Ada herself, in one browser.
    s.waits(&ada, "ada", ADA).await;
    assert!(is_signed_in(&press(&ada, &link_to(&s.app, ADA).await).await));
    assert_eq!(s.identities(&user).await, 1);
}

#[actix_web::test]
async fn k_08_guessed_links_are_counted_by_address() {
    let s = Scene::on(crate::support::passwords::app_within_a_window()).await;
    let browser = s.app.browser();
    for _ in 0..100 {
        refused(&browser.get("/t/acme/login/verify?token=guessed").await, 404, "not_found");
    }
    let page = browser.post("/t/acme/login/verify", &[("token", "guessed")]).await;
    refused(&page, 429, "rate_limited");
    assert!(page.headers.contains_key("retry-after"));
}
