DROP TABLE tenant_slugs;
