-- What nobody confirmed goes back; the owner of the table sees no row while row-level security is forced.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
UPDATE tenants SET sso = sso_before, sso_before = NULL, sso_confirm_by = NULL WHERE sso_confirm_by IS NOT NULL;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE tenants DROP CONSTRAINT tenants_sso_waits;
ALTER TABLE tenants DROP COLUMN sso_confirm_by;
ALTER TABLE tenants DROP COLUMN sso_before;
