CREATE TABLE operator_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE,
    hint text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL
);

COMMENT ON TABLE operator_keys IS 'Bearer secrets of the installation''s operators.';
COMMENT ON COLUMN operator_keys.id IS 'UUIDv7.';
COMMENT ON COLUMN operator_keys.name IS 'Who or what holds it.';
COMMENT ON COLUMN operator_keys.secret_hash IS 'SHA-256 of the whole key.';
COMMENT ON COLUMN operator_keys.hint IS 'The last four characters.';
COMMENT ON COLUMN operator_keys.expires_at IS 'When it stops working.';
COMMENT ON COLUMN operator_keys.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN operator_keys.last_used_at IS 'Last use, to the minute.';
COMMENT ON COLUMN operator_keys.created_at IS 'When it was created.';

GRANT SELECT, INSERT, UPDATE ON operator_keys TO doorward_system;
