CREATE TABLE certificate_notices (
    tenant_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    fingerprint text NOT NULL,
    days smallint NOT NULL,
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, fingerprint),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE certificate_notices IS 'Which certificates of a connection were told to expire, so that it is told once for each threshold.';
COMMENT ON COLUMN certificate_notices.tenant_id IS 'The tenant.';
COMMENT ON COLUMN certificate_notices.connection_id IS 'The connection.';
COMMENT ON COLUMN certificate_notices.fingerprint IS 'SHA-256 of the certificate, in hex.';
COMMENT ON COLUMN certificate_notices.days IS 'The lowest threshold that was told, in days.';
COMMENT ON COLUMN certificate_notices.noticed_at IS 'When that was.';

SELECT doorward_tenant_wall('certificate_notices');
GRANT SELECT, INSERT, UPDATE, DELETE ON certificate_notices TO doorward_app;
