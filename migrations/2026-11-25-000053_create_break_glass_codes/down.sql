DROP TABLE break_glass_codes;
