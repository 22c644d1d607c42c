ALTER TABLE tenants ADD COLUMN sso text NOT NULL DEFAULT 'optional' CHECK (sso IN ('off', 'optional', 'enforced'));

COMMENT ON COLUMN tenants.sso IS 'Whether connections, passwords or both sign people in: off, optional, enforced.';
