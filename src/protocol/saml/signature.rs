//! The cryptography of signatures: bergshamra verifies the tree that was parsed, with the pinned keys and no others.
//!
//! Whatever a KeyInfo offers is ignored (S-05, S-06, S-07): the context trusts configured keys only, and [`super::structure`]
//! has made sure that there is no other reference, transform or algorithm.

use bergshamra::xml::uppsala::Document;
use bergshamra::{DsigContext, KeysManager, VerifyResult};

use super::error::tame;
use super::structure::{Layout, Signature};
use super::{Certificate, SamlError};

/// The certificates of a connection, imported once.
pub(super) struct Pinned {
    context: DsigContext,
    certificates: Vec<Certificate>,
}

impl Pinned {
    /// Of at least one certificate.
    ///
    /// # Errors
    /// [`SamlError::NoCertificate`]: without one, nothing may ever be accepted (S-02).
    pub(super) fn new(certificates: &[Certificate]) -> Result<Self, SamlError> {
        if certificates.is_empty() {
            return Err(SamlError::NoCertificate);
        }
        let mut keys = KeysManager::new();
        keys.add_keys(certificates.iter().map(Certificate::key));
        Ok(Self { context: DsigContext::new(keys), certificates: certificates.to_vec() })
    }

    /// Verifies every signature of the message. One on advice may be somebody else's; those in `wanted` are ours, and the
    /// certificates that made them come back in the same order.
    ///
    /// # Errors
    /// [`SamlError::SignatureInvalid`] if one of them is not good (S-04, S-16, S-17).
    pub(super) fn verify(
        &self,
        document: &Document<'_>,
        source: &str,
        layout: &Layout<'_>,
        wanted: &[Signature<'_>],
    ) -> Result<Vec<&Certificate>, SamlError> {
        let invalid = |s: &Signature<'_>| SamlError::SignatureInvalid(tame(s.parent.local_name()));
        let Some(first) = wanted.first() else { return Ok(Vec::new()) };
        let results = bergshamra::dsig::verify::verify_all_document_with_source(&self.context, document, Some(source))
            .map_err(|_| invalid(first))?;
        if results.len() != layout.signatures().len() {
            return Err(SamlError::Structure("a signature is where none belongs"));
        }
        wanted.iter().map(|s| self.signer(&results, *s).ok_or_else(|| invalid(s))).collect()
    }

    /// Verifies a signature over octets, as the Redirect binding has it.
    ///
    /// # Errors
    /// [`SamlError::Algorithm`] or [`SamlError::SignatureInvalid`].
    pub(super) fn verify_octets(&self, algorithm: &str, octets: &[u8], signature: &[u8]) -> Result<(), SamlError> {
        let refused = || SamlError::Algorithm(tame(algorithm));
        let method = bergshamra::crypto::sign::from_uri(algorithm).map_err(|_| refused())?;
        let good = self.certificates.iter().any(|certificate| {
            let key = certificate.key().to_signing_key().ok().flatten();
            key.is_some_and(|key| method.verify(&key, octets, signature).unwrap_or(false))
        });
        if good { Ok(()) } else { Err(SamlError::SignatureInvalid("query".to_owned())) }
    }

    /// Whose key made a signature, if it is good and covers the element that it is in.
    fn signer(&self, results: &[VerifyResult], wanted: Signature<'_>) -> Option<&Certificate> {
        results.iter().find_map(|result| match result {
            VerifyResult::Valid { signature_node, references, key_info } if *signature_node == wanted.node.id => {
                let [reference] = &references[..] else { return None };
                let covers = reference.digest_verified && reference.resolved_node == Some(wanted.parent.id);
                let der = key_info.x509_chain.first()?;
                self.certificates.iter().find(|c| c.der() == der).filter(|_| covers)
            }
            _ => None,
        })
    }
}
