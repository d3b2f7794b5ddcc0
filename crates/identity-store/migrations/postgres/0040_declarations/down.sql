ALTER TABLE applications DROP COLUMN declares;
ALTER TABLE role_grants DROP COLUMN declared;
ALTER TABLE roles DROP COLUMN declared_by;
DROP TABLE declarations;
