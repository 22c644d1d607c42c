//! Applications that serve all tenants. What they have in common with a tenant's is tested there.

use doorward::model::application::{Client, ClientRef};
use doorward::store::db::DbError;
use doorward::store::installation_applications;
use serde_json::{Value, json};
use uuid::Uuid;

use super::applications::secrets::works;
use super::applications::{body, body_with, grant, has_grant, public};
use super::{id, lifecycle};
use crate::support::TestApp;

const PATH: &str = "/v1/applications";

async fn client(app: &TestApp, application: &Value) -> Client {
    let id: Uuid = id(application).parse().unwrap();
    let found = app.context.db.system(move |c| Ok::<_, DbError>(installation_applications::find(c, id)?));
    found.await.unwrap().expect("it is there").into()
}

#[actix_web::test]
async fn applications_for_all_tenants_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let change = json!({"name": "Renamed", "redirect_uris": ["https://other.example/cb"], "refresh_token_days": 1});
    lifecycle::check(&operator, lifecycle::Noun { path: PATH, body: public, change }).await;
    lifecycle::hostile_names(&operator, PATH, "name", body(0)).await;
    let taken = body_with(json!({"name": "APP 1"}));
    assert_eq!(operator.post(PATH, &taken).await.expect(409).code(), "name_taken");
    app.tenant("acme").await.post("/applications", &body(1)).await.created();
}

#[actix_web::test]
async fn they_belong_to_the_installations_issuer_and_name_no_connections() {
    let app = TestApp::start();
    let (operator, acme) = (app.operator().await, app.tenant("acme").await);
    let scopes = json!({"scopes": ["openid", "doorward.read"]});
    let made = operator.post(PATH, &body_with(scopes)).await.created();
    assert_eq!(made["issuer"], app.url);
    assert_eq!(made["discovery_url"], format!("{}/.well-known/openid-configuration", app.url));
    let key = ClientRef { application_id: None, installation_application_id: Some(id(&made).parse().unwrap()) };
    assert_eq!(client(&app, &made).await.key, key);
    let connection = acme.post("/connections", &json!({"display_name": "P"})).await.created();
    for ids in [json!([connection["id"]]), json!([])] {
        let body = body_with(json!({"name": "Other", "allowed_connections": ids}));
        assert_eq!(operator.post(PATH, &body).await.expect(422).fields(), ["allowed_connections"]);
    }
    assert_eq!(acme.get("/applications").await.ok()["items"], json!([]), "it is no tenant's");
    acme.get(&format!("/applications/{}", id(&made))).await.expect(404);
}

#[actix_web::test]
async fn their_secrets_are_shown_once_and_what_happens_is_in_the_operators_log() {
    let app = TestApp::start();
    let (operator, acme) = (app.operator().await, app.tenant("acme").await);
    let made = operator.post(PATH, &body(0)).await.created();
    let path = format!("{PATH}/{}", id(&made));
    let more = operator.post(&format!("{path}/secrets"), &json!({"expire_others_in_hours": 0})).await.created();
    let secret = |answer: &Value| answer["client_secret"].as_str().unwrap().to_owned();
    assert!(!works(&app, &made, &secret(&made)).await && works(&app, &made, &secret(&more)).await);
    operator.delete(&format!("{path}/secrets/{}", id(&more))).await.expect(204);
    assert!(!works(&app, &made, &secret(&more)).await);
    operator.patch(&path, &json!({"name": "Other"})).await.ok();
    let log = operator.get("/v1/operator/audit-events").await;
    operator.delete(&path).await.expect(204);
    for answer in [&made, &more] {
        let random = answer["client_secret"].as_str().unwrap().trim_start_matches("dws_");
        assert!(!log.text.contains(random));
    }
    let log = operator.get("/v1/operator/audit-events").await.ok();
    let types: Vec<_> = log["items"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(
        types[..5],
        [
            "application.deleted",
            "application.updated",
            "application.secret_revoked",
            "application.secret_created",
            "application.created"
        ]
    );
    assert_eq!(acme.count_events("application.created").await, 0, "no tenant is told");
}

#[actix_web::test]
async fn deleting_one_takes_what_users_of_any_tenant_let_it_have_with_it() {
    let app = TestApp::start();
    let (operator, acme) = (app.operator().await, app.tenant("acme").await);
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    let (first, second) =
        (operator.post(PATH, &body(1)).await.created(), operator.post(PATH, &body(2)).await.created());
    let gone = grant(&app, &client(&app, &first).await, &user).await;
    assert!(has_grant(&app, gone).await);
    operator.delete(&format!("{PATH}/{}", id(&first))).await.expect(204);
    assert!(!has_grant(&app, gone).await);
    operator.get(&format!("{PATH}/{}", id(&second))).await.expect(200);
}
