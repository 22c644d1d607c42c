ALTER TABLE deliveries ADD COLUMN give_up_at timestamptz;
ALTER TABLE deliveries NO FORCE ROW LEVEL SECURITY;
UPDATE deliveries SET give_up_at = created_at + interval '24 hours';
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE deliveries ALTER COLUMN give_up_at SET NOT NULL;
COMMENT ON COLUMN deliveries.give_up_at IS 'From then on a try that fails is the last one.';

DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (tenant_id, due_at) WHERE state = 'pending';
