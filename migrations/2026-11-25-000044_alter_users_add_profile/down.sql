ALTER TABLE users DROP COLUMN profile_type, DROP COLUMN profile_id, DROP COLUMN profile_identifiers;
