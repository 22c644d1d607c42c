//! A connection's verifier as the template of forged responses expects it.

use std::sync::LazyLock;

use chrono::{DateTime, Duration, Utc};
use doorward::protocol::saml::{Expected, Policy, Request, SamlError, VerifiedResponse, Verifier};

use crate::support::saml::Forged;
use crate::support::saml::forge::{ACS, AUDIENCE, ISSUER, NOW, REQUEST, SUBJECT};
use crate::support::saml::key::{IDP, SP};

/// One signature is enough, nothing weak is allowed.
pub const POLICY: Policy = Policy {
    require_signed_assertion: false,
    require_signed_response: false,
    require_encrypted_assertion: false,
    allow_sha1: false,
    allow_cbc: false,
    skew: Duration::seconds(60),
};

static OWN: LazyLock<[Vec<String>; 2]> = LazyLock::new(|| [vec![AUDIENCE.to_owned()], vec![ACS.to_owned()]]);

/// The moment of the template.
pub fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

/// What the sign-in of the template expects.
pub fn expected() -> Expected<'static> {
    Expected {
        idp_entity_id: ISSUER,
        audiences: &OWN[0],
        acs_urls: &OWN[1],
        request: Request::Solicited { id: REQUEST },
        now: now(),
        authenticated_since: None,
        authn_contexts: &[],
    }
}

/// The connection's verifier under another policy.
pub fn verifier(policy: Policy) -> Verifier {
    Verifier::new(&[IDP.certificate()], &[SP.secret()], policy).unwrap()
}

/// What the connection says.
pub fn verify(message: &Forged) -> Result<VerifiedResponse, SamlError> {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| verifier(POLICY));
    VERIFIER.response(message.0.as_bytes(), &expected())
}

/// The response is accepted, and is about the subject of the template.
#[track_caller]
pub fn accept(message: &Forged) -> VerifiedResponse {
    let response = verify(message).unwrap_or_else(|error| panic!("{error}\n{}", message.0));
    assert_eq!(response.name_id.value, SUBJECT);
    response
}

/// The response is refused with this code, for a reason that says `why`.
#[track_caller]
pub fn refuse(message: &Forged, code: &str, why: &str) {
    refused(verify(message), code, why);
}

/// Likewise, for an answer that is there.
#[track_caller]
pub fn refused(answer: Result<VerifiedResponse, SamlError>, code: &str, why: &str) {
    let error = answer.expect_err("refused");
    assert!(error.code() == code && error.to_string().contains(why), "{}: {error}", error.code());
}

/// A change of the unsigned template is refused, whether the response is signed or the assertion; without it both are accepted.
#[track_caller]
pub fn refuse_change(from: &str, to: &str, code: &str, why: &str) {
    for id in ["_r", "_a"] {
        refuse(&Forged::response().change(from, to).sign(id), code, why);
        accept(&Forged::response().sign(id));
    }
}
