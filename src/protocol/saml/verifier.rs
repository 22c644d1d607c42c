//! One connection's verifier: its pinned certificates, its decryption keys, its policy; the steps in order.

use bergshamra::xml::uppsala::{Document, NodeId};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretSlice;

use super::decrypt::DecryptionKeys;
use super::error::tame;
use super::response;
use super::signature::Pinned;
use super::structure::{Layout, Signature};
use super::tree::{self, Node, SAML};
use super::{Certificate, Expected, SamlError, VerifiedResponse, Warning, gate, structure};

/// What a connection demands and allows. One signature is always demanded, on the response or the assertion.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The assertion itself must be signed.
    pub require_signed_assertion: bool,
    /// The response must be signed.
    pub require_signed_response: bool,
    /// The assertion must be encrypted.
    pub require_encrypted_assertion: bool,
    /// SHA-1 in signatures, for providers that know no better.
    pub allow_sha1: bool,
    /// AES-CBC under a signed response.
    pub allow_cbc: bool,
    /// How far clocks may differ.
    pub skew: Duration,
}

/// Checks what a provider sends. Built once for a connection and kept.
pub struct Verifier {
    pinned: Pinned,
    decryption: DecryptionKeys,
    policy: Policy,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Verifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Verifier {
    /// Of the provider's certificates and our decryption keys (PKCS#8 DER, newest first).
    ///
    /// # Errors
    /// [`SamlError::NoCertificate`] without any (S-02), [`SamlError::DecryptionKey`] for a key that cannot be used.
    pub fn new(
        certificates: &[Certificate],
        decryption_keys: &[SecretSlice<u8>],
        policy: Policy,
    ) -> Result<Self, SamlError> {
        Ok(Self { pinned: Pinned::new(certificates)?, decryption: DecryptionKeys::new(decryption_keys)?, policy })
    }

    /// Checks a `samlp:Response` and reads it.
    ///
    /// The caller makes sure that [`VerifiedResponse::assertion_id`] of this issuer is taken once (C-25, C-26).
    ///
    /// # Errors
    /// [`SamlError`]: the first thing that is wrong with it.
    pub fn response(&self, xml: &[u8], expected: &Expected<'_>) -> Result<VerifiedResponse, SamlError> {
        let text = gate::pass(xml)?;
        let document = tree::parse(text)?;
        let root = Node::root(&document)?;
        let layout = Layout::of_response(root, self.policy.allow_sha1)?;
        let Some(assertion) = layout.assertion else {
            response::check_status(root)?; // nobody is signed in without an assertion
            return Err(SamlError::Missing("Assertion"));
        };
        let outer = layout.signature_of(root);
        if outer.is_none() && self.policy.require_signed_response {
            return Err(SamlError::SignatureMissing("response"));
        }
        if assertion.is(SAML, "Assertion") {
            let inner = self.inner(outer, &layout, assertion)?;
            if self.policy.require_encrypted_assertion {
                return Err(SamlError::EncryptionMissing);
            }
            let warnings = self.check(&document, text, &layout, &[outer, inner], expected.now)?;
            return response::read(root, assertion, expected, self.policy.skew)
                .map(|response| VerifiedResponse { warnings, ..response });
        }
        let outside = self.check(&document, text, &layout, &[outer], expected.now)?;
        let plain = self.decryption.open(assertion, self.policy.allow_cbc && outer.is_some())?;
        let opened = gate::pass(plain.as_bytes()).and_then(tree::parse).map_err(|_| SamlError::Decryption)?;
        let layout = Layout::of_decrypted(Node::root(&opened)?, self.policy.allow_sha1)?;
        let shown = assertion.prefix();
        let assertion = layout.assertion.ok_or(SamlError::Decryption)?;
        let inner = self.inner(outer, &layout, assertion)?;
        // the signature around a ciphertext covers the prefix of EncryptedAssertion; others, which only the plaintext uses,
        // could be given another namespace.
        if inner.is_none() && !assertion.declares_its_names(shown) {
            return Err(SamlError::Decryption);
        }
        let inside = self.check(&opened, &plain, &layout, &[inner], expected.now)?;
        let warnings = outside.iter().chain(inside.iter().filter(|w| !outside.contains(w))).copied().collect();
        response::read(root, assertion, expected, self.policy.skew)
            .map(|response| VerifiedResponse { warnings, ..response })
    }

    /// Checks another message that came by POST, signed as a whole: logout.
    ///
    /// # Errors
    /// [`SamlError`]: the first thing that is wrong with it.
    pub fn message(&self, xml: &[u8], name: &'static str, now: DateTime<Utc>) -> Result<VerifiedMessage, SamlError> {
        let text = gate::pass(xml)?;
        let document = tree::parse(text)?;
        let root = Node::root(&document)?;
        let layout = Layout::of_message(root, name, self.policy.allow_sha1)?;
        let signature = layout.signature_of(root).ok_or(SamlError::SignatureMissing(name))?; // C-42
        self.check(&document, text, &layout, &[Some(signature)], now)?;
        let root = root.id;
        Ok(VerifiedMessage { document: document.into_static(), root })
    }

    /// Checks a signature over octets as they arrived: the Redirect binding (C-45).
    ///
    /// # Errors
    /// [`SamlError::Algorithm`] for one that the connection does not take, [`SamlError::SignatureInvalid`].
    pub fn octets(&self, algorithm: &str, octets: &[u8], signature: &[u8]) -> Result<(), SamlError> {
        if !structure::allows(algorithm, self.policy.allow_sha1) {
            return Err(SamlError::Algorithm(tame(algorithm)));
        }
        self.pinned.verify_octets(algorithm, octets, signature)
    }

    /// The assertion's own signature, if there is one; without the outer one it must be there.
    fn inner<'t>(
        &self,
        outer: Option<Signature<'_>>,
        layout: &Layout<'t>,
        assertion: Node<'t>,
    ) -> Result<Option<Signature<'t>>, SamlError> {
        let inner = layout.signature_of(assertion);
        if inner.is_none() && (outer.is_none() || self.policy.require_signed_assertion) {
            return Err(SamlError::SignatureMissing("assertion")); // S-01, S-29
        }
        Ok(inner)
    }

    /// Verifies these signatures, and tells what an admin should know about them.
    fn check(
        &self,
        document: &Document<'_>,
        source: &str,
        layout: &Layout<'_>,
        wanted: &[Option<Signature<'_>>],
        now: DateTime<Utc>,
    ) -> Result<Vec<Warning>, SamlError> {
        let wanted: Vec<_> = wanted.iter().flatten().copied().collect();
        let signers = self.pinned.verify(document, source, layout, &wanted)?;
        let mut warnings = Vec::new();
        if wanted.iter().any(|s| s.sha1) {
            warnings.push(Warning::Sha1);
        }
        // S-18: the dates of a pinned certificate are told, not enforced.
        if signers.iter().any(|c| c.not_after() < now) {
            warnings.push(Warning::CertificateExpired);
        }
        if signers.iter().any(|c| c.not_before() > now) {
            warnings.push(Warning::CertificateNotYetValid);
        }
        Ok(warnings)
    }
}

/// A message whose root was verified.
pub struct VerifiedMessage {
    document: Document<'static>,
    root: NodeId,
}

impl VerifiedMessage {
    /// A message whose signature is not in it and was checked before, by [`Verifier::octets`].
    ///
    /// # Errors
    /// [`SamlError`] for what is no message of this name.
    pub(super) fn signed_elsewhere(xml: &[u8], name: &'static str) -> Result<Self, SamlError> {
        let document = tree::parse(gate::pass(xml)?)?;
        let root = Node::root(&document)?;
        Layout::of_message(root, name, false)?;
        let root = root.id;
        Ok(Self { document: document.into_static(), root })
    }

    /// The root element, from which everything is read.
    pub(super) fn root(&self) -> Node<'_> {
        Node::at(&self.document, self.root)
    }
}
