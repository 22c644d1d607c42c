//! Where a login ends when an authorization request of our OpenID provider waits for it.

use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{login_url, parameter, to_callback, with};

#[actix_web::test]
async fn a_login_for_an_authorization_request_ends_where_that_goes_on() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let request = Uuid::now_v7();
    let ends = format!("{}/t/acme/oauth2/continue/{request}", app.url);

    // The login page carries it through its links and its form, and shows the hint.
    let browser = app.browser();
    let page = browser
        .get(&format!("/t/acme/login?request={request}&login_hint=%22alice%22%40acme.example&return_to=x"))
        .await;
    assert!(page.body.contains(&format!("name=\"request\" value=\"{request}\"")), "{}", page.body);
    assert!(page.body.contains("value=\"&#34;alice&#34;@acme.example\""), "{}", page.body);
    assert!(!page.body.contains("return_to"), "a request wins: {}", page.body);
    let link = format!("{}?request={request}", login_url(&connection));
    assert!(page.body.contains(&link), "{link}: {}", page.body);
    let form = [("email", "alice@acme.example"), ("request", &request.to_string())];
    let sent = browser.post("/t/acme/login", &form).await.location().unwrap();
    assert_eq!(parameter(&sent, "request"), request.to_string());

    let callback = to_callback(&browser, sent.as_str()).await;
    assert_eq!(browser.get(callback.as_str()).await.location().unwrap().as_str(), ends);
}

#[actix_web::test]
async fn w_10_a_request_is_an_id_and_nothing_else() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let begin = Url::parse(login_url(&connection)).unwrap();
    for bad in ["https://evil.example/", "../../logout", "x", ""] {
        for url in [begin.clone(), Url::parse(&format!("{}/t/acme/login", app.url)).unwrap()] {
            let page = app.browser().get(with(&url, "request", Some(bad)).as_str()).await;
            assert_eq!((page.status, page.location()), (422, None), "{bad:?} at {url}");
        }
    }
}
