//! manage_saml_keys: key pairs of our own at SAML connections: made with them, added, brought into use, deleted.
//!
//! A new key is published first and used when an admin says that the provider knows it; the one before it stays until it
//! is deleted or the next one follows.

use diesel::PgConnection;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::context::saml_provider::saml_key_place;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::model::audit::{Event, KeyOf};
use crate::model::connection::saml::RequestSignature;
use crate::model::connection::{Connection, ConnectionStatus, Settings};
use crate::model::saml_key::{KeyStatus, KeyUsage, SamlKey};
use crate::protocol::saml::Certificate;
use crate::protocol::saml::key::{KeyError, KeyKind, SpKey};
use crate::store::{Versioned, saml_keys};

/// A key pair to add: pasted when there are certificate and private key, made otherwise.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SamlKeyIn {
    /// What it is for.
    #[serde(default = "signing")]
    #[garde(skip)]
    pub usage: KeyUsage,
    /// Its certificate, in PEM.
    #[garde(skip)]
    pub certificate: Option<String>,
    /// The private key of the certificate, in PEM (PKCS#8, PKCS#1 or SEC1), without a passphrase.
    #[schema(value_type = Option<String>, write_only)]
    #[garde(skip)]
    pub private_key: Option<SecretString>,
}

const fn signing() -> KeyUsage {
    KeyUsage::Signing
}

/// The keys that a connection begins with; none for OIDC.
///
/// # Errors
/// [`Error::Internal`] when none can be made.
pub async fn first_keys(ctx: &Context, slug: &str, row: &Connection) -> Result<Vec<SamlKey>, Error> {
    let Settings::Saml(settings) = &row.settings.0 else { return Ok(Vec::new()) };
    let of = |usage| (usage, KeyStatus::Current);
    let signing = made(ctx, slug, row, of(KeyUsage::Signing), kind(settings.request_signature)).await?;
    let encryption = made(ctx, slug, row, of(KeyUsage::Encryption), KeyKind::Rsa2048).await?;
    Ok(vec![signing, encryption])
}

/// A key of the kind that requests shall be signed with, when `new` wants another one than `old`: for a draft to be used
/// at once, else next. [`put_in_place`] says whether it is needed.
///
/// # Errors
/// [`Error::Internal`] when none can be made.
pub async fn key_of_kind(
    ctx: &Context,
    slug: &str,
    old: &Connection,
    new: &Connection,
) -> Result<Option<SamlKey>, Error> {
    let (Settings::Saml(old), Settings::Saml(settings)) = (&old.settings.0, &new.settings.0) else { return Ok(None) };
    if old.request_signature == settings.request_signature {
        return Ok(None);
    }
    let status = if new.status == ConnectionStatus::Draft { KeyStatus::Current } else { KeyStatus::Next };
    made(ctx, slug, new, (KeyUsage::Signing, status), kind(settings.request_signature)).await.map(Some)
}

/// Adds such a key where none of its kind is in use or next; its connection's row is held. Gives the events of it: a
/// draft's key makes room, and is told too.
///
/// # Errors
/// [`Error::Conflict`] `rotation_pending` when a key of another kind is published to be used next.
pub fn put_in_place(conn: &mut PgConnection, key: &SamlKey) -> Result<Vec<Event>, Error> {
    let keys = saml_keys::of_connection(conn, key.tenant_id, key.connection_id)?;
    let wanted = kind_of_key(key);
    let going = || keys.iter().filter(|k| k.usage == key.usage && k.status != KeyStatus::Previous);
    if going().any(|k| kind_of_key(k) == wanted) {
        return Ok(Vec::new());
    }
    let about = |id| KeyOf { id, owner_id: Some(key.connection_id) };
    let mut events = Vec::new();
    if let Some(before) = going().find(|k| k.status == key.status) {
        if key.status == KeyStatus::Next {
            return Err(rotation_pending());
        }
        saml_keys::delete(conn, key.tenant_id, before.id)?;
        events.push(Event::SamlKeyDeleted(about(before.id)));
    }
    saml_keys::insert(conn, key.tenant_id, key)?;
    events.push(Event::SamlKeyCreated(about(key.id)));
    Ok(events)
}

fn rotation_pending() -> Error {
    Error::conflict("rotation_pending", "a key of this use is published already: activate or delete it first")
}

/// Adds a key pair, to be used next; at once where there is none of this use.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] for what is no pair, [`Error::Conflict`] `connection_not_saml` or
/// `rotation_pending`.
pub async fn create(ctx: &Context, caller: &Caller, connection: Uuid, input: SamlKeyIn) -> Result<SamlKey, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let row = ctx.db.tenant(tenant, move |conn| find(conn, tenant, connection)).await?;
    let Settings::Saml(settings) = &row.settings.0 else { return Err(not_saml()) };
    let place = (input.usage, KeyStatus::Next);
    let mut key = match (&input.certificate, &input.private_key) {
        (None, None) => {
            let signs = input.usage == KeyUsage::Signing;
            let kind = if signs { kind(settings.request_signature) } else { KeyKind::Rsa2048 };
            made(ctx, &caller.tenant.tenant.slug, &row, place, kind).await?
        }
        (Some(certificate), Some(private_key)) => {
            let pair = SpKey::from_pem(private_key, certificate).map_err(unusable)?;
            if input.usage == KeyUsage::Encryption && kind_of(pair.certificate()) != KeyKind::Rsa2048 {
                return Err(Error::invalid("certificate", "must be of an RSA key: providers encrypt for no other"));
            }
            sealed(ctx, &row, place, &pair)
        }
        (Some(_), None) => return Err(Error::invalid("private_key", "is needed with a certificate")),
        (None, Some(_)) => return Err(Error::invalid("certificate", "is needed with a private key")),
    };
    write(ctx, tenant, stamp, move |conn| {
        find(conn, tenant, connection)?;
        let keys = saml_keys::of_connection(conn, tenant, connection)?;
        let taken = |status| keys.iter().any(|k| k.usage == key.usage && k.status == status);
        if taken(KeyStatus::Next) {
            return Err(rotation_pending());
        }
        if !taken(KeyStatus::Current) {
            key.status = KeyStatus::Current;
        }
        saml_keys::insert(conn, tenant, &key)?;
        let event = Event::SamlKeyCreated(KeyOf { id: key.id, owner_id: Some(connection) });
        Ok((key, Some(event)))
    })
    .await
}

/// Brings a key into use; the one before stays published.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `saml_key_not_next`.
pub async fn activate(ctx: &Context, caller: &Caller, connection: Uuid, id: Uuid) -> Result<SamlKey, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let key = of(conn, tenant, connection, id)?;
        match key.status {
            KeyStatus::Current => return Ok((key, None)),
            KeyStatus::Previous => {
                return Err(Error::conflict("saml_key_not_next", "the key was in use before; add a new one"));
            }
            KeyStatus::Next => {}
        }
        let usage = key.usage;
        saml_keys::clear(conn, tenant, connection, (usage, KeyStatus::Previous))?;
        saml_keys::promote(conn, tenant, connection, usage, (KeyStatus::Current, KeyStatus::Previous))?;
        saml_keys::promote(conn, tenant, connection, usage, (KeyStatus::Next, KeyStatus::Current))?;
        let event = Event::SamlKeyActivated(KeyOf { id, owner_id: Some(connection) });
        Ok((SamlKey { status: KeyStatus::Current, ..key }, Some(event)))
    })
    .await
}

/// Deletes a key that is not in use.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `saml_key_in_use`.
pub async fn delete(ctx: &Context, caller: &Caller, connection: Uuid, id: Uuid) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        if of(conn, tenant, connection, id)?.status == KeyStatus::Current {
            return Err(Error::conflict("saml_key_in_use", "the key is in use: activate another one first"));
        }
        saml_keys::delete(conn, tenant, id)?;
        Ok(((), Some(Event::SamlKeyDeleted(KeyOf { id, owner_id: Some(connection) }))))
    })
    .await
}

fn not_saml() -> Error {
    Error::conflict("connection_not_saml", "this is for connections that speak SAML")
}

/// The connection, held so that two rotations at once follow each other.
fn find(conn: &mut PgConnection, tenant: Uuid, connection: Uuid) -> Result<Connection, Error> {
    Connection::lock(conn, tenant, connection)?.ok_or(Error::NotFound)
}

fn of(conn: &mut PgConnection, tenant: Uuid, connection: Uuid, id: Uuid) -> Result<SamlKey, Error> {
    find(conn, tenant, connection)?;
    let keys = saml_keys::of_connection(conn, tenant, connection)?;
    keys.into_iter().find(|key| key.id == id).ok_or(Error::NotFound)
}

fn kind(signature: RequestSignature) -> KeyKind {
    match signature {
        RequestSignature::RsaSha256 => KeyKind::Rsa2048,
        RequestSignature::EcdsaSha256 => KeyKind::EcP256,
    }
}

fn kind_of(certificate: &Certificate) -> KeyKind {
    if certificate.algorithm().starts_with("RSA") { KeyKind::Rsa2048 } else { KeyKind::EcP256 }
}

fn kind_of_key(key: &SamlKey) -> Option<KeyKind> {
    Certificate::parse(&key.certificate).ok().map(|certificate| kind_of(&certificate))
}

/// S-20: says what is wrong with a pair, and nothing of it.
fn unusable(error: KeyError) -> Error {
    let field = match error {
        KeyError::Certificate(_) | KeyError::Mismatch => "certificate",
        _ => "private_key",
    };
    Error::invalid(field, error.to_string())
}

async fn made(
    ctx: &Context,
    slug: &str,
    row: &Connection,
    place: (KeyUsage, KeyStatus),
    kind: KeyKind,
) -> Result<SamlKey, Error> {
    let (name, now) = (format!("Doorward {slug}"), ctx.clock.now());
    // An RSA key takes a good part of a second.
    let pair = tokio::task::spawn_blocking(move || SpKey::generate(kind, &name, now)).await;
    let pair = pair.map_err(|e| Error::Internal(e.to_string()))?.map_err(|e| Error::Internal(e.to_string()))?;
    Ok(sealed(ctx, row, place, &pair))
}

fn sealed(ctx: &Context, row: &Connection, (usage, status): (KeyUsage, KeyStatus), pair: &SpKey) -> SamlKey {
    let mut key = SamlKey {
        tenant_id: row.tenant_id,
        id: Uuid::now_v7(),
        connection_id: row.id,
        usage,
        status,
        private_key: Vec::new(),
        certificate: pair.certificate().pem(),
        created_at: ctx.clock.now(),
    };
    key.private_key = ctx.sealer.seal(saml_key_place(&key), pair.pkcs8().expose_secret());
    key
}
