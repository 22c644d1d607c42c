-- The fourth tenancy wall: puts a tenant table behind row-level security. Without app.tenant_id no row is seen or
-- written, by the table's owner either. Called once by each migration that creates a tenant table.
CREATE FUNCTION doorward_tenant_wall(tenant_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
        'CREATE POLICY tenant_wall ON %s
             USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
             WITH CHECK (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)', tenant_table);
END
$$;

GRANT USAGE ON SCHEMA public TO doorward_app, doorward_system;
