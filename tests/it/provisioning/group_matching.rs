//! Row A9: which groups a name leads to.

use serde_json::json;

use super::Scene;

#[actix_web::test]
async fn row_a9_names_lead_to_groups_by_their_own_name_in_any_case() {
    let scene = Scene::new(json!({}), &["Engineering", "Ops", "HR"]).await;
    scene.sign_in(json!({"groups": ["engineering", "OPS", "unknown"]})).await;
    assert_eq!(scene.groups(true).await, ["Engineering", "Ops"]);
    let off = json!({"provisioning": {"match_groups_by_name": false}});
    scene.acme.patch(&format!("/connections/{}", scene.connection["id"].as_str().unwrap()), &off).await.ok();
    scene.sign_in(json!({"groups": ["engineering", "OPS"]})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
}

#[actix_web::test]
async fn row_a9_mappings_match_exactly_without_case_and_by_whole_regular_expressions() {
    let scene = Scene::new(json!({}), &["Exact", "Loose", "Pattern", "Alternative"]).await;
    scene.map("exact", "cn=Exact", "Exact").await;
    scene.map("case_insensitive", "Cn=Loose", "Loose").await;
    scene.map("regex", "team-[0-9]+", "Pattern").await;
    scene.map("regex", "a|b", "Alternative").await;
    let none = ["cn=exact", "cn=Exact ", "xteam-7", "team-7x", "team-", "ab", "xb"];
    scene.sign_in(json!({"groups": none})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
    scene.sign_in(json!({"groups": ["cn=Exact", "CN=LOOSE", "team-7", "b"]})).await;
    assert_eq!(scene.groups(true).await, ["Alternative", "Exact", "Loose", "Pattern"]);
}

#[actix_web::test]
async fn row_a9_a_mapping_of_one_connection_says_nothing_about_another_ones_names() {
    let scene = Scene::new(json!({}), &["Admins"]).await;
    let other = scene.acme.post("/connections", &json!({"display_name": "Other"})).await.created();
    let body = json!({"group_id": scene.group("Admins").await, "connection_id": other["id"], "pattern": "cn=root"});
    scene.acme.post("/group-mappings", &body).await.created();
    scene.sign_in(json!({"groups": ["cn=root"]})).await;
    assert_eq!(scene.groups(true).await, [""; 0]);
}

#[actix_web::test]
async fn row_a9_missing_groups_are_created_where_the_connection_says_so() {
    let scene = Scene::new(json!({"provisioning": {"create_missing_groups": true}}), &[]).await;
    scene.sign_in(json!({"groups": ["New", "NEW", "bad\u{202e}name"]})).await;
    assert_eq!(scene.groups(true).await, ["NEW"], "names that differ in case are one group");
    let unmatched = scene.acme.get("/unmatched-groups").await.ok();
    assert_eq!(unmatched["items"].as_array().unwrap().len(), 1, "hostile names make no group: {unmatched}");
}

#[actix_web::test]
async fn row_a9_a_filter_hides_names_and_what_nothing_mapped_is_listed() {
    let scene = Scene::new(json!({"provisioning": {"group_filter": "eng-.*"}}), &["eng-core", "hr"]).await;
    scene.sign_in(json!({"groups": ["eng-core", "eng-new", "hr"]})).await;
    scene.sign_in(json!({"groups": ["eng-core", "eng-new", "hr"]})).await;
    assert_eq!(scene.groups(true).await, ["eng-core"], "hr is hidden although there is such a group");
    let unmatched = scene.acme.get("/unmatched-groups").await.ok();
    let seen: Vec<_> = unmatched["items"].as_array().unwrap().iter().map(|u| (&u["name"], &u["times_seen"])).collect();
    assert_eq!(seen, [(&json!("eng-new"), &json!(2))]);
    assert_eq!(unmatched["items"][0]["connection_id"], scene.connection["id"]);
}
