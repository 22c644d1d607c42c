//! Domains: claimed by admins, attested by operators.

use serde_json::{Value, json};

use super::{id, lifecycle};
use crate::support::TestApp;

fn body(n: usize) -> Value {
    json!({"domain": format!("d{n}.acme.example")})
}

#[actix_web::test]
async fn domains_are_claimed_listed_routed_and_given_up() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = acme.post("/connections", &json!({"display_name": "P"})).await.created();
    let change = json!({"connection_id": id(&connection)});
    lifecycle::check(&acme, lifecycle::Noun { path: "/domains", body, change }).await;
    let nowhere = json!({"domain": "x.example", "connection_id": uuid::Uuid::now_v7()});
    assert_eq!(acme.post("/domains", &nowhere).await.expect(422).fields(), ["connection_id"]);
    let long = format!("{}.example", "x".repeat(250));
    for bad in ["", "acme", "acme.example.", "a b.example", "127.0.0.1", "-a.example", "gmail.com", "GMAIL.com", &long]
    {
        assert_eq!(acme.post("/domains", &json!({"domain": bad})).await.expect(422).fields(), ["domain"], "{bad}");
    }
    let normal = acme.post("/domains", &json!({"domain": "BÜCHER.example"})).await.created();
    assert_eq!(normal["domain"], "xn--bcher-kva.example");
    let again = acme.post("/domains", &json!({"domain": "xn--bcher-kva.example"})).await;
    assert_eq!(again.expect(409).code(), "domain_taken");
}

#[actix_web::test]
async fn l_21_a_domain_is_verified_for_one_tenant_and_by_operators_only() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let ours = acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    let theirs = globex.post("/domains", &json!({"domain": "acme.example"})).await.created();
    assert_eq!(ours["status"], "pending", "a claim alone may stand beside another");
    let attest = |slug: &str, id: &str| format!("/v1/tenants/{slug}/domains/{id}/attest");
    acme.post(&attest("acme", id(&ours)), &json!({})).await.expect(404);
    let verified = operator.post(&attest("acme", id(&ours)), &json!({})).await.ok();
    assert_eq!((&verified["status"], &verified["method"]), (&json!("verified"), &json!("operator")));
    let second = operator.post(&attest("globex", id(&theirs)), &json!({})).await;
    assert_eq!(second.expect(409).code(), "domain_taken");
    assert_eq!(globex.get(&format!("/domains/{}", id(&theirs))).await.ok()["status"], "pending");
    assert_eq!(acme.last_event("domain.verified").await["payload"]["id"], ours["id"]);
}
