//! Responses from a template: change what the test is about, then sign or encrypt with the keys of the tests.

use aws_lc_rs::rsa::{OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::{DsigContext, KeysManager};

use super::key::{IDP, ProviderKey};

/// The provider's entity id in the template.
pub const ISSUER: &str = "https://idp.example/saml";
/// Our entity id in the template.
pub const AUDIENCE: &str = "https://sp.example/saml/metadata";
/// Our address in the template.
pub const ACS: &str = "https://sp.example/saml/acs";
/// The request that the template answers.
pub const REQUEST: &str = "_request";
/// Who the template is about.
pub const SUBJECT: &str = "ada@tenant.example";
/// The moment of the template.
pub const NOW: &str = "2026-01-01T12:00:00Z";

const TEMPLATE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2026-01-01T12:00:00Z" Destination="https://sp.example/saml/acs" InResponseTo="_request"><saml:Issuer>https://idp.example/saml</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-01-01T12:00:00Z"><saml:Issuer>https://idp.example/saml</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@tenant.example</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="_request" Recipient="https://sp.example/saml/acs" NotOnOrAfter="2026-01-01T12:05:00Z"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="2026-01-01T11:59:00Z" NotOnOrAfter="2026-01-01T12:05:00Z"><saml:AudienceRestriction><saml:Audience>https://sp.example/saml/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="2026-01-01T11:59:30Z" SessionIndex="_s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#;

/// How a signature is made. The default is an honest one by the provider.
pub struct Signing<'a> {
    pub key: &'a ProviderKey,
    pub method: &'a str,
    pub digest: &'a str,
    pub canonicalization: &'a str,
    /// The whole content of `Transforms`.
    pub transforms: &'a str,
    /// The reference's URI; the ID of the element unless told otherwise.
    pub uri: Option<&'a str>,
    /// The whole `KeyInfo`, if any.
    pub key_info: &'a str,
}

pub const TRANSFORMS: &str = r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#;
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

impl Default for Signing<'_> {
    fn default() -> Self {
        Signing::by(&IDP)
    }
}

impl<'a> Signing<'a> {
    /// An honest signature by this key.
    pub fn by(key: &'a ProviderKey) -> Self {
        Self {
            key,
            method: if key.rsa { RSA_SHA256 } else { ECDSA_SHA256 },
            digest: "http://www.w3.org/2001/04/xmlenc#sha256",
            canonicalization: "http://www.w3.org/2001/10/xml-exc-c14n#",
            transforms: TRANSFORMS,
            uri: None,
            key_info: "",
        }
    }
}

/// How an assertion is encrypted.
pub struct Sealing<'a> {
    pub to: &'a ProviderKey,
    pub cipher: &'a str,
    pub transport: &'a str,
    /// What is inside the key's EncryptionMethod.
    pub parameters: &'a str,
    pub oaep: &'static OaepAlgorithm,
    /// The session key's length in bytes, if not the cipher's.
    pub key_length: Option<usize>,
    /// The key beside the data, as Okta has it.
    pub sibling: bool,
    /// Changes the bytes of the ciphertext.
    pub spoil: fn(Vec<u8>) -> Vec<u8>,
}

pub const AES_GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
pub const AES_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
pub const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
pub const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

impl<'a> Sealing<'a> {
    /// AES-256-GCM and OAEP with SHA-1 masks, what most providers do.
    pub fn to(key: &'a ProviderKey) -> Self {
        Self {
            to: key,
            cipher: AES_GCM,
            transport: OAEP_MGF1P,
            parameters: "",
            oaep: &aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1,
            key_length: None,
            sibling: false,
            spoil: |bytes| bytes,
        }
    }
}

/// A message in the making.
#[derive(Clone)]
pub struct Forged(pub String);

impl Forged {
    /// The template: everything in it is right, and nothing is signed.
    pub fn response() -> Self {
        Self(TEMPLATE.to_owned())
    }

    /// Replaces what occurs exactly once.
    pub fn change(&self, from: &str, to: &str) -> Self {
        assert_eq!(self.0.matches(from).count(), 1, "{from} in {}", self.0);
        Self(self.0.replace(from, to))
    }

    /// Replaces the last of several.
    pub fn change_last(&self, from: &str, to: &str) -> Self {
        let (before, after) = self.0.rsplit_once(from).unwrap();
        Self(format!("{before}{to}{after}"))
    }

    /// Signs the element with this ID.
    pub fn sign(&self, id: &str) -> Self {
        self.sign_with(id, &Signing::default())
    }

    /// Likewise, in another way.
    pub fn sign_with(&self, id: &str, how: &Signing<'_>) -> Self {
        let at = self.0.find(&format!("ID=\"{id}\"")).unwrap();
        let place = at + self.0[at..].find("</saml:Issuer>").unwrap() + "</saml:Issuer>".len();
        let mut signed = self.0.clone();
        signed.insert_str(place, &unsigned(id, how));
        let mut keys = KeysManager::new();
        keys.add_key(bergshamra::keys::loader::load_pem_auto(how.key.pem().as_bytes(), None).unwrap());
        Self(bergshamra::sign(&DsigContext::new_permissive(keys), &signed).unwrap())
    }

    /// The piece from one text to the end of another, the first there is.
    pub fn piece(&self, from: &str, to: &str) -> String {
        let start = self.0.find(from).unwrap();
        let end = start + self.0[start..].find(to).unwrap() + to.len();
        self.0[start..end].to_owned()
    }

    /// The assertion, with whatever is in it.
    pub fn assertion(&self) -> String {
        self.piece("<saml:Assertion ", "</saml:Assertion>")
    }

    /// The first signature.
    pub fn signature(&self) -> String {
        self.piece("<ds:Signature ", "</ds:Signature>")
    }

    /// Encrypts the assertion.
    pub fn encrypt(&self, how: &Sealing<'_>) -> Self {
        self.encrypt_as(how, self.assertion().as_bytes())
    }

    /// Puts any encrypted bytes into the assertion's place.
    pub fn encrypt_as(&self, how: &Sealing<'_>, plain: &[u8]) -> Self {
        let cipher = bergshamra::crypto::cipher::from_uri(how.cipher).unwrap();
        let key: Vec<u8> = (0..32).map(|n| n * 7 + 1).collect();
        let data = (how.spoil)(cipher.encrypt(&key[..cipher.key_size()], plain).unwrap());
        let session = &key[..how.key_length.unwrap_or(cipher.key_size())];
        let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(how.to.spki()).unwrap()).unwrap();
        let mut wrapped = vec![0; public.ciphertext_size()];
        public.encrypt(how.oaep, session, &mut wrapped, None).unwrap();
        self.change(&self.assertion(), &sealed(how, &wrapped, &data))
    }
}

fn unsigned(id: &str, how: &Signing<'_>) -> String {
    let Signing { method, digest, canonicalization, transforms, key_info, uri, .. } = how;
    let uri = uri.map_or(format!("#{id}"), str::to_owned);
    format!(
        r#"<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{canonicalization}"/><ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>{key_info}</ds:Signature>"#
    )
}

fn sealed(how: &Sealing<'_>, wrapped: &[u8], data: &[u8]) -> String {
    let Sealing { cipher, transport, parameters, .. } = how;
    let (wrapped, data) = (STANDARD.encode(wrapped), STANDARD.encode(data));
    let key = format!(
        r#"<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_k"><xenc:EncryptionMethod Algorithm="{transport}">{parameters}</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"#
    );
    let retrieval = r##"<ds:RetrievalMethod Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey" URI="#_k"/>"##;
    let (inside, beside) = if how.sibling { (retrieval, key.as_str()) } else { (key.as_str(), "") };
    format!(
        r#"<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{inside}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{beside}</saml:EncryptedAssertion>"#
    )
}
