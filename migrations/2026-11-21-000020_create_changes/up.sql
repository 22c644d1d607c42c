CREATE TABLE changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id uuid NOT NULL
);

COMMENT ON TABLE changes IS 'Security-relevant changes, read by every instance each second to drop what it has cached.';
COMMENT ON COLUMN changes.id IS 'Order of arrival; commits may be seen out of order.';
COMMENT ON COLUMN changes.at IS 'When, by the database''s clock.';
COMMENT ON COLUMN changes.tenant_id IS 'Whose caches to drop.';

CREATE INDEX changes_at ON changes (at);
GRANT INSERT ON changes TO doorward_app;
GRANT SELECT, INSERT, DELETE ON changes TO doorward_system;
