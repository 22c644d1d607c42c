//! apply: carries a plan out. Unique constraints decide races, not checks before.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::flows::provision::Plan;
use crate::model::claims::IdentityAssertion;
use crate::model::identity::FederatedIdentity;
use crate::model::user::User;
use crate::store::{Versioned, identities, users};

/// Writes user and identity; gives the user and the identity's id, or `None` when somebody else was faster (the caller
/// rolls back and looks again).
///
/// # Errors
/// [`Error`] of the database.
pub fn apply(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    assertion: &IdentityAssertion,
    plan: Plan,
    now: DateTime<Utc>,
) -> Result<Option<(User, Uuid)>, Error> {
    let (user, known) = match plan {
        Plan::Create(user) => {
            if users::insert_if_new(conn, tenant, &user)? == 0 {
                return Ok(None);
            }
            (Some(*user), None)
        }
        Plan::Link(user, fields) => (save_if_changed(conn, *user, &fields, now)?, None),
        Plan::Wait => (None, None),
        Plan::Update(user, identity, fields) => (save_if_changed(conn, *user, &fields, now)?, Some(identity)),
    };
    let Some(user) = user else { return Ok(None) };
    // The user's row first, in the order of everybody who changes users: one who was suspended or deleted just now is
    // looked at again.
    if users::touch_login(conn, tenant, user.id, now)? == 0 {
        return Ok(None);
    }
    let identity_id = match known {
        Some(id) => {
            identities::touch(conn, tenant, id, assertion.email.as_deref(), now)?;
            id
        }
        None => {
            let identity = new_identity(tenant, source, assertion, user.id, now);
            if identities::insert_if_new(conn, tenant, &identity)? == 0 {
                return Ok(None);
            }
            identity.id
        }
    };
    Ok(Some((user, identity_id)))
}

/// Writes only what the login changed, and only when something did, at the version read: neither this nor an admin's edit
/// at the same time overwrites the other.
fn save_if_changed(
    conn: &mut PgConnection,
    mut user: User,
    fields: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<User>, Error> {
    if !fields.is_empty() {
        let version = user.version;
        user.bump(now);
        if user.save(conn, version)? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(user))
}

fn new_identity(
    tenant: Uuid,
    source: Uuid,
    assertion: &IdentityAssertion,
    user: Uuid,
    now: DateTime<Utc>,
) -> FederatedIdentity {
    FederatedIdentity {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        source_id: source,
        issuer: assertion.issuer.clone(),
        subject: assertion.subject.clone(),
        user_id: user,
        email: assertion.email.clone(),
        created_at: now,
        last_seen_at: Some(now),
    }
}
