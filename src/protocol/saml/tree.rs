//! The one view on parsed XML: what was verified is what is read.
//!
//! Names are compared with their namespace, attributes are those without one, and text is the whole text or none.

use bergshamra::xml::uppsala::{Document, NodeId, NodeKind, Parser};

use super::SamlError;

/// SAML assertions.
pub(super) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML protocol messages.
pub(super) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// XML Signature.
pub(super) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption.
pub(super) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1.
pub(super) const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Parses what [`super::gate`] let through.
///
/// # Errors
/// [`SamlError::Malformed`]: not well-formed, an undeclared prefix or entity, a repeated attribute, a prefix for no namespace.
pub(super) fn parse(text: &str) -> Result<Document<'_>, SamlError> {
    let parsed = Parser::new().with_forbid_dtd(true).parse(text);
    let document = parsed.map_err(|_| SamlError::Malformed("it is not well-formed"))?;
    // Namespaces in XML 1.0 forbids `xmlns:p=""`, the parser takes it, and the canonical form does not show it: below it
    // a signed name would be another one, with a signature that is still good.
    let undeclares = |node: Node<'_>| node.declared().any(|(prefix, uri)| !prefix.is_empty() && uri.is_empty());
    if Node::root(&document)?.descendants().any(undeclares) {
        return Err(SamlError::Malformed("a prefix stands for no namespace"));
    }
    Ok(document)
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    document: &'t Document<'t>,
    /// Its place in the document.
    pub(super) id: NodeId,
}

impl<'t> Node<'t> {
    /// The root element.
    pub(super) fn root(document: &'t Document<'t>) -> Result<Self, SamlError> {
        let id = document.document_element().ok_or(SamlError::Malformed("it has no root"))?;
        Ok(Self::at(document, id))
    }

    /// The element at a place that is known.
    pub(super) fn at(document: &'t Document<'t>, id: NodeId) -> Self {
        Self { document, id }
    }

    /// Whether it has this name in this namespace.
    pub(super) fn is(self, namespace: &str, name: &str) -> bool {
        self.document.element(self.id).is_some_and(|e| e.matches_name_ns(namespace, name))
    }

    /// Its name without namespace.
    pub(super) fn local_name(self) -> &'t str {
        self.document.element(self.id).map_or("", |e| e.name.local_name.as_ref())
    }

    /// The prefix of its name; empty for none.
    pub(super) fn prefix(self) -> &'t str {
        self.document.element(self.id).and_then(|e| e.name.prefix.as_deref()).unwrap_or_default()
    }

    /// Its child elements.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        let document = self.document;
        let elements = document.children_iter(self.id).filter(|id| document.element(*id).is_some());
        elements.map(move |id| Self { document, id })
    }

    /// Its child elements of this name.
    pub(super) fn all(self, namespace: &'static str, name: &'static str) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(move |n| n.is(namespace, name))
    }

    /// Its child element of this name, if there is one.
    ///
    /// # Errors
    /// [`SamlError::Structure`] when there are several.
    pub(super) fn one(self, namespace: &'static str, name: &'static str) -> Result<Option<Node<'t>>, SamlError> {
        let mut found = self.all(namespace, name);
        let first = found.next();
        if found.next().is_some() { Err(SamlError::Structure("an element occurs twice")) } else { Ok(first) }
    }

    /// Its child element of this name.
    ///
    /// # Errors
    /// [`SamlError::Missing`] when there is none, [`SamlError::Structure`] when there are several.
    pub(super) fn need(self, namespace: &'static str, name: &'static str) -> Result<Node<'t>, SamlError> {
        self.one(namespace, name)?.ok_or(SamlError::Missing(name))
    }

    /// Itself and every element below, in document order.
    pub(super) fn descendants(self) -> impl Iterator<Item = Node<'t>> {
        let document = self.document;
        let mut stack = vec![self];
        std::iter::from_fn(move || {
            let node = stack.pop()?;
            let below = document.children_iter(node.id).rev().filter(|id| document.element(*id).is_some());
            stack.extend(below.map(|id| Self { document, id }));
            Some(node)
        })
    }

    /// The element around it.
    pub(super) fn parent(self) -> Option<Node<'t>> {
        let id = self.document.parent(self.id)?;
        self.document.element(id).map(|_| Self { document: self.document, id })
    }

    /// The value of its attribute of this name in no namespace.
    pub(super) fn attribute(self, name: &str) -> Option<&'t str> {
        let (_, value) = self.attributes().find(|((namespace, local), _)| namespace.is_none() && *local == name)?;
        Some(value)
    }

    /// Its attributes, each with namespace, local name and value; namespace declarations are none.
    pub(super) fn attributes(self) -> impl Iterator<Item = ((Option<&'t str>, &'t str), &'t str)> {
        let attributes = self.document.element(self.id).map_or(&[][..], |e| &e.attributes);
        attributes.iter().map(|a| ((a.name.namespace_uri.as_deref(), a.name.local_name.as_ref()), a.value.as_ref()))
    }

    /// Whether the prefix of its name, and of each element below, is declared on it or below it, or is `known`.
    pub(super) fn declares_its_names(self, known: &str) -> bool {
        let declares = |node: Node<'_>, prefix| node.declared().any(|(declared, _)| declared == prefix);
        let within = |node: Node<'t>| {
            let mut around = std::iter::successors(Some(node), |n| if n.id == self.id { None } else { n.parent() });
            node.prefix() == known || around.any(|n| declares(n, node.prefix()))
        };
        self.descendants().all(within)
    }

    /// The namespaces declared on it: prefix (empty for the default) and URI.
    pub(super) fn declared(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let declared = self.document.element(self.id).map_or(&[][..], |e| &e.namespace_declarations);
        declared.iter().map(|(prefix, uri)| (prefix.as_ref(), uri.as_ref()))
    }

    /// Its whole text: a comment inside neither cuts it nor hides an element.
    ///
    /// # Errors
    /// [`SamlError::Structure`] when an element is inside.
    pub(super) fn text(self) -> Result<String, SamlError> {
        let mut whole = String::new();
        for id in self.document.children_iter(self.id) {
            match self.document.node_kind(id) {
                Some(NodeKind::Text(text) | NodeKind::CData(text)) => whole.push_str(text),
                Some(NodeKind::Comment(_)) => {}
                _ => return Err(SamlError::Structure("there is an element where text belongs")),
            }
        }
        Ok(whole)
    }

    /// Whether a comment is inside, at any depth.
    pub(super) fn has_comments(self) -> bool {
        let comment = |id| matches!(self.document.node_kind(id), Some(NodeKind::Comment(_)));
        self.descendants().any(|n| self.document.children_iter(n.id).any(comment))
    }
}
