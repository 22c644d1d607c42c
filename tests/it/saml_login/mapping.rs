//! From attributes to a person and their groups (rows A8 and A9).

use serde_json::{Value, json};

use super::rig::{Rig, renamed};
use crate::support::saml::Forged;
use crate::support::saml::forge::SUBJECT;
use crate::support::sign_in::{id, is_signed_in, nothing_happened, refused};

/// The response with these attributes: name, friendly name, values.
fn with_attributes(message: &Forged, attributes: &[(&str, &str, &[&str])]) -> Forged {
    let old = message.piece("<saml:AttributeStatement>", "</saml:AttributeStatement>");
    let one = |(name, friendly, values): &(&str, &str, &[&str])| {
        let friendly = if friendly.is_empty() { String::new() } else { format!(" FriendlyName=\"{friendly}\"") };
        let values: String = values.iter().map(|v| format!("<saml:AttributeValue>{v}</saml:AttributeValue>")).collect();
        format!("<saml:Attribute Name=\"{name}\"{friendly}>{values}</saml:Attribute>")
    };
    let all: String = attributes.iter().map(one).collect();
    message.change(&old, &format!("<saml:AttributeStatement>{all}</saml:AttributeStatement>"))
}

/// Signs in with these attributes and gives the user.
async fn user(rig: &Rig, number: usize, attributes: &[(&str, &str, &[&str])]) -> Value {
    let browser = rig.app.browser();
    let (begun, name) = (rig.begin(&browser).await, format!("_n{number}"));
    let message = with_attributes(&renamed(&rig.response(&begun.request), &name), attributes);
    let page = rig.post(&browser, &message.sign(&name), &begun.relay_state).await;
    assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
    let event = rig.acme.last_event("login.succeeded").await;
    rig.acme.get(&format!("/users/{}", event["payload"]["user_id"].as_str().unwrap())).await.ok()
}

/// The groups that a user is in.
async fn names(rig: &Rig, user: &Value) -> Vec<String> {
    let memberships = rig.acme.get(&format!("/users/{}/groups", id(user))).await.ok();
    let groups = rig.acme.get("/groups").await.ok();
    let named = |membership: &Value| {
        let mut all = groups["items"].as_array().unwrap().iter();
        all.find(|group| group["id"] == membership["group_id"]).unwrap()["name"].as_str().unwrap().to_owned()
    };
    let mut names: Vec<String> = memberships["items"].as_array().unwrap().iter().map(named).collect();
    names.sort();
    names
}

#[actix_web::test]
async fn row_a8_saml_attributes_are_found_by_name_by_friendly_name_and_by_the_names_that_vendors_use() {
    let rig = Rig::start(json!({})).await;
    const WS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";
    let (email, given, family) = (format!("{WS}/emailaddress"), format!("{WS}/givenname"), format!("{WS}/surname"));
    let vendors: [&[(&str, &str, &[&str])]; 4] = [
        &[("email", "", &["ada@acme.example"]), ("firstName", "", &["Ada"]), ("lastName", "", &["Byron"])],
        &[(&email, "", &["ada@acme.example"]), (&given, "", &["Ada"]), (&family, "", &["Byron"])],
        &[
            ("urn:oid:0.9.2342.19200300.100.1.3", "mail", &["ada@acme.example"]),
            ("urn:oid:2.5.4.42", "givenName", &["Ada"]),
            ("urn:oid:2.5.4.4", "sn", &["Byron"]),
        ],
        &[("x1", "mail", &["ada@acme.example"]), ("x2", "givenName", &["Ada"]), ("x3", "sn", &["Byron"])],
    ];
    for (number, attributes) in vendors.into_iter().enumerate() {
        let user = user(&rig, number, attributes).await;
        assert_eq!(
            (&user["email"], &user["name"]),
            (&json!("ada@acme.example"), &json!("Ada Byron")),
            "{attributes:?}"
        );
    }
    assert_eq!(rig.acme.get("/users").await.ok()["items"].as_array().unwrap().len(), 1, "one NameID, one person");
}

#[actix_web::test]
async fn row_a8_saml_the_user_id_may_be_an_attribute_and_a_transient_name_is_none() {
    let rig = Rig::start(json!({"claim_mapping": {"user_id": ["objectGUID", "name_id"]}})).await;
    let first = user(&rig, 1, &[("objectGUID", "", &["g-1"]), ("name_id", "", &["admin"])]).await;
    let identities = rig.acme.get(&format!("/users/{}/identities", id(&first))).await.ok();
    assert_eq!(identities["items"][0]["subject"], "g-1");
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let transient = renamed(&rig.response(&begun.request), "_t")
        .change("SAML:1.1:nameid-format:emailAddress", "SAML:2.0:nameid-format:transient");
    refused(&rig.post(&browser, &transient.sign("_t"), &begun.relay_state).await, 403, "saml_subject_refused");
}

#[actix_web::test]
async fn row_a8_saml_no_attribute_called_name_id_stands_in_for_the_name_id() {
    let rig = Rig::start(json!({})).await;
    let user = user(&rig, 1, &[("name_id", "", &["admin"]), ("x", "name_id", &["root"])]).await;
    let identities = rig.acme.get(&format!("/users/{}/identities", id(&user))).await.ok();
    assert_eq!(identities["items"][0]["subject"], SUBJECT);
}

#[actix_web::test]
async fn c_57_attributes_that_nobody_mapped_mean_nothing() {
    let rig = Rig::start(json!({"claim_mapping": {"groups": ["teams"]}})).await;
    let stray: &[(&str, &str, &[&str])] = &[
        ("role", "", &["owner"]),
        ("groups", "", &["admins"]),
        ("tenant_id", "", &["00000000-0000-0000-0000-000000000001"]),
        ("email", "", &["ada@acme.example"]),
        ("email_verified", "", &["true"]),
    ];
    let user = user(&rig, 1, stray).await;
    assert_eq!(user["role"], "member");
    let groups = rig.acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"], json!([]));
    assert_eq!(rig.acme.get("/unmatched-groups").await.ok()["items"], json!([]));
    let wary = json!({"provisioning": {"email_trust": "require_verified_claim"}});
    rig.acme.patch(&format!("/connections/{}", id(&rig.connection)), &wary).await.ok();
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let stranger = with_attributes(&renamed(&rig.response(&begun.request), "_n2"), stray);
    let stranger = stranger.change(SUBJECT, "bob@tenant.example").sign("_n2");
    refused(&rig.post(&browser, &stranger, &begun.relay_state).await, 403, "email_not_verified");
}

#[actix_web::test]
async fn c_58_too_many_groups_and_attributes_that_come_twice_are_refused() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let many: Vec<String> = (0..501).map(|n| format!("g{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let spoilt: [&[(&str, &str, &[&str])]; 2] =
        [&[("groups", "", &many)], &[("groups", "", &["a"]), ("groups", "", &["admins"])]];
    for (events, attributes) in spoilt.into_iter().enumerate() {
        let begun = rig.begin(&browser).await;
        let message = with_attributes(&rig.response(&begun.request), attributes).sign("_a");
        refused(&rig.post(&browser, &message, &begun.relay_state).await, 403, "saml_attributes_refused");
        nothing_happened(&rig.acme, events + 1).await;
    }
}

#[actix_web::test]
async fn c_56_hostile_text_of_a_response_is_on_no_page_and_in_the_event_as_text() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let evil = "&lt;script&gt;alert(1)&lt;/script&gt;";
    let no = format!(
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>{evil}</samlp:StatusMessage>"
    );
    let yes = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let page = rig.post(&browser, &rig.response(&begun.request).change(yes, &no).sign("_a"), &begun.relay_state).await;
    refused(&page, 403, "saml_status_not_success");
    assert!(!page.body.contains("alert(1)"), "{}", page.body);
    let event = rig.acme.last_event("login.refused").await;
    assert!(event["payload"]["detail"].as_str().unwrap().contains("<script>alert(1)</script>"));
    let user = user(&rig, 1, &[("displayName", "", &[evil])]).await;
    assert_eq!(user["name"], "<script>alert(1)</script>");
    let browser = rig.app.browser();
    let (begun, named) = (rig.begin(&browser).await, [("displayName", "", &[evil][..])]);
    let message = with_attributes(&renamed(&rig.response(&begun.request), "_n2"), &named);
    rig.post(&browser, &message.sign("_n2"), &begun.relay_state).await;
    let page = browser.get("/t/acme").await;
    assert!(page.body.contains("alert(1)") && !page.body.contains("<script>alert"), "{}", page.body);
}

#[actix_web::test]
async fn row_a9_saml_groups_come_and_go_with_the_attribute() {
    let rig = Rig::start(json!({})).await;
    for name in ["staff", "admins", "Engineering"] {
        rig.acme.post("/groups", &json!({"name": name})).await.created();
    }
    let several = user(&rig, 1, &[("groups", "", &["staff", "admins", "unknown"])]).await;
    assert_eq!(names(&rig, &several).await, ["admins", "staff"]);
    let single = user(&rig, 2, &[("groups", "", &["staff"])]).await;
    assert_eq!(names(&rig, &single).await, ["staff"]);
    let silent = user(&rig, 3, &[("mail", "", &["ada@acme.example"])]).await;
    assert_eq!(names(&rig, &silent).await, ["staff"], "what is not said changes nothing");
    let link = "http://schemas.microsoft.com/claims/groups.link";
    let overage = user(&rig, 4, &[(link, "", &["https://graph.example/"]), ("groups", "", &["admins"])]).await;
    assert_eq!(names(&rig, &overage).await, ["staff"], "a pointer to the groups is not the groups");
    let none = user(&rig, 5, &[("groups", "", &[])]).await;
    assert_eq!(names(&rig, &none).await, [""; 0]);
}

#[actix_web::test]
async fn row_a9_saml_groups_may_be_distinguished_names_or_one_list() {
    for (format, value) in [
        ("distinguished_names", "CN=Engineering,OU=Groups,DC=acme,DC=example"),
        ("comma_separated", "Engineering, other"),
    ] {
        let rig = Rig::start(json!({"group_format": format})).await;
        rig.acme.post("/groups", &json!({"name": "Engineering"})).await.created();
        let user = user(&rig, 1, &[("memberOf", "", &[value])]).await;
        assert_eq!(names(&rig, &user).await, ["Engineering"], "{format}");
    }
}
