//! Groups and their members.

use serde_json::{Value, json};

use super::{id, lifecycle};
use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;

fn body(n: usize) -> Value {
    json!({"name": format!("Group {n}"), "description": "What it is for"})
}

#[actix_web::test]
async fn groups_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let change = json!({"name": "Renamed", "description": null});
    lifecycle::check(&acme, lifecycle::Noun { path: "/groups", body, change }).await;
    lifecycle::hostile_names(&acme, "/groups", "name", json!({})).await;
    let long = json!({"name": "x", "description": "x".repeat(501)});
    assert_eq!(acme.post("/groups", &long).await.expect(422).fields(), ["description"]);
}

#[actix_web::test]
async fn one_name_whatever_its_case_or_width_is_one_group() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let other = acme.post("/groups", &json!({"name": "Others"})).await.created();
    for same in ["Staff", "STAFF", "Ｓtaff"] {
        assert_eq!(acme.post("/groups", &json!({"name": same})).await.expect(409).code(), "name_taken");
        let rename = acme.patch(&format!("/groups/{}", id(&other)), &json!({"name": same})).await;
        assert_eq!(rename.expect(409).code(), "name_taken");
    }
    app.tenant("globex").await.post("/groups", &json!({"name": "Staff"})).await.created();
}

#[actix_web::test]
async fn a_member_is_put_in_and_taken_out_by_hand() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let user = acme.post("/users", &json!({"email": "a@acme.example"})).await.created();
    let membership = format!("/groups/{}/members/{}", id(&group), id(&user));
    acme.put(&membership).await.expect(204);
    acme.put(&membership).await.expect(204);
    assert_eq!(acme.count_events("group.member_added").await, 1, "doing it twice is doing it once");
    let members = acme.get(&format!("/groups/{}/members", id(&group))).await.ok();
    assert_eq!(members["items"][0]["user_id"], user["id"]);
    assert!(members["items"][0]["origins"][0].get("connection_id").is_none(), "by hand");
    let of_user = acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(of_user["items"][0]["group_id"], group["id"]);
    acme.delete(&membership).await.expect(204);
    acme.delete(&membership).await.expect(404);
    acme.put(&format!("/groups/{}/members/{}", id(&group), uuid::Uuid::now_v7())).await.expect(404);
}

#[actix_web::test]
async fn a_member_by_hand_and_by_sync_comes_once_on_any_page_with_both_origins() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "staff"})).await.created();
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    for n in 0..3 {
        let (sub, email) = (format!("s{n}"), format!("u{n}@acme.example"));
        provider.person(json!({"sub": sub, "email": email, "email_verified": true, "groups": ["staff"]}));
        app.browser().follow(connection["login_url"].as_str().unwrap()).await;
    }
    let users = acme.get("/users").await.ok();
    let users: Vec<_> = users["items"].as_array().unwrap().iter().map(|u| id(u).to_owned()).collect();
    for user in &users {
        acme.put(&format!("/groups/{}/members/{user}", id(&group))).await.expect(204);
    }
    let members = format!("/groups/{}/members", id(&group));
    for limit in 1..=4 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for _ in 0..=users.len() {
            let page = acme.get(&format!("{members}?limit={limit}{cursor}")).await.ok();
            for member in page["items"].as_array().unwrap() {
                let origins = member["origins"].as_array().unwrap();
                let synced = origins.iter().filter(|o| o["connection_id"] == connection["id"]).count();
                assert_eq!((origins.len(), synced), (2, 1), "{member}");
                seen.push(member["user_id"].as_str().unwrap().to_owned());
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, users, "limit {limit}");
    }
    // The same from the user's side.
    let others = ["a", "b"].map(|name| json!({"name": name}));
    let mut groups = vec![id(&group).to_owned()];
    for other in &others {
        let other = acme.post("/groups", other).await.created();
        acme.put(&format!("/groups/{}/members/{}", id(&other), users[0])).await.expect(204);
        groups.push(id(&other).to_owned());
    }
    let of_user = format!("/users/{}/groups", users[0]);
    let first = acme.get(&format!("{of_user}?limit=1")).await.ok();
    assert_eq!(first["items"][0]["origins"].as_array().unwrap().len(), 2, "{first}");
    let rest = acme.get(&format!("{of_user}?cursor={}", first["next_cursor"].as_str().unwrap())).await.ok();
    let items = first["items"].as_array().unwrap().iter().chain(rest["items"].as_array().unwrap());
    assert_eq!(items.map(|g| g["group_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), groups);
}
