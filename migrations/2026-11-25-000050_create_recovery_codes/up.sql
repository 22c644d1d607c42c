CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE recovery_codes IS 'Codes that stand in once for a lost second step. A code that was used has no row any more.';
COMMENT ON COLUMN recovery_codes.tenant_id IS 'The tenant.';
COMMENT ON COLUMN recovery_codes.user_id IS 'Whose it is.';
COMMENT ON COLUMN recovery_codes.code_hash IS 'SHA-256 of the code and whose it is.';

SELECT doorward_tenant_wall('recovery_codes');
GRANT SELECT, INSERT, DELETE ON recovery_codes TO doorward_app;
