DROP FUNCTION doorward_tenant_wall(regclass);
