CREATE TABLE invitations (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'accepted', 'revoked', 'expired')),
    token_hash bytea,
    token_shown boolean NOT NULL,
    email text,
    email_key text,
    external_id text,
    name text,
    given_name text,
    family_name text,
    profile jsonb NOT NULL,
    role text NOT NULL CHECK (role IN ('member', 'auditor', 'admin', 'owner')),
    group_ids uuid[] NOT NULL,
    connection_id uuid,
    language text NOT NULL,
    invited_by jsonb NOT NULL,
    valid_hours integer NOT NULL,
    delivery_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_by uuid,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(email_key, external_id) > 0)
);

COMMENT ON TABLE invitations IS 'Somebody is asked to join the tenant: what they will be there once they have proven who they are.';
COMMENT ON COLUMN invitations.tenant_id IS 'The tenant.';
COMMENT ON COLUMN invitations.id IS 'UUIDv7.';
COMMENT ON COLUMN invitations.state IS 'A pending one whose time is over counts as expired.';
COMMENT ON COLUMN invitations.token_hash IS 'SHA-256 of the token in the letter''s link; null where no letter was sent.';
COMMENT ON COLUMN invitations.token_shown IS 'The link was printed by the command line too: it does not prove that somebody reads the address''s mail.';
COMMENT ON COLUMN invitations.email IS 'The invited address as it was given.';
COMMENT ON COLUMN invitations.email_key IS 'The address normalised; what is compared.';
COMMENT ON COLUMN invitations.external_id IS 'The id that another system knows the person by; without an address it is the subject that accepts.';
COMMENT ON COLUMN invitations.name IS 'Display name, where the provider asserts none.';
COMMENT ON COLUMN invitations.given_name IS 'Given name, where the provider asserts none.';
COMMENT ON COLUMN invitations.family_name IS 'Family name, where the provider asserts none.';
COMMENT ON COLUMN invitations.profile IS 'The profile that the user gets (Profile).';
COMMENT ON COLUMN invitations.role IS 'What the person will be allowed to do.';
COMMENT ON COLUMN invitations.group_ids IS 'The groups that the person will be in.';
COMMENT ON COLUMN invitations.connection_id IS 'The one connection by which it can be accepted; null means any way.';
COMMENT ON COLUMN invitations.language IS 'The letter''s language.';
COMMENT ON COLUMN invitations.invited_by IS 'Who invited (Actor); their role is looked at again when it is accepted.';
COMMENT ON COLUMN invitations.valid_hours IS 'How long a letter is good.';
COMMENT ON COLUMN invitations.delivery_id IS 'The latest letter.';
COMMENT ON COLUMN invitations.created_at IS 'When it was made.';
COMMENT ON COLUMN invitations.updated_at IS 'When it was last sent, accepted or revoked.';
COMMENT ON COLUMN invitations.expires_at IS 'When it is void.';
COMMENT ON COLUMN invitations.accepted_by IS 'The user who accepted it.';

CREATE UNIQUE INDEX invitations_pending_email ON invitations (tenant_id, email_key) WHERE state = 'pending';
CREATE UNIQUE INDEX invitations_pending_external_id ON invitations (tenant_id, external_id) WHERE state = 'pending';
CREATE INDEX invitations_expiry ON invitations (expires_at);
SELECT doorward_tenant_wall('invitations');
CREATE POLICY system_access ON invitations TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO doorward_app;
GRANT SELECT, DELETE ON invitations TO doorward_system;
