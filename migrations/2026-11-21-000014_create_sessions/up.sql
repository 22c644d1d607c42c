CREATE TABLE sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    token_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    identity_id uuid,
    source_id uuid,
    auth_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    ip text,
    user_agent text,
    upstream bytea,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, identity_id) REFERENCES federated_identities (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE sessions IS 'A browser that is signed in.';
COMMENT ON COLUMN sessions.tenant_id IS 'The tenant.';
COMMENT ON COLUMN sessions.id IS 'UUIDv7; safe to show.';
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the cookie''s value.';
COMMENT ON COLUMN sessions.user_id IS 'Who.';
COMMENT ON COLUMN sessions.identity_id IS 'By which link the person came in.';
COMMENT ON COLUMN sessions.source_id IS 'By which identity source.';
COMMENT ON COLUMN sessions.auth_time IS 'When the person last proved who they are.';
COMMENT ON COLUMN sessions.created_at IS 'When it began.';
COMMENT ON COLUMN sessions.last_seen_at IS 'Last use, to the minute.';
COMMENT ON COLUMN sessions.expires_at IS 'Absolute end.';
COMMENT ON COLUMN sessions.ended_at IS 'When it was ended before its time.';
COMMENT ON COLUMN sessions.end_reason IS 'Why: logout, revoked, user_suspended, ..';
COMMENT ON COLUMN sessions.ip IS 'Address it was made from.';
COMMENT ON COLUMN sessions.user_agent IS 'Browser it was made with.';
COMMENT ON COLUMN sessions.upstream IS 'The provider''s tokens for logout and revocation, sealed.';

CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_identity ON sessions (tenant_id, identity_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
SELECT doorward_tenant_wall('sessions');
CREATE POLICY system_access ON sessions TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO doorward_app;
GRANT SELECT, DELETE ON sessions TO doorward_system;
GRANT UPDATE (upstream) ON sessions TO doorward_system;
