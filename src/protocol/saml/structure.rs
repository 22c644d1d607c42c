//! Where things are, before any cryptography: signature wrapping is refused by place and by count, not by cleverness.
//!
//! Elements called `Assertion`, `EncryptedAssertion`, `Response` or `Signature` may only stand where an honest message has
//! them, whatever their namespace. A signature has exactly the form below, so the library that verifies it never meets
//! another transform, reference or key:
//!
//! `Signature( SignedInfo( CanonicalizationMethod, SignatureMethod, Reference( Transforms(2), DigestMethod, DigestValue )),
//! SignatureValue, KeyInfo? )`

use std::collections::HashSet;

use super::SamlError;
use super::tree::{DS, Node, SAML, SAMLP};

/// Exclusive canonicalisation.
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The signature is inside what it signs.
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

const SIGNATURES: &[&str] = &[
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
];
const SHA1_SIGNATURES: &[&str] =
    &["http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"];

const DIGESTS: &[&str] = &[
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// Whether a signature algorithm is one that a connection takes.
pub(super) fn allows(algorithm: &str, allow_sha1: bool) -> bool {
    SIGNATURES.contains(&algorithm) || (allow_sha1 && SHA1_SIGNATURES.contains(&algorithm))
}

/// Signatures in one message; an honest one has two, more only with signed advice.
const MAX_SIGNATURES: usize = 8;

/// Prefixes in the list of a transform, and the bytes of it: the verifier looks each up at every element, before it looks at the
/// signature. Real ones have five.
const MAX_PREFIXES: usize = 16;
const MAX_PREFIX_BYTES: usize = 256;

/// A signature of the right form on the element around it. Not verified yet.
#[derive(Clone, Copy)]
pub(super) struct Signature<'t> {
    /// `ds:Signature`.
    pub(super) node: Node<'t>,
    /// What it signs: the element that it is a child of.
    pub(super) parent: Node<'t>,
    /// SHA-1 is in it.
    pub(super) sha1: bool,
}

/// A message whose parts are where they should be.
pub(super) struct Layout<'t> {
    /// `saml:Assertion`, or `saml:EncryptedAssertion`, or neither.
    pub(super) assertion: Option<Node<'t>>,
    /// All signatures.
    signatures: Vec<Signature<'t>>,
}

impl<'t> Layout<'t> {
    /// Of a `samlp:Response`.
    pub(super) fn of_response(root: Node<'t>, allow_sha1: bool) -> Result<Self, SamlError> {
        if !root.is(SAMLP, "Response") {
            return Err(SamlError::Structure("the root is no Response"));
        }
        Self::read(root, allow_sha1)
    }

    /// Of the element that a decrypted assertion was put into.
    pub(super) fn of_decrypted(root: Node<'t>, allow_sha1: bool) -> Result<Self, SamlError> {
        let layout = Self::read(root, allow_sha1)?;
        // what comes out is one assertion and nothing else.
        let one = root.children().count() == 1 && layout.assertion.is_some_and(|a| a.is(SAML, "Assertion"));
        if one { Ok(layout) } else { Err(SamlError::Decryption) }
    }

    /// Of another message: no assertion anywhere (C-43).
    pub(super) fn of_message(root: Node<'t>, name: &'static str, allow_sha1: bool) -> Result<Self, SamlError> {
        if !root.is(SAMLP, name) {
            return Err(SamlError::Structure("the root is another message"));
        }
        let layout = Self::read(root, allow_sha1)?;
        if layout.assertion.is_some() { Err(SamlError::Structure("there is an assertion inside")) } else { Ok(layout) }
    }

    fn read(root: Node<'t>, allow_sha1: bool) -> Result<Self, SamlError> {
        check_ids(root)?;
        let mut layout = Self { assertion: None, signatures: Vec::new() };
        for node in root.descendants() {
            match node.local_name() {
                "Response" if node.id != root.id => return Err(SamlError::Structure("there is a response inside")),
                "Assertion" | "EncryptedAssertion" => layout.take_assertion(root, node)?,
                "Signature" => layout.take_signature(root, node, allow_sha1)?,
                _ => {}
            }
        }
        Ok(layout)
    }

    /// The one assertion is a child of the root; further ones are only advice.
    fn take_assertion(&mut self, root: Node<'t>, node: Node<'t>) -> Result<(), SamlError> {
        let child = node.parent().is_some_and(|p| p.id == root.id);
        if child && node.is(SAML, node.local_name()) {
            //
            return match self.assertion.replace(node) {
                Some(_) => Err(SamlError::Structure("there is more than one assertion")),
                None => Ok(()),
            };
        }
        //
        if self.is_advice(node) { Ok(()) } else { Err(SamlError::Structure("an assertion is where none belongs")) }
    }

    /// `Assertion/Advice/Assertion`, the first being the one that counts.
    fn is_advice(&self, node: Node<'t>) -> bool {
        let advice = node.parent().filter(|p| p.is(SAML, "Advice"));
        let holder = advice.and_then(Node::parent);
        node.is(SAML, "Assertion") && holder.is_some_and(|h| self.assertion.is_some_and(|a| a.id == h.id))
    }

    fn take_signature(&mut self, root: Node<'t>, node: Node<'t>, allow_sha1: bool) -> Result<(), SamlError> {
        let parent = node.parent().filter(|p| p.id == root.id || p.is(SAML, "Assertion"));
        let Some(parent) = parent.filter(|_| node.is(DS, "Signature")) else {
            return Err(SamlError::Structure("a signature is where none belongs"));
        };
        if self.signatures.iter().any(|s| s.parent.id == parent.id) {
            return Err(SamlError::Structure("an element has two signatures"));
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(SamlError::Structure("there are too many signatures")); // C-38
        }
        let sha1 = check_signature(node, parent, allow_sha1)?;
        self.signatures.push(Signature { node, parent, sha1 });
        Ok(())
    }

    /// Every signature in the message, in document order.
    pub(super) fn signatures(&self) -> &[Signature<'t>] {
        &self.signatures
    }

    /// The signature on one element.
    pub(super) fn signature_of(&self, node: Node<'t>) -> Option<Signature<'t>> {
        self.signatures.iter().find(|s| s.parent.id == node.id).copied()
    }
}

/// Every ID once in the document, at most one on an element, and none in a namespace, where one reader sees it and another
/// does not.
fn check_ids(root: Node<'_>) -> Result<(), SamlError> {
    let mut seen = HashSet::new();
    for node in root.descendants() {
        let mut own = 0;
        for ((namespace, name), value) in node.attributes() {
            if !name.eq_ignore_ascii_case("ID") && name != "AssertionID" {
                continue;
            }
            own += 1;
            if namespace.is_some() || own > 1 {
                return Err(SamlError::Structure("an element has a second or foreign ID"));
            }
            if value.is_empty() || !seen.insert(value) {
                return Err(SamlError::Structure("an ID is empty or used twice"));
            }
        }
    }
    Ok(())
}

/// The form of a signature and its algorithms. Answers whether SHA-1 is among them.
fn check_signature(signature: Node<'_>, parent: Node<'_>, allow_sha1: bool) -> Result<bool, SamlError> {
    // a comment is canonicalised away where it is signed and splits text where it is read.
    if signature.has_comments() {
        return Err(SamlError::Structure("there is a comment in a signature"));
    }
    let [info, rest @ ..] = &exactly(signature, &["SignedInfo", "SignatureValue", "KeyInfo"], 2)?[..] else {
        return Err(SamlError::Structure("a signature has another form"));
    };
    rest[0].text()?;
    let [canonical, method, reference] = exact(*info, &["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    check_canonicalization(canonical)?;
    // S-10, S-13: a secret-key algorithm or a truncation is neither in the list nor in the form.
    let signature_sha1 = check_algorithm(method, SIGNATURES, SHA1_SIGNATURES, allow_sha1)?;
    exact::<0>(method, &[])?;
    // the reference is the ID of the element that holds the signature, and nothing else.
    let id = parent.attribute("ID").ok_or(SamlError::Structure("a signed element has no ID"))?;
    if plain(reference)?.attribute("URI").and_then(|u| u.strip_prefix('#')) != Some(id) {
        return Err(SamlError::Structure("a signature does not refer to the element that it is in"));
    }
    let [transforms, digest, value] = exact(reference, &["Transforms", "DigestMethod", "DigestValue"])?;
    let [enveloped, exclusive] = exact(transforms, &["Transform", "Transform"])?;
    if algorithm(enveloped)? != ENVELOPED {
        return Err(SamlError::Structure("a signature has other transforms"));
    }
    exact::<0>(enveloped, &[])?;
    check_canonicalization(exclusive)?;
    let digest_sha1 = check_algorithm(digest, DIGESTS, &[SHA1], allow_sha1)?; // S-12
    exact::<0>(digest, &[])?;
    value.text()?;
    Ok(signature_sha1 || digest_sha1)
}

fn check_algorithm(node: Node<'_>, good: &[&str], weak: &[&str], allow_weak: bool) -> Result<bool, SamlError> {
    let uri = algorithm(node)?;
    let is_weak = weak.contains(&uri);
    if good.contains(&uri) || (is_weak && allow_weak) {
        return Ok(is_weak);
    }
    Err(SamlError::Algorithm(super::error::tame(uri))) // S-11
}

/// Exclusive canonicalisation without comments; a short list of prefixes is fine.
fn check_canonicalization(node: Node<'_>) -> Result<(), SamlError> {
    if algorithm(node)? != EXCLUSIVE {
        return Err(SamlError::Algorithm(super::error::tame(algorithm(node)?)));
    }
    match node.children().collect::<Vec<_>>()[..] {
        [] => Ok(()),
        [prefixes] if prefixes.is(EXCLUSIVE, "InclusiveNamespaces") => {
            let list = plain(prefixes)?.attribute("PrefixList").unwrap_or_default();
            if list.len() > MAX_PREFIX_BYTES || list.split_whitespace().count() > MAX_PREFIXES {
                return Err(SamlError::TooLarge("16 prefixes in a list")); // S-22
            }
            Ok(())
        }
        _ => Err(SamlError::Structure("a transform has more than a list of prefixes")),
    }
}

fn algorithm(node: Node<'_>) -> Result<&str, SamlError> {
    plain(node)?.attribute("Algorithm").ok_or(SamlError::Structure("an algorithm is not named"))
}

/// An element without attributes in a namespace: the verifier would read those under their local name.
fn plain(node: Node<'_>) -> Result<Node<'_>, SamlError> {
    let foreign = node.attributes().any(|((namespace, _), _)| namespace.is_some());
    if foreign { Err(SamlError::Structure("a signature has a foreign attribute")) } else { Ok(node) }
}

/// The child elements, when they are exactly these elements of XML Signature in this order (X-17, X-33, S-22).
fn exact<'t, const N: usize>(node: Node<'t>, names: &[&'static str; N]) -> Result<[Node<'t>; N], SamlError> {
    let children = exactly(node, names, N)?;
    children.try_into().map_err(|_| SamlError::Structure("a signature has another form"))
}

/// Likewise; those after the first `least` may be missing.
fn exactly<'t>(node: Node<'t>, names: &[&'static str], least: usize) -> Result<Vec<Node<'t>>, SamlError> {
    let children: Vec<_> = node.children().take(names.len() + 1).collect();
    let fit = children.len() >= least && children.len() <= names.len();
    if fit && children.iter().zip(names).all(|(child, name)| child.is(DS, name)) {
        return Ok(children);
    }
    Err(SamlError::Structure("a signature has another form"))
}
