DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';
ALTER TABLE deliveries DROP COLUMN give_up_at;
