//! Tenants of one installation as each other's identity providers: a chain is fine, a circle is refused.

use serde_json::{Value, json};

use super::id;
use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::hostile_provider::HostileProvider;

/// A draft whose issuer is this one; keys and tokens come from `keys`, so that only the circle can be in the way.
async fn draft(tenant: &Admin, issuer: &str, keys: &HostileProvider) -> Answer {
    let at = |path: &str| format!("{}{path}", keys.issuer);
    let endpoints = json!({"authorization": at("/authorize"), "token": at("/token"), "jwks_uri": at("/jwks")});
    let settings = json!({"issuer": issuer, "client_id": "c", "discovery": false, "endpoints": endpoints});
    let body = json!({"display_name": issuer, "settings": settings, "client_secret": "a secret of the client"});
    tenant.post("/connections", &body).await
}

async fn activate(tenant: &Admin, connection: &Value) -> Answer {
    tenant.post(&format!("/connections/{}/activate", id(connection)), &json!({})).await
}

#[track_caller]
fn assert_cycle(answer: Answer) {
    assert_eq!(answer.expect(409).code(), "connection_cycle");
}

#[actix_web::test]
async fn f_11_the_connection_that_closes_a_circle_of_tenants_is_refused() {
    let (app, keys) = (TestApp::start(), HostileProvider::start());
    let (a, b, c) = (app.tenant("aa").await, app.tenant("bb").await, app.tenant("cc").await);
    let issuer = |slug: &str| format!("{}/t/{slug}", app.url);
    let a_to_b = draft(&a, &issuer("bb"), &keys).await.created();
    let b_to_c = draft(&b, &issuer("cc"), &keys).await.created();
    let c_to_a = draft(&c, &issuer("aa"), &keys).await.created(); // nothing signs anyone in yet
    activate(&a, &a_to_b).await.ok();
    activate(&b, &b_to_c).await.ok();
    assert_cycle(activate(&c, &c_to_a).await);
    assert_cycle(draft(&c, &issuer("bb"), &keys).await);
    let elsewhere = draft(&c, &keys.issuer, &keys).await.created();
    activate(&c, &elsewhere).await.ok();
    for settings in
        [json!({"issuer": issuer("aa")}), json!({"endpoints": {"authorization": format!("{}/x", issuer("aa"))}})]
    {
        let change = json!({"settings": settings, "client_secret": "another secret"});
        assert_cycle(c.patch(&format!("/connections/{}", id(&elsewhere)), &change).await);
    }
    b.post(&format!("/connections/{}/disable", id(&b_to_c)), &json!({})).await.ok();
    activate(&c, &c_to_a).await.ok(); // c to a to b, and b's people do not come from c any more
    assert_cycle(activate(&b, &b_to_c).await);
}

#[actix_web::test]
async fn f_11_a_tenant_is_not_its_own_provider_neither_is_the_whole_installation() {
    let (app, keys) = (TestApp::start(), HostileProvider::start());
    let a = app.tenant("aa").await;
    let shouted = app.url.replace("http:", "HTTP:");
    for issuer in [format!("{}/t/aa", app.url), format!("{shouted}/t/aa/x"), app.url.clone(), format!("{}/t", app.url)]
    {
        assert_cycle(draft(&a, &issuer, &keys).await);
    }
    draft(&a, &format!("{}/t/nobody", app.url), &keys).await.created();
}
