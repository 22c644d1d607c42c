DROP TABLE group_memberships;
