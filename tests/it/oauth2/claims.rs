//! What tokens and userinfo say about a person: filtered, bounded, and only as far as the application is told. And by
//! which connections its users may come.

use serde_json::{Map, Value, json};

use super::scene::{Scene, is_told};
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords;
use crate::support::relying_party::{RelyingParty, answer_of, claims, text};
use crate::support::sign_in::{id, parameter};

/// A scene whose person is in three groups.
async fn in_three_groups() -> Scene {
    let scene = Scene::set(json!({})).await;
    scene.client.code(&scene.ada, &[]).await;
    let users = scene.acme.get("/users").await.ok();
    for name in ["Engineering", "Sales", "Staff"] {
        let group = scene.acme.post("/groups", &json!({"name": name})).await.created();
        scene.acme.put(&format!("/groups/{}/members/{}", id(&group), id(&users["items"][0]))).await.expect(204);
    }
    scene.acme.post("/groups", &json!({"name": "Others"})).await.created();
    scene
}

/// What ID token, access token and userinfo say, once the application is changed.
async fn told(scene: &Scene, change: Value, scope: &str) -> [Map<String, Value>; 3] {
    scene.acme.patch(&format!("/applications/{}", scene.client.client_id), &change).await.ok();
    let tokens = scene.client.tokens(&scene.ada, &[("scope", scope)]).await;
    let userinfo = scene.client.userinfo(text(&tokens, "access_token")).await.ok();
    [claims(text(&tokens, "id_token")), claims(text(&tokens, "access_token")), userinfo.as_object().cloned().unwrap()]
}

#[actix_web::test]
async fn groups_are_told_as_the_application_is_set_and_a_list_is_never_cut() {
    let scene = in_three_groups().await;
    let (all, usual) = (json!(["Engineering", "Sales", "Staff"]), "openid groups");
    let named = json!({"groups": "named", "group_names": ["Sales", "Others", "sales"]});
    for (change, groups) in [
        (json!({}), all.clone()),
        (named, json!(["Sales"])),
        (json!({"groups": "none"}), json!([])),
        (json!({"groups": "all", "max_groups": 3}), all.clone()),
    ] {
        for told in told(&scene, change.clone(), usual).await {
            let mut names: Vec<_> = told["groups"].as_array().unwrap().iter().map(|g| g.as_str().unwrap()).collect();
            names.sort_unstable();
            assert_eq!((json!(names), told.get("groups_omitted")), (groups.clone(), None), "{change}");
        }
    }
    // Too many: the tokens say so instead of looking like fewer, and userinfo has them all.
    for most in [2, 0] {
        let [id, access, userinfo] = told(&scene, json!({"max_groups": most}), usual).await;
        for token in [id, access] {
            assert_eq!((token.get("groups"), &token["groups_omitted"]), (None, &json!(true)));
        }
        assert_eq!(userinfo["groups"].as_array().unwrap().len(), 3);
    }
    // The bound is about what is told, not about what there is.
    let one = json!({"groups": "named", "group_names": ["Staff"], "max_groups": 1});
    assert!(told(&scene, one, usual).await.iter().all(|told| told["groups"] == json!(["Staff"])));
    for told in told(&scene, json!({"groups": "all", "max_groups": 100}), "openid profile").await {
        assert!(!told.contains_key("groups") && !told.contains_key("groups_omitted"), "{told:?}");
    }
    let path = format!("/applications/{}", scene.client.client_id);
    let unbounded = scene.acme.patch(&path, &json!({"max_groups": 501})).await;
    assert_eq!(unbounded.expect(422).fields(), ["max_groups"]);
}

#[actix_web::test]
async fn claims_are_told_by_scope_and_as_the_application_is_set() {
    let scene = in_three_groups().await;
    let everything = "openid profile email groups";
    let [id, access, userinfo] = told(&scene, json!({}), everything).await;
    for told in [&id, &userinfo] {
        assert_eq!((&told["email"], &told["email_verified"]), (&json!("ada@acme.example"), &json!(true)));
        assert_eq!((&told["name"], &told["role"]), (&json!("Ada Lovelace"), &json!("member")));
        assert!(told["updated_at"].is_i64() && !told.contains_key("picture"), "what is not known is left out");
    }
    // For resource servers: what they decide by, and nothing about the person.
    assert_eq!((&access["role"], &access["groups"].as_array().unwrap().len()), (&json!("member"), &3));
    assert!(!access.contains_key("email") && !access.contains_key("name"), "{access:?}");
    let [id, access, userinfo] = told(&scene, json!({"claims": ["email", "groups"]}), everything).await;
    for told in [&id, &userinfo] {
        let known: Vec<_> = ["email", "groups", "email_verified", "name", "role", "updated_at"]
            .into_iter()
            .filter(|name| told.contains_key(*name))
            .collect();
        assert_eq!(known, ["email", "groups"]);
    }
    assert!(!access.contains_key("role"), "{access:?}");
    let [id, _, userinfo] = told(&scene, json!({"claims": []}), everything).await;
    assert!(id["sub"].is_string() && userinfo["sub"] == id["sub"] && !id.contains_key("email"));
    // Fewer scopes at a refresh are fewer claims.
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    scene.acme.patch(&format!("/applications/{}", scene.client.client_id), &json!({"claims": null})).await.ok();
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token")), ("scope", "openid")];
    let fewer = scene.client.form("token", &fields).await.ok();
    assert!(!claims(text(&fewer, "id_token")).contains_key("email"), "{fewer}");
}

#[actix_web::test]
async fn an_applications_users_come_by_its_connections_only() {
    let scene = Scene::set(json!({})).await;
    let second = HostileProvider::start();
    second.person(json!({"sub": "u-9", "email": "ada.two@acme.example", "email_verified": true}));
    let other_way = scene.acme.connect(&second, json!({})).await;
    let strict = RelyingParty::register(&scene.acme, json!({"allowed_connections": [other_way["id"]]})).await;
    scene.client.code(&scene.ada, &[]).await;
    passwords::person(&scene.acme, "carl@acme.example").await;
    let carl = scene.app.browser();
    passwords::signs_in(&passwords::try_password(&carl, "carl@acme.example", passwords::PASSWORD).await);
    for browser in [&scene.ada, &carl] {
        is_told(&strict.answer(browser, &[("prompt", "none")]).await, &strict, "login_required");
        // Sent straight to its one connection; whoever takes another way is told to the application.
        let sent = browser.get(&strict.authorize_url(&[])).await.location().unwrap();
        assert_eq!(sent.path(), format!("/t/acme/login/{}", id(&other_way)));
        let wrong = format!("/t/acme/login/{}?request={}", id(&scene.connection), parameter(&sent, "request"));
        is_told(&answer_of(&browser.follow(&wrong).await), &strict, "access_denied");
    }
    // Asking for another connection by name is no way around.
    let named = [("connection", id(&scene.connection))];
    is_told(&strict.answer(&scene.app.browser(), &named).await, &strict, "access_denied");
    let tokens = strict.tokens(&scene.ada, &[]).await;
    assert_eq!(claims(text(&tokens, "id_token"))["email"], "ada.two@acme.example");
    // Who came in by that connection is taken by every application that allows it, and by no other.
    is_told(&scene.client.answer(&scene.ada, &[("prompt", "none")]).await, &scene.client, "login_required");
}
