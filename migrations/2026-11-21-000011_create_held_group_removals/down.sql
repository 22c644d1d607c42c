DROP TABLE held_group_removals;
