CREATE TABLE sealing_checks (
    key_id text PRIMARY KEY,
    sealed bytea NOT NULL
);

COMMENT ON TABLE sealing_checks IS 'One known text sealed by each sealing key, so that a missing or wrong key is noticed at start.';
COMMENT ON COLUMN sealing_checks.key_id IS 'The sealing key''s id.';
COMMENT ON COLUMN sealing_checks.sealed IS 'The known text, sealed.';

GRANT SELECT, INSERT, DELETE ON sealing_checks TO doorward_system;
