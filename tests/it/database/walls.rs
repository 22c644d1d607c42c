//! The fourth wall at work: what a connection can see without, with, and with another tenant (T-12).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use doorward::store::db::DbError;
use serde_json::json;
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::database::lines;

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// Rows that a query counts as `n`.
fn count(conn: &mut PgConnection, sql: &str) -> QueryResult<i64> {
    Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.n)
}

/// Two tenants with one user each: their ids.
async fn two_tenants(app: &TestApp) -> (Uuid, Uuid) {
    let mut ids = Vec::new();
    for slug in ["acme", "globex"] {
        let admin = app.tenant(slug).await;
        admin.post("/users", &json!({"email": format!("a@{slug}.example")})).await.created();
        ids.push(admin.get("").await.ok()["id"].as_str().unwrap().parse().unwrap());
    }
    (ids[0], ids[1])
}

#[actix_web::test]
async fn t_12_without_a_tenant_no_row_exists_and_with_one_only_its_own() {
    let app = TestApp::start();
    let (acme, globex) = two_tenants(&app).await;
    let mut conn = app.database.superuser();
    conn.batch_execute("SET ROLE doorward_app").unwrap();
    for setting in ["RESET app.tenant_id", "SET app.tenant_id = ''"] {
        conn.batch_execute(setting).unwrap();
        for table in ["tenants", "users", "api_keys", "service_accounts", "audit_events"] {
            let seen = count(&mut conn, &format!("SELECT count(*) AS n FROM {table}")).unwrap();
            assert_eq!(seen, 0, "{table} after {setting}");
        }
    }

    // Queries that forget the filter: reading, changing, deleting and adding.
    let results = app.context.db.tenant(acme, move |conn| {
        let seen = count(conn, "SELECT count(*) AS n FROM users")?;
        let changed = diesel::sql_query("UPDATE users SET name = 'taken'").execute(conn)?;
        let moved = conn
            .transaction(|conn| diesel::sql_query(format!("UPDATE users SET tenant_id = '{globex}'")).execute(conn));
        let added = conn.transaction(|conn| {
            let row = format!("('{globex}', gen_random_uuid(), 'member', 'active', 1, now(), now())");
            diesel::sql_query(format!(
                "INSERT INTO users (tenant_id, id, role, status, version, created_at, updated_at) VALUES {row}"
            ))
            .execute(conn)
        });
        let deleted = diesel::sql_query(format!("DELETE FROM users WHERE tenant_id = '{globex}'")).execute(conn)?;
        Ok::<_, DbError>((seen, changed, moved.is_err(), added.is_err(), deleted))
    });
    assert_eq!(results.await.unwrap(), (1, 1, true, true, 0));
    let names = lines(&mut app.database.superuser(), "SELECT coalesce(name, '-') AS line FROM users ORDER BY email");
    assert_eq!(names, ["taken", "-"], "the other tenant's user is untouched");
}

#[actix_web::test]
async fn t_12_a_connection_goes_back_to_the_pool_without_a_tenant() {
    let app = TestApp::start_with(crate::support::test_app::Setup {
        settings: json!({"database_pool_size": 2}),
        ..Default::default()
    });
    let (acme, _) = two_tenants(&app).await;
    let db = &app.context.db;
    for _ in 0..8 {
        let early: Result<(), DbError> =
            db.tenant(acme, |_| Err(DbError::Query(diesel::result::Error::NotFound))).await;
        assert!(early.is_err());
        let broken: Result<usize, DbError> =
            db.tenant(acme, |conn| Ok(diesel::sql_query("SELECT 1/0").execute(conn)?)).await;
        assert!(broken.is_err());
        let panicked: Result<(), DbError> = db.tenant(acme, |_| panic!("a bug in a query's code")).await;
        assert!(matches!(panicked, Err(DbError::Unavailable)));
        let who = |conn: &mut PgConnection| {
            Ok::<_, DbError>(lines(
                conn,
                "SELECT coalesce(current_setting('app.tenant_id', true), '') || '|' || current_user AS line",
            ))
        };
        assert_eq!(db.system(who).await.unwrap(), ["|doorward_system"]);
    }
    assert!(db.usage().0 <= 2, "the pool keeps its size");
}

#[actix_web::test]
async fn a_look_up_by_address_uses_the_index_under_the_wall() {
    let app = TestApp::start();
    let (acme, _) = two_tenants(&app).await;
    let mut conn = app.database.superuser();
    conn.batch_execute(
        "INSERT INTO users (tenant_id, id, email, email_key, role, status, version, created_at, updated_at)
         SELECT t.id, gen_random_uuid(), 'u' || n || '@x.example', 'u' || n || '@x.example', 'member', 'active', 1, now(), now()
         FROM tenants t, generate_series(1, 5000) n;
         ANALYZE users;",
    )
    .unwrap();
    conn.batch_execute(&format!("SET ROLE doorward_app; SET app.tenant_id = '{acme}'")).unwrap();
    #[derive(diesel::QueryableByName)]
    struct Plan {
        #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let plan: Vec<Plan> = diesel::sql_query("EXPLAIN SELECT * FROM users WHERE tenant_id = $1 AND email_key = $2")
        .bind::<diesel::sql_types::Uuid, _>(acme)
        .bind::<diesel::sql_types::Text, _>("u77@x.example")
        .load(&mut conn)
        .unwrap();
    let plan: String = plan.into_iter().map(|p| p.line + "\n").collect();
    assert!(plan.contains("Index Scan using users_tenant_id_email_key_key"), "{plan}");
    assert!(plan.contains("Index Cond: ((tenant_id = ") && plan.contains("email_key = "), "{plan}");
}
