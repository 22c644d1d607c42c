//! Who it is about, how they authenticated, and what is said about them.

use chrono::Duration;
use doorward::protocol::saml::{Attribute, Expected, NameId};

use super::rig::{POLICY, accept, expected, now, refuse, refuse_change, refused, verifier, verify};
use crate::support::saml::Forged;
use crate::support::saml::forge::{AUDIENCE, ISSUER, SUBJECT};

const SUBJECT_REFUSED: &str = "saml_subject_refused";
const ATTRIBUTES: &str = "saml_attributes_refused";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

#[test]
fn an_honest_response_is_read_in_full() {
    let response = accept(&Forged::response().sign("_r"));
    assert_eq!(response.issuer, ISSUER);
    let format = Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".to_owned());
    let name_id = NameId { value: SUBJECT.to_owned(), format, name_qualifier: None, sp_name_qualifier: None };
    assert_eq!(response.name_id, name_id);
    assert_eq!(response.session_index.as_deref(), Some("_s"));
    assert_eq!(response.session_not_on_or_after, None);
    assert_eq!(response.authn_instant, now() - Duration::seconds(30));
    assert!(response.authn_context.unwrap().ends_with(":PasswordProtectedTransport"));
    assert_eq!(response.assertion_id, "_a");
    let values = vec!["staff".to_owned(), "admins".to_owned()];
    assert_eq!(response.attributes, [Attribute { name: "groups".to_owned(), friendly_name: None, values }]);
}

#[test]
fn c_16_only_whoever_bears_it_counts_and_only_for_us() {
    for method in ["holder-of-key", "sender-vouches"] {
        refuse_change(
            BEARER,
            &format!("urn:oasis:names:tc:SAML:2.0:cm:{method}"),
            "saml_confirmation_refused",
            "bearer",
        );
    }
    refuse_change(&format!(" Method=\"{BEARER}\""), "", "saml_confirmation_refused", "bearer");
    let confirmation = Forged::response().piece("<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>");
    refuse_change(&confirmation, "", "saml_confirmation_refused", "bearer");
    let data = Forged::response().piece("<saml:SubjectConfirmationData ", "/>");
    refuse_change(&data, "", "saml_confirmation_refused", "no data");
    // Of several, one that is for us is enough, and another kind beside it is nothing to us.
    let other = confirmation.replace("sp.example", "other.example");
    let holder = confirmation.replace("cm:bearer", "cm:holder-of-key");
    for several in [format!("{other}{holder}{confirmation}"), format!("{confirmation}{holder}{other}")] {
        accept(&Forged::response().change(&confirmation, &several).sign("_a"));
    }
}

#[test]
fn c_17_nobody_in_particular() {
    let name = Forged::response().piece("<saml:NameID ", "</saml:NameID>");
    refuse_change(&name, "", SUBJECT_REFUSED, "there is none");
    refuse_change(&name, "<saml:NameID/>", SUBJECT_REFUSED, "empty");
    refuse_change(&name, "<saml:EncryptedID/>", SUBJECT_REFUSED, "there is none");
    refuse_change(&name, "<saml:BaseID/>", SUBJECT_REFUSED, "there is none");
    refuse_change(&name, &name.repeat(2), "saml_structure_refused", "occurs twice");
    for bad in [" ", "\n", " ada@tenant.example", "ada@tenant.example ", "ada&#9;lovelace", &"x".repeat(257)] {
        refuse_change(SUBJECT, bad, SUBJECT_REFUSED, "empty, too long");
    }
    let subject = Forged::response().piece("<saml:Subject>", "</saml:Subject>");
    refuse_change(&subject, "", "saml_element_missing", "Subject");
}

#[test]
fn c_18_a_name_made_for_another_service_provider() {
    refuse_change(
        "<saml:NameID ",
        "<saml:NameID SPNameQualifier=\"https://other.example\" ",
        SUBJECT_REFUSED,
        "SPNameQualifier",
    );
    let ours = format!("<saml:NameID NameQualifier=\"q\" SPNameQualifier=\"{AUDIENCE}\" ");
    let name = accept(&Forged::response().change("<saml:NameID ", &ours).sign("_a")).name_id;
    assert_eq!((name.name_qualifier.as_deref(), name.sp_name_qualifier.as_deref()), (Some("q"), Some(AUDIENCE)));
}

#[test]
fn c_19_a_session_that_has_ended_and_one_that_ends_later() {
    let statement = "<saml:AuthnStatement ";
    let ends = |at: &str| format!("{statement}SessionNotOnOrAfter=\"{at}\" ");
    refuse_change(statement, &ends("2026-01-01T11:59:00Z"), "saml_expired", "SessionNotOnOrAfter");
    refuse_change(statement, &ends("never"), "saml_value_unreadable", "SessionNotOnOrAfter");
    let response = accept(&Forged::response().change(statement, &ends("2026-01-01T20:00:00Z")).sign("_a"));
    assert_eq!(response.session_not_on_or_after, Some(now() + Duration::hours(8)));
}

#[test]
fn c_20_an_authentication_that_is_older_or_weaker_than_asked_for() {
    let verifier = verifier(POLICY);
    let message = Forged::response().sign("_a");
    let answer = |expected: &Expected<'_>| verifier.response(message.0.as_bytes(), expected);
    let since = |seconds| Expected { authenticated_since: Some(now() + Duration::seconds(seconds)), ..expected() };
    assert!(answer(&since(-30)).is_ok());
    assert!(answer(&since(30)).is_ok());
    refused(answer(&since(31)), "saml_authentication_too_old", "");
    let password = ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned()];
    let stronger = ["urn:oasis:names:tc:SAML:2.0:ac:classes:X509".to_owned()];
    assert!(answer(&Expected { authn_contexts: &password, ..expected() }).is_ok());
    refused(
        answer(&Expected { authn_contexts: &stronger, ..expected() }),
        "saml_authn_context_mismatch",
        "PasswordProtected",
    );
    let statement = Forged::response().piece("<saml:AuthnStatement ", "</saml:AuthnStatement>");
    refuse_change(&statement, "", "saml_element_missing", "AuthnStatement");
    refuse_change(
        "AuthnInstant=\"2026-01-01T11:59:30Z\"",
        "AuthnInstant=\"2026-01-01T12:01:01Z\"",
        "saml_not_yet_valid",
        "AuthnInstant",
    );
    refuse_change("AuthnInstant=\"2026-01-01T11:59:30Z\" ", "", "saml_element_missing", "AuthnInstant");
    let context = Forged::response().piece("<saml:AuthnContext>", "</saml:AuthnContext>");
    let without = Forged::response().change(&context, "").sign("_a");
    assert_eq!(accept(&without).authn_context, None);
    let asked = verifier.response(without.0.as_bytes(), &Expected { authn_contexts: &password, ..expected() });
    refused(asked, "saml_authn_context_mismatch", "");
}

#[test]
fn c_57_attributes_are_told_as_they_are_and_mean_nothing_by_themselves() {
    let more = "<saml:Attribute Name=\"tenant_id\"><saml:AttributeValue>other</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>";
    let response = accept(&Forged::response().change("</saml:AttributeStatement>", more).sign("_a"));
    assert_eq!(response.attributes.len(), 2);
    assert_eq!((response.issuer.as_str(), response.name_id.value.as_str()), (ISSUER, SUBJECT));
}

#[test]
fn c_58_attributes_are_bounded_and_none_occurs_twice() {
    let value = |text: &str| format!("<saml:AttributeValue>{text}</saml:AttributeValue>");
    let attribute = |name: &str, values: &str| {
        format!("<saml:Attribute Name=\"{name}\">{values}</saml:Attribute></saml:AttributeStatement>")
    };
    let end = "</saml:AttributeStatement>";
    let most = Forged::response().change(end, &attribute("many", &value("g").repeat(498))).sign("_a");
    assert_eq!(accept(&most).attributes[1].values.len(), 498);
    refuse_change(end, &attribute("many", &value("g").repeat(499)), ATTRIBUTES, "500 values");
    let long = "x".repeat(65_500);
    accept(&Forged::response().change(end, &attribute("l", &value(&long))).sign("_a"));
    refuse_change(end, &attribute("l", &value(&format!("{long}{long}"))), ATTRIBUTES, "64 KiB");
    refuse_change(end, &attribute("groups", &value("owners")), ATTRIBUTES, "occurs twice");
    let second = format!("{end}<saml:AttributeStatement>{}", attribute("groups", &value("owners")));
    refuse_change(end, &second, ATTRIBUTES, "occurs twice");
    refuse_change("<saml:Attribute Name=\"groups\">", "<saml:Attribute>", ATTRIBUTES, "no name");
    refuse_change(end, &format!("<saml:EncryptedAttribute/>{end}"), ATTRIBUTES, "encrypted");
}

#[test]
fn values_are_texts_and_a_name_id_inside_one_is_its_text() {
    let id = "<saml:AttributeValue><saml:NameID NameQualifier=\"q\">opaque</saml:NameID></saml:AttributeValue>";
    let end = "</saml:AttributeStatement>";
    let attribute = format!(
        "<saml:Attribute Name=\"eptid\" FriendlyName=\"targeted\">{id}<saml:AttributeValue/></saml:Attribute>{end}"
    );
    let response = accept(&Forged::response().change(end, &attribute).sign("_a"));
    let values = vec!["opaque".to_owned(), String::new()];
    let expected = Attribute { name: "eptid".to_owned(), friendly_name: Some("targeted".to_owned()), values };
    assert_eq!(response.attributes[1], expected);
    let none = Forged::response().piece("<saml:AttributeStatement>", end);
    assert!(verify(&Forged::response().change(&none, "").sign("_a")).unwrap().attributes.is_empty());
    refuse(&Forged::response().change(">staff<", "><x/>staff<").sign("_a"), "saml_structure_refused", "text belongs");
}
