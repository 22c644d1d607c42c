//! Logout messages, ours and a provider's, by Redirect and by POST.

use chrono::Duration;
use doorward::protocol::saml::binding::{post, redirect};
use doorward::protocol::saml::key::SpKey;
use doorward::protocol::saml::logout::{
    LogoutExpected, LogoutOutcome, LogoutRequest, LogoutResponse, ReceivedLogoutRequest, read_request, read_response,
};
use doorward::protocol::saml::message::Message;
use doorward::protocol::saml::{Certificate, NameId, SamlError};
use serde_json::Value;
use url::Url;

use super::peer::{IDP, PROVIDER, SP, STRANGER, at, corpus, now, verifier};

const SLO: &str = "https://sp.example/slo";

fn name() -> NameId {
    NameId {
        value: "carol&<x>".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some(IDP.to_owned()),
        sp_name_qualifier: Some(SP.to_owned()),
    }
}

/// What an honest provider sends.
fn request(name_id: &NameId) -> LogoutRequest<'_> {
    LogoutRequest {
        id: "_1",
        issue_instant: now(),
        destination: SLO,
        issuer: IDP,
        not_on_or_after: now() + Duration::minutes(5),
        name_id,
        session_index: Some("s&1"),
    }
}

fn response() -> LogoutResponse<'static> {
    LogoutResponse {
        id: "_2",
        issue_instant: now(),
        destination: SLO,
        issuer: IDP,
        in_response_to: "_1",
        success: true,
    }
}

fn ours() -> [Vec<String>; 2] {
    [vec![SLO.to_owned(), "https://old.example/slo".to_owned()], vec![SP.to_owned()]]
}

fn expecting([slo_urls, entity_ids]: &[Vec<String>; 2]) -> LogoutExpected<'_> {
    LogoutExpected { idp_entity_id: IDP, slo_urls, entity_ids, now: now(), skew: Duration::seconds(60) }
}

/// By POST, signed by `key`.
fn posted(message: &Message, key: &SpKey) -> Result<ReceivedLogoutRequest, SamlError> {
    let xml = post::read(&post::encode(message, Some(key)).unwrap()).unwrap();
    read_posted(&xml)
}

fn read_posted(xml: &[u8]) -> Result<ReceivedLogoutRequest, SamlError> {
    let verified = verifier(PROVIDER.certificate(), false).message(xml, "LogoutRequest", now())?;
    read_request(&verified, &expecting(&ours()))
}

/// By POST, changed before it is signed.
fn changed(from: &str, to: &str) -> &'static str {
    let name = name();
    let mut message = request(&name).message();
    assert!(message.xml.contains(from), "{}", message.xml);
    message.xml = message.xml.replace(from, to);
    posted(&message, &PROVIDER).unwrap_err().code()
}

fn answered(response: &LogoutResponse<'_>, change: impl Fn(String) -> String) -> Result<LogoutOutcome, SamlError> {
    let mut message = response.message();
    message.xml = change(message.xml);
    let url = redirect::url(&message, &Url::parse(SLO).unwrap(), None, Some(&PROVIDER)).unwrap();
    let verified = redirect::verify(url.query().unwrap(), &verifier(PROVIDER.certificate(), false))?;
    read_response(&verified.message, &expecting(&ours()), "_1")
}

#[test]
fn a_request_says_who_and_which_session_with_every_qualifier() {
    insta::assert_snapshot!(request(&name()).message().xml, @r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://sp.example/slo" NotOnOrAfter="2026-03-01T12:05:00Z"><saml:Issuer>https://idp.example/metadata</saml:Issuer><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" NameQualifier="https://idp.example/metadata" SPNameQualifier="https://sp.example/metadata">carol&amp;&lt;x&gt;</saml:NameID><samlp:SessionIndex>s&amp;1</samlp:SessionIndex></samlp:LogoutRequest>"#);
}

#[test]
fn what_is_written_is_read_again_by_both_bindings() {
    let name = name();
    let message = request(&name).message();
    let by_post = posted(&message, &PROVIDER).unwrap();
    let url = redirect::url(&message, &Url::parse(SLO).unwrap(), Some("r"), Some(&PROVIDER)).unwrap();
    let verified = redirect::verify(url.query().unwrap(), &verifier(PROVIDER.certificate(), false)).unwrap();
    let by_redirect = read_request(&verified.message, &expecting(&ours())).unwrap();
    assert_eq!(by_post, by_redirect);
    assert_eq!((by_post.id.as_str(), &by_post.name_id), ("_1", &name));
    assert_eq!(by_post.session_indexes, ["s&1"]);
    assert_eq!(by_post.replay_until, now() + Duration::minutes(6));
    assert_eq!(format!("{by_post:?}"), "ReceivedLogoutRequest { id: \"_1\", .. }", "names nobody");
}

#[test]
fn a_request_without_session_or_deadline_is_for_every_session_and_five_minutes() {
    let name = name();
    let mut message = LogoutRequest { session_index: None, ..request(&name) }.message();
    message.xml = message.xml.replace(" NotOnOrAfter=\"2026-03-01T12:05:00Z\"", "");
    let read = posted(&message, &PROVIDER).unwrap();
    assert!(read.session_indexes.is_empty());
    assert_eq!(read.replay_until, now() + Duration::minutes(6));
}

#[test]
fn c_42_an_unsigned_logout_message_is_refused() {
    let name = name();
    let xml = request(&name).message().xml;
    assert_eq!(read_posted(xml.as_bytes()).unwrap_err().code(), "saml_signature_missing");
    let xml = response().message().xml;
    let error = verifier(PROVIDER.certificate(), false).message(xml.as_bytes(), "LogoutResponse", now()).err().unwrap();
    assert_eq!(error.code(), "saml_signature_missing");
}

#[test]
fn c_43_a_signed_message_inside_a_forged_one_does_not_vouch_for_it() {
    let name = name();
    let honest = request(&name).message();
    let signed = String::from_utf8(post::read(&post::encode(&honest, Some(&PROVIDER)).unwrap()).unwrap()).unwrap();
    let victim = NameId { value: "victim".to_owned(), ..name.clone() };
    let forged = LogoutRequest { id: "_forged", ..request(&victim) }.message().xml;
    let end = "</samlp:LogoutRequest>";
    let (head, _) = forged.split_once(end).unwrap();
    let at = signed.find("<ds:Signature").unwrap();
    let signature = &signed[at..signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len()];
    let issuer = "</saml:Issuer>";
    let with_signature = |inside: &str| forged.replacen(issuer, &format!("{issuer}{inside}"), 1);
    for (name, wrapped) in [
        ("the whole message at the end", format!("{head}{signed}{end}")),
        ("the whole message in Extensions", with_signature(&format!("<samlp:Extensions>{signed}</samlp:Extensions>"))),
        ("only its signature", with_signature(signature)),
        (
            "its signature, the message beside it",
            with_signature(&format!("{signature}{}", signed.replace(signature, ""))),
        ),
        (
            "its signature, the message in an Object of it",
            with_signature(&signature.replace(
                "</ds:Signature>",
                &format!("<ds:Object>{}</ds:Object></ds:Signature>", signed.replace(signature, "")),
            )),
        ),
        ("the same id", with_signature(signature).replace("_forged", "_1")),
    ] {
        let code = read_posted(wrapped.as_bytes()).unwrap_err().code();
        let refused = ["saml_structure_refused", "saml_signature_invalid", "saml_signature_missing"];
        assert!(refused.contains(&code), "{name}: {code}");
    }
}

#[test]
fn c_43_a_signed_assertion_inside_a_forged_request_does_not_vouch_for_it() {
    let name = name();
    let assertion = Message {
        xml: format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" Version=\"2.0\">\
             <saml:Issuer>{IDP}</saml:Issuer></saml:Assertion>"
        ),
        id: "_a".to_owned(),
        ..request(&name).message()
    };
    let signed = String::from_utf8(post::read(&post::encode(&assertion, Some(&PROVIDER)).unwrap()).unwrap()).unwrap();
    let forged = request(&name).message().xml.replace("<saml:NameID", &format!("{signed}<saml:NameID"));
    assert_eq!(read_posted(forged.as_bytes()).unwrap_err().code(), "saml_structure_refused");
}

#[test]
fn c_44_a_request_that_expired_or_comes_from_the_future_is_refused() {
    let late = "NotOnOrAfter=\"2026-03-01T11:59:00Z\"";
    assert_eq!(
        changed("NotOnOrAfter=\"2026-03-01T12:05:00Z\"", late),
        "saml_expired",
        "a minute's skew, to the second"
    );
    let old = "IssueInstant=\"2026-03-01T11:54:00Z\" Unused=\"";
    let name = name();
    let mut message = request(&name).message();
    message.xml = message.xml.replace("IssueInstant=\"2026-03-01T12:00:00Z\"", &format!("{old}\""));
    message.xml = message.xml.replace(" NotOnOrAfter=\"2026-03-01T12:05:00Z\"", "");
    assert_eq!(posted(&message, &PROVIDER).unwrap_err().code(), "saml_expired", "no deadline: five minutes");
    assert_eq!(changed("T12:00:00Z", "T12:01:01Z"), "saml_not_yet_valid");
    assert_eq!(changed("T12:00:00Z", "T25:00:00Z"), "saml_value_unreadable");
    assert_eq!(changed(" IssueInstant=\"2026-03-01T12:00:00Z\"", ""), "saml_element_missing");
}

#[test]
fn c_44_a_request_of_another_issuer_address_version_or_key_is_refused() {
    assert_eq!(changed(&format!(">{IDP}<"), ">https://other.example<"), "saml_issuer_mismatch");
    assert_eq!(changed(&format!("\"{SLO}\""), "\"https://sp.example/slo/\""), "saml_destination_mismatch");
    assert_eq!(changed(&format!(" Destination=\"{SLO}\""), ""), "saml_destination_mismatch");
    assert_eq!(changed("Version=\"2.0\"", "Version=\"1.1\""), "saml_value_unreadable");
    let name = name();
    assert_eq!(posted(&request(&name).message(), &STRANGER).unwrap_err().code(), "saml_signature_invalid");
    let former = LogoutRequest { destination: "https://old.example/slo", ..request(&name) }.message();
    posted(&former, &PROVIDER).unwrap();
}

#[test]
fn c_44_a_request_about_nobody_or_about_somebody_elses_user_is_refused() {
    assert_eq!(changed("carol&amp;&lt;x&gt;", ""), "saml_subject_refused");
    assert_eq!(changed(&format!("SPNameQualifier=\"{SP}\""), "SPNameQualifier=\"urn:other\""), "saml_subject_refused");
    assert_eq!(changed("saml:NameID", "saml:EncryptedID"), "saml_subject_refused");
    let encrypted = "<saml:EncryptedID/><saml:NameID ";
    assert_eq!(changed("<saml:NameID ", encrypted), "saml_subject_refused");
}

#[test]
fn c_46_a_request_that_names_more_sessions_than_are_read_is_refused() {
    let name = name();
    let many = |count: usize| {
        let mut message = request(&name).message();
        let one = "<samlp:SessionIndex>s&amp;1</samlp:SessionIndex>";
        message.xml = message.xml.replace(one, &one.repeat(count));
        posted(&message, &PROVIDER).map(|read| read.session_indexes.len())
    };
    assert_eq!(many(100), Ok(100));
    assert_eq!(many(101), Err(SamlError::TooLarge("100 sessions")));
}

#[test]
fn an_answer_tells_how_it_went() {
    let success = |xml| xml;
    assert_eq!(answered(&response(), success), Ok(LogoutOutcome::Success));
    let failed = LogoutResponse { success: false, ..response() };
    assert_eq!(answered(&failed, success), Ok(LogoutOutcome::Failed("Responder".to_owned())));
    let inner = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:PartialLogout\"/>";
    let partial = |xml: String| xml.replace("Success\"/>", &format!("Success\">{inner}</samlp:StatusCode>"));
    assert_eq!(answered(&response(), partial), Ok(LogoutOutcome::Partial));
    let denied = |xml: String| xml.replace(":status:Success", ":status:Requester<>");
    assert!(answered(&response(), denied).is_err());
    let none = |xml: String| xml.replace("urn:oasis:names:tc:SAML:2.0:status:Success", "");
    assert_eq!(answered(&response(), none), Ok(LogoutOutcome::Failed(String::new())));
}

#[test]
fn c_44_an_answer_to_another_request_of_another_provider_or_elsewhere_is_refused() {
    let code = |response: &LogoutResponse<'_>| answered(response, |xml| xml).unwrap_err().code();
    assert_eq!(code(&LogoutResponse { in_response_to: "_9", ..response() }), "saml_in_response_to_mismatch");
    assert_eq!(code(&LogoutResponse { issuer: SP, ..response() }), "saml_issuer_mismatch");
    assert_eq!(code(&LogoutResponse { destination: SP, ..response() }), "saml_destination_mismatch");
    let missing = |xml: String| xml.replace(" InResponseTo=\"_1\"", "");
    assert_eq!(answered(&response(), missing).unwrap_err().code(), "saml_in_response_to_mismatch");
    let no_status = |xml: String| xml.replace("samlp:Status", "samlp:Other");
    assert_eq!(answered(&response(), no_status).unwrap_err().code(), "saml_element_missing");
}

/// One message of the corpus, by POST: how a connection configured for it answers.
fn corpus_answer(folder: &std::path::Path, entry: &Value) -> &'static str {
    let config = &entry["config"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pem = std::fs::read_to_string(folder.join(text(&config["idp_cert"]))).unwrap();
    let certificate = match Certificate::parse(&pem) {
        Ok(certificate) => certificate,
        Err(error) => return error.code(),
    };
    let name = if entry["kind"] == "saml-logout-request" { "LogoutRequest" } else { "LogoutResponse" };
    let clock = at(&text(&config["clock"]));
    let issuer = text(&config["idp_entity_id"]);
    // These providers name themselves as the party that the NameID is for.
    let ours = [vec![text(&config["acs_url"])], vec![issuer.clone()]];
    let expected = LogoutExpected { idp_entity_id: &issuer, now: clock, ..expecting(&ours) };
    let xml = std::fs::read(folder.join(text(&entry["file"]))).unwrap();
    let answer = verifier(&certificate, true).message(&xml, name, clock).and_then(|verified| {
        if name == "LogoutRequest" {
            return read_request(&verified, &expected).map(|_| "accepted");
        }
        let outcome = read_response(&verified, &expected, &text(&config["in_response_to"]))?;
        Ok(if outcome == LogoutOutcome::Success { "accepted" } else { "not logged out" })
    });
    answer.unwrap_or_else(|error| error.code())
}

#[test]
fn the_corpus_of_logout_messages_gets_the_right_answers() {
    let Some((folder, manifest)) = corpus() else {
        eprintln!("SKIP: the corpus is not beside the project");
        return;
    };
    let logout = |entry: &&Value| entry["kind"].as_str().is_some_and(|kind| kind.starts_with("saml-logout"));
    let entries: Vec<&Value> = manifest.iter().filter(logout).collect();
    assert_eq!(entries.len(), 25);
    for entry in entries {
        let file = entry["file"].as_str().unwrap();
        let right = match file.rsplit("__").next().unwrap() {
            "logout_request_with_good_signature.xml"
            | "logout_request_with_session_index.xml"
            // Good at the corpus' clock; the test below has it expire.
            | "logout_request_with_bad_expiration.xml"
            | "logout-response.xml" => "accepted",
            "logout_request_with_bad_signature.xml" => "saml_signature_invalid",
            "logout_request_with_encrypted_name_id.xml" => "saml_subject_refused",
            // All others are by keys of 1024 bits, and unsigned but for one.
            _ => "certificate_key_weak",
        };
        assert_eq!(corpus_answer(&folder, entry), right, "{file}");
        if file.contains("bad_expiration") {
            let mut later = entry.clone();
            later["config"]["clock"] = "2022-08-17T22:18:51Z".into();
            assert_eq!(corpus_answer(&folder, &later), "saml_expired");
        }
        if entry["facts"]["sig_algs"].is_null() {
            let mut strong = entry.clone();
            strong["config"]["idp_cert"] = "_certs/885bcdfc0552abea.pem".into();
            assert_eq!(corpus_answer(&folder, &strong), "saml_signature_missing", "{file}");
        }
    }
}
