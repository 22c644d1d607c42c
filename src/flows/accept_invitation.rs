//! accept_invitation: what the link of an invitation leads to. Looking at it changes nothing: scanners follow links.
//!
//! 1. [`look`]: which invitation, and can it still be accepted?
//! 2. [`ways`]: how the invited address signs in here: by the tenant's connections, or by a password;
//! 3. [`remember`]: whoever pressed the button carries its token's hash through the login, in a sealed cookie. The login
//!    ends in `provision`, or in `password_login`, which accept it in the transaction that opens the session.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::provision::invited::over_code;
use crate::flows::{Error, carried, find_connection, limits, ways_in};
use crate::model::connection::Connection;
use crate::model::email::EmailAddress;
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::tenant::Sso;
use crate::secrets::token;
use crate::store::db::DbError;
use crate::store::{domains, identities, invitations, local_credentials, users};

/// How long a button that was pressed is remembered, in minutes.
pub const REMEMBERED_MINUTES: i64 = 15;
/// What the cookie is sealed for.
const COOKIE: &str = "invitation";

/// How the invited person may sign in.
pub struct Ways {
    /// By these connections.
    pub connections: Vec<Connection>,
    /// By a password.
    pub password: PasswordWay,
}

/// What a password is to the invited person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordWay {
    /// Not for them.
    Closed,
    /// They choose one now.
    Choose,
    /// They have one, and sign in by it.
    SignIn,
}

/// What the browser carries through the login.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Remembered {
    /// Hash of the token.
    pub token_hash: Vec<u8>,
    /// Somebody else was signed in: the provider shall ask who it is.
    pub anew: bool,
    until: DateTime<Utc>,
}

/// The invitation of this token, when it can be accepted.
///
/// # Errors
/// [`Error::NotFound`] for what is none of this tenant's (L-15, L-16), [`Error::Gone`] `invitation_expired`,
/// `invitation_revoked` or `invitation_accepted`, [`Error::Forbidden`] `tenant_suspended`, [`Error::RateLimited`] for who
/// guesses (K-08).
pub async fn look(ctx: &Context, tenant: &TenantCache, token: &str, ip: Option<IpAddr>) -> Result<Invitation, Error> {
    ways_in::check_active(&tenant.tenant)?;
    let (id, now) = (tenant.tenant.id, ctx.clock.now());
    let hash = token::hash(token);
    let found = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(invitations::find_by_token(conn, id, &hash)?));
    let Some(invitation) = found.await? else {
        limits::garbage(ctx, id, ip).await?;
        return Err(Error::NotFound);
    };
    match invitation.state_at(now) {
        InvitationState::Pending => Ok(invitation),
        state => Err(Error::gone(over_code(state), "the invitation cannot be accepted any more")),
    }
}

/// How the invited person may sign in: by the connection that the invitation names, or that the domain of the address
/// names, else as the tenant lets people sign in.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn ways(ctx: &Context, tenant: &Arc<TenantCache>, invitation: &Invitation) -> Result<Ways, Error> {
    let (id, sso, row) = (tenant.tenant.id, tenant.tenant.sso.at(ctx.clock.now()), invitation.clone());
    let mut ways = find_connection::ways(ctx, tenant, None).await?;
    let domain = row.email.as_deref().and_then(|text| EmailAddress::parse(text).ok()).map(|email| email.domain);
    let found = ctx.db.tenant(id, move |conn| {
        let domain = domain.map(|domain| domains::verified(conn, id, &domain)).transpose()?.flatten();
        Ok::<_, Error>((domain, password_way_of(conn, &row, sso)?))
    });
    let (domain, password) = found.await?;
    let only = invitation.connection_id.or(ways.routed(domain.as_ref()));
    if let Some(only) = only {
        ways.connections.retain(|connection| connection.id == only);
    }
    // L-23: a password is no way around a connection that is named; beside others it is one where people have some.
    let open = only.is_none() && sso != Sso::Enforced && ways.first_password();
    Ok(Ways { connections: ways.connections, password: if open { password } else { PasswordWay::Closed } })
}

/// Whoever is not there yet chooses a password, and so does who could not sign in otherwise. Who has one that is their own
/// signs in by it: a letter does not replace it.
///
/// # Errors
/// [`Error`] of the database.
pub fn password_way_of(conn: &mut PgConnection, invitation: &Invitation, sso: Sso) -> Result<PasswordWay, Error> {
    let tenant = invitation.tenant_id;
    let Some(key) = &invitation.email_key else { return Ok(PasswordWay::Closed) };
    let Some(user) = users::find_by_email_key(conn, tenant, key)? else { return Ok(PasswordWay::Choose) };
    if local_credentials::find(conn, tenant, user.id)?.is_some() {
        // L-08: until somebody has proven the address, the password may be anybody's.
        let own = user.email_verified_at.is_some() || !invitation.proves_address();
        return Ok(if own { PasswordWay::SignIn } else { PasswordWay::Choose });
    }
    let by_provider = sso != Sso::Off && identities::any_of_user(conn, tenant, user.id)?;
    Ok(if by_provider { PasswordWay::Closed } else { PasswordWay::Choose })
}

/// The cookie's value for whoever pressed the button.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub fn remember(ctx: &Context, invitation: &Invitation, anew: bool) -> Result<SecretString, Error> {
    let until = ctx.clock.now() + Duration::minutes(REMEMBERED_MINUTES);
    let remembered = Remembered { token_hash: invitation.token_hash.clone().unwrap_or_default(), anew, until };
    carried::write(ctx, invitation.tenant_id, COOKIE, &remembered)
}

/// What a cookie remembers; `None` when it is not one of ours for this tenant, or too old.
#[must_use]
pub fn remembered(ctx: &Context, tenant: Uuid, cookie: Option<&str>) -> Option<Remembered> {
    let remembered: Remembered = carried::read(ctx, tenant, COOKIE, cookie?)?;
    (remembered.until > ctx.clock.now()).then_some(remembered)
}
