ALTER TABLE tenants ADD COLUMN sso_before text CHECK (sso_before IN ('off', 'optional'));
ALTER TABLE tenants ADD COLUMN sso_confirm_by timestamptz;
ALTER TABLE tenants ADD CONSTRAINT tenants_sso_waits CHECK (
    (sso_before IS NULL) = (sso_confirm_by IS NULL) AND (sso_confirm_by IS NULL OR sso = 'enforced')
);

COMMENT ON COLUMN tenants.sso_before IS 'What sso was before it was enforced and counts again from sso_confirm_by on; NULL: nothing waits.';
COMMENT ON COLUMN tenants.sso_confirm_by IS 'Until when a login by a connection has to confirm that sso is enforced; NULL: nothing waits.';

CREATE INDEX tenants_sso_confirm_by ON tenants (sso_confirm_by) WHERE sso_confirm_by IS NOT NULL;
