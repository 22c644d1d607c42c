//! Migrations and roles: up, down, twice at once, and what is refused.

use std::thread;

use diesel::RunQueryDsl;
use doorward::store::migrate::{self, MigrateError};
use serde_json::json;

use crate::support::TestApp;
use crate::support::database::{LoginRole, TestDatabase, lines};
use crate::support::test_app::Setup;

/// Everything in the database that migrations may leave behind.
const OBJECTS: &str = "
    SELECT line FROM (
        SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'v')
        UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT polname::text FROM pg_policy) AS o (line)
    WHERE line NOT LIKE '%diesel%' ORDER BY 1";

#[test]
fn migrations_go_up_down_and_up_again_and_leave_nothing_behind() {
    let database = TestDatabase::bare();
    let up = migrate::migrate(&database.url).unwrap();
    let first = lines(&mut database.superuser(), OBJECTS);
    assert!(up > 20 && first.len() > up, "{up} {first:?}");
    assert_eq!(migrate::migrate(&database.url).unwrap(), 0, "nothing is done twice");

    assert_eq!(migrate::revert_all(&database.url).unwrap(), up);
    let left: Vec<String> = lines(&mut database.superuser(), OBJECTS);
    assert!(left.is_empty(), "{left:?}");

    assert_eq!(migrate::migrate(&database.url).unwrap(), up);
    assert_eq!(lines(&mut database.superuser(), OBJECTS), first);
}

#[test]
fn two_instances_that_migrate_at_once_do_it_once() {
    let database = TestDatabase::bare();
    let migrating: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url.clone();
            thread::spawn(move || migrate::migrate(&url).unwrap())
        })
        .collect();
    let mut done: Vec<usize> = migrating.into_iter().map(|t| t.join().unwrap()).collect();
    done.sort_unstable();
    assert_eq!(done[..3], [0, 0, 0]);
    assert!(done[3] > 20, "{done:?}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let database = TestDatabase::new();
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('20991231235959')")
        .execute(&mut database.superuser())
        .unwrap();
    let refused = migrate::migrate(&database.url).unwrap_err();
    assert!(matches!(&refused, MigrateError::Newer(version) if version == "20991231235959"), "{refused}");
    assert!(refused.to_string().contains("newer version"), "{refused}");
}

#[test]
fn a_role_that_may_not_make_roles_is_told_the_sql_to_run() {
    let (database, role) = (TestDatabase::bare(), LoginRole::new(""));
    let refused = migrate::migrate(&database.url_as(&role).into()).unwrap_err();
    assert!(matches!(refused, MigrateError::Roles), "{refused}");
    for line in migrate::ROLES_SQL.lines() {
        assert!(refused.to_string().contains(line), "{line} is missing in: {refused}");
    }
    assert!(lines(&mut database.superuser(), OBJECTS).is_empty(), "nothing was begun");
}

#[actix_web::test]
async fn a_login_role_that_inherits_nothing_can_run_the_server() {
    let database = std::sync::Arc::new(TestDatabase::new()); // makes the two roles in a fresh cluster
    let role = LoginRole::new("GRANT doorward_app, doorward_system TO {role}");
    let settings = json!({
        "database_url": database.url_as(&role),
        "migration_url": secrecy::ExposeSecret::expose_secret(&database.url),
    });
    let app = TestApp::start_with(Setup { settings, database: Some(database), ..Setup::default() });
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"email": "a@acme.example"})).await.created();
    assert_eq!(acme.get(&format!("/users/{}", user["id"].as_str().unwrap())).await.ok(), user);
    drop(app);
}
