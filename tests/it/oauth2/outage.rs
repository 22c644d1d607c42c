//! A database that does not answer is told as that, and not as a client's or a person's fault.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::support::TestApp;
use crate::support::database::{lines, url_of};
use crate::support::relying_party::RelyingParty;

/// Lets nobody in to the server's database any more.
fn shut(app: &TestApp) {
    let name = lines(&mut app.database.superuser(), "SELECT current_database()::text AS line").remove(0);
    let mut cluster = PgConnection::establish(&url_of("postgres")).unwrap();
    cluster.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    cluster.batch_execute(&end).unwrap();
}

#[actix_web::test]
async fn an_outage_of_the_database_is_503_at_every_endpoint_and_no_refusal_of_client_or_token() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let client = RelyingParty::register(&acme, json!({})).await;
    // An instance that has not seen the tenant yet.
    let other = app.second_instance();
    let client = RelyingParty { machine: other.browser(), ..client };
    let nowhere = RelyingParty { issuer: client.issuer.replace("acme", "nobody"), ..client.clone() };
    assert_eq!(nowhere.refresh("x").await.expect(401).json()["error"], "invalid_client");
    assert_eq!(nowhere.userinfo("x").await.status, 401);
    shut(&app);
    for endpoint in ["token", "introspect", "revoke"] {
        let answer =
            client.form(endpoint, &[("grant_type", "refresh_token"), ("refresh_token", "x"), ("token", "x")]).await;
        assert_eq!(answer.expect(503).json()["error"], "temporarily_unavailable", "{endpoint}");
    }
    assert_eq!(client.userinfo("x").await.expect(503).json()["error"], "temporarily_unavailable");
    let page = other.browser().get(&client.authorize_url(&[])).await;
    assert_eq!((page.status, page.code().as_str()), (503, "service_unavailable"), "{}", page.body);
    let page = other.browser().get(&client.at("end_session")).await;
    assert_eq!((page.status, page.code().as_str()), (503, "service_unavailable"), "{}", page.body);
}
