ALTER TABLE sessions ADD COLUMN acr text;
ALTER TABLE sessions ADD COLUMN amr text[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN sessions.acr IS 'The authentication context class that the identity provider told.';
COMMENT ON COLUMN sessions.amr IS 'The authentication methods that the identity provider told, or pwd.';
