ALTER TABLE sessions ALTER COLUMN auth_time DROP NOT NULL;
ALTER TABLE grants ALTER COLUMN auth_time DROP NOT NULL;

COMMENT ON COLUMN sessions.auth_time IS 'When the person proved who they are; NULL: their provider did not say.';
COMMENT ON COLUMN grants.auth_time IS 'When the person had proven who they are; NULL: their provider did not say.';
