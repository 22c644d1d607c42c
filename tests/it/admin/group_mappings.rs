//! Group mappings.

use serde_json::json;

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn mappings_are_created_changed_under_if_match_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let created =
        acme.post("/group-mappings", &json!({"group_id": id(&group), "pattern": "cn=staff"})).await.expect(201);
    let mapping = created.json();
    assert_eq!((&mapping["match_kind"], &mapping["connection_id"]), (&json!("exact"), &json!(null)));
    let path = format!("/group-mappings/{}", id(&mapping));
    assert_eq!(acme.get(&path).await.ok(), mapping);
    let patch = |version: &'static str, body| {
        acme.send(acme.request(reqwest::Method::PATCH, &path).header("if-match", version).json(&body))
    };
    let change = json!({"match_kind": "regex", "pattern": "staff-.*"});
    assert_eq!(patch("\"2\"", change.clone()).await.expect(412).code(), "version_mismatch");
    let changed = patch("\"1\"", change).await.expect(200);
    assert_eq!((changed.etag().as_str(), &changed.json()["pattern"]), ("\"2\"", &json!("staff-.*")));
    acme.delete(&path).await.expect(204);
    acme.get(&path).await.expect(404);
    acme.post("/group-mappings", &json!({"group_id": id(&group), "pattern": "x"})).await.created();
    acme.delete(&format!("/groups/{}", id(&group))).await.expect(204);
    assert_eq!(acme.get("/group-mappings").await.ok()["items"], json!([]), "mappings go with their group");
}

#[actix_web::test]
async fn d_05_patterns_that_cannot_be_used_are_refused_with_their_field() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let mapping = |kind: &str, pattern: &str| json!({"group_id": id(&group), "match_kind": kind, "pattern": pattern});
    let long = "x".repeat(257);
    for (kind, pattern, field) in [
        ("regex", "(", "pattern"),
        ("regex", "(a{500}){500}", "pattern"),
        ("regex", "(?<=a)b", "pattern"),
        ("exact", "", "pattern"),
        ("exact", "a\nb", "pattern"),
        ("exact", &long, "pattern"),
        ("glob", "x", "match_kind"),
    ] {
        assert_eq!(
            acme.post("/group-mappings", &mapping(kind, pattern)).await.expect(422).fields(),
            [field],
            "{pattern:?}"
        );
    }
    let mut to_nowhere = mapping("exact", "x");
    to_nowhere["group_id"] = json!(uuid::Uuid::now_v7());
    assert_eq!(acme.post("/group-mappings", &to_nowhere).await.expect(422).fields(), ["group_id"]);
    let mut of_nobody = mapping("exact", "x");
    of_nobody["connection_id"] = json!(uuid::Uuid::now_v7());
    assert_eq!(acme.post("/group-mappings", &of_nobody).await.expect(422).fields(), ["connection_id"]);
}
