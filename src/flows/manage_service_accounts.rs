//! manage_service_accounts: callers that are not people.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::patch::{not_null, put};
use crate::flows::write::{change, remove, write};
use crate::model::audit::{Event, Subject};
use crate::model::role::{AccountStatus, Role};
use crate::model::service_account::ServiceAccount;
use crate::model::text::{name_key, valid_name};
use crate::store::service_accounts;

/// A service account to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountIn {
    /// Name; unique in the tenant, whatever its case.
    #[garde(custom(valid_name))]
    pub name: String,
    /// What it may do; at most the caller's own role.
    #[garde(skip)]
    pub role: Role,
}

/// What to change of a service account; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountPatch {
    /// Name.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(inner(custom(valid_name)))]
    pub name: Option<String>,
    /// What it may do.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub role: Option<Role>,
    /// Whether its keys work.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub status: Option<AccountStatus>,
}

/// Creates a service account.
///
/// # Errors
/// [`Error::Conflict`] `name_taken`, [`Error::Forbidden`] for a role above the caller's.
pub async fn create(ctx: &Context, caller: &Caller, input: ServiceAccountIn) -> Result<ServiceAccount, Error> {
    caller.check_role(input.role)?;
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let account = ServiceAccount {
            tenant_id: tenant,
            id: Uuid::now_v7(),
            name_key: name_key(&input.name),
            name: input.name,
            role: input.role,
            status: AccountStatus::Active,
            version: 1,
            created_at: stamp.at,
            updated_at: stamp.at,
        };
        service_accounts::insert(conn, tenant, &account)?;
        let event = Event::ServiceAccountCreated(Subject { id: account.id, name: Some(account.name.clone()) });
        Ok((account, Some(event)))
    })
    .await
}

/// Changes a service account.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`], [`Error::Forbidden`].
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: ServiceAccountPatch,
) -> Result<ServiceAccount, Error> {
    let by = caller.clone();
    change(ctx, caller, (id, expected), Event::ServiceAccountUpdated, move |_, account: &mut ServiceAccount| {
        by.check_role(account.role)?;
        by.check_role(patch.role.unwrap_or(account.role))?;
        let mut fields = Vec::new();
        put(&mut account.name, patch.name, "name", &mut fields);
        put(&mut account.role, patch.role, "role", &mut fields);
        put(&mut account.status, patch.status, "status", &mut fields);
        account.name_key = name_key(&account.name);
        Ok(fields)
    })
    .await
}

/// Deletes a service account with its keys.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Forbidden`].
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let by = caller.clone();
    remove(ctx, caller, (id, expected), move |_, account: &ServiceAccount| {
        by.check_role(account.role)?;
        Ok(Event::ServiceAccountDeleted(Subject { id, name: Some(account.name.clone()) }))
    })
    .await
}
