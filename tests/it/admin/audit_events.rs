//! The audit trail of a tenant.

use serde_json::json;

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn events_are_told_newest_first_in_pages_by_type_and_one_by_one() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for n in 0..5 {
        acme.post("/groups", &json!({"name": format!("G{n}")})).await.created();
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = acme.get(&format!("/audit-events?type=group.created&limit=2{cursor}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let names: Vec<_> = seen.iter().map(|e| e["payload"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["G4", "G3", "G2", "G1", "G0"]);
    assert_eq!(acme.get(&format!("/audit-events/{}", id(&seen[0]))).await.ok(), seen[0]);
    let all = acme.get("/audit-events?limit=200").await.ok();
    assert_eq!(all["items"].as_array().unwrap().last().unwrap()["type"], "tenant.created");
    for query in ["limit=0", "limit=201", "cursor=x", "actor=x"] {
        acme.get(&format!("/audit-events?{query}")).await.expect(422);
    }
    assert_eq!(acme.get("/audit-events?type=%25").await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn an_event_names_who_did_what_in_which_request_and_which_fields_but_no_values() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"email": "a@acme.example"})).await.created();
    let answer = acme.patch(&format!("/users/{}", id(&user)), &json!({"name": "Secret Name"})).await.expect(200);
    let event = acme.last_event("user.updated").await;
    assert_eq!(event["payload"], json!({"id": user["id"], "fields": ["name"]}));
    assert_eq!(event["request_id"], answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(event["actor"]["kind"], "service_account");
    assert!(!event.to_string().contains("Secret Name"));
}
