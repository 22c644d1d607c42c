DROP TABLE local_credentials;
