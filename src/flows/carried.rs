//! carried: what a browser carries for us from one request to another, sealed: it can neither read nor change it, and it
//! opens for that tenant and that purpose alone. How long it counts is for whoever reads it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::secrets::sealed::Place;

/// Longest text that is looked at, in bytes: no cookie or `state` of ours is longer.
const LONGEST: usize = 4096;

/// Seals it into a text for a cookie, a form or a URL.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub fn write<T: Serialize>(
    ctx: &Context,
    tenant: Uuid,
    purpose: &'static str,
    what: &T,
) -> Result<SecretString, Error> {
    let bytes = serde_json::to_vec(what).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(ctx.sealer.seal(place(tenant, purpose), &bytes)).into())
}

/// Opens it again; `None` for everything that is not ours, of this tenant and for this purpose.
#[must_use]
pub fn read<T: DeserializeOwned>(ctx: &Context, tenant: Uuid, purpose: &'static str, text: &str) -> Option<T> {
    let sealed = URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= LONGEST)?).ok()?;
    let bytes = ctx.sealer.open(place(tenant, purpose), &sealed).ok()?;
    serde_json::from_slice(bytes.expose_secret()).ok()
}

/// It lives in no table.
const fn place(tenant: Uuid, purpose: &'static str) -> Place {
    Place { tenant, table: "(carried by a browser)", row: Uuid::nil(), column: purpose }
}
