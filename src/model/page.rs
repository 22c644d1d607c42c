//! Keyset pages: how every list is cut.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The most rows of one page.
pub const MAX_LIMIT: i64 = 200;

/// Which page is wanted: rows after `after` in id order, `limit` of them.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The last id of the page before.
    pub after: Option<Uuid>,
    /// How many rows, 1 to [`MAX_LIMIT`].
    pub limit: i64,
}

impl PageRequest {
    /// Everything up to the limit, from the start.
    #[must_use]
    pub const fn first() -> Self {
        Self { after: None, limit: MAX_LIMIT }
    }
}

/// The cursor that stands for "after this id"; opaque to clients, and no more than a position: the tenant's wall
/// holds whatever it says (T-10).
#[must_use]
pub fn encode_cursor(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// Reads a cursor back; `None` when it is not one of ours.
#[must_use]
pub fn decode_cursor(text: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Uuid::from_slice(&bytes).ok()
}
