//! Messages in URLs and forms: how ours look, and which of a provider's are believed.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::protocol::saml::SamlError;
use doorward::protocol::saml::binding::{post, redirect};
use doorward::protocol::saml::key::{KeyKind, SpKey};
use doorward::protocol::saml::logout::LogoutResponse;
use doorward::protocol::saml::message::{Message, MessageKind};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use url::{Url, form_urlencoded};

use super::peer::{Folder, IDP, PROVIDER, STRANGER, key, now, verifier};

fn message() -> Message {
    LogoutResponse {
        id: "_1",
        issue_instant: now(),
        destination: "https://sp.example/slo",
        issuer: IDP,
        in_response_to: "_2",
        success: true,
    }
    .message()
}

/// The query of a message signed by the provider, with RelayState `state/+ 1`.
fn signed(key: &SpKey) -> String {
    let url = redirect::url(&message(), &slo(), Some("state/+ 1"), Some(key)).unwrap();
    url.query().unwrap().to_owned()
}

fn slo() -> Url {
    Url::parse("https://sp.example/slo").unwrap()
}

fn refused(query: &str) -> &'static str {
    redirect::verify(query, &verifier(PROVIDER.certificate(), false)).err().expect(query).code()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Signs any parameters in the order given, as a provider would.
fn sign(parameters: &str, key: &SpKey) -> String {
    let signature = STANDARD.encode(key.sign(parameters.as_bytes()).unwrap());
    format!("{parameters}&Signature={}", encode(&signature))
}

fn encode(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn part<'q>(query: &'q str, name: &str) -> &'q str {
    query.split('&').find(|p| p.starts_with(&format!("{name}="))).unwrap()
}

#[test]
fn a_signed_url_is_verified_by_openssl() {
    let query = signed(&PROVIDER);
    let (octets, signature) = query.split_once("&Signature=").unwrap();
    let names: Vec<_> = octets.split('&').map(|p| p.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["SAMLResponse", "RelayState", "SigAlg"]);
    let signature = form_urlencoded::parse(format!("s={signature}").as_bytes()).next().unwrap().1.into_owned();
    let folder = Folder::new();
    folder.write("octets", octets);
    folder.write("signature", STANDARD.decode(signature).unwrap());
    folder.write("cert.pem", PROVIDER.certificate().pem());
    folder.write("public.pem", folder.openssl("x509 -in cert.pem -pubkey -noout"));
    folder.openssl("dgst -sha256 -verify public.pem -signature signature octets");
}

#[test]
fn an_endpoint_keeps_its_own_query_and_loses_its_fragment() {
    let to = Url::parse("https://idp.example/sso?idpid=C0&x=%2F#top").unwrap();
    let url = redirect::url(&message(), &to, None, None).unwrap();
    assert!(url.as_str().starts_with("https://idp.example/sso?idpid=C0&x=%2F&SAMLResponse="), "{url}");
    assert!(url.fragment().is_none() && !url.as_str().contains("Sig") && !url.as_str().contains("RelayState"));
    let (_, value) = url.query_pairs().find(|(name, _)| name == "SAMLResponse").unwrap();
    let xml = redirect::inflate(&STANDARD.decode(value.as_bytes()).unwrap()).unwrap();
    assert_eq!(xml, message().xml.as_bytes());
}

#[test]
fn what_the_provider_signed_is_believed_whatever_kind_of_key_it_has() {
    let ec = key(KeyKind::EcP256);
    for key in [&*PROVIDER, &ec] {
        let verified = redirect::verify(&signed(key), &verifier(key.certificate(), false)).unwrap();
        assert_eq!((verified.kind, verified.relay_state.as_deref()), (MessageKind::Response, Some("state/+ 1")));
    }
}

#[test]
fn c_42_a_query_without_signature_or_algorithm_is_refused() {
    let query = signed(&PROVIDER);
    let without = |name: &str| query.replace(&format!("&{}", part(&query, name)), "");
    for name in ["Signature", "SigAlg"] {
        assert_eq!(refused(&without(name)), "saml_signature_missing", "{name}");
    }
    assert_eq!(refused(&signed(&STRANGER)), "saml_signature_invalid");
}

#[test]
fn c_45_the_order_of_arrival_does_not_matter_and_other_orders_cannot_be_signed() {
    let query = signed(&PROVIDER);
    let parts: Vec<&str> = query.split('&').collect();
    let reversed = parts.iter().rev().copied().collect::<Vec<_>>().join("&");
    redirect::verify(&reversed, &verifier(PROVIDER.certificate(), false)).unwrap();
    redirect::verify(&format!("utm=1&{query}&x"), &verifier(PROVIDER.certificate(), false)).unwrap();
    let other = [part(&query, "SigAlg"), part(&query, "RelayState"), part(&query, "SAMLResponse")].join("&");
    assert_eq!(refused(&sign(&other, &PROVIDER)), "saml_signature_invalid");
}

#[test]
fn c_45_repeated_and_disguised_parameters_are_refused() {
    let query = signed(&PROVIDER);
    for name in ["SAMLResponse", "RelayState", "SigAlg", "Signature"] {
        let again = part(&query, name);
        assert_eq!(refused(&format!("{query}&{again}")), "saml_binding_refused", "{name} twice");
        assert_eq!(refused(&format!("{again}&{query}")), "saml_binding_refused", "{name} twice");
        let disguised = again.replacen(&name[..1], &format!("%{:02X}", name.as_bytes()[0]), 1);
        assert_eq!(refused(&query.replace(again, &disguised)), "saml_binding_refused", "{name} disguised");
        assert_eq!(refused(&format!("{query}&{disguised}")), "saml_binding_refused", "{name} twice, once disguised");
    }
    assert_eq!(refused(&format!("{query}&SAMLRequest=x")), "saml_binding_refused", "request and response");
    assert_eq!(refused(&query.replace("SAMLResponse", "SAMLResponseX")), "saml_binding_refused", "neither");
    assert_eq!(refused(&format!("{query}&SAMLEncoding=urn:none")), "saml_binding_refused");
}

#[test]
fn c_45_relay_state_and_message_are_covered_by_the_signature() {
    let query = signed(&PROVIDER);
    let state = part(&query, "RelayState");
    for changed in [
        query.replace(state, "RelayState=other"),
        query.replace(state, "RelayState="),
        query.replace(&format!("&{state}"), ""),
        query.replace("SAMLResponse=", "SAMLRequest="),
        query.replace(
            part(&query, "SAMLResponse"),
            &format!("SAMLResponse={}", encode(&STANDARD.encode(deflate(b"<a/>")))),
        ),
    ] {
        assert_eq!(refused(&changed), "saml_signature_invalid", "{changed}");
    }
    let bare = redirect::url(&message(), &slo(), None, Some(&PROVIDER)).unwrap();
    assert_eq!(refused(&format!("{}&RelayState=added", bare.query().unwrap())), "saml_signature_invalid");
}

#[test]
fn c_45_the_algorithm_is_covered_and_only_strong_ones_are_known() {
    let query = signed(&PROVIDER);
    let swap = |uri: &str| query.replace(part(&query, "SigAlg"), &format!("SigAlg={}", encode(uri)));
    assert_eq!(refused(&swap("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512")), "saml_signature_invalid");
    assert_eq!(refused(&swap("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")), "saml_signature_invalid");
    for uri in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "",
        "none",
    ] {
        assert_eq!(refused(&swap(uri)), "saml_algorithm_refused", "{uri}");
    }
}

/// What openssl signs with the provider's key.
fn signed_by_openssl(parameters: &str, digest: &str) -> String {
    use secrecy::ExposeSecret;
    let folder = Folder::new();
    folder.write("key.der", PROVIDER.pkcs8().expose_secret());
    folder.write("octets", parameters);
    folder.openssl(&format!("dgst {digest} -sign key.der -keyform DER -out signature octets"));
    format!("{parameters}&Signature={}", encode(&STANDARD.encode(folder.read_bytes("signature"))))
}

#[test]
fn c_45_lower_case_escapes_as_adfs_writes_them_are_verified_as_they_arrived() {
    let query = signed(&PROVIDER);
    let (parameters, _) = query.split_once("&Signature=").unwrap();
    let escape = regex::Regex::new("%[0-9A-F]{2}").unwrap();
    let lower = escape.replace_all(parameters, |c: &regex::Captures<'_>| c[0].to_lowercase());
    assert_ne!(lower, parameters);
    let query = signed_by_openssl(&lower, "-sha256");
    redirect::verify(&query, &verifier(PROVIDER.certificate(), false)).unwrap();
    let upper = query.replace(&*lower, parameters);
    assert_eq!(refused(&upper), "saml_signature_invalid", "encoding it anew would verify other octets");
}

#[test]
fn s_11_sha1_is_believed_only_where_it_is_allowed() {
    let message = encode(&STANDARD.encode(deflate(message().xml.as_bytes())));
    let algorithm = encode("http://www.w3.org/2000/09/xmldsig#rsa-sha1");
    let query = signed_by_openssl(&format!("SAMLResponse={message}&SigAlg={algorithm}"), "-sha1");
    assert_eq!(refused(&query), "saml_algorithm_refused");
    redirect::verify(&query, &verifier(PROVIDER.certificate(), true)).unwrap();
}

#[test]
fn c_33_a_deflate_bomb_is_stopped_at_the_size_of_a_message() {
    let bomb = deflate(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert_eq!(redirect::inflate(&bomb), Err(SamlError::TooLarge("256 KiB")));
    let query = format!(
        "SAMLRequest={}&SigAlg={}",
        encode(&STANDARD.encode(deflate(&vec![b' '; 16 << 20]))),
        encode(PROVIDER.algorithm())
    );
    assert_eq!(refused(&sign(&query, &PROVIDER)), "saml_message_too_large");
    assert_eq!(refused(&format!("SAMLRequest={}", "A".repeat(70_000))), "saml_message_too_large");
    let biggest = vec![b'a'; 256 << 10];
    assert_eq!(redirect::inflate(&deflate(&biggest)).unwrap(), biggest);
}

#[test]
fn c_33_what_is_cut_off_or_goes_on_is_not_deflate() {
    let whole = deflate(b"<a>some text that is long enough</a>");
    for cut in 0..whole.len() {
        assert!(redirect::inflate(&whole[..cut]).is_err(), "{cut}");
    }
    assert!(redirect::inflate(&[&whole[..], b"x"].concat()).is_err());
    assert!(redirect::inflate(b"<a/>").is_err());
}

#[test]
fn c_32_a_deflated_message_by_post_is_refused() {
    let deflated = STANDARD.encode(deflate(message().xml.as_bytes()));
    let octets = post::read(&deflated).unwrap();
    let error = verifier(PROVIDER.certificate(), false).message(&octets, "LogoutResponse", now()).err().unwrap();
    assert_eq!(error.code(), "saml_message_malformed");
}

#[test]
fn c_39_a_field_is_base64_of_the_ordinary_alphabet_in_lines_or_not() {
    assert_eq!(post::read("PGE/Pj4+\r\n").unwrap(), b"<a?>>>");
    for bad in ["PGE_Pj4-", "PGE/Pj4", "PGE/\0Pj4", "\u{feff}PGE/", "PGE/ Pj4="] {
        assert_eq!(post::read(bad).unwrap_err().code(), "saml_message_malformed", "{bad:?}");
    }
    assert_eq!(post::read(&"A".repeat(400_000)).unwrap_err().code(), "saml_message_too_large");
}
