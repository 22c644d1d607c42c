CREATE TABLE address_proofs (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    address text NOT NULL,
    address_key text NOT NULL,
    user_id uuid,
    user_key text,
    password_id uuid,
    source_id uuid,
    issuer text,
    subject text,
    waiting bytea,
    browser_hash bytea,
    return_to text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    proven_at timestamptz,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE,
    CHECK (purpose <> 'sign_in' OR (source_id IS NOT NULL AND issuer IS NOT NULL AND subject IS NOT NULL AND browser_hash IS NOT NULL)),
    CHECK (purpose = 'sign_in' OR (source_id IS NULL AND waiting IS NULL AND browser_hash IS NULL))
);

COMMENT ON TABLE address_proofs IS 'Links that were mailed to an address: whoever has one, has the mailbox. Each is for one purpose, of one person, once.';
COMMENT ON COLUMN address_proofs.tenant_id IS 'The tenant.';
COMMENT ON COLUMN address_proofs.id IS 'UUIDv7; part of the browser cookie''s name of a sign-in that waits.';
COMMENT ON COLUMN address_proofs.purpose IS 'sign_in, change_address or reset_password.';
COMMENT ON COLUMN address_proofs.token_hash IS 'SHA-256 of the link''s token.';
COMMENT ON COLUMN address_proofs.address IS 'The address that the letter went to.';
COMMENT ON COLUMN address_proofs.address_key IS 'Its key.';
COMMENT ON COLUMN address_proofs.user_id IS 'Of whom; null for a sign-in of somebody who is no user yet.';
COMMENT ON COLUMN address_proofs.user_key IS 'The key of the address that the user had when it was asked for: another one by now voids the proof.';
COMMENT ON COLUMN address_proofs.password_id IS 'The password that the user had when a reset was asked for: another one by now voids the proof.';
COMMENT ON COLUMN address_proofs.source_id IS 'Of a sign-in: by which source,';
COMMENT ON COLUMN address_proofs.issuer IS 'of which issuer,';
COMMENT ON COLUMN address_proofs.subject IS 'of which subject. It proves nothing for another one.';
COMMENT ON COLUMN address_proofs.waiting IS 'Of a sign-in: what the provider said, sealed, until the sign-in goes on.';
COMMENT ON COLUMN address_proofs.browser_hash IS 'Of a sign-in: SHA-256 of the cookie of the browser that began it.';
COMMENT ON COLUMN address_proofs.return_to IS 'Where it ends; already checked.';
COMMENT ON COLUMN address_proofs.created_at IS 'When the letter was posted.';
COMMENT ON COLUMN address_proofs.expires_at IS 'When it is void.';
COMMENT ON COLUMN address_proofs.proven_at IS 'When the link of a sign-in was confirmed in another browser than the one that began it.';
COMMENT ON COLUMN address_proofs.used_at IS 'When it was used, or voided.';

CREATE INDEX address_proofs_expiry ON address_proofs (expires_at);
CREATE INDEX address_proofs_user ON address_proofs (tenant_id, user_id);
CREATE INDEX address_proofs_proven ON address_proofs (tenant_id, source_id, subject) WHERE proven_at IS NOT NULL AND used_at IS NULL;
SELECT doorward_tenant_wall('address_proofs');
CREATE POLICY system_access ON address_proofs TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON address_proofs TO doorward_app;
GRANT SELECT, DELETE ON address_proofs TO doorward_system;
GRANT UPDATE (waiting) ON address_proofs TO doorward_system;
