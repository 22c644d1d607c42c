CREATE TABLE installation_signing_keys (
    id uuid PRIMARY KEY,
    algorithm text NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'EdDSA')),
    private_key bytea NOT NULL,
    public_key jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    use_from timestamptz NOT NULL,
    retire_at timestamptz
);

COMMENT ON TABLE installation_signing_keys IS 'A key that signs the tokens of the installations issuer.';
COMMENT ON COLUMN installation_signing_keys.id IS 'UUIDv7.';
COMMENT ON COLUMN installation_signing_keys.algorithm IS 'What it signs with.';
COMMENT ON COLUMN installation_signing_keys.private_key IS 'PKCS#8, sealed.';
COMMENT ON COLUMN installation_signing_keys.public_key IS 'The JSON Web Key that is published; its kid is the RFC 7638 thumbprint.';
COMMENT ON COLUMN installation_signing_keys.created_at IS 'When it was made; published from then on.';
COMMENT ON COLUMN installation_signing_keys.use_from IS 'When it begins to sign; every instance knows it by then.';
COMMENT ON COLUMN installation_signing_keys.retire_at IS 'When it is published no longer: what the key before it signed has expired.';

GRANT SELECT, INSERT, UPDATE, DELETE ON installation_signing_keys TO doorward_system;
