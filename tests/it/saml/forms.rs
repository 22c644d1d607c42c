//! The form of signatures, of IDs and of the XML itself: what two readers could read differently is refused or read whole.

use super::rig::{accept, refuse, refuse_change, verify};
use crate::support::saml::forge::{SUBJECT, TRANSFORMS};
use crate::support::saml::{Forged, Signing};

const STRUCTURE: &str = "saml_structure_refused";
const MALFORMED: &str = "saml_message_malformed";
const FORM: &str = "a signature has another form";

/// An honest signature in another way is refused, on the response and on the assertion; an ordinary one is accepted.
#[track_caller]
fn refuse_signing(how: &Signing<'_>, code: &str, why: &str) {
    for id in ["_r", "_a"] {
        accept(&Forged::response().sign(id));
        refuse(&Forged::response().sign_with(id, how), code, why);
    }
}

/// A signature is refused after a change in it, on the response and on the assertion.
#[track_caller]
fn refuse_signed(from: &str, to: &str, code: &str, why: &str) {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        accept(&signed);
        refuse(&signed.change(from, to), code, why);
    }
}

#[test]
fn x_17_a_signature_with_two_signed_infos() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let info = signed.piece("<ds:SignedInfo>", "</ds:SignedInfo>");
        refuse(&signed.change(&info, &info.repeat(2)), STRUCTURE, FORM);
        refuse(&signed.change("</ds:SignatureValue>", &format!("</ds:SignatureValue>{info}")), STRUCTURE, FORM);
    }
}

#[test]
fn x_18_a_comment_in_a_digest_or_signature_value() {
    for tag in ["<ds:DigestValue>", "<ds:SignatureValue>", "<ds:SignedInfo>", "<ds:Transforms>"] {
        refuse_signed(tag, &format!("{tag}<!--x-->"), STRUCTURE, "there is a comment in a signature");
    }
}

#[test]
fn x_19_a_comment_in_a_name_id_cuts_nothing_off() {
    let commented = SUBJECT.replace("ada@", "a<!-- x -->da@");
    for id in ["_r", "_a"] {
        accept(&Forged::response().sign(id).change(SUBJECT, &commented));
        accept(&Forged::response().change(SUBJECT, &commented).sign(id));
        // The whole of a longer name, never the part before the comment.
        let longer = Forged::response().change(SUBJECT, "ada@tenant.example<!---->.evil.example").sign(id);
        assert_eq!(verify(&longer).unwrap().name_id.value, "ada@tenant.example.evil.example");
    }
}

#[test]
fn x_20_a_comment_in_an_attribute_cuts_nothing_off() {
    for id in ["_r", "_a"] {
        let response = accept(&Forged::response().change("admins<", "adm<!-- -->ins-not<").sign(id));
        assert_eq!(response.attributes[0].values, ["staff", "admins-not"]);
    }
}

#[test]
fn x_21_a_processing_instruction() {
    refuse_change(SUBJECT, &format!("<?p x?>{SUBJECT}"), MALFORMED, "processing instruction");
    refuse_signed("<samlp:Status>", "<?p?><samlp:Status>", MALFORMED, "processing instruction");
}

#[test]
fn x_22_a_cdata_section_is_the_same_text() {
    let cdata = format!("<![CDATA[{SUBJECT}]]>");
    for id in ["_r", "_a"] {
        accept(&Forged::response().change(SUBJECT, &cdata).sign(id));
        accept(&Forged::response().sign(id).change(SUBJECT, "ada<![CDATA[@]]>tenant.example"));
        let markup = Forged::response().change(SUBJECT, "<![CDATA[<b>ada</b>]]>").sign(id);
        assert_eq!(verify(&markup).unwrap().name_id.value, "<b>ada</b>");
    }
}

#[test]
fn x_23_an_element_where_text_belongs() {
    const INSIDE: &str = "there is an element where text belongs";
    refuse_change(SUBJECT, &format!("{SUBJECT}<x>y</x>"), STRUCTURE, INSIDE);
    refuse_change(">https://sp.example/saml/metadata<", "><x>https://sp.example/saml/metadata</x><", STRUCTURE, INSIDE);
    refuse_change(">staff<", "><x>staff</x><", STRUCTURE, INSIDE);
    for id in ["_r", "_a"] {
        let issuer = "<saml:Issuer>https://idp.example/saml</saml:Issuer><saml:Subject>";
        let nested = "<saml:Issuer><x>https://idp.example/saml</x></saml:Issuer><saml:Subject>";
        refuse(&Forged::response().change(issuer, nested).sign(id), STRUCTURE, INSIDE);
    }
}

#[test]
fn x_24_names_that_do_not_survive_a_round_trip() {
    for bad in [
        "<:saml:NameID>x</:saml:NameID>",
        "<saml:a:b/>",
        "<saml::b/>",
        "<x::y/>",
        "<a: b=\"c\"/>",
        "<unbound:a/>",
        "<a unbound:b=\"c\"/>",
    ] {
        refuse_signed("<samlp:Status>", &format!("{bad}<samlp:Status>"), MALFORMED, "");
    }
}

#[test]
fn x_25_a_dtd_is_refused_before_anything_is_parsed() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        for dtd in ["<!DOCTYPE a>", "<!DOCTYPE r [<!ATTLIST r x ID #IMPLIED>]>", "<!DOCTYPE r [<!ENTITY e \"x\">]>"] {
            refuse(&Forged(format!("{dtd}{}", signed.0)), MALFORMED, "DTD");
            refuse(&signed.change("<samlp:Status>", &format!("{dtd}<samlp:Status>")), MALFORMED, "");
        }
    }
}

#[test]
fn x_26_a_second_id_on_an_element_or_one_in_a_namespace() {
    const SECOND: &str = "second or foreign ID";
    for (of, id) in [("_r", "ID=\"_r\""), ("_a", "ID=\"_a\"")] {
        let signed = Forged::response().sign(of);
        accept(&signed);
        for more in ["Id=\"_x\"", "id=\"_x\"", "xml:id=\"_x\"", "AssertionID=\"_x\"", "xmlns:x=\"urn:x\" x:ID=\"_x\""] {
            refuse(&signed.change(id, &format!("{id} {more}")), STRUCTURE, SECOND);
            refuse(&signed.change(id, &format!("{more} {id}")), STRUCTURE, SECOND);
        }
        refuse(&signed.change("<samlp:Status>", "<samlp:Status xml:id=\"_x\">"), STRUCTURE, SECOND);
    }
    // An attribute of the signature that only its local name tells apart.
    for tag in ["<ds:DigestMethod ", "<ds:SignatureMethod ", "<ds:CanonicalizationMethod ", "<ds:Reference "] {
        let foreign = format!("{tag}xmlns:x=\"urn:x\" x:Algorithm=\"urn:x\" ");
        refuse_signed(tag, &foreign, STRUCTURE, "a signature has a foreign attribute");
    }
}

#[test]
fn x_27_the_right_names_in_the_wrong_namespace() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let foreign = signed.change("xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "xmlns:ds=\"urn:x\"");
        refuse(&foreign, STRUCTURE, "a signature is where none belongs");
        let assertion = signed.assertion();
        let other = assertion.replacen("<saml:Assertion ", "<saml:Assertion xmlns:saml=\"urn:x\" ", 1);
        refuse(&signed.change(&assertion, &other), STRUCTURE, "");
        let none =
            assertion.replacen("<saml:Assertion ", "<Assertion ", 1).replace("</saml:Assertion>", "</Assertion>");
        refuse(&signed.change(&assertion, &none), STRUCTURE, "an assertion is where none belongs");
        for rebound in
            ["xmlns:xml=\"urn:x\"", "xmlns:xmlns=\"urn:x\"", "xmlns:x=\"http://www.w3.org/XML/1998/namespace\""]
        {
            refuse(&signed.change("<samlp:Status>", &format!("<samlp:Status {rebound}>")), MALFORMED, "");
        }
    }
}

#[test]
fn x_28_a_relative_namespace_does_not_make_the_signed_content_empty() {
    // CVE-2025-66475: canonicalisation failed and left nothing, whose digest is well known.
    let nothing = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let digest = signed.piece("<ds:DigestValue>", "</ds:DigestValue>");
        let forged = signed.change(&digest, &format!("<ds:DigestValue>{nothing}</ds:DigestValue>"));
        let relative = forged.change("<samlp:Response ", "<samlp:Response xmlns:x=\"1\" ");
        refuse(&relative, "saml_signature_invalid", "");
    }
}

#[test]
fn x_29_a_reference_that_is_not_the_id_of_the_element_around_it() {
    const REFERENCE: &str = "does not refer to the element that it is in";
    for uri in ["", "#", "#xpointer(/)", "#xpointer(id('_r'))", "#xpointer(id('_a'))", "#other", "_r", "_a"] {
        for id in ["_r", "_a"] {
            let signed = Forged::response().sign(id);
            let reference = format!("URI=\"#{id}\"");
            refuse(&signed.change(&reference, &format!("URI=\"{uri}\"")), STRUCTURE, REFERENCE);
            refuse(&signed.change(&reference, ""), STRUCTURE, REFERENCE);
        }
    }
    // Honestly signed like that, it is refused all the same.
    refuse_signing(&Signing { uri: Some(""), ..Signing::default() }, STRUCTURE, REFERENCE);
}

#[test]
fn x_30_a_reference_with_quotes_or_a_path_in_it() {
    for uri in ["#' or '1'='1", "#//*[@ID]", "#_r']|//*['", "#_r\u{a0}", "#_R", "# _r", "http://evil.example/#_r"] {
        let signed = Forged::response().sign("_r");
        refuse(&signed.change("URI=\"#_r\"", &format!("URI=\"{uri}\"")), STRUCTURE, "does not refer");
    }
    // An ID with such characters is only compared.
    let odd = Forged::response().change("ID=\"_a\"", "ID=\"_a' or '1'='1\"");
    accept(&odd.sign("_a' or '1'='1"));
}

#[test]
fn x_33_a_signature_with_two_references() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let reference = signed.piece("<ds:Reference ", "</ds:Reference>");
        refuse(&signed.change(&reference, &reference.repeat(2)), STRUCTURE, FORM);
        refuse(&signed.change(&reference, ""), STRUCTURE, FORM);
    }
}

#[test]
fn x_34_other_transforms_are_refused_without_running_them() {
    let of = |algorithm: &str| format!("<ds:Transform Algorithm=\"{algorithm}\"/>");
    let [enveloped, exclusive] =
        ["http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#"].map(of);
    let others = [
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2002/07/decrypt#XML",
    ];
    for other in others.map(of) {
        for transforms in [
            format!("{TRANSFORMS}{other}"),
            format!("{enveloped}{other}"),
            format!("{other}{exclusive}"),
            other.clone(),
        ] {
            refuse_signed(
                TRANSFORMS,
                &transforms,
                if transforms.starts_with(&enveloped)
                    && transforms.ends_with(&other)
                    && !transforms.contains("exc-c14n")
                {
                    "saml_algorithm_refused"
                } else {
                    STRUCTURE
                },
                "",
            );
        }
    }
    for transforms in [
        exclusive.clone(),
        enveloped.clone(),
        String::new(),
        format!("{exclusive}{enveloped}"),
        exclusive.repeat(2),
        TRANSFORMS.repeat(2),
    ] {
        refuse_signed(TRANSFORMS, &transforms, STRUCTURE, "");
    }
    // A list of prefixes is fine.
    let prefixes = TRANSFORMS.replace(
        "xml-exc-c14n#\"/>",
        "xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"saml xs\"/></ds:Transform>",
    );
    for id in ["_r", "_a"] {
        accept(&Forged::response().sign_with(id, &Signing { transforms: &prefixes, ..Signing::default() }));
    }
}

#[test]
fn x_35_canonicalisation_with_comments_or_of_another_kind() {
    for uri in [
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/2006/12/xml-c14n11",
    ] {
        refuse_signing(&Signing { canonicalization: uri, ..Signing::default() }, "saml_algorithm_refused", uri);
        let transforms = TRANSFORMS.replace("http://www.w3.org/2001/10/xml-exc-c14n#", uri);
        refuse_signing(&Signing { transforms: &transforms, ..Signing::default() }, "saml_algorithm_refused", uri);
    }
    refuse_signed(
        "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
        "CanonicalizationMethod Algorithm=\"urn:x\"",
        "saml_algorithm_refused",
        "urn:x",
    );
}

#[test]
fn x_37_something_before_beside_or_after_the_root() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id).0;
        accept(&Forged(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{signed}\n")));
        for around in [
            format!("{signed}{signed}"),
            format!("{signed}<junk/>"),
            format!("{signed}<junk"),
            format!("{signed}x"),
            format!("x{signed}"),
            format!("{signed}&amp;"),
            format!("{signed}<![CDATA[x]]>"),
            format!("<a/>{signed}"),
            format!("{signed}</samlp:Response>"),
            format!(" <?xml version=\"1.0\"?>{signed}"),
        ] {
            refuse(&Forged(around), MALFORMED, "");
        }
    }
}

#[test]
fn x_38_what_a_recovering_parser_would_repair() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let whole = &signed.0;
        for broken in [
            whole[..whole.len() - 1].to_owned(),
            whole.replace("</samlp:Status>", ""),
            whole.replace("Version=\"2.0\"", "Version=2.0"),
            whole.replace("Version=\"2.0\"", "Version=\"2.0\" Version=\"2.0\""),
            whole.replace("ada@", "ada&@"),
            whole.replace("ada@", "ada&undefined;@"),
            whole.replace("ada@", "ada&#0;@"),
            whole.replace("ada@", "ada&#x1F;@"),
            whole.replace("ada@", "ada\u{1}@"),
            whole.replace("ada@", "<![CDATA[ada@"),
            whole.replace("ada@", "<!-- -- -->ada@"),
            whole.replace("<samlp:Status>", "<samlp:Status a=\"<\">"),
        ] {
            refuse(&Forged(broken), MALFORMED, "");
        }
    }
}

#[test]
fn x_41_no_dtd_makes_another_attribute_an_id_or_another_text_of_an_entity() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let typed = "<!DOCTYPE r [<!ATTLIST samlp:Status alias ID #IMPLIED><!ENTITY who \"eve@x.example\">]>";
        refuse(&Forged(format!("{typed}{}", signed.0)), MALFORMED, "DTD");
        // Without its declaration an entity is nothing, and an attribute of another name is no ID.
        refuse(&signed.change(SUBJECT, "&who;"), MALFORMED, "");
    }
    let aliased = Forged::response().sign("_a").change("<samlp:Status>", "<samlp:Status alias=\"_a\">");
    accept(&aliased);
}
