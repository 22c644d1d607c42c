DROP TABLE installation_applications;
