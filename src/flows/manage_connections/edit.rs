//! edit: what is written of a connection, put into its row.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{ConnectionPatch, check, metadata};
use crate::context::Context;
use crate::context::provider::{key_place, secret_place};
use crate::flows::Error;
use crate::flows::patch::{merged, put};
use crate::model::connection::oidc::TokenEndpointAuthMethod;
use crate::model::connection::{Connection, Protocol, Settings};
use crate::model::text::name_key;
use crate::protocol::jwt::client_key::ClientKey;

/// Longest client secret, in bytes.
const MAX_SECRET: usize = 1024;

/// Puts a patch into the row, checked; gives the names of the fields that differ now.
///
/// # Errors
/// [`Error::Invalid`] with every fault, [`Error::Provider`] for metadata that cannot be used.
pub(super) fn apply_patch(
    ctx: &Context,
    row: &mut Connection,
    patch: ConnectionPatch,
) -> Result<Vec<&'static str>, Error> {
    let mut fields = Vec::new();
    let issuer = row.settings.0.issuer().map(str::to_owned);
    put(&mut row.display_name, patch.display_name, "display_name", &mut fields);
    row.display_name_key = name_key(&row.display_name);
    let settings = patch.settings.map(|p| merged_settings(&row.settings.0, p)).transpose()?;
    put(&mut row.settings.0, settings, "settings", &mut fields);
    let provisioning = patch.provisioning.map(|p| merged(&row.provisioning.0, p, "provisioning.")).transpose()?;
    put(&mut row.provisioning.0, provisioning, "provisioning", &mut fields);
    put(&mut row.client_secret_expires_at, patch.client_secret_expires_at, "client_secret_expires_at", &mut fields);
    if let Some(secret) = patch.client_secret {
        seal_secret(ctx, row, secret.as_ref())?;
        fields.push("client_secret");
    }
    check::check(ctx, row)?;
    if row.settings.0.issuer() != issuer.as_deref() {
        (row.provider_metadata, row.provider_metadata_at) = (None, None);
    }
    if metadata::take(ctx, row, patch.metadata_xml.as_deref(), patch.metadata_entity_id.as_deref())? {
        fields.push("provider_metadata");
    }
    Ok(fields)
}

pub(super) fn empty_settings(protocol: Protocol) -> Settings {
    match protocol {
        Protocol::Oidc => Settings::Oidc(Box::default()),
        Protocol::Saml => Settings::Saml(Box::default()),
    }
}

pub(super) fn merged_settings(current: &Settings, patch: Value) -> Result<Settings, Error> {
    let patch = if patch.is_null() { Value::Object(serde_json::Map::new()) } else { patch };
    Ok(match current {
        Settings::Oidc(settings) => Settings::Oidc(Box::new(merged(&**settings, patch, "settings.")?)),
        Settings::Saml(settings) => Settings::Saml(Box::new(merged(&**settings, patch, "settings.")?)),
    })
}

pub(super) fn seal_secret(ctx: &Context, row: &mut Connection, secret: Option<&SecretString>) -> Result<(), Error> {
    if secret.is_some_and(|s| s.expose_secret().is_empty() || s.expose_secret().len() > MAX_SECRET) {
        return Err(Error::invalid("client_secret", format!("must have 1 to {MAX_SECRET} bytes")));
    }
    row.client_secret = secret.map(|s| ctx.sealer.seal(secret_place(row), s.expose_secret().as_bytes()));
    Ok(())
}

/// A connection that proves itself by `private_key_jwt` has a key of its own, from the moment it says so.
pub(super) fn make_client_key(ctx: &Context, row: &mut Connection) -> Result<(), Error> {
    let Settings::Oidc(settings) = &row.settings.0 else { return Ok(()) };
    let wanted = settings.token_endpoint_auth_method == Some(TokenEndpointAuthMethod::PrivateKeyJwt);
    if !wanted || row.client_key.is_some() {
        return Ok(());
    }
    let failed = |e: String| Error::Internal(e);
    let der = ClientKey::generate().map_err(|e| failed(e.to_string()))?;
    let key = ClientKey::from_pkcs8(&der).map_err(|e| failed(e.to_string()))?;
    row.client_key_public = Some(serde_json::to_value(key.public_jwk()).map_err(|e| failed(e.to_string()))?);
    row.client_key = Some(ctx.sealer.seal(key_place(row), der.expose_secret()));
    Ok(())
}
