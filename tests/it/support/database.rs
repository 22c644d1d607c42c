//! A database for each test, copied from a template that is migrated once per set of migrations.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use doorward::store::migrate;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::env;

/// A database of a test's own; dropped with it.
pub struct TestDatabase {
    pub url: SecretString,
    name: String,
}

impl TestDatabase {
    /// A migrated, empty database.
    pub fn new() -> Self {
        Self::from_template(&template())
    }

    fn from_template(template: &str) -> Self {
        let name = format!("dw_test_{}", Uuid::now_v7().simple());
        let mut conn = maintenance();
        conn.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        Self { url: url_of(&name).into(), name }
    }

    /// An empty database without any schema.
    pub fn bare() -> Self {
        Self::from_template("template1")
    }

    /// One that the test makes by itself under this name.
    pub fn named(name: &str) -> Self {
        Self { url: url_of(name).into(), name: name.to_owned() }
    }

    /// The URL for another login role of the cluster.
    pub fn url_as(&self, role: &LoginRole) -> String {
        let mut url = Url::parse(&url_of(&self.name)).unwrap();
        url.set_username(&role.0).unwrap();
        url.set_password(Some("secret")).unwrap();
        url.into()
    }

    /// A connection as the superuser, who sees everything.
    pub fn superuser(&self) -> PgConnection {
        PgConnection::establish(&url_of(&self.name)).unwrap()
    }

    /// Does `meanwhile`, which begins while the rows that `sql` changes are as before, waits for one of them, and goes on
    /// once they are changed.
    pub async fn overtaken<T>(&self, sql: &str, meanwhile: impl Future<Output = T>) -> T {
        let mut conn = self.superuser();
        conn.batch_execute(&format!("BEGIN; {sql}")).unwrap();
        let blocked = "SELECT count(*)::text AS line FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut watcher = self.superuser();
        let change = async {
            for _ in 0..300 {
                if lines(&mut watcher, blocked) != ["0"] {
                    return conn.batch_execute("COMMIT").unwrap();
                }
                actix_web::rt::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("nobody waits for the row");
        };
        tokio::join!(meanwhile, change).0
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _ = maintenance().batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A login role of a test's own, with the password `secret`; dropped with it.
pub struct LoginRole(pub String);

impl LoginRole {
    /// A role without any right, to which `grants` (with `{role}` for its name) may give some.
    pub fn new(grants: &str) -> Self {
        let name = format!("dw_role_{}", Uuid::now_v7().simple());
        let create = format!("CREATE ROLE {name} LOGIN NOINHERIT PASSWORD 'secret'; ");
        maintenance().batch_execute(&(create + &grants.replace("{role}", &name))).unwrap();
        Self(name)
    }
}

impl Drop for LoginRole {
    fn drop(&mut self) {
        let _ = maintenance().batch_execute(&format!("DROP ROLE IF EXISTS {}", self.0));
    }
}

/// Rows of one text column, named `line`.
pub fn lines(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    let rows: Vec<Row> = diesel::sql_query(sql).load(conn).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// The URL of a database of the test cluster.
pub fn url_of(database: &str) -> String {
    let mut url = Url::parse(&env::required("DOORWARD_TEST_DATABASE_URL")).unwrap();
    url.set_path(database);
    url.into()
}

fn maintenance() -> PgConnection {
    PgConnection::establish(&env::required("DOORWARD_TEST_DATABASE_URL")).unwrap()
}

/// One template per set of migrations, made by the first test that needs it while the others wait.
fn template() -> String {
    use diesel::migration::{Migration, MigrationSource};
    let migrations = MigrationSource::<diesel::pg::Pg>::migrations(&migrate::MIGRATIONS).unwrap();
    let sum = migrations.iter().fold(String::new(), |sum, m| format!("{sum}{:?}", m.name().to_string()));
    let digest = doorward::secrets::token::hash(&format!("{sum}{}", include_str!("../../../src/schema.rs")));
    let name = format!("dw_template_{}", digest[..8].iter().map(|b| format!("{b:02x}")).collect::<String>());
    let mut conn = maintenance();
    conn.batch_execute("SELECT pg_advisory_lock(4242)").unwrap();
    let known: i64 = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>(&format!(
        "(SELECT count(*) FROM pg_database WHERE datname = '{name}')"
    )))
    .get_result(&mut conn)
    .unwrap();
    if known == 0 {
        let making = format!("{name}_making");
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {making}")).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {making}")).unwrap();
        migrate::migrate(&url_of(&making).into()).unwrap();
        conn.batch_execute(&format!("ALTER DATABASE {making} RENAME TO {name}")).unwrap();
    }
    name
}
