CREATE TABLE rate_limits (
    bucket bytea NOT NULL,
    window_start timestamptz NOT NULL,
    hits integer NOT NULL,
    PRIMARY KEY (bucket, window_start)
);

COMMENT ON TABLE rate_limits IS 'Counters against brute force; rows, so that they hold across instances.';
COMMENT ON COLUMN rate_limits.bucket IS 'SHA-256 of what is counted.';
COMMENT ON COLUMN rate_limits.window_start IS 'Start of the fixed window.';
COMMENT ON COLUMN rate_limits.hits IS 'How many so far.';

CREATE INDEX rate_limits_window ON rate_limits (window_start);
GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits TO doorward_system;
