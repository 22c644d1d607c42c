CREATE TABLE group_mappings (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    group_id uuid NOT NULL,
    source_id uuid,
    match_kind text NOT NULL CHECK (match_kind IN ('exact', 'case_insensitive', 'regex')),
    pattern text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE group_mappings IS 'Which external group names feed a group.';
COMMENT ON COLUMN group_mappings.tenant_id IS 'The tenant.';
COMMENT ON COLUMN group_mappings.id IS 'UUIDv7.';
COMMENT ON COLUMN group_mappings.group_id IS 'The group that is fed.';
COMMENT ON COLUMN group_mappings.source_id IS 'Only names from this identity source; null means from any.';
COMMENT ON COLUMN group_mappings.match_kind IS 'How the pattern is compared.';
COMMENT ON COLUMN group_mappings.pattern IS 'The external name, or a regular expression over the whole name.';
COMMENT ON COLUMN group_mappings.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN group_mappings.created_at IS 'When it was created.';
COMMENT ON COLUMN group_mappings.updated_at IS 'When it was last changed.';

SELECT doorward_tenant_wall('group_mappings');
GRANT SELECT, INSERT, UPDATE, DELETE ON group_mappings TO doorward_app;
