//! Row A9: what a sync takes away, and what it leaves.

use serde_json::json;

use super::Scene;

#[actix_web::test]
async fn row_a9_what_is_no_longer_asserted_is_removed_an_absent_claim_changes_nothing_an_empty_one_removes_all() {
    let scene = Scene::new(json!({}), &["a", "b", "c"]).await;
    scene.sign_in(json!({"groups": ["a", "b"]})).await;
    assert_eq!(scene.groups(true).await, ["a", "b"]);
    scene.sign_in(json!({"groups": ["b", "c"]})).await;
    assert_eq!(scene.groups(true).await, ["b", "c"]);
    for silent in [json!({}), json!({"groups": null})] {
        scene.sign_in(silent.clone()).await;
        assert_eq!(scene.groups(true).await, ["b", "c"], "{silent}");
    }
    scene.sign_in(json!({"groups": ["a"], "hasgroups": true})).await;
    assert_eq!(scene.groups(true).await, ["b", "c"], "an overage marker is no list");
    scene.sign_in(json!({"groups": "a"})).await;
    assert_eq!(scene.groups(true).await, ["a"], "one name alone is a list of one");
    scene.sign_in(json!({"groups": []})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
}

#[actix_web::test]
async fn row_a9_a_sync_touches_only_what_it_made_itself() {
    let scene = Scene::new(json!({}), &["a", "b"]).await;
    scene.sign_in(json!({"groups": ["a"]})).await;
    for name in ["a", "b"] {
        let membership = format!("/groups/{}/members/{}", scene.group(name).await, scene.user_id().await);
        scene.acme.put(&membership).await.expect(204);
    }
    scene.sign_in(json!({"groups": []})).await;
    assert_eq!((scene.groups(true).await, scene.groups(false).await), (vec![], vec!["a".to_owned(), "b".to_owned()]));
    // By hand nothing is taken away that a provider says.
    scene.sign_in(json!({"groups": ["a"]})).await;
    let membership = format!("/groups/{}/members/{}", scene.group("a").await, scene.user_id().await);
    scene.acme.delete(&membership).await.expect(204);
    scene.acme.delete(&membership).await.expect(404);
    assert_eq!((scene.groups(true).await, scene.groups(false).await), (vec!["a".to_owned()], vec!["b".to_owned()]));
    // With its connection goes what it synced, and no more.
    scene.acme.delete(&format!("/connections/{}", scene.connection["id"].as_str().unwrap())).await.expect(204);
    assert_eq!((scene.groups(true).await, scene.groups(false).await), (vec![], vec!["b".to_owned()]));
}

#[actix_web::test]
async fn row_a9_without_sync_no_claim_changes_anything() {
    let scene = Scene::new(json!({"provisioning": {"sync_groups": false}}), &["a"]).await;
    scene.sign_in(json!({"groups": ["a", "unknown"]})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
    assert_eq!(scene.acme.get("/unmatched-groups").await.ok()["items"], json!([]));
}

const SIX: [&str; 6] = ["g1", "g2", "g3", "g4", "g5", "g6"];

#[actix_web::test]
async fn row_a9_an_unusual_removal_waits_for_an_admin_who_applies_it() {
    let scene = Scene::new(json!({}), &SIX).await;
    scene.sign_in(json!({"groups": SIX})).await;
    scene.sign_in(json!({"groups": []})).await;
    assert_eq!(scene.groups(true).await, SIX, "six of six at once is more likely a mistake");
    let held = scene.acme.get("/held-group-removals").await.ok()["items"].clone();
    assert_eq!((held.as_array().unwrap().len(), held[0]["group_ids"].as_array().unwrap().len()), (1, 6));
    assert_eq!(held[0]["user_id"], scene.user_id().await);
    scene.sign_in(json!({"groups": []})).await;
    let again = scene.acme.get("/held-group-removals").await.ok()["items"].clone();
    assert_eq!((again.as_array().unwrap().len(), &again[0]["id"]), (1, &held[0]["id"]), "the same wish waits once");

    let path = format!("/held-group-removals/{}", held[0]["id"].as_str().unwrap());
    scene.acme.post(&format!("{path}/apply"), &json!({})).await.expect(204);
    assert_eq!(scene.groups(true).await, [""; 0]);
    scene.acme.post(&format!("{path}/apply"), &json!({})).await.expect(404);
    let event = scene.acme.last_event("held_removal.applied").await;
    assert_eq!(event["payload"]["group_ids"].as_array().unwrap().len(), 6);
}

#[actix_web::test]
async fn row_a9_a_held_removal_is_dismissed_by_an_admin_or_forgotten_when_the_provider_comes_to_its_senses() {
    let scene = Scene::new(json!({}), &SIX).await;
    scene.sign_in(json!({"groups": SIX})).await;
    scene.sign_in(json!({"groups": []})).await;
    let held = scene.acme.get("/held-group-removals").await.ok()["items"].clone();
    scene.acme.delete(&format!("/held-group-removals/{}", held[0]["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(scene.groups(true).await, SIX);
    assert_eq!(scene.acme.last_event("held_removal.dismissed").await["payload"]["user_id"], scene.user_id().await);

    scene.sign_in(json!({"groups": []})).await;
    scene.sign_in(json!({"groups": SIX})).await;
    assert_eq!(scene.acme.get("/held-group-removals").await.ok()["items"], json!([]));
    scene.sign_in(json!({"groups": &SIX[..2]})).await;
    assert_eq!(scene.groups(true).await, SIX[..2], "four of six are within the free removals");
}

#[actix_web::test]
async fn row_a9_the_guard_rail_can_be_set_per_connection() {
    let strict = json!({"provisioning": {"removal_guard": {"enabled": true, "free_removals": 0, "max_percent": 10}}});
    let scene = Scene::new(strict, &["a", "b"]).await;
    scene.sign_in(json!({"groups": ["a", "b"]})).await;
    scene.sign_in(json!({"groups": ["a"]})).await;
    assert_eq!(scene.groups(true).await, ["a", "b"], "half is more than a tenth");
    let off = json!({"provisioning": {"removal_guard": {"enabled": false}}});
    scene.acme.patch(&format!("/connections/{}", scene.connection["id"].as_str().unwrap()), &off).await.ok();
    scene.sign_in(json!({"groups": []})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
    assert_eq!(scene.acme.get("/held-group-removals").await.ok()["items"], json!([]));
}
