//! Row A8: which claim means what, at a whole login.

use serde_json::json;

use super::Scene;

fn mapped(mapping: serde_json::Value) -> serde_json::Value {
    json!({"settings": {"claim_mapping": mapping}})
}

#[actix_web::test]
async fn row_a8_of_several_paths_the_first_present_one_wins_nested_or_literal() {
    let mapping = mapped(json!({
        "user_id": ["oid", "sub"], "name": ["profile.display", "name"], "given_name": ["profile.names.given", "given_name"],
        "family_name": ["https://acme.example/family", "family_name"], "picture": ["profile.photo", "picture"],
        "groups": ["realm_access.roles", "cognito:groups"],
    }));
    let scene = Scene::new(mapping, &["one", "two"]).await;
    let profile = json!({"display": "Countess", "names": {"given": "Augusta"}, "photo": "https://img.example/a.png"});
    scene
        .sign_in(
            json!({"oid": "o-1", "profile": profile, "https://acme.example/family": "King", "family_name": "Lovelace",
        "realm_access": {"roles": ["one"]}, "cognito:groups": ["two"]}),
        )
        .await;
    let user = scene.user().await;
    assert_eq!(
        (&user["name"], &user["given_name"], &user["family_name"]),
        (&json!("Countess"), &json!("Augusta"), &json!("King"))
    );
    assert_eq!(user["picture"], "https://img.example/a.png");
    assert_eq!(scene.groups(true).await, ["one"]);
    let identities = scene.acme.get(&format!("/users/{}/identities", scene.user_id().await)).await.ok();
    assert_eq!(identities["items"][0]["subject"], "o-1");

    // Without the first paths the second ones count; the person is the same by `oid`.
    scene
        .sign_in(json!({"oid": "o-1", "given_name": "Ada", "family_name": "Lovelace", "cognito:groups": ["two"]}))
        .await;
    let user = scene.user().await;
    assert_eq!(
        (&user["name"], &user["given_name"], &user["family_name"]),
        (&json!("Ada"), &json!("Ada"), &json!("Lovelace"))
    );
    assert_eq!(scene.groups(true).await, ["two"]);
}

#[actix_web::test]
async fn row_a8_a_name_is_made_of_its_parts_and_parts_are_optional_beside_a_name() {
    let scene = Scene::new(mapped(json!({"name": []})), &[]).await;
    scene.sign_in(json!({"given_name": "Ada", "family_name": "Lovelace", "name": "not mapped"})).await;
    assert_eq!(scene.user().await["name"], "Ada Lovelace");

    let scene = Scene::new(mapped(json!({"given_name": [], "family_name": []})), &[]).await;
    scene.sign_in(json!({"name": "Ada L.", "given_name": "not mapped"})).await;
    let user = scene.user().await;
    assert_eq!((&user["name"], &user["given_name"]), (&json!("Ada L."), &json!(null)));
}

#[actix_web::test]
async fn row_a8_without_its_user_id_claim_nobody_signs_in() {
    let scene = Scene::new(mapped(json!({"user_id": ["oid"]})), &[]).await;
    scene.provider.person(json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true}));
    let page = scene.app.browser().follow(scene.connection["login_url"].as_str().unwrap()).await;
    assert_eq!((page.status, page.code().as_str()), (403, "user_id_missing"));
    assert_eq!(scene.acme.get("/users").await.ok()["items"], json!([]));
    assert_eq!(scene.acme.last_event("login.refused").await["payload"]["reason"], "user_id_missing");
}
