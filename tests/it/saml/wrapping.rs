//! Signature wrapping: what was signed is moved, and something else stands in its place. Each attack is tried on a response whose
//! assertion is signed, and again with the provider's good signature on the response around the result.

use super::rig::{accept, refuse, verify};
use crate::support::saml::Forged;
use crate::support::saml::forge::SUBJECT;

const STRAY: &str = "an assertion is where none belongs";
const SECOND: &str = "there is more than one assertion";
const SIGNATURE: &str = "a signature is where none belongs";
const FORM: &str = "a signature has another form";

/// A response with a signed assertion, in pieces.
struct Pieces {
    honest: Forged,
    /// The signed assertion.
    assertion: String,
    /// Its signature.
    signature: String,
    /// The assertion without it.
    bare: String,
    /// An unsigned assertion about somebody else.
    evil: String,
}

impl Pieces {
    fn new() -> Self {
        let honest = Forged::response().sign("_a");
        let (assertion, signature) = (honest.assertion(), honest.signature());
        let bare = assertion.replace(&signature, "");
        let evil = bare.replace("\"_a\"", "\"_evil\"").replace(SUBJECT, "eve@tenant.example");
        Self { honest, assertion, signature, bare, evil }
    }

    /// The response with something else in the assertion's place.
    fn with(&self, instead: &str) -> Forged {
        self.honest.change(&self.assertion, instead)
    }

    /// The forged assertion with something inside, after its Issuer.
    fn evil_with(&self, inside: &str) -> String {
        self.evil.replace("</saml:Issuer>", &format!("</saml:Issuer>{inside}"))
    }

    /// The signature with something in an Object.
    fn signature_around(&self, inside: &str) -> String {
        self.signature.replace("</ds:Signature>", &format!("<ds:Object>{inside}</ds:Object></ds:Signature>"))
    }
}

/// The attack is refused by the structure, as it is and under a good signature on the response.
#[track_caller]
fn wrapped(attack: impl Fn(&Pieces) -> Forged, why: &str) {
    let pieces = Pieces::new();
    accept(&pieces.honest);
    accept(&pieces.honest.sign("_r"));
    let forged = attack(&pieces);
    refuse(&forged, "saml_structure_refused", why);
    refuse(&forged.sign("_r"), "saml_structure_refused", why);
}

#[test]
fn x_01_a_response_inside_the_signature_of_a_forged_one() {
    let honest = Forged::response().sign("_r");
    accept(&honest);
    let (signature, bare) = (honest.signature(), Forged::response().0);
    let evil = Forged(bare.replace("\"_r\"", "\"_er\"").replace("\"_a\"", "\"_ea\"").replace(SUBJECT, "eve@x.example"));
    let object = signature.replace("</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object></ds:Signature>"));
    let forged = evil.change("<samlp:Status>", &format!("{object}<samlp:Status>"));
    refuse(&forged, "saml_structure_refused", FORM);
    wrapped(|p| p.with(&p.evil_with(&p.signature_around(&p.bare))), FORM);
}

#[test]
fn x_02_a_signature_detached_from_the_response_beside_it() {
    let honest = Forged::response().sign("_r");
    accept(&honest);
    let (signature, bare) = (honest.signature(), Forged::response().0);
    let evil = Forged(bare.replace("\"_r\"", "\"_er\"").replace("\"_a\"", "\"_ea\"").replace(SUBJECT, "eve@x.example"));
    let forged = evil.change("<samlp:Status>", &format!("{signature}{bare}<samlp:Status>"));
    refuse(&forged, "saml_structure_refused", "does not refer to the element that it is in");
    wrapped(|p| p.with(&format!("{}{}{}", p.evil, p.signature, p.bare)), "");
}

#[test]
fn x_03_a_forged_assertion_before_the_signed_one() {
    wrapped(|p| p.with(&format!("{}{}", p.evil, p.assertion)), SECOND);
}

#[test]
fn x_04_the_signed_assertion_inside_the_forged_one() {
    wrapped(|p| p.with(&p.evil_with(&p.assertion)), STRAY);
}

#[test]
fn x_05_the_signature_in_the_forged_assertion_and_the_original_at_the_end() {
    wrapped(|p| p.with(&format!("{}{}", p.evil_with(&p.signature), p.bare)), "does not refer");
}

#[test]
fn x_06_the_original_inside_the_signature_of_the_forged_assertion() {
    wrapped(
        |p| {
            let inside = p.signature.replace("<ds:SignatureValue>", &format!("{}<ds:SignatureValue>", p.bare));
            p.with(&p.evil_with(&inside))
        },
        FORM,
    );
}

#[test]
fn x_07_the_original_inside_extensions() {
    wrapped(
        |p| {
            let extensions = format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", p.assertion);
            p.with(&p.evil).change("<samlp:Status>", &extensions)
        },
        STRAY,
    );
}

#[test]
fn x_08_the_original_inside_an_object_of_the_forged_one() {
    wrapped(|p| p.with(&p.evil_with(&p.signature_around(&p.assertion))), FORM);
}

#[test]
fn x_09_the_original_inside_an_element_that_nobody_knows() {
    for (open, close) in
        [("<XSW_ATTACK>", "</XSW_ATTACK>"), ("<m:EntityDescriptor xmlns:m=\"urn:m\">", "</m:EntityDescriptor>")]
    {
        wrapped(|p| p.with(&format!("{open}{}{close}{}", p.assertion, p.evil)), STRAY);
    }
}

#[test]
fn x_10_two_assertions_of_which_one_is_signed_in_either_order() {
    wrapped(|p| p.with(&format!("{}{}", p.assertion, p.evil)), SECOND);
    wrapped(|p| p.with(&format!("{}{}", p.evil, p.assertion)), SECOND);
}

#[test]
fn x_11_two_assertions_that_are_both_honestly_signed() {
    let second = Forged::response().change("\"_a\"", "\"_b\"").sign("_b").assertion();
    wrapped(|p| p.with(&format!("{}{second}", p.assertion)), SECOND);
}

#[test]
fn x_12_an_assertion_in_advice_is_nobodys_identity() {
    let other = Pieces::new().evil;
    let signed = Forged::response().change("\"_a\"", "\"_advice\"").change(SUBJECT, "eve@x.example").sign("_advice");
    for advice in [other, signed.assertion()] {
        let inside = format!("</saml:Conditions><saml:Advice>{advice}</saml:Advice>");
        let message = Forged::response().change("</saml:Conditions>", &inside);
        for signed in [message.sign("_a"), message.sign("_r"), message.sign("_a").sign("_r")] {
            accept(&signed);
        }
    }
    // Deeper it is no advice any more.
    let nested = format!("</saml:Conditions><saml:Advice><x>{}</x></saml:Advice>", Pieces::new().evil);
    let message = Forged::response().change("</saml:Conditions>", &nested).sign("_a");
    refuse(&message, "saml_structure_refused", STRAY);
}

#[test]
fn x_13_an_encrypted_assertion_beside_a_signed_one() {
    let sealed = super::encryption::sealed_assertion(&Forged::response().change("\"_a\"", "\"_b\""));
    wrapped(|p| p.with(&format!("{sealed}{}", p.assertion)), SECOND);
    wrapped(|p| p.with(&format!("{}{sealed}", p.assertion)), SECOND);
}

#[test]
fn x_14_what_is_decrypted_is_one_signed_assertion_and_nothing_else() {
    let pieces = Pieces::new();
    let seal = |plain: &str| super::encryption::seal(&Forged::response(), plain);
    accept(&seal(&pieces.assertion));
    refuse(&seal(&pieces.evil), "saml_signature_missing", "assertion");
    refuse(&seal(&pieces.evil_with(&pieces.assertion)), "saml_structure_refused", STRAY);
    refuse(&seal(&pieces.evil_with(&pieces.signature)), "saml_structure_refused", "does not refer");
    refuse(&seal(&format!("{}{}", pieces.evil, pieces.assertion)), "saml_structure_refused", SECOND);
    refuse(&seal(&Forged::response().sign("_r").0), "saml_structure_refused", "");
    refuse(&seal(&format!("<x/>{}", pieces.assertion)), "saml_decryption_failed", "");
    refuse(&seal(&format!("{}</Decrypted><Decrypted>", pieces.assertion)), "saml_decryption_failed", "");
}

#[test]
fn x_15_an_error_response_with_an_assertion_hidden_in_a_second_signature() {
    let pieces = Pieces::new();
    let failed =
        Forged::response().change(&Forged::response().assertion(), "").change("status:Success", "status:Requester");
    let signed = failed.sign("_r");
    refuse(&signed, "saml_status_not_success", "Requester");
    let decoy = signed
        .signature()
        .replace("</ds:Signature>", &format!("<ds:Object>{}</ds:Object></ds:Signature>", pieces.evil));
    let forged = signed.change("</samlp:Status>", &format!("</samlp:Status>{decoy}"));
    refuse(&forged, "saml_structure_refused", "two signatures");
}

#[test]
fn x_16_an_element_with_two_signatures() {
    wrapped(|p| p.with(&p.assertion.replace(&p.signature, &p.signature.repeat(2))), "two signatures");
    let signed = Forged::response().sign("_r");
    refuse(
        &signed.change(&signed.signature(), &signed.signature().repeat(2)),
        "saml_structure_refused",
        "two signatures",
    );
}

#[test]
fn x_31_an_id_that_occurs_twice() {
    let pieces = Pieces::new();
    for twice in [
        pieces.with(&pieces.assertion.replace("<saml:Subject>", "<saml:Subject ID=\"_a\">")),
        pieces.honest.change("<samlp:Status>", "<samlp:Status Id=\"_a\">"),
        pieces.honest.change("<samlp:Status>", "<samlp:Status id=\"_r\">"),
        pieces.honest.change("<samlp:Status>", "<samlp:Status AssertionID=\"_a\">"),
    ] {
        refuse(&twice, "saml_structure_refused", "an ID is empty or used twice");
    }
    accept(&pieces.honest.change("<samlp:Status>", "<samlp:Status Id=\"_other\">"));
}

#[test]
fn x_32_a_signed_assertion_concealed_where_a_search_would_find_it() {
    wrapped(
        |p| {
            let detail = format!("<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>", p.assertion);
            p.with(&p.evil_with(&p.signature)).change("</samlp:Status>", &detail)
        },
        "",
    );
}

#[test]
fn x_36_a_signature_in_a_place_that_is_not_its_own() {
    for place in ["</samlp:Status>", "</saml:Subject>", "</saml:Conditions>", "</saml:AttributeValue></saml:Attribute>"]
    {
        wrapped(
            |p| {
                let moved = p.honest.change(&p.signature, "");
                moved.change(place, &format!("{}{place}", p.signature))
            },
            SIGNATURE,
        );
    }
    let pieces = Pieces::new();
    let moved = pieces
        .honest
        .change(&pieces.signature, "")
        .change("<samlp:Status>", &format!("<samlp:Extensions>{}</samlp:Extensions><samlp:Status>", pieces.signature));
    refuse(&moved, "saml_structure_refused", SIGNATURE);
}

#[test]
fn x_39_another_root() {
    let pieces = Pieces::new();
    let declared = pieces
        .assertion
        .replace("<saml:Assertion ", "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ");
    let saml11 = pieces.honest.0.replace("SAML:2.0:protocol", "SAML:1.0:protocol");
    let logout = pieces.honest.0.replace("samlp:Response", "samlp:LogoutResponse");
    let soap = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>{}</e:Body></e:Envelope>",
        pieces.honest.0
    );
    for other in [declared, saml11, logout, soap] {
        refuse(&Forged(other), "saml_structure_refused", "the root is no Response");
    }
}

#[test]
fn x_40_a_response_inside_a_response() {
    let inner = Forged::response().sign("_r").0;
    let outer = Forged::response().0.replace("\"_r\"", "\"_er\"").replace("\"_a\"", "\"_ea\"");
    let outer = Forged(outer);
    for place in ["<samlp:Status>", "</samlp:Response>", "</samlp:Status>"] {
        let forged = outer.change(place, &format!("{inner}{place}"));
        refuse(&forged, "saml_structure_refused", "");
        refuse(&forged.sign("_er"), "saml_structure_refused", "");
    }
    assert!(verify(&Forged(inner)).is_ok());
}
