//! Applications that serve all tenants (system).

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::application::InstallationApplication;
use crate::model::page::PageRequest;
use crate::schema::installation_applications::{self as table, dsl};

/// The application with this id.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<InstallationApplication>> {
    table::table.find(id).select(InstallationApplication::as_select()).first(conn).optional()
}

/// The application with this id, held against changes until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, id: Uuid) -> QueryResult<Option<InstallationApplication>> {
    table::table.find(id).select(InstallationApplication::as_select()).for_update().first(conn).optional()
}

/// A page of them in id order.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut PgConnection, page: PageRequest) -> QueryResult<Vec<InstallationApplication>> {
    let mut query = table::table.select(InstallationApplication::as_select()).into_boxed();
    if let Some(after) = page.after {
        query = query.filter(dsl::id.gt(after));
    }
    query.order(dsl::id).limit(page.limit).load(conn)
}

/// How many there are.
///
/// # Errors
/// What the database says.
pub fn count(conn: &mut PgConnection) -> QueryResult<i64> {
    table::table.count().get_result(conn)
}

/// Adds one.
///
/// # Errors
/// What the database says, a unique violation among it.
pub fn insert(conn: &mut PgConnection, row: &InstallationApplication) -> QueryResult<usize> {
    diesel::insert_into(table::table).values(row).execute(conn)
}

/// Writes a changed one back, when its version is still `version`; tells how many were (0 or 1).
///
/// # Errors
/// What the database says, a unique violation among it.
pub fn save(conn: &mut PgConnection, row: &InstallationApplication, version: i64) -> QueryResult<usize> {
    diesel::update(table::table.find(row.id).filter(dsl::version.eq(version))).set(row).execute(conn)
}

/// Deletes one, with what users let it have; tells how many there were (0 or 1).
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, id: Uuid) -> QueryResult<usize> {
    diesel::delete(table::table.find(id)).execute(conn)
}
