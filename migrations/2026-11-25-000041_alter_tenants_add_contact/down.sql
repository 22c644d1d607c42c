ALTER TABLE tenants DROP COLUMN support_email, DROP COLUMN logo_url, DROP COLUMN technical_contacts;
