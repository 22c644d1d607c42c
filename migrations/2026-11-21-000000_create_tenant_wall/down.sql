REVOKE USAGE ON SCHEMA public FROM doorward_app, doorward_system;
DROP FUNCTION doorward_tenant_wall(regclass);
