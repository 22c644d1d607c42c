//! Who calls: an operator's key, a tenant's key, or a browser session. What proves nothing gives `None`.

use std::sync::Arc;

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::bearer::Bearer;
use crate::context::caches::{KeyHolder, TenantCache};
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::access_token;
use crate::model::audit::{Actor, Stamp};
use crate::model::role::{AccountStatus, Role};
use crate::model::session::Session;
use crate::model::user::User;
use crate::protocol::jwt::verify::unverified_claim;
use crate::secrets::token;
use crate::store::db::DbError;
use crate::store::{api_keys, operators, sessions};

/// Uses are noted to the minute, not at each request.
const TOUCH_AFTER: Duration = Duration::seconds(60);

/// Somebody who has proven who they are, in a tenant.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// What they may do in this tenant.
    pub role: Role,
    /// The tenant.
    pub tenant: Arc<TenantCache>,
    /// The request.
    pub request_id: Option<Uuid>,
    /// Whether it is the person themselves, by their browser's session: not a key, and not a token that an application
    /// holds.
    pub in_person: bool,
}

impl Caller {
    /// The tenant's id.
    #[must_use]
    pub fn tenant_id(&self) -> Uuid {
        self.tenant.tenant.id
    }

    /// The user that they are, or whose key or token they hold.
    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        match self.actor {
            Actor::User { user_id, .. } => Some(user_id),
            _ => None,
        }
    }

    /// Nobody gives, takes or touches a role above their own (T-05).
    ///
    /// # Errors
    /// [`Error::Forbidden`] `role_above_own`.
    pub fn check_role(&self, role: Role) -> Result<(), Error> {
        if role <= self.role {
            Ok(())
        } else {
            Err(Error::forbidden("role_above_own", format!("this needs the role {role}")))
        }
    }

    /// The user and their session, when it is the person themselves. K-07: who holds a key or a token must not make
    /// anything of it that would outlive both.
    ///
    /// # Errors
    /// [`Error::Forbidden`] `session_needed`.
    pub fn person(&self) -> Result<(Uuid, Uuid), Error> {
        match self.actor {
            Actor::User { user_id, session_id: Some(session), .. } if self.in_person => Ok((user_id, session)),
            _ => Err(Error::forbidden("session_needed", "only somebody who is signed in does this for themselves")),
        }
    }

    /// Who, when and in which request, for the audit log.
    #[must_use]
    pub fn stamp(&self, ctx: &Context) -> Stamp {
        Stamp { actor: self.actor, request_id: self.request_id, at: ctx.clock.now() }
    }
}

/// The operator whose key this is. Not cached: operators are few, and their keys open everything.
///
/// # Errors
/// [`DbError`].
pub async fn operator(ctx: &Context, key: &SecretString) -> Result<Option<Uuid>, DbError> {
    let (hash, now) = (token::hash(key.expose_secret()), ctx.clock.now());
    let found = ctx.db.system(move |conn| {
        let found = operators::find_live(conn, &hash, now)?;
        if let Some(key) = found.as_ref().filter(|key| key.last_used_at.is_none_or(|at| now - at >= TOUCH_AFTER)) {
            operators::touch(conn, key.id, now)?;
        }
        Ok::<_, DbError>(found.map(|key| key.id))
    });
    found.await
}

/// The holder of an API key of this tenant.
///
/// # Errors
/// [`DbError`].
pub async fn key_holder(
    ctx: &Context,
    tenant: &TenantCache,
    key: &SecretString,
) -> Result<Option<Arc<KeyHolder>>, DbError> {
    let hash = token::hash(key.expose_secret());
    let (tenant_id, now) = (tenant.tenant.id, ctx.clock.now());
    let known = tenant.keys.get(&hash);
    let holder = match known {
        Some(holder) => holder,
        None => {
            let wanted = hash.clone();
            let row = ctx
                .db
                .tenant(tenant_id, move |conn| Ok::<_, DbError>(api_keys::find_by_secret(conn, tenant_id, &wanted)?));
            let Some(holder) = row.await?.and_then(|(key, user, account)| holder_of(key, user, account)) else {
                return Ok(None);
            };
            let holder = Arc::new(holder);
            tenant.keys.insert(hash.clone(), Arc::clone(&holder));
            holder
        }
    };
    if !holder.key.is_live(now) {
        return Ok(None);
    }
    if holder.key.last_used_at.is_none_or(|at| now - at >= TOUCH_AFTER) {
        let id = holder.key.id;
        ctx.db.tenant(tenant_id, move |conn| Ok::<_, DbError>(api_keys::touch(conn, tenant_id, id, now)?)).await?;
        tenant.keys.invalidate(&hash);
    }
    Ok(Some(holder))
}

/// A key is worth what it says, bounded by what its owner may do now; a suspended owner's keys are worth nothing.
fn holder_of(
    key: crate::model::api_key::ApiKey,
    user: Option<User>,
    account: Option<crate::model::service_account::ServiceAccount>,
) -> Option<KeyHolder> {
    let (actor, role, status) = match (user, account) {
        (Some(user), None) => {
            (Actor::User { user_id: user.id, session_id: None, key_id: Some(key.id) }, user.role, user.status)
        }
        (None, Some(account)) => {
            let actor = Actor::ServiceAccount { service_account_id: account.id, key_id: key.id };
            (actor, account.role, account.status)
        }
        _ => return None,
    };
    (status == AccountStatus::Active).then(|| KeyHolder { role: key.role.min(role), actor, key })
}

/// The bearer of an access token of ours that was made for `/v1` and says that it may be used on this tenant: by the
/// tenant's issuer or by the installation's. A token that was made for an application, or for userinfo, names another
/// audience and opens nothing here (P-14).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn own_token(ctx: &Context, tenant: &Arc<TenantCache>, text: &str) -> Result<Option<Arc<Bearer>>, Error> {
    let named = unverified_claim(text, "iss");
    let issuers = [Issuer::Tenant(Arc::clone(tenant)), Issuer::Installation];
    let Some(issuer) = issuers.iter().find(|issuer| named.as_ref() == Some(&issuer.url(&ctx.config))) else {
        return Ok(None);
    };
    let bearer = access_token::bearer(ctx, issuer, text).await?;
    let for_api =
        |bearer: &Arc<Bearer>| bearer.token.claims.get("aud").is_some_and(|aud| *aud == ctx.config.url("/v1"));
    Ok(bearer.filter(for_api).filter(|bearer| bearer.token.tenant_id == tenant.tenant.id))
}

/// The session with this cookie value, and its user, when both are good now.
///
/// # Errors
/// [`DbError`].
pub async fn session(
    ctx: &Context,
    tenant: &TenantCache,
    cookie: &str,
) -> Result<Option<Arc<(Session, User)>>, DbError> {
    let hash = token::hash(cookie);
    let (tenant_id, now) = (tenant.tenant.id, ctx.clock.now());
    let is_good = |found: &(Session, User)| {
        found.0.is_live(now, ctx.config.session_idle_minutes) && found.1.status == AccountStatus::Active
    };
    // What looks over in memory may have been used at another instance: the database decides.
    let known = tenant.sessions.get(&hash).filter(|found| is_good(found));
    let found = match known {
        Some(found) => found,
        None => {
            let wanted = hash.clone();
            let row = ctx
                .db
                .tenant(tenant_id, move |conn| Ok::<_, DbError>(sessions::find_by_token(conn, tenant_id, &wanted)?));
            let Some(found) = row.await?.filter(is_good).map(Arc::new) else {
                return Ok(None);
            };
            tenant.sessions.insert(hash.clone(), Arc::clone(&found));
            found
        }
    };
    if now - found.0.last_seen_at >= TOUCH_AFTER {
        let id = found.0.id;
        ctx.db.tenant(tenant_id, move |conn| Ok::<_, DbError>(sessions::touch(conn, tenant_id, id, now)?)).await?;
        tenant.sessions.invalidate(&hash);
    }
    Ok(Some(found))
}
