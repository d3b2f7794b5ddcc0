-- Who listens to the token state of which process, written down from time to time for operators.
CREATE TABLE subscribers (
    id BLOB PRIMARY KEY,
    process BLOB NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    since INTEGER NOT NULL,
    known_until INTEGER,
    reported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
