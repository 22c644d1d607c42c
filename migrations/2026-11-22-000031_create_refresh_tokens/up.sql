CREATE TABLE refresh_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    grant_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE refresh_tokens IS 'A refresh token; each is good once and leads to the next.';
COMMENT ON COLUMN refresh_tokens.tenant_id IS 'The tenant of the user.';
COMMENT ON COLUMN refresh_tokens.id IS 'UUIDv7.';
COMMENT ON COLUMN refresh_tokens.grant_id IS 'The grant whose family it is of.';
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256 of the token.';
COMMENT ON COLUMN refresh_tokens.created_at IS 'When it was issued.';
COMMENT ON COLUMN refresh_tokens.expires_at IS 'When it is void.';
COMMENT ON COLUMN refresh_tokens.used_at IS 'When it was used; a later use betrays theft.';

CREATE INDEX refresh_tokens_grant ON refresh_tokens (tenant_id, grant_id);
SELECT doorward_tenant_wall('refresh_tokens');
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO doorward_app;
