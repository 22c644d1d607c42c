ALTER TABLE sessions ADD COLUMN name_id_hash bytea;
ALTER TABLE sessions ADD COLUMN session_index_hash bytea;

COMMENT ON COLUMN sessions.name_id_hash IS 'SHA-256 of the NameID, by which a SAML provider ends the session.';
COMMENT ON COLUMN sessions.session_index_hash IS 'SHA-256 of the SessionIndex, by which a SAML provider ends the session.';

CREATE INDEX sessions_name_id ON sessions (tenant_id, source_id, name_id_hash) WHERE name_id_hash IS NOT NULL;
