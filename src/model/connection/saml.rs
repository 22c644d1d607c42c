//! Settings of a SAML 2.0 connection: everything that is not secret, as an admin writes it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::claims::ClaimMapping;

/// How a message travels (SAML Bindings, sections 3.4 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// HTTP-Redirect: in the query of a GET.
    Redirect,
    /// HTTP-POST: in a form.
    Post,
}

/// What becomes of a response that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdpInitiated {
    /// It is refused.
    #[default]
    Off,
    /// Nothing in it is believed; a login of our own begins instead, which the provider answers at once. One that claims
    /// to answer a request is refused.
    Restart,
    /// It signs in, once. Nothing binds it to the browser: whoever can post a form can sign somebody in as themselves.
    Accept,
}

/// How a value of the groups attribute names groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupFormat {
    /// Each value is a name.
    #[default]
    Names,
    /// Each value is a distinguished name; the first CN is the name.
    DistinguishedNames,
    /// One value holds names with commas between them.
    CommaSeparated,
}

/// How requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestSignature {
    /// RSA with SHA-256.
    #[default]
    RsaSha256,
    /// ECDSA with SHA-256.
    EcdsaSha256,
}

/// Everything about a SAML connection that is not secret. What stands here by hand wins over the provider's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SamlSettings {
    /// The provider's entity id, compared exactly with the `Issuer` of what it sends. Taken from the first metadata when
    /// it is not given; metadata of another entity is refused from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_entity_id: Option<String>,
    /// Where the provider publishes its metadata; asked on a schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_url: Option<String>,
    /// Single sign-on service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_url: Option<String>,
    /// How requests travel there; `null`: Redirect where the provider offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_binding: Option<Binding>,
    /// Single logout service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo_url: Option<String>,
    /// How messages travel there; `null`: Redirect where the provider offers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo_binding: Option<Binding>,
    /// The provider's signing certificates, in PEM.
    pub certificates: Vec<String>,
    /// Former assertion consumer URLs that responses may still be addressed to, whose host forwards them here unchanged.
    pub former_acs_urls: Vec<String>,
    /// Former entity ids of ours that assertions may still be made for.
    pub former_entity_ids: Vec<String>,
    /// The assertion itself must be signed. One of this and the next is always demanded.
    pub require_signed_assertions: bool,
    /// The response must be signed.
    pub require_signed_responses: bool,
    /// Whether requests are signed. Logout messages always are.
    pub sign_requests: bool,
    /// With what; a key pair of that kind is made when there is none.
    pub request_signature: RequestSignature,
    /// Assertions must be encrypted.
    pub want_encrypted_assertions: bool,
    /// The NameID format that is asked for; `null` leaves it to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<String>,
    /// The provider must ask the person to prove who they are, whatever session it has.
    pub force_authn: bool,
    /// The authentication context classes of which one must be used; none means any.
    pub requested_authn_contexts: Vec<String>,
    /// How far clocks may differ, in seconds; at most 180.
    pub clock_skew_seconds: u32,
    /// SHA-1 in signatures, for providers that know no better. Weak.
    pub allow_sha1: bool,
    /// AES-CBC in encrypted assertions, only ever under a signed response.
    pub allow_cbc: bool,
    /// What becomes of a response that nobody asked for.
    pub idp_initiated: IdpInitiated,
    /// Which attribute means what; `name_id` is the NameID.
    pub claim_mapping: ClaimMapping,
    /// How a value of the groups attribute names groups.
    pub group_format: GroupFormat,
}

/// The claim that a NameID becomes.
pub const NAME_ID: &str = "name_id";

const WS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
const MS: &str = "http://schemas.microsoft.com/";

/// The attribute names that providers use by themselves, best first. None says that an address is verified.
fn synonyms() -> ClaimMapping {
    let names = |plain: &[&str], ws: &[&str], others: &[String]| -> Vec<String> {
        let plain = plain.iter().map(|name| (*name).to_owned());
        plain.chain(ws.iter().map(|name| format!("{WS}{name}"))).chain(others.iter().cloned()).collect()
    };
    let ms = |name: &str| format!("{MS}{name}");
    let oid = |number: &str| format!("urn:oid:{number}");
    ClaimMapping {
        user_id: vec![NAME_ID.to_owned()],
        email: names(
            &["email", "mail", "Email", "emailAddress"],
            &["emailaddress"],
            &[oid("0.9.2342.19200300.100.1.3"), oid("1.2.840.113549.1.9.1")],
        ),
        email_verified: Vec::new(),
        name: names(
            &["displayName", "name"],
            &["name"],
            &[ms("identity/claims/displayname"), oid("2.16.840.1.113730.3.1.241")],
        ),
        given_name: names(&["firstName", "first_name", "givenName"], &["givenname"], &[oid("2.5.4.42")]),
        family_name: names(&["lastName", "sn", "surname"], &["surname"], &[oid("2.5.4.4")]),
        picture: Vec::new(),
        groups: names(
            &["groups", "memberOf", "Group", "http://schemas.xmlsoap.org/claims/Group"],
            &[],
            &[
                ms("ws/2008/06/identity/claims/groups"),
                ms("ws/2008/06/identity/claims/role"),
                oid("1.3.6.1.4.1.5923.1.5.1.1"),
            ],
        ),
    }
}

impl Default for SamlSettings {
    fn default() -> Self {
        Self {
            idp_entity_id: None,
            metadata_url: None,
            sso_url: None,
            sso_binding: None,
            slo_url: None,
            slo_binding: None,
            certificates: Vec::new(),
            former_acs_urls: Vec::new(),
            former_entity_ids: Vec::new(),
            require_signed_assertions: true,
            require_signed_responses: false,
            sign_requests: true,
            request_signature: RequestSignature::RsaSha256,
            want_encrypted_assertions: false,
            name_id_format: None,
            force_authn: false,
            requested_authn_contexts: Vec::new(),
            clock_skew_seconds: 60,
            allow_sha1: false,
            allow_cbc: false,
            idp_initiated: IdpInitiated::Off,
            claim_mapping: synonyms(),
            group_format: GroupFormat::Names,
        }
    }
}

impl SamlSettings {
    /// The most that clocks may differ.
    pub const MAX_SKEW_SECONDS: u32 = 180;

    /// Whether with `new` settings the provider's ids would mean other people: another provider or user-id attribute.
    #[must_use]
    pub fn renames_people(&self, new: &Self) -> bool {
        let known = self.idp_entity_id.is_some();
        let same = self.idp_entity_id == new.idp_entity_id && self.claim_mapping.user_id == new.claim_mapping.user_id;
        known && !same
    }

    /// Whether `new` settings believe somebody else, or believe more.
    #[must_use]
    pub fn trusts_others(&self, new: &Self) -> bool {
        self.idp_entity_id != new.idp_entity_id
            || self.metadata_url != new.metadata_url
            || self.sso_url != new.sso_url
            || self.slo_url != new.slo_url
            || self.slo_binding != new.slo_binding
            || self.certificates != new.certificates
            || self.former_acs_urls != new.former_acs_urls
            || self.former_entity_ids != new.former_entity_ids
            || self.claim_mapping.user_id != new.claim_mapping.user_id
            || (self.require_signed_assertions && !new.require_signed_assertions)
            || (self.require_signed_responses && !new.require_signed_responses)
            || (self.want_encrypted_assertions && !new.want_encrypted_assertions)
            || (self.force_authn && !new.force_authn)
            || self.takes_other_contexts(new)
            || (new.allow_sha1 && !self.allow_sha1)
            || (new.allow_cbc && !self.allow_cbc)
            || (new.idp_initiated == IdpInitiated::Accept && self.idp_initiated != IdpInitiated::Accept)
    }

    /// Whether with `new` settings a person may authenticate in a way that was not enough before.
    fn takes_other_contexts(&self, new: &Self) -> bool {
        let (before, now) = (&self.requested_authn_contexts, &new.requested_authn_contexts);
        !before.is_empty() && (now.is_empty() || now.iter().any(|context| !before.contains(context)))
    }
}

/// A service of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpEndpoint {
    /// How messages travel there.
    pub binding: Binding,
    /// Where it is.
    pub location: String,
    /// Where answers go, when not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_location: Option<String>,
}

/// What the provider's metadata says: kept as last seen good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpDocument {
    /// The provider's entity id.
    pub entity_id: String,
    /// Where sign-in requests go, in the provider's order.
    pub sso: Vec<IdpEndpoint>,
    /// Where logout messages go.
    pub slo: Vec<IdpEndpoint>,
    /// The certificates it may sign with, in PEM.
    pub certificates: Vec<String>,
    /// How many more were not usable.
    pub refused_certificates: usize,
    /// It demands signed requests.
    pub want_authn_requests_signed: bool,
    /// Forms of NameID that it offers.
    pub name_id_formats: Vec<String>,
    /// From then on nothing here should be relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
    /// After how many seconds it wants to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_seconds: Option<i64>,
    /// Why what it said later was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
