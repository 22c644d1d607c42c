//! Before any tree: one streaming pass that bounds what a parser could be made to do.
//!
//! Measured elsewhere: 100 000 attributes on one element cost a common parser half a minute before the first signature check.

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use super::SamlError;

/// Elements inside each other.
const MAX_DEPTH: usize = 32;
/// Attributes of an element; namespace declarations are attributes here.
const MAX_ATTRIBUTES: usize = 64;

/// What differs between messages and metadata; each number with its words.
struct Limits {
    bytes: (usize, &'static str),
    /// Elements, attributes, texts and comments together.
    nodes: (usize, &'static str),
}

const MESSAGE: Limits = Limits { bytes: (256 * 1024, "256 KiB"), nodes: (20_000, "20000 nodes") };
/// A provider's metadata may describe a small federation.
const METADATA: Limits = Limits { bytes: (1024 * 1024, "1 MiB"), nodes: (80_000, "80000 nodes") };

/// Bytes of a message.
pub(super) const MAX_MESSAGE: usize = MESSAGE.bytes.0;

/// Lets through what is safe to parse: UTF-8 XML 1.0 with one root, no DTD, no processing instruction, and bounded.
///
/// # Errors
/// [`SamlError::Malformed`] or [`SamlError::TooLarge`].
pub(super) fn pass(message: &[u8]) -> Result<&str, SamlError> {
    scan(message, &MESSAGE)
}

/// The same for metadata, which may be bigger and, as some products save it, begin with a byte order mark.
///
/// # Errors
/// [`SamlError::Malformed`] or [`SamlError::TooLarge`].
pub(super) fn pass_metadata(document: &[u8]) -> Result<&str, SamlError> {
    scan(document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document), &METADATA)
}

fn scan<'m>(message: &'m [u8], limits: &'static Limits) -> Result<&'m str, SamlError> {
    if message.len() > limits.bytes.0 {
        return Err(SamlError::TooLarge(limits.bytes.1)); // C-36, C-38, C-53
    }
    let text = std::str::from_utf8(message).map_err(|_| SamlError::Malformed("it is not UTF-8"))?; // C-39
    if text.starts_with('\u{feff}') {
        return Err(SamlError::Malformed("it begins with a byte order mark"));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut seen = Seen { limits, depth: 0, roots: 0, nodes: 0 };
    loop {
        let begin = reader.buffer_position();
        let event = reader.read_event().map_err(|_| SamlError::Malformed("it is not well-formed"))?;
        if matches!(event, Event::Eof) {
            return if seen.depth == 0 && seen.roots == 1 {
                Ok(text)
            } else {
                Err(SamlError::Malformed("it is cut off"))
            };
        }
        seen.take(&event, begin == 0)?;
    }
}

struct Seen {
    limits: &'static Limits,
    depth: usize,
    roots: usize,
    nodes: usize,
}

impl Seen {
    fn take(&mut self, event: &Event<'_>, first: bool) -> Result<(), SamlError> {
        match event {
            Event::Start(element) => {
                self.open(element)?;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(SamlError::TooLarge("32 elements inside each other"));
                }
            }
            Event::Empty(element) => self.open(element)?,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Text(text) => self.text(text)?,
            Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => return outside(),
            Event::CData(_) | Event::GeneralRef(_) | Event::Comment(_) => self.count(1)?,
            Event::Decl(declaration) if first => check_declaration(declaration)?,
            // C-34, C-35: a DTD is refused, not understood.
            Event::DocType(_) => return Err(SamlError::Malformed("it has a DTD")),
            // canonicalisation and readers disagree about these.
            Event::PI(_) | Event::Decl(_) => return Err(SamlError::Malformed("it has a processing instruction")),
            Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), SamlError> {
        if self.depth == 0 {
            self.roots += 1;
            if self.roots > 1 {
                return Err(SamlError::Malformed("it has more than one root"));
            }
        }
        check_name(element.name().as_ref())?;
        // Repeated names are the parser's to refuse; looking for them here would be quadratic.
        let mut attributes = 0;
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| SamlError::Malformed("an attribute is not well-formed"))?;
            check_name(attribute.key.as_ref())?;
            attributes += 1;
            if attributes > MAX_ATTRIBUTES {
                return Err(SamlError::TooLarge("64 attributes on an element")); // C-36, C-37
            }
        }
        self.count(1 + attributes)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), SamlError> {
        if self.depth > 0 {
            return self.count(1);
        }
        if text.iter().all(u8::is_ascii_whitespace) { Ok(()) } else { outside() }
    }

    fn count(&mut self, nodes: usize) -> Result<(), SamlError> {
        self.nodes += nodes;
        let (most, words) = self.limits.nodes;
        if self.nodes > most { Err(SamlError::TooLarge(words)) } else { Ok(()) }
    }
}

/// A local name, or one prefix before it: what more colons mean, readers disagree about.
fn check_name(name: &[u8]) -> Result<(), SamlError> {
    let mut parts = name.split(|b| *b == b':');
    let fits = parts.by_ref().take(2).all(|part| !part.is_empty()) && parts.next().is_none();
    if fits { Ok(()) } else { Err(SamlError::Malformed("a name has more than one prefix")) }
}

fn outside() -> Result<(), SamlError> {
    Err(SamlError::Malformed("it has text outside its root"))
}

/// Only XML 1.0 and only UTF-8: what another declaration would mean, readers disagree about (C-39).
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), SamlError> {
    let version = declaration.version().map_err(|_| SamlError::Malformed("its declaration is not well-formed"))?;
    let utf8 = declaration.encoding().is_none_or(|e| e.is_ok_and(|e| e.eq_ignore_ascii_case(b"utf-8")));
    if version.as_ref() != b"1.0" || !utf8 {
        return Err(SamlError::Malformed("it is not XML 1.0 in UTF-8"));
    }
    Ok(())
}
