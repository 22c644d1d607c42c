//! Bodies that are meant to cost: as big as anything that is read at all, and bigger.

use super::support::forge::TRANSFORMS;
use super::support::{Forged, ProviderKey, Signing};

const EXCLUSIVE: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";

/// Exclusive canonicalisation with a list of prefixes.
fn list_transform(prefixes: &str) -> String {
    format!(
        "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"><e:InclusiveNamespaces \
         xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{prefixes}\"/></ds:Transform>"
    )
}

/// The transforms of a signature, with such a list.
fn list_transforms(prefixes: &str) -> String {
    TRANSFORMS.replace(EXCLUSIVE, &list_transform(prefixes))
}

/// The message with such a list in its one signature.
fn listing(message: &Forged, prefixes: &str) -> Forged {
    message.change(EXCLUSIVE, &list_transform(prefixes))
}

/// What each is, and its bytes, at most 1 MB.
pub fn bodies(idp: &ProviderKey) -> Vec<(&'static str, Vec<u8>)> {
    let signed = Forged::response().sign_with("_a", &Signing::by(idp));
    let with = |inside: &str| signed.change("<samlp:Status>", &format!("{inside}<samlp:Status>")).0.into_bytes();
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let attributes = |count| format!("<x{}/>", many(count, &|n| format!(" a{n}=\"\"")));
    let sixty = format!("<x{}/>", many(60, &|n| format!(" xmlns:n{n}=\"urn:n{n}\"")));
    let laughs = many(10, &|n| format!("<!ENTITY l{n} \"{}\">", "&l0;".repeat(10)));
    let unsigned = vec![
        ("100 000 attributes on an element", with(&attributes(100_000))),
        ("20 000 attributes on an element", with(&attributes(20_000))),
        ("elements with 60 namespaces each", with(&sixty.repeat(200))),
        ("as many elements as may be", with(&"<x/>".repeat(19_500))),
        ("as many elements with an ID as may be", with(&many(9_700, &|n| format!("<x ID=\"{n}\"/>")))),
        ("as many comments as may be", with(&"<!---->".repeat(19_500))),
        ("as many texts as may be", with(&"a<!---->".repeat(9_700))),
        ("references to characters", with(&"&#65;".repeat(19_500))),
        ("one text of 250 KB", with(&"x".repeat(250_000))),
        ("one attribute of 250 KB", with(&format!("<x a=\"{}\"/>", "&lt;".repeat(62_000)))),
        ("5 000 levels", with(&format!("{}{}", "<x>".repeat(5_000), "</x>".repeat(5_000)))),
        ("31 levels, again and again", with(&format!("{}{}", "<x>".repeat(30), "</x>".repeat(30)).repeat(320))),
        ("growing entities", format!("<!DOCTYPE r [{laughs}]>{}", signed.0).into_bytes()),
        (
            "5 000 empty signatures",
            with(&"<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>".repeat(4_000)),
        ),
        ("zeros, 1 MB", vec![0; 1_000_000]),
        ("angle brackets, 250 KB", vec![b'<'; 250_000]),
    ];
    unsigned.into_iter().chain(in_signatures(idp, &signed)).collect()
}

/// Those whose signatures are hostile, or sign what is hostile.
fn in_signatures(idp: &ProviderKey, signed: &Forged) -> Vec<(&'static str, Vec<u8>)> {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let advice = signed.assertion().replace("_a\"", "_b\"");
    vec![
        (
            "3 000 transforms",
            signed
                .change("</ds:Transforms>", &format!("{}</ds:Transforms>", "<ds:Transform/>".repeat(3_000)))
                .0
                .into_bytes(),
        ),
        (
            "seven more signatures in advice",
            signed
                .change(
                    "</saml:Conditions>",
                    &format!(
                        "</saml:Conditions><saml:Advice>{}</saml:Advice>",
                        many(7, &|n| advice.replace("_b", &format!("_b{n}")))
                    ),
                )
                .0
                .into_bytes(),
        ),
        (
            "signed, 200 KB of it",
            Forged::response()
                .change(">staff<", &format!(">{}<", "x".repeat(200_000)))
                .sign_with("_r", &Signing::by(idp))
                .0
                .into_bytes(),
        ),
        (
            "signed twice, with 6 000 elements inside",
            Forged::response()
                .change(">staff<", &format!(">{}<", "<x a=\"b\"/>".repeat(6_000)))
                .sign_with("_a", &Signing::by(idp))
                .sign_with("_r", &Signing::by(idp))
                .0
                .into_bytes(),
        ),
        ("a list of 30 000 prefixes", listing(signed, &many(30_000, &|n| format!("p{n} "))).0.into_bytes()),
        (
            "as many elements as may be under as many prefixes as may be, signed twice",
            listing(
                &Forged::response()
                    .change(">staff<", &format!(">{}<", "<x/>".repeat(19_000)))
                    .sign_with("_a", &Signing::by(idp)),
                &many(16, &|n| format!("prefix{n:02} ")),
            )
            .sign_with(
                "_r",
                &Signing { transforms: &list_transforms(&many(16, &|n| format!("prefix{n:02} "))), ..Signing::by(idp) },
            )
            .0
            .into_bytes(),
        ),
    ]
}
