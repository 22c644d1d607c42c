CREATE TABLE users (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    email text,
    email_key text,
    email_verified_at timestamptz,
    name text,
    given_name text,
    family_name text,
    picture text,
    external_id text,
    role text NOT NULL CHECK (role IN ('member', 'auditor', 'admin', 'owner')),
    status text NOT NULL CHECK (status IN ('active', 'suspended')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_login_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email_key),
    UNIQUE (tenant_id, external_id)
);

COMMENT ON TABLE users IS 'A person in one tenant. There is no global user.';
COMMENT ON COLUMN users.tenant_id IS 'The tenant.';
COMMENT ON COLUMN users.id IS 'UUIDv7.';
COMMENT ON COLUMN users.email IS 'Address as it was given.';
COMMENT ON COLUMN users.email_key IS 'The address normalised; what is compared.';
COMMENT ON COLUMN users.email_verified_at IS 'When the address was last proven; null when it never was.';
COMMENT ON COLUMN users.name IS 'Display name.';
COMMENT ON COLUMN users.given_name IS 'Given name.';
COMMENT ON COLUMN users.family_name IS 'Family name.';
COMMENT ON COLUMN users.picture IS 'URL of a picture.';
COMMENT ON COLUMN users.external_id IS 'The id that another system knows the person by.';
COMMENT ON COLUMN users.role IS 'What the person may do in this tenant.';
COMMENT ON COLUMN users.status IS 'A suspended user is signed in nowhere.';
COMMENT ON COLUMN users.version IS 'Grows with each update by an admin; the ETag.';
COMMENT ON COLUMN users.created_at IS 'When the user was created.';
COMMENT ON COLUMN users.updated_at IS 'When the user was last changed.';
COMMENT ON COLUMN users.last_login_at IS 'When the user last signed in.';

SELECT doorward_tenant_wall('users');
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO doorward_app;
