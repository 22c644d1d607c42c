//! One story: from an operator's key to a customer whose people sign in with their own provider.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// The operator makes the tenant and hands its first admin a key.
async fn a_new_customer(app: &TestApp, operator: &Admin) -> Admin {
    let tenant = json!({"slug": "acme", "name": "Acme Inc.", "external_id": "crm-7", "allowed_return_urls": ["https://app.example/*"]});
    operator.post("/v1/tenants", &tenant).await.created();
    let account = json!({"name": "Terraform", "role": "admin"});
    let account = operator.post("/v1/tenants/acme/service-accounts", &account).await.created();
    let key = json!({"name": "first key", "service_account_id": id(&account)});
    let key = operator.post("/v1/tenants/acme/api-keys", &key).await.created();
    Admin::new(app.browser(), "/v1/tenants/acme", key["secret"].as_str().unwrap().into())
}

/// The admin connects the provider: a draft first, because the provider asks for its callback URL.
async fn a_connection(admin: &Admin, provider: &HostileProvider) -> Value {
    let draft = admin.post("/connections", &json!({"display_name": "Acme's directory"})).await.created();
    assert!(draft["callback_url"].as_str().unwrap().ends_with("/callback"));
    let path = format!("/connections/{}", id(&draft));
    let incomplete = admin.post(&format!("{path}/activate"), &json!({})).await.expect(422);
    assert_eq!(incomplete.code(), "connection_incomplete");
    let settings = json!({"settings": {"issuer": provider.issuer, "client_id": "client"}, "client_secret": "from the provider",
        "provisioning": {"email_trust": "trust_connection"}});
    admin.patch(&path, &settings).await.ok();
    admin.post(&format!("{path}/activate"), &json!({})).await.ok()
}

#[actix_web::test]
async fn journey_admin_by_rest_connects_a_directory_and_watches_over_its_people() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let admin = a_new_customer(&app, &operator).await;
    let provider = HostileProvider::start();
    let connection = a_connection(&admin, &provider).await;
    assert_eq!(connection["status"], "active");

    // The directory speaks for the customer's own domain, once an operator has attested that it is theirs.
    provider.person(
        json!({"sub": "u-1", "email": "ada@acme.example", "name": "Ada", "groups": ["CN=Engineers", "CN=Other"]}),
    );
    let login = format!("{}?return_to=https://app.example/home", connection["login_url"].as_str().unwrap());
    let too_early = app.browser().follow(&login).await;
    assert_eq!(too_early.status, 403, "{}", too_early.body);
    let domain = json!({"domain": "acme.example", "connection_id": id(&connection)});
    let domain = admin.post("/domains", &domain).await.created();
    operator.post(&format!("/v1/tenants/acme/domains/{}/attest", id(&domain)), &json!({})).await.ok();

    // Groups are fed by a mapping.
    let group = admin.post("/groups", &json!({"name": "Engineers"})).await.created();
    let mapping = json!({"group_id": id(&group), "match_kind": "case_insensitive", "pattern": "cn=engineers"});
    admin.post("/group-mappings", &mapping).await.created();

    // Ada types her address on the login page, and comes back to the application signed in.
    let ada = app.browser();
    let to_provider =
        ada.post("/t/acme/login", &[("email", "ada@acme.example"), ("return_to", "https://app.example/home")]).await;
    let back = ada.follow(to_provider.location().unwrap().as_str()).await;
    assert_eq!(back.location().unwrap().as_str(), "https://app.example/home");
    let me: Value = serde_json::from_str(&ada.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!((&me["user"]["email"], &me["groups"]), (&json!("ada@acme.example"), &json!(["Engineers"])));
    assert_eq!(admin.get("/unmatched-groups").await.ok()["items"][0]["name"], "CN=Other");

    // The admin sees her session and ends it.
    let session = admin.get(&format!("/sessions?user_id={}", id(&me["user"]))).await.ok()["items"][0].clone();
    admin.delete(&format!("/sessions/{}", id(&session))).await.expect(204);
    assert_eq!(ada.get("/v1/tenants/acme/me").await.status, 401);

    // And all of it stands in the audit trail, newest first.
    let trail = admin.get("/audit-events?limit=200").await.ok();
    let types: Vec<_> = trail["items"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap()).collect();
    let told = [
        "session.ended",
        "login.succeeded",
        "group_mapping.created",
        "group.created",
        "domain.verified",
        "domain.created",
        "login.refused",
        "connection.activated",
        "connection.updated",
        "connection.created",
        "api_key.created",
        "service_account.created",
        "tenant.created",
    ];
    assert_eq!(types, told);
    assert!(!trail.to_string().contains("from the provider"));
}
