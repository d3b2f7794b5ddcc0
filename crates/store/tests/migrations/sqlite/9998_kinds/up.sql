-- Every kind of column, and rows that refer to each other in circles.
CREATE TABLE kinds (
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    id BLOB,
    truth INTEGER,
    at INTEGER,
    digest BLOB,
    note TEXT,
    small INTEGER,
    other_name TEXT,
    other_place INTEGER,
    PRIMARY KEY (name, place),
    FOREIGN KEY (other_name, other_place) REFERENCES kinds (name, place)
) STRICT;
INSERT INTO kinds (name, place) VALUES ('made by the migration', 1);
