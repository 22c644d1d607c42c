//! Two admins at once.

use reqwest::Method;
use serde_json::json;

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn t_06_the_last_owner_stays_an_owner() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    let boss = owner.post("/users", &json!({"external_id": "boss", "role": "owner"})).await.created();
    let path = format!("/users/{}", id(&boss));
    for change in [json!({"role": "admin"}), json!({"status": "suspended"})] {
        assert_eq!(owner.patch(&path, &change).await.expect(409).code(), "last_owner");
    }
    assert_eq!(owner.delete(&path).await.expect(409).code(), "last_owner");
    owner.patch(&path, &json!({"name": "Still here"})).await.ok();
}

#[actix_web::test]
async fn t_06_of_two_owners_who_remove_each_other_at_once_one_stays() {
    let app = TestApp::start();
    let second = app.second_instance();
    let owner = app.tenant("acme").await;
    let mut there = owner.clone();
    there.browser = second.browser();
    for round in 0..5 {
        let one = owner.post("/users", &json!({"external_id": format!("a{round}"), "role": "owner"})).await.created();
        let two = owner.post("/users", &json!({"external_id": format!("b{round}"), "role": "owner"})).await.created();
        if round > 0 {
            // The survivor of the round before would make a third.
            let all = owner.get("/users").await.ok();
            let old = all["items"]
                .as_array()
                .unwrap()
                .iter()
                .find(|u| u["role"] == "owner" && *u != &one && *u != &two)
                .unwrap();
            owner.patch(&format!("/users/{}", id(old)), &json!({"role": "member"})).await.ok();
        }
        let (one_path, two_path) = (format!("/users/{}", id(&one)), format!("/users/{}", id(&two)));
        let change = json!({"role": "member"});
        let demote = owner.patch(&one_path, &change);
        let (first, other) = futures_join(demote, there.delete(&two_path)).await;
        let mut statuses = [first.status, other.status];
        statuses.sort_unstable();
        assert!(statuses == [200, 409] || statuses == [204, 409], "{statuses:?}");
        let lost = [first, other].into_iter().find(|a| a.status == 409).unwrap();
        assert_eq!(lost.code(), "last_owner");
    }
}

/// Runs two futures side by side on this thread.
async fn futures_join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    tokio::join!(a, b)
}

#[actix_web::test]
async fn t_17_of_two_admins_who_edit_one_connection_the_second_is_told() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = acme.post("/connections", &json!({"display_name": "P"})).await.expect(201);
    let (path, etag) = (format!("/connections/{}", id(&made.json())), made.etag());
    let edit = |name: String| {
        let request = acme.request(Method::PATCH, &path).header("if-match", &etag);
        acme.send(request.json(&json!({"display_name": name})))
    };
    let (one, two) = futures_join(edit("One".into()), edit("Two".into())).await;
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text, two.text);
    let (won, lost) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!(lost.code(), "version_mismatch");
    assert_eq!(acme.get(&path).await.ok(), won.json());
    assert_eq!(acme.count_events("connection.updated").await, 1);
}
