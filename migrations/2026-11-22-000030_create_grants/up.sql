CREATE TABLE grants (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    application_id uuid,
    installation_application_id uuid REFERENCES installation_applications (id) ON DELETE CASCADE,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    identity_id uuid,
    source_id uuid,
    scope text NOT NULL,
    resource text,
    nonce text,
    auth_time timestamptz NOT NULL,
    acr text,
    amr text[] NOT NULL,
    redirect_uri text NOT NULL,
    code_hash bytea NOT NULL,
    code_challenge text NOT NULL,
    code_expires_at timestamptz NOT NULL,
    code_used_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoke_reason text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, identity_id) REFERENCES federated_identities (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(application_id, installation_application_id) = 1)
);

COMMENT ON TABLE grants IS 'What a user let an application have: born with an authorization code, lives in its tokens.';
COMMENT ON COLUMN grants.tenant_id IS 'The tenant of the user.';
COMMENT ON COLUMN grants.id IS 'UUIDv7.';
COMMENT ON COLUMN grants.application_id IS 'The application that asks: of the tenant, or';
COMMENT ON COLUMN grants.installation_application_id IS 'of the installation.';
COMMENT ON COLUMN grants.user_id IS 'Who.';
COMMENT ON COLUMN grants.session_id IS 'The session it was given in; no foreign key, because it outlives a session that only expired.';
COMMENT ON COLUMN grants.identity_id IS 'By which link the person came in, as in the session; the grant goes with it.';
COMMENT ON COLUMN grants.source_id IS 'By which identity source, likewise.';
COMMENT ON COLUMN grants.scope IS 'Granted scopes, separated by blanks.';
COMMENT ON COLUMN grants.resource IS 'The resource server that access tokens are for (RFC 8707), if one was named.';
COMMENT ON COLUMN grants.nonce IS 'The nonce of the request.';
COMMENT ON COLUMN grants.auth_time IS 'When the person had proven who they are.';
COMMENT ON COLUMN grants.acr IS 'The authentication context class of the session.';
COMMENT ON COLUMN grants.amr IS 'The authentication methods of the session.';
COMMENT ON COLUMN grants.redirect_uri IS 'Where the code was sent.';
COMMENT ON COLUMN grants.code_hash IS 'SHA-256 of the authorization code.';
COMMENT ON COLUMN grants.code_challenge IS 'PKCE challenge, S256.';
COMMENT ON COLUMN grants.code_expires_at IS 'When the code is void.';
COMMENT ON COLUMN grants.code_used_at IS 'When the code was redeemed.';
COMMENT ON COLUMN grants.created_at IS 'When it was given.';
COMMENT ON COLUMN grants.expires_at IS 'When its last token is void.';
COMMENT ON COLUMN grants.revoked_at IS 'When it was taken back; then none of its tokens is good.';
COMMENT ON COLUMN grants.revoke_reason IS 'Why: reuse, logout, revoked, ..';

CREATE INDEX grants_user ON grants (tenant_id, user_id);
CREATE INDEX grants_session ON grants (tenant_id, session_id);
CREATE INDEX grants_identity ON grants (tenant_id, identity_id);
CREATE INDEX grants_source ON grants (tenant_id, source_id);
CREATE INDEX grants_application ON grants (tenant_id, application_id);
CREATE INDEX grants_installation_application ON grants (installation_application_id);
CREATE INDEX grants_expiry ON grants (expires_at);
SELECT doorward_tenant_wall('grants');
CREATE POLICY system_access ON grants TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON grants TO doorward_app;
GRANT SELECT, DELETE ON grants TO doorward_system;
