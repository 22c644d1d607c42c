ALTER TABLE login_attempts DROP COLUMN invitation_hash;
