//! What an admin of one tenant can do with what belongs to another.

use reqwest::Method;
use serde_json::json;

use super::id;
use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;

#[actix_web::test]
async fn t_02_a_reference_to_another_tenants_object_is_one_to_nothing() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let connection = globex.post("/connections", &json!({"display_name": "P"})).await.created();
    let group = globex.post("/groups", &json!({"name": "G"})).await.created();
    let user = globex.post("/users", &json!({"external_id": "x"})).await.created();
    let ours = acme.post("/users", &json!({"external_id": "y"})).await.created();
    let our_group = acme.post("/groups", &json!({"name": "G"})).await.created();
    for (path, body, field) in [
        ("/group-mappings", json!({"group_id": id(&group), "pattern": "x"}), "group_id"),
        (
            "/group-mappings",
            json!({"group_id": id(&our_group), "connection_id": id(&connection), "pattern": "x"}),
            "connection_id",
        ),
        ("/domains", json!({"domain": "a.example", "connection_id": id(&connection)}), "connection_id"),
        ("/api-keys", json!({"name": "k", "user_id": id(&user)}), "user_id"),
        (
            &format!("/users/{}/identities", id(&ours)),
            json!({"connection_id": id(&connection), "subject": "s"}),
            "connection_id",
        ),
        (
            "/users",
            json!({"external_id": "z", "identities": [{"connection_id": id(&connection), "subject": "s"}]}),
            "connection_id",
        ),
    ] {
        assert_eq!(acme.post(path, &body).await.expect(422).fields(), [field], "{path} {body}");
    }
    for membership in [(&our_group, &user), (&group, &ours), (&group, &user)] {
        acme.put(&format!("/groups/{}/members/{}", id(membership.0), id(membership.1))).await.expect(404);
    }
    assert_eq!(acme.get(&format!("/sessions?user_id={}", id(&user))).await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn t_03_a_bulk_request_that_names_another_tenants_object_writes_nothing() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let provider = HostileProvider::start();
    let (ours, theirs) = (acme.connect(&provider, json!({})).await, globex.connect(&provider, json!({})).await);
    let user =
        |n: &str, connection| json!({"external_id": n, "identities": [{"connection_id": connection, "subject": n}]});
    let users = json!({"users": [user("a", id(&ours)), user("b", id(&theirs)), user("c", id(&ours))]});
    assert_eq!(acme.post("/users/import", &users).await.status, 422);
    for tenant in [&acme, &globex] {
        assert_eq!(tenant.get("/users").await.ok()["items"], json!([]));
    }
}

#[actix_web::test]
async fn t_04_what_is_not_the_callers_to_set_is_an_unknown_field() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    for field in [
        "tenant_id",
        "id",
        "is_owner",
        "email_verified",
        "email_verified_at",
        "created_at",
        "last_login_at",
        "email_key",
        "version",
    ] {
        let create = acme.post("/users", &json!({"external_id": "y", field: true})).await;
        assert_eq!(create.expect(422).fields(), [field]);
        let change = acme.patch(&format!("/users/{}", id(&user)), &json!({field: true})).await;
        assert_eq!(change.expect(422).fields(), [field]);
        let nested = acme.post("/users/import", &json!({"users": [{"external_id": "y", field: true}]})).await;
        assert_eq!(nested.expect(422).fields(), [format!("users[0].{field}")]);
    }
    for (body, field) in [
        (json!({"display_name": "P", "status": "active"}), "status"),
        (json!({"display_name": "P", "client_key": "x"}), "client_key"),
        (json!({"display_name": "P", "provider_metadata": {}}), "provider_metadata"),
    ] {
        assert_eq!(acme.post("/connections", &body).await.expect(422).fields(), [field]);
    }
    assert_eq!(acme.get(&format!("/users/{}", id(&user))).await.ok(), user);
}

#[actix_web::test]
async fn t_08_nobody_learns_which_tenants_slugs_people_or_domains_there_are() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    globex.post("/users", &json!({"email": "a@globex.example", "external_id": "x"})).await.created();
    globex.post("/domains", &json!({"domain": "globex.example"})).await.created();
    // A tenant's caller cannot tell them apart from none, nor claims of others from free ones.
    acme.post("/users", &json!({"email": "a@globex.example", "external_id": "x"})).await.created();
    acme.post("/domains", &json!({"domain": "globex.example"})).await.created();
    for path in ["/v1/tenants", "/v1/operator/keys", "/v1/tenants/globex", "/v1/tenants/never-was"] {
        assert_eq!(acme.get(path).await.expect(404).code(), "not_found", "{path}");
        let nobody = acme.send(acme.browser.request(Method::GET, path)).await;
        assert_eq!(nobody.expect(401).code(), "unauthenticated", "{path}");
    }
    // The login page's e-mail form answers a known and an unknown person alike.
    let browser = app.browser();
    let mut answers = Vec::new();
    for email in ["a@globex.example", "nobody@globex.example", "nobody@nowhere.example"] {
        let page = browser.post("/t/globex/login", &[("email", email)]).await;
        answers.push((page.status, page.location(), page.body));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
}

#[actix_web::test]
async fn t_09_ids_are_uuids_of_version_7_and_no_list_counts_more_than_it_shows() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = [
        acme.post("/users", &json!({"external_id": "x"})).await.created(),
        acme.post("/groups", &json!({"name": "x"})).await.created(),
        acme.post("/connections", &json!({"display_name": "x"})).await.created(),
        acme.get("").await.ok(),
        acme.get("/audit-events").await.ok()["items"][0].clone(),
    ];
    for object in &made {
        assert_eq!(uuid::Uuid::parse_str(id(object)).unwrap().get_version_num(), 7, "{object}");
    }
    let page = acme.get("/users?limit=1").await.ok();
    let names: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["items", "next_cursor"], "no total, no offset");
}

#[actix_web::test]
async fn t_10_a_page_is_bounded_and_another_tenants_cursor_is_no_key() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    for n in 0..3 {
        globex.post("/users", &json!({"external_id": n.to_string()})).await.created();
    }
    let cursor = globex.get("/users?limit=1").await.ok()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(acme.get(&format!("/users?cursor={cursor}")).await.ok()["items"], json!([]));
    for list in [
        "/users",
        "/groups",
        "/connections",
        "/domains",
        "/group-mappings",
        "/service-accounts",
        "/api-keys",
        "/sessions",
        "/audit-events",
        "/held-group-removals",
    ] {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=-5", "limit"),
            ("limit=1000000000", "limit"),
            ("cursor=AAAA", "cursor"),
            ("sort=secret_hash", "sort"),
            ("include=tenant", "include"),
            ("tenant_id=x", "tenant_id"),
        ] {
            assert_eq!(acme.get(&format!("{list}?{query}")).await.expect(422).fields(), [field], "{list}?{query}");
        }
    }
}

#[actix_web::test]
async fn t_11_what_is_searched_for_is_a_value_and_never_a_pattern_or_a_piece_of_sql() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    acme.post("/users", &json!({"email": "a_b@acme.example", "external_id": "100%"})).await.created();
    for value in ["%25", "_", "a%25", ".*", "' OR '1'='1", "'; DROP TABLE users; --", "$.x", "\\", "%00", "100"] {
        for field in ["email", "external_id"] {
            let found = acme.get(&format!("/users?{field}={value}")).await;
            assert!(found.status == 422 || found.json()["items"] == json!([]), "{field}={value}: {}", found.text);
        }
        let events = acme.get(&format!("/audit-events?type={value}")).await;
        assert!(events.status == 422 || events.json()["items"] == json!([]), "{value}: {}", events.text);
    }
    assert_eq!(acme.get("/users?external_id=100%25").await.ok()["items"].as_array().unwrap().len(), 1);
    let operator = app.operator().await;
    assert_eq!(operator.get("/v1/tenants?external_id=%25").await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn t_15_the_audit_log_is_the_tenants_own_and_only_ever_added_to() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let theirs = globex.get("/audit-events").await.ok()["items"][0].clone();
    assert!(!acme.get("/audit-events?limit=200").await.text.contains(id(&theirs)));
    acme.get(&format!("/audit-events/{}", id(&theirs))).await.expect(404);
    let ours = acme.get("/audit-events").await.ok()["items"][0].clone();
    for (method, path) in [
        (Method::DELETE, format!("/audit-events/{}", id(&ours))),
        (Method::PATCH, format!("/audit-events/{}", id(&ours))),
        (Method::PUT, format!("/audit-events/{}", id(&ours))),
        (Method::POST, "/audit-events".into()),
        (Method::DELETE, "/audit-events".into()),
    ] {
        acme.send(acme.request(method, &path).json(&json!({}))).await.expect(405);
    }
    // Nor can the server's own roles: the database takes additions only.
    let mut conn = app.database.superuser();
    let mut refused = |role: &str, sql: &str| {
        use diesel::connection::SimpleConnection;
        let tried = conn.batch_execute(&format!("SET ROLE {role}; {sql}"));
        assert!(tried.unwrap_err().to_string().contains("permission denied"), "{role}: {sql}");
    };
    for role in ["doorward_app", "doorward_system"] {
        for table in ["audit_events", "operator_audit_events"] {
            refused(role, &format!("UPDATE {table} SET event_type = 'x'"));
            refused(role, &format!("DELETE FROM {table}"));
            refused(role, &format!("TRUNCATE {table}"));
        }
    }
}
