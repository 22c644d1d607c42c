//! Db: the pool, and the only place where transactions begin and end.
//!
//! A tenant's transaction begins with its tenant set in one batch (`BEGIN; SET LOCAL ..`), so that a connection can
//! never go back to the pool with a tenant on it (T-12). Work that spans tenants is a `system` transaction.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::store::server;

type Manager = ConnectionManager<PgConnection>;

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection in time, or it broke: another try may work.
    #[error("the database cannot be reached now")]
    Unavailable,
    /// Another transaction was faster (deadlock, serialization): the same again will do.
    #[error("another change was faster")]
    Raced,
    /// Everything else Diesel says.
    #[error("the database refused: {0}")]
    Query(DieselError),
}

impl From<DieselError> for DbError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::BrokenTransactionManager => Self::Unavailable,
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, _) => Self::Unavailable,
            DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Raced,
            DieselError::DatabaseError(kind, info) => {
                tracing::debug!(?kind, message = info.message(), "database error");
                // libpq reports a lost server and a cancelled statement as unknown errors with these words.
                let text = info.message();
                if text.contains("deadlock detected") {
                    return Self::Raced;
                }
                let passing = [
                    "server closed the connection",
                    "terminating connection",
                    "no connection to the server",
                    "statement timeout",
                    "lock timeout",
                    "the database system is",
                ];
                if passing.iter().any(|p| text.contains(p)) { Self::Unavailable } else { Self::Query(error) }
            }
            _ => Self::Query(error),
        }
    }
}

/// The pool; cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
}

/// What every new connection is told: no more rights than the server needs (wall 4), and no endless waiting (D-10).
#[derive(Debug)]
struct AsApp;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for AsApp {
    fn on_acquire(&self, conn: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        conn.batch_execute(
            "SET ROLE doorward_app; SET statement_timeout = '5s'; SET lock_timeout = '4s'; \
             SET idle_in_transaction_session_timeout = '10s'; SET timezone = 'UTC'",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
}

impl Db {
    /// A pool of `size` connections; none is made before it is needed.
    #[must_use]
    pub fn new(url: &SecretString, size: u32) -> Self {
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(2))
            .test_on_check_out(false)
            .connection_customizer(Box::new(AsApp))
            .error_handler(Box::new(Told { url: url.clone() }))
            .build_unchecked(Manager::new(with_keepalive(url.expose_secret())));
        Self { pool }
    }

    /// Runs `work` in one transaction in which only this tenant's rows exist. Commits on `Ok`, rolls back on `Err`.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError`].
    pub async fn tenant<T, E, F>(&self, tenant: Uuid, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        // A UUID prints as hexadecimal digits and hyphens: nothing to quote.
        self.run(format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'"), work).await
    }

    /// Runs `work` in one transaction as `doorward_system`, which sees named tables across tenants.
    ///
    /// # Errors
    /// What `work` returns, or [`DbError`].
    pub async fn system<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.run("BEGIN; SET LOCAL ROLE doorward_system".to_owned(), work).await
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that may: it holds the pool and the transaction")]
    async fn run<T, E, F>(&self, begin: String, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let pool = self.pool.clone();
        let done = actix_web::web::block(move || {
            let mut conn = begun(&pool, &begin)?;
            transact(&mut conn, work)
        });
        done.await.unwrap_or_else(|_| Err(DbError::Unavailable.into()))
    }

    /// How many connections are open and how many of them are idle.
    #[must_use]
    pub fn usage(&self) -> (u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections)
    }
}

/// Runs `work` within the transaction and keeps what it wrote only where `keep` says so: whoever measures or counts sees the
/// same statements either way (K-11).
///
/// # Errors
/// What `work` returns, or [`DbError`].
pub fn keep_if<E, F>(conn: &mut PgConnection, keep: bool, work: F) -> Result<(), E>
where
    F: FnOnce(&mut PgConnection) -> Result<(), E>,
    E: From<DbError>,
{
    let done = conn.transaction(|conn| match work(conn) {
        Ok(()) if keep => Ok(()),
        Ok(()) => Err(Undone::Unwanted),
        Err(error) => Err(Undone::Failed(error)),
    });
    match done {
        Ok(()) | Err(Undone::Unwanted) => Ok(()),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// Why a savepoint was rolled back.
enum Undone<E> {
    Unwanted,
    Failed(E),
}

impl<E: From<DbError>> From<DieselError> for Undone<E> {
    fn from(error: DieselError) -> Self {
        Self::Failed(DbError::from(error).into())
    }
}

/// A connection with its transaction begun. One that turns out to be dead (PostgreSQL was restarted) is marked broken,
/// so that the pool drops it, and the next one is tried; that costs nothing while the database is well.
fn begun(pool: &Pool<Manager>, begin: &str) -> Result<PooledConnection<Manager>, DbError> {
    for _ in 0..=pool.max_size() {
        let mut conn = pool.get().map_err(|_| DbError::Unavailable)?;
        match AnsiTransactionManager::begin_transaction_sql(&mut *conn, begin) {
            Ok(()) => return Ok(conn),
            Err(error) => {
                AnsiTransactionManager::transaction_manager_status_mut(&mut *conn).set_in_error();
                if !matches!(DbError::from(error), DbError::Unavailable) {
                    return Err(DbError::Unavailable);
                }
            }
        }
    }
    Err(DbError::Unavailable)
}

/// Runs `work` and ends the transaction, whatever it returns. (A panic drops the connection out of the pool.)
fn transact<T, E, F>(conn: &mut PgConnection, work: F) -> Result<T, E>
where
    F: FnOnce(&mut PgConnection) -> Result<T, E>,
    E: From<DbError>,
{
    match work(conn) {
        Ok(value) => {
            AnsiTransactionManager::commit_transaction(conn).map_err(DbError::from)?;
            Ok(value)
        }
        Err(error) => {
            // A failed ROLLBACK leaves the manager in error, and the pool drops such a connection.
            let _ = AnsiTransactionManager::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// The URL with TCP settings that notice a dead peer within ten seconds.
fn with_keepalive(url: &str) -> String {
    let glue = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{glue}connect_timeout=2&keepalives_idle=5&keepalives_interval=2&keepalives_count=2&application_name=doorward"
    )
}

/// Connection errors are told with the server's place and the driver's reason, never the password.
#[derive(Debug)]
struct Told {
    url: SecretString,
}

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for Told {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        let (url, text) = (self.url.expose_secret(), error.to_string());
        let reason = if text.contains("permission denied to set role") || text.contains("role \"doorward_app\"") {
            "roles missing: run `doorward migrate`".to_owned()
        } else {
            server::reason(url, &text)
        };
        tracing::warn!(server = %server::place(url), %reason, "a database connection could not be made");
    }
}
