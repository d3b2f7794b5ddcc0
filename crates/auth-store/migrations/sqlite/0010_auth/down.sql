DROP TABLE signing_keys;
DROP TABLE revocations;
DROP TABLE sessions;
