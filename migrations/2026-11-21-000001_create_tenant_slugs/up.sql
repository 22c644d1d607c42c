CREATE TABLE tenant_slugs (
    slug text PRIMARY KEY,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

COMMENT ON TABLE tenant_slugs IS 'Every slug that was ever a tenant''s. A slug is part of issuers and URLs, so it is never handed out twice.';
COMMENT ON COLUMN tenant_slugs.slug IS 'The slug; lower-case letters, digits and hyphens.';
COMMENT ON COLUMN tenant_slugs.created_at IS 'When it was taken.';
COMMENT ON COLUMN tenant_slugs.retired_at IS 'When its tenant was deleted; from then on it is quarantined.';

GRANT SELECT, INSERT, UPDATE ON tenant_slugs TO doorward_app;
