-- Run once by the image of PostgreSQL, on the empty server: a role and a database for each service, which neither the
-- other's role nor anybody else may enter. The roles own their databases and nothing else; the server's own role,
-- `postgres`, is used by no service.
\set auth_password `cat /run/secrets/auth_database_password`
\set identity_password `cat /run/secrets/identity_database_password`

CREATE ROLE gatehouse_auth LOGIN PASSWORD :'auth_password';
CREATE DATABASE gatehouse_auth OWNER gatehouse_auth;
REVOKE ALL ON DATABASE gatehouse_auth FROM PUBLIC;

CREATE ROLE gatehouse_identity LOGIN PASSWORD :'identity_password';
CREATE DATABASE gatehouse_identity OWNER gatehouse_identity;
REVOKE ALL ON DATABASE gatehouse_identity FROM PUBLIC;

REVOKE ALL ON DATABASE postgres FROM PUBLIC;
REVOKE ALL ON DATABASE template1 FROM PUBLIC;
