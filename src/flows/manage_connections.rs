//! manage_connections: drafts, changes, activation.
//!
//! What an admin saves is put into the row (`edit`) and checked field by field (`check`, `check_saml`); what a SAML
//! provider says about itself is read and checked too (`metadata`). What shall sign people in is checked against the
//! provider itself (`probe`), before every save that leaves it active. No connection to the database is held meanwhile.

mod check;
mod check_saml;
mod cycle;
mod edit;
mod metadata;
mod probe;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::manage_saml_keys;
use crate::flows::patch::{not_null, nullable};
use crate::flows::write::{check_room, check_version, saved, write};
use crate::flows::{Error, enforce_sso};
use crate::model::audit::{Change, Event, Subject};
use crate::model::connection::oidc::OidcSettings;
use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::connection::saml::SamlSettings;
use crate::model::connection::{Connection, ConnectionStatus, Protocol};
use crate::model::identity::SourceKind;
use crate::model::json::Json;
use crate::model::text::{name_key, valid_name};
use crate::store::{Versioned, audit_events, connections, domains, groups, identities, saml_keys, sessions};

use edit::{apply_patch, empty_settings, make_client_key, merged_settings, seal_secret};

pub use check::warnings;
pub use metadata::{Taken, says_otherwise};
pub use probe::probe;

/// Most connections of a tenant.
const MAX_CONNECTIONS: i64 = 100;

/// A connection to create; it begins as a draft, so everything but its name may come later.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionIn {
    /// What the login page shows; unique in the tenant.
    #[garde(custom(valid_name))]
    pub display_name: String,
    /// The protocol; never changes.
    #[serde(default = "oidc")]
    #[garde(skip)]
    pub protocol: Protocol,
    /// The protocol's settings. For OIDC authority and client id are enough, for SAML the metadata or where it is.
    #[schema(value_type = Option<SettingsDocument>)]
    #[garde(skip)]
    pub settings: Option<Value>,
    /// What a sign-in may do to users and groups.
    #[serde(default)]
    #[garde(skip)]
    pub provisioning: ProvisioningPolicy,
    /// The client secret; sealed, never readable again.
    #[schema(value_type = Option<String>, write_only)]
    #[garde(skip)]
    pub client_secret: Option<SecretString>,
    /// When the provider will stop accepting the secret.
    #[garde(skip)]
    pub client_secret_expires_at: Option<DateTime<Utc>>,
    /// A SAML provider's metadata.
    #[garde(skip)]
    pub metadata_xml: Option<String>,
    /// Which entity of it, when it has several.
    #[garde(skip)]
    pub metadata_entity_id: Option<String>,
}

/// The settings of either protocol, as the API document describes them.
#[derive(ToSchema)]
#[schema(as = ConnectionSettings)]
#[serde(untagged)]
pub enum SettingsDocument {
    /// With `protocol` `oidc`.
    Oidc(OidcSettings),
    /// With `protocol` `saml`.
    Saml(SamlSettings),
}

const fn oidc() -> Protocol {
    Protocol::Oidc
}

/// What to change of a connection; absent fields stay. `settings` and `provisioning` are merged (RFC 7396).
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionPatch {
    /// What the login page shows.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(inner(custom(valid_name)))]
    pub display_name: Option<String>,
    /// Settings to merge in; `null` puts one back to its default.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<SettingsDocument>)]
    #[garde(skip)]
    pub settings: Option<Value>,
    /// Provisioning to merge in.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<ProvisioningPolicy>)]
    #[garde(skip)]
    pub provisioning: Option<Value>,
    /// A new client secret, or `null` to forget it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, write_only)]
    #[garde(skip)]
    pub client_secret: Option<Option<SecretString>>,
    /// When the provider will stop accepting the secret.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    #[garde(skip)]
    pub client_secret_expires_at: Option<Option<DateTime<Utc>>>,
    /// A SAML provider's metadata, which takes the place of what was known of it.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub metadata_xml: Option<String>,
    /// Which entity of it, when it has several.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub metadata_entity_id: Option<String>,
}

/// Creates a draft.
///
/// # Errors
/// [`Error::Invalid`] names every field, [`Error::Conflict`] `display_name_taken` or `connection_cycle`.
pub async fn create(ctx: &Context, caller: &Caller, input: ConnectionIn) -> Result<Connection, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let settings = merged_settings(&empty_settings(input.protocol), input.settings.unwrap_or_default())?;
    let mut row = Connection {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        display_name_key: name_key(&input.display_name),
        display_name: input.display_name,
        status: ConnectionStatus::Draft,
        settings: Json(settings),
        provisioning: Json(input.provisioning),
        client_secret: None,
        client_secret_expires_at: input.client_secret_expires_at,
        client_key: None,
        client_key_public: None,
        provider_metadata: None,
        provider_metadata_at: None,
        provider_asked_at: None,
        provider_due_at: None,
        version: 1,
        created_at: stamp.at,
        updated_at: stamp.at,
    };
    check::check(ctx, &mut row)?;
    cycle::check(ctx, &row).await?;
    metadata::take(ctx, &mut row, input.metadata_xml.as_deref(), input.metadata_entity_id.as_deref())?;
    seal_secret(ctx, &mut row, input.client_secret.as_ref())?;
    make_client_key(ctx, &mut row)?;
    let keys = manage_saml_keys::first_keys(ctx, &caller.tenant.tenant.slug, &row).await?;
    write(ctx, tenant, stamp, move |conn| {
        check_room(connections::count(conn, tenant)?, MAX_CONNECTIONS)?;
        identities::insert_source(conn, tenant, row.id, SourceKind::Connection)?;
        connections::insert(conn, tenant, &row)?;
        for key in &keys {
            saml_keys::insert(conn, tenant, key)?;
        }
        let event = Event::ConnectionCreated(Subject { id: row.id, name: Some(row.display_name.clone()) });
        Ok((row, Some(event)))
    })
    .await
}

/// Changes a connection; one that is active is probed again first. A change of issuer or user-id claim would let one
/// provider's ids mean another's people (L-03): it asks for `confirm_unlink`, and then unlinks every identity.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`], [`Error::Conflict`] (`unlink_not_confirmed` and
/// `connection_cycle` among them, `rotation_pending` when another kind of signature wants a key and one is next already),
/// [`Error::Provider`] when the provider does not stand the probe.
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: ConnectionPatch,
    confirm_unlink: bool,
) -> Result<Connection, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let old = read(ctx, tenant, id).await?;
    check_version(expected, old.version)?;
    let mut row = old.clone();
    let (same_secret, by_hand) = (patch.client_secret.is_none(), patch.metadata_xml.is_some());
    let fields = apply_patch(ctx, &mut row, patch)?;
    if fields.is_empty() {
        return Ok(row);
    }
    cycle::check(ctx, &row).await?;
    if same_secret && old.client_secret.is_some() && old.settings.0.sends_secret_elsewhere(&row.settings.0) {
        // K-01: whoever points the connection at a server of their own must not be sent a secret they cannot read.
        let message = "must be given again when the issuer, the token or the revocation endpoint changes";
        return Err(Error::invalid("client_secret", message));
    }
    make_client_key(ctx, &mut row)?;
    let slug = &caller.tenant.tenant.slug;
    if row.status == ConnectionStatus::Active && fields != ["display_name"] {
        row = probe(ctx, slug, row, !by_hand).await?;
    }
    let key = manage_saml_keys::key_of_kind(ctx, slug, &old, &row).await?;
    let rekeyed = old.settings.0.renames_people(&row.settings.0);
    let repointed = old.settings.0.trusts_others(&row.settings.0) || metadata::trusts_others(&old, &row);
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        let held = lock(conn, tenant, id, Some(old.version))?;
        keep_newer(&mut row, &old, held)?;
        if rekeyed || repointed {
            check_linked(conn, &caller, id)?;
        }
        if rekeyed {
            unlink_all(conn, tenant, id, confirm_unlink)?;
        }
        (row.version, row.updated_at) = (old.version + 1, stamp.at);
        saved(connections::save(conn, tenant, &row, old.version)?)?;
        let made = key.as_ref().map_or(Ok(Vec::new()), |key| manage_saml_keys::put_in_place(conn, key))?;
        for event in &made {
            audit_events::insert(conn, tenant, &stamp.event(tenant, event))?;
        }
        Ok((row, Some(Event::ConnectionUpdated(Change { id, fields }))))
    })
    .await
}

/// Probes the provider and lets the connection sign people in.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `connection_cycle`, [`Error::Provider`] with what is missing or wrong at the
/// provider.
pub async fn activate(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Connection, Error> {
    let row = read(ctx, caller.tenant_id(), id).await?;
    if row.status == ConnectionStatus::Active {
        return Ok(row);
    }
    cycle::check(ctx, &row).await?;
    let probed = probe(ctx, &caller.tenant.tenant.slug, row.clone(), true).await?;
    set_status(ctx, caller, (row, probed), ConnectionStatus::Active, Event::ConnectionActivated).await
}

/// Switches a connection off; the sessions that came in by it end.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `last_connection`.
pub async fn disable(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Connection, Error> {
    let row = read(ctx, caller.tenant_id(), id).await?;
    if row.status == ConnectionStatus::Disabled {
        return Ok(row);
    }
    set_status(ctx, caller, (row.clone(), row), ConnectionStatus::Disabled, Event::ConnectionDisabled).await
}

async fn set_status(
    ctx: &Context,
    caller: &Caller,
    (old, mut row): (Connection, Connection),
    status: ConnectionStatus,
    event: fn(Subject) -> Event,
) -> Result<Connection, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        let before = row.version;
        let held = lock(conn, tenant, row.id, Some(before))?;
        keep_newer(&mut row, &old, held)?;
        (row.status, row.version, row.updated_at) = (status, before + 1, stamp.at);
        saved(connections::save(conn, tenant, &row, before)?)?;
        if status == ConnectionStatus::Disabled {
            check_linked(conn, &caller, row.id)?;
            sessions::end_of_source(conn, tenant, row.id, "connection_disabled", stamp.at)?;
            if old.status == ConnectionStatus::Active {
                enforce_sso::keep_a_connection(conn, tenant, stamp.at)?;
            }
        }
        let event = event(Subject { id: row.id, name: Some(row.display_name.clone()) });
        Ok((row, Some(event)))
    })
    .await
}

/// Deletes a connection with its identities, their sessions, its mappings and the memberships its sync made.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] `last_connection`.
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        let row = lock(conn, tenant, id, expected)?;
        check_linked(conn, &caller, id)?;
        domains::unroute(conn, tenant, id)?;
        groups::remove_origin(conn, tenant, &id.to_string())?;
        identities::delete_source(conn, tenant, id)?;
        if row.status == ConnectionStatus::Active {
            enforce_sso::keep_a_connection(conn, tenant, stamp.at)?;
        }
        Ok(((), Some(Event::ConnectionDeleted(Subject { id, name: Some(row.display_name) }))))
    })
    .await
}

async fn read(ctx: &Context, tenant: Uuid, id: Uuid) -> Result<Connection, Error> {
    ctx.db.tenant(tenant, move |conn| connections::find(conn, tenant, id)?.ok_or(Error::NotFound)).await
}

/// The row, held from here on: logins that are under way end before, later ones meet what this leaves.
fn lock(conn: &mut PgConnection, tenant: Uuid, id: Uuid, expected: Option<i64>) -> Result<Connection, Error> {
    let row = Connection::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
    check_version(expected, row.version)?;
    Ok(row)
}

/// What the provider said while a change was prepared stays (C-50): the row is written whole, and its version does not
/// count refreshes. A change that brings what the provider says itself is to be made again then.
fn keep_newer(row: &mut Connection, old: &Connection, held: Connection) -> Result<(), Error> {
    if row.provider_asked_at == old.provider_asked_at {
        (row.provider_asked_at, row.provider_due_at) = (held.provider_asked_at, held.provider_due_at);
    }
    if row.provider_metadata_at == old.provider_metadata_at && row.provider_metadata == old.provider_metadata {
        (row.provider_metadata, row.provider_metadata_at) = (held.provider_metadata, held.provider_metadata_at);
        return Ok(());
    }
    if held.provider_metadata_at == old.provider_metadata_at { Ok(()) } else { Err(Error::Stale) }
}

/// T-05: who may change what a connection trusts, or take it away, decides about everybody who signs in by it; so nobody
/// may for people above their own role.
fn check_linked(conn: &mut PgConnection, caller: &Caller, source: Uuid) -> Result<(), Error> {
    let roles = identities::roles_of_source(conn, caller.tenant_id(), source)?;
    roles.into_iter().max().map_or(Ok(()), |highest| caller.check_role(highest))
}

fn unlink_all(conn: &mut PgConnection, tenant: Uuid, source: Uuid, confirmed: bool) -> Result<(), Error> {
    let unlinked = identities::delete_of_source(conn, tenant, source)?;
    if unlinked == 0 || confirmed {
        return Ok(());
    }
    let message = format!("this unlinks {unlinked} identities; repeat with ?confirm_unlink=true to do it");
    Err(Error::conflict("unlink_not_confirmed", message))
}
