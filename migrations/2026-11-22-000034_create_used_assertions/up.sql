CREATE TABLE used_assertions (
    fingerprint bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

COMMENT ON TABLE used_assertions IS 'Assertions that are good once, until they expire.';
COMMENT ON COLUMN used_assertions.fingerprint IS 'SHA-256 of who made it and its id.';
COMMENT ON COLUMN used_assertions.expires_at IS 'When it would be refused anyway.';

CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);
GRANT SELECT, INSERT, DELETE ON used_assertions TO doorward_system;
