CREATE TABLE held_group_removals (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    user_id uuid NOT NULL,
    group_ids uuid[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_id, user_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE held_group_removals IS 'Removals that a sync wanted and the guard rail held back until an admin decides.';
COMMENT ON COLUMN held_group_removals.tenant_id IS 'The tenant.';
COMMENT ON COLUMN held_group_removals.id IS 'UUIDv7.';
COMMENT ON COLUMN held_group_removals.source_id IS 'Whose sync.';
COMMENT ON COLUMN held_group_removals.user_id IS 'Whose memberships.';
COMMENT ON COLUMN held_group_removals.group_ids IS 'The groups that the user would leave.';
COMMENT ON COLUMN held_group_removals.created_at IS 'When it was first held.';
COMMENT ON COLUMN held_group_removals.updated_at IS 'When the latest sync renewed it.';

SELECT doorward_tenant_wall('held_group_removals');
GRANT SELECT, INSERT, UPDATE, DELETE ON held_group_removals TO doorward_app;
