DROP INDEX rate_limits_end;
CREATE INDEX rate_limits_window ON rate_limits (window_start);
ALTER TABLE rate_limits DROP COLUMN ends_at;
