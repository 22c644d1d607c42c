//! The authentication request (SAML core section 3.4.1): it asks the provider to sign somebody in.

use chrono::{DateTime, Utc};

use super::binding::POST;
use super::message::{Head, Message, MessageKind, element, write};

/// What is asked of the provider.
pub struct AuthnRequest<'a> {
    /// By [`super::message::new_id`]; the caller keeps it, and the response must name it.
    pub id: &'a str,
    /// Now.
    pub issue_instant: DateTime<Utc>,
    /// The provider's sign-on endpoint, as its metadata writes it.
    pub destination: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
    /// Where the response shall be posted to.
    pub acs_url: &'a str,
    /// The form of NameID; the provider chooses when there is none.
    pub name_id_format: Option<&'a str>,
    /// The person must authenticate again.
    pub force_authn: bool,
    /// The provider must not show anything.
    pub is_passive: bool,
    /// Ways to authenticate, any of which will do; any at all when empty.
    pub authn_contexts: &'a [String],
}

impl AuthnRequest<'_> {
    /// The request, not yet signed.
    #[must_use]
    pub fn message(&self) -> Message {
        let head = Head {
            name: "AuthnRequest",
            id: self.id,
            issue_instant: self.issue_instant,
            destination: self.destination,
            issuer: self.issuer,
        };
        let mut more = vec![("AssertionConsumerServiceURL", self.acs_url), ("ProtocolBinding", POST)];
        more.extend(self.force_authn.then_some(("ForceAuthn", "true")));
        more.extend(self.is_passive.then_some(("IsPassive", "true")));
        write(MessageKind::Request, &head, &more, |xml| {
            let format = self.name_id_format.map(|format| ("Format", format));
            let policy: Vec<_> = format.into_iter().chain([("AllowCreate", "true")]).collect();
            xml.empty_element("samlp:NameIDPolicy", &policy);
            if !self.authn_contexts.is_empty() {
                xml.start_element("samlp:RequestedAuthnContext", &[("Comparison", "exact")]);
                for context in self.authn_contexts {
                    element(xml, "saml:AuthnContextClassRef", &[], context);
                }
                xml.end_element("samlp:RequestedAuthnContext");
            }
        })
    }
}
