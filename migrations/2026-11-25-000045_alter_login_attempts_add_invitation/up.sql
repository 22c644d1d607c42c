ALTER TABLE login_attempts ADD COLUMN invitation_hash bytea;
COMMENT ON COLUMN login_attempts.invitation_hash IS 'SHA-256 of the token of the invitation that the person wants to accept by this login.';
