//! The schema as PostgreSQL tells it, against `src/schema.rs` and against the rules of a tenant's table.

use crate::support::database::{TestDatabase, lines};

/// Tables with a `tenant_id` that are no tenant's: read across tenants by the server alone, with no way to them from outside.
const NO_WALL: &[&str] = &["changes"];

/// Table, column, Diesel's type of each line of `schema.rs`, as `table.column -> Type`.
fn schema_rs() -> Vec<String> {
    let mut table = "";
    let mut found = Vec::new();
    for line in include_str!("../../../src/schema.rs").lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            table = name;
        } else if line.contains(" -> ") && !line.starts_with("//") {
            found.push(format!("{table}.{}", line.trim_end_matches(',')));
        }
    }
    found.sort();
    found
}

/// The columns of every table, in the same form.
const COLUMNS: &str = r#"
    SELECT table_name || '.' || column_name || ' -> ' ||
        CASE WHEN is_nullable = 'YES' THEN 'Nullable<' || type || '>' ELSE type END COLLATE "C" AS line
    FROM (SELECT *, CASE udt_name
        WHEN 'uuid' THEN 'Uuid' WHEN 'text' THEN 'Text' WHEN 'bytea' THEN 'Bytea' WHEN 'timestamptz' THEN 'Timestamptz'
        WHEN 'jsonb' THEN 'Jsonb' WHEN 'int2' THEN 'Int2' WHEN 'int4' THEN 'Int4' WHEN 'int8' THEN 'Int8' WHEN 'bool' THEN 'Bool'
        WHEN '_text' THEN 'Array<Text>' WHEN '_uuid' THEN 'Array<Uuid>' ELSE udt_name END AS type
        FROM information_schema.columns) AS typed
    WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations' ORDER BY line"#;

#[test]
fn schema_rs_is_what_the_migrations_make() {
    let database = TestDatabase::new();
    let (theirs, ours) = (lines(&mut database.superuser(), COLUMNS), schema_rs());
    assert!(ours.len() > 100, "schema.rs was read: {}", ours.len());
    let differ: Vec<_> = theirs.iter().filter(|t| !ours.contains(t)).collect();
    assert!(differ.is_empty(), "not in schema.rs: {differ:?}");
    let gone: Vec<_> = ours.iter().filter(|o| !theirs.contains(o)).collect();
    assert!(gone.is_empty(), "not in the database: {gone:?}");
}

#[test]
fn every_table_and_every_column_has_a_comment() {
    let silent = lines(
        &mut TestDatabase::new().superuser(),
        "SELECT c.relname || coalesce('.' || a.attname, '') AS line
         FROM pg_class c
         LEFT JOIN LATERAL (SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                            UNION ALL SELECT 0, NULL) a ON true
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '__diesel_schema_migrations'
           AND coalesce(trim(col_description(c.oid, a.attnum)), CASE WHEN a.attnum = 0 THEN obj_description(c.oid, 'pg_class') END, '') = ''",
    );
    assert!(silent.is_empty(), "{silent:?}");
}

/// Tables with a tenant_id, but for those of [`NO_WALL`].
fn tenant_tables(database: &TestDatabase) -> Vec<String> {
    let all = lines(
        &mut database.superuser(),
        "SELECT table_name::text AS line FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'tenant_id' ORDER BY 1",
    );
    all.into_iter().filter(|t| !NO_WALL.contains(&t.as_str())).collect()
}

#[test]
fn every_tenant_table_stands_behind_a_forced_wall() {
    let database = TestDatabase::new();
    let tables = tenant_tables(&database);
    assert!(tables.len() >= 15, "{tables:?}");
    let walled = lines(
        &mut database.superuser(),
        "SELECT c.relname::text AS line FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
         WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polname = 'tenant_wall' AND p.polcmd = '*'
           AND pg_get_expr(p.polqual, c.oid) LIKE '%app.tenant_id%' AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%app.tenant_id%'",
    );
    for table in tables.iter().map(String::as_str).chain(["tenants"]) {
        assert!(walled.iter().any(|w| w == table), "{table} has no forced wall");
    }
}

#[test]
fn keys_of_tenant_tables_begin_with_the_tenant_and_foreign_keys_carry_it() {
    let database = TestDatabase::new();
    // Constraint as table|kind|columns|other table; unique indexes that are no constraint are listed by the last part.
    let constraints = lines(
        &mut database.superuser(),
        "SELECT c.relname || '|' || k.contype || '|' || k.columns || '|' || coalesce(f.relname, '') AS line
         FROM (SELECT conrelid, confrelid, contype::text, (SELECT string_agg(a.attname, ',' ORDER BY n)
                 FROM unnest(conkey) WITH ORDINALITY AS u (num, n)
                 JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = u.num) AS columns
               FROM pg_constraint WHERE contype IN ('p', 'u', 'f')) k
         JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class f ON f.oid = k.confrelid
         WHERE c.relnamespace = 'public'::regnamespace",
    );
    for table in tenant_tables(&database) {
        let prefix = format!("{table}|");
        let of_table = constraints.iter().filter_map(|c| c.strip_prefix(&prefix));
        let of_table: Vec<Vec<&str>> = of_table.map(|c| c.split('|').collect()).collect();
        assert!(of_table.iter().any(|c| c[0] == "p"), "{table} has a primary key");
        for constraint in of_table {
            let [kind, columns, other] = constraint[..] else { panic!("{constraint:?}") };
            if kind == "f" && other.starts_with("installation_") {
                continue; // those are no tenant's
            }
            assert!(columns.starts_with("tenant_id"), "{table}: {kind} ({columns})");
            let composite = columns.contains(',') || (kind == "f" && other == "tenants");
            assert!(composite, "{table}: {kind} ({columns}) -> {other}");
        }
    }
    // Globally unique are only the tenant slug and a verified domain (design 1).
    let unique = lines(
        &mut database.superuser(),
        "SELECT indexrelid::regclass::text AS line FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE i.indisunique AND a.attname <> 'tenant_id' AND indrelid::regclass::text = ANY (
             SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id') ORDER BY 1",
    );
    assert_eq!(unique, ["changes_pkey", "verified_domains_one_tenant"]);
}
