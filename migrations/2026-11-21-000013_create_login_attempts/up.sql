CREATE TABLE login_attempts (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    secrets bytea NOT NULL,
    return_to text,
    parked_response bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    session_id uuid,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, state_hash),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE login_attempts IS 'A login that was begun: bound to a browser, used once.';
COMMENT ON COLUMN login_attempts.tenant_id IS 'The tenant.';
COMMENT ON COLUMN login_attempts.id IS 'UUIDv7; part of the browser cookie''s name.';
COMMENT ON COLUMN login_attempts.connection_id IS 'Which connection it was begun with.';
COMMENT ON COLUMN login_attempts.state_hash IS 'SHA-256 of state.';
COMMENT ON COLUMN login_attempts.browser_hash IS 'SHA-256 of the browser cookie''s value.';
COMMENT ON COLUMN login_attempts.secrets IS 'Nonce and PKCE verifier, sealed.';
COMMENT ON COLUMN login_attempts.return_to IS 'Where the login goes when it succeeds; already checked.';
COMMENT ON COLUMN login_attempts.parked_response IS 'A cross-site form post that came without its cookie, sealed, until the same-site GET fetches it.';
COMMENT ON COLUMN login_attempts.created_at IS 'When it was begun.';
COMMENT ON COLUMN login_attempts.expires_at IS 'When it is void.';
COMMENT ON COLUMN login_attempts.consumed_at IS 'When it was used.';
COMMENT ON COLUMN login_attempts.session_id IS 'The session it led to.';

CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);
SELECT doorward_tenant_wall('login_attempts');
CREATE POLICY system_access ON login_attempts TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_attempts TO doorward_app;
GRANT SELECT, DELETE ON login_attempts TO doorward_system;
GRANT UPDATE (secrets, parked_response) ON login_attempts TO doorward_system;
