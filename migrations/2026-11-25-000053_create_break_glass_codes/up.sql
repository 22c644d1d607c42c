CREATE TABLE break_glass_codes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE break_glass_codes IS 'Codes by which an owner comes in, once each, while sso is enforced and the provider does not let them in.';
COMMENT ON COLUMN break_glass_codes.tenant_id IS 'The tenant.';
COMMENT ON COLUMN break_glass_codes.id IS 'UUIDv7.';
COMMENT ON COLUMN break_glass_codes.user_id IS 'Whose it is; it opens nothing while they are no active owner.';
COMMENT ON COLUMN break_glass_codes.code_hash IS 'SHA-256 of the code.';
COMMENT ON COLUMN break_glass_codes.created_at IS 'When the set was made.';
COMMENT ON COLUMN break_glass_codes.used_at IS 'When somebody came in by it.';

CREATE INDEX break_glass_codes_user ON break_glass_codes (tenant_id, user_id);
SELECT doorward_tenant_wall('break_glass_codes');
GRANT SELECT, INSERT, DELETE ON break_glass_codes TO doorward_app;
GRANT UPDATE (used_at) ON break_glass_codes TO doorward_app;
