//! What a provider may do to groups (L-26), and domains (L-21, L-22).

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{id, is_signed_in, login_url, refused, to_callback};

/// Signs the one person in with these groups; `None` leaves the claim out.
async fn login(app: &TestApp, provider: &HostileProvider, connection: &Value, groups: Option<Value>) -> bool {
    let mut person = json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada"});
    if let Some(groups) = groups {
        person["groups"] = groups;
    }
    provider.person(person);
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(connection)).await;
    let page = browser.get(callback.as_str()).await;
    if !is_signed_in(&page) {
        refused(&page, 403, &page.code());
    }
    is_signed_in(&page)
}

/// The names of the groups that the one user is in, in the order of the groups' creation.
async fn names(acme: &Admin) -> Vec<String> {
    let user = acme.get("/users").await.ok()["items"][0].clone();
    let memberships = acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    let is_in = |group: &&Value| {
        let all = memberships["items"].as_array().unwrap();
        all.iter().any(|m| m["group_id"] == group["id"])
    };
    let groups = acme.get("/groups").await.ok();
    let of_user = groups["items"].as_array().unwrap().iter().filter(is_in);
    of_user.map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn l_26_an_asserted_name_makes_nobody_an_admin_and_no_group() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let asserted = json!(["admin", "owner", "operator", "staff", "Administrators", "doorward"]);
    assert!(login(&app, &provider, &connection, Some(asserted)).await);
    assert_eq!(names(&acme).await, ["Staff"]);
    assert_eq!(acme.get("/groups").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.get("/users").await.ok()["items"][0]["role"], "member");
}

#[actix_web::test]
async fn l_27_a_sync_that_takes_the_last_owner_out_of_every_group_leaves_them_the_owner() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    acme.post("/groups", &json!({"name": "Owners"})).await.created();
    assert!(login(&app, &provider, &connection, Some(json!(["owners"]))).await);
    let user = acme.get("/users").await.ok()["items"][0].clone();
    acme.patch(&format!("/users/{}", id(&user)), &json!({"role": "owner"})).await.ok();
    assert!(login(&app, &provider, &connection, Some(json!([]))).await);
    assert_eq!(names(&acme).await, [""; 0]);
    assert_eq!(acme.get("/users").await.ok()["items"][0]["role"], "owner");
}

#[actix_web::test]
async fn l_26_a_missing_claim_changes_nothing_and_an_empty_one_removes() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    for name in ["Staff", "By hand"] {
        acme.post("/groups", &json!({"name": name})).await.created();
    }
    assert!(login(&app, &provider, &connection, Some(json!(["staff"]))).await);
    let user = acme.get("/users").await.ok()["items"][0].clone();
    let group = acme.get("/groups").await.ok()["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["name"] == "By hand")
        .unwrap()
        .clone();
    acme.put(&format!("/groups/{}/members/{}", id(&group), id(&user))).await;
    assert!(login(&app, &provider, &connection, None).await);
    assert_eq!(names(&acme).await.len(), 2, "not asserted");
    assert!(login(&app, &provider, &connection, Some(Value::Null)).await);
    assert_eq!(names(&acme).await.len(), 2, "null is not asserted either");
    assert!(login(&app, &provider, &connection, Some(json!([]))).await);
    assert_eq!(names(&acme).await, ["By hand"], "what an admin did stays");
}

#[actix_web::test]
async fn l_26_names_that_differ_in_case_are_one_group_and_hostile_ones_none() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({"provisioning": {"create_missing_groups": true}})).await;
    let asserted = json!([
        "Devs",
        "DEVS",
        "devs",
        "Ｄevs",
        " devs ",
        "de\u{200b}vs",
        "\u{202e}sved",
        "",
        "x".repeat(101),
        7,
        null,
        {}
    ]);
    assert!(login(&app, &provider, &connection, Some(asserted)).await);
    assert_eq!(names(&acme).await.len(), 1);
}

#[actix_web::test]
async fn l_26_ten_thousand_groups_are_bounded() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({"provisioning": {"create_missing_groups": true}})).await;
    let many: Vec<String> = (0..10_000).map(|n| format!("g{n}")).collect();
    let signed_in = login(&app, &provider, &connection, Some(json!(many))).await;
    let created = acme.get("/groups?limit=200").await.ok()["items"].as_array().unwrap().len();
    assert!(if signed_in { created <= 50 } else { created == 0 }, "{signed_in} {created}");
    let hundred: Vec<String> = (0..100).map(|n| format!("h{n}")).collect();
    assert!(login(&app, &provider, &connection, Some(json!(hundred))).await);
    let created = acme.get("/groups?limit=200").await.ok()["items"].as_array().unwrap().len();
    assert!(created <= 100, "one login makes at most fifty: {created}");
}

#[actix_web::test]
async fn l_26_a_groups_claim_that_is_no_list_of_names_is_refused() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    for bad in [json!({"a": "b"}), json!(5), json!(true), json!(["a\u{0}b"]), json!(["a\nb"])] {
        assert!(!login(&app, &provider, &connection, Some(bad.clone())).await, "{bad}");
    }
    assert_eq!(acme.get("/users").await.ok()["items"], json!([]));
    assert_eq!(acme.count_events("login.refused").await, 5);
}

#[actix_web::test]
async fn l_21_public_nested_and_taken_domains_give_nobody_power_over_addresses() {
    let app = TestApp::start();
    let (acme, evil, operator) = (app.tenant("acme").await, app.tenant("evil").await, app.operator().await);
    for public in ["gmail.com", "GMAIL.com", "outlook.com", "gmx.de"] {
        assert_eq!(evil.post("/domains", &json!({"domain": public})).await.expect(422).fields(), ["domain"]);
    }
    for none in ["com", "localhost", "127.0.0.1", "*.acme.example", "acme.example.", "a b.example", "@acme.example", ""]
    {
        evil.post("/domains", &json!({"domain": none})).await.expect(422);
    }
    // Both may claim; who is verified first has it.
    let ours = acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    let theirs = evil.post("/domains", &json!({"domain": "ACME.example"})).await.created();
    operator.post(&format!("/v1/tenants/acme/domains/{}/attest", id(&ours)), &json!({})).await.ok();
    let path = format!("/v1/tenants/evil/domains/{}/attest", id(&theirs));
    assert_eq!(operator.post(&path, &json!({})).await.expect(409).code(), "domain_taken");

    // An unverified claim, and a verified parent, count for nothing.
    let parent = evil.post("/domains", &json!({"domain": "evil.example"})).await.created();
    operator.post(&format!("/v1/tenants/evil/domains/{}/attest", id(&parent)), &json!({})).await.ok();
    let provider = HostileProvider::start();
    let trusting = json!({"provisioning": {"email_trust": "trust_connection"}});
    let connection = evil.connect(&provider, trusting).await;
    for address in ["boss@acme.example", "a@sub.evil.example", "a@notevil.example", "a@evil.example.com"] {
        provider.person(json!({"sub": "m", "email": address, "name": "M"}));
        let page = app.browser().follow(login_url(&connection)).await;
        refused(&page, 403, "email_domain_not_verified");
    }
    provider.person(json!({"sub": "m", "email": "a@evil.example", "name": "M"}));
    assert_eq!(app.browser().follow(login_url(&connection)).await.status, 200);
}

#[actix_web::test]
async fn l_22_the_email_form_answers_alike_for_people_who_exist_and_who_do_not() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let first = acme.connect(&provider, json!({})).await;
    acme.connect(&provider, json!({})).await;
    acme.post("/users", &json!({"email": "known@acme.example"})).await.created();
    let browser = app.browser();
    let mut answers = Vec::new();
    for address in
        ["known@acme.example", "unknown@acme.example", "known@other.example", "no address", "x\0@y.example", ""]
    {
        let page = browser.post("/t/acme/login", &[("email", address)]).await;
        assert_eq!(page.status, 303, "{address:?}");
        assert!(page.set_cookies().is_empty());
        answers.push((page.headers["location"].clone(), page.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // With a domain routed, the domain decides and not the person.
    let domain = acme.post("/domains", &json!({"domain": "acme.example", "connection_id": id(&first)})).await.created();
    let path = format!("/v1/tenants/acme/domains/{}/attest", id(&domain));
    app.operator().await.post(&path, &json!({})).await.ok();
    let begin = url::Url::parse(login_url(&first)).unwrap();
    for address in ["known@acme.example", "unknown@acme.example", "UNKNOWN@Acme.Example"] {
        let page = browser.post("/t/acme/login", &[("email", address)]).await;
        assert_eq!(page.location().unwrap().path(), begin.path(), "{address}");
    }
}
