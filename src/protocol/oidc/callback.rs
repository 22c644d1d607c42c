//! What the browser brings back from the provider.

use super::endpoints::Endpoints;
use super::error::{OidcError, printable};
use super::issuer;
use crate::model::connection::oidc::OidcSettings;

/// Checks the authorization response's `iss` (RFC 9207, O-12 and O-13): required when the metadata promises it, and
/// whenever present it must be the connection's provider.
///
/// # Errors
/// [`OidcError::ResponseIssuer`].
pub fn check_issuer(settings: &OidcSettings, endpoints: &Endpoints, iss: Option<&str>) -> Result<(), OidcError> {
    let right = match iss {
        None => !endpoints.response_has_issuer,
        // A provider of many directories may answer for any allowed one; which one, the ID token says.
        Some(iss) if issuer::is_template(settings) => {
            let directories = settings.allowed_tenant_ids.iter();
            directories.map(|tid| issuer::resolve(settings, iss, Some(tid))).any(|found| found.is_some())
        }
        Some(iss) => issuer::resolve(settings, iss, None).is_some(),
    };
    if right {
        Ok(())
    } else {
        Err(OidcError::ResponseIssuer { expected: endpoints.issuer.clone(), got: iss.map(printable) })
    }
}
