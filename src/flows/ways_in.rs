//! ways_in: by what a tenant's people may sign in. Asked before the work, of the tenant in memory, and again of the row
//! in the transaction that opens the session.

use chrono::{DateTime, Utc};

use crate::flows::Error;
use crate::model::audit::LoginMethod;
use crate::model::tenant::{Sso, Tenant, TenantStatus};

/// Refuses a way in that is closed at `now`.
///
/// # Errors
/// [`Error::Forbidden`] `tenant_suspended`, `sso_enforced` for passwords, `sso_off` for connections, `break_glass_closed`
/// for codes while anything but connections opens.
pub fn check(tenant: &Tenant, method: LoginMethod, now: DateTime<Utc>) -> Result<(), Error> {
    check_active(tenant)?;
    match (method, tenant.sso.at(now)) {
        (LoginMethod::Password, Sso::Enforced) => {
            Err(Error::forbidden("sso_enforced", "this organisation signs in by its own provider only"))
        }
        (LoginMethod::Oidc | LoginMethod::Saml, Sso::Off) => {
            Err(Error::forbidden("sso_off", "this organisation signs in by password only"))
        }
        (LoginMethod::BreakGlass, Sso::Off | Sso::Optional) => {
            Err(Error::forbidden("break_glass_closed", "codes open nothing while sso is not enforced"))
        }
        _ => Ok(()),
    }
}

/// Refuses for a tenant that is suspended: nobody gets in (T-13).
///
/// # Errors
/// [`Error::Forbidden`] `tenant_suspended`.
pub fn check_active(tenant: &Tenant) -> Result<(), Error> {
    match tenant.status {
        TenantStatus::Active => Ok(()),
        TenantStatus::Suspended => Err(Error::forbidden("tenant_suspended", "this organisation is suspended")),
    }
}
