DROP TABLE sealing_checks;
