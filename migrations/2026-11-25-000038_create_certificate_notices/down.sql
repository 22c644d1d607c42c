DROP TABLE certificate_notices;
