//! Times, audiences, addresses, issuers and the request: each of them one step beside what it should be.

use chrono::{DateTime, Duration, Utc};
use doorward::protocol::saml::{Expected, Request, SamlError, VerifiedResponse};

use super::rig::{POLICY, accept, expected, now, refuse, refuse_change, refused, verifier};
use crate::support::saml::forge::{ACS, AUDIENCE, ISSUER};
use crate::support::saml::{Forged, Signing};

const EXPIRED: &str = "saml_expired";
const EARLY: &str = "saml_not_yet_valid";
const MISSING: &str = "saml_element_missing";
const AUDIENCES: &str = "saml_audience_mismatch";
const CONFIRMATION: &str = "saml_confirmation_refused";

/// What the connection says to a signed message at another moment, or expecting something else.
fn with(message: &Forged, expected: &Expected<'_>) -> Result<VerifiedResponse, SamlError> {
    verifier(POLICY).response(message.0.as_bytes(), expected)
}

fn at(message: &Forged, now: DateTime<Utc>) -> Result<VerifiedResponse, SamlError> {
    with(message, &Expected { now, ..expected() })
}

#[test]
fn c_01_the_conditions_end_to_the_second() {
    let conditions = "<saml:Conditions NotBefore=\"2026-01-01T11:59:00Z\" NotOnOrAfter=\"2026-01-01T12:05:00Z\"";
    let sooner = conditions.replace("12:05:00", "12:03:00");
    let end = now() + Duration::minutes(3);
    for id in ["_r", "_a"] {
        let message = Forged::response().change(conditions, &sooner).sign(id);
        assert!(at(&message, end).is_ok());
        assert!(at(&message, end + Duration::seconds(59)).is_ok());
        refused(at(&message, end + Duration::seconds(60)), EXPIRED, "NotOnOrAfter");
        refused(at(&message, end + Duration::seconds(61)), EXPIRED, "NotOnOrAfter");
        refused(at(&message, end + Duration::days(400)), EXPIRED, "NotOnOrAfter");
    }
    assert_eq!(accept(&Forged::response().sign("_a")).replay_until, now() + Duration::minutes(6));
}

#[test]
fn c_25_an_assertion_counts_for_a_day_whatever_it_says_and_is_remembered_as_long() {
    let far = Forged(
        Forged::response().0.replace("NotOnOrAfter=\"2026-01-01T12:05:00Z\"", "NotOnOrAfter=\"9999-12-31T23:59:59Z\""),
    );
    let day = now() + Duration::hours(24);
    for id in ["_r", "_a"] {
        let message = far.sign(id);
        assert_eq!(accept(&message).replay_until, day + Duration::seconds(60));
        assert!(at(&message, day + Duration::seconds(59)).is_ok());
        refused(at(&message, day + Duration::seconds(60)), EXPIRED, "NotOnOrAfter");
    }
}

#[test]
fn c_02_the_conditions_begin_to_the_second() {
    for id in ["_r", "_a"] {
        let begins = |text: &str| {
            Forged::response().change("NotBefore=\"2026-01-01T11:59:00Z\"", &format!("NotBefore=\"{text}\"")).sign(id)
        };
        accept(&begins("2026-01-01T12:01:00Z"));
        refuse(&begins("2026-01-01T12:01:01Z"), EARLY, "NotBefore");
        refuse(&begins("2036-01-01T12:00:00Z"), EARLY, "NotBefore");
        // The same moment in another zone, and with fractions of a second.
        accept(&begins("2026-01-01T13:00:59.5+01:00"));
    }
}

#[test]
fn c_03_a_confirmation_that_has_passed_or_never_does() {
    let ends = "Recipient=\"https://sp.example/saml/acs\" NotOnOrAfter=\"2026-01-01T12:05:00Z\"";
    let recipient = "Recipient=\"https://sp.example/saml/acs\"";
    refuse_change(ends, &format!("{recipient} NotOnOrAfter=\"2026-01-01T11:59:00Z\""), EXPIRED, "confirmation");
    refuse_change(ends, recipient, CONFIRMATION, "NotOnOrAfter");
    for id in ["_r", "_a"] {
        accept(
            &Forged::response().change(ends, &format!("{recipient} NotOnOrAfter=\"2026-01-01T11:59:01Z\"")).sign(id),
        );
    }
}

#[test]
fn c_04_a_confirmation_that_is_yet_to_begin() {
    let data = "<saml:SubjectConfirmationData ";
    refuse_change(data, &format!("{data}NotBefore=\"2026-01-01T12:01:01Z\" "), EARLY, "confirmation");
    accept(&Forged::response().change(data, &format!("{data}NotBefore=\"2026-01-01T12:01:00Z\" ")).sign("_a"));
}

#[test]
fn c_05_conditions_that_are_not_there_or_have_no_end() {
    let conditions = Forged::response().piece("<saml:Conditions ", "</saml:Conditions>");
    refuse_change(&conditions, "", MISSING, "Conditions");
    refuse_change("NotBefore=\"2026-01-01T11:59:00Z\" ", "", MISSING, "NotBefore");
    refuse_change(
        "<saml:Conditions NotBefore=\"2026-01-01T11:59:00Z\" NotOnOrAfter=\"2026-01-01T12:05:00Z\"",
        "<saml:Conditions NotBefore=\"2026-01-01T11:59:00Z\"",
        MISSING,
        "NotOnOrAfter",
    );
    refuse_change(&conditions, &conditions.repeat(2), "saml_structure_refused", "occurs twice");
    for text in ["", "soon", "2026-01-01", "2026-01-01T11:59:00", "2026-13-01T11:59:00Z", "99999999-01-01T00:00:00Z"] {
        refuse_change(
            "NotBefore=\"2026-01-01T11:59:00Z\"",
            &format!("NotBefore=\"{text}\""),
            "saml_value_unreadable",
            "NotBefore",
        );
    }
    let unknown = "<saml:Condition xmlns:x=\"urn:x\"/></saml:Conditions>";
    refuse_change("</saml:Conditions>", unknown, "saml_structure_refused", "a condition that is not known");
    accept(&Forged::response().change("</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>").sign("_a"));
}

const RESTRICTION: &str = "<saml:AudienceRestriction><saml:Audience>https://sp.example/saml/metadata</saml:Audience></saml:AudienceRestriction>";

#[test]
fn c_06_no_audience_or_an_empty_one() {
    refuse_change(RESTRICTION, "", MISSING, "AudienceRestriction");
    refuse_change(RESTRICTION, "<saml:AudienceRestriction/>", AUDIENCES, "");
    refuse_change(AUDIENCE, "", AUDIENCES, "");
    refuse_change(&format!(">{AUDIENCE}</saml:Audience>"), "/>", AUDIENCES, "");
}

#[test]
fn c_07_every_restriction_must_name_us() {
    let other = RESTRICTION.replace(AUDIENCE, "https://other.example");
    refuse_change(RESTRICTION, &other, AUDIENCES, "https://other.example");
    refuse_change(RESTRICTION, &format!("{RESTRICTION}{other}"), AUDIENCES, "");
    refuse_change(RESTRICTION, &format!("{other}{RESTRICTION}"), AUDIENCES, "");
    for close in
        ["https://sp.example/saml/metadata/", "https://sp.example/saml/Metadata", " https://sp.example/saml/metadata"]
    {
        refuse_change(RESTRICTION, &RESTRICTION.replace(AUDIENCE, close), AUDIENCES, "");
    }
    // One restriction may name several.
    let several =
        RESTRICTION.replace("<saml:Audience>", "<saml:Audience>https://other.example</saml:Audience><saml:Audience>");
    accept(&Forged::response().change(RESTRICTION, &several).sign("_a"));
}

#[test]
fn c_08_the_audience_of_another_connection_on_this_host() {
    let other = RESTRICTION.replace("/saml/", "/t/other/saml/");
    refuse_change(RESTRICTION, &other, AUDIENCES, "/t/other/saml/");
    // An entity id that a former product had is ours when it is listed.
    let former = vec![AUDIENCE.to_owned(), "urn:former".to_owned()];
    let message = Forged::response().change(RESTRICTION, &RESTRICTION.replace(AUDIENCE, "urn:former")).sign("_a");
    refuse(&message, AUDIENCES, "urn:former");
    assert!(with(&message, &Expected { audiences: &former, ..expected() }).is_ok());
}

/// Spellings of our address that are not our address.
const BESIDE: [&str; 8] = [
    "https://other.example/saml/acs",
    "https://sp.example/saml/acs/",
    "https://sp.example/saml/ACS",
    "https://SP.example/saml/acs",
    "https://sp.example:443/saml/acs",
    "https://sp.example/saml/acs?x=1",
    "http://sp.example/saml/acs",
    "",
];

#[test]
fn c_09_another_address_or_another_spelling_of_ours() {
    for url in BESIDE {
        refuse_change(
            &format!("Destination=\"{ACS}\""),
            &format!("Destination=\"{url}\""),
            "saml_destination_mismatch",
            url,
        );
        refuse_change(
            &format!("Recipient=\"{ACS}\""),
            &format!("Recipient=\"{url}\""),
            CONFIRMATION,
            "another recipient",
        );
    }
    // Left out, as some providers do, the recipient still says it.
    accept(&Forged::response().change(&format!("Destination=\"{ACS}\" "), "").sign("_r"));
    // An address that a former product had is ours when it is listed.
    let former = [ACS.to_owned(), "https://former.example/acs".to_owned()];
    let moved = Forged(Forged::response().0.replace(ACS, "https://former.example/acs")).sign("_a");
    refuse(&moved, "saml_destination_mismatch", "former");
    assert!(with(&moved, &Expected { acs_urls: &former, ..expected() }).is_ok());
}

#[test]
fn c_10_no_recipient() {
    refuse_change(&format!("Recipient=\"{ACS}\" "), "", CONFIRMATION, "no recipient");
}

#[test]
fn c_11_a_status_that_is_not_success_around_a_good_assertion() {
    let status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    for value in
        ["urn:oasis:names:tc:SAML:2.0:status:Requester", "urn:oasis:names:tc:SAML:2.0:status:success", "Success", ""]
    {
        let other = format!("<samlp:StatusCode Value=\"{value}\"/>");
        refuse_change(status, &other, "saml_status_not_success", value.rsplit(':').next().unwrap());
    }
    refuse_change(status, "<samlp:StatusCode/>", "saml_status_not_success", "");
    refuse_change(status, "", MISSING, "StatusCode");
    refuse_change(&format!("<samlp:Status>{status}</samlp:Status>"), "", MISSING, "Status");
    let message = format!(
        "{}<samlp:StatusMessage>no\u{a}way\u{7f}</samlp:StatusMessage>",
        status.replace("Success", "Responder")
    );
    refuse_change(status, &message, "saml_status_not_success", "\"Responder\" \"noway\"");
}

#[test]
fn c_12_success_with_something_else_inside() {
    let status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let open = status.replace("/>", ">");
    for inner in ["Requester", "Success"] {
        let nested = status.replace("Success", inner);
        refuse_change(status, &format!("{open}{nested}</samlp:StatusCode>"), "saml_status_not_success", inner);
        refuse_change(
            status,
            &format!("{open}{open}{nested}</samlp:StatusCode></samlp:StatusCode>"),
            "saml_status_not_success",
            "",
        );
    }
    refuse_change(status, &status.repeat(2), "saml_structure_refused", "occurs twice");
}

#[test]
fn c_13_another_issuer_none_or_two_of_the_response_or_the_assertion() {
    const CODE: &str = "saml_issuer_mismatch";
    let issuer = format!("<saml:Issuer>{ISSUER}</saml:Issuer>");
    let format = "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\"";
    for (place, after) in [("response", "<samlp:Status>"), ("assertion", "<saml:Subject>")] {
        let honest = format!("{issuer}{after}");
        for other in [
            "https://evil.example",
            "https://idp.example/saml/",
            "HTTPS://idp.example/saml",
            " https://idp.example/saml",
            "",
        ] {
            refuse_change(&honest, &format!("<saml:Issuer>{other}</saml:Issuer>{after}"), CODE, place);
        }
        refuse_change(&honest, &format!("<saml:Issuer Format=\"urn:x\">{ISSUER}</saml:Issuer>{after}"), CODE, place);
        refuse_change(&honest, &format!("{}{after}", issuer.repeat(2)), "saml_structure_refused", "occurs twice");
        accept(
            &Forged::response()
                .change(&honest, &format!("<saml:Issuer {format}>{ISSUER}</saml:Issuer>{after}"))
                .sign("_a"),
        );
    }
    // Without an Issuer, the other one is signed.
    refuse(
        &Forged::response().change(&format!("{issuer}<samlp:Status>"), "<samlp:Status>").sign("_a"),
        CODE,
        "response",
    );
    refuse(
        &Forged::response().change(&format!("{issuer}<saml:Subject>"), "<saml:Subject>").sign("_r"),
        CODE,
        "assertion",
    );
}

#[test]
fn c_14_no_version_id_or_time_of_issue() {
    for element in ["ID=\"_r\"", "ID=\"_a\""] {
        let other = if element.contains("_r") { "_a" } else { "_r" };
        let head = format!("{element} Version=\"2.0\" IssueInstant=\"2026-01-01T12:00:00Z\"");
        let refuse =
            |to: String, code: &str, why: &str| refuse(&Forged::response().change(&head, &to).sign(other), code, why);
        refuse(head.replace("2.0", "1.1"), "saml_value_unreadable", "Version");
        refuse(head.replace(" Version=\"2.0\"", ""), "saml_value_unreadable", "Version");
        refuse(head.replace(" IssueInstant=\"2026-01-01T12:00:00Z\"", ""), MISSING, "IssueInstant");
        refuse(head.replace("2026-01-01T", ""), "saml_value_unreadable", "IssueInstant");
        refuse(head.replace(&format!("{element} "), ""), MISSING, "ID");
        refuse(head.replace(element, "ID=\"\""), "saml_structure_refused", "an ID is empty");
    }
}

#[test]
fn c_15_issued_in_the_future() {
    for element in ["ID=\"_r\"", "ID=\"_a\""] {
        let issued = |at: &str| format!("{element} Version=\"2.0\" IssueInstant=\"{at}\"");
        let honest = issued("2026-01-01T12:00:00Z");
        refuse_change(&honest, &issued("2026-01-01T12:01:01Z"), EARLY, "IssueInstant");
        refuse_change(&honest, &issued("2036-01-01T12:00:00Z"), EARLY, "IssueInstant");
        accept(&Forged::response().change(&honest, &issued("2026-01-01T12:01:00Z")).sign("_a"));
    }
}

#[test]
fn c_21_a_response_to_another_request() {
    for id in ["_r", "_a"] {
        let message = Forged::response().sign(id);
        for other in ["_other", "", "_REQUEST", "_reques"] {
            let answer = with(&message, &Expected { request: Request::Solicited { id: other }, ..expected() });
            refused(answer, "saml_in_response_to_mismatch", "_request");
        }
    }
}

#[test]
fn c_22_response_and_confirmation_answer_the_same_request() {
    const CODE: &str = "saml_in_response_to_mismatch";
    let response = "InResponseTo=\"_request\"><saml:Issuer>";
    let confirmation = "InResponseTo=\"_request\" Recipient";
    refuse_change(response, "InResponseTo=\"_other\"><saml:Issuer>", CODE, "_other");
    refuse_change(response, "><saml:Issuer>", CODE, "");
    refuse_change(confirmation, "InResponseTo=\"_other\" Recipient", CODE, "_other");
    refuse_change(confirmation, "Recipient", CODE, "");
}

#[test]
fn c_23_what_comes_unasked_must_not_claim_to_answer_something() {
    const CODE: &str = "saml_in_response_to_mismatch";
    let unasked = Expected { request: Request::Unsolicited, ..expected() };
    let [response, confirmation] = ["InResponseTo=\"_request\"><saml:Issuer>", "InResponseTo=\"_request\" Recipient"];
    for id in ["_r", "_a"] {
        let free = Forged::response().change(response, "><saml:Issuer>").change(confirmation, "Recipient");
        assert!(with(&free.sign(id), &unasked).is_ok());
        refused(with(&Forged::response().sign(id), &unasked), CODE, "_request");
        refused(with(&Forged::response().change(response, "><saml:Issuer>").sign(id), &unasked), CODE, "_request");
        refused(with(&Forged::response().change(confirmation, "Recipient").sign(id), &unasked), CODE, "_request");
    }
}

#[test]
fn c_24_an_unasked_response_where_a_request_was_made() {
    let free = Forged::response()
        .change("InResponseTo=\"_request\"><saml:Issuer>", "><saml:Issuer>")
        .change("InResponseTo=\"_request\" Recipient", "Recipient");
    for id in ["_r", "_a"] {
        refuse(&free.sign(id), "saml_in_response_to_mismatch", "");
    }
}

#[test]
fn what_only_the_envelope_says_must_fit_even_when_only_the_assertion_is_signed() {
    // Whoever carries an assertion can change what is around it: to nothing that we would act on.
    let signed = Forged::response().sign_with("_a", &Signing::default());
    refuse(
        &signed.change("Destination=\"https://sp.example/saml/acs\"", "Destination=\"https://x.example\""),
        "saml_destination_mismatch",
        "",
    );
    refuse(&signed.change("status:Success", "status:Responder"), "saml_status_not_success", "");
    refuse(
        &signed.change("InResponseTo=\"_request\"><saml:Issuer>", "InResponseTo=\"_x\"><saml:Issuer>"),
        "saml_in_response_to_mismatch",
        "",
    );
    refuse(
        &signed.change("<saml:Issuer>https://idp.example/saml</saml:Issuer><samlp:Status>", "<samlp:Status>"),
        "saml_issuer_mismatch",
        "",
    );
    accept(&signed);
}
