ALTER TABLE connections ADD COLUMN provider_due_at timestamptz;
COMMENT ON COLUMN connections.provider_due_at IS 'When the provider is to be asked for it again; null means now.';

GRANT SELECT (provider_due_at), UPDATE (provider_due_at) ON connections TO doorward_system;
