DROP TABLE unmatched_groups;
