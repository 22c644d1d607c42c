//! Applications of a tenant: what may be registered, and by whom.

pub mod secrets;

use chrono::Duration;
use diesel::RunQueryDsl;
use doorward::model::application::{Application, Client};
use doorward::model::grant::Grant;
use doorward::store::db::DbError;
use doorward::store::{applications, grants, tenants};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{id, lifecycle};
use crate::support::TestApp;
use crate::support::signing::TestKey;

/// An application that needs no more than it must say.
pub fn body(n: usize) -> Value {
    json!({"name": format!("App {n}"), "redirect_uris": ["https://app.example/callback"]})
}

/// `body(0)` with these members instead.
pub fn body_with(change: Value) -> Value {
    let mut body = body(0);
    for (member, value) in change.as_object().unwrap() {
        body[member] = value.clone();
    }
    body
}

/// Every member of the form, none at its default.
fn whole_form(connection: &str) -> Value {
    json!({
        "name": "Whole",
        "redirect_uris": ["https://app.example/callback?x=1", "http://127.0.0.1:8080/cb", "com.example.app:/cb"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [TestKey::ec("a").jwk]},
        "signing_algorithm": "RS256", "first_party": false, "scopes": ["openid", "email"], "claims": ["email"],
        "groups": "named", "group_names": ["Engineering"], "max_groups": 7, "allowed_connections": [connection],
        "access_token_minutes": 5, "id_token_minutes": 6, "refresh_token_days": 7
    })
}

/// A public one: its creation is answered as it is read later.
pub fn public(n: usize) -> Value {
    json!({"name": format!("App {n}"), "redirect_uris": ["https://app.example/callback"],
        "token_endpoint_auth_method": "none"})
}

/// The row, as the protocol sees it.
async fn client(app: &TestApp, application: &Value) -> Client {
    row(app, application).await.expect("it is there").into()
}

async fn row(app: &TestApp, application: &Value) -> Option<Application> {
    let (tenant, id) = (tenant_id(app, "acme").await, id(application).parse().unwrap());
    let found = app.context.db.tenant(tenant, move |c| Ok::<_, DbError>(applications::find(c, tenant, id)?));
    found.await.unwrap()
}

async fn tenant_id(app: &TestApp, slug: &'static str) -> Uuid {
    let found = app.context.db.system(move |c| Ok::<_, DbError>(tenants::find_by_slug(c, slug)?));
    found.await.unwrap().unwrap().id
}

/// A grant of `user` to this client.
pub async fn grant(app: &TestApp, client: &Client, user: &Value) -> Uuid {
    let (tenant_id, now) = (tenant_id(app, "acme").await, app.clock.now());
    let grant = Grant {
        tenant_id,
        id: Uuid::now_v7(),
        client: client.key,
        user_id: id(user).parse().unwrap(),
        session_id: Uuid::now_v7(),
        identity_id: None,
        source_id: None,
        scope: "openid".into(),
        resource: None,
        nonce: None,
        auth_time: Some(now),
        acr: None,
        amr: Vec::new(),
        redirect_uri: "https://app.example/callback".into(),
        code_hash: vec![1],
        code_challenge: "challenge".into(),
        code_expires_at: now,
        code_used_at: None,
        created_at: now,
        expires_at: now + Duration::days(1),
        revoked_at: None,
        revoke_reason: None,
    };
    let made = app.context.db.tenant(tenant_id, move |c| {
        grants::insert(c, tenant_id, &grant)?;
        Ok::<_, DbError>(grant.id)
    });
    made.await.unwrap()
}

pub async fn has_grant(app: &TestApp, id: Uuid) -> bool {
    let tenant = tenant_id(app, "acme").await;
    let found = app.context.db.tenant(tenant, move |c| Ok::<_, DbError>(grants::find(c, tenant, id)?));
    found.await.unwrap().is_some()
}

#[actix_web::test]
async fn applications_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let change = json!({"name": "Renamed", "first_party": false, "access_token_minutes": 60});
    lifecycle::check(&acme, lifecycle::Noun { path: "/applications", body: public, change }).await;
    lifecycle::hostile_names(&acme, "/applications", "name", body(0)).await;
    let taken = body_with(json!({"name": "APP 1"}));
    assert_eq!(acme.post("/applications", &taken).await.expect(409).code(), "name_taken");
    let globex = app.tenant("globex").await;
    globex.post("/applications", &body(1)).await.created();
}

#[actix_web::test]
async fn a_name_and_a_redirect_uri_are_enough_and_the_answer_says_how_to_go_on() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = acme.post("/applications", &body(0)).await.created();
    for (member, default) in [
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("signing_algorithm", json!("ES256")),
        ("first_party", json!(true)),
        ("scopes", json!(["openid", "profile", "email", "groups", "offline_access"])),
        ("groups", json!("all")),
        ("post_logout_redirect_uris", json!([])),
        ("access_token_minutes", json!(10)),
        ("refresh_token_days", json!(30)),
    ] {
        assert_eq!(made[member], default, "{member}");
    }
    assert_eq!(made["client_id"], made["id"]);
    assert_eq!(made["issuer"], format!("{}/t/acme", app.url));
    assert_eq!(made["discovery_url"], format!("{}/t/acme/.well-known/openid-configuration", app.url));
    assert_eq!(acme.last_event("application.created").await["payload"], json!({"id": made["id"], "name": "App 0"}));
}

#[actix_web::test]
async fn the_whole_form_comes_back_as_it_was_sent_and_a_patch_is_merged_into_it() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = acme.post("/connections", &json!({"display_name": "P"})).await.created();
    let form = whole_form(id(&connection));
    let made = acme.post("/applications", &form).await.created();
    for (member, value) in form.as_object().unwrap() {
        assert_eq!(&made[member], value, "{member}");
    }
    assert!(made.get("client_secret").is_none() && made["secrets"] == json!([]), "a key proves it, no secret");
    let path = format!("/applications/{}", id(&made));
    let patch = json!({"scopes": null, "jwks": null, "jwks_uri": "https://app.example/jwks.json", "groups": "all",
        "allowed_connections": null});
    let patched = acme.patch(&path, &patch).await.ok();
    assert_eq!(patched["scopes"], json!(["openid", "profile", "email", "groups", "offline_access"]));
    assert!(patched.get("jwks").is_none() && patched.get("allowed_connections").is_none(), "{patched}");
    assert_eq!((&patched["jwks_uri"], &patched["groups"]), (&patch["jwks_uri"], &patch["groups"]));
    assert_eq!((&patched["name"], &patched["max_groups"]), (&form["name"], &form["max_groups"]), "the rest stays");
    let told = acme.last_event("application.updated").await["payload"]["fields"].clone();
    assert_eq!(told, json!(["jwks", "jwks_uri", "scopes", "groups", "allowed_connections"]));
}

#[actix_web::test]
async fn every_member_that_cannot_be_taken_is_named() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let fifty_one: Vec<String> = (0..51).map(|n| format!("https://app.example/{n}")).collect();
    let names: Vec<String> = (0..201).map(|n| format!("g{n}")).collect();
    let nobody = Uuid::now_v7();
    let refused = [
        (json!({"name": null}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"redirect_uris": []}), "redirect_uris"),
        (json!({"redirect_uris": null}), "redirect_uris"),
        (json!({"redirect_uris": "https://app.example/"}), "redirect_uris"),
        (json!({"redirect_uris": [5]}), "redirect_uris[0]"),
        (json!({"redirect_uris": fifty_one}), "redirect_uris"),
        (json!({"redirect_uris": ["https://a.example/", "https://a.example/"]}), "redirect_uris"),
        (json!({"post_logout_redirect_uris": ["http://app.example/"]}), "post_logout_redirect_uris[0]"),
        (json!({"post_logout_redirect_uris": fifty_one}), "post_logout_redirect_uris"),
        (json!({"token_endpoint_auth_method": "client_secret_jwt"}), "token_endpoint_auth_method"),
        (json!({"jwks_uri": "https://app.example/jwks"}), "jwks_uri"),
        (json!({"token_endpoint_auth_method": "none", "jwks": {"keys": []}}), "jwks"),
        (json!({"signing_algorithm": "none"}), "signing_algorithm"),
        (json!({"signing_algorithm": "HS256"}), "signing_algorithm"),
        (json!({"first_party": "yes"}), "first_party"),
        (json!({"scopes": ["email"]}), "scopes"),
        (json!({"scopes": []}), "scopes"),
        (json!({"scopes": ["openid", "admin"]}), "scopes[1]"),
        (json!({"scopes": ["openid", "openid"]}), "scopes"),
        (json!({"claims": ["name", "password"]}), "claims[1]"),
        (json!({"claims": ["name", "name"]}), "claims"),
        (json!({"groups": "some"}), "groups"),
        (json!({"group_names": names}), "group_names"),
        (json!({"group_names": ["a\nb"]}), "group_names[0]"),
        (json!({"max_groups": 501}), "max_groups"),
        (json!({"max_groups": -1}), "max_groups"),
        (json!({"access_token_minutes": 0}), "access_token_minutes"),
        (json!({"access_token_minutes": 1441}), "access_token_minutes"),
        (json!({"id_token_minutes": 0}), "id_token_minutes"),
        (json!({"id_token_minutes": 1441}), "id_token_minutes"),
        (json!({"refresh_token_days": 0}), "refresh_token_days"),
        (json!({"refresh_token_days": 366}), "refresh_token_days"),
        (json!({"allowed_connections": []}), "allowed_connections"),
        (json!({"allowed_connections": ["x"]}), "allowed_connections[0]"),
        (json!({"allowed_connections": [nobody]}), "allowed_connections[0]"),
        (json!({"client_secret": "dws_mine"}), "client_secret"),
        (json!({"secrets": []}), "secrets"),
    ];
    let made = acme.post("/applications", &body(1)).await.created();
    let path = format!("/applications/{}", id(&made));
    for (change, field) in refused {
        let created = acme.post("/applications", &body_with(change.clone())).await.expect(422);
        assert_eq!(created.fields(), [field], "{change}: {}", created.text);
        if change.get("name") != Some(&Value::Null) {
            assert_eq!(acme.patch(&path, &change).await.expect(422).fields(), [field], "{change}");
        }
    }
    let all = body_with(json!({"name": "", "redirect_uris": [], "scopes": [], "max_groups": 1000}));
    let told = acme.post("/applications", &all).await.expect(422).fields();
    assert_eq!(told, ["name", "redirect_uris", "scopes", "max_groups"], "all faults at once");
    assert_eq!(acme.get(&path).await.etag(), "\"1\"");
}

#[actix_web::test]
async fn p_01_redirect_uris_that_readers_disagree_about_cannot_be_registered() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for uri in [
        "https://app.example/cb#x",
        "https://app.example@evil.example/",
        "https://*.app.example/cb",
        "http://app.example/cb",
        "javascript:alert(1)",
        "https://app.example\\@evil.example/",
        "//app.example/cb",
        "https://app.example/a b",
        "myapp:/cb",
    ] {
        let body = body_with(json!({"redirect_uris": ["https://app.example/cb", uri]}));
        assert_eq!(acme.post("/applications", &body).await.expect(422).fields(), ["redirect_uris[1]"], "{uri}");
    }
}

#[actix_web::test]
async fn keys_of_private_key_jwt_are_public_usable_and_in_one_place() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let good = TestKey::ec("a").jwk;
    let private = |member: &str| {
        let mut key = good.clone();
        key[member] = json!("AAAA");
        json!({"jwks": {"keys": [good, key]}})
    };
    let uri = "https://app.example/jwks.json";
    for (change, field) in [
        (json!({}), "jwks"),
        (json!({"jwks": {"keys": [good]}, "jwks_uri": uri}), "jwks_uri"),
        (private("d"), "jwks"),
        (private("k"), "jwks"),
        (json!({"jwks": {"keys": []}}), "jwks"),
        (json!({"jwks": {"keys": [{"kty": "oct"}]}}), "jwks"),
        (json!({"jwks": {"keys": [good, good]}}), "jwks"),
        (json!({"jwks": "text"}), "jwks"),
        (json!({"jwks": {"keys": [good], "note": "a\0b"}}), "jwks"),
        (json!({"jwks": {"keys": [good], "note": "x".repeat(70_000)}}), "jwks"),
        (json!({"jwks_uri": "https://app.example/jwks.json#x"}), "jwks_uri"),
        (json!({"jwks_uri": "http://app.example/jwks.json"}), "jwks_uri"),
        (json!({"jwks_uri": "https://10.0.0.1/jwks.json"}), "jwks_uri"),
        (json!({"jwks_uri": "file:///etc/passwd"}), "jwks_uri"),
    ] {
        let mut body = body_with(change.clone());
        body["token_endpoint_auth_method"] = json!("private_key_jwt");
        let answer = acme.post("/applications", &body).await.expect(422);
        assert_eq!(answer.fields(), [field], "{change:.200}: {}", answer.text);
    }
    for change in [json!({"jwks": {"keys": [good]}}), json!({"jwks_uri": uri})] {
        let mut body = body_with(change.clone());
        body["token_endpoint_auth_method"] = json!("private_key_jwt");
        body["name"] = json!(change.to_string()[..10]);
        acme.post("/applications", &body).await.created();
    }
}

#[actix_web::test]
async fn t_02_another_tenants_connection_is_one_that_is_not_there() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let own = acme.post("/connections", &json!({"display_name": "P"})).await.created();
    let theirs = globex.post("/connections", &json!({"display_name": "P"})).await.created();
    let both = body_with(json!({"allowed_connections": [own["id"], theirs["id"]]}));
    assert_eq!(acme.post("/applications", &both).await.expect(422).fields(), ["allowed_connections[1]"]);
    let made = acme.post("/applications", &body_with(json!({"allowed_connections": [own["id"]]}))).await.created();
    acme.delete(&format!("/connections/{}", id(&own))).await.expect(204);
    // One that was deleted since does not stand in the way of other changes.
    acme.patch(&format!("/applications/{}", id(&made)), &json!({"name": "Other"})).await.ok();
}

#[actix_web::test]
async fn t_05_an_admin_touches_no_application_that_may_act_at_the_api() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    let operator = app.operator().await;
    let admin = app.key(&operator, "acme", "admin").await;
    let plain = admin.post("/applications", &body(1)).await.created();
    let plain = format!("/applications/{}", id(&plain));
    let scopes = |scope: &str| json!({"scopes": ["openid", scope]});
    for scope in ["doorward.read", "doorward.write"] {
        let refused =
            [admin.post("/applications", &body_with(scopes(scope))).await, admin.patch(&plain, &scopes(scope)).await];
        for answer in refused {
            assert_eq!(answer.expect(403).code(), "role_above_own", "{scope}");
        }
    }
    let made = owner.post("/applications", &body_with(scopes("doorward.write"))).await.created();
    let path = format!("/applications/{}", id(&made));
    let refused = [
        admin.patch(&path, &json!({"redirect_uris": ["https://evil.example/"]})).await,
        admin.patch(&path, &scopes("email")).await,
        admin.delete(&path).await,
        admin.post(&format!("{path}/secrets"), &json!({})).await,
        admin.delete(&format!("{path}/secrets/{}", id(&made["secrets"][0]))).await,
    ];
    for (n, answer) in refused.into_iter().enumerate() {
        assert_eq!(answer.expect(403).code(), "role_above_own", "number {n}");
    }
    assert_eq!(admin.get(&path).await.etag(), "\"1\"");
    owner.patch(&path, &scopes("doorward.read")).await.ok();
    operator.patch(&format!("/v1/tenants/acme{path}"), &scopes("doorward.write")).await.ok();
}

#[actix_web::test]
async fn deleting_an_application_takes_what_users_let_it_have_with_it() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    let (first, second) =
        (acme.post("/applications", &body(1)).await.created(), acme.post("/applications", &body(2)).await.created());
    let gone = grant(&app, &client(&app, &first).await, &user).await;
    assert!(has_grant(&app, gone).await);
    let path = format!("/applications/{}", id(&first));
    acme.delete(&path).await.expect(204);
    assert!(!has_grant(&app, gone).await);
    assert!(row(&app, &first).await.is_none() && row(&app, &second).await.is_some());
    assert_eq!(acme.last_event("application.deleted").await["payload"]["id"], first["id"]);
}

#[actix_web::test]
async fn d_05_a_tenant_has_at_most_two_hundred_applications() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    acme.post("/applications", &body(0)).await.created();
    let many = "INSERT INTO applications (tenant_id, id, name, name_key, settings, secrets, version, created_at, updated_at) \
                SELECT tenant_id, gen_random_uuid(), n, n, settings, secrets, 1, created_at, updated_at \
                FROM applications, generate_series(1, 198) AS n";
    diesel::sql_query(many).execute(&mut app.database.superuser()).unwrap();
    acme.post("/applications", &body(1)).await.created();
    assert_eq!(acme.post("/applications", &body(2)).await.expect(409).code(), "limit_reached");
}
