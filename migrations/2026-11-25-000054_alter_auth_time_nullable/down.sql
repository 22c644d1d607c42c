-- Before, what no provider said was taken for the login's own time; the owner of a table sees no row while row-level
-- security is forced.
ALTER TABLE sessions NO FORCE ROW LEVEL SECURITY;
UPDATE sessions SET auth_time = created_at WHERE auth_time IS NULL;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE grants NO FORCE ROW LEVEL SECURITY;
UPDATE grants SET auth_time = created_at WHERE auth_time IS NULL;
ALTER TABLE grants FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions ALTER COLUMN auth_time SET NOT NULL;
ALTER TABLE grants ALTER COLUMN auth_time SET NOT NULL;

COMMENT ON COLUMN sessions.auth_time IS 'When the person last proved who they are.';
COMMENT ON COLUMN grants.auth_time IS 'When the person had proven who they are.';
