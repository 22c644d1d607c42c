//! manage_api_keys: bearer secrets of users and service accounts. The secret is in the answer to its creation, nowhere else.

use chrono::{DateTime, Utc};
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::model::api_key::ApiKey;
use crate::model::audit::{Event, KeyOf};
use crate::model::role::Role;
use crate::model::text::valid_name;
use crate::secrets::token::{self, KeyKind};
use crate::store::{api_keys, service_accounts, users};

/// A key to create, for exactly one of a user and a service account.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyIn {
    /// What it is for.
    #[garde(custom(valid_name))]
    pub name: String,
    /// The user it acts as.
    #[garde(skip)]
    pub user_id: Option<Uuid>,
    /// The service account it acts as.
    #[garde(skip)]
    pub service_account_id: Option<Uuid>,
    /// The most it may do; its owner's role when absent, and never more than that.
    #[garde(skip)]
    pub role: Option<Role>,
    /// When it stops working; never when absent.
    #[garde(skip)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Creates a key and gives its secret, once.
///
/// # Errors
/// [`Error::Invalid`] for an owner that the tenant has not, [`Error::Forbidden`] for a role above the caller's (K-07).
pub async fn create(ctx: &Context, caller: &Caller, input: ApiKeyIn) -> Result<(ApiKey, SecretString), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    if input.expires_at.is_some_and(|at| at <= stamp.at) {
        return Err(Error::invalid("expires_at", "must be in the future"));
    }
    let caller = caller.clone();
    let (secret, hint) = token::new_key(KeyKind::Tenant(tenant));
    let secret_hash = token::hash(secret.expose_secret());
    let key = write(ctx, tenant, stamp, move |conn| {
        let owner_role = match (input.user_id, input.service_account_id) {
            (Some(id), None) => users::find(conn, tenant, id)?
                .map(|u| u.role)
                .ok_or_else(|| Error::invalid("user_id", "names no user of this tenant"))?,
            (None, Some(id)) => service_accounts::find(conn, tenant, id)?
                .map(|a| a.role)
                .ok_or_else(|| Error::invalid("service_account_id", "names no service account of this tenant"))?,
            _ => return Err(Error::invalid("user_id", "or service_account_id: exactly one of them")),
        };
        // K-07: a key speaks as its owner, so nobody makes one for somebody above them, however little it may do.
        caller.check_role(owner_role)?;
        let role = input.role.unwrap_or(owner_role).min(owner_role);
        let key = ApiKey {
            tenant_id: tenant,
            id: Uuid::now_v7(),
            user_id: input.user_id,
            service_account_id: input.service_account_id,
            name: input.name,
            secret_hash,
            hint,
            role,
            expires_at: input.expires_at,
            revoked_at: None,
            last_used_at: None,
            created_at: stamp.at,
        };
        api_keys::insert(conn, tenant, &key)?;
        let event = Event::ApiKeyCreated(KeyOf { id: key.id, owner_id: key.user_id.or(key.service_account_id) });
        Ok((key, Some(event)))
    });
    Ok((key.await?, secret))
}

/// Revokes a key.
///
/// # Errors
/// [`Error::NotFound`] (also when it is revoked already), [`Error::Forbidden`] for a key above the caller's role.
pub async fn revoke(ctx: &Context, caller: &Caller, id: Uuid) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        let key = api_keys::find(conn, tenant, id)?.ok_or(Error::NotFound)?;
        caller.check_role(key.role)?;
        if !api_keys::revoke(conn, tenant, id, stamp.at)? {
            return Err(Error::NotFound);
        }
        Ok(((), Some(Event::ApiKeyRevoked(KeyOf { id, owner_id: key.user_id.or(key.service_account_id) }))))
    })
    .await
}
