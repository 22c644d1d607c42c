//! Roles and migrations: what brings a database to the schema this binary knows.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};

use crate::store::server;

/// The migrations that are compiled in.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Key of the advisory lock that one migrating instance holds.
const LOCK: i64 = 0x0064_6f6f_7277_6172;

/// The SQL that makes the two roles the server works as; printed when we may not run it ourselves.
pub const ROLES_SQL: &str = "\
CREATE ROLE doorward_app NOLOGIN NOINHERIT;
CREATE ROLE doorward_system NOLOGIN NOINHERIT;
-- and for each login role that runs the server (it should not inherit):
--   GRANT doorward_app, doorward_system TO your_login_role;
";

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error("cannot connect to PostgreSQL at {0} to migrate: {1}")]
    Connect(String, String),
    /// The roles are missing and we may not create them.
    #[error(
        "the roles doorward_app and doorward_system are missing or not granted to this user, and it may not create them; run as a superuser:\n{ROLES_SQL}"
    )]
    Roles,
    /// The database knows migrations that this binary does not.
    #[error(
        "the database was migrated by a newer version (unknown migration {0}); start that version or restore a backup"
    )]
    Newer(String),
    /// A migration failed; its transaction was rolled back.
    #[error("a migration failed: {0}")]
    Failed(String),
}

/// Creates the roles if need be, then runs pending migrations, each in its own transaction; returns how many ran.
/// Only one instance does so at a time, the others wait.
///
/// # Errors
/// [`MigrateError`]; nothing is half done.
pub fn migrate(url: &SecretString) -> Result<usize, MigrateError> {
    let mut conn = connect(url)?;
    ensure_roles(&mut conn, url)?;
    lock(&mut conn)?;
    refuse_newer(&mut conn)?;
    // Waiting behind a long transaction would stop the world; a migration gives up and is tried again.
    conn.batch_execute("SET lock_timeout = '2s'").map_err(|e| MigrateError::Failed(e.to_string()))?;
    for attempt in 0.. {
        match conn.run_pending_migrations(MIGRATIONS) {
            Ok(done) => return Ok(done.len()),
            Err(error) if attempt < 10 && error.to_string().contains("lock timeout") => {
                std::thread::sleep(Duration::from_millis(500));
            }
            Err(error) => return Err(MigrateError::Failed(error.to_string())),
        }
    }
    unreachable!("the loop returns")
}

/// Takes the schema down again, newest first. For development and tests: all data is lost.
///
/// # Errors
/// [`MigrateError`].
pub fn revert_all(url: &SecretString) -> Result<usize, MigrateError> {
    let mut conn = connect(url)?;
    lock(&mut conn)?;
    conn.revert_all_migrations(MIGRATIONS).map(|m| m.len()).map_err(|e| MigrateError::Failed(e.to_string()))
}

fn connect(url: &SecretString) -> Result<PgConnection, MigrateError> {
    let url = url.expose_secret();
    PgConnection::establish(url).map_err(|e| MigrateError::Connect(server::place(url), server::reason(url, &e)))
}

/// Session-level: released when the connection ends.
fn lock(conn: &mut PgConnection) -> Result<(), MigrateError> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).map_err(|e| MigrateError::Failed(e.to_string()))
}

fn refuse_newer(conn: &mut PgConnection) -> Result<(), MigrateError> {
    use diesel::migration::MigrationSource;
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| MigrateError::Failed(e.to_string());
    let known = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).map_err(failed)?;
    let known: Vec<String> = known.iter().map(|m| m.name().version().to_string()).collect();
    let applied = conn.applied_migrations().map_err(failed)?;
    match applied.iter().map(ToString::to_string).find(|v| !known.contains(v)) {
        Some(unknown) => Err(MigrateError::Newer(unknown)),
        None => Ok(()),
    }
}

/// Roles belong to the whole cluster, and advisory locks to one database: the lock is taken in the database `postgres`,
/// which everybody shares, when it can be reached.
fn ensure_roles(conn: &mut PgConnection, url: &SecretString) -> Result<(), MigrateError> {
    let shared = maintenance_url(url.expose_secret()).and_then(|u| PgConnection::establish(&u).ok());
    let mut guard = shared;
    if let Some(guard) = guard.as_mut() {
        lock(guard)?;
    }
    let missing = |role: &str| {
        format!(
            "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} NOLOGIN NOINHERIT; END IF;"
        )
    };
    let grant = |role: &str| {
        format!("IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN GRANT {role} TO CURRENT_USER; END IF;")
    };
    let sql = format!(
        "DO $$ BEGIN {} {} {} {} END $$",
        missing("doorward_app"),
        missing("doorward_system"),
        grant("doorward_app"),
        grant("doorward_system")
    );
    conn.batch_execute(&sql).map_err(|_| MigrateError::Roles)
}

/// The same URL with the database `postgres`.
fn maintenance_url(url: &str) -> Option<String> {
    let mut url = url::Url::parse(url).ok()?;
    url.set_path("/postgres");
    Some(url.into())
}
