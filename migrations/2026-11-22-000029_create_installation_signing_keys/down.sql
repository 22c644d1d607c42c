DROP TABLE installation_signing_keys;
