//! Verified domains.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::domain::{DomainStatus, VerifiedDomain};
use crate::model::page::PageRequest;
use crate::schema::verified_domains;
use crate::store::crud;

crud!(verified_domains, VerifiedDomain, versioned);

/// The tenant's verified domain of this name.
///
/// # Errors
/// What the database says.
pub fn verified(conn: &mut PgConnection, tenant: Uuid, domain: &str) -> QueryResult<Option<VerifiedDomain>> {
    verified_domains::table
        .filter(verified_domains::tenant_id.eq(tenant))
        .filter(verified_domains::domain.eq(domain))
        .filter(verified_domains::status.eq(DomainStatus::Verified))
        .select(VerifiedDomain::as_select())
        .first(conn)
        .optional()
}

/// For each of the tenant's verified domains the connection where its addresses sign in, if it names one.
///
/// # Errors
/// What the database says.
pub fn verified_routes(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<Option<Uuid>>> {
    verified_domains::table
        .filter(verified_domains::tenant_id.eq(tenant))
        .filter(verified_domains::status.eq(DomainStatus::Verified))
        .select(verified_domains::connection_id)
        .load(conn)
}

/// The tenant that has verified this domain (system): there is at most one.
///
/// # Errors
/// What the database says.
pub fn owner(conn: &mut PgConnection, domain: &str) -> QueryResult<Option<Uuid>> {
    verified_domains::table
        .filter(verified_domains::domain.eq(domain))
        .filter(verified_domains::status.eq(DomainStatus::Verified))
        .select(verified_domains::tenant_id)
        .first(conn)
        .optional()
}

/// Takes a connection off every domain that routes to it, before it is deleted.
///
/// # Errors
/// What the database says.
pub fn unroute(conn: &mut PgConnection, tenant: Uuid, connection: Uuid) -> QueryResult<usize> {
    diesel::update(
        verified_domains::table
            .filter(verified_domains::tenant_id.eq(tenant))
            .filter(verified_domains::connection_id.eq(connection)),
    )
    .set(verified_domains::connection_id.eq(None::<Uuid>))
    .execute(conn)
}
