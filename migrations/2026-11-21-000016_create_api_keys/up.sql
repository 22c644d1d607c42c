CREATE TABLE api_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    service_account_id uuid,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    hint text NOT NULL,
    role text NOT NULL CHECK (role IN ('member', 'auditor', 'admin', 'owner')),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, service_account_id) REFERENCES service_accounts (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(user_id, service_account_id) = 1)
);

COMMENT ON TABLE api_keys IS 'A bearer secret of a user or of a service account.';
COMMENT ON COLUMN api_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN api_keys.id IS 'UUIDv7.';
COMMENT ON COLUMN api_keys.user_id IS 'The user it belongs to, or';
COMMENT ON COLUMN api_keys.service_account_id IS 'the service account it belongs to.';
COMMENT ON COLUMN api_keys.name IS 'What it is for.';
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256 of the whole key.';
COMMENT ON COLUMN api_keys.hint IS 'The last four characters.';
COMMENT ON COLUMN api_keys.role IS 'The most it may do; its owner''s role bounds it again at each use.';
COMMENT ON COLUMN api_keys.expires_at IS 'When it stops working.';
COMMENT ON COLUMN api_keys.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Last use, to the minute.';
COMMENT ON COLUMN api_keys.created_at IS 'When it was created.';

CREATE INDEX api_keys_user ON api_keys (tenant_id, user_id);
CREATE INDEX api_keys_service_account ON api_keys (tenant_id, service_account_id);
SELECT doorward_tenant_wall('api_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO doorward_app;
