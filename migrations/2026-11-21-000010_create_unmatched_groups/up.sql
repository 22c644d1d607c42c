CREATE TABLE unmatched_groups (
    tenant_id uuid NOT NULL,
    source_id uuid NOT NULL,
    name text NOT NULL,
    times_seen bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id, name),
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE unmatched_groups IS 'External group names that a sync saw and nothing mapped, so that they do not vanish silently.';
COMMENT ON COLUMN unmatched_groups.tenant_id IS 'The tenant.';
COMMENT ON COLUMN unmatched_groups.source_id IS 'Who sent the name.';
COMMENT ON COLUMN unmatched_groups.name IS 'The external name.';
COMMENT ON COLUMN unmatched_groups.times_seen IS 'In how many syncs.';
COMMENT ON COLUMN unmatched_groups.first_seen_at IS 'First time.';
COMMENT ON COLUMN unmatched_groups.last_seen_at IS 'Last time.';

SELECT doorward_tenant_wall('unmatched_groups');
GRANT SELECT, INSERT, UPDATE, DELETE ON unmatched_groups TO doorward_app;
