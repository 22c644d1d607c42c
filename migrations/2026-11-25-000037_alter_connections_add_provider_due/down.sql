ALTER TABLE connections DROP COLUMN provider_due_at;
