CREATE TABLE group_memberships (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    user_id uuid NOT NULL,
    origin text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, group_id, user_id, origin),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE group_memberships IS 'Who is in which group, and who says so. A manual and a synced membership can stand side by side.';
COMMENT ON COLUMN group_memberships.tenant_id IS 'The tenant.';
COMMENT ON COLUMN group_memberships.group_id IS 'The group.';
COMMENT ON COLUMN group_memberships.user_id IS 'The user.';
COMMENT ON COLUMN group_memberships.origin IS 'manual, or the id of the identity source whose sync made it.';
COMMENT ON COLUMN group_memberships.created_at IS 'Since when.';

CREATE INDEX group_memberships_user ON group_memberships (tenant_id, user_id);
SELECT doorward_tenant_wall('group_memberships');
GRANT SELECT, INSERT, UPDATE, DELETE ON group_memberships TO doorward_app;
