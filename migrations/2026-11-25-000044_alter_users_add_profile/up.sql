ALTER TABLE users
    ADD COLUMN profile_type text,
    ADD COLUMN profile_id text,
    ADD COLUMN profile_identifiers text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN users.profile_type IS 'What kind of record of another system describes the person, such as Practitioner.';
COMMENT ON COLUMN users.profile_id IS 'That record''s id.';
COMMENT ON COLUMN users.profile_identifiers IS 'Other identifiers of that record.';
