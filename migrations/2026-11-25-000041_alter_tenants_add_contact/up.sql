ALTER TABLE tenants ADD COLUMN support_email text;
ALTER TABLE tenants ADD COLUMN logo_url text;
ALTER TABLE tenants ADD COLUMN technical_contacts text[] NOT NULL DEFAULT '{}';
ALTER TABLE tenants ALTER COLUMN technical_contacts DROP DEFAULT;
COMMENT ON COLUMN tenants.support_email IS 'Where its people find help; letters name it.';
COMMENT ON COLUMN tenants.logo_url IS 'Where its logo is; letters show it.';
COMMENT ON COLUMN tenants.technical_contacts IS 'Addresses of those who look after its connections.';
