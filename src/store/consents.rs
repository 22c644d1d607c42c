//! What users agreed to tell third parties' applications.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use crate::model::application::ClientRef;
use crate::schema::consents;

/// The scopes that a user agreed to for a client, separated by blanks.
///
/// # Errors
/// What the database says.
pub fn scope(conn: &mut PgConnection, tenant: Uuid, user: Uuid, client: Uuid) -> QueryResult<Option<String>> {
    consents::table.find((tenant, user, client)).select(consents::scope).first(conn).optional()
}

/// Notes what a user agreed to, in place of what was agreed before.
///
/// # Errors
/// What the database says.
pub fn put(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    client: ClientRef,
    scope: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(consents::table)
        .values((
            consents::tenant_id.eq(tenant),
            consents::user_id.eq(user),
            consents::application_id.eq(client.application_id),
            consents::installation_application_id.eq(client.installation_application_id),
            consents::scope.eq(scope),
            consents::granted_at.eq(now),
        ))
        .on_conflict((consents::tenant_id, consents::user_id, consents::client_id))
        .do_update()
        .set((consents::scope.eq(excluded(consents::scope)), consents::granted_at.eq(excluded(consents::granted_at))))
        .execute(conn)
}

/// Forgets everything that a user agreed to; tells how many applications it was.
///
/// # Errors
/// What the database says.
pub fn delete_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<usize> {
    let of_user = consents::table.filter(consents::tenant_id.eq(tenant)).filter(consents::user_id.eq(user));
    diesel::delete(of_user).execute(conn)
}
