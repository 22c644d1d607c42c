//! Store: Diesel queries, one plain function each: `(conn, tenant, ..) -> QueryResult`.
//!
//! The tenant is the second argument of every function about a tenant's table, and the filter is in the query: the
//! second tenancy wall. Row-level security (the fourth) stands behind it. `db` is the only place with the pool; a
//! function here never begins or ends a transaction. May import `model`, `schema`.

pub mod address_proofs;
pub mod api_keys;
pub mod applications;
pub mod audit_events;
pub mod authorization_requests;
pub mod break_glass_codes;
pub mod certificate_notices;
pub mod changes;
pub mod connections;
pub mod consents;
pub mod db;
pub mod deliveries;
pub mod domains;
pub mod grants;
pub mod group_mappings;
pub mod groups;
pub mod identities;
pub mod installation_applications;
pub mod invitations;
pub mod local_credentials;
pub mod login_attempts;
pub mod migrate;
pub mod operators;
pub mod rate_limits;
pub mod recovery_codes;
pub mod saml_keys;
pub mod sealing;
pub mod server;
pub mod service_accounts;
pub mod sessions;
pub mod signing_keys;
pub mod tenants;
pub mod totp_secrets;
pub mod used_assertions;
pub mod users;

use chrono::{DateTime, Utc};
use diesel::{PgConnection, QueryResult};
use uuid::Uuid;

/// A row of a tenant whose version guards it against lost updates; what changes of any noun have in common.
pub trait Versioned: Sized + Send + 'static {
    /// The row with this id, if this tenant has it, held against changes (a login's among them) until the transaction ends.
    ///
    /// # Errors
    /// What the database says.
    fn lock(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Self>>;

    /// Writes the row back, when its version is still `version`; tells how many were written (0 or 1).
    ///
    /// # Errors
    /// What the database says.
    fn save(&self, conn: &mut PgConnection, version: i64) -> QueryResult<usize>;

    /// Deletes the row; tells how many there were (0 or 1).
    ///
    /// # Errors
    /// What the database says.
    fn delete(&self, conn: &mut PgConnection) -> QueryResult<usize>;

    /// Its version.
    fn version(&self) -> i64;

    /// Raises the version and notes when.
    fn bump(&mut self, now: DateTime<Utc>);
}

/// An `id` page of a tenant's table: the filter, the cursor, the order and the limit that every list shares.
macro_rules! page {
    ($table:ident, $row:ty, $conn:expr, $tenant:expr, $page:expr) => {{
        let mut query = $table::table.filter($table::tenant_id.eq($tenant)).select(<$row>::as_select()).into_boxed();
        if let Some(after) = $page.after {
            query = query.filter($table::id.gt(after));
        }
        query.order($table::id).limit($page.limit).load::<$row>($conn)
    }};
}
pub(crate) use page;

/// Find, insert, save (when the version is still the one read) and delete of a tenant's table with primary key
/// `(tenant_id, id)`: the same four queries for every noun, so they are written once.
macro_rules! crud {
    ($table:ident, $row:ty) => {
        /// The row with this id, if this tenant has it.
        ///
        /// # Errors
        /// What the database says.
        pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<$row>> {
            $table::table.find((tenant, id)).select(<$row>::as_select()).first(conn).optional()
        }

        /// A page of the tenant's rows in id order.
        ///
        /// # Errors
        /// What the database says.
        pub fn list(conn: &mut PgConnection, tenant: Uuid, page: PageRequest) -> QueryResult<Vec<$row>> {
            $crate::store::page!($table, $row, conn, tenant, page)
        }

        /// How many rows the tenant has.
        ///
        /// # Errors
        /// What the database says.
        pub fn count(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<i64> {
            $table::table.filter($table::tenant_id.eq(tenant)).count().get_result(conn)
        }

        /// Adds a row.
        ///
        /// # Errors
        /// What the database says, a unique violation among it.
        pub fn insert(conn: &mut PgConnection, tenant: Uuid, row: &$row) -> QueryResult<usize> {
            debug_assert_eq!(tenant, row.tenant_id);
            diesel::insert_into($table::table).values(row).execute(conn)
        }

        /// Deletes the row with this id; tells how many there were (0 or 1).
        ///
        /// # Errors
        /// What the database says, a foreign key violation among it.
        pub fn delete(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<usize> {
            diesel::delete($table::table.find((tenant, id))).execute(conn)
        }
    };
    ($table:ident, $row:ty, versioned) => {
        $crate::store::crud!($table, $row);

        /// Writes a changed row back, when its version is still `version`; tells how many were (0 or 1).
        ///
        /// # Errors
        /// What the database says, a unique violation among it.
        pub fn save(conn: &mut PgConnection, tenant: Uuid, row: &$row, version: i64) -> QueryResult<usize> {
            let same = $table::table.find((tenant, row.id)).filter($table::version.eq(version));
            diesel::update(same).set(row).execute(conn)
        }

        impl $crate::store::Versioned for $row {
            fn lock(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Self>> {
                let row = $table::table.find((tenant, id)).select(<$row>::as_select());
                row.for_update().first(conn).optional()
            }

            fn save(&self, conn: &mut PgConnection, version: i64) -> QueryResult<usize> {
                save(conn, self.tenant_id, self, version)
            }

            fn delete(&self, conn: &mut PgConnection) -> QueryResult<usize> {
                delete(conn, self.tenant_id, self.id)
            }

            fn version(&self) -> i64 {
                self.version
            }

            fn bump(&mut self, now: chrono::DateTime<chrono::Utc>) {
                (self.version, self.updated_at) = (self.version + 1, now);
            }
        }
    };
}
pub(crate) use crud;
