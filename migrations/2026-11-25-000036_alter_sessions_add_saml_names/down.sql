DROP INDEX sessions_name_id;
ALTER TABLE sessions DROP COLUMN name_id_hash;
ALTER TABLE sessions DROP COLUMN session_index_hash;
