//! Tenants: operators make and end them, admins look after what is theirs.

use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn an_operator_creates_reads_pages_changes_and_deletes_tenants() {
    let app = TestApp::start();
    let operator = app.operator().await;
    for n in 0..5 {
        let body = json!({"slug": format!("t-{n}"), "name": "T", "external_id": format!("crm-{n}"),
            "allowed_return_urls": ["https://app.example/*"], "landing_url": "https://app.example/"});
        let created = operator.post("/v1/tenants", &body).await.expect(201);
        assert!(created.headers["location"].to_str().unwrap().ends_with(&format!("/v1/tenants/t-{n}")));
        for (field, value) in body.as_object().unwrap() {
            assert_eq!(&created.json()[field], value);
        }
    }
    let found = operator.get("/v1/tenants?external_id=crm-3").await.ok();
    assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["slug"]), (1, &json!("t-3")));
    let first = operator.get("/v1/tenants?limit=3").await.ok();
    let rest = format!("/v1/tenants?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = operator.get(&rest).await.ok();
    assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (3, 2));
    assert!(rest.get("next_cursor").is_none());

    let patch = operator.request(reqwest::Method::PATCH, "/v1/tenants/t-0").header("if-match", "\"9\"");
    assert_eq!(operator.send(patch.json(&json!({"name": "N"}))).await.expect(412).code(), "version_mismatch");
    operator.patch("/v1/tenants/t-0", &json!({"name": "N", "landing_url": null})).await.ok();
    let read = operator.get("/v1/tenants/t-0").await.expect(200);
    assert_eq!((read.etag().as_str(), read.json()["name"].as_str()), ("\"2\"", Some("N")));
    assert!(read.json()["landing_url"].is_null());
    operator.delete("/v1/tenants/t-0").await.expect(204);
    assert_eq!(operator.get("/v1/tenants/t-0").await.expect(404).code(), "not_found");
    assert_eq!(operator.delete("/v1/tenants/t-0").await.expect(404).code(), "not_found");
}

#[actix_web::test]
async fn what_a_tenant_cannot_be_is_told_with_its_field() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let refused = [
        (json!({"slug": "Acme", "name": "A"}), "slug"),
        (json!({"slug": "admin", "name": "A"}), "slug"),
        (json!({"slug": "a".repeat(41), "name": "A"}), "slug"),
        (json!({"slug": "acme", "name": ""}), "name"),
        (json!({"slug": "acme", "name": "a\u{202e}b"}), "name"),
        (json!({"slug": "acme"}), "name"),
        (json!({"slug": "acme", "name": "A", "external_id": "x".repeat(256)}), "external_id"),
        (
            json!({"slug": "acme", "name": "A", "allowed_return_urls": ["javascript:alert(1)"]}),
            "allowed_return_urls[0]",
        ),
        (
            json!({"slug": "acme", "name": "A", "allowed_return_urls": ["https://a.example/", "http://a.example/"]}),
            "allowed_return_urls[1]",
        ),
        (json!({"slug": "acme", "name": "A", "landing_url": "https://a.example/*"}), "landing_url"),
        (json!({"slug": "acme", "name": "A", "status": "active"}), "status"),
    ];
    for (body, field) in refused {
        assert_eq!(operator.post("/v1/tenants", &body).await.expect(422).fields(), [field], "{body}");
    }
    assert_eq!(operator.get("/v1/tenants").await.ok()["items"], json!([]), "nothing was created");
}

#[actix_web::test]
async fn slugs_and_external_ids_are_taken_once() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let body = json!({"slug": "acme", "name": "A", "external_id": "crm-1"});
    operator.post("/v1/tenants", &body).await.created();
    assert_eq!(
        operator.post("/v1/tenants", &json!({"slug": "acme", "name": "B"})).await.expect(409).code(),
        "slug_taken"
    );
    let body = json!({"slug": "globex", "name": "A", "external_id": "crm-1"});
    assert_eq!(operator.post("/v1/tenants", &body).await.expect(409).code(), "external_id_taken");
    operator.post("/v1/tenants", &json!({"slug": "globex", "name": "A"})).await.created();
}

#[actix_web::test]
async fn an_admin_changes_what_is_theirs_and_not_what_is_the_operators() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    let change = json!({"name": "Acme & Sons", "allowed_return_urls": ["https://new.example/*"], "landing_url": "https://new.example/"});
    let changed = owner.patch("", &change).await.ok();
    assert_eq!(changed["name"], "Acme & Sons");
    for change in [json!({"status": "suspended"}), json!({"external_id": "x"}), json!({"external_id": null})] {
        assert_eq!(owner.patch("", &change).await.expect(403).code(), "operator_only");
    }
    assert_eq!(owner.patch("", &json!({"slug": "other"})).await.expect(422).fields(), ["slug"]);
    assert_eq!(owner.get("").await.ok(), changed);
}
