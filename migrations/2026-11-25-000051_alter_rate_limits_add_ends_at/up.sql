-- Windows of different lengths: a day's must not be swept after an hour.
ALTER TABLE rate_limits ADD COLUMN ends_at timestamptz;
UPDATE rate_limits SET ends_at = window_start + interval '1 hour';
ALTER TABLE rate_limits ALTER COLUMN ends_at SET NOT NULL;
COMMENT ON COLUMN rate_limits.ends_at IS 'End of the window; the row means nothing from then on.';
DROP INDEX rate_limits_window;
CREATE INDEX rate_limits_end ON rate_limits (ends_at);
