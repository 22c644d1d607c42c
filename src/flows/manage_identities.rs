//! manage_identities: admins link what a provider calls a person to the user, and unlink it again; people unlink their own.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::flows::{Error, fresh_login};
use crate::model::audit::Event;
use crate::model::connection::Settings;
use crate::model::identity::FederatedIdentity;
use crate::model::tenant::Sso;
use crate::model::text::valid_external_id;
use crate::model::user::User;
use crate::protocol::oidc::issuer;
use crate::store::{connections, identities, local_credentials};

/// What a provider calls a person.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityIn {
    /// The connection that will vouch.
    #[garde(skip)]
    pub connection_id: Uuid,
    /// The subject, as the connection's user-id claim will say it.
    #[garde(custom(valid_external_id))]
    pub subject: String,
    /// For a provider of many directories (`{tenantid}` in the issuer): which one, of those that the connection allows.
    #[garde(inner(custom(valid_external_id)))]
    pub directory_id: Option<String>,
}

/// The row for an identity; the issuer is the connection's.
///
/// # Errors
/// [`Error::Invalid`] when the tenant has no such connection, or it has no issuer yet.
pub fn new_identity(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    input: &IdentityIn,
    now: DateTime<Utc>,
) -> Result<FederatedIdentity, Error> {
    let connection = connections::find(conn, tenant, input.connection_id)?
        .ok_or_else(|| Error::invalid("connection_id", "names no connection of this tenant"))?;
    let issuer = issuer_of(&connection.settings.0, input)?;
    Ok(FederatedIdentity {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        source_id: input.connection_id,
        issuer,
        subject: input.subject.clone(),
        user_id: user,
        email: None,
        created_at: now,
        last_seen_at: None,
    })
}

/// The issuer as a login will assert it: for a provider of many directories the one of the named directory.
fn issuer_of(settings: &Settings, input: &IdentityIn) -> Result<String, Error> {
    let missing = || Error::invalid("connection_id", "names a connection that has no issuer yet");
    let issuer = settings.issuer().ok_or_else(missing)?;
    let Settings::Oidc(settings) = settings else { return Ok(issuer.to_owned()) };
    issuer::resolve(
        settings,
        &issuer.replace("{tenantid}", input.directory_id.as_deref().unwrap_or_default()),
        input.directory_id.as_deref(),
    )
    .ok_or_else(|| Error::invalid("directory_id", "must be one of the connection's allowed_tenant_ids"))
}

/// Links an identity to a user.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`], [`Error::Conflict`] `identity_taken`; as [`fresh_login::may_change`].
pub async fn link(ctx: &Context, caller: &Caller, user: Uuid, input: IdentityIn) -> Result<FederatedIdentity, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        fresh_login::hold(conn, &caller, user, stamp.at)?;
        let identity = new_identity(conn, tenant, user, &input, stamp.at)?;
        if identities::insert_if_new(conn, tenant, &identity)? == 0 {
            return Err(Error::conflict("identity_taken", "this subject is linked already"));
        }
        let event = Event::IdentityLinked { id: identity.id, user_id: user };
        Ok((identity, Some(event)))
    })
    .await
}

/// Unlinks an identity; the sessions that came in by it end, the caller's own perhaps too. The user's last way in stays.
///
/// # Errors
/// [`Error::NotFound`] (also for another user's), [`Error::Conflict`] `last_way_in`; as [`fresh_login::may_change`].
pub async fn unlink(ctx: &Context, caller: &Caller, user: Uuid, id: Uuid) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        // Held, so that of two who unlink the last two at once one comes second.
        let row = fresh_login::hold(conn, &caller, user, stamp.at)?;
        delete(conn, &caller, (&row, id), stamp.at)
    })
    .await
}

/// Deletes the identity of a user who is held. L-14: whoever is left with neither an identity nor a password could never
/// sign in again; nor could they whose last way that works now this was.
fn delete(
    conn: &mut PgConnection,
    caller: &Caller,
    (user, id): (&User, Uuid),
    now: DateTime<Utc>,
) -> Result<((), Option<Event>), Error> {
    let (tenant, sso) = (caller.tenant_id(), caller.tenant.tenant.sso.at(now));
    let came_in = works(conn, tenant, sso, user)?;
    if identities::delete(conn, tenant, user.id, id)? == 0 {
        return Err(Error::NotFound);
    }
    let any = has_password(conn, user)? || identities::any_of_user(conn, tenant, user.id)?;
    if any && (!came_in || works(conn, tenant, sso, user)?) {
        return Ok(((), Some(Event::IdentityUnlinked { id, user_id: user.id })));
    }
    let message =
        "the user has no other way to sign in; link another identity or set a password first, or delete the user";
    Err(Error::conflict("last_way_in", message))
}

/// Whether the user can sign in now: by password where the tenant takes passwords, by an active connection where it takes
/// those.
fn works(conn: &mut PgConnection, tenant: Uuid, sso: Sso, user: &User) -> Result<bool, Error> {
    let by_password = sso != Sso::Enforced && has_password(conn, user)?;
    Ok(by_password || (sso != Sso::Off && identities::any_active_of_user(conn, tenant, user.id)?))
}

/// Whether the user has a password that is good for something: it is asked for by the address.
fn has_password(conn: &mut PgConnection, user: &User) -> Result<bool, Error> {
    Ok(user.email_key.is_some() && local_credentials::find(conn, user.tenant_id, user.id)?.is_some())
}
